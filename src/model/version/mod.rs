//! Versions over the orderings of the package families: comparing two families is an error, never an order.

pub mod alpm;
pub mod apk;
mod deb;
mod evr;
pub mod rpm;

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
    /// rpm's order (rpm-version(7)).
    Rpm,
    /// apk's order (apk-package(5)).
    Apk,
    /// pacman's order (vercmp(8)).
    Alpm,
}

/// Orders two texts as their family does, without allocation; `None` where one of them is outside the order (apk
/// alone knows such texts), which a scanner has to call unknown.
pub fn compare_text(scheme: VersionScheme, left: &str, right: &str) -> Option<Ordering> {
    match scheme {
        VersionScheme::Deb => Some(deb::compare(left, right)),
        VersionScheme::Rpm => Some(rpm::compare(left, right)),
        VersionScheme::Apk => apk::compare(left, right),
        VersionScheme::Alpm => Some(alpm::compare(left, right)),
    }
}

/// A version as its vendor wrote it.
///
/// Equality is equality of the text; [`Version::compare`] gives the family's own order, in which different texts
/// can be equal (`1.0` and `0:1.0`).
///
/// # In documents
/// A Debian version is written as its text. Versions of the other families carry the name of their order in front:
/// `rpm:1.1.1k-12.el8`, `apk:1.2.4-r0`, `alpm:1:2.0-1`. So each says by itself how it is read back, whatever document it
/// stands in, and none can be taken for a Debian version, whose epoch is a number (deb-version(7)). People are
/// shown the text alone.
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

/// Why two versions have no order.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum VersionOrderError {
    /// They belong to different families.
    #[error("versions of two families cannot be compared: {left} and {right}")]
    TwoFamilies {
        /// The version on the left.
        left: String,
        /// The version on the right.
        right: String,
    },
    /// One of them is no version to its package manager.
    #[error("one of these is no version that can be compared: {left} and {right}")]
    NoOrder {
        /// The version on the left.
        left: String,
        /// The version on the right.
        right: String,
    },
}

impl VersionScheme {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Deb, Self::Rpm, Self::Apk, Self::Alpm];

    /// Returns the name of the order, which stands before a version in a document; Debian's is written without.
    pub fn name(self) -> &'static str {
        match self {
            Self::Deb => "deb",
            Self::Rpm => "rpm",
            Self::Apk => "apk",
            Self::Alpm => "alpm",
        }
    }

    /// Checks that a text can be a version of this family, and keeps nothing of it.
    ///
    /// # Errors
    /// The text cannot be a version of this family.
    pub fn accept(self, text: &str) -> Result<(), VersionError> {
        self.check(text).map_err(|reason| VersionError { text: text.to_owned(), reason })
    }

    /// Checks that a text can be a version that a package manager records. Debian's grammar is dpkg's own; of the
    /// others only what no version can have is refused, because their databases hold what others built: a text that
    /// is not to be compared is told when it is compared.
    fn check(self, text: &str) -> Result<(), &'static str> {
        match self {
            Self::Deb => deb::check(text),
            _ if text.is_empty() => Err("it is empty"),
            _ if text.bytes().all(|b| b.is_ascii_graphic()) => Ok(()),
            _ => Err("it has a character that versions cannot have"),
        }
    }
}

impl Version {
    /// Reads a version of a family.
    ///
    /// # Errors
    /// The text cannot be a version of that family.
    pub fn of(scheme: VersionScheme, text: &str) -> Result<Self, VersionError> {
        scheme.accept(text)?;
        Ok(Self { scheme, text: Arc::from(text) })
    }

    /// Reads a Debian version.
    ///
    /// # Errors
    /// The text breaks the grammar of deb-version(7) as dpkg enforces it.
    pub fn deb(text: &str) -> Result<Self, VersionError> {
        Self::of(VersionScheme::Deb, text)
    }

    /// Reads an rpm version, `[epoch:]version[-release]`.
    ///
    /// # Errors
    /// It is empty, or has a blank, a control character or one outside ASCII.
    pub fn rpm(text: &str) -> Result<Self, VersionError> {
        Self::of(VersionScheme::Rpm, text)
    }

    /// Reads an apk version. One that apk would not accept is kept, and has no order ([`Version::is_ordered`]).
    ///
    /// # Errors
    /// As [`Version::rpm`].
    pub fn apk(text: &str) -> Result<Self, VersionError> {
        Self::of(VersionScheme::Apk, text)
    }

    /// Reads a pacman version, `[epoch:]version[-release]`.
    ///
    /// # Errors
    /// As [`Version::rpm`].
    pub fn alpm(text: &str) -> Result<Self, VersionError> {
        Self::of(VersionScheme::Alpm, text)
    }

    /// Returns the text as the vendor wrote it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the family whose order applies.
    pub fn scheme(&self) -> VersionScheme {
        self.scheme
    }

    /// Tells whether it can be compared with its kind at all.
    pub fn is_ordered(&self) -> bool {
        self.scheme != VersionScheme::Apk || apk::is_valid(&self.text)
    }

    /// Orders two versions as their family does.
    ///
    /// # Errors
    /// The two belong to different families, or one is outside its family's order.
    pub fn compare(&self, other: &Self) -> Result<Ordering, VersionOrderError> {
        let texts = || (self.text.as_ref().to_owned(), other.text.as_ref().to_owned());
        if self.scheme != other.scheme {
            let (left, right) = texts();
            return Err(VersionOrderError::TwoFamilies { left, right });
        }
        compare_text(self.scheme, &self.text, &other.text).ok_or_else(|| {
            let (left, right) = texts();
            VersionOrderError::NoOrder { left, right }
        })
    }

    /// Tells whether this version is older than `other`; versions without an order are not.
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
        let named = text.split_once(':');
        let others = VersionScheme::ALL.into_iter().filter(|scheme| *scheme != VersionScheme::Deb);
        match named.and_then(|(name, rest)| Some((others.into_iter().find(|s| s.name() == name)?, rest))) {
            Some((scheme, rest)) => Self::of(scheme, rest),
            None => Self::deb(&text),
        }
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        match version.scheme {
            VersionScheme::Deb => version.text.as_ref().to_owned(),
            other => format!("{}:{}", other.name(), version.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_is_read_back_as_it_was_written() {
        let json = |version: &Version| serde_json::to_string(version).expect("texts are JSON");
        for (version, written) in [
            (Version::deb("1:2.0-1"), "\"1:2.0-1\""),
            (Version::rpm("1:1.1.1k-12.el8^git"), "\"rpm:1:1.1.1k-12.el8^git\""),
            (Version::apk("1.2.4-r0"), "\"apk:1.2.4-r0\""),
            (Version::alpm("1:2.0-1"), "\"alpm:1:2.0-1\""),
        ] {
            let version = version.expect("valid");
            assert_eq!(json(&version), written);
            assert_eq!(serde_json::from_str::<Version>(written).ok().as_ref(), Some(&version));
        }
        assert!(serde_json::from_str::<Version>("\"deb:1\"").is_err(), "an epoch is a number");
    }

    #[test]
    fn two_families_and_broken_versions_have_no_order() {
        let (deb, rpm) = (Version::deb("1.0-1").expect("valid"), Version::rpm("1.0-1").expect("valid"));
        assert!(matches!(deb.compare(&rpm), Err(VersionOrderError::TwoFamilies { .. })));
        let (sound, broken) =
            (Version::apk("1.0-r0").expect("valid"), Version::apk("1.6rc1-r0").expect("kept"));
        assert!(matches!(sound.compare(&broken), Err(VersionOrderError::NoOrder { .. })));
        assert!(sound.is_ordered() && !broken.is_ordered());
        assert!(!sound.is_older_than(&broken) && !broken.is_older_than(&sound));
    }

    #[test]
    fn what_no_version_can_have_is_refused() {
        for scheme in VersionScheme::ALL {
            for text in ["", "1 2", "1\n", "1\u{1b}[31m", "1é"] {
                assert!(Version::of(scheme, text).is_err(), "{scheme:?} {text:?}");
            }
        }
    }
}
