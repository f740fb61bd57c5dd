//! Reading an index: everything is checked when it is opened, so that a lookup cannot fail.

use std::borrow::Cow;

use chrono::DateTime;

use super::format::{
    self, COVERED, HEADER, IndexError, MAGIC, Provenance, ROW, SOURCE, VERSION, long_at, number_at,
};
use crate::model::advisory::Advisory;
use crate::model::digest::Sha256;

/// An opened index.
#[derive(Clone, Debug)]
pub struct Index {
    tables: Vec<u8>,
    texts: String,
    sources: usize,
    rows: usize,
    provenance: Provenance,
}

impl Index {
    /// Opens the bytes of an index file and checks all of it: digest, bounds, order, texts.
    ///
    /// # Errors
    /// See [`IndexError`]; whatever is wrong, the index can be built again.
    pub fn open(mut bytes: Vec<u8>) -> Result<Self, IndexError> {
        let damaged = |what| IndexError::Damaged { what };
        check_digest(&bytes)?;
        let count = |at| number_at(&bytes, at).map(|n| n as usize).ok_or(damaged("the header is cut"));
        let (sources, rows, texts) = (count(84)?, count(88)?, count(92)?);
        let provenance = provenance(&bytes).ok_or(damaged("the header is cut"))?;
        let tables = sources
            .checked_mul(SOURCE)
            .zip(rows.checked_mul(ROW))
            .and_then(|(sources, rows)| sources.checked_add(rows)?.checked_add(HEADER))
            .filter(|end| end.checked_add(texts) == Some(bytes.len()))
            .ok_or(damaged("the counts do not fit the size"))?;
        let texts = String::from_utf8(bytes.split_off(tables)).map_err(|_| damaged("a text is not UTF-8"))?;
        let index = Self { tables: bytes, texts, sources, rows, provenance };
        index.check_tables().ok_or(damaged("an entry points outside, or is out of order"))?;
        Ok(index)
    }

    fn check_tables(&self) -> Option<()> {
        let mut next_row = 0;
        let mut last = "";
        for at in 0..self.sources {
            let (name, first, count) = self.source(at)?;
            if name <= last || first != next_row {
                return None;
            }
            last = name;
            next_row = first.checked_add(count)?;
        }
        let complete = next_row == self.rows;
        let sound = (0..self.rows).all(|row| self.row("", row).is_some_and(|row| !row.id.is_empty()));
        (complete && sound).then_some(())
    }

    /// Returns what the index was built from.
    pub fn provenance(&self) -> Provenance {
        self.provenance
    }

    /// Returns how many rows it has.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Tells whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Returns what the feed says about a source package, by identifier.
    pub fn lookup<'a>(&'a self, source: &str) -> impl Iterator<Item = Advisory<'a>> + use<'a> {
        let (name, rows) = self.find(source).unwrap_or(("", 0..0));
        rows.filter_map(move |row| self.row(name, row))
    }

    /// Returns every row of the index, by source package.
    pub fn rows(&self) -> impl Iterator<Item = Advisory<'_>> {
        (0..self.sources).filter_map(|at| self.source(at)).flat_map(move |(name, first, count)| {
            (first..first + count).filter_map(move |row| self.row(name, row))
        })
    }

    fn find(&self, wanted: &str) -> Option<(&str, std::ops::Range<usize>)> {
        let (mut low, mut high) = (0, self.sources);
        while low < high {
            let middle = low + (high - low) / 2;
            let (name, first, count) = self.source(middle)?;
            match name.cmp(wanted) {
                std::cmp::Ordering::Equal => return Some((name, first..first + count)),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// Reads a source entry: name, first row, number of rows.
    fn source(&self, at: usize) -> Option<(&str, usize, usize)> {
        let entry: &[u8; SOURCE] = self.tables.get(HEADER + at * SOURCE..)?.first_chunk()?;
        Some((self.text(entry, 0)?, number_at(entry, 8)? as usize, number_at(entry, 12)? as usize))
    }

    fn row<'a>(&'a self, source: &'a str, row: usize) -> Option<Advisory<'a>> {
        let start = HEADER + self.sources * SOURCE + row * ROW;
        let entry: &[u8; ROW] = self.tables.get(start..)?.first_chunk()?;
        let optional = |text: &'a str| (!text.is_empty()).then_some(Cow::Borrowed(text));
        Some(Advisory {
            id: Cow::Borrowed(self.text(entry, 0)?),
            source: Cow::Borrowed(source),
            state: format::state(entry[18])?,
            fixed_version: optional(self.text(entry, 6)?),
            severity: format::severity(entry[19])?,
            note: optional(self.text(entry, 12)?),
        })
    }

    /// Reads the text that six bytes of an entry point to.
    fn text(&self, entry: &[u8], at: usize) -> Option<&str> {
        let [a, b, c, d, e, f] = *entry.get(at..)?.first_chunk()?;
        let start = u32::from_le_bytes([a, b, c, d]) as usize;
        self.texts.get(start..start.checked_add(usize::from(u16::from_le_bytes([e, f])))?)
    }
}

fn check_digest(bytes: &[u8]) -> Result<(), IndexError> {
    if bytes.get(..MAGIC.len()) != Some(MAGIC.as_slice()) {
        return Err(IndexError::NotAnIndex);
    }
    let damaged = |what| IndexError::Damaged { what };
    let version = number_at(bytes, MAGIC.len()).ok_or(damaged("the header is cut"))?;
    if version != VERSION {
        return Err(IndexError::OtherVersion { found: version });
    }
    match (bytes.get(12..COVERED), bytes.get(COVERED..)) {
        (Some(stated), Some(covered)) if stated == Sha256::of(covered).as_bytes() => Ok(()),
        (Some(_), Some(_)) => Err(damaged("its digest does not match")),
        _ => Err(damaged("the header is cut")),
    }
}

fn provenance(bytes: &[u8]) -> Option<Provenance> {
    let content = Sha256::from_bytes(*bytes.get(COVERED..)?.first_chunk()?);
    let published = DateTime::from_timestamp(long_at(bytes, 76)?, 0);
    Some(Provenance { content, published })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::build;
    use super::*;
    use crate::scan::feed::AdvisoryFeed;
    use crate::scan::feed::debian_tracker::DebianTracker;

    const EXCERPT: &str = include_str!("../../../tests/fixtures/debian-tracker/native-excerpt-c.json");

    fn provenance() -> Provenance {
        Provenance {
            content: Sha256::of(EXCERPT.as_bytes()),
            published: DateTime::from_timestamp(1_700_000_000, 0),
        }
    }

    fn compiled() -> Vec<u8> {
        let mut rows = DebianTracker.parse(EXCERPT.as_bytes(), "bullseye").expect("whole").advisories;
        build(&mut rows, provenance()).expect("small")
    }

    #[test]
    fn rows_come_back_as_they_were() {
        let mut rows = DebianTracker.parse(EXCERPT.as_bytes(), "bullseye").expect("whole").advisories;
        let index = Index::open(build(&mut rows, provenance()).expect("small")).expect("sound");
        assert_eq!(index.rows().collect::<Vec<_>>(), rows);
        assert_eq!(index.provenance(), provenance());
        let ids: Vec<_> = index.lookup("389-ds-base").map(|row| row.id.into_owned()).collect();
        assert_eq!(ids, ["CVE-2012-0833", "CVE-2016-5405", "CVE-2016-5416"]);
        assert_eq!(index.lookup("absent").count(), 0);
    }

    #[test]
    fn an_index_without_rows_is_sound() {
        let index = Index::open(build(&mut [], provenance()).expect("small")).expect("sound");
        assert!(index.is_empty() && index.lookup("a").next().is_none());
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_detected() {
        let file = compiled();
        for at in 0..file.len() {
            let mut flipped = file.clone();
            flipped[at] ^= 1 << (at % 8);
            assert!(Index::open(flipped).is_err(), "byte {at}");
            assert!(Index::open(file[..at].to_vec()).is_err(), "cut at {at}");
        }
    }

    proptest! {
        /// The digest would hide these faults: it is made right again after the damage.
        #[test]
        fn damage_with_a_right_digest_never_panics(damage in proptest::collection::vec((44usize..2000, any::<u8>()), 1..6)) {
            let mut file = compiled();
            for (at, byte) in damage {
                let length = file.len();
                file[44 + at % (length - 44)] = byte;
            }
            let digest = Sha256::of(&file[COVERED..]);
            file[12..COVERED].copy_from_slice(digest.as_bytes());
            if let Ok(index) = Index::open(file) {
                for row in index.rows() {
                    prop_assert!(!row.id.is_empty());
                }
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = Index::open(bytes);
        }
    }
}
