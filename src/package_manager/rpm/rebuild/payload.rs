//! The payload of an archive, written from installed files: an archive of cpio's `newc` format (cpio(5)) in which every
//! file of the header stands, those aside that the package only lays claim to.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256 as Hasher};

use super::RebuildError;
use crate::host::storage::{self, StorageError};
use crate::model::digest::Sha256;
use crate::model::rpm_header::{Header, Tag};

/// Kinds of files in a mode (inode(7)).
const KIND: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;
const FOLDER: u32 = 0o040_000;
const LINK: u32 = 0o120_000;

/// What rpm marks a file with (rpm, `include/rpm/rpmfiles.h`, `rpmfileAttrs`).
const CONFIGURATION: u32 = 1;
const CLAIMED_ONLY: u32 = 1 << 6;

/// The digest of files that is known here (RFC 4880, section 9.4); rpm writes it since 4.6 where the build asks for it, and
/// by itself since 4.14.
const OF_SHA256: [u32; 1] = [8];

/// A file that the payload has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct File {
    path: PathBuf,
    mode: u32,
    size: u32,
    time: u32,
    rdev: u32,
    inode: u32,
    flags: u32,
    /// That of a regular file.
    digest: Option<Sha256>,
    target: PathBuf,
    /// How many names of the payload it has.
    names: u32,
    /// It is the last of these, the one whose content the payload has.
    has_content: bool,
}

/// Reads the files of a header, in its order but for the further names of a file.
pub(super) fn files(header: &Header<'_>) -> Result<Vec<File>, RebuildError> {
    let names = header.texts(Tag::BaseNames).map_err(damaged)?;
    if !names.is_empty() && header.has(Tag::LongFileSizes) {
        return Err(RebuildError::Unsupported { reason: "a file in it may have 4 GiB" });
    }
    let numbers = |tag| header.numbers(tag).map_err(damaged).and_then(|found| as_many(found, names.len()));
    let texts = |tag| header.texts(tag).map_err(damaged).and_then(|found| as_many(found, names.len()));
    let (modes, sizes, flags) =
        (numbers(Tag::FileModes)?, numbers(Tag::FileSizes)?, numbers(Tag::FileFlags)?);
    let (times, rdevs) = (numbers(Tag::FileTimes)?, numbers(Tag::FileRdevs)?);
    let (devices, inodes) = (numbers(Tag::FileDevices)?, numbers(Tag::FileInodes)?);
    let (digests, targets) = (texts(Tag::FileDigests)?, texts(Tag::FileLinks)?);
    let (folders, places) = (header.texts(Tag::FolderNames).map_err(damaged)?, numbers(Tag::FolderIndexes)?);
    let mut found = Vec::new();
    let mut names_of: HashMap<(u32, u32), Vec<usize>> = HashMap::new();
    for (at, name) in names.iter().enumerate().filter(|(at, _)| flags[*at] & CLAIMED_ONLY == 0) {
        let folder = folders.get(places[at] as usize).ok_or_else(|| damaged("a file is in no folder"))?;
        if modes[at] & KIND == REGULAR {
            names_of.entry((devices[at], inodes[at])).or_default().push(found.len());
        }
        found.push(File {
            path: PathBuf::from(OsStr::from_bytes(&[folder, *name].concat())),
            mode: modes[at],
            size: sizes[at],
            time: times[at],
            rdev: rdevs[at],
            inode: inodes[at],
            flags: flags[at],
            digest: std::str::from_utf8(digests[at]).ok().and_then(|text| text.parse().ok()),
            target: PathBuf::from(OsStr::from_bytes(targets[at])),
            names: 1,
            has_content: false,
        });
    }
    join_names(&mut found, names_of.into_values());
    let has_digests = found.iter().any(|file| file.has_content);
    if has_digests && header.numbers(Tag::DigestAlgorithm).map_err(damaged)? != OF_SHA256 {
        return Err(RebuildError::Unsupported { reason: "its files have other digests than SHA-256" });
    }
    Ok(found)
}

/// Puts the names of a file one behind the other: the last one has the content, and until it comes rpm takes every file that
/// it unpacks for another name of the first (rpm, `lib/fsm.c`, `fsmMkfile`).
fn join_names(files: &mut Vec<File>, sets: impl Iterator<Item = Vec<usize>>) {
    let mut places: Vec<usize> = (0..files.len()).collect();
    for set in sets {
        for at in &set {
            files[*at].names = u32::try_from(set.len()).unwrap_or(1);
            files[*at].has_content = set.last() == Some(at);
            places[*at] = set[0];
        }
    }
    let mut placed: Vec<(usize, File)> = places.into_iter().zip(files.drain(..)).collect();
    placed.sort_by_key(|(place, _)| *place);
    files.extend(placed.into_iter().map(|(_, file)| file));
}

fn damaged(reason: &'static str) -> RebuildError {
    RebuildError::Record { reason }
}

fn as_many<T>(found: Vec<T>, count: usize) -> Result<Vec<T>, RebuildError> {
    if found.len() == count { Ok(found) } else { Err(damaged("its lists of files have different lengths")) }
}

/// Holds the files of a root against the header.
pub(super) fn verify(root: &Path, files: &[File]) -> Result<(), RebuildError> {
    files.iter().try_for_each(|file| match file.fault(root)? {
        None => Ok(()),
        Some(fault) => Err(RebuildError::Altered { path: file.path.clone(), fault }),
    })
}

impl File {
    fn place(&self, root: &Path) -> PathBuf {
        root.join(self.path.strip_prefix("/").unwrap_or(&self.path))
    }

    fn fault(&self, root: &Path) -> Result<Option<&'static str>, StorageError> {
        const OTHER: &str = "is something else than was installed";
        let place = self.place(root);
        let Some(found) = storage::metadata(&place)? else { return Ok(Some("is missing")) };
        Ok(match self.mode & KIND {
            REGULAR if !found.is_file() => Some(OTHER),
            REGULAR if Some(storage::digest(&place)?) == self.digest => None,
            REGULAR if self.flags & CONFIGURATION != 0 => {
                Some("was edited, and the vendor's text is nowhere")
            }
            REGULAR => Some("is not as it was installed"),
            LINK if !found.is_symlink() => Some(OTHER),
            LINK => (storage::link_target(&place)? != self.target).then_some("leads elsewhere"),
            // A folder may have become a link to one.
            FOLDER => (!found.is_dir() && !found.is_symlink()).then_some(OTHER),
            _ => None,
        })
    }

    /// Writes its entry: a file's content is digested once more while it is copied.
    fn write(&self, root: &Path, to: &mut dyn Write) -> Result<u64, RebuildError> {
        let place = self.place(root);
        let at =
            |source| RebuildError::Storage(StorageError { operation: "pack", path: place.clone(), source });
        let target = self.target.as_os_str().as_bytes();
        let size = match self.mode & KIND {
            REGULAR if self.has_content => self.size,
            LINK => u32::try_from(target.len()).unwrap_or_default(),
            _ => 0,
        };
        let name = [b".", self.path.as_os_str().as_bytes()].concat();
        let mut written = begin(&Entry { name: &name, size, file: self }, to).map_err(at)?;
        if self.mode & KIND == LINK {
            to.write_all(target).map_err(at)?;
        } else if size > 0 {
            let mut content = storage::open(&place)?;
            let digest = copy(&mut content, to, size.into()).map_err(at)?;
            if Some(digest) != self.digest {
                return Err(RebuildError::Altered {
                    path: self.path.clone(),
                    fault: "changed while it was read",
                });
            }
        }
        written += u64::from(size);
        Ok(written + fill(written, to).map_err(at)?)
    }
}

/// Writes the whole payload, not yet packed, and returns its length.
pub(super) fn write(root: &Path, files: &[File], to: &mut dyn Write) -> Result<u64, RebuildError> {
    let mut written = 0;
    for file in files {
        written += file.write(root, to)?;
    }
    let last = File { names: 1, ..File::default() };
    let end = Entry { name: b"TRAILER!!!", size: 0, file: &last };
    let at =
        |source| RebuildError::Storage(StorageError { operation: "pack", path: root.to_owned(), source });
    written += begin(&end, to).map_err(at)?;
    Ok(written)
}

/// What an entry begins with.
struct Entry<'a> {
    name: &'a [u8],
    size: u32,
    file: &'a File,
}

/// Writes the thirteen numbers and the name (cpio(5), "New ASCII Format"); owners are in the header alone, as rpm writes it.
fn begin(entry: &Entry<'_>, to: &mut dyn Write) -> io::Result<u64> {
    let Entry { name, size, file } = entry;
    let name_size = u32::try_from(name.len() + 1).unwrap_or(u32::MAX);
    let (major, minor) = (file.rdev >> 8 & 0xfff, file.rdev & 0xff);
    let numbers =
        [file.inode, file.mode, 0, 0, file.names, file.time, *size, 0, 0, major, minor, name_size, 0];
    let mut bytes = b"070701".to_vec();
    numbers.iter().for_each(|number| bytes.extend_from_slice(format!("{number:08x}").as_bytes()));
    bytes.extend_from_slice(name);
    bytes.push(0);
    to.write_all(&bytes)?;
    let written = bytes.len() as u64;
    Ok(written + fill(written, to)?)
}

/// Fills up to a multiple of four.
fn fill(written: u64, to: &mut dyn Write) -> io::Result<u64> {
    let missing = written.wrapping_neg() % 4;
    to.write_all(&[0; 3][..usize::try_from(missing).unwrap_or_default()])?;
    Ok(missing)
}

/// Copies exactly `size` bytes and returns their digest.
fn copy(from: &mut dyn Read, to: &mut dyn Write, size: u64) -> io::Result<Sha256> {
    let mut hash = Hasher::new();
    let mut buffer = vec![0u8; 256 * 1024];
    let mut rest = from.take(size);
    let mut left = size;
    while left > 0 {
        let count = rest.read(&mut buffer)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        hash.update(&buffer[..count]);
        to.write_all(&buffer[..count])?;
        left -= count as u64;
    }
    Ok(Sha256::from_bytes(hash.finalize().into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str) -> File {
        File { path: path.into(), names: 1, ..File::default() }
    }

    #[test]
    fn names_of_one_file_stand_together_and_the_last_has_the_content() {
        let mut files = ["/a", "/b", "/c", "/d"].map(file).to_vec();
        join_names(&mut files, [vec![0, 2], vec![1], vec![3]].into_iter());
        let told: Vec<_> = files.iter().map(|f| (f.path.to_str(), f.names, f.has_content)).collect();
        let expected = [("/a", 2, false), ("/c", 2, true), ("/b", 1, true), ("/d", 1, true)]
            .map(|(p, n, c)| (Some(p), n, c));
        assert_eq!(told, expected);
    }

    #[test]
    fn a_link_is_an_entry_of_cpio() {
        let link = File { mode: LINK | 0o777, target: "to".into(), ..file("/l") };
        let mut bytes = Vec::new();
        let written = write(Path::new("/"), &[link], &mut bytes).expect("nothing is read");
        let text = String::from_utf8_lossy(&bytes);
        assert!(
            text.starts_with("070701000000000000a1ff") && text.contains("./l\0\0\0to\0\x00070701"),
            "{text:?}"
        );
        assert_eq!((written, bytes.len() % 4), (bytes.len() as u64, 0));
        assert!(text.trim_end_matches('\0').ends_with("TRAILER!!!"));
    }
}
