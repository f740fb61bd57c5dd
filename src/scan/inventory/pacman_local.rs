//! pacman's local database: a folder a package, with a file `desc` of sections (pacman, `lib/libalpm/be_local.c`): a
//! heading such as `%NAME%`, its values a line each, and an empty line.

use std::collections::HashSet;
use std::path::Path;

use super::record_error::{RecordError, RecordProblem};
use super::record_values::RecordValues;
use super::{InventoryError, reading};
use crate::host::storage;
use crate::model::distro::PackageFamily;
use crate::model::package::{InstalledPackage, PackageName, PackageState, SourcePackage};
use crate::model::version::Version;

/// The database, below a root.
pub(super) const LOCAL: &str = "var/lib/pacman/local";

/// The settings of pacman, below a root.
const SETTINGS: &str = "etc/pacman.conf";

/// The only file beside the folders of packages: the version of the database's format.
const FORMAT: &str = "ALPM_DB_VERSION";

/// Tells whether a root has a pacman database.
pub(super) fn is_present(root: &Path) -> bool {
    storage::list(&root.join(LOCAL)).is_ok_and(|paths| !paths.is_empty())
}

/// Reads the packages of a root; none where it has no database.
///
/// # Errors
/// A folder lacks its file, or the file cannot be read or understood: pacman calls such a database damaged.
pub(super) fn read(root: &Path) -> Result<Vec<InstalledPackage>, InventoryError> {
    let folder = root.join(LOCAL);
    let settings = root.join(SETTINGS);
    let settings = storage::read_if_present(&settings).map_err(reading(&settings))?.unwrap_or_default();
    let settings = String::from_utf8_lossy(&settings);
    let ignored: HashSet<&str> = settings.lines().filter_map(ignored).flatten().collect();
    let mut packages = Vec::new();
    for path in storage::list(&folder).map_err(reading(&folder))? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name == FORMAT {
            continue;
        }
        let file = path.join("desc");
        let bytes = storage::read(&file).map_err(reading(&file))?;
        let shown = file.strip_prefix(root).unwrap_or(&file).to_string_lossy();
        let mut package = parse(&bytes, &name, &shown)
            .map_err(|source| InventoryError::Parse { root: root.to_owned(), source })?;
        package.hold = ignored.contains(package.name.as_str());
        packages.push(package);
    }
    Ok(packages)
}

/// Returns the names of an `IgnorePkg` line (pacman.conf(5)); patterns in it are not followed.
fn ignored(line: &str) -> Option<impl Iterator<Item = &str>> {
    let (key, value) = line.split_once('=')?;
    (key.trim() == "IgnorePkg").then(|| value.split_whitespace())
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
    fn damaged_folder_and_held_packages_are_told() {
        let path = format!("{LOCAL}/libfoo-1:2.0-3/desc");
        let settings = (SETTINGS, "[options]\n#IgnorePkg = x\nIgnorePkg   = linux libfoo\n");
        let root = Root::new("pacman", &[(&path, DESC), (&format!("{LOCAL}/{FORMAT}"), "9\n"), settings]);
        assert!(read(&root.0).expect("sound")[0].hold);
        let damaged = format!("{LOCAL}/bar-1-1/files");
        let root = Root::new("pacman-damaged", &[(&path, DESC), (&damaged, "")]);
        let error = read(&root.0).expect_err("there is no desc");
        assert!(matches!(error, InventoryError::Read { path, .. } if path.ends_with("bar-1-1/desc")));
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
