//! The container of an archive (rpm, `docs/manual/format_v4.md`): a lead, a header of signatures, the header, the payload.

use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use bzip2::write::BzEncoder;
use flate2::write::GzEncoder;
use liblzma::write::XzEncoder;

use super::RebuildError;
use super::record::{MAGIC, Record};
use crate::host::storage::{self, StorageError};

/// What a rebuilt archive bears in its lead, where a name stands that rpm itself no longer reads.
const LABEL: &[u8] = b"patchctl-reconstructed";

/// Bytes of the lead, of its name, and where that begins.
const LEAD: usize = 96;
const LEAD_NAME: usize = 66;
const NAME_AT: usize = 10;

/// Speed before size: the archive lives as long as its run does.
const LEVEL: u32 = 1;

/// Tags of the header of signatures (rpm, `include/rpm/rpmtag.h`, `rpmSigTag`).
const REGION: u32 = 62;
const DSA: u32 = 267;
const RSA: u32 = 268;
const SHA1: u32 = 269;
const SHA256: u32 = 273;
const SIZE: u32 = 1000;
const MD5: u32 = 1004;
const PAYLOAD_SIZE: u32 = 1007;

/// Types of values.
const INT32: u32 = 4;
const TEXT: u32 = 6;
const BYTES: u32 = 7;

/// Tells whether an archive was rebuilt here: its payload is not packed as the vendor's was, and its digest does not fit.
pub(in super::super) fn is_rebuilt(archive: &Path) -> bool {
    let lead = storage::read_head(archive, LEAD as u64).unwrap_or_default();
    lead.get(NAME_AT..).is_some_and(|rest| rest.starts_with(LABEL))
}

/// How a payload is packed; rpm takes it from the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    Gzip,
    Bzip2,
    Xz,
    Zstd,
}

impl Packing {
    /// Reads rpm's word for it; where there is none, it is gzip (rpm, `docs/manual/tags.md`, `Payloadcompressor`).
    pub(super) fn named(word: &[u8]) -> Option<Self> {
        match word {
            b"" | b"gzip" => Some(Self::Gzip),
            b"bzip2" => Some(Self::Bzip2),
            b"xz" => Some(Self::Xz),
            b"zstd" => Some(Self::Zstd),
            _ => None,
        }
    }
}

/// Writes the payload into what packs it, and returns its length.
pub(super) type Fill<'a> = &'a mut dyn FnMut(&mut dyn Write) -> Result<u64, RebuildError>;

/// Writes an archive, durable when it returns.
///
/// # Errors
/// It exists already or cannot be written, or `fill` fails.
pub(super) fn write(
    path: &Path,
    (record, packing): (&Record, Packing),
    fill: Fill<'_>,
) -> Result<(), RebuildError> {
    let at =
        |source| RebuildError::Storage(StorageError { operation: "write", path: path.to_owned(), source });
    let mut file = storage::create_new(path, storage::PRIVATE)?;
    let begin = [lead(), signatures(record, (0, 0)), MAGIC.to_vec(), record.header.clone()].concat();
    file.write_all(&begin).map_err(at)?;
    let plain = pack(&file, packing, fill, &at)?;
    let end = file.stream_position().map_err(at)?;
    let header = (MAGIC.len() + record.header.len()) as u64;
    let packed = end - begin.len() as u64;
    let (Ok(size), Ok(plain)) = (u32::try_from(header + packed), u32::try_from(plain)) else {
        return Err(RebuildError::Unsupported { reason: "it has 4 GiB" });
    };
    file.write_all_at(&signatures(record, (size, plain)), LEAD as u64).map_err(at)?;
    file.sync_all().map_err(at)
}

fn pack(
    file: &File,
    packing: Packing,
    fill: Fill<'_>,
    at: &dyn Fn(io::Error) -> RebuildError,
) -> Result<u64, RebuildError> {
    let buffered = BufWriter::with_capacity(256 * 1024, file.try_clone().map_err(at)?);
    let (plain, mut buffered) = match packing {
        Packing::Gzip => {
            let mut packer = GzEncoder::new(buffered, flate2::Compression::new(LEVEL));
            (fill(&mut packer)?, packer.finish().map_err(at)?)
        }
        Packing::Bzip2 => {
            let mut packer = BzEncoder::new(buffered, bzip2::Compression::new(LEVEL));
            (fill(&mut packer)?, packer.finish().map_err(at)?)
        }
        Packing::Xz => {
            let mut packer = XzEncoder::new(buffered, LEVEL);
            (fill(&mut packer)?, packer.finish().map_err(at)?)
        }
        Packing::Zstd => {
            let mut packer = zstd::Encoder::new(buffered, LEVEL.cast_signed()).map_err(at)?;
            (fill(&mut packer)?, packer.finish().map_err(at)?)
        }
    };
    buffered.flush().map_err(at)?;
    Ok(plain)
}

/// Magic, version 3.0, a binary package of the first machine, the name, the first system, and signatures in a header.
fn lead() -> Vec<u8> {
    let mut name = LABEL.to_vec();
    name.resize(LEAD_NAME, 0);
    let mut lead = [&[0xed, 0xab, 0xee, 0xdb, 3, 0, 0, 0, 0, 1], &name[..], &[0, 1, 0, 5]].concat();
    lead.resize(LEAD, 0);
    lead
}

/// The header of signatures, which ends at a multiple of eight; it has the same length whatever the sizes are.
fn signatures(record: &Record, (size, plain): (u32, u32)) -> Vec<u8> {
    let text = |text: &String| [text.as_bytes(), b"\0"].concat();
    let mut values: Vec<(u32, u32, Vec<u8>)> = Vec::new();
    let mut add = |tag, kind, value: Option<Vec<u8>>| values.extend(value.map(|value| (tag, kind, value)));
    // Numbers come first, where they are aligned.
    add(SIZE, INT32, Some(size.to_be_bytes().to_vec()));
    add(PAYLOAD_SIZE, INT32, Some(plain.to_be_bytes().to_vec()));
    add(MD5, BYTES, record.md5.clone());
    add(RSA, BYTES, record.rsa.clone());
    add(DSA, BYTES, record.dsa.clone());
    add(SHA1, TEXT, record.sha1.as_ref().map(text));
    add(SHA256, TEXT, Some(text(&record.sha256)));
    values.sort_by_key(|(tag, ..)| *tag);
    region(&values)
}

/// A header that is one region: its first entry points to a trailer at the end of the store, which says how long its index is.
fn region(values: &[(u32, u32, Vec<u8>)]) -> Vec<u8> {
    let word = |number: usize| u32::try_from(number).unwrap_or_default().to_be_bytes();
    let (mut index, mut store) = (Vec::new(), Vec::new());
    for (tag, kind, value) in values {
        if *kind == INT32 {
            store.resize(store.len().next_multiple_of(4), 0);
        }
        let count = if *kind == BYTES { value.len() } else { 1 };
        index.extend_from_slice(
            &[tag.to_be_bytes(), kind.to_be_bytes(), word(store.len()), word(count)].concat(),
        );
        store.extend_from_slice(value);
    }
    let entries = values.len() + 1;
    let back = u32::try_from(entries * 16).unwrap_or_default().wrapping_neg();
    let first = [REGION.to_be_bytes(), BYTES.to_be_bytes(), word(store.len()), word(16)].concat();
    store.extend_from_slice(
        &[REGION.to_be_bytes(), BYTES.to_be_bytes(), back.to_be_bytes(), word(16)].concat(),
    );
    let mut bytes = [&MAGIC[..], &word(entries), &word(store.len()), &first, &index, &store].concat();
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_packing_that_rpm_reads_and_we_write_is_known_by_its_word() {
        assert_eq!(Packing::named(b""), Some(Packing::Gzip));
        assert_eq!(Packing::named(b"zstd"), Some(Packing::Zstd));
        assert_eq!(Packing::named(b"lzma"), None);
    }

    #[test]
    fn signatures_have_one_length_whatever_the_sizes_are() {
        let record = Record {
            header: Vec::new(),
            sha256: "12ab".into(),
            sha1: None,
            md5: Some(vec![7; 16]),
            rsa: Some(vec![1; 5]),
            dsa: None,
        };
        let (first, second) = (signatures(&record, (0, 0)), signatures(&record, (u32::MAX, 1)));
        assert_eq!((first.len(), first.len() % 8), (second.len(), 0));
        assert_ne!(first, second);
        assert_eq!(first[8..12], 6u32.to_be_bytes(), "five values and the region");
    }
}
