//! Whether fetched content is believed, in numbered steps. Each names the attack that it stops (safety design, T1 to
//! T9). Content that fails a step is dropped and the last good content stays in use.

use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::cache::StoredContent;
use super::decompress::DecompressError;
use super::reading::{self, Reading};
use super::registry::Format;
use super::repomd::RepomdError;
use super::{FeedError, Unread};
use crate::host::sealed::SealedError;
use crate::host::storage::StorageError;
use crate::model::digest::Sha256;
use crate::model::distro::Distribution;
use crate::model::failure::{Told, in_one_line};
use crate::model::feed::FeedState;
use crate::scan::index::{IndexError, Provenance};

/// Largest content as received. The tracker has 40 to 75 MB without compression (feeds design, 1.1).
pub const LARGEST_CONTENT: u64 = 128 * 1024 * 1024;
/// Largest archive as received. Red Hat's VEX archive has 200 to 400 MB (feeds design, 3.2).
const LARGEST_RECEIVED_ARCHIVE: u64 = 1024 * 1024 * 1024;

/// Returns how many bytes of a format are received at most.
pub fn largest(format: Format) -> u64 {
    if format.is_archive() { LARGEST_RECEIVED_ARCHIVE } else { LARGEST_CONTENT }
}

/// Content in a file, as it was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The file. Nobody but the owner of the cache can write it.
    pub path: PathBuf,
    /// Bytes.
    pub size: u64,
    /// Their digest.
    pub sha256: Sha256,
    /// Documents that came later, of an archive that is brought up to date document by document.
    pub changes: Option<Changes>,
}

/// Documents that came after an archive, in an archive of their own; one without content was deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// The file.
    pub path: PathBuf,
    /// Its digest.
    pub sha256: Sha256,
    /// The time of the last change that is in it.
    pub reached: DateTime<Utc>,
    /// How many documents it has.
    pub documents: u64,
}

impl Received {
    /// Returns the digest of everything: that of the file, or with changes that of both digests.
    pub fn identity(&self) -> Sha256 {
        identity(self.sha256, self.changes.as_ref().map(|changes| changes.sha256))
    }
}

/// Returns the digest of content with changes, from the digests of both.
pub fn identity(base: Sha256, changes: Option<Sha256>) -> Sha256 {
    changes.map_or(base, |changes| Sha256::of(&[*base.as_bytes(), *changes.as_bytes()].concat()))
}
/// How far ahead of this host's clock a vendor's date may be: a day covers clocks and time zones set wrong.
const LARGEST_LEAD: TimeDelta = TimeDelta::days(1);
/// How far ahead of this host's clock its own dates may be (safety design, P16).
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::minutes(10);
/// Largest share of entries that may vanish at once, as a divisor: one in twenty (safety design, T8).
const SHRINK_DIVISOR: u64 = 20;
/// Largest share by which statements, or holes of this host, may change at once, as a divisor: a half (safety design,
/// T8).
const CHANGE_DIVISOR: u64 = 2;
/// A change by so few is never suspect: small hosts and young releases see busy weeks (no source; the tracker's releases
/// have tens of thousands of statements).
const USUAL_CHANGE: u64 = 100;

/// What content is measured against.
#[derive(Clone, Copy)]
pub struct Gate<'a> {
    /// The format that it claims to have.
    pub format: Format,
    /// The release of this host.
    pub release: &'a Distribution,
    /// The digest that the administrator configured.
    pub pin: Option<Sha256>,
    /// The content in use.
    pub last_good: Option<&'a StoredContent>,
    /// The administrator accepts older or smaller content this time.
    pub accept_older: bool,
    /// The time.
    pub now: DateTime<Utc>,
}

/// Content that passed, compiled.
#[derive(Clone, Debug)]
pub struct Admitted {
    /// The index of the release.
    pub index: Vec<u8>,
    /// Statements, all releases together.
    pub entries: u64,
    /// Statements about packages of the release.
    pub advisories: u64,
    /// Statements that could not be read.
    pub unread: Unread,
}

/// Content that is not believed.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Step 1.
    #[error("larger than the limit of {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// Step 3, for a file that is gone.
    #[error("cannot be read")]
    Read {
        /// What the system answered.
        #[source]
        source: StorageError,
    },
    /// Step 2.
    #[error("its SHA-256 is {found}, {expected} is configured")]
    Pin {
        /// The digest it has.
        found: Sha256,
        /// The digest it should have.
        expected: Sha256,
    },
    /// Step 2, for content that a repository lists with its digest.
    #[error("is not what the repository lists")]
    Repository {
        /// What differs.
        #[source]
        source: RepomdError,
    },
    /// Step 3.
    #[error("cannot be decompressed")]
    Compression {
        /// What is wrong with it.
        #[source]
        source: DecompressError,
    },
    /// Step 4.
    #[error("is no feed")]
    Shape {
        /// What is wrong with it.
        #[source]
        source: FeedError,
    },
    /// Step 4, for a release that the feed does not speak about.
    #[error("says nothing about {release}")]
    Release {
        /// The release.
        release: String,
    },
    /// Step 5.
    #[error("its date {published} lies in the future")]
    FromTheFuture {
        /// The vendor's date.
        published: DateTime<Utc>,
    },
    /// Step 6.
    #[error("its date {published} is before {known}, the date of the content in use")]
    Older {
        /// The vendor's date.
        published: DateTime<Utc>,
        /// The date of the content in use.
        known: DateTime<Utc>,
    },
    /// Step 6, for parts that nothing binds to each other.
    #[error("its parts are more than 48 hours apart: one is of {oldest}, the archive beside it of {newest}")]
    Mixed {
        /// The date of the older part.
        oldest: DateTime<Utc>,
        /// The day of the newer one.
        newest: chrono::NaiveDate,
    },
    /// Step 7.
    #[error("has {found} entries where the content in use has {known}: more than 5 % vanished")]
    Shrunk {
        /// Entries it has.
        found: u64,
        /// Entries of the content in use.
        known: u64,
    },
    /// Step 7.
    #[error("has {found} statements where the content in use has {known}: more than 50 % more at once")]
    Grown {
        /// Statements it has.
        found: u64,
        /// Statements of the content in use.
        known: u64,
    },
    /// Step 8.
    #[error(
        "leaves {found} holes open on this host where the content in use has {known}: a change by more than 50 %"
    )]
    Upheaval {
        /// Holes that it calls open here.
        found: u64,
        /// Holes that the content in use calls open here.
        known: u64,
    },
    /// Steps 3 and 4, as the process tells that read it.
    #[error(transparent)]
    Told(Told),
    /// Steps 3 and 4: nothing read it to its end.
    #[error("cannot be read apart from everything else")]
    Reader {
        /// What failed.
        #[source]
        source: SealedError,
    },
    /// It cannot be compiled.
    #[error("cannot be compiled")]
    Compile {
        /// What is wrong with it.
        #[source]
        source: IndexError,
    },
}

impl Refusal {
    /// Tells whether an administrator who knows better may take the content all the same.
    pub fn is_acceptable(&self) -> bool {
        matches!(self, Self::Older { .. } | Self::Shrunk { .. } | Self::Grown { .. } | Self::Upheaval { .. })
    }

    /// Returns the whole chain in one line, for a record.
    pub fn reason(&self) -> String {
        in_one_line(self)
    }
}

/// Takes content through the steps and compiles it.
///
/// # Errors
/// The first step that it fails.
pub fn admit(
    received: &Received,
    published: Option<DateTime<Utc>>,
    gate: Gate<'_>,
) -> Result<Admitted, Refusal> {
    // 1. Size as received (T5, endless data). The transport holds the same limit while it reads.
    let limit = largest(gate.format);
    if received.size > limit {
        return Err(Refusal::TooLarge { limit });
    }
    // 2. The configured digest, before anything is decompressed or parsed (T1, altered feed).
    if let Some(expected) = gate.pin.filter(|pin| *pin != received.sha256) {
        return Err(Refusal::Pin { found: received.sha256, expected });
    }
    // 3. Size when decompressed (T6, bombs). 4. Shape, every field, and this release in it (T6 and T7, hostile or broken
    // content). Both in a process that has no rights (P19).
    let provenance =
        Provenance { content: received.identity(), published, scheme: gate.release.version_scheme() };
    let admitted = reading::read(Reading::new(received, (gate.format, gate.release), provenance))?;
    // 5. and 6. Its date (T3, fast-forward and rollback; T2, freeze).
    check_date(published, gate)?;
    // 7. Its size against the content in use (T8, "everything is fixed"; broken off transfers). Step 8 needs the host.
    check_size(admitted.entries, admitted.advisories, gate)?;
    Ok(admitted)
}

fn check_date(published: Option<DateTime<Utc>>, gate: Gate<'_>) -> Result<(), Refusal> {
    let Some(published) = published else { return Ok(()) };
    if published > gate.now + LARGEST_LEAD {
        return Err(Refusal::FromTheFuture { published });
    }
    match gate.last_good.and_then(|content| content.published) {
        Some(known) if published < known && !gate.accept_older => Err(Refusal::Older { published, known }),
        _ => Ok(()),
    }
}

/// Checks the date that another host fetched content on, as that of a vendor is checked, and so that no import goes back
/// behind what this host knows.
///
/// # Errors
/// [`Refusal::FromTheFuture`], [`Refusal::Older`].
pub fn check_fetched(
    fetched: Option<DateTime<Utc>>,
    known: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    match (fetched, known) {
        (Some(published), _) if published > now + LARGEST_LEAD => Err(Refusal::FromTheFuture { published }),
        (Some(published), Some(known)) if published < known => Err(Refusal::Older { published, known }),
        _ => Ok(()),
    }
}

fn check_size(entries: u64, advisories: u64, gate: Gate<'_>) -> Result<(), Refusal> {
    let Some(last) = gate.last_good.filter(|_| !gate.accept_older) else { return Ok(()) };
    let of_release = last.advisories.get(&gate.release.release_key()).copied().unwrap_or(0);
    for (found, known) in [(entries, last.entries), (advisories, of_release)] {
        if known.saturating_sub(found) > known / SHRINK_DIVISOR {
            return Err(Refusal::Shrunk { found, known });
        }
        if known > 0 && changes_much(found, known) {
            return Err(Refusal::Grown { found, known });
        }
    }
    Ok(())
}

fn changes_much(found: u64, known: u64) -> bool {
    let change = found.abs_diff(known);
    change > USUAL_CHANGE && change > known / CHANGE_DIVISOR
}

/// 8. What it would mean for this host, against the content in use (T8): the counts are of open holes by each.
///
/// # Errors
/// [`Refusal::Upheaval`].
pub fn check_upheaval(found: u64, known: u64) -> Result<(), Refusal> {
    if changes_much(found, known) { Err(Refusal::Upheaval { found, known }) } else { Ok(()) }
}

/// 9. Its age, at every use (T2, freeze): beyond the maximum, or dated ahead of the clock, it is stale.
pub fn state_by_age(content: &StoredContent, max_age: Duration, now: DateTime<Utc>) -> FeedState {
    let age = now.signed_duration_since(content.dated());
    let limit = TimeDelta::from_std(max_age).unwrap_or(TimeDelta::MAX);
    let clock_went_back = now + CLOCK_TOLERANCE < content.fetched;
    if age > limit || clock_went_back { FeedState::Stale } else { FeedState::Fresh }
}
