//! Statements of a feed become the bytes of an index file.

use std::collections::HashMap;

use super::format::{self, COVERED, HEADER, IndexError, MAGIC, Provenance, VERSION, details, header};
use crate::model::advisory::{Advisory, Affected, Subject};
use crate::model::vulnerability::CveId;

/// The place of a text: offset and length, as they are stored.
type Place = [u8; 6];

/// Compiles statements into an index, sorted by package and identifier; a statement that is there twice is kept twice.
///
/// # Errors
/// [`IndexError::TooLarge`] when offsets would not fit.
pub fn build(advisories: &[Advisory<'_>], provenance: Provenance) -> Result<Vec<u8>, IndexError> {
    let of = |(number, advisory): (u32, _)| rows_of(number, advisory);
    let mut rows: Vec<Row<'_>> = (0..).zip(advisories).flat_map(of).collect();
    rows.sort_by(|a, b| a.order().cmp(&b.order()));
    let mut writer = Writer::default();
    for group in rows.chunk_by(|a, b| a.package() == b.package()) {
        writer.add_package(group)?;
    }
    writer.finish(provenance)
}

/// One statement about one package.
#[derive(Clone, Copy)]
struct Row<'a> {
    /// Which advisory it is of.
    number: u32,
    advisory: &'a Advisory<'a>,
    affected: &'a Affected<'a>,
}

fn rows_of<'a>(number: u32, advisory: &'a Advisory<'a>) -> impl Iterator<Item = Row<'a>> {
    advisory.affected.iter().map(move |affected| Row { number, advisory, affected })
}

impl<'a> Row<'a> {
    fn package(&self) -> (Subject, &'a str) {
        (self.affected.subject, &self.affected.name)
    }

    fn order(&self) -> (Subject, &'a str, &'a str, Option<&'a str>) {
        (self.affected.subject, &self.affected.name, &self.advisory.id, self.affected.range.fixed.as_deref())
    }
}

/// The parts of the body while they grow.
#[derive(Default)]
struct Writer<'a> {
    names: Vec<u8>,
    rows: Vec<u8>,
    details: Vec<u8>,
    vulnerabilities: Vec<u8>,
    bounds: Vec<u8>,
    texts: String,
    places: HashMap<&'a str, Place>,
    lists: HashMap<u32, (u32, u16)>,
    known_details: HashMap<[u8; format::DETAILS], u32>,
    known_bounds: HashMap<[Place; 5], u32>,
}

impl<'a> Writer<'a> {
    fn add_package(&mut self, group: &[Row<'a>]) -> Result<(), IndexError> {
        let Some(first) = group.first() else { return Ok(()) };
        let (subject, name) = first.package();
        let row = number(self.rows.len() / format::ROW, "rows")?;
        let place = self.text(name)?;
        self.names.extend_from_slice(&place);
        self.names.extend_from_slice(&[format::subject_number(subject), 0]);
        self.names.extend_from_slice(&row.to_le_bytes());
        self.names.extend_from_slice(&number(group.len(), "rows of a package")?.to_le_bytes());
        let start = self.rows.len();
        group.iter().try_for_each(|row| self.add_row(*row))?;
        self.names.extend_from_slice(&format::checksum(&self.rows[start..]).to_le_bytes());
        Ok(())
    }

    fn add_row(&mut self, row: Row<'a>) -> Result<(), IndexError> {
        let Row { advisory, affected, .. } = row;
        let identifier = self.identifier(&advisory.id)?;
        let fixed = self.optional(affected.range.fixed.as_deref())?;
        let details = self.details_of(row)?;
        let bounds = self.bounds_of(affected)?;
        self.rows.extend_from_slice(&identifier.to_le_bytes());
        self.rows.extend_from_slice(&fixed);
        let words = [format::state_number(affected.state), format::severity_number(advisory.severity)];
        self.rows.extend_from_slice(&words);
        self.rows.extend_from_slice(&details.to_le_bytes());
        self.rows.extend_from_slice(&bounds.to_le_bytes());
        Ok(())
    }

    /// Returns the number of the entry with what else a statement tells, from 1; 0 where that is nothing.
    fn details_of(&mut self, row: Row<'a>) -> Result<u32, IndexError> {
        let Row { advisory, affected, .. } = row;
        let (first, count) = self.vulnerabilities_of(row)?;
        let note = self.optional(affected.note.as_deref())?;
        let published = published_seconds(advisory);
        let cvss = advisory.cvss_tenths.unwrap_or(format::NO_CVSS);
        if (count, cvss, note, published) == (format::OWN_IDENTIFIER, format::NO_CVSS, [0; 6], 0) {
            return Ok(0);
        }
        let mut entry = [0; format::DETAILS];
        entry[details::FIRST_VULNERABILITY..][..4].copy_from_slice(&first.to_le_bytes());
        entry[details::VULNERABILITIES..][..2].copy_from_slice(&count.to_le_bytes());
        entry[details::CVSS] = cvss;
        entry[details::NOTE..][..6].copy_from_slice(&note);
        entry[details::PUBLISHED..][..4].copy_from_slice(&published.to_le_bytes());
        if let Some(known) = self.known_details.get(&entry) {
            return Ok(*known);
        }
        self.details.extend_from_slice(&entry);
        let place = number(self.details.len() / format::DETAILS, "details")?;
        self.known_details.insert(entry, place);
        Ok(place)
    }

    /// Stores the vulnerabilities of an advisory once for all its packages. One that is the identifier itself needs
    /// no list.
    fn vulnerabilities_of(&mut self, row: Row<'a>) -> Result<(u32, u16), IndexError> {
        let advisory = row.advisory;
        if let [only] = advisory.vulnerabilities.as_slice()
            && *only == advisory.id
        {
            return Ok((0, format::OWN_IDENTIFIER));
        }
        if let Some(known) = self.lists.get(&row.number) {
            return Ok(*known);
        }
        let first = number(self.vulnerabilities.len() / format::VULNERABILITY, "vulnerabilities")?;
        for name in &advisory.vulnerabilities {
            let identifier = self.identifier(name)?;
            self.vulnerabilities.extend_from_slice(&identifier.to_le_bytes());
        }
        let count = u16::try_from(advisory.vulnerabilities.len())
            .ok()
            .filter(|count| *count != format::OWN_IDENTIFIER)
            .ok_or(IndexError::TooLarge { what: "the vulnerabilities of an advisory" })?;
        self.lists.insert(row.number, (first, count));
        Ok((first, count))
    }

    /// Returns the number of the entry with the bounds that few statements have, from 1; 0 where there are none.
    fn bounds_of(&mut self, affected: &'a Affected<'a>) -> Result<u32, IndexError> {
        let (range, scope) = (&affected.range, &affected.scope);
        let texts =
            [&range.introduced, &range.last_affected, &scope.architecture, &scope.module, &scope.channel];
        if texts.iter().all(|text| text.is_none()) {
            return Ok(0);
        }
        let mut places = [[0; 6]; 5];
        for (place, text) in places.iter_mut().zip(texts) {
            *place = self.optional(text.as_deref())?;
        }
        if let Some(known) = self.known_bounds.get(&places) {
            return Ok(*known);
        }
        places.iter().for_each(|place| self.bounds.extend_from_slice(place));
        self.bounds.extend_from_slice(&[0; 2]);
        let entry = number(self.bounds.len() / format::BOUNDS, "bounds")?;
        self.known_bounds.insert(places, entry);
        Ok(entry)
    }

    fn identifier(&mut self, name: &'a str) -> Result<u64, IndexError> {
        if let Some(cve) = CveId::parse(name) {
            return Ok(cve.to_bits());
        }
        let [a, b, c, d, e, f] = self.text(name)?;
        Ok(format::TEXT_IDENTIFIER | u64::from_le_bytes([a, b, c, d, e, f, 0, 0]))
    }

    fn optional(&mut self, text: Option<&'a str>) -> Result<Place, IndexError> {
        text.map_or(Ok([0; 6]), |text| self.text(text))
    }

    /// Stores a text once and returns its place.
    fn text(&mut self, text: &'a str) -> Result<Place, IndexError> {
        if text.is_empty() {
            return Ok([0; 6]);
        }
        if let Some(place) = self.places.get(text) {
            return Ok(*place);
        }
        let [a, b, c, d] = number(self.texts.len(), "texts")?.to_le_bytes();
        let length = u16::try_from(text.len()).map_err(|_| IndexError::TooLarge { what: "a text" })?;
        let [e, f] = length.to_le_bytes();
        self.texts.push_str(text);
        let place = [a, b, c, d, e, f];
        self.places.insert(text, place);
        Ok(place)
    }

    fn finish(self, provenance: Provenance) -> Result<Vec<u8>, IndexError> {
        let parts: [&[u8]; 6] = [
            &self.names,
            &self.details,
            &self.vulnerabilities,
            &self.bounds,
            self.texts.as_bytes(),
            &self.rows,
        ];
        let mut file = vec![0; HEADER];
        file.splice(COVERED.., covered_header(&parts, provenance)?);
        file.resize(HEADER, 0);
        parts[..5].iter().for_each(|part| file.extend_from_slice(part));
        let checksum = format::checksum(&file[COVERED..]).to_le_bytes();
        file.extend_from_slice(&self.rows);
        file.splice(..COVERED, [MAGIC.as_slice(), &VERSION.to_le_bytes(), &checksum].concat());
        Ok(file)
    }
}

/// The part of the header behind the checksum: provenance and counts.
fn covered_header(parts: &[&[u8]; 6], provenance: Provenance) -> Result<Vec<u8>, IndexError> {
    let published = provenance.published.map_or(i64::MIN, |date| date.timestamp());
    let mut part = provenance.content.as_bytes().to_vec();
    part.extend_from_slice(&published.to_le_bytes());
    part.extend_from_slice(&[format::scheme_number(provenance.scheme), 0, 0, 0]);
    debug_assert_eq!(COVERED + part.len(), header::COUNTS);
    for (part_bytes, size) in parts.iter().zip(format::SIZES) {
        part.extend_from_slice(&number(part_bytes.len() / size, "a part")?.to_le_bytes());
    }
    Ok(part)
}

/// Seconds since 1970 as four bytes, 0 where the vendor gave no date; good until 2106.
fn published_seconds(advisory: &Advisory<'_>) -> u32 {
    advisory.published.and_then(|date| u32::try_from(date.timestamp()).ok()).unwrap_or(0)
}

fn number(value: usize, what: &'static str) -> Result<u32, IndexError> {
    u32::try_from(value).map_err(|_| IndexError::TooLarge { what })
}
