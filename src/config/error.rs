//! What can be wrong with configuration, always with the place.

use std::path::PathBuf;

use crate::host::storage::StorageError;
use crate::model::failure::FailureKind;
use crate::model::rule::RulePlace;

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigurationError {
    /// A file cannot be read.
    #[error("cannot read the configuration {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system answered.
        #[source]
        source: StorageError,
    },
    /// A device, folder, pipe or socket.
    #[error("the configuration {path} is not a regular file")]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// A file is not text.
    #[error("{path} is not UTF-8 text: the first wrong byte is in line {line}")]
    NotText {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// A file is no TOML, has an unknown key, or a value means nothing.
    #[error("{path}, line {line}, column {column}, key {key}: {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column, from 1, in characters.
        column: usize,
        /// The key with its table, such as `policy.removals`; `-` where there is none.
        key: String,
        /// What is wrong.
        reason: String,
    },
    /// A value that was read well is no use.
    #[error("{path}, line {line}, key {key}: {reason}")]
    Invalid {
        /// The file that has the value.
        path: PathBuf,
        /// The line, from 1.
        line: u32,
        /// The key with its table.
        key: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// A path on the way to a file belongs to somebody else.
    #[error("{file} is not used: {path} belongs to user {owner}, who could change it")]
    ForeignOwner {
        /// The configuration file.
        file: PathBuf,
        /// The path that is not safe.
        path: PathBuf,
        /// Its owner.
        owner: u32,
    },
    /// A path on the way to a file can be written by others.
    #[error("{file} is not used: {path} can be written by its group or by everyone")]
    WritableByOthers {
        /// The configuration file.
        file: PathBuf,
        /// The path that is not safe.
        path: PathBuf,
    },
}

impl ConfigurationError {
    /// A value that is no use, with where it was written; a default that is none of use stands in no line of no file.
    pub(super) fn invalid(place: Option<&RulePlace>, key: &'static str, reason: String) -> Self {
        let (path, line) = place.map_or_else(Default::default, |place| (place.file.as_str(), place.line));
        Self::Invalid { path: PathBuf::from(path), line, key, reason }
    }

    /// Returns the kind, which decides the exit code.
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::ForeignOwner { .. } | Self::WritableByOthers { .. } => FailureKind::InsecureConfig,
            _ => FailureKind::Configuration,
        }
    }

    /// Returns what leads out, where the error itself does not say it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::ForeignOwner { path, .. } => Some(format!("chown root {}", path.display())),
            Self::WritableByOthers { path, .. } => Some(format!("chmod go-w {}", path.display())),
            Self::NotAFile { .. } => Some("to run with the defaults, name an empty file".to_owned()),
            Self::NotText { .. } | Self::Read { .. } | Self::Malformed { .. } | Self::Invalid { .. } => None,
        }
    }
}
