//! Where advisories came from, how old they are, and how far they can be trusted.

use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::digest::Sha256;

/// How a feed's bytes were authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Authenticity {
    /// A signature of the vendor over the whole content was verified.
    Signed,
    /// The vendor signs nothing; the bytes came over verified TLS.
    Tls,
    /// The administrator configured the SHA-256 that the bytes have.
    Pinned,
    /// A file that root brought.
    Local,
}

/// Statements that an importer could not read although the feed around them could: counted, and the first few named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unread {
    /// How many.
    pub count: u64,
    /// Place and reason of the first few.
    pub first: Vec<String>,
}

impl Unread {
    /// How many are named.
    const NAMED: usize = 5;

    /// Counts one, at a place (a document, a package, an identifier), for a reason.
    pub fn add(&mut self, place: &str, reason: impl std::fmt::Display) {
        self.count += 1;
        if self.first.len() < Self::NAMED {
            self.first.push(format!("{place}: {reason}"));
        }
    }

    /// Adds what could not be read elsewhere.
    pub fn join(&mut self, other: Self) {
        self.count += other.count;
        self.first.extend(other.first);
        self.first.truncate(Self::NAMED);
    }

    /// Tells whether everything could be read.
    pub fn is_nothing(&self) -> bool {
        self.count == 0
    }
}

/// Whether a feed may be relied on today.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FeedState {
    /// Within its maximum age.
    Fresh,
    /// Older than its maximum age: labelled, never green.
    Stale,
    /// Fetched content was refused; the last good one is used.
    Suspect,
    /// Never fetched.
    Missing,
}

/// The stamp of one feed: what a verdict was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FeedStamp {
    /// The feed's name, such as `debian-tracker`.
    pub name: String,
    /// Where it comes from.
    pub location: String,
    /// The vendor's own date of the content, where it has one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub published: Option<DateTime<Utc>>,
    /// When it was fetched here.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fetched: Option<DateTime<Utc>>,
    /// Age in seconds at the time of the report, from the vendor's date or else the fetch; for a repository, from the
    /// last time that its content is known to have been the vendor's.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub age_seconds: Option<i64>,
    /// Digest of the content.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sha256: Option<Sha256>,
    /// How it was authenticated; absent when nothing was ever fetched.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub authenticity: Option<Authenticity>,
    /// Fingerprint of the key that signed it, where a signature was verified.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub signed_by: Option<String>,
    /// How many advisories it holds for this release.
    pub advisories: u64,
    /// What its importer could not read; absent when it read everything.
    #[serde(skip_serializing_if = "Unread::is_nothing", default)]
    pub unread: Unread,
    /// Whether it may be relied on.
    pub state: FeedState,
    /// What went wrong with it last, where something did.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub problem: Option<String>,
}

/// The formats that a source can be written in, by the names that configuration uses; the importers' table
/// (`scan::feed::registry`) has the same, which its tests hold.
pub const FORMATS: [&str; 13] = [
    "debian-tracker",
    "debian-lists",
    "debian-security-support",
    "osv",
    "ubuntu-vex",
    "updateinfo",
    "alma-errata",
    "redhat-csaf",
    "suse-csaf",
    "alpine-secdb",
    "arch-tracker",
    "known-exploited",
    "exploit-prediction",
];

/// Returns the format that the name of a source tells: the name is the format, or begins with it and a hyphen
/// (`updateinfo-epel`). Debian's two lists are named for their advisories.
pub fn format_of_name(name: &str) -> Option<&'static str> {
    if matches!(name, "debian-dsa" | "debian-dla") {
        return Some("debian-lists");
    }
    let begins = |format: &&&str| {
        name.strip_prefix(**format).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    FORMATS.iter().filter(begins).max_by_key(|format| format.len()).copied()
}

/// What a feed's statements are used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedRole {
    /// They decide what is vulnerable.
    Verdicts,
    /// They give names and dates to the statements of another feed and decide nothing.
    Names,
    /// They tell about attacks: they order findings and decide nothing.
    Threats,
}

/// Where one advisory feed is fetched from, and how far it is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSettings {
    /// The source's name, such as `debian-tracker`.
    pub name: String,
    /// The format it is written in: the name of a feed that patchctl can read.
    pub format: String,
    /// What its statements are used for.
    pub role: FeedRole,
    /// `https://`, `file://`, an absolute path, or `http://` with a pin.
    pub location: String,
    /// The digest that the content must have, as received.
    pub sha256: Option<Sha256>,
    /// The file of the keys of which one must have signed it.
    pub key: Option<PathBuf>,
    /// Older content is stale.
    pub max_age: Duration,
    /// The administrator asked for it: without it a result is incomplete.
    pub configured_by_admin: bool,
}

impl SourceSettings {
    /// Tells whether a result without it is less than whole: names, dates and attacks only add to what is found, unless
    /// the administrator asked for them.
    pub fn is_needed(&self) -> bool {
        self.role == FeedRole::Verdicts || self.configured_by_admin
    }
}

impl FeedStamp {
    /// The stamp of a feed that was never fetched.
    pub fn missing(name: String, location: String) -> Self {
        Self {
            name,
            location,
            published: None,
            fetched: None,
            age_seconds: None,
            sha256: None,
            authenticity: None,
            signed_by: None,
            advisories: 0,
            unread: Unread::default(),
            state: FeedState::Missing,
            problem: None,
        }
    }
}

/// How complete a result is (the report's `completeness.level`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CompletenessLevel {
    /// Every feed that applies was there and fresh.
    Full,
    /// Only the repositories' own metadata: pending fixes are known, open holes without a fix are not.
    UpdatesOnly,
    /// A feed that should be there is missing, stale or refused.
    Incomplete,
}

/// How complete a result is, and why it is not more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Completeness {
    /// The level.
    pub level: CompletenessLevel,
    /// One sentence for each thing that is missing.
    pub reasons: Vec<String>,
}

impl Completeness {
    /// Notes something that is missing although it should be there.
    pub fn lack(&mut self, sentence: String) {
        self.level = CompletenessLevel::Incomplete;
        self.reasons.push(sentence);
    }
}
