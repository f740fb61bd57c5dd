//! Debian's archives as the rest of the program asks for them.

use std::collections::BTreeSet;
use std::error::Error;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::super::archives::{ArchiveFault, ArchiveFormat, Proof, WorkLog};
use super::super::unpacked::{self, Unpacked};
use super::archive::{Archive, ArchiveError};
use super::rebuild::{self, RebuildError};
use super::rules::DpkgRules;
use super::tarball::Entry;
use super::verify::verify_installed;
use super::{complaints, decided, identity};
use crate::host::{facts, storage};
use crate::model::decision::ConffilePolicy;
use crate::model::package::PackageKey;
use crate::model::version::Version;

/// What dpkg calls a file while it puts it in place (dpkg(1) leaves them behind when it is killed).
const TRANSIENT: &[&str] = &[".dpkg-new", ".dpkg-tmp"];

/// The archives of one root.
#[derive(Clone, Debug)]
pub struct DebArchives {
    root: PathBuf,
}

impl DebArchives {
    /// The archives of a root.
    pub fn of(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }
}

fn open(path: &Path) -> Result<Archive, ArchiveFault> {
    Archive::open(path).map_err(ArchiveFault::at("read the archive", path))
}

/// Why no archive can be rebuilt. What this user may not read is found out by root, before the first change.
fn refusal(error: &RebuildError) -> Option<String> {
    (facts::is_root() || !error.is_permission_denied()).then(|| error.to_string())
}

impl ArchiveFormat for DebArchives {
    fn file_name(&self, package: &PackageKey, version: &Version) -> String {
        super::file_name(package, version)
    }

    fn kept(&self, name: &str) -> Vec<PathBuf> {
        vec![self.root.join("var/cache/apt/archives").join(name)]
    }

    fn is_of_installed(&self, archive: &Path) -> bool {
        let opened = Archive::open(archive).ok();
        opened.and_then(|archive| identity::archive_matches_installed(&archive, &self.root).ok())
            == Some(None)
    }

    /// Without recorded digests nobody can tell whether the installed files are those of the package.
    fn moves_configuration_aside(&self) -> bool {
        false
    }

    fn may_rebuild(&self, package: &PackageKey) -> bool {
        let folder = self.root.join("var/lib/dpkg/info");
        [format!("{}.md5sums", package.name), format!("{package}.md5sums")]
            .iter()
            .any(|name| storage::exists(&folder.join(name)))
    }

    fn rebuilds_edited(&self) -> bool {
        true
    }

    fn rebuild_obstacles(&self, packages: &[PackageKey]) -> Vec<Option<String>> {
        let rules = DpkgRules::read(&self.root);
        let obstacle = |key: &PackageKey| match &rules {
            Ok(rules) => rebuild::check(&self.root, key, rules).err().and_then(|error| refusal(&error)),
            Err(error) => Some(error.to_string()),
        };
        packages.iter().map(obstacle).collect()
    }

    fn rebuild(&self, package: &PackageKey, version: &Version, folder: &Path) -> Result<PathBuf, String> {
        let rules = DpkgRules::read(&self.root).map_err(|error| error.to_string())?;
        let rebuilt = rebuild::rebuild(&self.root, package, &rules, folder);
        let rebuilt = rebuilt.map_err(|error| error.to_string())?;
        if rebuilt.version == *version {
            Ok(rebuilt.path)
        } else {
            Err(format!("{} is installed now", rebuilt.version))
        }
    }

    /// Debian signs the index, not the archive.
    fn check_signatures(&self, _archives: &[PathBuf]) -> Result<(), ArchiveFault> {
        Ok(())
    }

    fn configuration_files(&self, archive: &Path) -> Result<Vec<PathBuf>, ArchiveFault> {
        Ok(open(archive)?.conffiles())
    }

    fn decide_again(
        &self,
        before: &[PathBuf],
        now: &[PathBuf],
        policy: ConffilePolicy,
    ) -> Result<(), ArchiveFault> {
        decided::lay_again(&self.root, (before, now), policy)
    }

    fn compare(&self, archives: &[PathBuf]) -> Result<Proof, ArchiveFault> {
        let rules = DpkgRules::read(&self.root)
            .map_err(ArchiveFault::at("read dpkg's rules about the files of", &self.root))?;
        let mut proof = Proof::default();
        for path in archives {
            let verification = verify_installed(&self.root, &open(path)?, &rules)
                .map_err(ArchiveFault::at("verify the files of", path))?;
            proof.compared += verification.compared as u64;
            let damaged =
                verification.mismatches.into_iter().filter(|mismatch| mismatch.fault.is_about_content());
            proof.damaged.extend(damaged.map(|mismatch| mismatch.path));
            proof.edited.extend(verification.edited_conffiles.into_iter().map(|mismatch| mismatch.path));
        }
        Ok(proof)
    }

    fn litter(&self, archives: &[PathBuf]) -> Result<Vec<PathBuf>, ArchiveFault> {
        let mut found = Vec::new();
        for path in archives {
            let mut look = |entry: &Entry, _: &mut dyn Read| {
                let place = self.root.join(entry.path.strip_prefix("/").unwrap_or(&entry.path));
                for suffix in TRANSIENT {
                    let mut name = place.clone().into_os_string();
                    name.push(suffix);
                    found.extend(Some(PathBuf::from(name)).filter(|path| storage::exists(path)));
                }
                Ok::<(), ArchiveError>(())
            };
            let walked = open(path)?.for_each_entry(&mut look);
            walked.map_err(ArchiveFault::at("read the archive", path))?;
        }
        Ok(found)
    }

    fn not_renamed(&self, said: &str) -> Vec<(PathBuf, PathBuf)> {
        complaints::not_renamed(said)
    }

    fn not_removed(&self, work: &WorkLog<'_>) -> Result<BTreeSet<PathBuf>, ArchiveFault> {
        let rules = DpkgRules::read(&self.root)
            .map_err(ArchiveFault::at("read dpkg's rules about the files of", &self.root))?;
        Ok(complaints::not_removed(work.said, &rules))
    }

    fn lying(&self, archives: &[PathBuf]) -> Result<BTreeSet<PathBuf>, ArchiveFault> {
        let mut found = BTreeSet::new();
        for path in archives {
            let archive = open(path)?;
            let (conffiles, mut contents) = (archive.conffiles(), Vec::new());
            let mut look = |entry: &Entry, content: &mut dyn Read| {
                let next = Unpacked::read(&contents, entry, content)?;
                contents.push(next);
                Ok::<(), Box<dyn Error + Send + Sync>>(())
            };
            let unreadable =
                |source| ArchiveFault { operation: "read the archive", path: path.clone(), source };
            archive.for_each_entry(&mut look).map_err(unreadable)?;
            let files = contents.into_iter().filter(|content| !conffiles.contains(&content.path));
            found.extend(unpacked::lying(&self.root, files).map_err(ArchiveFault::at("compare", path))?);
        }
        Ok(found)
    }
}
