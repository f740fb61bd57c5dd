//! Records in the OSV format, whoever publishes them: one record, a list, lines of records, or an archive of them.
//!
//! A record speaks about packages of many ecosystems; only what names the release whole is read
//! ([`ecosystem`]). A record that cannot be understood is counted with its identifier and the field; content that is
//! no record at all is refused, with the name of the document where there is one. What a record says becomes rows as
//! the table in [`record`] tells. Names of sources or of binaries: as the publisher uses them, see [`ecosystem`].

mod ecosystem;
mod identifier;
mod range;
mod rating;
mod record;
mod wire;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::Deserializer;
use serde::de::{SeqAccess, Visitor};

use self::ecosystem::Family;
use self::record::Reader;
use self::wire::Record;
use super::container::documents;
use super::{AdvisoryFeed, FeedError, PublishedSource, Rows};
use crate::model::advisory::Advisory;
use crate::model::distro::Distribution;

const NAME: &str = "osv";
/// Longest part of an error text of the parser that is passed on: it can quote the content.
const LONGEST_DETAIL: usize = 300;

/// The OSV format.
#[derive(Clone, Copy, Debug)]
pub struct Osv;

impl AdvisoryFeed for Osv {
    fn name(&self) -> &'static str {
        NAME
    }

    fn covers(&self, distribution: &Distribution) -> bool {
        Family::of(distribution).is_some()
    }

    /// Ubuntu's own records (<https://ubuntu.com/security/osv>). The other vendors publish something better, or their
    /// records are made by others out of it: an administrator may ask for them.
    fn published(&self, distribution: &Distribution) -> Vec<PublishedSource> {
        let location = "https://security-metadata.canonical.com/osv/osv-all.tar.xz";
        let source = PublishedSource { name: NAME.to_owned(), location: location.to_owned() };
        if distribution.id == "ubuntu" { vec![source] } else { Vec::new() }
    }

    fn parse<'a>(&self, content: &'a [u8], release: &Distribution) -> Result<Rows<'a>, FeedError> {
        let mut rows = Collected::default();
        let Some(family) = Family::of(release) else { return Ok(rows.rows) };
        let reader = Reader { release, family };
        for document in documents(content).map_err(|error| error.into_feed_error(NAME))? {
            let document = document.map_err(|error| error.into_feed_error(NAME))?;
            if !document.is_json() {
                continue;
            }
            let name = document.name;
            match document.content {
                Cow::Borrowed(content) => read(content, &mut |record| rows.add(&reader, record, |own| own)),
                Cow::Owned(content) => {
                    read(&content, &mut |record| rows.add(&reader, record, |own| own.into_owned()))
                }
            }
            .map_err(|error| error.in_document(NAME, &name))?;
        }
        Ok(rows.rows)
    }
}

/// Rows under construction.
#[derive(Default)]
struct Collected<'a> {
    rows: Rows<'a>,
    /// Where an advisory stands, for an identifier that occurs twice.
    places: HashMap<String, usize>,
}

impl<'a> Collected<'a> {
    fn add<'d>(
        &mut self,
        reader: &Reader<'_>,
        record: Record<'d>,
        keep: impl FnOnce(Advisory<'d>) -> Advisory<'a>,
    ) {
        self.rows.entries += 1;
        let Some(advisory) = reader.advisory(record, &mut self.rows.unread) else { return };
        let next = self.rows.advisories.len();
        let place = *self.places.entry(advisory.id.clone().into_owned()).or_insert(next);
        match self.rows.advisories.get_mut(place) {
            Some(first) => join(first, keep(advisory)),
            None => self.rows.advisories.push(keep(advisory)),
        }
    }
}

/// Joins what a second record of the same identifier says to the first, so that nothing is lost: AlmaLinux keeps a
/// record once for each release that it speaks about, and they are equal.
fn join<'a>(first: &mut Advisory<'a>, second: Advisory<'a>) {
    for row in second.affected {
        if !first.affected.contains(&row) {
            first.affected.push(row);
        }
    }
    for name in second.vulnerabilities {
        if !first.vulnerabilities.contains(&name) {
            first.vulnerabilities.push(name);
        }
    }
}

/// Calls `each` with every record of a document: a list in brackets, or records one after the other.
fn read<'d>(content: &'d [u8], each: &mut dyn FnMut(Record<'d>)) -> Result<(), FeedError> {
    match content.trim_ascii_start().first() {
        None => return Err(FeedError::Empty { feed: NAME }),
        Some(b'<') => return Err(FeedError::WebPage { feed: NAME, expected: "JSON" }),
        Some(b'[') => {
            let mut reader = serde_json::Deserializer::from_slice(content);
            let list = reader.deserialize_seq(List { each });
            return list.and_then(|()| reader.end()).map_err(malformed);
        }
        Some(_) => {}
    }
    for record in serde_json::Deserializer::from_slice(content).into_iter::<Record<'d>>() {
        each(record.map_err(malformed)?);
    }
    Ok(())
}

/// Reads a list of records one by one.
struct List<'e, 'd> {
    each: &'e mut dyn FnMut(Record<'d>),
}

impl<'d> Visitor<'d> for List<'_, 'd> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'d>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(record) = list.next_element()? {
            (self.each)(record);
        }
        Ok(())
    }
}

fn malformed(error: serde_json::Error) -> FeedError {
    let mut detail: String = error.to_string().chars().take(LONGEST_DETAIL).collect();
    if let Some(place) = detail.rfind(" at line ") {
        detail.truncate(place);
    }
    FeedError::Malformed { feed: NAME, line: error.line(), column: error.column(), detail }
}

#[cfg(test)]
mod tests;
