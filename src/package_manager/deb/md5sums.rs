//! MD5 digests as dpkg records them. They tell accident from intact, never friend from foe.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use md5::{Digest, Md5 as Hasher};

use super::tarball::absolute;
use crate::host::storage::{self, StorageError};

/// An MD5 digest (RFC 1321).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Md5([u8; 16]);

impl Md5 {
    /// Returns the digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Hasher::digest(bytes).into())
    }

    /// Wraps the 16 bytes that a hasher produced elsewhere.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Returns the digest of all that a reader gives.
    ///
    /// # Errors
    /// The reader fails.
    pub fn of_reader(reader: &mut dyn Read) -> io::Result<Self> {
        let mut hasher = Hasher::new();
        let mut buffer = vec![0u8; 64 * 1024];
        loop {
            match reader.read(&mut buffer)? {
                0 => return Ok(Self(hasher.finalize().into())),
                count => hasher.update(&buffer[..count]),
            }
        }
    }

    /// Returns the digest of a file's content.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn of_file(path: &Path) -> storage::Result<Self> {
        let at = |source| StorageError { operation: "read", path: path.to_owned(), source };
        Self::of_reader(&mut storage::open(path)?).map_err(at)
    }

    /// Reads 32 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 32 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let number = u128::from_str_radix(text, 16).ok()?;
        Some(Self(number.to_be_bytes()))
    }
}

impl fmt::Display for Md5 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Md5 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Md5({self})")
    }
}

/// Reads a list of digests (deb-md5sums(5)): digest, two spaces, path. Other lines are passed over, so that their
/// files count as files without a record.
pub fn parse(bytes: &[u8]) -> BTreeMap<PathBuf, Md5> {
    bytes.split(|byte| *byte == b'\n').filter_map(parse_line).collect()
}

fn parse_line(line: &[u8]) -> Option<(PathBuf, Md5)> {
    let (digest, name) = (line.get(..32)?, line.get(34..)?);
    if !matches!(line.get(32..34), Some(b"  " | b" *")) {
        return None;
    }
    Some((absolute(name).ok()?, Md5::parse(std::str::from_utf8(digest).ok()?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_and_nonsense_is_passed_over() {
        let text =
            b"900150983cd24fb0d6963f7d28e17f72  usr/bin/a b\nnonsense\n+00150983cd24fb0d6963f7d28e17f72  x\n";
        let found = parse(text);
        assert_eq!(found.get(Path::new("/usr/bin/a b")), Some(&Md5::of(b"abc")));
        assert_eq!(found.len(), 1);
    }
}
