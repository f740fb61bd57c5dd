//! Versions over the orderings of the package families: comparing two families is an error, never an order.

mod deb;

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use deb::{compare as compare_deb, without_binary_rebuild};

/// A package family's way of ordering versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VersionScheme {
    /// dpkg's order (deb-version(7)).
    Deb,
}

/// A version as its vendor wrote it.
///
/// Equality is equality of the text; [`Version::compare`] gives the family's own order, in which different texts
/// can be equal (`1.0` and `0:1.0`).
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Version {
    scheme: VersionScheme,
    text: Arc<str>,
}

/// A text that its family does not accept as a version.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid version: {text:?} ({reason})")]
pub struct VersionError {
    /// The text as it was given.
    pub text: String,
    /// What the family's grammar forbids in it.
    pub reason: &'static str,
}

/// Two versions of different families, which have no order.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("versions of two families cannot be compared: {left} and {right}")]
pub struct SchemeMismatch {
    /// The version on the left.
    pub left: String,
    /// The version on the right.
    pub right: String,
}

impl Version {
    /// Reads a Debian version.
    ///
    /// # Errors
    /// The text breaks the grammar of deb-version(7) as dpkg enforces it.
    pub fn deb(text: &str) -> Result<Self, VersionError> {
        deb::check(text).map_err(|reason| VersionError { text: text.to_owned(), reason })?;
        Ok(Self { scheme: VersionScheme::Deb, text: Arc::from(text) })
    }

    /// Returns the text as the vendor wrote it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the family whose order applies.
    pub fn scheme(&self) -> VersionScheme {
        self.scheme
    }

    /// Orders two versions as their family does.
    ///
    /// # Errors
    /// The two belong to different families.
    pub fn compare(&self, other: &Self) -> Result<Ordering, SchemeMismatch> {
        match (self.scheme, other.scheme) {
            (VersionScheme::Deb, VersionScheme::Deb) => Ok(deb::compare(&self.text, &other.text)),
        }
    }

    /// Tells whether this version is older than `other`; versions of two families are not.
    pub fn is_older_than(&self, other: &Self) -> bool {
        self.compare(other) == Ok(Ordering::Less)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Version({})", self.text)
    }
}

impl TryFrom<String> for Version {
    type Error = VersionError;

    fn try_from(text: String) -> Result<Self, VersionError> {
        Self::deb(&text)
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.text.as_ref().to_owned()
    }
}
