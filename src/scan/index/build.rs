//! Rows of a feed become the bytes of an index file.

use std::collections::HashMap;

use super::format::{self, COVERED, HEADER, IndexError, MAGIC, Provenance, ROW, SOURCE, VERSION};
use crate::model::advisory::Advisory;
use crate::model::digest::Sha256;

/// Compiles rows into an index. Sorts them by source and identifier; a statement that is there twice is kept twice.
///
/// # Errors
/// [`IndexError::TooLarge`] when offsets would not fit.
pub fn build(rows: &mut [Advisory<'_>], provenance: Provenance) -> Result<Vec<u8>, IndexError> {
    rows.sort_unstable_by(|a, b| {
        (&a.source, &a.id, &a.fixed_version).cmp(&(&b.source, &b.id, &b.fixed_version))
    });
    let mut writer = Writer::default();
    for group in rows.chunk_by(|a, b| a.source == b.source) {
        writer.add_source(group)?;
    }
    writer.finish(provenance)
}

/// The three parts of the body while they grow.
#[derive(Default)]
struct Writer<'a> {
    sources: Vec<u8>,
    rows: Vec<u8>,
    texts: String,
    repeated: HashMap<&'a str, [u8; 6]>,
}

impl<'a> Writer<'a> {
    fn add_source(&mut self, group: &'a [Advisory<'_>]) -> Result<(), IndexError> {
        let Some(first) = group.first() else { return Ok(()) };
        let row = number(self.rows.len() / ROW, "rows")?;
        let name = self.text(&first.source)?;
        self.sources.extend_from_slice(&name);
        self.sources.extend_from_slice(&[0; 2]);
        self.sources.extend_from_slice(&row);
        self.sources.extend_from_slice(&number(group.len(), "rows of a source")?);
        group.iter().try_for_each(|advisory| self.add_row(advisory))
    }

    fn add_row(&mut self, advisory: &'a Advisory<'_>) -> Result<(), IndexError> {
        let id = self.text(&advisory.id)?;
        let fixed = self.repeated_text(advisory.fixed_version.as_deref().unwrap_or_default())?;
        let note = self.repeated_text(advisory.note.as_deref().unwrap_or_default())?;
        for text in [id, fixed, note] {
            self.rows.extend_from_slice(&text);
        }
        let words = [format::state_number(advisory.state), format::severity_number(advisory.severity)];
        self.rows.extend_from_slice(&words);
        self.rows.extend_from_slice(&[0; 4]);
        Ok(())
    }

    /// Versions and notes repeat from row to row: each is stored once.
    fn repeated_text(&mut self, text: &'a str) -> Result<[u8; 6], IndexError> {
        if text.is_empty() {
            return Ok([0; 6]);
        }
        if let Some(place) = self.repeated.get(text) {
            return Ok(*place);
        }
        let place = self.text(text)?;
        self.repeated.insert(text, place);
        Ok(place)
    }

    /// Stores a text and returns its offset and length.
    fn text(&mut self, text: &str) -> Result<[u8; 6], IndexError> {
        let [a, b, c, d] = number(self.texts.len(), "texts")?;
        let length = u16::try_from(text.len()).map_err(|_| IndexError::TooLarge { what: "a text" })?;
        let [e, f] = length.to_le_bytes();
        self.texts.push_str(text);
        Ok([a, b, c, d, e, f])
    }

    fn finish(self, provenance: Provenance) -> Result<Vec<u8>, IndexError> {
        let body = [self.sources.as_slice(), self.rows.as_slice(), self.texts.as_bytes()];
        let mut file = vec![0; HEADER];
        file.splice(COVERED..HEADER, covered_header(&self, provenance)?);
        body.iter().for_each(|part| file.extend_from_slice(part));
        let digest = Sha256::of(&file[COVERED..]);
        let start = [MAGIC.as_slice(), &VERSION.to_le_bytes(), digest.as_bytes()].concat();
        file.splice(..COVERED, start);
        Ok(file)
    }
}

/// The part of the header behind the digest: provenance and counts.
fn covered_header(writer: &Writer<'_>, provenance: Provenance) -> Result<Vec<u8>, IndexError> {
    let published = provenance.published.map_or(i64::MIN, |date| date.timestamp());
    let mut part = provenance.content.as_bytes().to_vec();
    part.extend_from_slice(&published.to_le_bytes());
    part.extend_from_slice(&number(writer.sources.len() / SOURCE, "sources")?);
    part.extend_from_slice(&number(writer.rows.len() / ROW, "rows")?);
    part.extend_from_slice(&number(writer.texts.len(), "texts")?);
    Ok(part)
}

fn number(value: usize, what: &'static str) -> Result<[u8; 4], IndexError> {
    u32::try_from(value).map(u32::to_le_bytes).map_err(|_| IndexError::TooLarge { what })
}
