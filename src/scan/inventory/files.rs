//! The files of installed packages, whichever database records them.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use super::dpkg_files::{self, DpkgFilesError};
use super::{apk_files, pacman_files, rpm_files};
use crate::host::{facts, storage};
use crate::model::apk_checksum::ApkChecksum;
use crate::model::digest::Md5;
use crate::model::distro::PackageFamily;
use crate::model::package::{PackageKey, PackageName};

/// A configuration file that is not as its package brought it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditedConfiguration {
    /// The file.
    pub path: PathBuf,
    /// The package that brought it.
    pub package: PackageName,
    /// What an update does with it.
    pub fate: Fate,
}

/// What an update does with a configuration file that was edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It stays, and a changed version of the vendor is laid beside it.
    Stays,
    /// It was deleted and stays so.
    StaysDeleted,
    /// The vendor's takes its place, and it is moved aside.
    MovedAside,
    /// It was deleted and is put there again.
    ComesBack,
}

fn family(root: &Path) -> Option<PackageFamily> {
    facts::distribution(root).ok()?.family()
}

/// Lists the files of each package as far as they are recorded.
pub fn of_packages(root: &Path, packages: Vec<PackageKey>) -> Vec<(PackageName, PathBuf)> {
    match family(root) {
        Some(PackageFamily::Rpm) => {
            let files = rpm_files::of_packages(root, &packages);
            return files.into_iter().map(|file| (file.package.name, file.path)).collect();
        }
        Some(PackageFamily::Pacman) => return pacman_files::of_packages(root, &packages),
        Some(PackageFamily::Apk) => {
            let files = apk_files::of_packages(root, &packages);
            return files.into_iter().map(|file| (file.package, file.path)).collect();
        }
        _ => {}
    }
    let of_package = |key: PackageKey| {
        let files = dpkg_files::installed_files(root, &key, false)
            .or_else(|_| dpkg_files::installed_files(root, &key, true))
            .unwrap_or_default();
        files.into_iter().map(move |path| (key.name.clone(), path))
    };
    packages.into_iter().flat_map(of_package).collect()
}

/// What a database records of the files of some packages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Each file with its package.
    pub files: Vec<(PackageName, PathBuf)>,
    /// The configuration files that were edited or deleted, sorted by their path.
    pub edited: Vec<EditedConfiguration>,
}

/// Returns what is recorded of the files of some packages, and asks rpm once for both.
///
/// # Errors
/// dpkg's records cannot be read.
pub fn recorded(root: &Path, packages: Vec<PackageKey>) -> Result<Recorded, DpkgFilesError> {
    if family(root) != Some(PackageFamily::Rpm) {
        return Ok(Recorded { edited: edited(root, &packages)?, files: of_packages(root, packages) });
    }
    let found = rpm_files::of_packages(root, &packages);
    let files = found.iter().map(|file| (file.package.name.clone(), file.path.clone())).collect();
    let mut edited = edited_of_rpm(root, found);
    edited.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(Recorded { files, edited })
}

/// Finds the packages that own some paths; what no package owns is absent from the answer.
///
/// # Errors
/// dpkg's lists cannot be read.
pub fn owners(
    root: &Path,
    wanted: &BTreeSet<PathBuf>,
) -> Result<HashMap<PathBuf, PackageName>, DpkgFilesError> {
    match family(root) {
        Some(PackageFamily::Rpm) => Ok(rpm_files::owners(root, wanted)),
        Some(PackageFamily::Pacman) => Ok(pacman_files::owners(root, wanted)),
        Some(PackageFamily::Apk) => Ok(apk_files::owners(root, wanted)),
        _ => dpkg_files::owners(root, wanted),
    }
}

/// Finds the configuration files of some packages that were edited or deleted.
///
/// # Errors
/// dpkg's records cannot be read.
pub fn edited(root: &Path, packages: &[PackageKey]) -> Result<Vec<EditedConfiguration>, DpkgFilesError> {
    let mut found = match family(root) {
        Some(PackageFamily::Rpm) => edited_of_rpm(root, rpm_files::of_packages(root, packages)),
        Some(PackageFamily::Pacman) => edited_of_pacman(root, packages),
        Some(PackageFamily::Apk) => edited_of_apk(root, packages),
        _ => edited_of_dpkg(root, packages)?,
    };
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn live(root: &Path, path: &Path) -> Option<Vec<u8>> {
    storage::read(&root.join(path.strip_prefix("/").unwrap_or(path))).ok()
}

fn edited_of_rpm(root: &Path, files: Vec<rpm_files::RpmFile>) -> Vec<EditedConfiguration> {
    let edited = |file: rpm_files::RpmFile| {
        let fate = match live(root, &file.path) {
            Some(bytes) if file.holds(&bytes) == Some(true) => return None,
            Some(_) if file.stays_when_edited() => Fate::Stays,
            Some(_) => Fate::MovedAside,
            None => Fate::ComesBack,
        };
        Some(EditedConfiguration { path: file.path, package: file.package.name, fate })
    };
    files.into_iter().filter(rpm_files::RpmFile::is_configuration).filter_map(edited).collect()
}

/// pacman leaves an edited file and lays the vendor's beside it; one that was deleted comes back (pacman(8), "Handling
/// Config Files").
fn edited_of_pacman(root: &Path, packages: &[PackageKey]) -> Vec<EditedConfiguration> {
    let recorded = pacman_files::configuration(root, packages);
    let edited = |file: pacman_files::Configuration| {
        let fate = match (live(root, &file.path), file.md5) {
            (Some(bytes), Some(recorded)) if recorded == Md5::of(&bytes) => return None,
            (Some(_), _) => Fate::Stays,
            (None, _) => Fate::ComesBack,
        };
        Some(EditedConfiguration { path: file.path, package: file.package, fate })
    };
    recorded.into_iter().filter_map(edited).collect()
}

/// apk leaves an edited file and lays the vendor's beside it; one that was deleted comes back (seen with 3.0.8; apk-tools,
/// `src/database.c`, `apk_db_migrate_files`).
fn edited_of_apk(root: &Path, packages: &[PackageKey]) -> Vec<EditedConfiguration> {
    let recorded = apk_files::of_packages(root, packages);
    let edited = |file: apk_files::ApkFile| {
        let fate = match (live(root, &file.path), file.checksum) {
            (Some(bytes), Some(recorded)) if recorded == ApkChecksum::of(&bytes) => return None,
            (Some(_), _) => Fate::Stays,
            (None, _) => Fate::ComesBack,
        };
        Some(EditedConfiguration { path: file.path, package: file.package, fate })
    };
    recorded.into_iter().filter(apk_files::ApkFile::is_protected).filter_map(edited).collect()
}

fn edited_of_dpkg(root: &Path, packages: &[PackageKey]) -> Result<Vec<EditedConfiguration>, DpkgFilesError> {
    let recorded = dpkg_files::conffiles(root)?;
    let mut found = Vec::new();
    for key in packages {
        let files = recorded.get(key).into_iter().flatten().filter(|conffile| !conffile.obsolete);
        for conffile in files {
            let fate = match (&conffile.md5, live(root, &conffile.path)) {
                (Some(recorded), Some(live)) if *recorded == Md5::of(&live) => continue,
                (_, None) => Fate::StaysDeleted,
                _ => Fate::Stays,
            };
            let (path, package) = (conffile.path.clone(), key.name.clone());
            found.push(EditedConfiguration { path, package, fate });
        }
    }
    Ok(found)
}
