//! What can be wrong with an archive, each with its place.

use std::io;
use std::path::PathBuf;

use super::control::ParagraphError;
use crate::host::storage::StorageError;
use crate::model::version::VersionError;

/// What is wrong with an archive.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The file cannot be opened or read.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The outer container is not one of a package.
    #[error("{path} is not a package archive: {reason} (at byte {offset})")]
    Container {
        /// The archive.
        path: PathBuf,
        /// Where.
        offset: u64,
        /// What.
        reason: &'static str,
    },
    /// A member cannot be read: damaged, cut, or larger than the limit.
    #[error("cannot read {member} of {path}")]
    Member {
        /// The archive.
        path: PathBuf,
        /// The member.
        member: String,
        /// What reading it gave.
        #[source]
        source: io::Error,
    },
    /// An entry is not acceptable.
    #[error("{path}: {member}: {entry:?}: {reason}")]
    Entry {
        /// The archive.
        path: PathBuf,
        /// The member.
        member: String,
        /// The entry's name, as far as it can be shown.
        entry: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// The control paragraph cannot be read.
    #[error("{path}: control file")]
    Control {
        /// The archive.
        path: PathBuf,
        /// Which line, and why.
        #[source]
        source: ParagraphError,
    },
    /// A field that every package has is missing or wrong.
    #[error("{path}: control file: the field {field} is missing or not valid")]
    Field {
        /// The archive.
        path: PathBuf,
        /// The field.
        field: &'static str,
        /// Why a version is none.
        #[source]
        source: Option<VersionError>,
    },
}
