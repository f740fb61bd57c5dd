//! What of a baseline another boot has to show again: less than the same boot, and never a guess.
//!
//! A boot makes services, addresses and mounts anew from what is configured. What was there by hand or for a while is gone
//! with any reboot, so only what the boot brings about by itself is held against the run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::Look;
use super::baseline::Baseline;
use crate::host::storage;

/// The facts of one probe.
type Facts = BTreeSet<String>;

/// Options of a line in fstab that a boot does not mount, or goes on without (mount(8), systemd.mount(5)).
const NOT_REQUIRED: &[&str] = &["noauto", "nofail", "x-systemd.automount"];

/// Tells why the facts of a probe cannot be held against another boot; `None` for those that can.
pub(super) fn why_not(probe: &str) -> Option<&'static str> {
    (probe == "routing rules").then_some(
        "not compared across a reboot: nothing tells a rule that was added by hand from one that the boot adds",
    )
}

/// Keeps of a baseline what another boot has to show again.
///
/// - Services: those that something wants at every boot, which is what the probe reads anyway.
/// - Sockets: those of such services. One that systemd holds itself is a unit among the services.
/// - Addresses and default routes: by kind. Another lease brings another address.
/// - Mounts: the root, and what `/etc/fstab` asks for without allowing for its absence.
pub(super) fn kept(baseline: &Baseline, root: &Path) -> Look {
    let fstab = storage::read_if_present(&root.join("etc/fstab")).ok().flatten().unwrap_or_default();
    let points = mounted_at_boot(&String::from_utf8_lossy(&fstab));
    let keep = |(name, facts): (&String, &Option<Facts>)| {
        let facts = facts.as_ref().filter(|_| why_not(name).is_none()).map(|facts| match name.as_str() {
            "listening sockets" => of_services(facts, baseline),
            "mounts" => facts.iter().filter(|fact| is_at(fact, &points)).cloned().collect(),
            _ => in_kind(name, facts),
        });
        (name.clone(), facts)
    };
    Look { facts: baseline.look.facts.iter().map(keep).collect(), ..Look::default() }
}

/// Shows a look as it is held against what [`kept`] returns.
pub(super) fn shown(look: &Look) -> Look {
    let facts = look.facts.iter();
    let facts = facts.map(|(name, facts)| (name.clone(), facts.as_ref().map(|facts| in_kind(name, facts))));
    Look { facts: facts.collect(), ..look.clone() }
}

/// Takes units out of a baseline that the boot has not come to, with the sockets that they held. At every look these are the
/// units that wait for this very recovery; when time is up, all that wait.
pub(super) fn without(baseline: &Baseline, waiting: &BTreeSet<String>) -> Baseline {
    let mut baseline = baseline.clone();
    let sockets = std::mem::take(&mut baseline.sockets);
    let waits = |fact: &String| {
        let units: Option<&BTreeSet<String>> = sockets.get(fact);
        units.is_some_and(|units| units.iter().all(|unit| waiting.contains(unit)))
    };
    for (name, facts) in &mut baseline.look.facts {
        let Some(facts) = facts else { continue };
        match name.as_str() {
            "services that ran" => facts.retain(|unit| !waiting.contains(unit)),
            "listening sockets" => facts.retain(|fact| !waits(fact)),
            _ => {}
        }
    }
    Baseline { sockets, ..baseline }
}

/// Names the units of a baseline that are taken out of it so.
pub(super) fn not_watched(baseline: &Baseline, waiting: &BTreeSet<String>) -> BTreeSet<String> {
    let expected = baseline.look.facts.get("services that ran").and_then(Option::as_ref);
    expected.map(|units| units & waiting).unwrap_or_default()
}

fn of_services(facts: &Facts, baseline: &Baseline) -> Facts {
    let is_lasting = |fact: &&String| {
        let units = baseline.sockets.get(*fact);
        units.is_some_and(|units| units.iter().any(|unit| baseline.units.contains(unit)))
    };
    facts.iter().filter(is_lasting).cloned().collect()
}

/// Addresses and routes of networks become the kinds of them that the host has.
fn in_kind(probe: &str, facts: &Facts) -> Facts {
    let kinds = |kind: fn(&str) -> Option<&'static str>| {
        facts.iter().filter_map(|fact| kind(fact)).map(str::to_owned).collect()
    };
    match probe {
        "own addresses" => kinds(kind_of_address),
        "routes" => kinds(kind_of_route),
        _ => facts.clone(),
    }
}

/// Loopback and link-local addresses are there on any host (RFC 6890).
fn kind_of_address(fact: &str) -> Option<&'static str> {
    if fact.contains(':') {
        let is_local = fact.starts_with("::1 ") || fact.starts_with("fe80:");
        (!is_local).then_some("an IPv6 address of its own")
    } else {
        let is_local = fact.starts_with("127.") || fact.starts_with("169.254.");
        (!is_local).then_some("an IPv4 address of its own")
    }
}

fn kind_of_route(fact: &str) -> Option<&'static str> {
    if fact.starts_with("0.0.0.0/0 ") {
        Some("a default route of IPv4")
    } else {
        fact.starts_with("::/0 ").then_some("a default route of IPv6")
    }
}

/// The mount points of fstab that a boot fails without: the second field, with blanks as `\040` (fstab(5)).
fn mounted_at_boot(fstab: &str) -> BTreeSet<String> {
    let lines = fstab.lines().filter(|line| !line.trim_start().starts_with('#'));
    let point = |line: &str| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let options = fields.get(3).copied().unwrap_or_default();
        let is_required = !options.split(',').any(|option| NOT_REQUIRED.contains(&option));
        is_required.then(|| fields.get(1).map(|point| point.replace("\\040", " "))).flatten()
    };
    lines.filter_map(point).chain(["/".to_owned()]).collect()
}

fn is_at(fact: &str, points: &BTreeSet<String>) -> bool {
    points.iter().any(|point| fact.strip_prefix(point.as_str()).is_some_and(|rest| rest.starts_with(" (")))
}

/// Which units hold the sockets of a fact.
pub(super) type Holders = BTreeMap<String, BTreeSet<String>>;

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a scratch folder of the tests")]
mod tests {
    use super::*;

    fn set(facts: &[&str]) -> Facts {
        facts.iter().map(|fact| (*fact).to_owned()).collect()
    }

    fn baseline() -> Baseline {
        let facts = [
            ("listening sockets", set(&["tcp 22", "tcp 9000"])),
            ("own addresses", set(&["127.0.0.1", "10.0.0.7", "fe80::1 on eth0"])),
            ("routes", set(&["0.0.0.0/0 through 10.0.0.1 on eth0"])),
            ("routing rules", set(&["-4 100: from 10.0.0.7 lookup 5"])),
            ("mounts", set(&["/ (ext4) writable", "/data (ext4) writable", "/mnt/stick (vfat) writable"])),
            ("services that ran", set(&["ssh.service", "late.service"])),
        ];
        let facts = facts.map(|(name, facts)| (name.to_owned(), Some(facts))).into();
        let sockets = [("tcp 22", "ssh.service"), ("tcp 9000", "by-hand.service")];
        let sockets = sockets.map(|(fact, unit)| (fact.to_owned(), set(&[unit]))).into();
        let units = vec!["ssh.service".to_owned(), "late.service".to_owned()];
        Baseline { look: Look { facts, ..Look::default() }, sockets, units, ..Baseline::default() }
    }

    #[test]
    fn what_was_there_by_hand_is_not_expected_of_another_boot() {
        let folder = std::env::temp_dir().join(format!("patchctl-boots-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("etc")).expect("writable");
        let fstab = "UUID=1 / ext4 defaults 0 1\n/dev/sdb1 /data ext4 defaults 0 2\n# a note\n\
                     /dev/sdc1 /mnt/stick vfat nofail 0 0\n";
        std::fs::write(folder.join("etc/fstab"), fstab).expect("writable");
        let kept = kept(&baseline(), &folder);
        std::fs::remove_dir_all(&folder).expect("removable");
        let of = |name: &str| kept.facts[name].clone();
        assert_eq!(of("listening sockets"), Some(set(&["tcp 22"])));
        assert_eq!(of("own addresses"), Some(set(&["an IPv4 address of its own"])));
        assert_eq!(of("routes"), Some(set(&["a default route of IPv4"])));
        assert_eq!(of("routing rules"), None, "it cannot be told");
        assert_eq!(of("mounts"), Some(set(&["/ (ext4) writable", "/data (ext4) writable"])));
    }

    #[test]
    fn another_lease_is_the_same_kind_of_address() {
        let look = Look {
            facts: [(
                "own addresses".to_owned(),
                Some(set(&["127.0.0.1", "10.0.0.9", "2001:db8::1 on eth0"])),
            )]
            .into(),
            ..Look::default()
        };
        let kinds = set(&["an IPv4 address of its own", "an IPv6 address of its own"]);
        assert_eq!(shown(&look).facts["own addresses"], Some(kinds));
    }

    #[test]
    fn what_the_boot_has_not_come_to_is_not_blamed() {
        let without = without(&baseline(), &set(&["late.service", "by-hand.service"]));
        assert_eq!(without.look.facts["services that ran"], Some(set(&["ssh.service"])));
        assert_eq!(without.look.facts["listening sockets"], Some(set(&["tcp 22"])));
    }
}
