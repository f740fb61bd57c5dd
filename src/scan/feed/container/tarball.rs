//! The documents of a tar archive, read one after the other: ustar, GNU long names and pax (tar(5), pax(1)).
//!
//! The walk over the blocks is our own, where the `tar` crate would read on: an archive has to have its end, nothing may
//! follow it, and every header its checksum. One document at a time is in memory.

use std::io::{self, Read, Write};

use tar::{EntryType, Header, PaxExtensions};

use super::{ContainerError, Document, LARGEST_DOCUMENT, LONGEST_NAME, Member, too_large};

/// Length of a header, and the unit that contents are padded to (tar(5)).
pub(super) const BLOCK: usize = 512;
/// Where a header keeps its checksum, which counts as spaces in the sum (tar(5)).
const CHECKSUM: std::ops::Range<usize> = 148..156;
/// Longest content of an extension header: a name, and some numbers. Real ones have a block or two.
const LONGEST_EXTENSION: u64 = 64 * 1024;
/// Zeros that may follow the end: tar pads to records of 10 KiB, and of a few MiB at most where it is told to (tar(1),
/// `--blocking-factor`). More of them are a bomb.
const MOST_PADDING: u64 = 16 * 1024 * 1024;
/// Room that is made for a document before any byte of it came.
const FIRST_ROOM: u64 = 1024 * 1024;

/// Tells whether content begins with a header whose checksum is right.
pub(super) fn begins(content: &[u8]) -> bool {
    content.get(..BLOCK).is_some_and(|block| header(block).is_some())
}

fn header(block: &[u8]) -> Option<&Header> {
    let header = Header::from_byte_slice(block);
    let sum = |bytes: &[u8]| bytes.iter().map(|byte| u32::from(*byte)).sum::<u32>();
    let spaces = CHECKSUM.len() as u32 * u32::from(b' ');
    let expected = sum(&block[..CHECKSUM.start]) + spaces + sum(&block[CHECKSUM.end..]);
    header.cksum().is_ok_and(|stated| stated == expected).then_some(header)
}

/// Name and size that an extension header gives to the entry after it.
#[derive(Default)]
struct Extensions {
    name: Option<Vec<u8>>,
    size: Option<u64>,
}

/// A tar archive and how far it has been read.
pub(super) struct Tarball<'a> {
    reader: Box<dyn Read + 'a>,
    offset: u64,
}

impl<'a> Tarball<'a> {
    pub(super) fn new(reader: impl Read + 'a) -> Self {
        Self { reader: Box::new(reader), offset: 0 }
    }

    /// Returns the next document; none at the end of the archive.
    pub(super) fn next(&mut self) -> Result<Option<Document<'static>>, ContainerError> {
        let Some(Member { name, size }) = self.next_member()? else { return Ok(None) };
        if size > LARGEST_DOCUMENT {
            return Err(too_large());
        }
        let content = self.content(size)?;
        Ok(Some(Document { name: name.into(), content: content.into() }))
    }

    /// Returns the next file, of which the content comes next; none at the end of the archive.
    pub(super) fn next_member(&mut self) -> Result<Option<Member>, ContainerError> {
        let mut extensions = Extensions::default();
        loop {
            let begin = self.offset;
            let Some(block) = self.next_block()? else { return Ok(None) };
            let header = header(&block).ok_or_else(|| damaged(begin, "a header has a wrong checksum"))?;
            let kind = header.entry_type();
            let extended = extensions.size.filter(|_| !is_extension(kind));
            let size = match extended {
                Some(size) => size,
                None => header.entry_size().map_err(|_| damaged(begin, "a size is no number"))?,
            };
            if matches!(kind, EntryType::Regular | EntryType::Continuous) {
                let name = extensions.name.unwrap_or_else(|| header.path_bytes().into_owned());
                return member(&name, size, begin).map(Some);
            }
            if size > LONGEST_EXTENSION {
                return Err(damaged(begin, "an entry that is no file is too long"));
            }
            let content = self.content(size)?;
            match kind {
                EntryType::GNULongName => extensions.name = Some(up_to_nul(&content).to_vec()),
                EntryType::XHeader => read_pax(&content, begin, &mut extensions)?,
                EntryType::GNULongLink | EntryType::XGlobalHeader => {}
                EntryType::Directory | EntryType::Link | EntryType::Symlink => {
                    extensions = Extensions::default();
                }
                _ => return Err(damaged(begin, "an entry is neither a file nor a folder nor a link")),
            }
        }
    }

    /// Returns the block at the present place; none at the end. The end is a block of zeros, and zeros only follow it;
    /// content without that end breaks off.
    fn next_block(&mut self) -> Result<Option<[u8; BLOCK]>, ContainerError> {
        let begin = self.offset;
        let mut block = [0; BLOCK];
        if self.fill(&mut block)? < BLOCK {
            return Err(damaged(begin, "it breaks off"));
        }
        if block.iter().any(|byte| *byte != 0) {
            return Ok(Some(block));
        }
        loop {
            let count = self.fill(&mut block)?;
            if block[..count].iter().any(|byte| *byte != 0) {
                return Err(damaged(begin, "content follows its end"));
            }
            if count < BLOCK {
                return Ok(None);
            }
            if self.offset - begin > MOST_PADDING {
                return Err(damaged(begin, "too many zeros follow its end"));
            }
        }
    }

    /// Reads content and its padding.
    fn content(&mut self, size: u64) -> Result<Vec<u8>, ContainerError> {
        let mut content = Vec::with_capacity(usize::try_from(size.min(FIRST_ROOM)).unwrap_or_default());
        self.pour(size, &mut content)?;
        Ok(content)
    }

    /// Writes content of that size elsewhere, and reads past its padding.
    pub(super) fn pour(&mut self, size: u64, to: &mut dyn Write) -> Result<(), ContainerError> {
        let begin = self.offset;
        let unpack = |source| ContainerError::Unpack { offset: begin, source };
        let count = io::copy(&mut self.reader.by_ref().take(size), to).map_err(unpack)?;
        if count < size {
            return Err(damaged(begin, "it breaks off"));
        }
        self.offset += size;
        // Padding that is missing at the end of the archive is found out by the next block, which is missing too.
        let rest = usize::try_from(size % BLOCK as u64).unwrap_or_default();
        self.fill(&mut [0; BLOCK][..(BLOCK - rest) % BLOCK])?;
        Ok(())
    }

    /// Reads as much as there is room for, or all that is left.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, ContainerError> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.reader.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(ContainerError::Unpack { offset: self.offset, source }),
            }
        }
        self.offset += filled as u64;
        Ok(filled)
    }
}

impl std::fmt::Debug for Tarball<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tarball").field("offset", &self.offset).finish()
    }
}

fn read_pax(content: &[u8], begin: u64, extensions: &mut Extensions) -> Result<(), ContainerError> {
    for extension in PaxExtensions::new(content) {
        let extension = extension.map_err(|_| damaged(begin, "a pax header is malformed"))?;
        match extension.key_bytes() {
            b"path" => extensions.name = Some(extension.value_bytes().to_vec()),
            b"size" => {
                let size = extension.value().ok().and_then(|text| text.parse().ok());
                extensions.size = Some(size.ok_or_else(|| damaged(begin, "a size is no number"))?);
            }
            key if key.starts_with(b"GNU.sparse.") => {
                return Err(damaged(begin, "a file is sparse, which is not supported"));
            }
            _ => {}
        }
    }
    Ok(())
}

fn member(name: &[u8], size: u64, begin: u64) -> Result<Member, ContainerError> {
    if name.len() > LONGEST_NAME {
        return Err(damaged(begin, "a name is too long"));
    }
    Ok(Member { name: String::from_utf8_lossy(name).into_owned(), size })
}

fn damaged(offset: u64, reason: &'static str) -> ContainerError {
    ContainerError::Tar { offset, reason }
}

/// Tells whether an entry only describes the one after it; a size that is given for that one is not its own.
fn is_extension(kind: EntryType) -> bool {
    matches!(
        kind,
        EntryType::GNULongName | EntryType::GNULongLink | EntryType::XHeader | EntryType::XGlobalHeader
    )
}

fn up_to_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}
