//! One archive of apk's second format: three compressed parts one after the other, the signature, the description with the
//! scripts, and the files (apk-package(5); <https://wiki.alpinelinux.org/wiki/Apk_spec>). Read once, digested whole.
//!
//! The index states the SHA-1 of the second part as it is packed, and that part the SHA-256 of the third. The signature is
//! apk's to check.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::{GzDecoder, MultiGzDecoder};
use sha1::{Digest, Sha1};
use sha2::Sha256 as Sha256Hasher;

use super::super::deb::error::ArchiveError;
use super::super::deb::tarball::{self, Source};
use super::super::unpacked::Unpacked;
use crate::host::storage::{self, StorageError};
use crate::model::apk_checksum::ApkChecksum;
use crate::model::digest::Sha256;

/// What an archive may unpack to: the largest packages of Alpine have some 2 GiB.
const MAX_FILES: u64 = 16 << 30;
/// What signature, description and scripts may have.
const MAX_META: u64 = 64 << 20;
/// How archives of apk's third format begin (apk-v3(5)).
const THIRD_FORMAT: &[u8] = b"ADB";
/// Where the description is.
const DESCRIPTION: &str = "/.PKGINFO";
/// How the name of a signature begins.
const SIGNATURE: &str = "/.SIGN.";

/// An archive that was read.
#[derive(Debug)]
pub(super) struct Archive {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) architecture: String,
    /// The lines of its description.
    pub(super) description: Vec<(String, String)>,
    /// What the index states of it.
    pub(super) checksum: ApkChecksum,
    /// What is unpacked, in the archive's order.
    pub(super) contents: Vec<Unpacked>,
}

impl Archive {
    /// Reads an archive, and proves its files against its description.
    ///
    /// # Errors
    /// It cannot be read, is no archive of this format, or its files are not those of its description.
    pub(super) fn read(path: &Path) -> Result<Self, ArchiveError> {
        let file = storage::open(path)?;
        let at = |source| StorageError { operation: "read", path: path.to_owned(), source };
        let mut packed = Tapped::new(BufReader::with_capacity(128 * 1024, file));
        if packed.fill_buf().map_err(at)?.starts_with(THIRD_FORMAT) {
            let reason = "it has apk's third format, which patchctl does not read";
            return Err(ArchiveError::Container { path: path.to_owned(), offset: 0, reason });
        }
        let source = Source { archive: path, member: "the package" };
        let (description, checksum) = described(&mut packed, source)?;
        let (contents, found) = unpacked(&mut packed, source)?;
        let value =
            |key: &str| description.iter().find(|(found, _)| found == key).map(|(_, value)| value.clone());
        let invalid =
            |reason: &'static str| source.unreadable(io::Error::new(io::ErrorKind::InvalidData, reason));
        let stated = value("datahash");
        let is_proved = stated.as_deref().map_or(contents.is_empty(), |stated| stated == found.to_string());
        if !is_proved {
            return Err(invalid("its files are not those of its description"));
        }
        let required = |key: &str| {
            value(key).ok_or_else(|| invalid("its description has no name, version or architecture"))
        };
        Ok(Self {
            name: required("pkgname")?,
            version: required("pkgver")?,
            architecture: required("arch")?,
            description,
            checksum,
            contents,
        })
    }
}

type Description = Vec<(String, String)>;

/// Reads on to the end of the part with the description; what comes before is the signature.
fn described(packed: &mut Tapped, source: Source<'_>) -> Result<(Description, ApkChecksum), ArchiveError> {
    let unreadable = |error| source.unreadable(error);
    for _ in 0..2 {
        packed.begin();
        let mut text: Option<Vec<u8>> = None;
        let mut is_signature = false;
        let plain = GzDecoder::new(&mut *packed).take(MAX_META);
        tarball::walk(plain, source, &mut |entry, content| {
            let name = entry.path.to_string_lossy();
            is_signature |= name.starts_with(SIGNATURE);
            if name == DESCRIPTION {
                let mut bytes = Vec::new();
                content.take(MAX_META).read_to_end(&mut bytes).map_err(unreadable)?;
                text = Some(bytes);
            }
            Ok::<(), ArchiveError>(())
        })?;
        let checksum = ApkChecksum::from_bytes(packed.sha1());
        match text {
            Some(text) => return Ok((lines(&String::from_utf8_lossy(&text)), checksum)),
            None if is_signature => {}
            None => break,
        }
    }
    Err(unreadable(io::Error::new(io::ErrorKind::InvalidData, "it has no description of a package")))
}

fn lines(text: &str) -> Description {
    let pairs = text.lines().filter_map(|line| line.split_once(" = "));
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// Reads the files to the archive's end, with the digest of that part as it is packed.
fn unpacked(packed: &mut Tapped, source: Source<'_>) -> Result<(Vec<Unpacked>, Sha256), ArchiveError> {
    let unreadable = |error| source.unreadable(error);
    packed.begin();
    let mut contents: Vec<Unpacked> = Vec::new();
    if !packed.fill_buf().map_err(unreadable)?.is_empty() {
        let plain = MultiGzDecoder::new(&mut *packed).take(MAX_FILES);
        tarball::walk(plain, source, &mut |entry, content| {
            contents.push(Unpacked::read(&contents, entry, content).map_err(unreadable)?);
            Ok::<(), ArchiveError>(())
        })?;
    }
    Ok((contents, packed.sha256()))
}

/// A file whose bytes are digested as they are taken: a decoder takes exactly those of its part.
struct Tapped {
    file: BufReader<File>,
    sha1: Sha1,
    sha256: Sha256Hasher,
}

impl Tapped {
    fn new(file: BufReader<File>) -> Self {
        Self { file, sha1: Sha1::new(), sha256: Sha256Hasher::new() }
    }

    /// A new part begins.
    fn begin(&mut self) {
        (self.sha1, self.sha256) = (Sha1::new(), Sha256Hasher::new());
    }

    fn sha1(&self) -> [u8; 20] {
        self.sha1.clone().finalize().into()
    }

    fn sha256(&self) -> Sha256 {
        Sha256::from_bytes(self.sha256.clone().finalize().into())
    }
}

impl Read for Tapped {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Tapped {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.file.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        let taken = &self.file.buffer()[..amount.min(self.file.buffer().len())];
        self.sha1.update(taken);
        self.sha256.update(taken);
        self.file.consume(amount);
    }
}
