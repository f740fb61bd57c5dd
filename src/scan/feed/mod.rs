//! Advisory feeds: bytes of a vendor become statements about one release.

pub mod alma_errata;
pub mod alpine_secdb;
pub mod apk_repository;
pub mod arch_tracker;
pub mod cache;
pub mod container;
mod content;
mod csaf;
pub mod csaf_changes;
mod csv;
mod dates;
pub mod debian_lists;
pub mod debian_security_support;
pub mod debian_tracker;
pub mod decompress;

pub mod exploit_prediction;
mod identifiers;
mod joined;
mod json_records;
pub mod kept_lists;
pub mod known_exploited;
pub mod mirror_list;
pub mod osv;
pub mod pacman_repository;
pub mod reading;
pub mod redhat_csaf;
pub mod registry;
pub mod repomd;
pub mod repository;
mod rpm_packages;
pub mod rpm_repository;
pub mod signature;
pub mod suse_csaf;
pub mod threats;
pub mod trust;
mod ubuntu_product;
pub mod ubuntu_vex;
pub mod updateinfo;
mod xml;

use std::io::Read;

use self::container::Documents;
use crate::model::advisory::Advisory;
use crate::model::distro::Distribution;
use crate::model::feed::FeedRole;
pub use crate::model::feed::Unread;
use crate::model::vulnerability::CveId;
use crate::scan::index::Threat;

/// The statements of one feed for one release, borrowing from the content they were read from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows<'a> {
    /// What the vendor states for the release.
    pub advisories: Vec<Advisory<'a>>,
    /// How many statements the whole feed holds, all releases together.
    pub entries: u64,
    /// Statements that could not be read.
    pub unread: Unread,
}

/// How the content of a feed is found from the address of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addressing {
    /// It lies there.
    Direct,
    /// It lies there, or in the rpm repository whose `repomd.xml` or list of mirrors lies there.
    Repository,
    /// It lies there, or in the folder of CSAF documents of which one list lies there ([`ArchivePlace::list`]).
    Folder(ArchivePlace),
}

/// Where a vendor of single CSAF documents has the archive of all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArchivePlace {
    /// In the folder, under the name that `archive_latest.txt` tells, which has its day (Red Hat).
    Named,
    /// Beside the folder, under its name: `csaf-vex.tar.bz2` beside `csaf-vex/` (SUSE).
    Beside,
}

impl ArchivePlace {
    /// Returns the file by whose address a source says that it is a folder.
    pub fn list(self) -> &'static str {
        match self {
            Self::Named => "archive_latest.txt",
            Self::Beside => "changes.csv",
        }
    }
}

/// Where a vendor publishes the part of a feed that concerns a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedSource {
    /// The name of the source in configuration, cache and reports; the feed's own name where there is only one.
    pub name: String,
    /// `https://…`
    pub location: String,
}

/// A vendor's advisories. `parse` is pure: it sees bytes only, and refuses a feed rather than skipping a part.
pub trait AdvisoryFeed: Sync {
    /// Returns the name of the format, which configuration uses: `debian-tracker`, `updateinfo`, `osv` …
    fn name(&self) -> &'static str;

    /// Tells whether the format can speak about the packages of a distribution.
    fn covers(&self, distribution: &Distribution) -> bool;

    /// Returns what the vendor publishes in this format for a release and patchctl reads without being told; nothing
    /// for a format that an administrator has to ask for.
    fn published(&self, distribution: &Distribution) -> Vec<PublishedSource>;

    /// Returns what the statements are used for.
    fn role(&self) -> FeedRole {
        FeedRole::Verdicts
    }

    /// Returns how the content is found from the address of a source.
    fn addressing(&self) -> Addressing {
        Addressing::Direct
    }

    /// Reads the statements about one release from content that is decompressed already; an archive of several
    /// documents is still packed. A release that the feed does not know has no rows; the caller must not take that
    /// for "no vulnerabilities".
    ///
    /// # Errors
    /// The content is not what the vendor publishes; the first fault is named with its place.
    fn parse<'a>(&self, content: &'a [u8], release: &Distribution) -> Result<Rows<'a>, FeedError>;

    /// Reads the same from decompressed content of which only a piece is held at a time, and gives the rows of one piece
    /// after the other away, as long as they are taken. `None` where the format or this content is not read so, or has
    /// any fault: [`AdvisoryFeed::parse`] decides then, and what was given away counts for nothing.
    fn parse_pieces(
        &self,
        _: &mut dyn Read,
        _: &Distribution,
        _: &mut dyn FnMut(Rows<'_>) -> Option<()>,
    ) -> Option<()> {
        None
    }

    /// Tells whether it is published as an archive of documents, which may be far larger than memory.
    fn is_archive(&self) -> bool {
        false
    }

    /// Reads the same from the documents of an archive, one after the other.
    ///
    /// # Errors
    /// As [`AdvisoryFeed::parse`]; an archive of a format that is none.
    fn parse_archive<'a>(&self, _: Documents<'a>, _: &Distribution) -> Result<Rows<'a>, FeedError> {
        let detail = "an archive, which this feed never is".to_owned();
        Err(FeedError::Malformed { feed: self.name(), line: 1, column: 1, detail })
    }
}

/// What a catalogue of attacks says, sorted by vulnerability, each once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KnownThreats {
    /// What is known about each.
    pub threats: Vec<(CveId, Threat)>,
    /// Entries that could not be read.
    pub unread: Unread,
}

/// A catalogue of attacks on vulnerabilities. It orders findings and decides none.
pub trait ThreatFeed: Sync {
    /// Returns the name of the format, which is that of the source as well.
    fn name(&self) -> &'static str;

    /// Returns where it is published.
    fn location(&self) -> &'static str;

    /// Reads content that is decompressed already.
    ///
    /// # Errors
    /// The content is not what is published; the first fault is named with its place.
    fn parse(&self, content: &[u8]) -> Result<KnownThreats, FeedError>;
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
    #[error(
        "the {feed} feed is a web page, not {expected}: probably an error page of the server or of a proxy"
    )]
    WebPage {
        /// The feed.
        feed: &'static str,
        /// What it should be, such as `JSON`.
        expected: &'static str,
    },
    /// It breaks off, has another shape, or a field has the wrong type or value. The detail names the field.
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
    /// One document of an archive is malformed.
    #[error("the {feed} feed is malformed in its document {document}")]
    Document {
        /// The feed.
        feed: &'static str,
        /// The document's name in the archive.
        document: String,
        /// What is wrong with it.
        #[source]
        source: Box<FeedError>,
    },
    /// It is an archive that cannot be read.
    #[error("the {feed} feed cannot be unpacked")]
    Archive {
        /// The feed.
        feed: &'static str,
        /// What is wrong with the archive.
        #[source]
        source: container::ContainerError,
    },
    /// It is larger, deeper or more than any real one.
    #[error("the {feed} feed is beyond the limits: {detail}")]
    BeyondLimits {
        /// The feed.
        feed: &'static str,
        /// Which limit.
        detail: String,
    },
}

impl FeedError {
    /// The same fault, named with the document of the archive in which it is. Content that is no archive has a
    /// document without a name, and the fault stays as it is.
    #[must_use]
    pub fn in_document(self, feed: &'static str, document: &str) -> Self {
        if document.is_empty() {
            return self;
        }
        Self::Document { feed, document: document.to_owned(), source: Box::new(self) }
    }
}
