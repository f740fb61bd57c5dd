//! Bundles: the feeds of one host in one file, for hosts without a network; with them what patches such a host.
//!
//! A tar archive, compressed with zstd: `manifest.json` first, then the content of each feed as its vendor sent it. The
//! other host takes each through the same trust as content from the network. Compiled indexes stay behind: they are made
//! anew for the release of the host that reads them, and nobody has to believe them.

mod export;
mod import;
mod payload;

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use self::export::{Exported, export_bundle};
pub use self::import::{BundleImport, BundleRequest, NotTaken, import_bundle, is_bundle, verify_bundle};
pub use self::payload::{Contents, PLAN, Payload};
use super::RefreshError;
use crate::host::lock::LockError;
use crate::host::storage::StorageError;
use crate::model::digest::Sha256;
use crate::model::feed::Authenticity;
use crate::scan::feed::container::ContainerError;
use crate::scan::feed::decompress::DecompressError;
use crate::scan::feed::signature::SignatureError;

/// Name and version of the layout.
const SCHEMA: &str = "patchctl.bundle/1";
/// Name of the first member.
const MANIFEST: &str = "manifest.json";
/// Largest manifest that is read; one has some hundred bytes for each feed.
const LARGEST_MANIFEST: u64 = 1024 * 1024;
/// Largest bundle: a few archives of the largest size that is received.
const LARGEST_BUNDLE: u64 = 4 * 1024 * 1024 * 1024;

/// What a bundle holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    /// [`SCHEMA`]
    schema: String,
    /// The version of patchctl that made it.
    tool_version: String,
    /// When it was made.
    created: DateTime<Utc>,
    /// The feeds, in the order of the members.
    feeds: Vec<BundledFeed>,
    /// What else it holds, in the order of the members, after the feeds.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    payload: Vec<BundledMember>,
}

/// A file of another part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BundledMember {
    name: String,
    file: BundledFile,
    /// When it was last changed, in seconds since 1970: how old a list is must not depend on who carried it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    modified: Option<i64>,
}

/// One feed of a bundle, with the stamp that its host gave it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BundledFeed {
    name: String,
    format: String,
    location: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    published: Option<DateTime<Utc>>,
    fetched: DateTime<Utc>,
    authenticity: Authenticity,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    signed_by: Option<String>,
    content: BundledFile,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    changes: Option<BundledChanges>,
}

/// A member of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BundledFile {
    size: u64,
    sha256: Sha256,
}

/// Documents that came after an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BundledChanges {
    file: BundledFile,
    reached: DateTime<Utc>,
    documents: u64,
}

impl BundledFeed {
    /// The members of the feed, in their order: name and what the manifest says of it.
    fn members(&self) -> Vec<(String, &BundledFile)> {
        let content = (format!("feeds/{}", self.name), &self.content);
        let changes =
            self.changes.as_ref().map(|changes| (format!("feeds/{}.changes", self.name), &changes.file));
        [content].into_iter().chain(changes).collect()
    }
}

/// A bundle that cannot be made or read.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// There is nothing to put into it.
    #[error("no feed was ever fetched here, so there is nothing to export")]
    Nothing,
    /// The content of a feed cannot be read.
    #[error("cannot read {feed}")]
    Feed {
        /// The feed.
        feed: String,
        /// What failed.
        #[source]
        source: Box<RefreshError>,
    },
    /// A file cannot be read or written.
    #[error("cannot use the file of a bundle")]
    Storage {
        /// What the system answered.
        #[source]
        source: StorageError,
    },
    /// Another import is running.
    #[error("another bundle is being imported")]
    Busy {
        /// Who does it.
        #[source]
        source: LockError,
    },
    /// It is too large.
    #[error("{path} is larger than {limit} bytes")]
    TooLarge {
        /// The bundle.
        path: PathBuf,
        /// The limit.
        limit: u64,
    },
    /// It does not carry the signature that is configured.
    #[error("the bundle is not proved to be yours")]
    Signature {
        /// What the proof lacks.
        #[source]
        source: SignatureError,
    },
    /// It cannot be decompressed.
    #[error("the bundle cannot be decompressed")]
    Decompress {
        /// What is wrong with it.
        #[source]
        source: DecompressError,
    },
    /// Its archive is damaged.
    #[error("the bundle cannot be unpacked")]
    Unpack {
        /// What is wrong with it.
        #[source]
        source: ContainerError,
    },
    /// Its manifest cannot be read.
    #[error("the manifest of the bundle cannot be read")]
    Manifest {
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// It is of another version.
    #[error("the bundle has the layout {found:?}, this patchctl reads {SCHEMA:?}")]
    Version {
        /// What it says.
        found: String,
    },
    /// Members and manifest differ.
    #[error("the bundle is not what its manifest says: {reason}")]
    Members {
        /// What differs.
        reason: String,
    },
}

impl BundleError {
    fn storage(source: StorageError) -> Self {
        Self::Storage { source }
    }
}
