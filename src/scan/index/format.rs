//! The shape of an index file, little-endian throughout:
//!
//! ```text
//! header   96 bytes   magic, version, digest of all that follows it, provenance, counts
//! sources  16 bytes   name (offset, length), first row, number of rows; sorted by name, no name twice
//! rows     24 bytes   id, fixed version, note (offset, length each), state, severity
//! texts               UTF-8, what the offsets point into
//! ```
//!
//! A fixed version or note of length zero is absent.

use chrono::{DateTime, Utc};

use crate::model::advisory::VendorState;
use crate::model::digest::Sha256;
use crate::model::severity::Severity;

/// First bytes of every index file.
pub(super) const MAGIC: [u8; 8] = *b"PATCHIDX";
/// Rises with every change of the shape; files of another version are built again.
pub(super) const VERSION: u32 = 1;
/// Bytes of the header.
pub(super) const HEADER: usize = 96;
/// Where the part begins that the digest covers.
pub(super) const COVERED: usize = 44;
/// Bytes of a source entry.
pub(super) const SOURCE: usize = 16;
/// Bytes of a row.
pub(super) const ROW: usize = 24;

/// What an index was built from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// Digest of the feed's content as it was received.
    pub content: Sha256,
    /// The vendor's date of the content.
    pub published: Option<DateTime<Utc>>,
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
const STATES: [VendorState; 8] = [
    VendorState::Fixed,
    VendorState::NotAffected,
    VendorState::Open,
    VendorState::NoAdvisory,
    VendorState::Postponed,
    VendorState::Ignored,
    VendorState::EndOfLife,
    VendorState::Undetermined,
];

/// Every severity with its number in the file.
const SEVERITIES: [Severity; 6] = Severity::ALL;

pub(super) fn state_number(state: VendorState) -> u8 {
    number(&STATES, &state)
}

pub(super) fn severity_number(severity: Severity) -> u8 {
    number(&SEVERITIES, &severity)
}

fn number<T: PartialEq>(table: &[T], wanted: &T) -> u8 {
    table.iter().zip(0u8..).find(|(entry, _)| *entry == wanted).map_or(u8::MAX, |(_, number)| number)
}

pub(super) fn state(number: u8) -> Option<VendorState> {
    STATES.get(usize::from(number)).copied()
}

pub(super) fn severity(number: u8) -> Option<Severity> {
    SEVERITIES.get(usize::from(number)).copied()
}

/// Reads a number of four bytes.
pub(super) fn number_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Reads a signed number of eight bytes.
pub(super) fn long_at(bytes: &[u8], at: usize) -> Option<i64> {
    Some(i64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_and_severity_comes_back() {
        for wanted in STATES {
            assert_eq!(state(state_number(wanted)), Some(wanted));
        }
        for wanted in SEVERITIES {
            assert_eq!(severity(severity_number(wanted)), Some(wanted));
        }
        assert_eq!((state(8), severity(6)), (None, None));
    }
}
