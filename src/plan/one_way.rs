//! Packages of which a way back restores the files and not what they did: said in the plan, before anybody agrees to it.

use crate::model::pattern::matches;
use crate::model::plan::{Action, ActionKind};

/// Packages of one kind, and what a way back of them does not undo (safety design, section 5.6, points 1 and 3).
struct Class {
    patterns: &'static [&'static str],
    /// In a few words, for the change itself.
    not_undone: &'static str,
    /// In a sentence, for the plan.
    told: &'static str,
}

const CLASSES: &[Class] = &[
    Class {
        patterns: &[
            "postgresql-1*",
            "postgresql-server",
            "postgresql1*-server",
            "mysql-server*",
            "mysql-community-server",
            "mariadb",
            "mariadb-server*",
            "mongodb-*server*",
            "mongodb-org-server",
            "slapd",
            "openldap-servers",
            "openldap2",
            "389-ds-base",
        ],
        not_undone: "what a newer version does to its data",
        told: "a newer version may change its data when it starts, and a way back does not undo that: back the data up first",
    },
    Class {
        patterns: &["grub*", "shim*", "systemd-boot*", "refind", "fwupd*", "secureboot-db"],
        not_undone: "what Secure Boot has revoked",
        told: "it takes part in booting: where Secure Boot has revoked the older version, going back leaves a host that does not boot",
    },
    Class {
        patterns: &[
            "*-microcode",
            "microcode_ctl",
            "ucode-*",
            "linux-firmware*",
            "kernel-firmware*",
            "firmware-*",
        ],
        not_undone: "what the hardware has loaded, until the next boot",
        told: "what it loads into the hardware stays there until the next boot, also after a way back",
    },
];

/// Returns one sentence for each class that a plan touches, with its packages. What is only added can go again.
pub fn warnings(actions: &[Action]) -> Vec<String> {
    let names: Vec<&str> =
        actions.iter().filter(|action| changes(action.kind)).map(|action| action.package.as_str()).collect();
    let of_class = |class: &Class| {
        let mut hit: Vec<&str> =
            names.iter().copied().filter(|name| is_among(class.patterns, name)).collect();
        hit.sort_unstable();
        hit.dedup();
        (!hit.is_empty()).then(|| format!("{}: {}", hit.join(", "), class.told))
    };
    CLASSES.iter().filter_map(of_class).collect()
}

/// Returns what a way back of one change does not undo; `None` where nothing of the kind is known.
pub fn not_undone(kind: ActionKind, name: &str) -> Option<&'static str> {
    let class = CLASSES.iter().find(|class| is_among(class.patterns, name));
    class.filter(|_| changes(kind)).map(|class| class.not_undone)
}

fn changes(kind: ActionKind) -> bool {
    matches!(kind, ActionKind::Upgrade | ActionKind::Downgrade)
}

fn is_among(patterns: &[&str], name: &str) -> bool {
    patterns.iter().any(|pattern| matches(pattern, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_with_data_and_boot_loaders_are_told_and_their_clients_are_not() {
        let class = |name: &str| CLASSES.iter().position(|class| is_among(class.patterns, name));
        for (name, expected) in [
            ("postgresql-15", Some(0)),
            ("mariadb-server-core", Some(0)),
            ("slapd", Some(0)),
            ("grub-efi-amd64-signed", Some(1)),
            ("intel-microcode", Some(2)),
            ("postgresql-client-15", None),
            ("libpq5", None),
            ("openssl", None),
        ] {
            assert_eq!(class(name), expected, "{name}");
            assert_eq!(not_undone(ActionKind::Upgrade, name).is_some(), expected.is_some(), "{name}");
            assert_eq!(not_undone(ActionKind::Install, name), None, "what is only added can go again");
        }
    }
}
