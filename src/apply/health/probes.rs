//! The table of probes: name, rule, and what each reads.

use std::collections::BTreeSet;
use std::path::Path;

use super::boots::Holders;
use super::{Look, Rule, boot, listening, ssh, units};
use crate::apply::systemd::{self, Unit};
use crate::host::runner::{self, CommandOutput, CommandSpec};
use crate::host::sockets::{self, Listener};
use crate::host::{mounts, network, processes, storage};
use crate::package_manager::PackageManager;

/// A built-in probe. All of them are required.
#[derive(Debug)]
pub struct Probe {
    /// Its name in plans and reports.
    pub name: &'static str,
    /// How its facts are compared.
    pub rule: Rule,
    /// What it depends on may take time to come back, so one good look is not enough.
    pub is_slow: bool,
    before: Read,
    after: Read,
}

/// Reads the facts of a probe; `None` where it cannot tell.
type Read = fn(&Seen<'_>) -> Option<BTreeSet<String>>;

/// What several probes share in one look.
struct Seen<'a> {
    manager: &'a dyn PackageManager,
    root: &'a Path,
    units: Option<Vec<Unit>>,
    listeners: Option<Vec<Listener>>,
}

/// Every probe, in the order of reports.
pub const PROBES: &[Probe] = &[
    Probe {
        name: "services that ran",
        rule: Rule::MustStay,
        is_slow: true,
        before: |seen| Some(units::wanted_running(seen.units.as_deref()?).into_iter().collect()),
        after: |seen| seen.units.as_deref().map(units::running),
    },
    slow("failed units", Rule::MustNotGrow, |seen| seen.units.as_deref().map(units::failed)),
    slow("listening sockets", Rule::MustStay, |seen| Some(listening::facts(seen.listeners.as_deref()?))),
    slow("ssh answers", Rule::MustStay, |seen| Some(ssh::answers(seen.listeners.as_deref()?))),
    quick("sshd accepts its configuration", Rule::MustStay, |_| ssh::configuration()),
    quick("own addresses", Rule::MustStay, |_| network::addresses()),
    quick("routes", Rule::MustStay, |_| network::routes()),
    quick("routing rules", Rule::MustStay, |_| rules()),
    quick("mounts", Rule::MustStay, |_| mounted()),
    quick("package database", Rule::MustNotGrow, |seen| {
        Some(seen.manager.audit().ok()?.into_iter().collect())
    }),
    quick("boot files", Rule::MustStay, |seen| Some(boot::files(seen.root))),
];

const fn slow(name: &'static str, rule: Rule, read: Read) -> Probe {
    Probe { name, rule, is_slow: true, before: read, after: read }
}

const fn quick(name: &'static str, rule: Rule, read: Read) -> Probe {
    Probe { name, rule, is_slow: false, before: read, after: read }
}

/// Returns how the facts of a probe are compared.
pub fn rule_of(name: &str) -> Rule {
    PROBES.iter().find(|probe| probe.name == name).map_or(Rule::MustStay, |probe| probe.rule)
}

/// Looks at the host before a run, and tells which units have to run after it and which of them hold sockets.
pub fn look_before(manager: &dyn PackageManager, root: &Path) -> (Look, Vec<String>, Holders) {
    let seen = Seen::now(manager, root);
    let facts = PROBES.iter().map(|probe| (probe.name.to_owned(), (probe.before)(&seen)));
    let look = Look { facts: facts.collect(), ..Look::default() };
    let units = seen.units.as_deref().map(units::wanted_running).unwrap_or_default();
    (look, units, listening::holders(seen.listeners.as_deref().unwrap_or_default()))
}

/// Looks at the host after a run.
pub fn look_after(manager: &dyn PackageManager, root: &Path) -> Look {
    let seen = Seen::now(manager, root);
    let facts = PROBES.iter().map(|probe| (probe.name.to_owned(), (probe.after)(&seen)));
    let units = seen.units.as_deref().unwrap_or_default();
    let behind = units::behind(units, processes::own_unit().as_deref());
    Look { facts: facts.collect(), owed: units::owed(units), behind }
}

impl<'a> Seen<'a> {
    fn now(manager: &'a dyn PackageManager, root: &'a Path) -> Self {
        Self { manager, root, units: systemd::units(), listeners: sockets::listeners() }
    }
}

/// The policy rules of both versions of IP, in the words of ip-rule(8): a restart of a network service can drop them
/// while addresses and routes look whole (Datadog's incident of 8 March 2023).
fn rules() -> Option<BTreeSet<String>> {
    let program = ["/usr/sbin/ip", "/sbin/ip"].into_iter().find(|path| storage::exists(Path::new(path)))?;
    let mut found = BTreeSet::new();
    for version in ["-4", "-6"] {
        let output = runner::run(&CommandSpec::new(program).args([version, "rule", "show"])).ok();
        let lines = output.filter(CommandOutput::is_success).map(|output| output.text()).unwrap_or_default();
        found.extend(lines.lines().map(|line| format!("{version} {}", line.trim_end())));
    }
    Some(found)
}

/// Kinds of file systems that services make and drop while they work.
const FLEETING: &[&str] =
    &["autofs", "overlay", "nsfs", "tmpfs", "ramfs", "squashfs", "tracefs", "fuse.portal"];

fn mounted() -> Option<BTreeSet<String>> {
    let found = mounts::list()?;
    let lasting = found.iter().filter(|mount| mount.point == Path::new("/") || !is_fleeting(&mount.kind));
    Some(
        lasting
            .map(|mount| {
                let rights = if mount.writable { "writable" } else { "readable" };
                format!("{} ({}) {rights}", mount.point.display(), mount.kind)
            })
            .collect(),
    )
}

fn is_fleeting(kind: &str) -> bool {
    FLEETING.contains(&kind) || kind.starts_with("fuse.")
}
