//! The tracker's JSON as it is written: visitors that borrow from the content and keep one release.

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::Rows;
use crate::model::vulnerability::CveId;

/// Longest name of a source package or bug that is believed; the longest real ones have about 60 bytes.
pub(super) const LONGEST_NAME: usize = 128;

/// Reads a value and names the field when it is wrong.
fn value<'de, A, S>(map: &mut A, field: impl fmt::Display, seed: S) -> Result<S::Value, A::Error>
where
    A: MapAccess<'de>,
    S: DeserializeSeed<'de>,
{
    map.next_value_seed(seed).map_err(|error| A::Error::custom(format_args!("{field}: {error}")))
}

/// `{source: {bug: …}}`
pub(super) struct Sources<'r, 'a> {
    pub(super) release: &'r str,
    pub(super) rows: &'r mut Rows<'a>,
}

impl<'a> Visitor<'a> for Sources<'_, 'a> {
    /// The name of the last one.
    type Value = Cow<'a, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of source packages")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut last = Cow::default();
        while let Some(source) = map.next_key_seed(Text)? {
            if !is_plain_name(&source) {
                return Err(A::Error::custom(format_args!("not a source package: {source:?}")));
            }
            let seed = Bugs { source: &source, release: self.release, rows: &mut *self.rows };
            value(&mut map, &source, seed)?;
            last = source;
        }
        Ok(last)
    }
}

fn is_plain_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_graphic())
}

/// `CVE-YYYY-NNNN…`, or the tracker's own `TEMP-NNNNNNN-XXXXXX`.
fn is_bug(name: &str) -> bool {
    CveId::parse(name).is_some() || is_unusual_bug(name)
}

fn is_unusual_bug(name: &str) -> bool {
    let mut parts = name.split('-');
    let [prefix, number, rest, end] = [parts.next(), parts.next(), parts.next(), parts.next()];
    let digits = |text: Option<&str>, least| {
        text.is_some_and(|t| t.len() >= least && t.bytes().all(|b| b.is_ascii_digit()))
    };
    let hexadecimal =
        |text: Option<&str>| text.is_some_and(|t| !t.is_empty() && t.bytes().all(|b| b.is_ascii_hexdigit()));
    let known = match prefix {
        Some("CVE") => digits(number, 4) && digits(rest, 4),
        Some("TEMP") => digits(number, 1) && hexadecimal(rest),
        _ => false,
    };
    known && end.is_none() && name.len() <= LONGEST_NAME
}

/// `{bug: {releases: …}}` of one source package.
struct Bugs<'r, 'a> {
    source: &'r Cow<'a, str>,
    release: &'r str,
    rows: &'r mut Rows<'a>,
}

impl<'a> DeserializeSeed<'a> for Bugs<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for Bugs<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of bugs")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(bug) = map.next_key_seed(Text)? {
            if !is_bug(&bug) {
                return Err(A::Error::custom(format_args!("neither a CVE nor a TEMP id: {bug:?}")));
            }
            self.rows.entries += 1;
            if let Some(state) = value(&mut map, &bug, Bug { release: self.release })? {
                let row = state.into_advisory(self.source.clone(), bug).map_err(A::Error::custom)?;
                self.rows.advisories.push(row);
            }
        }
        Ok(())
    }
}

/// `{description, scope, releases: {codename: …}}`; gives the state in the wanted release.
#[derive(Clone, Copy)]
struct Bug<'r> {
    release: &'r str,
}

impl<'a> DeserializeSeed<'a> for Bug<'_> {
    type Value = Option<ReleaseState<'a>>;

    fn deserialize<D: Deserializer<'a>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for Bug<'_> {
    type Value = Option<ReleaseState<'a>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with releases")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(is_releases) = map.next_key_seed(Is("releases"))? {
            if is_releases {
                found = value(&mut map, "releases", Releases { release: self.release })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// `{codename: state}`; every other release is passed over.
struct Releases<'r> {
    release: &'r str,
}

impl<'a> DeserializeSeed<'a> for Releases<'_> {
    type Value = Option<ReleaseState<'a>>;

    fn deserialize<D: Deserializer<'a>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Releases<'_> {
    type Value = Option<ReleaseState<'a>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of releases")
    }

    /// An empty list stands for no releases in one of the excerpts; a list with content is refused.
    fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        match list.next_element::<IgnoredAny>()? {
            None => Ok(None),
            Some(_) => Err(A::Error::custom("a list where an object of releases is expected")),
        }
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(is_wanted) = map.next_key_seed(Is(self.release))? {
            if is_wanted {
                found = Some(value(&mut map, self.release, ReleaseState::default())?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// What the tracker says of one bug in one release, as it is written there.
#[derive(Default)]
pub(super) struct ReleaseState<'a> {
    pub(super) status: Option<Cow<'a, str>>,
    pub(super) fixed_version: Option<Cow<'a, str>>,
    pub(super) urgency: Option<Cow<'a, str>>,
    pub(super) nodsa: Option<Cow<'a, str>>,
    pub(super) nodsa_reason: Option<Cow<'a, str>>,
}

impl<'a> DeserializeSeed<'a> for ReleaseState<'a> {
    type Value = Self;

    fn deserialize<D: Deserializer<'a>>(self, reader: D) -> Result<Self, D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for ReleaseState<'a> {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the state of a release")
    }

    fn visit_map<A: MapAccess<'a>>(mut self, mut map: A) -> Result<Self, A::Error> {
        while let Some(field) = map.next_key_seed(Text)? {
            let place = match field.as_ref() {
                "status" => &mut self.status,
                "fixed_version" => &mut self.fixed_version,
                "urgency" => &mut self.urgency,
                "nodsa" => &mut self.nodsa,
                "nodsa_reason" => &mut self.nodsa_reason,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            *place = Some(value(&mut map, &field, Text)?);
        }
        if self.status.is_none() { Err(A::Error::custom("status is missing")) } else { Ok(self) }
    }
}

/// Tells whether a text is this one. The feed has a million names that are none of those looked for, so nothing is made
/// of them.
struct Is<'n>(&'n str);

impl<'de> DeserializeSeed<'de> for Is<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<bool, D::Error> {
        reader.deserialize_bytes(self)
    }
}

impl Visitor<'_> for Is<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_bytes<E: Error>(self, text: &[u8]) -> Result<bool, E> {
        Ok(text == self.0.as_bytes())
    }
}

/// A text that is borrowed from the content unless it has escapes in it.
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}
