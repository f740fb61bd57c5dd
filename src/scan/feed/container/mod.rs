//! Archives of documents: a tar or zip archive becomes its documents, one after the other, under limits.
//!
//! Vendors publish thousands of small documents as one archive. A name in an archive is a word to name a document by
//! in messages, and to choose it by its ending; it is never a path. What is no archive is one document without a name,
//! so a format that is published both ways needs one loop only.

mod members;
mod overlay;
mod tarball;
mod zipped;

use std::borrow::Cow;
use std::cell::Cell;
use std::io::{self, BufReader, Read};
use std::rc::Rc;

pub use self::members::{Member, Members};
use self::overlay::Overlay;
use self::tarball::{BLOCK, Tarball};
use self::zipped::Zipped;
use super::FeedError;
use super::decompress::{DecompressError, HARMLESS, LARGEST_FEED, Unpacked, archive_cap, cap};

/// Most documents of one archive. The most that a vendor publishes together are Red Hat's VEX documents, one for each
/// CVE; 400,000 CVEs existed in 2026, so this leaves room for years.
const MOST_DOCUMENTS: usize = 1_000_000;
/// Largest document. The largest real ones are Red Hat's VEX documents of the kernel and of OpenSSL, and have some
/// ten million bytes (feeds design, 3.2).
pub const LARGEST_DOCUMENT: u64 = 64 * 1024 * 1024;
/// Largest tar archive when decompressed. Red Hat's VEX archive has 200 to 400 MB as zstd and "many GB" unpacked (feeds
/// design, 3.2), Ubuntu's OSV documents several GB (2); only one document at a time is in memory.
const LARGEST_ARCHIVE: u64 = 64 * 1024 * 1024 * 1024;
/// Bytes that are read from a file at once.
const PIECE: usize = 256 * 1024;
/// Longest name of a document (PATH_MAX of Linux, path_resolution(7)); real ones have some forty bytes.
const LONGEST_NAME: usize = 4096;

/// One document of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document<'a> {
    /// Its name in the archive: for messages and for its ending, never a path. Empty for content that is no archive.
    pub name: Cow<'a, str>,
    /// Its content.
    pub content: Cow<'a, [u8]>,
}

impl Document<'_> {
    /// Tells whether it is a JSON document by its name; content that is no archive may be one.
    pub fn is_json(&self) -> bool {
        self.name.is_empty() || self.name.ends_with(".json")
    }
}

/// The documents of an archive in its order. After an error there are no more.
#[derive(Debug)]
pub struct Documents<'a> {
    form: Form<'a>,
    given: usize,
}

#[derive(Debug)]
enum Form<'a> {
    Plain(&'a [u8]),
    Tar(Tarball<'a>),
    Zip(Zipped<'a>),
    Overlaid(Overlay),
    Over,
}

/// An archive that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ContainerError {
    /// It breaks off, or a header is no header.
    #[error("the tar archive is damaged at byte {offset}: {reason}")]
    Tar {
        /// Where, from the beginning of the archive.
        offset: u64,
        /// What is wrong.
        reason: &'static str,
    },
    /// The stream that it comes from is damaged, breaks off, or grows beyond the cap.
    #[error("the archive cannot be unpacked at byte {offset}")]
    Unpack {
        /// Where, from the beginning of the archive.
        offset: u64,
        /// What is wrong with the stream.
        #[source]
        source: io::Error,
    },
    /// Its list of documents is damaged.
    #[error("the list of documents of the zip archive cannot be read")]
    List {
        /// What is wrong with it.
        #[source]
        source: rawzip::Error,
    },
    /// Its list of documents has another length than it says.
    #[error("the zip archive lists {found} documents and says that it has {stated}")]
    Length {
        /// How many it lists.
        found: usize,
        /// How many it says.
        stated: u64,
    },
    /// A document cannot be found at its place.
    #[error("the zip archive has no document at byte {offset}, where its list says so")]
    Locate {
        /// Where, from the beginning of the archive.
        offset: u64,
        /// What is wrong.
        #[source]
        source: rawzip::Error,
    },
    /// A document cannot be decompressed, or is not the one that was packed (size, CRC-32).
    #[error("the document {document:?} of the zip archive is damaged")]
    Decompress {
        /// The document.
        document: String,
        /// What is wrong with it.
        #[source]
        source: io::Error,
    },
    /// A document is stored in a way that no vendor uses.
    #[error("the document {document:?} of the archive {reason}")]
    Unsupported {
        /// The document.
        document: String,
        /// Which way.
        reason: &'static str,
    },
    /// It is larger, or has more documents, than any real one: probably a bomb.
    #[error("the archive has {quantity}, more than {limit}")]
    BeyondLimits {
        /// What there is too much of.
        quantity: &'static str,
        /// The limit.
        limit: u64,
    },
}

impl ContainerError {
    /// The fault as one of a feed.
    pub fn into_feed_error(self, feed: &'static str) -> FeedError {
        match self {
            Self::BeyondLimits { .. } => FeedError::BeyondLimits { feed, detail: self.to_string() },
            source => FeedError::Archive { feed, source },
        }
    }
}

/// Returns the documents of a tar or zip archive. Content that is neither is one document without a name. Folders and
/// links are not documents.
///
/// # Errors
/// The list of a zip archive is damaged, or states more than the limits. What is wrong later comes from the iterator.
pub fn documents(content: &[u8]) -> Result<Documents<'_>, ContainerError> {
    let form = match content {
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Form::Zip(Zipped::open(content)?),
        _ if tarball::begins(content) => Form::Tar(Tarball::new(content)),
        _ => Form::Plain(content),
    };
    Ok(Documents { form, given: 0 })
}

/// What a file of the cache holds.
#[derive(Debug)]
pub enum Opened {
    /// One content, or a zip archive, in memory.
    Whole(Vec<u8>),
    /// A tar archive, which is decompressed while its documents are read.
    Archive(Documents<'static>),
}

/// Opens content of so many bytes as it was received. Compressed or not, what is no tar archive is read whole.
///
/// # Errors
/// It cannot be decompressed, or is larger than a feed or archive may be.
pub fn open(file: impl Read + 'static, size: u64) -> Result<Opened, DecompressError> {
    let taken = Rc::new(Cell::new(0));
    let packed = BufReader::with_capacity(PIECE, Counted { file, taken: Rc::clone(&taken) });
    let mut reader = Unpacked::new(packed, archive_cap(size, LARGEST_ARCHIVE))?;
    let mut content = Vec::new();
    let mut fill = |content: &mut Vec<u8>, limit: u64| {
        let mut rest = reader.by_ref().take(limit.saturating_sub(content.len() as u64));
        rest.read_to_end(content).map_err(|error| reader.explain(error))
    };
    fill(&mut content, BLOCK as u64)?;
    if tarball::begins(&content) {
        let documents = Form::Tar(Tarball::new(io::Cursor::new(content).chain(reader)));
        return Ok(Opened::Archive(Documents { form: documents, given: 0 }));
    }
    // A bomb has grown beyond belief long before its end: what was taken of it so far tells, and the rest is not waited for.
    fill(&mut content, HARMLESS + 1)?;
    let limit = match content.len() as u64 > cap(taken.get(), LARGEST_FEED) {
        true => HARMLESS,
        false => cap(size, LARGEST_FEED),
    };
    fill(&mut content, limit + 1)?;
    match content.len() as u64 > limit {
        true => Err(reader.too_large(limit)),
        false => Ok(Opened::Whole(content)),
    }
}

/// Opens content of so many bytes as it was received, to be read once from its beginning. What is beyond the size that
/// [`open`] allows cannot be read.
///
/// # Errors
/// Its first bytes cannot be read.
pub fn stream(file: impl Read + 'static, size: u64) -> Result<Unpacked<'static>, DecompressError> {
    Unpacked::new(BufReader::with_capacity(PIECE, file), cap(size, LARGEST_FEED))
}

/// A file of which is known how much was taken.
struct Counted<R> {
    file: R,
    taken: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.taken.set(self.taken.get() + count as u64);
        Ok(count)
    }
}

/// Puts later documents in the place of those of the same name; one without content takes the other away. `names` and
/// `later` are the same archive, opened twice.
///
/// # Errors
/// The later documents cannot be read.
pub fn overlaid(
    base: Documents<'static>,
    names: Documents<'static>,
    later: Documents<'static>,
) -> Result<Documents<'static>, ContainerError> {
    Ok(Documents { form: Form::Overlaid(Overlay::new(base, names, later)?), given: 0 })
}

impl<'a> Iterator for Documents<'a> {
    type Item = Result<Document<'a>, ContainerError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = match &mut self.form {
            Form::Tar(archive) => archive.next().transpose(),
            Form::Zip(archive) => archive.next().transpose(),
            Form::Overlaid(overlay) => overlay.next().transpose(),
            Form::Plain(content) => {
                let content = Cow::Borrowed(*content);
                self.form = Form::Over;
                return Some(Ok(Document { name: Cow::Borrowed(""), content }));
            }
            Form::Over => None,
        };
        self.given += 1;
        let next = match next {
            Some(Ok(_)) if self.given > MOST_DOCUMENTS => Some(Err(too_many())),
            next => next,
        };
        if !matches!(next, Some(Ok(_))) {
            self.form = Form::Over;
        }
        next
    }
}

fn too_many() -> ContainerError {
    ContainerError::BeyondLimits { quantity: "too many documents", limit: MOST_DOCUMENTS as u64 }
}

fn too_large() -> ContainerError {
    ContainerError::BeyondLimits { quantity: "a document with too many bytes", limit: LARGEST_DOCUMENT }
}

#[cfg(test)]
mod tests;
