//! apk's name for a SHA-1 digest: `Q1` and the digest in base 64 (apk-tools, `src/blob.c`, `apk_blob_push_csum`).
//!
//! An index states it of the first, compressed part of an archive behind its signature; that part names the SHA-256 of
//! the rest (`datahash`). The database states it of files. SHA-1 is apk's own choice, and no defence against somebody who
//! makes both files of a pair; beside it the signature of the archive counts.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha1::{Digest, Sha1};

/// Bytes of a SHA-1 digest (FIPS 180-4).
const LENGTH: usize = 20;
/// What stands before the digits.
const MARK: &str = "Q1";
/// The digits of base 64 (RFC 4648, section 4).
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A SHA-1 digest as apk writes it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct ApkChecksum([u8; LENGTH]);

/// A text that is no checksum of apk.
#[derive(Debug, thiserror::Error)]
#[error("not a checksum of apk (Q1 and 28 characters expected): {text:?}")]
pub struct ApkChecksumError {
    /// The text as it was given.
    pub text: String,
}

impl ApkChecksum {
    /// Returns the checksum of some content.
    pub fn of(content: &[u8]) -> Self {
        Self(Sha1::digest(content).into())
    }

    /// Wraps what a hasher produced elsewhere.
    pub fn from_bytes(bytes: [u8; LENGTH]) -> Self {
        Self(bytes)
    }

    /// Returns the first four bytes as eight hexadecimal digits, as names of files in apk's cache have them.
    pub fn short(&self) -> String {
        self.0.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Display for ApkChecksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MARK)?;
        for group in self.0.chunks(3) {
            let number = group.iter().fold(0u32, |number, byte| number << 8 | u32::from(*byte));
            let (bits, digits) = (8 * group.len() as u32, group.len() + 1);
            let padded = number << (digits as u32 * 6 - bits);
            for place in (0..digits).rev() {
                let digit = DIGITS[(padded >> (6 * place) & 63) as usize];
                write!(f, "{}", char::from(digit))?;
            }
        }
        f.write_str("=")
    }
}

impl fmt::Debug for ApkChecksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for ApkChecksum {
    type Err = ApkChecksumError;

    fn from_str(text: &str) -> Result<Self, ApkChecksumError> {
        let refuse = || ApkChecksumError { text: text.chars().take(80).collect() };
        let digits = text.strip_prefix(MARK).and_then(|rest| rest.strip_suffix('=')).ok_or_else(refuse)?;
        let value = |byte: u8| DIGITS.iter().position(|digit| *digit == byte);
        let values: Option<Vec<usize>> = digits.bytes().map(value).collect();
        let values = values.filter(|values| values.len() == 27).ok_or_else(refuse)?;
        let mut bytes = [0u8; LENGTH];
        for (at, byte) in bytes.iter_mut().enumerate() {
            let (first, shift) = (at * 8 / 6, at * 8 % 6);
            let pair = values[first] << 6 | values[first + 1];
            *byte = (pair >> (4 - shift) & 0xff) as u8;
        }
        let checksum = Self(bytes);
        // The last digit has two bits that say nothing; only zeros are written there.
        if checksum.to_string() == text { Ok(checksum) } else { Err(refuse()) }
    }
}

impl TryFrom<String> for ApkChecksum {
    type Error = ApkChecksumError;

    fn try_from(text: String) -> Result<Self, ApkChecksumError> {
        text.parse()
    }
}

impl From<ApkChecksum> for String {
    fn from(checksum: ApkChecksum) -> Self {
        checksum.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_is_written_as_apk_does() {
        // SHA-1 of "abc" is a9993e36 4706816a ba3e2571 7850c26c 9cd0d89d (FIPS 180-4).
        let checksum = ApkChecksum::of(b"abc");
        assert_eq!(checksum.to_string(), "Q1qZk+NkcGgWq6PiVxeFDCbJzQ2J0=");
        assert_eq!(checksum.to_string().parse::<ApkChecksum>().ok(), Some(checksum));
        assert_eq!(checksum.short(), "a9993e36");
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "Q1", "Q2qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", "Q1qZk+NkcGgWq6PiVxeFDCbJzQ2J1=", "Q1é="] {
            assert!(text.parse::<ApkChecksum>().is_err(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn every_checksum_survives_the_way_through_text(bytes: [u8; 20], text in "(Q1)?[A-Za-z0-9+/]{0,30}=?") {
            let checksum = ApkChecksum::from_bytes(bytes);
            assert_eq!(checksum.to_string().parse::<ApkChecksum>().ok(), Some(checksum));
            let _ = text.parse::<ApkChecksum>();
        }
    }
}
