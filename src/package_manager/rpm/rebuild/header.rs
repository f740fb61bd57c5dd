//! The part of a header that rpm keeps byte for byte (rpm, `docs/manual/format_header.md`, "Immutable regions"): two
//! lengths, an index of tags, and a store of values that the index points into.

/// A header as its archive had it, without the eight bytes that every header begins with.
pub(super) struct Header<'a> {
    index: &'a [u8],
    store: &'a [u8],
}

/// Bytes of one entry of the index: tag, type, offset and count, 4 each.
const ENTRY: usize = 16;

/// The tags that are used, with rpm's numbers (rpm, `include/rpm/rpmtag.h`).
#[derive(Clone, Copy)]
pub(super) enum Tag {
    FileSizes = 1028,
    FileModes = 1030,
    FileRdevs = 1033,
    FileTimes = 1034,
    FileDigests = 1035,
    FileLinks = 1036,
    FileFlags = 1037,
    FileDevices = 1095,
    FileInodes = 1096,
    FolderIndexes = 1116,
    BaseNames = 1117,
    FolderNames = 1118,
    PayloadFormat = 1124,
    PayloadCompressor = 1125,
    LongFileSizes = 5008,
    DigestAlgorithm = 5011,
}

/// The types of values that the used tags have (same page, "Header data types").
const INT16: u32 = 3;
const INT32: u32 = 4;
const TEXT: u32 = 6;
const TEXTS: u32 = 8;

impl<'a> Header<'a> {
    /// Reads the two lengths and checks that the rest is as long as they say.
    pub(super) fn of(bytes: &'a [u8]) -> Result<Self, &'static str> {
        const WRONG: &str = "its lengths are not its own";
        let (lengths, rest) = bytes.split_at_checked(8).ok_or(WRONG)?;
        let index = (number(&lengths[..4]) as usize).checked_mul(ENTRY).ok_or(WRONG)?;
        let (index, store) = rest.split_at_checked(index).ok_or(WRONG)?;
        if store.len() != number(&lengths[4..]) as usize {
            return Err(WRONG);
        }
        Ok(Self { index, store })
    }

    /// Tells whether it has a tag.
    pub(super) fn has(&self, tag: Tag) -> bool {
        self.entry(tag).is_some()
    }

    /// Returns the texts of a tag; none where it is absent.
    pub(super) fn texts(&self, tag: Tag) -> Result<Vec<&'a [u8]>, &'static str> {
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

    /// Returns the numbers of a tag, of 2 or 4 bytes each; none where it is absent.
    pub(super) fn numbers(&self, tag: Tag) -> Result<Vec<u32>, &'static str> {
        let Some((kind, offset, count)) = self.entry(tag) else { return Ok(Vec::new()) };
        let size = match kind {
            INT16 => 2,
            INT32 => 4,
            _ => return Err("a number has another type"),
        };
        let end = count.checked_mul(size).and_then(|length| offset.checked_add(length)).ok_or(OUTSIDE)?;
        let values = self.store.get(offset..end).ok_or(OUTSIDE)?;
        Ok(values.chunks_exact(size).map(number).collect())
    }

    /// Finds a tag; returns its type, where its first value begins, and how many it has.
    fn entry(&self, tag: Tag) -> Option<(u32, usize, usize)> {
        let wanted = (tag as u32).to_be_bytes();
        let entry = self.index.chunks_exact(ENTRY).find(|entry| entry[..4] == wanted)?;
        let word = |at: usize| number(&entry[at..at + 4]);
        Some((word(4), word(8) as usize, word(12) as usize))
    }
}

const OUTSIDE: &str = "a value lies outside of it";

fn number(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Builds a header of values that are at hand as rpm writes them: tag, type, count, bytes.
    pub(in super::super) fn header(values: &[(Tag, u32, usize, &[u8])]) -> Vec<u8> {
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
    fn values_are_read_by_tag() {
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
        fn no_bytes_panic(at in 0usize..80, byte: u8) {
            let mut bytes = header(&[(Tag::BaseNames, TEXTS, 2, b"a\0bc\0"), (Tag::FileSizes, INT32, 1, &[0, 0, 1, 2])]);
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
            if let Ok(header) = Header::of(&bytes) {
                let _ = (header.texts(Tag::BaseNames), header.numbers(Tag::FileSizes));
            }
        }
    }
}
