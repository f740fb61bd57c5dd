//! OpenPGP: whether content carries a good signature of a key that the administrator trusts.
//!
//! The host's own `gpgv` verifies, so that the distribution keeps the cryptography patched. Its exit code is no answer:
//! it is 0 for a signature of an expired key and for one over SHA-1, and 2 for a good one beside one of an unknown key
//! (measured with gpgv 2.2.40). Its status lines are, read strictly ([`status`]).

mod armour;
#[cfg(test)]
pub(crate) mod forge;
mod gpgv;
mod status;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

pub use self::gpgv::Gpgv;
pub use self::status::StatusError;
use crate::host::runner::RunError;
use crate::host::storage::StorageError;

/// Largest signature file that is fetched; one signature has under two kilobytes.
pub const LARGEST_SIGNATURE: u64 = 64 * 1024;
/// What may follow the address of content to give that of its detached signature, in the order of trying: repositories
/// and vendors of CSAF write `.asc` (CSAF 2.0, section 7.1.20), others `.sig`.
pub const SUFFIXES: [&str; 2] = [".asc", ".sig"];

/// Content, its detached signature, and the keys that count.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// The content.
    pub content: &'a Path,
    /// Its signature, in either of the two forms of OpenPGP.
    pub signature: &'a Path,
    /// The public keys, in either form.
    pub keys: &'a Path,
}

/// A message that carries its signature itself, and the files of keys that count.
#[derive(Clone, Copy, Debug)]
pub struct SignedInside<'a> {
    /// The message (RFC 4880, section 7).
    pub message: &'a Path,
    /// Files of public keys, in either form.
    pub keys: &'a [PathBuf],
}

/// Who signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// Fingerprint of the primary key, in upper case.
    pub fingerprint: String,
}

/// Tells good signatures from others. `Ok` means: at least one signature of one of the keys is good, made with a digest
/// that still counts, and no signature of one of them is anything else.
pub trait Verifier {
    /// Verifies a detached signature over the whole content.
    ///
    /// # Errors
    /// The signature is not good, or it cannot be verified here.
    fn verify(&self, signed: Signed<'_>) -> Result<Signer, SignatureError>;

    /// Verifies a signature that stands in its message, and returns the text that it is over: nothing else in the file
    /// is signed.
    ///
    /// # Errors
    /// As [`Verifier::verify`].
    fn verify_inside(&self, signed: SignedInside<'_>) -> Result<(Signer, Vec<u8>), SignatureError>;
}

/// A signature that does not prove anything.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    /// There is nothing to verify with.
    #[error("there is no gpgv on this host, so no signature can be verified (its package is gpgv or gnupg2)")]
    NoVerifier,
    /// There is no signature.
    #[error("there is no signature: neither {location}.asc nor {location}.sig")]
    Missing {
        /// Address of the content.
        location: String,
    },
    /// A bundle without a verified signature brings content that has to be signed.
    #[error("it must be signed, and nobody verified who made the bundle: set feeds.bundle_key")]
    UnsignedBundle,
    /// The key file cannot be read.
    #[error("cannot read the key file {path}")]
    ReadKeys {
        /// The file.
        path: PathBuf,
        /// What the system answered.
        #[source]
        source: StorageError,
    },
    /// The key file holds no key.
    #[error("{path} holds no OpenPGP public key: {reason}")]
    Keys {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A file for the verifier cannot be written.
    #[error("cannot lay out the keys for the verifier")]
    LayOut {
        /// What the system answered.
        #[source]
        source: StorageError,
    },
    /// The verifier cannot be run.
    #[error("cannot verify a signature")]
    Run {
        /// What the system answered.
        #[source]
        source: RunError,
    },
    /// The verifier did not end in time.
    #[error("the verification of the signature did not end in time")]
    TimedOut,
    /// The verifier's answer.
    #[error("the signature is not good")]
    Status {
        /// What is wrong with it.
        #[source]
        source: StatusError,
    },
}

impl SignatureError {
    /// Tells whether content came and is to blame, as opposed to this host or its configuration.
    pub fn is_of_content(&self) -> bool {
        matches!(self, Self::Missing { .. } | Self::UnsignedBundle | Self::Status { .. })
    }
}
