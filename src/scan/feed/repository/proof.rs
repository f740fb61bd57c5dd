//! Whether apt's lists are still what their vendors signed: the release file by its signature, every index by the digest
//! that the signed text has of it. apt checks both when it fetches; this finds what changed on the disk since.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256 as Hasher};

use super::lists::{self, Index, Repository};
use super::sources::words;
use super::{RepositoryError, native_architecture, stamps};
use crate::host::storage::{self, StorageError};
use crate::model::digest::Sha256;
use crate::model::feed::Authenticity;
use crate::model::package::Inventory;
use crate::scan::feed::FeedError;
use crate::scan::feed::repomd::RepomdError;
use crate::scan::feed::signature::{SignatureError, Signed, SignedInside, Signer, Verifier};

/// What begins a block of keys in `Signed-By` (sources.list(5)).
const BLOCK: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
/// The keys that count where a source names none (apt-key(8)).
const TRUSTED: [&str; 2] = ["etc/apt/trusted.gpg", "etc/apt/trusted.gpg.d"];

/// How the lists of one repository stood the test.
#[derive(Debug)]
pub struct ListsProof {
    /// The name that the repository's stamp has.
    pub name: String,
    /// Who signed it; nobody where apt was told to do without a signature, or where nothing was fetched.
    pub result: Result<Option<Signer>, ListsError>,
}

/// Why lists are not what their vendor signed.
#[derive(Debug, thiserror::Error)]
pub enum ListsError {
    /// The release file.
    #[error("{path} is not proved")]
    Release {
        /// The file.
        path: PathBuf,
        /// What is wrong with its signature.
        #[source]
        source: SignatureError,
    },
    /// The key is good and not one of those that the source asks for.
    #[error("{path} is signed by {fingerprint}, which its source does not name")]
    Signer {
        /// The file.
        path: PathBuf,
        /// The key.
        fingerprint: String,
    },
    /// Keys are named or trusted, and cannot be read.
    #[error("cannot read the keys in {path}")]
    Keys {
        /// The file or folder.
        path: PathBuf,
        /// What the system answered.
        #[source]
        source: StorageError,
    },
    /// There is no key to verify with.
    #[error("no key is trusted: neither etc/apt/trusted.gpg.d nor Signed-By has one")]
    NoKey,
    /// The keys that a repository names do not lie on this host.
    #[error("its repository names no key that lies on this host")]
    NoKeyHere,
    /// The list of a repository's metadata.
    #[error("cannot read {path}")]
    List {
        /// The file.
        path: PathBuf,
        /// What the system answered.
        #[source]
        source: StorageError,
    },
    /// The list of a repository's metadata is none.
    #[error("{path} is no list of metadata")]
    NoList {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: FeedError,
    },
    /// A file is not the one that the list of its repository has.
    #[error("{path} is not what its repository lists")]
    Listed {
        /// The file.
        path: PathBuf,
        /// What differs.
        #[source]
        source: RepomdError,
    },
    /// The signed text does not know an index.
    #[error("{path} is not named by the signed release file")]
    Unnamed {
        /// The index.
        path: PathBuf,
    },
    /// An index is not what was signed.
    #[error("{path} is not what was signed: its SHA-256 is {found}")]
    Changed {
        /// The index.
        path: PathBuf,
        /// What its digest is.
        found: Sha256,
    },
    /// An index cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The index.
        path: PathBuf,
        /// What the system answered.
        #[source]
        source: io::Error,
    },
    /// An index cannot be opened.
    #[error("cannot open a list")]
    Open {
        /// Which, and why.
        #[source]
        source: RepositoryError,
    },
}

/// Tests everything that apt fetched of the enabled repositories of a root. `scratch` is a folder of ours.
///
/// # Errors
/// It cannot be told what was fetched; what is wrong with one repository stands in its proof.
pub fn prove(
    root: &Path,
    inventory: &Inventory,
    verifier: &dyn Verifier,
    scratch: &Path,
) -> Result<Vec<ListsProof>, RepositoryError> {
    let native = native_architecture(inventory.packages.iter().map(|package| &package.architecture));
    let repositories = lists::find(root, &native)?;
    let place = Place { root, scratch, verifier };
    let proof = |repository: &Repository| ListsProof {
        name: stamps::name_of(repository),
        result: place.proved(repository),
    };
    Ok(repositories.iter().map(proof).collect())
}

/// Verifies a file and its signature with one file of keys after the other, until one proves it.
pub(in crate::scan::feed) fn signed_by_any(
    verifier: &dyn Verifier,
    (content, signature): (&Path, &Path),
    keys: &[PathBuf],
) -> Result<Signer, SignatureError> {
    let mut failed = SignatureError::NoVerifier;
    for keys in keys {
        match verifier.verify(Signed { content, signature, keys }) {
            Ok(signer) => return Ok(signer),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

struct Place<'a> {
    root: &'a Path,
    scratch: &'a Path,
    verifier: &'a dyn Verifier,
}

impl Place<'_> {
    fn proved(&self, repository: &Repository) -> Result<Option<Signer>, ListsError> {
        let is_signed = |fetched: &&lists::Fetched| fetched.authenticity == Authenticity::Signed;
        let Some(fetched) = repository.fetched.as_ref().filter(is_signed) else { return Ok(None) };
        let path = &fetched.path;
        let unproved = |source| ListsError::Release { path: path.clone(), source };
        let keys = self.keys(&repository.source.signed_by)?;
        let is_signed_inside = path.to_string_lossy().ends_with("InRelease");
        let proved = if is_signed_inside {
            self.verifier.verify_inside(SignedInside { message: path, keys: &keys.files })
        } else {
            self.detached(path, &keys.files)
        };
        let (signer, text) = proved.map_err(unproved)?;
        if !keys.count(&signer) {
            return Err(ListsError::Signer { path: path.clone(), fingerprint: signer.fingerprint });
        }
        let signed = String::from_utf8_lossy(&text);
        repository.indexes.iter().try_for_each(|index| compare(index, &signed))?;
        Ok(Some(signer))
    }

    /// A `Release` with its signature in `Release.gpg` beside it.
    fn detached(&self, path: &Path, keys: &[PathBuf]) -> Result<(Signer, Vec<u8>), SignatureError> {
        let signature = PathBuf::from(format!("{}.gpg", path.display()));
        let signer = signed_by_any(self.verifier, (path, &signature), keys)?;
        let text = storage::read(path).map_err(|source| SignatureError::LayOut { source })?;
        Ok((signer, text))
    }

    /// Finds the keys that count for a source.
    fn keys(&self, signed_by: &str) -> Result<Keys, ListsError> {
        let below = |path: &str| self.root.join(path.trim_start_matches('/'));
        let mut keys = Keys::default();
        if let Some(start) = signed_by.find(BLOCK) {
            keys.files.push(self.block(&signed_by[start..])?);
            return Ok(keys);
        }
        for word in words(signed_by) {
            match word.starts_with('/') {
                true => keys.files.push(below(word)),
                // A mark at its end says that no subkey counts (sources.list(5)).
                false => keys.fingerprints.push(word.trim_end_matches('!').to_ascii_uppercase()),
            }
        }
        if keys.files.is_empty() {
            keys.files = self.trusted()?;
        }
        if keys.files.is_empty() { Err(ListsError::NoKey) } else { Ok(keys) }
    }

    /// Writes a block of keys as a file; a line of one dot is an empty one.
    fn block(&self, text: &str) -> Result<PathBuf, ListsError> {
        let path = self.scratch.join("signed-by.asc");
        let lines: Vec<&str> = text.lines().map(|line| if line == "." { "" } else { line }).collect();
        let written = storage::replace(&path, lines.join("\n").as_bytes(), storage::PUBLIC);
        written.map_err(|source| ListsError::Keys { path: path.clone(), source })?;
        Ok(path)
    }

    fn trusted(&self) -> Result<Vec<PathBuf>, ListsError> {
        let [single, folder] = TRUSTED.map(|path| self.root.join(path));
        let entries =
            storage::list(&folder).map_err(|source| ListsError::Keys { path: folder.clone(), source })?;
        let is_keyring = |path: &PathBuf| path.extension().is_some_and(|end| end == "gpg" || end == "asc");
        let single = storage::exists(&single).then_some(single);
        Ok(single.into_iter().chain(entries.into_iter().filter(is_keyring)).collect())
    }
}

#[derive(Default)]
struct Keys {
    files: Vec<PathBuf>,
    /// The only keys of those files that count; empty means all.
    fingerprints: Vec<String>,
}

impl Keys {
    fn count(&self, signer: &Signer) -> bool {
        self.fingerprints.is_empty()
            || self.fingerprints.iter().any(|wanted| signer.fingerprint.ends_with(wanted.as_str()))
    }
}

/// Compares an index with what the signed text says of it, uncompressed: apt may store it in another compression.
fn compare(index: &Index, signed: &str) -> Result<(), ListsError> {
    let path = || index.path.clone();
    let stated = stated(signed, &index.name).ok_or_else(|| ListsError::Unnamed { path: path() })?;
    let mut content = index.open().map_err(|source| ListsError::Open { source })?;
    let mut hasher = Hasher::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match content.read(&mut buffer).map_err(|source| ListsError::Read { path: path(), source })? {
            0 => break,
            count => hasher.update(&buffer[..count]),
        }
    }
    let found = Sha256::from_bytes(hasher.finalize().into());
    if found == stated { Ok(()) } else { Err(ListsError::Changed { path: path(), found }) }
}

/// Returns the digest that the `SHA256` field of a release file has of a file: lines of digest, size and name.
fn stated(release: &str, name: &str) -> Option<Sha256> {
    let lines = release.lines().skip_while(|line| !line.starts_with("SHA256:")).skip(1);
    let entries = lines.take_while(|line| line.starts_with(' '));
    let entry = |line: &str| {
        let mut words = line.split_whitespace();
        let digest = words.next()?;
        let stated = words.nth(1)?;
        (stated.strip_prefix("./").unwrap_or(stated) == name).then(|| digest.parse().ok())?
    };
    entries.into_iter().find_map(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_digests_of_sha_256_count() {
        let digest = Sha256::of(b"x");
        let release = format!(
            "Origin: x\nMD5Sum:\n {digest} 1 main/binary-amd64/Packages\nSHA256:\n {digest} 1 main/other\nDate: x\n"
        );
        assert_eq!(stated(&release, "main/other"), Some(digest));
        assert_eq!(stated(&release, "main/binary-amd64/Packages"), None);
    }
}
