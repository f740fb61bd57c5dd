//! Installed files against the digests that the database recorded: the check for packages without an archive.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::super::database::Record;
use super::super::md5sums::digest_of_file;
use super::super::place::Places;
use super::super::rules::DpkgRules;
use super::VerifyError;
use super::mismatch::{Fault, Mismatch};
use crate::host::storage;

/// What verifying a package against the recorded digests gave. Links, folders, modes and owners have no record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordVerification {
    /// Files that are missing or different.
    pub mismatches: Vec<Mismatch>,
    /// Files that were compared.
    pub compared: usize,
    /// Regular files of the package without a recorded digest: nobody can say whether they are the vendor's.
    pub without_record: Vec<PathBuf>,
}

impl RecordVerification {
    /// Tells whether every regular file but configuration files is known to be the vendor's.
    pub fn is_intact(&self) -> bool {
        self.mismatches.is_empty() && self.without_record.is_empty()
    }
}

/// Compares the files of an installed package with the digests that the database recorded.
///
/// # Errors
/// The database or a file on disk cannot be read.
pub fn verify_against_md5sums(
    root: &Path,
    record: &Record,
    rules: &DpkgRules,
) -> Result<RecordVerification, VerifyError> {
    let mut places = Places::new(root);
    let conffiles: BTreeSet<PathBuf> = record.conffiles().into_iter().map(|c| c.path).collect();
    let none = BTreeMap::new();
    let digests = record.md5sums.as_ref().unwrap_or(&none);
    let mut verification = RecordVerification::default();
    for path in record.paths.iter().filter(|path| !conffiles.contains(*path)) {
        let place = places.find(rules.place_of(path, record.key.name.as_str()))?;
        let fault = match (storage::metadata(&place)?, digests.get(path)) {
            (None, Some(_)) if rules.excludes(path) => None,
            (None, Some(_)) => Some(Fault::Missing),
            (Some(found), Some(_)) if !found.is_file() => Some(Fault::Type),
            (Some(_), Some(digest)) => {
                verification.compared += 1;
                (digest_of_file(&place)? != *digest).then_some(Fault::Content)
            }
            (Some(found), None) if found.is_file() => {
                verification.without_record.push(path.clone());
                None
            }
            (_, None) => None,
        };
        verification.mismatches.extend(fault.map(|fault| Mismatch { path: path.clone(), fault }));
    }
    Ok(verification)
}
