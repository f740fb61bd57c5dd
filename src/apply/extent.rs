//! How much of a run is taken back: all of it, or some packages with their own configuration files alone.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::RunError;
use super::configuration::manifest::Manifest;
use super::stored_archives::new_archive;
use crate::config::layout::RunFolder;
use crate::model::plan::Action;
use crate::package_manager::archives::ArchiveFormat;

/// How much of a run is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Everything that is still as the run left it.
    Whole,
    /// Packages that were named: what nobody can attribute to them stays.
    Named,
}

/// The configuration files that some packages brought, in their old or in their new version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnConfiguration {
    paths: BTreeSet<PathBuf>,
}

impl OwnConfiguration {
    /// Reads them from the archives that a run stored.
    ///
    /// # Errors
    /// An archive cannot be read.
    pub fn read(
        format: &dyn ArchiveFormat,
        folder: &RunFolder,
        (actions, old): (&[Action], &[PathBuf]),
    ) -> Result<Self, RunError> {
        let new = actions.iter().filter_map(|action| new_archive(format, folder, action));
        let mut paths = BTreeSet::new();
        for path in old.iter().cloned().chain(new) {
            paths.extend(format.configuration_files(&path)?);
        }
        Ok(Self { paths })
    }

    /// Returns what a run left, as if it had changed nothing but these files: the way back then leaves the rest alone.
    pub fn limit(&self, before: &Manifest, after: &Manifest) -> Manifest {
        let ours = after.entries().filter(|entry| self.covers(&entry.path));
        let theirs = before.entries().filter(|entry| !self.covers(&entry.path));
        ours.chain(theirs).cloned().collect()
    }

    /// A file itself, and what the package manager lays beside it.
    fn covers(&self, path: &Path) -> bool {
        self.paths.contains(path) || self.paths.contains(&bare(path))
    }
}

/// What package managers lay beside a configuration file: dpkg `.dpkg-dist`, `.dpkg-old` and the like (dpkg(1)), rpm
/// `.rpmnew`, `.rpmsave` and `.rpmorig` (rpm(8)), pacman `.pacnew`, `.pacsave` and `.pacorig` (pacman(8)), apk `.apk-new`
/// (apk-protected_paths(5)).
const BESIDE: [&str; 4] = [".dpkg-", ".rpm", ".pac", ".apk-"];

/// Returns the configuration file that something was laid beside; any other path comes back as it is.
pub fn bare(path: &Path) -> PathBuf {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let stem = BESIDE.iter().find_map(|mark| name.rsplit_once(mark).map(|(stem, _)| stem));
    stem.map_or_else(|| path.to_owned(), |stem| path.with_file_name(stem))
}

#[cfg(test)]
mod tests {
    use super::super::configuration::manifest::{Entry, Kind};
    use super::*;
    use crate::model::digest::Sha256;

    fn manifest(files: &[(&str, &str)]) -> Manifest {
        let entry = |(path, text): &(&str, &str)| Entry {
            path: path.into(),
            kind: Kind::File { size: text.len() as u64, sha256: Sha256::of(text.as_bytes()) },
            mode: 0o644,
            uid: 0,
            gid: 0,
            attributes: std::collections::BTreeMap::new(),
        };
        files.iter().map(entry).collect()
    }

    #[test]
    fn what_is_not_their_own_counts_as_untouched() {
        let own = OwnConfiguration { paths: [PathBuf::from("/etc/a.conf")].into() };
        let before = manifest(&[("/etc/a.conf", "1"), ("/etc/b.conf", "1")]);
        let after = manifest(&[
            ("/etc/a.conf", "2"),
            ("/etc/a.conf.dpkg-dist", "2"),
            ("/etc/b.conf", "2"),
            ("/etc/made", "2"),
        ]);
        let limited = manifest(&[("/etc/a.conf", "2"), ("/etc/a.conf.dpkg-dist", "2"), ("/etc/b.conf", "1")]);
        assert_eq!(own.limit(&before, &after), limited);
    }
}
