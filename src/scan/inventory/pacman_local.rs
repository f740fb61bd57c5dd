//! pacman's local database: a folder a package, with a file `desc` of sections (pacman, `lib/libalpm/be_local.c`).
//!
//! pacman removes a package's folder and writes that of the next version file by file, the list `files` last (seen with
//! 6.0.2): a folder that lacks one of them is of a package over which pacman was cut off.

use std::path::{Path, PathBuf};

use super::pacman_entry::{folder_name, split, values};
use super::record_error::{RecordError, RecordProblem};
use super::record_values::RecordValues;
use super::{InventoryError, reading};
use crate::host::storage::{self, StorageError};
use crate::model::distro::PackageFamily;
use crate::model::package::{InstalledPackage, PackageName, PackageState, SourcePackage};
use crate::model::version::Version;
use crate::scan::pacman_settings::PacmanSettings;
use crate::threads;

/// The database, below a root.
pub(super) const LOCAL: &str = "var/lib/pacman/local";

/// The only file beside the folders of packages: the version of the database's format.
const FORMAT: &str = "ALPM_DB_VERSION";

/// Tells whether a root has a pacman database.
pub(super) fn is_present(root: &Path) -> bool {
    storage::list(&root.join(LOCAL)).is_ok_and(|paths| !paths.is_empty())
}

/// Reads the packages of a root; none where it has no database.
///
/// # Errors
/// A file cannot be read or understood: pacman calls such a database damaged.
pub(super) fn read(root: &Path) -> Result<Vec<InstalledPackage>, InventoryError> {
    let folder = root.join(LOCAL);
    let settings = PacmanSettings::read(root);
    let listed = storage::list(&folder).map_err(reading(&folder))?;
    let entries = entries(&listed);
    // Databases that were made for scanners have no lists at all.
    let has_lists = entries.iter().any(|entry| entry.has_list);
    let mut packages = Vec::with_capacity(entries.len());
    for entry in entries {
        let file = entry.path.join("desc");
        let bytes = entry.description.map_err(reading(&file))?.unwrap_or_default();
        if bytes.last() != Some(&b'\n') || (has_lists && !entry.has_list) {
            packages.extend(unfinished(&entry.name));
            continue;
        }
        let shown = file.strip_prefix(root).unwrap_or(&file).to_string_lossy();
        let mut package = parse(&bytes, &entry.name, &shown)
            .map_err(|source| InventoryError::Parse { root: root.to_owned(), source })?;
        let groups: Vec<&str> = values(&bytes, "GROUPS").collect();
        package.hold = settings.ignores(package.name.as_str(), &groups);
        packages.push(package);
    }
    drop_remains(&mut packages);
    Ok(packages)
}

/// A folder of the database.
struct Entry {
    path: PathBuf,
    name: String,
    has_list: bool,
    description: Result<Option<Vec<u8>>, StorageError>,
}

impl Entry {
    fn of(path: &Path) -> Option<Self> {
        let name = folder_name(path);
        let is_package = name != FORMAT;
        is_package.then(|| Self {
            has_list: storage::exists(&path.join("files")),
            description: storage::read_if_present(&path.join("desc")),
            path: path.to_owned(),
            name,
        })
    }
}

/// Reads all folders. It is the system that takes its time for thousands of files: another core opens half of them.
fn entries(folders: &[PathBuf]) -> Vec<Entry> {
    let read = |folders: &[PathBuf]| folders.iter().filter_map(|path| Entry::of(path)).collect::<Vec<_>>();
    let (one, other) = folders.split_at(folders.len() / 2);
    let (theirs, mut entries) = threads::both(|| read(other), || read(one));
    entries.extend(theirs.unwrap_or_else(|| read(other)));
    entries
}

/// The package over which pacman was cut off, as far as the folder's name tells of it.
fn unfinished(folder: &str) -> Option<InstalledPackage> {
    let (name, version) = split(folder)?;
    let name = PackageFamily::Pacman.is_package_name(name).then(|| PackageName::from(name))?;
    let version = Version::alpm(version).ok()?;
    Some(InstalledPackage {
        architecture: "any".into(),
        source: SourcePackage { name: name.clone(), version: version.clone() },
        name,
        version,
        state: PackageState::HalfInstalled,
        reinstall_required: true,
        hold: false,
        essential: false,
        multi_arch_same: false,
        installed_size_kib: 0,
        provenance: None,
    })
}

/// What is left of the folder of another version says nothing about a package that is whole.
fn drop_remains(packages: &mut Vec<InstalledPackage>) {
    let whole: std::collections::HashSet<PackageName> =
        packages.iter().filter(|p| !p.reinstall_required).map(|p| p.name.clone()).collect();
    packages.retain(|package| !package.reinstall_required || !whole.contains(&package.name));
}

/// The sections that are used; their places here are the numbers below.
const SECTIONS: [&str; 6] = ["NAME", "VERSION", "BASE", "ARCH", "ISIZE", "SIZE"];
const NAME: usize = 0;
const VERSION: usize = 1;
const BASE: usize = 2;
const ARCHITECTURE: usize = 3;
const INSTALLED_SIZE: usize = 4;
const SIZE: usize = 5;

/// Reads one `desc`; `folder` is the name of the folder it lies in, which pacman makes of name and version.
///
/// # Errors
/// The first thing that pacman would not have written.
pub fn parse(bytes: &[u8], folder: &str, file: &str) -> Result<InstalledPackage, RecordError> {
    let description = description(bytes, file)?;
    let stated_name = description.required(NAME)?;
    let name = description.name(NAME)?.unwrap_or(stated_name);
    let stated = description.required(VERSION)?;
    let version = Version::alpm(stated).map_err(|error| description.invalid(VERSION, error.reason))?;
    if folder != format!("{name}-{stated}") {
        return Err(description.invalid(VERSION, "name and version are not those of the folder"));
    }
    // Packages built before pacman 4.2 have no base.
    let base = description.name(BASE)?.unwrap_or(name);
    let architecture = description.text(ARCHITECTURE)?.unwrap_or("any");
    let size = description.number(INSTALLED_SIZE).or_else(|| description.number(SIZE)).unwrap_or_default();
    Ok(InstalledPackage {
        name: PackageName::from(name),
        architecture: description.architecture(ARCHITECTURE, architecture)?,
        source: SourcePackage { name: PackageName::from(base), version: version.clone() },
        version,
        state: PackageState::Installed,
        reinstall_required: false,
        hold: false,
        essential: false,
        multi_arch_same: false,
        installed_size_kib: size.div_ceil(1024),
        provenance: None,
    })
}

/// Reads the first value of each section that is used.
fn description<'a>(bytes: &'a [u8], file: &'a str) -> Result<RecordValues<'a, 6>, RecordError> {
    let mut values = RecordValues::new(file, PackageFamily::Pacman, &SECTIONS);
    // The section whose first value comes next.
    let mut waiting: Option<usize> = None;
    for (at, line) in bytes.split(|b| *b == b'\n').enumerate() {
        if let Some(section) = waiting.take() {
            if line.is_empty() {
                return Err(values.error(at + 1, RecordProblem::Missing(SECTIONS[section])));
            }
            values.put(section, at + 1, line)?;
        } else if let [b'%', name @ .., b'%'] = line {
            waiting = SECTIONS.iter().position(|section| section.as_bytes() == name);
        }
    }
    match waiting {
        Some(_) => Err(values.error(1, RecordProblem::Truncated)),
        None => Ok(values),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::inventory::tests::Root;

    const DESC: &str = "%NAME%\nlibfoo\n\n%VERSION%\n1:2.0-3\n\n%BASE%\nfoo\n\n%DESC%\nx\n\n%ARCH%\nx86_64\n\n%SIZE%\n1025\n\n";

    #[test]
    fn package_is_read_with_its_base() {
        let package = parse(DESC.as_bytes(), "libfoo-1:2.0-3", "desc").expect("sound");
        assert_eq!((package.name.as_str(), package.version.as_str()), ("libfoo", "1:2.0-3"));
        assert_eq!((package.source.name.as_str(), package.architecture.as_str()), ("foo", "x86_64"));
        assert_eq!(package.installed_size_kib, 2);
    }

    #[test]
    fn damaged_files_are_refused_with_their_line() {
        for (broken, line) in [
            ("", 1),
            ("%NME%\nlibfoo\n\n%VERSION%\n1:2.0-3\n\n", 1),
            ("%NAME%\nlibfoo\n\n%VERSION%\n", 5),
            ("%NAME%\nlibfoo\n\n%VERSION%", 1),
            ("%NAME%\nlibfoo\n\n%VERSION%\n1:2.0\n\n", 5),
            ("%NAME%\n-x\n\n%VERSION%\n1:2.0-3\n\n", 2),
            ("%NAME%\nlibfoo\n\n%NAME%\nlibfoo\n\n", 5),
        ] {
            let error = parse(broken.as_bytes(), "libfoo-1:2.0-3", "desc").expect_err(broken);
            assert_eq!(error.line, line, "{broken:?}: {error}");
        }
    }

    #[test]
    fn held_packages_are_told() {
        let path = format!("{LOCAL}/libfoo-1:2.0-3/desc");
        let settings = ("etc/pacman.conf", "[options]\n#IgnorePkg = x\nIgnorePkg   = linux libfoo\n");
        let root = Root::new("pacman", &[(&path, DESC), (&format!("{LOCAL}/{FORMAT}"), "9\n"), settings]);
        assert!(read(&root.0).expect("sound")[0].hold);
    }

    #[test]
    fn a_package_over_which_pacman_was_cut_off_is_unfinished_and_not_damage() {
        let path = |folder: &str, file: &str| format!("{LOCAL}/{folder}/{file}");
        let (desc, list) = (path("libfoo-1:2.0-3", "desc"), path("libfoo-1:2.0-3", "files"));
        let cut = [path("bar-1-1", "mtree"), path("cut-2-1", "desc"), path("listless-3-1", "desc")];
        let remains = path("libfoo-1:1.0-1", "mtree");
        let files = [
            (&*desc, DESC),
            (&list, ""),
            (&cut[0], "x"),
            (&cut[1], "%NAME%\ncu"),
            (&cut[2], "%NAME%\nlistless\n\n%VERSION%\n3-1\n\n"),
            (&remains, "x"),
        ];
        let root = Root::new("pacman-cut-off", &files);
        let packages = read(&root.0).expect("sound");
        let told = |p: &InstalledPackage| format!("{} {} {}", p.name, p.version, p.reinstall_required);
        let mut told: Vec<String> = packages.iter().map(told).collect();
        told.sort();
        assert_eq!(told, ["bar 1-1 true", "cut 2-1 true", "libfoo 1:2.0-3 false", "listless 3-1 true"]);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300), at in 0usize..100, byte: u8) {
            let _ = parse(&bytes, "a-1-1", "desc");
            let mut flipped = DESC.as_bytes().to_vec();
            if let Some(place) = flipped.get_mut(at) {
                *place = byte;
            }
            let _ = parse(&flipped, "libfoo-1:2.0-3", "desc");
            let _ = parse(&DESC.as_bytes()[..at.min(DESC.len())], "libfoo-1:2.0-3", "desc");
        }
    }
}
