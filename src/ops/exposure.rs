//! How reachable the code of each source package is here: listening beyond this host, running, or on disk only.
//!
//! Read from `/proc`, so only for the running system. Which package a running file belongs to is asked of dpkg's lists
//! once, and remembered in the cache until the packages change. A user who is not root sees only processes of their own:
//! what others run counts as installed then, and the number of processes that could not be seen is told.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use crate::config::layout::Layout;
use crate::host::processes::{self, Process, Processes};
use crate::host::{sockets, storage};
use crate::model::package::{Inventory, PackageName};
use crate::model::severity::Exposure;
use crate::scan::inventory::files as recorded;

/// How reachable source packages are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exposures {
    by_source: HashMap<String, Exposure>,
    /// Processes of other users that could not be looked at.
    pub unreadable: usize,
}

impl Exposures {
    /// Returns the exposure of a source package; what nothing runs is installed.
    pub fn of(&self, source: &str) -> Exposure {
        self.by_source.get(source).copied().unwrap_or(Exposure::Installed)
    }
}

/// The processes that can be reached from beyond this host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reachable(BTreeSet<u32>);

/// Looks at what listens on the running system. It is the kernel that takes its time here: asked beside other work, it
/// costs little.
pub fn reachable(layout: &Layout) -> Reachable {
    if !layout.is_live() {
        return Reachable::default();
    }
    let listeners = sockets::listeners().unwrap_or_default();
    let reachable = listeners.iter().filter(|listener| listener.is_reachable());
    let holders = sockets::holders(&reachable.map(|listener| listener.inode).collect());
    Reachable(holders.into_values().flatten().collect())
}

/// Looks at the running system; another root runs nothing, so that everything in it is installed.
pub fn exposure(inventory: &Inventory, layout: &Layout, reachable: &Reachable) -> Exposures {
    if !layout.is_live() {
        return Exposures::default();
    }
    of_processes(&processes::list(), inventory, (layout, reachable))
}

/// What runs on a host, and how reachable its packages are by it.
#[derive(Debug, Default)]
pub struct Running {
    /// The processes.
    pub processes: Processes,
    /// What follows.
    pub exposures: Exposures,
}

/// The same of processes by their numbers alone: what patchctl itself started meanwhile is no use of a package.
pub fn running(inventory: &Inventory, layout: &Layout, numbers: Vec<u32>) -> Running {
    if !layout.is_live() {
        return Running::default();
    }
    let processes = processes::of(numbers);
    let exposures = of_processes(&processes, inventory, (layout, &reachable(layout)));
    Running { processes, exposures }
}

fn of_processes(
    processes: &Processes,
    inventory: &Inventory,
    (layout, reachable): (&Layout, &Reachable),
) -> Exposures {
    let files = files(processes.here(), &reachable.0);
    let owners = owners(inventory, layout, files.keys().collect());
    let mut by_source = HashMap::new();
    let mut add = |package: &PackageName, exposure: Exposure| {
        if let Some(installed) = inventory.named(package.as_str()).next() {
            let known = by_source.entry(installed.source.name.to_string()).or_insert(exposure);
            *known = exposure.max(*known);
        }
    };
    for (path, exposure) in files {
        if let Some(package) = owners.get(&path) {
            add(package, exposure);
        }
    }
    if let Some(release) = &inventory.kernels.running {
        add(&PackageName::from(format!("linux-image-{release}").as_str()), Exposure::Running);
    }
    Exposures { by_source, unreadable: processes.unreadable }
}

/// Every file that runs, with the most exposed use of it.
fn files<'a>(
    processes: impl Iterator<Item = &'a Process>,
    listening: &BTreeSet<u32>,
) -> BTreeMap<PathBuf, Exposure> {
    let mut files: BTreeMap<PathBuf, Exposure> = BTreeMap::new();
    for process in processes {
        let exposure = if listening.contains(&process.pid) { Exposure::Listening } else { Exposure::Running };
        for path in process.mapped.iter().map(|file| &file.path).chain(&process.script) {
            match files.get_mut(path) {
                Some(known) => *known = exposure.max(*known),
                None => drop(files.insert(path.clone(), exposure)),
            }
        }
    }
    files
}

/// Finds the packages of files in the cache, and asks dpkg's lists for the rest.
fn owners(
    inventory: &Inventory,
    layout: &Layout,
    wanted: BTreeSet<&PathBuf>,
) -> HashMap<PathBuf, PackageName> {
    let file = layout.owners();
    let head = inventory.digest.to_string();
    let mut known = read(&file, &head);
    let missing: BTreeSet<PathBuf> =
        wanted.iter().filter(|path| !known.contains_key(**path)).map(|path| (*path).clone()).collect();
    if !missing.is_empty() {
        // A list that cannot be read leaves packages as installed; scan itself tells what is wrong with the database.
        let found = recorded::owners(layout.root(), &missing).unwrap_or_default();
        known.extend(missing.into_iter().map(|path| {
            let package = found.get(&path).cloned();
            (path, package)
        }));
        // Without a cache the next scan asks again.
        let _ = storage::create_folder(layout.cache(), 0o755)
            .and_then(|()| storage::replace(&file, write(&head, &known).as_bytes(), storage::PUBLIC));
    }
    known.into_iter().filter_map(|(path, package)| Some((path, package?))).collect()
}

/// Reads `DIGEST`, then one `PACKAGE PATH` a line, the package empty where no package owns the file. Anything else counts
/// as not there.
fn read(file: &Path, head: &str) -> HashMap<PathBuf, Option<PackageName>> {
    let bytes = storage::read(file).unwrap_or_default();
    let text = String::from_utf8(bytes).unwrap_or_default();
    let mut lines = text.lines();
    if lines.next() != Some(head) {
        return HashMap::new();
    }
    let entry = |line: &str| {
        let (package, path) = line.split_once(' ')?;
        let package = (!package.is_empty()).then(|| PackageName::from(package));
        Some((PathBuf::from(path), package))
    };
    lines.filter_map(entry).collect()
}

fn write(head: &str, known: &HashMap<PathBuf, Option<PackageName>>) -> String {
    let mut lines: Vec<String> = known
        .iter()
        .filter_map(|(path, package)| {
            let path = path.to_str().filter(|path| !path.contains('\n'))?;
            Some(format!("{} {path}\n", package.as_ref().map_or("", PackageName::as_str)))
        })
        .collect();
    lines.sort();
    format!("{head}\n{}", lines.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_are_remembered_for_the_same_packages_only() {
        let known = HashMap::from([
            (PathBuf::from("/usr/sbin/sshd"), Some(PackageName::from("openssh-server"))),
            (PathBuf::from("/opt/own tool"), None),
        ]);
        let folder = PathBuf::from(format!("/tmp/patchctl-owners-{}", std::process::id()));
        storage::replace(&folder, write("a1", &known).as_bytes(), storage::PUBLIC).expect("written");
        assert_eq!(read(&folder, "a1"), known);
        assert!(read(&folder, "b2").is_empty());
        storage::remove_file(&folder).expect("removed");
    }

    #[test]
    fn the_most_exposed_use_of_a_file_counts() {
        use crate::host::processes::{MappedFile, Owner, Place};
        let process = |pid: u32, path: &str| Process {
            pid,
            command: String::new(),
            started: 0,
            owner: Owner::Nobody,
            place: Place::Here,
            mapped: vec![MappedFile { path: path.into(), replaced: false }],
            script: None,
        };
        let processes = [process(1, "/lib/a"), process(2, "/lib/a"), process(3, "/lib/b")];
        let files = files(processes.iter(), &BTreeSet::from([2]));
        assert_eq!(files[Path::new("/lib/a")], Exposure::Listening);
        assert_eq!(files[Path::new("/lib/b")], Exposure::Running);
    }
}
