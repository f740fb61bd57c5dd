//! Whether the files on disk are those of a package: against its archive, or against the recorded digests.

mod accounts;
mod mismatch;
mod recorded;

use std::collections::BTreeSet;
use std::fs::Metadata;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::archive::{Archive, ArchiveError};
use super::database::{self, Record, RecordError};
use super::place::Places;
use super::rules::DpkgRules;
use super::tarball::{Entry, EntryKind};
use crate::host::storage::{self, StorageError};

pub(super) use accounts::Accounts;
pub use mismatch::{Fault, Mismatch};
pub use recorded::{RecordVerification, verify_against_md5sums};

/// What could not be verified at all. A file that differs is no error, it is a [`Mismatch`].
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The archive cannot be read.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The database cannot be read.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A file on disk cannot be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// What verifying a package against its archive gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    /// Everything that differs, configuration files aside.
    pub mismatches: Vec<Mismatch>,
    /// Configuration files that differ: the administrator's right, told apart from damage.
    pub edited_conffiles: Vec<Mismatch>,
    /// Paths that were compared.
    pub compared: usize,
    /// Paths that another package owns now, that the administrator's filters leave out, or where dpkg keeps a
    /// folder instead of a link.
    pub excepted: Vec<PathBuf>,
}

impl Verification {
    /// Tells whether every file holds what the package brought.
    pub fn is_intact(&self) -> bool {
        !self.mismatches.iter().any(|mismatch| mismatch.fault.is_about_content())
    }
}

/// Compares every entry of an archive with the files of a root.
///
/// # Errors
/// The archive, the database or a file on disk cannot be read.
pub fn verify_installed(
    root: &Path,
    archive: &Archive,
    rules: &DpkgRules,
) -> Result<Verification, VerifyError> {
    let mut check = Check::new(root, archive, rules)?;
    archive.for_each_entry(&mut |entry, content| check.entry(entry, content))?;
    let mut verification = check.verification;
    except_replaced(root, archive, &mut verification)?;
    Ok(verification)
}

/// One pass over an archive.
struct Check<'a> {
    rules: &'a DpkgRules,
    package: &'a str,
    places: Places<'a>,
    conffiles: BTreeSet<PathBuf>,
    accounts: Accounts,
    verification: Verification,
}

impl<'a> Check<'a> {
    fn new(root: &'a Path, archive: &'a Archive, rules: &'a DpkgRules) -> Result<Self, VerifyError> {
        Ok(Self {
            rules,
            package: archive.key().name.as_str(),
            places: Places::new(root),
            conffiles: archive.conffiles().into_iter().collect(),
            accounts: Accounts::read(root)?,
            verification: Verification::default(),
        })
    }

    fn entry(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<(), VerifyError> {
        let place = self.places.find(self.rules.place_of(&entry.path, self.package))?;
        let metadata = storage::metadata(&place)?;
        self.verification.compared += 1;
        let fault = match metadata {
            None if self.rules.excludes(&entry.path) => return self.except(entry),
            None => Some(Fault::Missing),
            Some(found) if found.is_dir() && matches!(entry.kind, EntryKind::Symlink(_)) => {
                return self.except(entry);
            }
            Some(found) => self.compare(entry, (&place, &found), content)?,
        };
        let Some(fault) = fault else { return Ok(()) };
        let mismatch = Mismatch { path: entry.path.clone(), fault };
        if self.conffiles.contains(&entry.path) {
            self.verification.edited_conffiles.push(mismatch);
        } else {
            self.verification.mismatches.push(mismatch);
        }
        Ok(())
    }

    fn except(&mut self, entry: &Entry) -> Result<(), VerifyError> {
        self.verification.excepted.push(entry.path.clone());
        Ok(())
    }

    fn compare(
        &mut self,
        entry: &Entry,
        (place, found): (&Path, &Metadata),
        content: &mut dyn Read,
    ) -> Result<Option<Fault>, VerifyError> {
        let fault = match &entry.kind {
            EntryKind::Folder => return self.compare_folder(place, found),
            EntryKind::Symlink(target) => return compare_link(target, place, found),
            EntryKind::Special => return Ok(found.is_file().then_some(Fault::Type)),
            EntryKind::File if found.is_file() => compare_content(entry.size, (place, found), content)?,
            EntryKind::HardLink(first) if found.is_file() => self.compare_hard_link(first, (place, found))?,
            EntryKind::File | EntryKind::HardLink(_) => return Ok(Some(Fault::Type)),
        };
        Ok(fault.or_else(|| self.compare_rights(entry, found)))
    }

    /// dpkg leaves a folder that exists, or a link to one, as it is.
    fn compare_folder(&self, place: &Path, found: &Metadata) -> Result<Option<Fault>, VerifyError> {
        let is_folder = found.is_dir() || (found.is_symlink() && storage::list(place).is_ok());
        Ok((!is_folder).then_some(Fault::Type))
    }

    fn compare_hard_link(
        &mut self,
        first: &Path,
        (place, found): (&Path, &Metadata),
    ) -> Result<Option<Fault>, VerifyError> {
        let other = self.places.find(self.rules.place_of(first, self.package))?;
        let Some(target) = storage::metadata(&other)? else { return Ok(Some(Fault::Content)) };
        if (target.dev(), target.ino()) == (found.dev(), found.ino()) {
            return Ok(None);
        }
        if !target.is_file() {
            return Ok(Some(Fault::Content));
        }
        let differs = compare_content(target.len(), (place, found), &mut storage::open(&other)?)?;
        Ok(Some(differs.unwrap_or(Fault::HardLink)))
    }

    fn compare_rights(&self, entry: &Entry, found: &Metadata) -> Option<Fault> {
        if self.rules.overrides(&entry.path) || matches!(entry.kind, EntryKind::HardLink(_)) {
            return None;
        }
        let mode = found.mode() & 0o7777;
        if mode != entry.mode {
            return Some(Fault::Mode { expected: entry.mode, found: mode });
        }
        let owner = (found.uid(), found.gid());
        (!self.accounts.match_owner(&entry.owner, owner)).then_some(Fault::Owner { found: owner })
    }
}

fn compare_link(target: &Path, place: &Path, found: &Metadata) -> Result<Option<Fault>, VerifyError> {
    if !found.is_symlink() {
        return Ok(Some(Fault::Type));
    }
    let same = storage::link_target(place)?.as_os_str() == target.as_os_str();
    Ok((!same).then_some(Fault::Target))
}

/// Compares piece by piece, never a whole file at once.
fn compare_content(
    size: u64,
    (place, found): (&Path, &Metadata),
    content: &mut dyn Read,
) -> Result<Option<Fault>, VerifyError> {
    if found.len() != size {
        return Ok(Some(Fault::Content));
    }
    let unreadable = |source| StorageError { operation: "compare", path: place.to_owned(), source };
    let mut file = storage::open(place)?;
    let (mut ours, mut theirs) = (vec![0u8; 64 * 1024], vec![0u8; 64 * 1024]);
    loop {
        let count = fill(content, &mut theirs).map_err(unreadable)?;
        let found = fill(&mut file, &mut ours).map_err(unreadable)?;
        if ours[..found] != theirs[..count] {
            return Ok(Some(Fault::Content));
        }
        if count == 0 {
            return Ok(None);
        }
    }
}

fn fill(reader: &mut dyn Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..])? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}

/// Drops mismatches at paths that another package took over: dpkg then removes them from this package's list.
fn except_replaced(
    root: &Path,
    archive: &Archive,
    verification: &mut Verification,
) -> Result<(), VerifyError> {
    if verification.mismatches.is_empty() {
        return Ok(());
    }
    let own: BTreeSet<PathBuf> = match Record::read(root, archive.key()) {
        Ok(record) => record.paths.into_iter().collect(),
        Err(RecordError::Absent { .. }) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let disowned = verification
        .mismatches
        .iter()
        .map(|m| &m.path)
        .filter(|path| !own.contains(*path))
        .cloned()
        .collect();
    let replaced = database::owned_by_others(root, archive.key(), &disowned)?;
    verification.mismatches.retain(|mismatch| !replaced.contains(&mismatch.path));
    verification.excepted.extend(replaced);
    Ok(())
}
