//! OSV records as they are written (<https://ossf.github.io/osv-schema/>): only the fields that are used, borrowed.

use serde::de::{Deserialize, Deserializer};
use serde_json::value::RawValue;

pub(super) use crate::scan::feed::content::Text;

/// Reads a value; `null`, which some generators write for an empty list, is the empty value.
pub(super) fn or_null<'de, D, T>(reader: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(reader)?.unwrap_or_default())
}

/// Reads a value of a database's own field. The schema leaves their types to the database, so a value of another type
/// is none of those that are known here: it counts as empty.
fn or_empty<'de, D, T>(reader: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    let raw = <&RawValue>::deserialize(reader)?;
    Ok(serde_json::from_str(raw.get()).unwrap_or_default())
}

/// One record.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Record<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_null")]
    pub(super) summary: Text<'a>,
    #[serde(borrow, default)]
    pub(super) published: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) withdrawn: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "or_null")]
    pub(super) aliases: Vec<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "or_null")]
    pub(super) upstream: Vec<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "or_null")]
    pub(super) related: Vec<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "or_null")]
    pub(super) severity: Vec<Score<'a>>,
    #[serde(borrow, default, deserialize_with = "or_null")]
    pub(super) affected: Vec<AffectedPackage<'a>>,
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub(super) database_specific: Words<'a>,
}

/// A severity: a CVSS vector, or a word of the vendor (type `Ubuntu`).
#[derive(Debug, serde::Deserialize)]
pub(super) struct Score<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) score: Text<'a>,
}

/// What one record says of one package of one release.
#[derive(Debug, serde::Deserialize)]
pub(super) struct AffectedPackage<'a> {
    #[serde(borrow, default)]
    pub(super) package: Option<Package<'a>>,
    #[serde(borrow, default, deserialize_with = "or_null")]
    pub(super) ranges: Vec<Range<'a>>,
    /// The list of versions, read only for the releases that matter: it is nine tenths of Ubuntu's records.
    #[serde(borrow, default)]
    pub(super) versions: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "or_null")]
    pub(super) severity: Vec<Score<'a>>,
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub(super) ecosystem_specific: Words<'a>,
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub(super) database_specific: Words<'a>,
}

/// A package of an ecosystem.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Package<'a> {
    #[serde(borrow)]
    pub(super) ecosystem: Text<'a>,
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_null")]
    pub(super) purl: Text<'a>,
}

/// A range of versions.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Range<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) events: Vec<Event<'a>>,
}

/// One end of a range. Exactly one of the fields is there.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Event<'a> {
    #[serde(borrow, default)]
    pub(super) introduced: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) fixed: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) last_affected: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) limit: Option<Text<'a>>,
}

/// The words that the databases add in their own fields.
#[derive(Debug, Default, serde::Deserialize)]
pub(super) struct Words<'a> {
    /// Debian: `unimportant`, `low`, `end-of-life` …
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub(super) urgency: Text<'a>,
    /// A severity in words, where there is one.
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub(super) severity: Text<'a>,
    /// Ubuntu's priority in records of early 2025.
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub(super) ubuntu_priority: Text<'a>,
    /// Ubuntu: which subscription gives access to the fix.
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub(super) availability: Text<'a>,
    /// Ubuntu's livepatch notices: the names of the modules that close the holes.
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub(super) module_name_regex: Text<'a>,
    /// Ubuntu's livepatch notices: the number of those modules.
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub(super) module_version: Text<'a>,
    /// Ubuntu's notices: the CVEs that concern this release.
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub(super) cves_map: CvesOfRelease<'a>,
    /// SUSE: `[{name: version}]`. Ubuntu: `[{binary_name, binary_version}]`, which is not used.
    #[serde(borrow, default)]
    pub(super) binaries: Option<&'a RawValue>,
}

/// The CVEs of a notice that concern one release.
#[derive(Debug, Default, serde::Deserialize)]
pub(super) struct CvesOfRelease<'a> {
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub(super) cves: Vec<CveOfRelease<'a>>,
}

/// One of them.
#[derive(Debug, serde::Deserialize)]
pub(super) struct CveOfRelease<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub(super) severity: Vec<Score<'a>>,
}
