//! A package's header as rpm keeps it, in its database and in the part that an archive has byte for byte (rpm,
//! `docs/manual/format_header.md`): two lengths, an index of tags, and a store of values that the index points into.

/// A package's header, over bytes of somebody else.
#[derive(Debug)]
pub struct Header<'a> {
    index: &'a [u8],
    store: &'a [u8],
}

/// Bytes of one entry of the index: tag, type, offset and count, 4 each.
const ENTRY: usize = 16;

/// The tags that are used, with rpm's names and numbers (rpm, `include/rpm/rpmtag.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "rpm's own names")]
pub enum Tag {
    Name = 1000,
    Version = 1001,
    Release = 1002,
    Epoch = 1003,
    InstallTime = 1008,
    Size = 1009,
    Vendor = 1011,
    Architecture = 1022,
    FileSizes = 1028,
    FileModes = 1030,
    FileRdevs = 1033,
    FileTimes = 1034,
    FileDigests = 1035,
    FileLinks = 1036,
    FileFlags = 1037,
    SourceRpm = 1044,
    FileDevices = 1095,
    FileInodes = 1096,
    FolderIndexes = 1116,
    BaseNames = 1117,
    FolderNames = 1118,
    PayloadFormat = 1124,
    PayloadCompressor = 1125,
    LongFileSizes = 5008,
    LongSize = 5009,
    DigestAlgorithm = 5011,
    ModularityLabel = 5096,
}

/// The types of values that the used tags have (same page, "Header data types").
const INT16: u32 = 3;
const INT32: u32 = 4;
const INT64: u32 = 5;
const TEXT: u32 = 6;
const TEXTS: u32 = 8;
const TRANSLATED_TEXT: u32 = 9;

const OUTSIDE: &str = "a value lies outside the header";

impl<'a> Header<'a> {
    /// Reads the two lengths and checks that the rest is as long as they say.
    ///
    /// # Errors
    /// It is not.
    pub fn of(blob: &'a [u8]) -> Result<Self, &'static str> {
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
    ///
    /// # Errors
    /// It is of another type or encoding, or lies outside.
    pub fn text(&self, tag: Tag) -> Result<Option<&'a str>, &'static str> {
        let Some(bytes) = self.bytes(tag)? else { return Ok(None) };
        std::str::from_utf8(bytes).map(Some).map_err(|_| "a text is not UTF-8")
    }

    /// Returns the bytes of a text, in whatever encoding; `None` where the header lacks the tag.
    ///
    /// # Errors
    /// It is of another type, or lies outside.
    pub fn bytes(&self, tag: Tag) -> Result<Option<&'a [u8]>, &'static str> {
        let Some((kind, offset, _)) = self.entry(tag) else { return Ok(None) };
        if kind != TEXT && kind != TRANSLATED_TEXT {
            return Err("a text has another type");
        }
        let value = self.store.get(offset..).ok_or(OUTSIDE)?;
        let end = memchr::memchr(0, value).ok_or("a text has no end")?;
        Ok(Some(&value[..end]))
    }

    /// Returns a number of 4 or 8 bytes; `None` where the header lacks the tag.
    ///
    /// # Errors
    /// It is of another type, or lies outside.
    pub fn number(&self, tag: Tag) -> Result<Option<u64>, &'static str> {
        let Some((kind, offset, _)) = self.entry(tag) else { return Ok(None) };
        let length = match kind {
            INT32 => 4,
            INT64 => 8,
            _ => return Err("a number has another type"),
        };
        let end = offset.checked_add(length).ok_or(OUTSIDE)?;
        let value = self.store.get(offset..end).ok_or(OUTSIDE)?;
        Ok(Some(value.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))))
    }

    /// Tells whether it has a tag.
    pub fn has(&self, tag: Tag) -> bool {
        self.entry(tag).is_some()
    }

    /// Returns all texts of a tag, in whatever encoding; none where it is absent.
    ///
    /// # Errors
    /// They are of another type, or lie outside.
    pub fn texts(&self, tag: Tag) -> Result<Vec<&'a [u8]>, &'static str> {
        let Some((kind, offset, count)) = self.entry(tag) else { return Ok(Vec::new()) };
        if kind != TEXT && kind != TEXTS {
            return Err("a text has another type");
        }
        let mut rest = self.store.get(offset..).ok_or(OUTSIDE)?;
        let mut texts = Vec::new();
        for _ in 0..count {
            let end = memchr::memchr(0, rest).ok_or("a text has no end")?;
            texts.push(&rest[..end]);
            rest = &rest[end + 1..];
        }
        Ok(texts)
    }

    /// Returns all numbers of a tag, of 2 or 4 bytes each; none where it is absent.
    ///
    /// # Errors
    /// They are of another type, or lie outside.
    pub fn numbers(&self, tag: Tag) -> Result<Vec<u32>, &'static str> {
        let Some((kind, offset, count)) = self.entry(tag) else { return Ok(Vec::new()) };
        let size = match kind {
            INT16 => 2,
            INT32 => 4,
            _ => return Err("a number has another type"),
        };
        let end = count.checked_mul(size).and_then(|length| offset.checked_add(length)).ok_or(OUTSIDE)?;
        let values = self.store.get(offset..end).ok_or(OUTSIDE)?;
        let number = |bytes: &[u8]| bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte));
        Ok(values.chunks_exact(size).map(number).collect())
    }

    /// Finds a tag with at least one value; returns its type, where the first value begins, and how many there are.
    fn entry(&self, tag: Tag) -> Option<(u32, usize, usize)> {
        let wanted = (tag as u32).to_be_bytes();
        let entry = self.index.chunks_exact(ENTRY).find(|entry| entry[..4] == wanted)?;
        let count = number_at(entry, 12) as usize;
        (count > 0).then(|| (number_at(entry, 4), number_at(entry, 8) as usize, count))
    }
}

fn number_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Builds a header of texts and numbers.
    pub(crate) fn blob(texts: &[(Tag, &str)], numbers: &[(Tag, u32)]) -> Vec<u8> {
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

    /// Builds a header of values that are at hand as rpm writes them: tag, type, count, bytes.
    fn header(values: &[(Tag, u32, usize, &[u8])]) -> Vec<u8> {
        let (mut index, mut store) = (Vec::new(), Vec::new());
        for (tag, kind, count, bytes) in values {
            let words = [*tag as u32, *kind, store.len() as u32, *count as u32];
            index.extend_from_slice(&words.map(u32::to_be_bytes).concat());
            store.extend_from_slice(bytes);
        }
        let lengths = [values.len() as u32, store.len() as u32];
        [lengths.map(u32::to_be_bytes).concat(), index, store].concat()
    }

    #[test]
    fn lists_are_read_by_tag() {
        let bytes = header(&[
            (Tag::BaseNames, TEXTS, 2, b"a\0bc\0"),
            (Tag::FileModes, INT16, 2, &[0x81, 0xa4, 0x41, 0xed]),
            (Tag::FileSizes, INT32, 1, &[0, 0, 1, 2]),
        ]);
        let header = Header::of(&bytes).expect("sound");
        assert_eq!(header.texts(Tag::BaseNames), Ok(vec![&b"a"[..], b"bc"]));
        assert_eq!(header.numbers(Tag::FileModes), Ok(vec![0o100_644, 0o040_755]));
        assert_eq!(header.numbers(Tag::FileSizes), Ok(vec![258]));
        assert_eq!(header.numbers(Tag::FileInodes), Ok(Vec::new()));
        assert!(header.numbers(Tag::BaseNames).is_err() && header.texts(Tag::FileSizes).is_err());
        assert!((0..bytes.len()).all(|length| Header::of(&bytes[..length]).is_err()));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_of_lists_panic(at in 0usize..80, byte: u8) {
            let mut bytes = header(&[(Tag::BaseNames, TEXTS, 2, b"a\0bc\0"), (Tag::FileSizes, INT32, 1, &[0, 0, 1, 2])]);
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
            if let Ok(header) = Header::of(&bytes) {
                let _ = (header.texts(Tag::BaseNames), header.numbers(Tag::FileSizes));
            }
        }

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
