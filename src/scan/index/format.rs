//! The shape of an index file, little-endian throughout:
//!
//! ```text
//! header            88 bytes   magic, version, checksum of what follows it up to the rows, provenance, counts
//! names             20 bytes   name (offset, length), subject, first row, number of rows, checksum of them; sorted by
//!                              subject and name
//! details           20 bytes   what else rows have, once for all that are alike: vulnerabilities, score, note, date
//! vulnerabilities    8 bytes   identifiers that several rows may share
//! bounds            32 bytes   what few rows have: introduced, last affected, architecture, module, channel
//! texts                        UTF-8, what the offsets point into
//! rows              24 bytes   one statement about one package: what every judgement reads
//! ```
//!
//! Rows are nearly all of the file, and a host needs those of what it has installed: they lie at the end, the rows of
//! each name under a checksum of their own, so that a scan reads those alone. A row names its details and bounds by
//! number, from 1; 0 means that there are none. A text of length zero is absent. An identifier is a CVE as number, or
//! the place of a text with the top bit set.

use chrono::{DateTime, Utc};

use crate::model::advisory::{Subject, VendorState};
use crate::model::digest::Sha256;
use crate::model::severity::Severity;
use crate::model::version::VersionScheme;

/// First bytes of every index file.
pub(super) const MAGIC: [u8; 8] = *b"PATCHIDX";
/// Rises with every change of the shape; files of another version are built again.
pub(super) const VERSION: u32 = 4;
/// Bytes of the header.
pub(super) const HEADER: usize = 88;
/// Where the part begins that the checksum of the header covers; it ends where the rows begin.
pub(super) const COVERED: usize = 16;
/// Bytes of a name entry.
pub(super) const NAME: usize = 20;
/// Bytes of a row.
pub(super) const ROW: usize = 24;
/// Bytes of a details entry.
pub(super) const DETAILS: usize = 20;
/// Bytes of a shared identifier.
pub(super) const VULNERABILITY: usize = 8;
/// Bytes of a bounds entry.
pub(super) const BOUNDS: usize = 32;

/// Bytes of an entry of each part, in the order of the file.
pub(super) const SIZES: [usize; 6] = [NAME, DETAILS, VULNERABILITY, BOUNDS, 1, ROW];

/// Returns the checksum of what follows it: CRC-32 finds every single flipped bit and every burst of up to 32 bits.
/// It guards against damage; against strangers the cache is guarded by its folder's owner.
pub(super) fn checksum(covered: &[u8]) -> u32 {
    crc32fast::hash(covered)
}

/// Offsets in the header.
pub(super) mod header {
    pub(crate) const CHECKSUM: usize = 12;
    pub(crate) const CONTENT: usize = 16;
    pub(crate) const PUBLISHED: usize = 48;
    pub(crate) const SCHEME: usize = 56;
    /// The numbers of entries, four bytes each, in the order of the file.
    pub(crate) const COUNTS: usize = 60;
}

/// Offsets in a name entry.
pub(super) mod name {
    pub(crate) const TEXT: usize = 0;
    pub(crate) const SUBJECT: usize = 6;
    pub(crate) const FIRST_ROW: usize = 8;
    pub(crate) const ROWS: usize = 12;
    pub(crate) const CHECKSUM: usize = 16;
}

/// Offsets in a row.
pub(super) mod row {
    pub(crate) const ID: usize = 0;
    pub(crate) const FIXED: usize = 8;
    pub(crate) const STATE: usize = 14;
    pub(crate) const SEVERITY: usize = 15;
    pub(crate) const DETAILS: usize = 16;
    pub(crate) const BOUNDS: usize = 20;
}

/// Offsets in a details entry.
pub(super) mod details {
    pub(crate) const FIRST_VULNERABILITY: usize = 0;
    pub(crate) const VULNERABILITIES: usize = 4;
    pub(crate) const CVSS: usize = 6;
    pub(crate) const NOTE: usize = 8;
    pub(crate) const PUBLISHED: usize = 14;
}

/// Offsets in a bounds entry.
pub(super) mod bounds {
    pub(crate) const INTRODUCED: usize = 0;
    pub(crate) const LAST_AFFECTED: usize = 6;
    pub(crate) const ARCHITECTURE: usize = 12;
    pub(crate) const MODULE: usize = 18;
    pub(crate) const CHANNEL: usize = 24;
}

/// A number of vulnerabilities that says: the identifier itself is the one vulnerability.
pub(super) const OWN_IDENTIFIER: u16 = u16::MAX;
/// A CVSS score that is not known.
pub(super) const NO_CVSS: u8 = u8::MAX;
/// Marks an identifier that is the place of a text.
pub(super) const TEXT_IDENTIFIER: u64 = 1 << 63;

/// What an index was built from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// Digest of the feed's content as it was received.
    pub content: Sha256,
    /// The vendor's date of the content.
    pub published: Option<DateTime<Utc>>,
    /// The order of its versions.
    pub scheme: VersionScheme,
}

/// Why bytes are no index that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// It does not begin as an index does.
    #[error("it is not an index of patchctl")]
    NotAnIndex,
    /// Written by another patchctl.
    #[error("it has format version {found}, this patchctl writes {VERSION}")]
    OtherVersion {
        /// The version found.
        found: u32,
    },
    /// Bytes changed, or some are missing.
    #[error("it is damaged: {what}")]
    Damaged {
        /// What does not fit.
        what: &'static str,
    },
    /// More than the format can hold.
    #[error("too large for an index: {what}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
    },
}

/// Every state with its number in the file.
const STATES: [VendorState; 11] = [
    VendorState::Fixed,
    VendorState::NotAffected,
    VendorState::Open,
    VendorState::NoAdvisory,
    VendorState::Postponed,
    VendorState::Ignored,
    VendorState::EndOfLife,
    VendorState::Undetermined,
    VendorState::UnderInvestigation,
    VendorState::NeedsEntitlement,
    VendorState::Unconfirmed,
];

/// Every severity with its number in the file.
const SEVERITIES: [Severity; 6] = Severity::ALL;

/// Every subject with its number in the file, in their order.
pub(super) const SUBJECTS: [Subject; 3] = [Subject::Source, Subject::Binary, Subject::SourcePrefix];

/// Every order of versions with its number in the file.
const SCHEMES: [VersionScheme; 4] =
    [VersionScheme::Deb, VersionScheme::Rpm, VersionScheme::Apk, VersionScheme::Alpm];

fn number<T: PartialEq>(table: &[T], wanted: &T) -> u8 {
    table.iter().zip(0u8..).find(|(entry, _)| *entry == wanted).map_or(u8::MAX, |(_, number)| number)
}

pub(super) fn state_number(state: VendorState) -> u8 {
    number(&STATES, &state)
}

pub(super) fn severity_number(severity: Severity) -> u8 {
    number(&SEVERITIES, &severity)
}

pub(super) fn subject_number(subject: Subject) -> u8 {
    number(&SUBJECTS, &subject)
}

pub(super) fn scheme_number(scheme: VersionScheme) -> u8 {
    number(&SCHEMES, &scheme)
}

pub(super) fn state(number: u8) -> Option<VendorState> {
    STATES.get(usize::from(number)).copied()
}

pub(super) fn severity(number: u8) -> Option<Severity> {
    SEVERITIES.get(usize::from(number)).copied()
}

pub(super) fn subject(number: u8) -> Option<Subject> {
    SUBJECTS.get(usize::from(number)).copied()
}

pub(super) fn scheme(number: u8) -> Option<VersionScheme> {
    SCHEMES.get(usize::from(number)).copied()
}

/// Reads a number of two bytes.
pub(super) fn short_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Reads a number of four bytes.
pub(super) fn number_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Reads a number of eight bytes.
pub(super) fn long_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_comes_back_from_its_number() {
        assert!(STATES.iter().all(|word| state(state_number(*word)) == Some(*word)));
        assert!(SEVERITIES.iter().all(|word| severity(severity_number(*word)) == Some(*word)));
        assert!(SUBJECTS.iter().all(|word| subject(subject_number(*word)) == Some(*word)));
        assert!(SCHEMES.iter().all(|word| scheme(scheme_number(*word)) == Some(*word)));
        assert!(SUBJECTS.is_sorted());
        assert_eq!((state(11), severity(6), subject(3)), (None, None, None));
    }
}
