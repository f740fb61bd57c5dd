//! What can go wrong between a source and the content in use.

use crate::host::storage::StorageError;
use crate::host::transport::TransportError;
use crate::model::failure::in_one_line;
use crate::scan::feed::cache::CacheError;
use crate::scan::feed::signature::SignatureError;
use crate::scan::feed::trust::Refusal;

/// A refresh or import that failed.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// There is no feed of that name.
    #[error("there is no feed named {name:?}")]
    UnknownFeed {
        /// The name.
        name: String,
    },
    /// The feed does not speak about this distribution.
    #[error("{feed} does not speak about {distribution}")]
    NotCovered {
        /// The feed.
        feed: String,
        /// The distribution, for people.
        distribution: String,
    },
    /// The content could not be had.
    #[error("cannot refresh {feed}")]
    Fetch {
        /// The feed.
        feed: String,
        /// What failed.
        #[source]
        source: TransportError,
    },
    /// The content was not believed.
    #[error("the content for {feed} is refused")]
    Refused {
        /// The feed.
        feed: String,
        /// Which step it failed.
        #[source]
        source: Refusal,
    },
    /// The content is not proved to be the vendor's.
    #[error("the content for {feed} is not proved to be the vendor's")]
    Signature {
        /// The feed.
        feed: String,
        /// What the proof lacks.
        #[source]
        source: SignatureError,
    },
    /// A bundle has the feed in another format than the one configured here.
    #[error("{feed} is {found:?} in the bundle and {expected:?} in the configuration")]
    OtherFormat {
        /// The feed.
        feed: String,
        /// The format of the bundle.
        found: String,
        /// The format configured.
        expected: String,
    },
    /// The cache cannot be used.
    #[error("cannot keep {feed}")]
    Cache {
        /// The feed.
        feed: String,
        /// What failed.
        #[source]
        source: CacheError,
    },
    /// The index cannot be written.
    #[error("cannot write the index of {feed}")]
    Index {
        /// The feed.
        feed: String,
        /// What the system answered.
        #[source]
        source: StorageError,
    },
}

impl RefreshError {
    /// Tells whether an administrator who knows better may take the content all the same.
    pub fn is_acceptable(&self) -> bool {
        matches!(self, Self::Refused { source, .. } if source.is_acceptable())
    }

    /// Returns the whole chain in one line, with the way out where there is one, for a record.
    pub fn reason(&self) -> String {
        match self {
            Self::Refused { feed, .. } if self.is_acceptable() => {
                format!("{} (believe it: patchctl feeds refresh --accept-older {feed})", self.chain())
            }
            _ => self.chain(),
        }
    }

    /// Returns the whole chain in one line.
    pub fn chain(&self) -> String {
        match self {
            Self::Fetch { source, .. } => source.reason(),
            Self::Refused { source, .. } => source.reason(),
            other => in_one_line(other),
        }
    }
}
