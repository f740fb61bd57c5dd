//! The database as it is written, the same in JSON and in YAML.

use std::borrow::Cow;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::scan::feed::content::Text;

/// `{distroversion, reponame, packages: [{pkg: {…}}]}`
#[derive(Deserialize)]
pub(super) struct Document<'a> {
    /// `v3.20` or `edge`; Wolfi and Chainguard have none.
    #[serde(borrow, rename = "distroversion", default, deserialize_with = "optional_text")]
    pub(super) branch: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "list")]
    pub(super) packages: Vec<Listed<'a>>,
}

/// `{pkg: {…}}`
#[derive(Deserialize)]
pub(super) struct Listed<'a> {
    #[serde(borrow, rename = "pkg")]
    pub(super) package: Package<'a>,
}

/// `{name, secfixes: {version: [identifiers]}}`
#[derive(Deserialize)]
pub(super) struct Package<'a> {
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) secfixes: Fixes<'a>,
}

/// Versions with what they fixed, as they stand there; a version may stand twice.
#[derive(Default)]
pub(super) struct Fixes<'a>(pub(super) Vec<Fix<'a>>);

/// A version and the entries of what it fixed.
pub(super) struct Fix<'a> {
    pub(super) version: Cow<'a, str>,
    pub(super) entries: Vec<Cow<'a, str>>,
}

/// A list; `packages:` without any stands for an empty one in the YAML of v3.3.
fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(reader: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::deserialize(reader)?.unwrap_or_default())
}

fn optional_text<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<Cow<'de, str>>, D::Error> {
    Ok(Option::<Text<'de>>::deserialize(reader)?.map(|text| text.0))
}

impl<'de: 'a, 'a> Deserialize<'de> for Fixes<'a> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        reader.deserialize_any(FixesVisitor)
    }
}

struct FixesVisitor;

impl<'de> Visitor<'de> for FixesVisitor {
    type Value = Fixes<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of versions")
    }

    fn visit_unit<E>(self) -> Result<Fixes<'de>, E> {
        Ok(Fixes::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fixes<'de>, A::Error> {
        let mut fixes = Vec::new();
        while let Some(Text(version)) = map.next_key()? {
            let entries: Option<Vec<Text<'de>>> = map.next_value()?;
            let entries = entries.unwrap_or_default().into_iter().map(|text| text.0).collect();
            fixes.push(Fix { version, entries });
        }
        Ok(Fixes(fixes))
    }
}
