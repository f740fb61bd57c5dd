//! Packages of which a way back restores the files and not what they did: said in the plan, before anybody agrees to it.

use crate::model::pattern::matches;
use crate::model::plan::{Action, ActionKind};

/// Packages by pattern, and what a way back of them does not undo (safety design, section 5.6, points 1 and 3).
const CLASSES: &[(&[&str], &str)] = &[
    (
        &[
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
        "a newer version may change its data when it starts, and a way back does not undo that: back the data up first",
    ),
    (
        &["grub*", "shim*", "systemd-boot*", "refind", "fwupd*", "secureboot-db"],
        "it takes part in booting: where Secure Boot has revoked the older version, going back leaves a host that does not boot",
    ),
    (
        &["*-microcode", "microcode_ctl", "ucode-*", "linux-firmware*", "kernel-firmware*", "firmware-*"],
        "what it loads into the hardware stays there until the next boot, also after a way back",
    ),
];

/// Returns one sentence for each class that a plan touches, with its packages. What is only added can go again.
pub fn warnings(actions: &[Action]) -> Vec<String> {
    let changed = |action: &&Action| matches!(action.kind, ActionKind::Upgrade | ActionKind::Downgrade);
    let names: Vec<&str> = actions.iter().filter(changed).map(|action| action.package.as_str()).collect();
    let of_class = |(patterns, reason): &(&[&str], &str)| {
        let mut hit: Vec<&str> = names.iter().copied().filter(|name| is_among(patterns, name)).collect();
        hit.sort_unstable();
        hit.dedup();
        (!hit.is_empty()).then(|| format!("{}: {reason}", hit.join(", ")))
    };
    CLASSES.iter().filter_map(of_class).collect()
}

fn is_among(patterns: &[&str], name: &str) -> bool {
    patterns.iter().any(|pattern| matches(pattern, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_with_data_and_boot_loaders_are_told_and_their_clients_are_not() {
        let class = |name: &str| CLASSES.iter().position(|(patterns, _)| is_among(patterns, name));
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
        }
    }
}
