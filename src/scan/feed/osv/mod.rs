//! Records in the OSV format, whoever publishes them: one record, a list, lines of records, or an archive of them.
//!
//! A record speaks about packages of many ecosystems; only what names the release whole is read
//! ([`ecosystem`]). A record that cannot be understood is counted with its identifier and the field; content that is
//! no record at all is refused, with the name of the document where there is one. What a record says becomes rows as
//! the table in [`record`] tells. Names of sources or of binaries: as the publisher uses them, see [`ecosystem`].

mod ecosystem;
mod identifier;
mod livepatch;
mod range;
mod rating;
mod record;
mod wire;

use std::borrow::Cow;

use self::ecosystem::Family;
use self::record::Reader;
use super::container::{Documents, documents};
use super::joined::Joined;
use super::json_records;
use super::{AdvisoryFeed, FeedError, PublishedSource, Rows};
use crate::model::distro::Distribution;

const NAME: &str = "osv";

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

    fn is_archive(&self) -> bool {
        true
    }

    fn parse<'a>(&self, content: &'a [u8], release: &Distribution) -> Result<Rows<'a>, FeedError> {
        self.parse_archive(documents(content).map_err(|error| error.into_feed_error(NAME))?, release)
    }

    fn parse_archive<'a>(
        &self,
        documents: Documents<'a>,
        release: &Distribution,
    ) -> Result<Rows<'a>, FeedError> {
        let mut rows = Rows::default();
        let mut joined = Joined::default();
        let Some(family) = Family::of(release) else { return Ok(rows) };
        let reader = Reader { release, family };
        for document in documents {
            let document = document.map_err(|error| error.into_feed_error(NAME))?;
            if !document.is_json() {
                continue;
            }
            match document.content {
                Cow::Borrowed(content) => json_records::read(NAME, content, &mut |record| {
                    rows.entries += 1;
                    let advisory = reader.advisory(record, &mut rows.unread);
                    advisory.into_iter().for_each(|advisory| joined.keep(advisory));
                }),
                Cow::Owned(content) => json_records::read(NAME, &content, &mut |record| {
                    rows.entries += 1;
                    let advisory = reader.advisory(record, &mut rows.unread);
                    advisory.into_iter().for_each(|advisory| joined.keep(advisory.into_owned()));
                }),
            }
            .map_err(|error| error.in_document(NAME, &document.name))?;
        }
        rows.advisories = joined.into_advisories();
        Ok(rows)
    }
}

#[cfg(test)]
mod tests;
