//! The documents of a tar archive, as parts of its bytes: ustar, GNU long names and pax (tar(5), pax(1)).
//!
//! The walk over the blocks is our own because the archive is in memory already: the `tar` crate, which reads the
//! headers, would copy every document.

use std::borrow::Cow;

use tar::{EntryType, Header, PaxExtensions};

use super::{ContainerError, Document, LARGEST_DOCUMENT, LONGEST_NAME, too_large};

/// Length of a header, and the unit that contents are padded to (tar(5)).
const BLOCK: usize = 512;
/// Where a header keeps its checksum, which counts as spaces in the sum (tar(5)).
const CHECKSUM: std::ops::Range<usize> = 148..156;

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
struct Extensions<'a> {
    name: Option<&'a [u8]>,
    size: Option<u64>,
}

/// A tar archive and how far it has been read.
#[derive(Debug)]
pub(super) struct Tarball<'a> {
    content: &'a [u8],
    offset: usize,
}

impl<'a> Tarball<'a> {
    pub(super) fn new(content: &'a [u8]) -> Self {
        Self { content, offset: 0 }
    }

    /// Returns the next document; none at the end of the archive.
    pub(super) fn next(&mut self) -> Result<Option<Document<'a>>, ContainerError> {
        let mut extensions = Extensions::default();
        loop {
            let begin = self.offset;
            let Some(header) = self.next_header()? else { return Ok(None) };
            let kind = header.entry_type();
            let extended = extensions.size.filter(|_| !is_extension(kind));
            let size = match extended {
                Some(size) => size,
                None => header.entry_size().map_err(|_| self.damaged(begin, "a size is no number"))?,
            };
            if size > LARGEST_DOCUMENT {
                return Err(too_large());
            }
            let content = self.take(size)?;
            match kind {
                EntryType::GNULongName => extensions.name = Some(up_to_nul(content)),
                EntryType::XHeader => self.read_pax(content, begin, &mut extensions)?,
                EntryType::GNULongLink | EntryType::XGlobalHeader => {}
                EntryType::Regular | EntryType::Continuous => {
                    return self.document(header, &extensions, content).map(Some);
                }
                EntryType::Directory | EntryType::Link | EntryType::Symlink => {
                    extensions = Extensions::default();
                }
                _ => return Err(self.damaged(begin, "an entry is neither a file nor a folder nor a link")),
            }
        }
    }

    /// Returns the header at the present place; none at the end. The end is a block of zeros, and zeros only follow
    /// it; content without that end breaks off.
    fn next_header(&mut self) -> Result<Option<&'a Header>, ContainerError> {
        let begin = self.offset;
        let block = self.take(BLOCK as u64)?;
        if block.iter().all(|byte| *byte == 0) {
            let rest = &self.content[self.offset..];
            let is_over = rest.iter().all(|byte| *byte == 0);
            return if is_over { Ok(None) } else { Err(self.damaged(begin, "content follows its end")) };
        }
        match header(block) {
            Some(header) => Ok(Some(header)),
            None => Err(self.damaged(begin, "a header has a wrong checksum")),
        }
    }

    /// Takes content and its padding.
    fn take(&mut self, size: u64) -> Result<&'a [u8], ContainerError> {
        let begin = self.offset;
        let breaks_off = || self.damaged(begin, "it breaks off");
        let size = usize::try_from(size).map_err(|_| breaks_off())?;
        let end = begin.checked_add(size).ok_or_else(breaks_off)?;
        let content = self.content.get(begin..end).ok_or_else(breaks_off)?;
        self.offset = end.next_multiple_of(BLOCK).min(self.content.len());
        Ok(content)
    }

    fn read_pax(
        &self,
        content: &'a [u8],
        begin: usize,
        extensions: &mut Extensions<'a>,
    ) -> Result<(), ContainerError> {
        for extension in PaxExtensions::new(content) {
            let extension = extension.map_err(|_| self.damaged(begin, "a pax header is malformed"))?;
            match extension.key_bytes() {
                b"path" => extensions.name = Some(extension.value_bytes()),
                b"size" => {
                    let size = extension.value().ok().and_then(|text| text.parse().ok());
                    extensions.size = Some(size.ok_or_else(|| self.damaged(begin, "a size is no number"))?);
                }
                key if key.starts_with(b"GNU.sparse.") => {
                    return Err(self.damaged(begin, "a file is sparse, which is not supported"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn document(
        &self,
        header: &'a Header,
        extensions: &Extensions<'a>,
        content: &'a [u8],
    ) -> Result<Document<'a>, ContainerError> {
        let name = extensions.name.map_or_else(|| header.path_bytes(), Cow::Borrowed);
        if name.len() > LONGEST_NAME {
            return Err(self.damaged(self.offset, "a name is too long"));
        }
        let name = match name {
            Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
            Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
        };
        Ok(Document { name, content: Cow::Borrowed(content) })
    }

    fn damaged(&self, offset: usize, reason: &'static str) -> ContainerError {
        ContainerError::Tar { offset, reason }
    }
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
