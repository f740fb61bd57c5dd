//! Whether the metadata that dnf or zypp keeps is still what its vendor signed: the list of a repository by the signature
//! beside it, every other file by the digest that the list has of it. Both check that when they fetch; this finds what
//! changed on the disk since.

use std::path::{Path, PathBuf};

use super::configuration::Repository;
use super::enabled;
use super::metadata::LARGEST;
use crate::host::storage;
use crate::model::distro::Distribution;
use crate::scan::feed::repomd::Repomd;
use crate::scan::feed::repository::{ListsError, ListsProof, signed_by_any};
use crate::scan::feed::signature::{SignatureError, Signer, Verifier};

/// Largest list of metadata; a real one has some kilobytes.
const LARGEST_LIST: u64 = 1 << 20;
/// Where a vendor's packages put its keys: Red Hat's and its kin, and SUSE's (openSUSE-build-key). They count where a
/// repository names none, as zypp takes every key that rpm trusts.
const KEYS: [&str; 2] = ["etc/pki/rpm-gpg", "usr/lib/rpm/gnupg/keys"];

/// Tests everything that was fetched of the enabled repositories of a root.
pub fn prove(root: &Path, distribution: &Distribution, verifier: &dyn Verifier) -> Vec<ListsProof> {
    let configuration = enabled::read(root, distribution);
    let proof = |repository: &Repository| ListsProof {
        name: format!("{}:{}", configuration.tool, repository.id),
        result: proved(root, repository, verifier),
    };
    configuration.repositories.iter().map(proof).collect()
}

fn proved(
    root: &Path,
    repository: &Repository,
    verifier: &dyn Verifier,
) -> Result<Option<Signer>, ListsError> {
    let Some(list) = &repository.list else { return Ok(None) };
    let signer = match repository.checks_metadata {
        true => Some(signer(root, repository, (list, verifier))?),
        false => None,
    };
    let unread = |source| ListsError::List { path: list.clone(), source };
    let bytes = storage::read_at_most(list, LARGEST_LIST).map_err(unread)?;
    let metadata =
        Repomd::parse(&bytes).map_err(|source| ListsError::NoList { path: list.clone(), source })?;
    let folder = list.ancestors().nth(2).unwrap_or(list);
    for record in &metadata.records {
        let path = folder.join(&record.path);
        // Neither fetches what it has no use for.
        if storage::exists(&path) {
            let bytes = storage::read_at_most(&path, LARGEST)
                .map_err(|source| ListsError::List { path: path.clone(), source })?;
            record.check(&bytes).map_err(|source| ListsError::Listed { path, source })?;
        }
    }
    Ok(signer)
}

/// Who signed the list, by the keys that count for the repository.
fn signer(
    root: &Path,
    repository: &Repository,
    (list, verifier): (&Path, &dyn Verifier),
) -> Result<Signer, ListsError> {
    let unproved = |source| ListsError::Release { path: list.to_owned(), source };
    let signature = PathBuf::from(format!("{}.asc", list.display()));
    if !storage::exists(&signature) {
        let location = list.display().to_string();
        return Err(unproved(SignatureError::Missing { location }));
    }
    let keys = keys(root, repository);
    if keys.is_empty() {
        return Err(ListsError::NoKeyHere);
    }
    signed_by_any(verifier, (list, &signature), &keys).map_err(unproved)
}

/// The files of keys that count. An address of a key is no key: who can change the list on the way can change that too.
fn keys(root: &Path, repository: &Repository) -> Vec<PathBuf> {
    let local = repository.keys.iter().filter_map(|key| key.strip_prefix("file://").or(Some(key)));
    let named = local.filter(|key| key.starts_with('/')).map(|key| root.join(key.trim_start_matches('/')));
    let named: Vec<PathBuf> = named.filter(|path| storage::exists(path)).collect();
    if !repository.keys.is_empty() && !named.is_empty() {
        return named;
    }
    let installed = KEYS.iter().flat_map(|folder| storage::list(&root.join(folder)).unwrap_or_default());
    installed.filter(|path| storage::stamp(path).size > 0).collect()
}
