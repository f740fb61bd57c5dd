//! Proof: versions from a fresh read of the database, files against the archives they came from.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::host::storage;
use crate::package_manager::deb::archive::{Archive, ArchiveError};
use crate::package_manager::deb::rules::{DpkgRules, RulesError};
use crate::package_manager::deb::tarball::Entry;
use crate::package_manager::deb::verify::{VerifyError, verify_installed};

/// What kept files from being verified.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// dpkg's own rules about files cannot be read.
    #[error("cannot read dpkg's rules about files")]
    Rules(#[source] RulesError),
    /// An archive cannot be read.
    #[error("cannot read the archive {path}")]
    Archive {
        /// The archive.
        path: PathBuf,
        /// Why.
        #[source]
        source: ArchiveError,
    },
    /// Files cannot be compared with an archive.
    #[error("cannot verify the files of {path}")]
    Verify {
        /// The archive.
        path: PathBuf,
        /// Why.
        #[source]
        source: VerifyError,
    },
}

/// What verifying the files of some packages gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// Paths that were compared.
    pub compared: u64,
    /// Paths that do not hold what their archive brought, sorted.
    pub damaged: BTreeSet<PathBuf>,
    /// Configuration files that were edited.
    pub edited: BTreeSet<PathBuf>,
}

impl Proof {
    /// Returns the damage that was not there before: what failed before a run cannot fail it.
    pub fn damage_beyond(&self, baseline: &BTreeSet<PathBuf>) -> Vec<PathBuf> {
        self.damaged.difference(baseline).cloned().collect()
    }
}

/// Compares the files of a root with some archives.
///
/// # Errors
/// An archive, dpkg's rules or a file cannot be read.
pub fn files<'a>(root: &Path, archives: impl Iterator<Item = &'a Path>) -> Result<Proof, ProofError> {
    let rules = DpkgRules::read(root).map_err(ProofError::Rules)?;
    let mut proof = Proof::default();
    for path in archives {
        let archive =
            Archive::open(path).map_err(|source| ProofError::Archive { path: path.to_owned(), source })?;
        let verification = verify_installed(root, &archive, &rules);
        let verification =
            verification.map_err(|source| ProofError::Verify { path: path.to_owned(), source })?;
        proof.compared += verification.compared as u64;
        let damaged =
            verification.mismatches.into_iter().filter(|mismatch| mismatch.fault.is_about_content());
        proof.damaged.extend(damaged.map(|mismatch| mismatch.path));
        proof.edited.extend(verification.edited_conffiles.into_iter().map(|mismatch| mismatch.path));
    }
    Ok(proof)
}

/// Tells whether dpkg noted changes that it did not put into its database yet: it does so at its next work, and until
/// then whoever reads the database file alone reads the past (dpkg's `lib/dpkg/dbmodify.c`).
///
/// # Errors
/// The folder of the notes cannot be listed.
pub fn has_unsettled_database(root: &Path) -> storage::Result<bool> {
    let database = root.join("var/lib/dpkg");
    let notes = storage::list(&database.join("updates"))?;
    Ok(!notes.is_empty() || storage::exists(&database.join("status-new")))
}

/// What dpkg calls a file while it puts it in place (dpkg(1) leaves them behind when it is killed).
const TRANSIENT: &[&str] = &[".dpkg-new", ".dpkg-tmp"];

/// Finds what an interrupted unpacking of some archives left behind.
///
/// # Errors
/// An archive cannot be read.
pub fn litter<'a>(root: &Path, archives: impl Iterator<Item = &'a Path>) -> Result<Vec<PathBuf>, ProofError> {
    let mut found = Vec::new();
    for path in archives {
        let at = |source| ProofError::Archive { path: path.to_owned(), source };
        let archive = Archive::open(path).map_err(at)?;
        let mut look = |entry: &Entry, _: &mut dyn Read| {
            let place = root.join(entry.path.strip_prefix("/").unwrap_or(&entry.path));
            for suffix in TRANSIENT {
                let mut name = place.clone().into_os_string();
                name.push(suffix);
                found.extend(Some(PathBuf::from(name)).filter(|path| storage::exists(path)));
            }
            Ok::<(), ArchiveError>(())
        };
        archive.for_each_entry(&mut look).map_err(at)?;
    }
    Ok(found)
}
