//! Statements of a feed become the bytes of an index file, one advisory after the other: none is held.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::format::{self, COVERED, HEADER, IndexError, MAGIC, Provenance, VERSION, details, header, row};
use super::texts::{NOTHING, Place, Texts};
use crate::model::advisory::{Advisory, Affected, Subject};
use crate::model::vulnerability::{CveId, Identifier};

/// Compiles statements into an index, sorted by package and identifier; a statement that is there twice is kept twice.
///
/// # Errors
/// [`IndexError::TooLarge`] when offsets would not fit.
pub fn build(advisories: &[Advisory<'_>], provenance: Provenance) -> Result<Vec<u8>, IndexError> {
    let mut compiler = Compiler::default();
    advisories.iter().try_for_each(|advisory| compiler.add(advisory))?;
    compiler.finish(provenance)
}

/// One statement about one package, and what it is sorted by.
struct Row {
    /// Which package: by number while rows come, by rank when they are sorted.
    package: u32,
    /// The first bytes of the identifier: all of a CVE's, so that few texts are compared.
    order: u128,
    /// As it is stored.
    bytes: [u8; format::ROW],
}

/// What rows of an advisory share.
struct Shared {
    identifier: u64,
    order: u128,
    severity: u8,
    cvss: u8,
    published: u32,
    /// Where its list of vulnerabilities begins, and how many there are.
    list: (u32, u16),
}

/// The parts of an index while it grows.
#[derive(Default)]
pub struct Compiler {
    packages: Vec<(Subject, Place)>,
    /// Numbers of packages by name, for each subject.
    numbers: [HashMap<Box<str>, u32>; format::SUBJECTS.len()],
    rows: Vec<Row>,
    details: Vec<u8>,
    vulnerabilities: Vec<u8>,
    bounds: Vec<u8>,
    texts: Texts,
    known_details: HashMap<[u8; format::DETAILS], u32>,
    known_bounds: HashMap<[Place; 5], u32>,
}

impl Compiler {
    /// Takes what an advisory states.
    ///
    /// # Errors
    /// [`IndexError::TooLarge`] when offsets would not fit.
    pub fn add(&mut self, advisory: &Advisory<'_>) -> Result<(), IndexError> {
        if advisory.affected.is_empty() {
            return Ok(());
        }
        let shared = Shared {
            identifier: self.identifier(&advisory.id)?,
            order: beginning(&advisory.id),
            severity: format::severity_number(advisory.severity),
            cvss: advisory.cvss_tenths.unwrap_or(format::NO_CVSS),
            published: published_seconds(advisory),
            list: self.vulnerabilities_of(advisory)?,
        };
        advisory.affected.iter().try_for_each(|affected| self.add_row(affected, &shared))
    }

    /// Returns how many statements about packages were taken.
    pub fn statements(&self) -> u64 {
        self.rows.len() as u64
    }

    fn add_row(&mut self, affected: &Affected<'_>, shared: &Shared) -> Result<(), IndexError> {
        let package = self.package(affected.subject, &affected.name)?;
        let fixed = self.texts.optional(affected.range.fixed.as_deref())?;
        let details = self.details_of(affected, shared)?;
        let bounds = self.bounds_of(affected)?;
        let mut bytes = [0; format::ROW];
        bytes[row::ID..][..8].copy_from_slice(&shared.identifier.to_le_bytes());
        bytes[row::FIXED..][..6].copy_from_slice(&fixed);
        bytes[row::STATE] = format::state_number(affected.state);
        bytes[row::SEVERITY] = shared.severity;
        bytes[row::DETAILS..][..4].copy_from_slice(&details.to_le_bytes());
        bytes[row::BOUNDS..][..4].copy_from_slice(&bounds.to_le_bytes());
        self.rows.push(Row { package, order: shared.order, bytes });
        Ok(())
    }

    fn package(&mut self, subject: Subject, name: &str) -> Result<u32, IndexError> {
        // Many formats state everything about one package before they come to the next.
        let is_last = |(of, place): &&(Subject, Place)| *of == subject && self.texts.get(*place) == name;
        let last = self.rows.last().map(|row| row.package);
        if let Some(last) = last
            && self.packages.get(last as usize).filter(is_last).is_some()
        {
            return Ok(last);
        }
        let numbers = &mut self.numbers[usize::from(format::subject_number(subject))];
        if let Some(known) = numbers.get(name) {
            return Ok(*known);
        }
        let package = number(self.packages.len(), "packages")?;
        numbers.insert(name.into(), package);
        self.packages.push((subject, self.texts.place(name)?));
        Ok(package)
    }

    /// Returns the number of the entry with what else a statement tells, from 1; 0 where that is nothing.
    fn details_of(&mut self, affected: &Affected<'_>, shared: &Shared) -> Result<u32, IndexError> {
        let note = self.texts.optional(affected.note.as_deref())?;
        let Shared { cvss, published, list: (first, count), .. } = *shared;
        if (count, cvss, note, published) == (format::OWN_IDENTIFIER, format::NO_CVSS, NOTHING, 0) {
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
    fn vulnerabilities_of(&mut self, advisory: &Advisory<'_>) -> Result<(u32, u16), IndexError> {
        if let [only] = advisory.vulnerabilities.as_slice()
            && *only == advisory.id
        {
            return Ok((0, format::OWN_IDENTIFIER));
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
        Ok((first, count))
    }

    /// Returns the number of the entry with the bounds that few statements have, from 1; 0 where there are none.
    fn bounds_of(&mut self, affected: &Affected<'_>) -> Result<u32, IndexError> {
        let (range, scope) = (&affected.range, &affected.scope);
        let texts =
            [&range.introduced, &range.last_affected, &scope.architecture, &scope.module, &scope.channel];
        if texts.iter().all(|text| text.is_none()) {
            return Ok(0);
        }
        let mut places = [NOTHING; 5];
        for (place, text) in places.iter_mut().zip(texts) {
            *place = self.texts.optional(text.as_deref())?;
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

    fn identifier(&mut self, name: &str) -> Result<u64, IndexError> {
        if let Some(cve) = CveId::parse(name) {
            return Ok(cve.to_bits());
        }
        let [a, b, c, d, e, f] = self.texts.place(name)?;
        Ok(format::TEXT_IDENTIFIER | u64::from_le_bytes([a, b, c, d, e, f, 0, 0]))
    }

    /// Sorts what was taken, and returns the file.
    ///
    /// # Errors
    /// As [`Compiler::add`].
    pub fn finish(mut self, provenance: Provenance) -> Result<Vec<u8>, IndexError> {
        let by_rank = self.rank();
        // Most formats come package by package: of such rows this finds the order, and little is left to sort.
        self.rows.sort_by_key(|row| row.package);
        for group in self.rows.chunk_by_mut(|a, b| a.package == b.package) {
            group.sort_by(|a, b| a.order.cmp(&b.order).then_with(|| compare(a, b, &self.texts)));
        }
        let mut names = Vec::with_capacity(by_rank.len() * format::NAME);
        let mut rows = Vec::with_capacity(self.rows.len() * format::ROW);
        for (group, (subject, name)) in self.rows.chunk_by(|a, b| a.package == b.package).zip(by_rank) {
            let start = rows.len();
            group.iter().for_each(|row| rows.extend_from_slice(&row.bytes));
            names.extend_from_slice(&name);
            names.extend_from_slice(&[format::subject_number(subject), 0]);
            names.extend_from_slice(&number(start / format::ROW, "rows")?.to_le_bytes());
            names.extend_from_slice(&number(group.len(), "rows of a package")?.to_le_bytes());
            names.extend_from_slice(&format::checksum(&rows[start..]).to_le_bytes());
        }
        let texts = self.texts.as_bytes();
        file([&names, &self.details, &self.vulnerabilities, &self.bounds, texts, &rows], provenance)
    }

    /// Gives every row the rank of its package instead of the number, and returns the packages by rank. Each has rows.
    fn rank(&mut self) -> Vec<(Subject, Place)> {
        let mut ranked: Vec<_> =
            (0_u32..).zip(&self.packages).map(|(number, package)| (*package, number)).collect();
        let key = |(subject, name): (Subject, Place)| (subject, self.texts.get(name));
        ranked.sort_by(|(a, _), (b, _)| key(*a).cmp(&key(*b)));
        let mut ranks = vec![0; ranked.len()];
        for (rank, (_, number)) in (0..).zip(&ranked) {
            ranks[*number as usize] = rank;
        }
        self.rows.iter_mut().for_each(|row| row.package = ranks[row.package as usize]);
        ranked.into_iter().map(|(package, _)| package).collect()
    }
}

/// The first bytes of an identifier as a number that has the order of the texts: zero stands before any letter.
fn beginning(identifier: &str) -> u128 {
    let mut first = [0; 16];
    for (to, from) in first.iter_mut().zip(identifier.bytes()) {
        *to = from;
    }
    u128::from_be_bytes(first)
}

/// Compares rows of one package whose identifiers begin alike: by the whole identifier, then by the fixed version.
fn compare(a: &Row, b: &Row, texts: &Texts) -> Ordering {
    let place = |row: &Row, at: usize| row.bytes[at..].first_chunk().copied().unwrap_or(NOTHING);
    let identifier = |row: &Row| {
        let bits = row.bytes[row::ID..].first_chunk().copied().map_or(0, u64::from_le_bytes);
        match bits & format::TEXT_IDENTIFIER {
            0 => CveId::from_bits(bits).map_or(Identifier::Text(""), Identifier::Cve).to_string(),
            _ => texts.get(place(row, row::ID)).to_owned(),
        }
    };
    let fixed = |row| texts.get(place(row, row::FIXED));
    // The same identifier is stored in the same bytes.
    let alike = a.bytes[row::ID..row::FIXED] == b.bytes[row::ID..row::FIXED];
    let identifiers = if alike { Ordering::Equal } else { identifier(a).cmp(&identifier(b)) };
    identifiers.then_with(|| fixed(a).cmp(fixed(b)))
}

/// Joins the parts in the order of the file.
fn file(parts: [&[u8]; 6], provenance: Provenance) -> Result<Vec<u8>, IndexError> {
    let size = parts.iter().map(|part| part.len()).sum::<usize>();
    let mut file = Vec::with_capacity(HEADER + size);
    file.resize(COVERED, 0);
    file.extend_from_slice(&covered_header(&parts, provenance)?);
    file.resize(HEADER, 0);
    parts[..5].iter().for_each(|part| file.extend_from_slice(part));
    let checksum = format::checksum(&file[COVERED..]).to_le_bytes();
    file.extend_from_slice(parts[5]);
    file.splice(..COVERED, [MAGIC.as_slice(), &VERSION.to_le_bytes(), &checksum].concat());
    Ok(file)
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
