//! The texts of an index while it grows, each stored once.

use std::collections::HashMap;

use super::format::IndexError;

/// The place of a text: offset and length, as they are stored.
pub(super) type Place = [u8; 6];
/// The place of an empty text, which is one that is absent.
pub(super) const NOTHING: Place = [0; 6];

/// Texts behind one another, and where each lies.
#[derive(Default)]
pub(super) struct Texts {
    texts: String,
    places: HashMap<Box<str>, Place>,
}

impl Texts {
    /// Stores a text once and returns its place.
    pub(super) fn place(&mut self, text: &str) -> Result<Place, IndexError> {
        if text.is_empty() {
            return Ok(NOTHING);
        }
        if let Some(place) = self.places.get(text) {
            return Ok(*place);
        }
        let start = u32::try_from(self.texts.len()).map_err(|_| IndexError::TooLarge { what: "texts" })?;
        let length = u16::try_from(text.len()).map_err(|_| IndexError::TooLarge { what: "a text" })?;
        let ([a, b, c, d], [e, f]) = (start.to_le_bytes(), length.to_le_bytes());
        self.texts.push_str(text);
        let place = [a, b, c, d, e, f];
        self.places.insert(text.into(), place);
        Ok(place)
    }

    /// The same for a text that may be absent.
    pub(super) fn optional(&mut self, text: Option<&str>) -> Result<Place, IndexError> {
        text.map_or(Ok(NOTHING), |text| self.place(text))
    }

    /// Returns the text at a place.
    pub(super) fn get(&self, [a, b, c, d, e, f]: Place) -> &str {
        let start = u32::from_le_bytes([a, b, c, d]) as usize;
        let end = start + usize::from(u16::from_le_bytes([e, f]));
        self.texts.get(start..end).unwrap_or_default()
    }

    /// Returns all of them.
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.texts.as_bytes()
    }
}
