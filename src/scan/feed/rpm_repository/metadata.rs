//! The metadata that dnf or zypp keeps of one repository, checked against the repository's own list.

use std::path::{Path, PathBuf};

use super::super::decompress::{Unpacked, decompress};
use super::super::repomd::{Record, Repomd};
use super::super::updateinfo::builds::{self, Notices};
use super::configuration::Repository;
use super::error::RpmRepositoryError;
use super::primary::{self, Entry, Unreadable};
use crate::host::storage;
use crate::model::digest::Sha256;

/// Largest unpacked file that is read: Fedora's primary has 100 MB, EPEL's updateinfo 60 MB.
pub(super) const LARGEST: u64 = 1 << 30;

/// What was fetched of a repository.
#[derive(Debug)]
pub(super) struct Metadata {
    folder: PathBuf,
    list: Repomd,
    /// The digest of the list itself.
    pub(super) sha256: Sha256,
    /// Seconds since 1970 when the list was fetched.
    pub(super) fetched: i64,
}

/// Returns the list of a repository in dnf's cache, where it was ever fetched.
pub(super) fn place(cache: &Path, repository: &Repository) -> Option<PathBuf> {
    let listed = storage::list(cache).unwrap_or_default();
    let list = |folder: PathBuf| folder.join("repodata/repomd.xml");
    let is_of_repository = |path: &PathBuf| is_folder_of(path, &repository.id) && storage::exists(path);
    let found: Vec<PathBuf> =
        listed.into_iter().filter(is_of_repository).map(list).filter(|p| storage::exists(p)).collect();
    // A repository whose address was changed leaves its former folder behind. With variables in the address the hash
    // cannot be told, and the folder that was written last is the present one.
    let own = format!("{}-{}", repository.id, folder_hash(&repository.source));
    let is_own = |path: &&PathBuf| path.ancestors().nth(2).is_some_and(|folder| folder.ends_with(&own));
    let newest = |path: &&PathBuf| storage::stamp(path).seconds;
    found.iter().find(is_own).or_else(|| found.iter().max_by_key(newest)).cloned()
}

/// `ID-HASH`: sixteen hexadecimal digits of the SHA-256 of the address (libdnf, `Repo::Impl::getHash`).
fn is_folder_of(path: &Path, id: &str) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let hash = name.strip_prefix(id).and_then(|rest| rest.strip_prefix('-'));
    hash.is_some_and(|hash| hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn folder_hash(source: &str) -> String {
    Sha256::of(source.as_bytes()).to_string().chars().take(16).collect()
}

impl Metadata {
    /// Opens the metadata whose list lies at a place.
    ///
    /// # Errors
    /// The list cannot be read or understood.
    pub(super) fn open(path: &Path) -> Result<Self, RpmRepositoryError> {
        let bytes = storage::read_at_most(path, 1 << 20)
            .map_err(|source| RpmRepositoryError::Read { path: path.to_owned(), source })?;
        let list = Repomd::parse(&bytes)
            .map_err(|source| RpmRepositoryError::Content { path: path.to_owned(), source })?;
        let folder = path.ancestors().nth(2).unwrap_or(path).to_owned();
        let fetched = storage::stamp(path).seconds;
        Ok(Self { folder, list, sha256: Sha256::of(&bytes), fetched })
    }

    /// The vendor's number of this state, where it is a time: seconds since 1970.
    pub(super) fn revision(&self) -> Option<i64> {
        self.list.revision.as_ref()?.parse().ok()
    }

    /// Reads the wanted ones of the list of packages, whose bytes as received are the listed ones. What they unpack to is
    /// then what the repository packed, so its digest would say nothing new, and take a third of the time.
    ///
    /// # Errors
    /// The repository lists none, or it is not in the cache, damaged, or not the one that is listed.
    pub(super) fn packages(
        &self,
        wants: &dyn Fn(&str) -> bool,
        take: &mut dyn FnMut(Entry),
    ) -> Result<(), RpmRepositoryError> {
        let record = self.list.record("primary");
        let record = record.ok_or_else(|| RpmRepositoryError::NoPackages { folder: self.folder.clone() })?;
        let (path, bytes) = self.received(record)?;
        let packed = |source| RpmRepositoryError::Packed { path: path.clone(), source };
        let mut content = Unpacked::new(bytes.as_slice(), LARGEST).map_err(packed)?;
        let size = primary::read(&mut content, wants, take).map_err(|error| match error {
            Unreadable::Stream(error) => packed(content.explain(error)),
            Unreadable::Content(source) => RpmRepositoryError::Content { path: path.clone(), source },
        })?;
        record.check_open_size(size).map_err(|source| RpmRepositoryError::Listed { path, source })
    }

    /// Returns what the repository's updates say of their builds; nothing where it tells of no updates, or that was not
    /// fetched.
    ///
    /// # Errors
    /// As [`Metadata::packages`].
    pub(super) fn notices(&self) -> Result<Notices, RpmRepositoryError> {
        let Some((path, bytes)) = self.updates()? else { return Ok(Notices::default()) };
        builds::notices(&bytes).map_err(|source| RpmRepositoryError::Content { path, source })
    }

    /// Returns what the repository says of modules, where it has any and that was fetched.
    ///
    /// # Errors
    /// As [`Metadata::packages`].
    pub(super) fn modules(&self) -> Result<Option<(PathBuf, Vec<u8>)>, RpmRepositoryError> {
        let record = self.list.record("modules");
        let record = record.filter(|record| storage::exists(&self.folder.join(&record.path)));
        record.map(|record| self.unpacked(record)).transpose()
    }

    fn updates(&self) -> Result<Option<(PathBuf, Vec<u8>)>, RpmRepositoryError> {
        let record = self.list.updateinfo().ok();
        let record = record.filter(|record| storage::exists(&self.folder.join(&record.path)));
        record.map(|record| self.unpacked(record)).transpose()
    }

    /// Reads a file as it was received, and compares it with the list.
    fn received(&self, record: &Record) -> Result<(PathBuf, Vec<u8>), RpmRepositoryError> {
        let path = self.folder.join(&record.path);
        let bytes = storage::read_at_most(&path, LARGEST)
            .map_err(|source| RpmRepositoryError::Read { path: path.clone(), source })?;
        match record.check(&bytes) {
            Ok(()) => Ok((path, bytes)),
            Err(source) => Err(RpmRepositoryError::Listed { path, source }),
        }
    }

    fn unpacked(&self, record: &Record) -> Result<(PathBuf, Vec<u8>), RpmRepositoryError> {
        let (path, bytes) = self.received(record)?;
        let plain = decompress(&bytes, LARGEST)
            .map_err(|source| RpmRepositoryError::Packed { path: path.clone(), source })?
            .into_owned();
        match record.check_open(&plain) {
            Ok(()) => Ok((path, plain)),
            Err(source) => Err(RpmRepositoryError::Listed { path, source }),
        }
    }
}
