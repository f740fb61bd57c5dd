//! What dpkg decided about configuration files and a power cut took away again.
//!
//! Once a version is configured, dpkg renames the vendor's file: over the one in place where nobody edited that, else to
//! `.dpkg-dist` beside it; then it records the file's digest (dpkg 1.21, src/main/configure.c). It syncs the record, not the
//! names. On btrfs a cut can leave the record without them (measured: 3 of 51 cuts of a run), and a version that is unpacked
//! once more counts as decided about already. So what dpkg's own rule says is done here.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::super::archives::ArchiveFault;
use super::archive::{Archive, ArchiveError};
use super::place::Places;
use super::rebuild;
use super::rules::DpkgRules;
use super::tarball::EntryKind;
use crate::host::storage::{self, StorageError};
use crate::model::decision::ConffilePolicy;
use crate::model::digest::Sha256;

/// What dpkg calls the vendor's file before it is decided about, and beside an edited one.
const DRAFT: &str = ".dpkg-new";
const BESIDE: &str = ".dpkg-dist";

/// Where the vendor's file belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Where {
    InPlace,
    Beside,
}

/// Decides by the digests of what the version before brought, what this one brings and what is there, as dpkg does (safety
/// design, section 5.5). Nothing is decided about a file of which no vendor's version from before is known.
fn decide(before: Option<Sha256>, theirs: Sha256, ours: Sha256, policy: ConffilePolicy) -> Option<Where> {
    let before = before?;
    if before == theirs || ours == theirs {
        None
    } else if ours == before {
        Some(Where::InPlace)
    } else {
        (policy == ConffilePolicy::Keep).then_some(Where::Beside)
    }
}

/// Lays the vendor's configuration files of the archives `now` where they belong and are not; `before` are the archives of the
/// versions before. Done again it finds nothing to do.
pub(super) fn lay_again(
    root: &Path,
    (before, now): (&[PathBuf], &[PathBuf]),
    policy: ConffilePolicy,
) -> Result<(), ArchiveFault> {
    let rules =
        DpkgRules::read(root).map_err(ArchiveFault::at("read dpkg's rules about the files of", root))?;
    let mut known = BTreeMap::new();
    for path in before {
        let vendors = |(file, bytes): (PathBuf, Vec<u8>)| (file, Sha256::of(&bytes));
        let archive = open(path)?;
        // A rebuilt archive holds the administrator's own files.
        if archive.control().get(rebuild::LABEL).is_none() {
            known.extend(brought(&archive)?.into_iter().map(vendors));
        }
    }
    for path in now {
        let archive = open(path)?;
        let package = archive.key().name.as_str().to_owned();
        for (file, bytes) in brought(&archive)? {
            let place = Places::new(root).find(rules.place_of(&file, &package));
            place
                .and_then(|place| {
                    lay(&place, &bytes, |ours| {
                        decide(known.get(&file).copied(), Sha256::of(&bytes), ours, policy)
                    })
                })
                .map_err(ArchiveFault::at("lay down the configuration of", path))?;
        }
    }
    Ok(())
}

fn open(path: &Path) -> Result<Archive, ArchiveFault> {
    Archive::open(path).map_err(ArchiveFault::at("read the archive", path))
}

/// The configuration files of an archive, with their content.
fn brought(archive: &Archive) -> Result<Vec<(PathBuf, Vec<u8>)>, ArchiveFault> {
    let wanted: BTreeSet<PathBuf> = archive.conffiles().into_iter().collect();
    let mut found = Vec::new();
    if wanted.is_empty() {
        return Ok(found);
    }
    let mut keep = |entry: &super::tarball::Entry, content: &mut dyn Read| {
        if entry.kind == EntryKind::File && wanted.contains(&entry.path) {
            let mut bytes = Vec::new();
            content.read_to_end(&mut bytes).map_err(|source| StorageError {
                operation: "read",
                path: entry.path.clone(),
                source,
            })?;
            found.push((entry.path.clone(), bytes));
        }
        Ok::<(), ArchiveError>(())
    };
    archive.for_each_entry(&mut keep).map_err(ArchiveFault::at("read the archive", archive.path()))?;
    Ok(found)
}

/// A file that is not there was removed by the administrator and stays so. The draft has the name of dpkg's own: what a cut
/// leaves of it is looked for there.
fn lay(place: &Path, bytes: &[u8], decide: impl Fn(Sha256) -> Option<Where>) -> Result<(), StorageError> {
    let Some(found) = storage::metadata(place)?.filter(std::fs::Metadata::is_file) else { return Ok(()) };
    let target = match decide(storage::digest(place)?) {
        None => return Ok(()),
        Some(Where::InPlace) => place.to_owned(),
        Some(Where::Beside) => with(place, BESIDE),
    };
    if target != place && storage::exists(&target) {
        return Ok(());
    }
    let draft = with(place, DRAFT);
    storage::remove_file(&draft)?;
    let mut file = storage::create_new(&draft, 0o600)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    written.map_err(|source| StorageError { operation: "write", path: draft.clone(), source })?;
    // As dpkg does it: owner and mode are those of the file in place.
    storage::set_owner_and_mode(&draft, found.uid(), found.gid(), found.mode() & 0o7777)?;
    storage::rename(&draft, &target)
}

fn with(path: &Path, end: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(end);
    PathBuf::from(name)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a scratch folder of the tests")]
mod tests {
    use super::*;

    #[test]
    fn the_vendors_file_goes_where_dpkg_would_have_put_it() {
        let of = |letter: char| Sha256::of(letter.to_string().as_bytes());
        let keep = ConffilePolicy::Keep;
        // Before, theirs, ours.
        for (states, expected) in [
            ("AAA", None),
            ("AAB", None),
            ("ABB", None),
            ("ABA", Some(Where::InPlace)),
            ("ABC", Some(Where::Beside)),
        ] {
            let letters: Vec<char> = states.chars().collect();
            assert_eq!(
                decide(Some(of(letters[0])), of(letters[1]), of(letters[2]), keep),
                expected,
                "{states}"
            );
        }
        assert_eq!(decide(None, of('B'), of('A'), keep), None);
        assert_eq!(decide(Some(of('A')), of('B'), of('C'), ConffilePolicy::Replace), None);
    }

    #[test]
    fn a_file_is_laid_beside_or_in_place_once_and_a_removed_one_stays_away() {
        let folder = std::env::temp_dir().join(format!("patchctl-decided-again-{}", std::process::id()));
        storage::create_folder(&folder, 0o755).expect("a scratch folder can be made");
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        let (edited, kept) = (folder.join("edited"), folder.join("kept"));
        std::fs::write(&edited, "mine").expect("writable");
        std::fs::write(&kept, "old").expect("writable");
        for _ in 0..2 {
            lay(&edited, b"theirs", |_| Some(Where::Beside)).expect("it can be laid beside");
            lay(&kept, b"new", |_| Some(Where::InPlace)).expect("it can be laid down");
            lay(&folder.join("gone"), b"theirs", |_| Some(Where::Beside)).expect("nothing to do");
        }
        let found = [read("edited"), read("edited.dpkg-dist"), read("kept")];
        let names = storage::list(&folder).expect("listable").len();
        storage::remove_folder(&folder).expect("removable");
        assert_eq!((found, names), (["mine", "theirs", "new"].map(str::to_owned), 3));
    }
}
