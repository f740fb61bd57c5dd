//! The documents of a zip archive: stored or deflated, with their CRC-32 checked (APPNOTE.TXT of PKWARE).
//!
//! The list at the end of the archive states every size, so an archive that would grow beyond the limits is refused
//! before anything is decompressed; a document that grows beyond its stated size is cut off there.

use std::borrow::Cow;
use std::io::Read;

use rawzip::{CompressionMethod, ZipArchive, ZipArchiveEntryWayfinder, ZipSliceArchive, ZipSliceEntry};

use super::{ContainerError, Document, LARGEST_DOCUMENT, LONGEST_NAME, MOST_DOCUMENTS, too_large, too_many};

/// Largest sum of all documents. Ubuntu's OSV documents are the largest set of a vendor, several GB (feeds design, 2);
/// one document at a time is in memory.
const LARGEST_SUM: u64 = 8 * 1024 * 1024 * 1024;
/// Largest growth from the archive to its documents. Whole archives of OSV documents grow 2 to 9 times, single documents
/// at most 24 times (measured on those of Debian, Ubuntu, Rocky, Alpine and Red Hat); deflate allows 1032 times.
const LARGEST_GROWTH: u64 = 100;
/// A sum that is harmless at any growth.
const HARMLESS_SUM: u64 = 64 * 1024 * 1024;

/// A zip archive and how far its list has been read.
#[derive(Debug)]
pub(super) struct Zipped<'a> {
    archive: ZipSliceArchive<&'a [u8]>,
    entries: std::vec::IntoIter<Listed>,
}

/// A document as the list at the end of the archive states it.
#[derive(Debug)]
struct Listed {
    place: ZipArchiveEntryWayfinder,
    offset: u64,
    method: CompressionMethod,
    is_encrypted: bool,
}

impl<'a> Zipped<'a> {
    /// Reads the list and measures it against the limits.
    pub(super) fn open(content: &'a [u8]) -> Result<Self, ContainerError> {
        let list = |source| ContainerError::List { source };
        let archive = ZipArchive::from_slice(content).map_err(list)?;
        let (mut entries, mut found, mut sum) = (Vec::new(), 0, 0u64);
        for entry in archive.entries() {
            let entry = entry.map_err(list)?;
            found += 1;
            sum = sum.saturating_add(entry.uncompressed_size_hint());
            if found > MOST_DOCUMENTS {
                return Err(too_many());
            }
            if entry.uncompressed_size_hint() > LARGEST_DOCUMENT {
                return Err(too_large());
            }
            if !entry.is_dir() {
                entries.push(Listed {
                    place: entry.wayfinder(),
                    offset: entry.local_header_offset(),
                    method: entry.compression_method(),
                    is_encrypted: entry.flags().is_encrypted(),
                });
            }
        }
        if archive.entries_hint() != found as u64 {
            return Err(ContainerError::Length { found, stated: archive.entries_hint() });
        }
        let limit = HARMLESS_SUM.max(content.len() as u64 * LARGEST_GROWTH).min(LARGEST_SUM);
        if sum > limit {
            let quantity = "too many bytes when decompressed";
            return Err(ContainerError::BeyondLimits { quantity, limit });
        }
        Ok(Self { archive, entries: entries.into_iter() })
    }

    /// Returns the next document; none at the end of the list.
    pub(super) fn next(&mut self) -> Result<Option<Document<'a>>, ContainerError> {
        let Some(listed) = self.entries.next() else { return Ok(None) };
        let entry = self
            .archive
            .get_entry(listed.place)
            .map_err(|source| ContainerError::Locate { offset: listed.offset, source })?;
        let local = entry.local_header();
        let name = local.file_path();
        let name = &name.as_bytes()[..name.as_bytes().len().min(LONGEST_NAME)];
        let name = String::from_utf8_lossy(name).into_owned();
        if listed.is_encrypted {
            return Err(ContainerError::Unsupported { document: name, reason: "is encrypted" });
        }
        let content = match listed.method {
            CompressionMethod::STORE => read(&entry, &listed, entry.data()),
            CompressionMethod::DEFLATE => {
                read(&entry, &listed, flate2::bufread::DeflateDecoder::new(entry.data()))
            }
            _ => {
                let reason = "is compressed in another way than deflate";
                return Err(ContainerError::Unsupported { document: name, reason });
            }
        };
        match content {
            Ok(content) => Ok(Some(Document { name: Cow::Owned(name), content: Cow::Owned(content) })),
            Err(source) => Err(ContainerError::Decompress { document: name, source }),
        }
    }
}

/// Reads a document of exactly the stated size and CRC-32.
fn read(entry: &ZipSliceEntry<'_>, listed: &Listed, plain: impl Read) -> std::io::Result<Vec<u8>> {
    let size = listed.place.uncompressed_size_hint();
    let mut content = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    entry.verifying_reader(plain.take(size.saturating_add(1))).read_to_end(&mut content)?;
    Ok(content)
}
