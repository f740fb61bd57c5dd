//! Processes and services on replaced files: foreseen before a run, found after it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

use crate::host::processes::{MappedFile, Process};
use crate::model::package::PackageName;
use crate::model::plan::RestartForeseen;

/// Foresees which services and processes use files of the packages that a plan changes.
///
/// `owners` maps each file to its package, with links in the path resolved.
pub fn foresee(processes: &[Process], owners: &HashMap<PathBuf, PackageName>) -> Vec<RestartForeseen> {
    users(processes, owners, |_| true)
}

/// Finds which services and processes still run code that was replaced.
pub fn on_old_code(processes: &[Process], owners: &HashMap<PathBuf, PackageName>) -> Vec<RestartForeseen> {
    users(processes, owners, |file| file.replaced)
}

fn users(
    processes: &[Process],
    owners: &HashMap<PathBuf, PackageName>,
    counts: impl Fn(&MappedFile) -> bool,
) -> Vec<RestartForeseen> {
    let mut by_name: BTreeMap<&str, (Vec<u32>, BTreeSet<&PackageName>)> = BTreeMap::new();
    for process in processes {
        let packages: BTreeSet<&PackageName> = process
            .mapped
            .iter()
            .filter(|file| counts(file))
            .filter_map(|file| owners.get(&file.path))
            .collect();
        if !packages.is_empty() {
            let entry = by_name.entry(process.service.as_deref().unwrap_or(&process.command)).or_default();
            entry.0.push(process.pid);
            entry.1.extend(packages);
        }
    }
    let restart =
        |(name, (processes, packages)): (&str, (Vec<u32>, BTreeSet<&PackageName>))| RestartForeseen {
            name: name.to_owned(),
            processes,
            because_of: packages.into_iter().cloned().collect(),
        };
    by_name.into_iter().map(restart).collect()
}

/// Packages whose new version takes effect only with the next boot: kernels and their microcode, the C library and
/// the init system, which every process has loaded (Debian's update-notifier and needs-restarting name the same).
const NEEDS_REBOOT: &[&str] = &["libc6", "systemd", "dbus", "intel-microcode", "amd64-microcode"];

/// Tells why changing these packages asks for a reboot, when it does.
pub fn reboot_reason<'a>(changed: impl Iterator<Item = &'a PackageName>) -> Option<String> {
    let is_kernel = |name: &str| name.starts_with("linux-image-");
    let reasons: Vec<&str> = changed
        .map(PackageName::as_str)
        .filter(|name| is_kernel(name) || NEEDS_REBOOT.contains(name))
        .collect();
    let take = if reasons.len() == 1 { "takes" } else { "take" };
    (!reasons.is_empty()).then(|| format!("{} {take} full effect with the next boot", reasons.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(pid: u32, service: Option<&str>, files: &[(&str, bool)]) -> Process {
        Process {
            pid,
            command: "nginx".into(),
            service: service.map(str::to_owned),
            mapped: files
                .iter()
                .map(|(path, replaced)| MappedFile { path: path.into(), replaced: *replaced })
                .collect(),
        }
    }

    #[test]
    fn processes_of_a_service_are_named_once() {
        let owners = HashMap::from([(PathBuf::from("/usr/lib/libssl.so.3"), PackageName::from("libssl3"))]);
        let processes = [
            process(10, Some("nginx.service"), &[("/usr/lib/libssl.so.3", true)]),
            process(11, Some("nginx.service"), &[("/usr/lib/libssl.so.3", false)]),
            process(12, None, &[("/usr/lib/other.so", true)]),
        ];
        let foreseen = foresee(&processes, &owners);
        assert_eq!(foreseen.len(), 1);
        assert_eq!(
            (foreseen[0].name.as_str(), foreseen[0].processes.as_slice()),
            ("nginx.service", [10, 11].as_slice())
        );
        assert_eq!(on_old_code(&processes, &owners)[0].processes, [10]);
    }

    #[test]
    fn a_kernel_asks_for_a_reboot_and_an_editor_does_not() {
        let names = [PackageName::from("vim"), PackageName::from("linux-image-6.1.0-47-amd64")];
        assert!(reboot_reason(names.iter()).is_some_and(|reason| reason.contains("linux-image")));
        assert_eq!(reboot_reason(names[..1].iter()), None);
    }
}
