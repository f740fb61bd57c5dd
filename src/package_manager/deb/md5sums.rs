//! MD5 digests as dpkg records them. They tell accident from intact, never friend from foe.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use md5::{Digest, Md5 as Hasher};

use super::tarball::absolute;
use crate::host::storage::{self, StorageError};
use crate::model::digest::Md5;

/// Returns the digest of all that a reader gives.
///
/// # Errors
/// The reader fails.
pub fn digest_of_reader(reader: &mut dyn Read) -> io::Result<Md5> {
    let mut hasher = Hasher::new();
    let mut buffer = vec![0u8; 64 * 1024];
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok(Md5::from_bytes(hasher.finalize().into())),
            count => hasher.update(&buffer[..count]),
        }
    }
}

/// Returns the digest of a file's content.
///
/// # Errors
/// The file cannot be read.
pub fn digest_of_file(path: &Path) -> storage::Result<Md5> {
    let at = |source| StorageError { operation: "read", path: path.to_owned(), source };
    digest_of_reader(&mut storage::open(path)?).map_err(at)
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
    Some((absolute(name).ok()?, Md5::parse(digest)?))
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
