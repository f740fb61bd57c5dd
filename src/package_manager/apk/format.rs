//! apk's archives as the rest of the program asks for them.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::super::archives::{ArchiveFault, ArchiveFormat, Proof, WorkLog};
use super::super::deb::place::Places;
use super::super::deb::tarball::EntryKind;
use super::super::unpacked::{self, Unpacked};
use super::archive::Archive;
use super::commands::program;
use super::installed::{self, Record};
use crate::host::runner::{self, CommandSpec, RunError};
use crate::host::storage::{self, StorageError};
use crate::model::package::{PackageKey, PackageName};
use crate::model::plan::ArchiveDigest;
use crate::model::version::Version;

/// What archives end in.
const END: &str = ".apk";
/// Where apk keeps archives, below a root: the first where the administrator made it (apk-cache(5)).
const CACHES: [&str; 2] = ["etc/apk/cache", "var/cache/apk"];
/// What apk protects, and what of it not (apk-protected_paths(5)).
const PROTECTED: &str = "/etc";
const UNPROTECTED: [&str; 2] = ["/etc/apk", "/etc/init.d"];
/// How apk names a file while it unpacks it: this and 48 hexadecimal digits (recorded with 2.14.10 and 3.0.6).
const DRAFT: &str = ".apk.";
const DRAFT_DIGITS: usize = 48;
/// Checking the largest archive takes seconds.
const PATIENCE: Duration = Duration::from_secs(120);

/// Why an archive is not to be trusted.
#[derive(Debug, thiserror::Error)]
enum SignatureError {
    /// apk cannot be asked.
    #[error("the signature cannot be checked")]
    Ask(#[source] RunError),
    /// There is none, or it is by no key of the host.
    #[error("apk does not trust its signature: {words}")]
    Refused { words: String },
}

/// The archives of one root.
#[derive(Clone, Debug)]
pub(super) struct ApkArchives {
    root: PathBuf,
    downloads: PathBuf,
}

impl ApkArchives {
    pub(super) fn new(root: &Path, downloads: PathBuf) -> Self {
        Self { root: root.to_owned(), downloads }
    }

    fn read(archive: &Path) -> Result<Archive, ArchiveFault> {
        Archive::read(archive).map_err(ArchiveFault::at("read the archive", archive))
    }

    fn recorded(&self) -> Result<BTreeMap<PackageName, Record>, StorageError> {
        Ok(installed::read(&self.root)?.into_iter().map(|record| (record.name.clone(), record)).collect())
    }
}

/// Tells whether what is installed came from this very archive, and all of it arrived.
fn is_recorded(archive: &Archive, records: &BTreeMap<PackageName, Record>) -> bool {
    let record = records.get(&PackageName::from(archive.name.as_str()));
    record.is_some_and(|record| record.checksum == Some(archive.checksum) && !record.broken.contains('f'))
}

fn is_protected(path: &Path) -> bool {
    path.starts_with(PROTECTED) && !UNPROTECTED.iter().any(|folder| path.starts_with(folder))
}

/// Finds the drafts of an unpacking in the folders of some archives.
///
/// # Errors
/// A folder cannot be listed.
pub(super) fn drafts(root: &Path, archives: &[PathBuf]) -> Result<Vec<PathBuf>, StorageError> {
    let read = archives.iter().filter_map(|path| Archive::read(path).ok());
    let mut places = Places::new(root);
    let mut folders: BTreeSet<PathBuf> = BTreeSet::new();
    for content in read.flat_map(|archive| archive.contents) {
        let place = places.find(&content.path)?;
        folders.extend(place.parent().map(Path::to_owned));
    }
    let there = folders.iter().filter(|folder| storage::exists(folder));
    let mut found = Vec::new();
    for folder in there {
        found.extend(storage::list(folder)?.into_iter().filter(|path| is_draft(path)));
    }
    Ok(found)
}

fn is_draft(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let digits = name.strip_prefix(DRAFT).unwrap_or_default();
    digits.len() == DRAFT_DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// One comparison of archives with a root.
struct Comparison<'a> {
    places: Places<'a>,
    proof: Proof,
}

impl Comparison<'_> {
    fn archive(&mut self, archive: &Archive) -> Result<(), StorageError> {
        for content in &archive.contents {
            self.proof.compared += 1;
            if content.lies_in(&mut self.places)? {
                continue;
            }
            match is_protected(&content.path) {
                true => self.proof.edited.insert(content.path.clone()),
                false => self.proof.damaged.insert(content.path.clone()),
            };
        }
        Ok(())
    }
}

impl ArchiveFormat for ApkArchives {
    /// `NAME-VERSION.apk`, as repositories name them.
    fn file_name(&self, package: &PackageKey, version: &Version) -> String {
        format!("{}-{version}{END}", package.name)
    }

    /// What the index states; an archive whose files are not those of its description has no such digest.
    fn digest(&self, archive: &Path) -> Result<ArchiveDigest, StorageError> {
        match Archive::read(archive) {
            Ok(read) => Ok(ArchiveDigest::ApkChecksum(read.checksum)),
            Err(_) => storage::digest(archive).map(ArchiveDigest::Sha256),
        }
    }

    /// apk's cache adds eight digits of the checksum: `NAME-VERSION.HASH.apk`.
    fn kept(&self, name: &str) -> Vec<PathBuf> {
        let stem = name.strip_suffix(END).unwrap_or(name);
        let is_it = |path: &PathBuf| {
            let file = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let middle = file.strip_prefix(stem).and_then(|rest| rest.strip_suffix(END)).unwrap_or_default();
            middle
                .strip_prefix('.')
                .is_some_and(|hash| hash.len() == 8 && hash.bytes().all(|b| b.is_ascii_hexdigit()))
        };
        let caches =
            CACHES.iter().flat_map(|cache| storage::list(&self.root.join(cache)).unwrap_or_default());
        // What a bundle brought lies where downloads do.
        caches.filter(is_it).chain([self.downloads.join(name)]).collect()
    }

    fn is_of_installed(&self, archive: &Path) -> bool {
        let (Ok(read), Ok(records)) = (Archive::read(archive), self.recorded()) else { return false };
        is_recorded(&read, &records)
    }

    fn may_rebuild(&self, _package: &PackageKey) -> bool {
        false
    }

    fn no_rebuilding(&self) -> &'static str {
        "those of apk are not rebuilt: setup-apkcache lets apk keep what it installs from then on"
    }

    fn rebuild_obstacles(&self, packages: &[PackageKey]) -> Vec<Option<String>> {
        packages.iter().map(|_| Some("archives of apk are not rebuilt".to_owned())).collect()
    }

    fn rebuild(&self, _package: &PackageKey, _version: &Version, _folder: &Path) -> Result<PathBuf, String> {
        Err("no archive of the installed version is in apk's cache (setup-apkcache makes one)".to_owned())
    }

    /// apk says of each archive what it thinks of it, and is asked about all at once.
    fn check_signatures(&self, archives: &[PathBuf]) -> Result<(), ArchiveFault> {
        let Some(first) = archives.first() else { return Ok(()) };
        let shown = archives.iter().map(|path| path.display().to_string());
        let spec = CommandSpec::new(program()).arg("verify").args(shown).time_limit(PATIENCE);
        let asked = runner::run(&spec).map_err(SignatureError::Ask);
        let output = asked.map_err(ArchiveFault::at("trust", first))?;
        let said = output.text();
        let is_bad = |path: &&PathBuf| !says_good(&said, &path.display().to_string());
        match archives.iter().find(is_bad).or_else(|| (!output.is_success()).then_some(first)) {
            None => Ok(()),
            Some(bad) => {
                let words = output.last_words(2).join("; ");
                Err(ArchiveFault::at("trust", bad)(SignatureError::Refused { words }))
            }
        }
    }

    /// Every file that apk protects.
    fn configuration_files(&self, archive: &Path) -> Result<Vec<PathBuf>, ArchiveFault> {
        let contents = Self::read(archive)?.contents.into_iter();
        let files = contents.filter(|content| content.kind != EntryKind::Folder);
        Ok(files.map(|content| content.path).filter(|path| is_protected(path)).collect())
    }

    fn moves_configuration_aside(&self) -> bool {
        false
    }

    fn compare(&self, archives: &[PathBuf]) -> Result<Proof, ArchiveFault> {
        let records = self.recorded().map_err(ArchiveFault::at("list", &self.root))?;
        let mut comparison = Comparison { places: Places::new(&self.root), proof: Proof::default() };
        for path in archives {
            let archive = Self::read(path)?;
            if !is_recorded(&archive, &records) {
                let all = archive.contents.iter().map(|content| content.path.clone());
                comparison.proof.damaged.extend(all);
                continue;
            }
            comparison.archive(&archive).map_err(ArchiveFault::at("verify the files of", path))?;
        }
        Ok(comparison.proof)
    }

    /// apk that is cut off leaves drafts, and files in their places that its database knows nothing of. What is of no
    /// package and yet in one of the archives came from there; configuration is looked at elsewhere.
    fn litter(&self, archives: &[PathBuf]) -> Result<Vec<PathBuf>, ArchiveFault> {
        let mut places = Places::new(&self.root);
        let mut unowned: BTreeMap<PathBuf, PathBuf> = BTreeMap::new();
        for path in archives {
            for content in Self::read(path)?.contents {
                let is_here = content.kind != EntryKind::Folder && !content.path.starts_with(PROTECTED);
                let place =
                    places.find(&content.path).map_err(ArchiveFault::at("verify the files of", path))?;
                if is_here && storage::exists(&place) {
                    unowned.insert(content.path, place);
                }
            }
        }
        let records = self.recorded().map_err(ArchiveFault::at("list the packages of", &self.root))?;
        records.values().flat_map(|record| &record.files).for_each(|path| _ = unowned.remove(path));
        let drafts =
            drafts(&self.root, archives).map_err(ArchiveFault::at("list the folders of", &self.root))?;
        Ok(unowned.into_values().chain(drafts).collect())
    }

    /// apk says nothing of a file that it cannot remove (3.0.8): one that lies as an archive of before brought it, and that
    /// nobody has touched since apk began, is such a file. What a script made anew is younger.
    fn not_removed(&self, work: &WorkLog<'_>) -> Result<BTreeSet<PathBuf>, ArchiveFault> {
        let mut places = Places::new(&self.root);
        let mut found = BTreeSet::new();
        for path in work.replaced {
            for content in Self::read(path)?.contents {
                let is_of_before = content.kind != EntryKind::Folder && !is_protected(&content.path);
                let stayed = is_of_before && stayed(&mut places, &content, work.began);
                found.extend(stayed.then_some(content.path));
            }
        }
        Ok(found)
    }

    fn lying(&self, archives: &[PathBuf]) -> Result<BTreeSet<PathBuf>, ArchiveFault> {
        let mut found = BTreeSet::new();
        for path in archives {
            let contents =
                Self::read(path)?.contents.into_iter().filter(|content| !is_protected(&content.path));
            found.extend(unpacked::lying(&self.root, contents).map_err(ArchiveFault::at("compare", path))?);
        }
        Ok(found)
    }
}

/// Tells whether a file was not touched since, and lies as it was packed.
fn stayed(places: &mut Places<'_>, content: &Unpacked, began: Option<SystemTime>) -> bool {
    let Some(found) = places.find(&content.path).ok().and_then(|place| storage::metadata(&place).ok()?)
    else {
        return false;
    };
    let changed = Duration::new(found.ctime().unsigned_abs(), found.ctime_nsec().unsigned_abs() as u32);
    began.is_some_and(|began| UNIX_EPOCH + changed < began) && content.lies_in(places).unwrap_or(false)
}

/// `FILE: OK` of 3.0, `FILE: 0 - OK` of 2.14.
fn says_good(said: &str, file: &str) -> bool {
    let words = said.lines().find_map(|line| line.strip_prefix(file)?.strip_prefix(": "));
    matches!(words, Some("OK" | "0 - OK"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_word_for_good_counts() {
        for said in ["/a/x.apk: OK\n", "/a/x.apk: 0 - OK\n"] {
            assert!(says_good(said, "/a/x.apk"));
        }
        for said in [
            "/a/x.apk: 0 - UNTRUSTED\n",
            "/a/x.apk: UNTRUSTED signature\n",
            "/b: OK\n",
            "",
            "/a/x.apk: -5 - IO ERROR",
        ] {
            assert!(!says_good(said, "/a/x.apk"), "{said}");
        }
    }

    #[test]
    fn only_the_names_that_apk_gives_are_drafts() {
        assert!(is_draft(Path::new("/usr/bin/.apk.5e7f3be68cc255425665534e0d7a30c6ff222a95853aeb38")));
        for other in ["/usr/bin/.apk.", "/usr/bin/.apk.5e7f", "/etc/a.apk-new", "/usr/bin/apk"] {
            assert!(!is_draft(Path::new(other)), "{other}");
        }
    }
}
