//! Which units a run restarts by itself, and which it leaves to a person, with the reason.

use crate::model::pattern::matches;

/// What becomes of a unit on old code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Treatment {
    /// Restarted with all others.
    Restart,
    /// Restarted after all others and only when its own checks pass: the way in.
    Last,
    /// Left as it is.
    Leave(String),
}

/// Units by pattern, and why each is left alone. Beside systemd itself these are the ones that needrestart 3.6 leaves
/// alone by default (its `override_rc`), as facts about what a restart of them does. `systemd-networkd` is added: its
/// restart dropped routes and rules of a whole fleet (Datadog's incident of 8 March 2023).
const LEFT_ALONE: &[(&str, &str)] = &[
    ("dbus.*", "every service that talks on the bus loses its connection"),
    ("dbus-*", "every service that talks on the bus loses its connection"),
    ("systemd-logind.*", "a restart can end sessions and graphical logins"),
    ("elogind*", "a restart can end sessions and graphical logins"),
    ("display-manager.*", "a restart ends graphical sessions"),
    ("gdm*", "a restart ends graphical sessions"),
    ("kdm*", "a restart ends graphical sessions"),
    ("lightdm*", "a restart ends graphical sessions"),
    ("lxdm*", "a restart ends graphical sessions"),
    ("nodm*", "a restart ends graphical sessions"),
    ("sddm*", "a restart ends graphical sessions"),
    ("slim*", "a restart ends graphical sessions"),
    ("wdm*", "a restart ends graphical sessions"),
    ("xdm*", "a restart ends graphical sessions"),
    ("getty@*", "a restart logs people out"),
    ("serial-getty@*", "a restart logs people out"),
    ("user@*", "a restart ends everything that a user runs"),
    ("systemd-networkd.*", "a restart can take routes and rules away"),
    ("network*", "a restart can cut the host off"),
    ("NetworkManager*", "a restart can cut the host off"),
    ("ModemManager*", "a restart can cut the host off"),
    ("wpa_supplicant*", "a restart can cut the host off"),
    ("bird*", "a restart takes routes away"),
    ("frr*", "a restart takes routes away"),
    ("quagga*", "a restart takes routes away"),
    ("openvpn*", "a restart cuts tunnels"),
    ("tinc*", "a restart cuts tunnels"),
    ("*swan*", "a restart cuts tunnels"),
    ("bluetooth*", "a restart cuts connections"),
    ("docker*", "a restart can stop every container"),
    ("containerd*", "a restart can stop every container"),
    ("libvirt*", "a restart can cut guests off"),
    ("virtlogd*", "a restart can cut guests off"),
    ("virtlockd*", "a restart can cut guests off"),
    ("xendomains*", "a restart stops guests"),
    ("lxcfs*", "a restart breaks running containers"),
    ("zfs-fuse*", "a restart takes file systems away"),
    ("mythtv-backend*", "a restart ends recordings"),
    ("emergency.service", "it is a state of the host, no service"),
    ("rescue.service", "it is a state of the host, no service"),
    ("rc-local.service", "it is run once at boot"),
    ("apt-daily*", "it is package work itself"),
    ("unattended-upgrades.service", "it is package work itself"),
    ("packagekit.service", "it is package work itself"),
    ("cron-*", "it is work that ends"),
    ("patchctl*", "it is this run"),
];

/// The names of the secure shell daemon's service.
const WAY_IN: &[&str] = &["ssh.service", "sshd.service"];

/// Decides about a unit; `denied` are the administrator's own patterns (`apply.restart_deny`).
pub fn treatment(unit: &str, denied: &[String]) -> Treatment {
    if let Some(pattern) = denied.iter().find(|pattern| names(pattern, unit)) {
        return Treatment::Leave(format!("apply.restart_deny names {pattern}"));
    }
    if let Some((_, reason)) = LEFT_ALONE.iter().find(|(pattern, _)| names(pattern, unit)) {
        return Treatment::Leave((*reason).to_owned());
    }
    if WAY_IN.contains(&unit) || unit.starts_with("ssh@") { Treatment::Last } else { Treatment::Restart }
}

/// Tells whether a pattern names a unit: `*` stands for any text, and `.service` may be left out.
pub fn names(pattern: &str, unit: &str) -> bool {
    matches(pattern, unit) || unit.strip_suffix(".service").is_some_and(|name| matches(pattern, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cuts_people_off_is_left_alone_and_the_way_in_is_last() {
        let left = |unit: &str| matches!(treatment(unit, &[]), Treatment::Leave(_));
        let alone = ["dbus.service", "dbus-broker.service", "systemd-logind.service", "gdm3.service"];
        assert!(alone.iter().all(|unit| left(unit)));
        assert!(["getty@tty1.service", "user@0.service", "systemd-networkd.service"].iter().all(|u| left(u)));
        assert!(!left("nginx.service"));
        assert_eq!(treatment("ssh.service", &[]), Treatment::Last);
        assert_eq!(treatment("nginx.service", &[]), Treatment::Restart);
    }

    #[test]
    fn the_administrators_patterns_come_first() {
        let denied = ["postgresql@*".to_owned(), "ssh".to_owned()];
        assert!(matches!(treatment("postgresql@15-main.service", &denied), Treatment::Leave(_)));
        assert!(matches!(treatment("ssh.service", &denied), Treatment::Leave(_)));
        assert_eq!(treatment("postgresql.service", &denied), Treatment::Restart);
    }
}
