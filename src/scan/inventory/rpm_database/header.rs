//! The header of one installed package, as rpm keeps it in its database (rpm, `docs/manual/format_header.md`): two
//! lengths, an index of tags, and a store of values that the index points into.

/// A package's header, over the database's bytes.
pub(super) struct Header<'a> {
    index: &'a [u8],
    store: &'a [u8],
}

/// Bytes of one entry of the index: tag, type, offset and count, 4 each.
const ENTRY: usize = 16;

/// The tags that are used, with rpm's numbers (rpm, `include/rpm/rpmtag.h`).
#[derive(Clone, Copy)]
pub(super) enum Tag {
    Name = 1000,
    Version = 1001,
    Release = 1002,
    Epoch = 1003,
    InstallTime = 1008,
    Size = 1009,
    Vendor = 1011,
    Architecture = 1022,
    SourceRpm = 1044,
    LongSize = 5009,
    ModularityLabel = 5096,
}

/// The types of values that the used tags have (same page, "Header data types").
const INT32: u32 = 4;
const INT64: u32 = 5;
const TEXT: u32 = 6;
const TRANSLATED_TEXT: u32 = 9;

impl<'a> Header<'a> {
    /// Reads the two lengths and checks that the rest is as long as they say.
    pub(super) fn of(blob: &'a [u8]) -> Result<Self, &'static str> {
        const WRONG: &str = "the header's lengths are not those of the row";
        let (lengths, rest) = blob.split_at_checked(8).ok_or("the header is shorter than its lengths")?;
        let entries = number_at(lengths, 0) as usize;
        let index = entries.checked_mul(ENTRY).ok_or(WRONG)?;
        let (index, store) = rest.split_at_checked(index).ok_or(WRONG)?;
        if store.len() != number_at(lengths, 4) as usize {
            return Err(WRONG);
        }
        Ok(Self { index, store })
    }

    /// Returns a text; `None` where the header lacks the tag.
    pub(super) fn text(&self, tag: Tag) -> Result<Option<&'a str>, &'static str> {
        let Some(bytes) = self.bytes(tag)? else { return Ok(None) };
        std::str::from_utf8(bytes).map(Some).map_err(|_| "a text is not UTF-8")
    }

    /// Returns the bytes of a text, in whatever encoding; `None` where the header lacks the tag.
    pub(super) fn bytes(&self, tag: Tag) -> Result<Option<&'a [u8]>, &'static str> {
        let Some((kind, offset)) = self.entry(tag) else { return Ok(None) };
        if kind != TEXT && kind != TRANSLATED_TEXT {
            return Err("a text has another type");
        }
        let value = self.store.get(offset..).ok_or("a value lies outside the header")?;
        let end = memchr::memchr(0, value).ok_or("a text has no end")?;
        Ok(Some(&value[..end]))
    }

    /// Returns a number of 4 or 8 bytes; `None` where the header lacks the tag.
    pub(super) fn number(&self, tag: Tag) -> Result<Option<u64>, &'static str> {
        let Some((kind, offset)) = self.entry(tag) else { return Ok(None) };
        let length = match kind {
            INT32 => 4,
            INT64 => 8,
            _ => return Err("a number has another type"),
        };
        let end = offset.checked_add(length).ok_or("a value lies outside the header")?;
        let value = self.store.get(offset..end).ok_or("a value lies outside the header")?;
        Ok(Some(value.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))))
    }

    /// Finds a tag with at least one value; returns its type and where the first value begins.
    fn entry(&self, tag: Tag) -> Option<(u32, usize)> {
        let wanted = (tag as u32).to_be_bytes();
        let entry = self.index.chunks_exact(ENTRY).find(|entry| entry[..4] == wanted)?;
        (number_at(entry, 12) > 0).then(|| (number_at(entry, 4), number_at(entry, 8) as usize))
    }
}

fn number_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Builds a header of texts and numbers.
    pub(in super::super) fn blob(texts: &[(Tag, &str)], numbers: &[(Tag, u32)]) -> Vec<u8> {
        let (mut index, mut store) = (Vec::new(), Vec::new());
        let mut entry = |tag: Tag, kind: u32, value: &[u8]| {
            for word in [tag as u32, kind, store.len() as u32, 1] {
                index.extend_from_slice(&word.to_be_bytes());
            }
            store.extend_from_slice(value);
        };
        texts.iter().for_each(|(tag, text)| entry(*tag, TEXT, format!("{text}\0").as_bytes()));
        numbers.iter().for_each(|(tag, number)| entry(*tag, INT32, &number.to_be_bytes()));
        let lengths = [(index.len() / ENTRY) as u32, store.len() as u32];
        [lengths.map(u32::to_be_bytes).concat(), index, store].concat()
    }

    #[test]
    fn values_are_read_by_tag() {
        let blob = blob(&[(Tag::Name, "bash"), (Tag::Vendor, "")], &[(Tag::Epoch, 7)]);
        let header = Header::of(&blob).expect("sound");
        assert_eq!(header.text(Tag::Name), Ok(Some("bash")));
        assert_eq!(header.text(Tag::Vendor), Ok(Some("")));
        assert_eq!(header.number(Tag::Epoch), Ok(Some(7)));
        assert_eq!(header.text(Tag::SourceRpm), Ok(None));
        assert!(header.number(Tag::Name).is_err() && header.text(Tag::Epoch).is_err());
    }

    #[test]
    fn header_that_is_cut_anywhere_is_refused() {
        let blob = blob(&[(Tag::Name, "bash")], &[(Tag::Size, 7)]);
        for length in 0..blob.len() {
            assert!(Header::of(&blob[..length]).is_err(), "{length}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200), at in 0usize..60, byte: u8) {
            let read = |bytes: &[u8]| {
                if let Ok(header) = Header::of(bytes) {
                    let _ = header.text(Tag::Name);
                    let _ = header.number(Tag::Size);
                }
            };
            read(&bytes);
            let mut flipped = blob(&[(Tag::Name, "bash")], &[(Tag::Size, 7)]);
            if let Some(place) = flipped.get_mut(at) {
                *place = byte;
            }
            read(&flipped);
        }
    }
}
