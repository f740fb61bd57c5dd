//! Why it cannot be told what the repositories of dnf or zypp offer.

use std::path::PathBuf;

use super::super::FeedError;
use super::super::decompress::DecompressError;
use super::super::repomd::RepomdError;
use crate::host::storage::StorageError;

/// Why it cannot be told what the repositories offer.
#[derive(Debug, thiserror::Error)]
pub enum RpmRepositoryError {
    /// A file of the cache cannot be read.
    #[error("cannot read the repository metadata {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system answered.
        #[source]
        source: StorageError,
    },
    /// A file is not the one that the repository lists.
    #[error("the repository metadata {path} is not what the repository lists")]
    Listed {
        /// The file.
        path: PathBuf,
        /// Size or digest.
        #[source]
        source: RepomdError,
    },
    /// A file cannot be unpacked.
    #[error("cannot unpack the repository metadata {path}")]
    Packed {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: DecompressError,
    },
    /// A file cannot be understood.
    #[error("cannot understand the repository metadata {path}")]
    Content {
        /// The file.
        path: PathBuf,
        /// Line and field.
        #[source]
        source: FeedError,
    },
    /// A repository lists no packages at all.
    #[error("the repository in {folder} lists no packages")]
    NoPackages {
        /// Its folder in the cache.
        folder: PathBuf,
    },
}
