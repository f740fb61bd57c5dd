//! The files part of a rebuilt archive, streamed from the files on disk.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::Metadata;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use md5::{Digest, Md5 as Hasher};
use tar::{EntryType, Header};

use super::super::place::Places;
use super::super::verify::Accounts;
use super::writer::TarStream;
use super::{RebuildError, Request};
use crate::host::storage::{self, StorageError};
use crate::model::digest::Md5;

/// Folders that became links when `/usr` was merged; archives name them as folders (Debian's usrmerge).
const MERGED: &[&str] = &["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/libo32"];
/// Length of the name fields of a tar header (tar(5), ustar and GNU).
const NAME_FIELD: usize = 100;

/// Appends every path of the record and returns those that are not on disk.
pub(super) fn append_all(
    request: &Request<'_>,
    stream: &mut TarStream,
) -> Result<Vec<PathBuf>, RebuildError> {
    let mut appender = Appender {
        request,
        accounts: Accounts::read(request.root)?,
        places: Places::new(request.root),
        seen: BTreeMap::new(),
        absent: Vec::new(),
    };
    let parents: BTreeSet<&Path> = request.record.paths.iter().filter_map(|path| path.parent()).collect();
    for path in &request.record.paths {
        appender.append(path, parents.contains(path.as_path()), stream)?;
    }
    Ok(appender.absent)
}

struct Appender<'a> {
    request: &'a Request<'a>,
    accounts: Accounts,
    places: Places<'a>,
    /// The first name of every file that has several, by device and inode.
    seen: BTreeMap<(u64, u64), PathBuf>,
    absent: Vec<PathBuf>,
}

impl Appender<'_> {
    fn append(&mut self, path: &Path, is_parent: bool, stream: &mut TarStream) -> Result<(), RebuildError> {
        let package = self.request.record.key.name.as_str();
        let place = self.places.find(self.request.rules.place_of(path, package))?;
        let Some(found) = storage::metadata(&place)? else {
            self.absent.push(path.to_owned());
            return Ok(());
        };
        let mut header = self.header(&found);
        if found.is_symlink() && (is_parent || MERGED.iter().any(|merged| path == Path::new(merged))) {
            header.set_mode(0o755);
            self.set_owner(&mut header, (0, 0));
            return self.finish(path, (header, EntryType::Directory), stream);
        }
        if found.is_symlink() {
            let target = storage::link_target(&place)?;
            set_link(&mut header, target.as_os_str().as_bytes(), stream)
                .map_err(|e| unreadable(&place, e))?;
            return self.finish(path, (header, EntryType::Symlink), stream);
        }
        if found.is_file() {
            return self.append_file(path, (&place, &found), (header, stream));
        }
        let kind = if found.is_dir() { EntryType::Directory } else { EntryType::Fifo };
        self.finish(path, (header, kind), stream)
    }

    fn header(&self, found: &Metadata) -> Header {
        let mut header = Header::new_gnu();
        header.set_mode(found.mode() & 0o7777);
        header.set_mtime(u64::try_from(found.mtime()).unwrap_or(0));
        header.set_size(0);
        self.set_owner(&mut header, (found.uid(), found.gid()));
        header
    }

    /// Names too long for a header are left out: the numbers remain.
    fn set_owner(&self, header: &mut Header, (uid, gid): (u32, u32)) {
        header.set_uid(u64::from(uid));
        header.set_gid(u64::from(gid));
        let _ = header.set_username(self.accounts.user(uid).unwrap_or_default());
        let _ = header.set_groupname(self.accounts.group(gid).unwrap_or_default());
    }

    fn append_file(
        &mut self,
        path: &Path,
        (place, found): (&Path, &Metadata),
        (mut header, stream): (Header, &mut TarStream),
    ) -> Result<(), RebuildError> {
        let identity = (found.dev(), found.ino());
        if let Some(first) = self.seen.get(&identity) {
            let name = archive_name(first);
            set_link(&mut header, &name, stream).map_err(|e| unreadable(place, e))?;
            return self.finish(path, (header, EntryType::Link), stream);
        }
        if found.nlink() > 1 {
            self.seen.insert(identity, path.to_owned());
        }
        header.set_size(found.len());
        header.set_entry_type(EntryType::Regular);
        set_name(&mut header, &archive_name(path), stream).map_err(|e| unreadable(place, e))?;
        header.set_cksum();
        let mut content =
            Digesting { file: storage::open(place)?.take(found.len()), hasher: Hasher::new(), count: 0 };
        stream.append(&header, &mut content).map_err(|e| unreadable(place, e))?;
        let digest = content.digest();
        let recorded = self.recorded_digest(path);
        if content.count != found.len() || recorded.is_some_and(|recorded| *recorded != digest) {
            return Err(RebuildError::Changed { path: place.to_owned() });
        }
        Ok(())
    }

    /// Configuration files may differ from their record; everything else was verified before.
    fn recorded_digest(&self, path: &Path) -> Option<&Md5> {
        let sums = self.request.record.md5sums.as_ref()?;
        sums.get(path).filter(|_| !self.request.conffiles.present.iter().any(|conffile| conffile == path))
    }

    fn finish(
        &self,
        path: &Path,
        (mut header, kind): (Header, EntryType),
        stream: &mut TarStream,
    ) -> Result<(), RebuildError> {
        header.set_entry_type(kind);
        let mut name = archive_name(path);
        if kind == EntryType::Directory && !name.ends_with(b"/") {
            name.push(b'/');
        }
        let written = set_name(&mut header, &name, stream).and_then(|()| {
            header.set_cksum();
            stream.append(&header, io::empty())
        });
        written.map_err(|error| unreadable(path, error).into())
    }
}

/// `/usr/bin/a` is `./usr/bin/a` in an archive.
fn archive_name(path: &Path) -> Vec<u8> {
    [b".", path.as_os_str().as_bytes()].concat()
}

fn set_name(header: &mut Header, name: &[u8], stream: &mut TarStream) -> io::Result<()> {
    if name.len() > NAME_FIELD {
        append_long(stream, EntryType::GNULongName, name)?;
    }
    if let Some(gnu) = header.as_gnu_mut() {
        fill(&mut gnu.name, name);
    }
    Ok(())
}

fn set_link(header: &mut Header, target: &[u8], stream: &mut TarStream) -> io::Result<()> {
    if target.len() > NAME_FIELD {
        append_long(stream, EntryType::GNULongLink, target)?;
    }
    if let Some(gnu) = header.as_gnu_mut() {
        fill(&mut gnu.linkname, target);
    }
    Ok(())
}

fn fill(field: &mut [u8; NAME_FIELD], text: &[u8]) {
    let length = text.len().min(NAME_FIELD);
    field[..length].copy_from_slice(&text[..length]);
}

/// The GNU way to a long name: an entry of its own before the one it names (tar(5)).
fn append_long(stream: &mut TarStream, kind: EntryType, name: &[u8]) -> io::Result<()> {
    let content = [name, b"\0"].concat();
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(0);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(content.len() as u64);
    if let Some(gnu) = header.as_gnu_mut() {
        fill(&mut gnu.name, b"././@LongLink");
    }
    header.set_cksum();
    stream.append(&header, content.as_slice())
}

fn unreadable(path: &Path, source: io::Error) -> StorageError {
    StorageError { operation: "archive", path: path.to_owned(), source }
}

/// Reads a file and digests what was read, so that a change between check and use shows.
struct Digesting<R> {
    file: R,
    hasher: Hasher,
    count: u64,
}

impl<R> Digesting<R> {
    fn digest(&self) -> Md5 {
        Md5::from_bytes(self.hasher.clone().finalize().into())
    }
}

impl<R: Read> Read for Digesting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        self.count += count as u64;
        Ok(count)
    }
}
