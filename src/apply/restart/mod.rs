//! Processes and services on replaced code: foreseen before a run, found after it, restarted once.

pub mod pass;
pub mod policy;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use super::kernels;
use crate::host::processes::{self, MappedFile, Owner, Process};
use crate::model::package::PackageName;
use crate::model::plan::RestartForeseen;

/// A unit, or a command that no unit manages, with the code that it uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeUser {
    /// Who manages it.
    pub owner: Owner,
    /// The short name of its first process.
    pub command: String,
    /// Its processes.
    pub processes: Vec<u32>,
    /// The packages of that code.
    pub packages: BTreeSet<PackageName>,
    /// Code that no known package owns: the library of a version that is gone, or what nobody packaged.
    pub unowned: BTreeSet<PathBuf>,
    /// When its oldest process began, in clock ticks since boot.
    pub began: u64,
}

impl CodeUser {
    /// Returns the name that people see: the unit, or the command with the session that it runs in.
    pub fn name(&self) -> String {
        match &self.owner {
            Owner::Unit(unit) | Owner::UserUnit(unit) => unit.clone(),
            Owner::Session(scope) => format!("{} ({scope})", self.command),
            Owner::Nobody => self.command.clone(),
        }
    }
}

/// Maps files to packages, with links in the path resolved as the kernel shows them.
pub type Owners = HashMap<PathBuf, PackageName>;

/// Foresees which services and processes use files of the packages that a plan changes.
pub fn foresee<'a>(processes: impl Iterator<Item = &'a Process>, owners: &Owners) -> Vec<RestartForeseen> {
    let uses = |process: &Process| {
        let files = process.mapped.iter().map(|file| &file.path).chain(&process.script);
        files.filter(|path| owners.contains_key(*path)).cloned().collect()
    };
    let restart = |user: CodeUser| RestartForeseen {
        name: user.name(),
        processes: user.processes,
        because_of: user.packages.into_iter().collect(),
    };
    users(processes, owners, uses).into_iter().map(restart).collect()
}

/// Finds which services and processes still run code that was replaced.
pub fn on_old_code<'a>(processes: impl Iterator<Item = &'a Process>, owners: &Owners) -> Vec<CodeUser> {
    users(processes, owners, |process| {
        let script = process.script.iter().filter(|script| was_replaced(script, process, owners));
        replaced(process).map(|file| &file.path).chain(script).cloned().collect()
    })
}

/// Returns the mapped files of a process that were replaced or removed, as far as packages bring such files.
pub fn replaced(process: &Process) -> impl Iterator<Item = &MappedFile> {
    process.mapped.iter().filter(|file| file.replaced && is_code(&file.path))
}

/// An interpreter has no mapping of what it runs: a script that changed after it began is old in its memory. Only the
/// files of packages are looked at, so that no stranger's path is. Both times are cut to ticks, and one tick is allowed
/// for that.
fn was_replaced(script: &Path, process: &Process, owners: &Owners) -> bool {
    owners.contains_key(script)
        && processes::changed_since_boot(script).is_some_and(|changed| changed > process.started + 1)
}

/// Folders where packages place programs, libraries and scripts (Filesystem Hierarchy Standard 3.0, chapters 3 and 4).
const CODE: &[&str] = &["/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/opt"];

/// Folders below them without any code of a package.
const NO_CODE: &[&str] =
    &["/usr/local", "/usr/share/doc", "/usr/share/man", "/usr/share/locale", "/usr/share/zoneinfo"];

/// Tells whether packages place code there.
pub fn is_code(path: &Path) -> bool {
    let lies_in = |folders: &[&str]| folders.iter().any(|folder| path.starts_with(folder));
    lies_in(CODE) && !lies_in(NO_CODE)
}

/// Gathers the processes that use any of the files, by who manages them.
fn users<'a>(
    processes: impl Iterator<Item = &'a Process>,
    owners: &Owners,
    files: impl Fn(&Process) -> Vec<PathBuf>,
) -> Vec<CodeUser> {
    let mut found: BTreeMap<(Owner, String), CodeUser> = BTreeMap::new();
    for process in processes {
        let files = files(process);
        if files.is_empty() {
            continue;
        }
        let command = if process.owner.unit().is_some() { String::new() } else { process.command.clone() };
        let user = found.entry((process.owner.clone(), command)).or_insert_with(|| CodeUser {
            owner: process.owner.clone(),
            command: process.command.clone(),
            processes: Vec::new(),
            packages: BTreeSet::new(),
            unowned: BTreeSet::new(),
            began: process.started,
        });
        user.processes.push(process.pid);
        user.began = user.began.min(process.started);
        for file in files {
            match owners.get(&file) {
                Some(package) => drop(user.packages.insert(package.clone())),
                None => drop(user.unowned.insert(file)),
            }
        }
    }
    found.into_values().collect()
}

/// Packages whose new version takes effect only with the next boot: kernels and their microcode, the C library and
/// the init system, which every process has loaded (Debian's update-notifier and dnf's needs-restarting name the same).
const NEEDS_REBOOT: &[&str] = &[
    "libc6",
    "systemd",
    "dbus",
    "intel-microcode",
    "amd64-microcode",
    "intel-ucode",
    "amd-ucode",
    "glibc",
    "dbus-broker",
    "dbus-daemon",
    "linux-firmware",
    "microcode_ctl",
    "kernel",
    "kernel-core",
    "kernel-rt-core",
    "kernel-uek-core",
];

/// Tells whether a package takes full effect with the next boot alone.
pub fn needs_reboot(package: &PackageName) -> bool {
    kernels::is_kernel(package.as_str()) || NEEDS_REBOOT.contains(&package.as_str())
}

/// Tells why changing these packages asks for a reboot, when it does.
pub fn reboot_reason<'a>(changed: impl Iterator<Item = &'a PackageName>) -> Option<String> {
    let reasons: Vec<&str> = changed.filter(|name| needs_reboot(name)).map(PackageName::as_str).collect();
    let take = if reasons.len() == 1 { "takes" } else { "take" };
    (!reasons.is_empty()).then(|| format!("{} {take} full effect with the next boot", reasons.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::processes::Place;

    fn process(pid: u32, owner: Owner, files: &[(&str, bool)]) -> Process {
        Process {
            pid,
            command: "nginx".into(),
            started: u64::from(pid),
            owner,
            place: Place::Here,
            mapped: files
                .iter()
                .map(|(path, replaced)| MappedFile { path: path.into(), replaced: *replaced })
                .collect(),
            script: None,
        }
    }

    fn owners() -> Owners {
        HashMap::from([(PathBuf::from("/usr/lib/libssl.so.3"), PackageName::from("libssl3"))])
    }

    #[test]
    fn processes_of_a_service_are_named_once() {
        let unit = || Owner::Unit("nginx.service".into());
        let processes = [
            process(10, unit(), &[("/usr/lib/libssl.so.3", true)]),
            process(11, unit(), &[("/usr/lib/libssl.so.3", false)]),
            process(12, Owner::Nobody, &[("/usr/lib/other.so", false)]),
        ];
        let foreseen = foresee(processes.iter(), &owners());
        assert_eq!(foreseen.len(), 1);
        assert_eq!(
            (foreseen[0].name.as_str(), foreseen[0].processes.as_slice()),
            ("nginx.service", [10, 11].as_slice())
        );
        assert_eq!(on_old_code(processes.iter(), &owners())[0].processes, [10]);
    }

    #[test]
    fn replaced_code_without_a_package_is_told_and_data_is_not() {
        let processes = [
            process(10, Owner::Nobody, &[("/usr/lib/libxml2.so.2.9.14", true)]),
            process(11, Owner::Nobody, &[("/home/me/tool", true), ("/usr/local/bin/own", true)]),
        ];
        let found = on_old_code(processes.iter(), &owners());
        assert_eq!(found.len(), 1);
        assert!(found[0].packages.is_empty() && found[0].unowned.len() == 1);
    }

    #[test]
    fn a_kernel_asks_for_a_reboot_and_an_editor_does_not() {
        let names = [PackageName::from("vim"), PackageName::from("linux-image-6.1.0-47-amd64")];
        assert!(reboot_reason(names.iter()).is_some_and(|reason| reason.contains("linux-image")));
        assert_eq!(reboot_reason(names[..1].iter()), None);
    }
}
