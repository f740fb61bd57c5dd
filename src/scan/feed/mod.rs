//! Advisory feeds: bytes of a vendor become rows for one release.

pub mod cache;
pub mod container;
pub mod debian_tracker;
pub mod decompress;
pub mod registry;
pub mod repository;
pub mod trust;

use crate::model::advisory::Advisory;
use crate::model::distro::Distribution;

/// The rows of one feed for one release, borrowing from the content they were read from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows<'a> {
    /// What the vendor states for the release.
    pub advisories: Vec<Advisory<'a>>,
    /// How many statements the whole feed holds, all releases together.
    pub entries: u64,
}

/// A vendor's advisories. `parse` is pure: it sees bytes only, and refuses a feed rather than skipping a part.
pub trait AdvisoryFeed: Sync {
    /// Returns the name that configuration and reports use.
    fn name(&self) -> &'static str;

    /// Tells whether the feed speaks about the packages of a distribution.
    fn covers(&self, distribution: &Distribution) -> bool;

    /// Returns where the vendor publishes it.
    fn default_location(&self) -> &'static str;

    /// Reads the rows of one release from content that is decompressed already. A release that the feed does not
    /// know has no rows; the caller must not take that for "no vulnerabilities".
    ///
    /// # Errors
    /// The content is not what the vendor publishes; the first fault is named with its place.
    fn parse<'a>(&self, content: &'a [u8], release: &str) -> Result<Rows<'a>, FeedError>;
}

/// Content that is no feed.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// There is nothing in it.
    #[error("the {feed} feed is empty")]
    Empty {
        /// The feed.
        feed: &'static str,
    },
    /// It is a page for people: an error page of a server, or a captive portal.
    #[error("the {feed} feed is a web page, not JSON: probably an error page of the server or of a proxy")]
    WebPage {
        /// The feed.
        feed: &'static str,
    },
    /// It breaks off, is no JSON, or a field has the wrong type or value. The cause names place and field.
    #[error("the {feed} feed is malformed at line {line}, column {column}: {detail}")]
    Malformed {
        /// The feed.
        feed: &'static str,
        /// Line, from 1.
        line: usize,
        /// Column in bytes, from 1.
        column: usize,
        /// What is wrong, with the field.
        detail: String,
    },
}
