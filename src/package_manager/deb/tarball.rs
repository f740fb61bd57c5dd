//! The entries of a tar member, streamed: plain, ustar, GNU long names and pax names; sparse files are refused.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use tar::{EntryType, PaxExtensions};

use super::error::ArchiveError;

/// Entries that one archive may have: the largest packages of Debian have some 100,000.
const MAX_ENTRIES: usize = 1_000_000;
/// Longest path or link target (PATH_MAX of Linux, path_resolution(7)).
const MAX_NAME: u64 = 4096;
/// Longest pax header; it holds two names and a few numbers.
const MAX_PAX: u64 = 64 * 1024;

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file with content.
    File,
    /// Another name of a file that came before, by its path inside the archive.
    HardLink(PathBuf),
    /// A symbolic link and its target as written.
    Symlink(PathBuf),
    /// A folder.
    Folder,
    /// A device or pipe.
    Special,
}

/// Whom an entry belongs to. dpkg takes the name where the host knows it, else the number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// User number.
    pub uid: u64,
    /// Group number.
    pub gid: u64,
    /// User name, where the archive states one.
    pub user: Option<String>,
    /// Group name, where the archive states one.
    pub group: Option<String>,
}

/// One entry of a tar member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Absolute path without `.`, `..` and double slashes.
    pub path: PathBuf,
    /// What it is.
    pub kind: EntryKind,
    /// Permission bits, setuid, setgid and sticky included.
    pub mode: u32,
    /// Whom it belongs to.
    pub owner: Owner,
    /// Length of its content in bytes.
    pub size: u64,
}

/// Where entries come from, for messages.
#[derive(Clone, Copy)]
pub(in crate::package_manager) struct Source<'a> {
    pub(in crate::package_manager) archive: &'a Path,
    pub(in crate::package_manager) member: &'a str,
}

impl Source<'_> {
    pub(in crate::package_manager) fn unreadable(&self, source: io::Error) -> ArchiveError {
        ArchiveError::Member { path: self.archive.to_owned(), member: self.member.to_owned(), source }
    }

    fn refused(&self, entry: &[u8], reason: &'static str) -> ArchiveError {
        ArchiveError::Entry {
            path: self.archive.to_owned(),
            member: self.member.to_owned(),
            entry: String::from_utf8_lossy(&entry[..entry.len().min(200)]).into_owned(),
            reason,
        }
    }
}

/// Names that an extension header gives to the entry after it.
#[derive(Default)]
struct Extensions {
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    uid: Option<u64>,
    gid: Option<u64>,
}

/// Calls `visit` with every entry and its content, in the archive's order, and reads to the very end, so that a cut
/// or damaged member is an error even when nobody looks at its last entry.
pub(in crate::package_manager) fn walk<E: From<ArchiveError>>(
    mut plain: impl Read,
    source: Source<'_>,
    visit: &mut dyn FnMut(&Entry, &mut dyn Read) -> Result<(), E>,
) -> Result<(), E> {
    let mut tar = tar::Archive::new(&mut plain);
    let entries = tar.entries().map_err(|error| source.unreadable(error))?.raw(true);
    let mut extensions = Extensions::default();
    for (count, raw) in entries.enumerate() {
        let mut raw = raw.map_err(|error| source.unreadable(error))?;
        if count > MAX_ENTRIES {
            return Err(source.refused(&raw.path_bytes(), "the archive has too many entries").into());
        }
        if extensions.take_from(&mut raw, source)? {
            continue;
        }
        let entry = entry_of(&raw, std::mem::take(&mut extensions), source)?;
        visit(&entry, &mut raw)?;
    }
    io::copy(&mut plain, &mut io::sink()).map_err(|error| source.unreadable(error))?;
    Ok(())
}

impl Extensions {
    /// Takes an extension header in; tells whether it was one.
    fn take_from(
        &mut self,
        raw: &mut tar::Entry<'_, impl Read>,
        source: Source<'_>,
    ) -> Result<bool, ArchiveError> {
        match raw.header().entry_type() {
            EntryType::GNULongName => self.name = Some(read_name(raw, source)?),
            EntryType::GNULongLink => self.link = Some(read_name(raw, source)?),
            EntryType::XHeader => self.take_pax(&read_capped(raw, MAX_PAX, source)?, source)?,
            EntryType::XGlobalHeader => {}
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn take_pax(&mut self, bytes: &[u8], source: Source<'_>) -> Result<(), ArchiveError> {
        for extension in PaxExtensions::new(bytes) {
            let extension = extension.map_err(|error| source.unreadable(error))?;
            let value = extension.value_bytes();
            let number = || std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
            match extension.key_bytes() {
                b"path" => self.name = Some(value.to_vec()),
                b"linkpath" => self.link = Some(value.to_vec()),
                b"size" => self.size = number(),
                b"uid" => self.uid = number(),
                b"gid" => self.gid = number(),
                key if key.starts_with(b"GNU.sparse.") => {
                    return Err(source.refused(key, "sparse files are not supported"));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn read_name(raw: &mut tar::Entry<'_, impl Read>, source: Source<'_>) -> Result<Vec<u8>, ArchiveError> {
    let mut name = read_capped(raw, MAX_NAME + 1, source)?;
    while name.last() == Some(&0) {
        name.pop();
    }
    Ok(name)
}

fn read_capped(
    raw: &mut tar::Entry<'_, impl Read>,
    limit: u64,
    source: Source<'_>,
) -> Result<Vec<u8>, ArchiveError> {
    if raw.size() > limit {
        return Err(source.refused(&raw.path_bytes(), "a name is longer than the limit"));
    }
    let mut bytes = Vec::new();
    raw.read_to_end(&mut bytes).map_err(|error| source.unreadable(error))?;
    Ok(bytes)
}

fn entry_of(
    raw: &tar::Entry<'_, impl Read>,
    extensions: Extensions,
    source: Source<'_>,
) -> Result<Entry, ArchiveError> {
    let name = extensions.name.unwrap_or_else(|| raw.path_bytes().into_owned());
    let refused = |reason| source.refused(&name, reason);
    let header = raw.header();
    let number = |value: io::Result<u64>| value.map_err(|_| refused("a number in its header is not one"));
    let link = extensions.link.or_else(|| raw.link_name_bytes().map(std::borrow::Cow::into_owned));
    if extensions.size.is_some_and(|size| size != raw.size()) {
        return Err(refused("its two sizes differ"));
    }
    let mode = header.mode().map_err(|_| refused("its mode is not a number"))?;
    let text = |bytes: Option<&[u8]>| bytes.and_then(|b| std::str::from_utf8(b).ok()).map(str::to_owned);
    Ok(Entry {
        path: absolute(&name).map_err(refused)?,
        kind: kind_of(header.entry_type(), link.as_deref().unwrap_or_default()).map_err(refused)?,
        mode: mode & 0o7777,
        owner: Owner {
            uid: extensions.uid.map_or_else(|| number(header.uid()), Ok)?,
            gid: extensions.gid.map_or_else(|| number(header.gid()), Ok)?,
            user: text(header.username_bytes()).filter(|name| !name.is_empty()),
            group: text(header.groupname_bytes()).filter(|name| !name.is_empty()),
        },
        size: raw.size(),
    })
}

fn kind_of(entry_type: EntryType, link: &[u8]) -> Result<EntryKind, &'static str> {
    match entry_type {
        EntryType::Regular | EntryType::Continuous => Ok(EntryKind::File),
        EntryType::Directory => Ok(EntryKind::Folder),
        EntryType::Char | EntryType::Block | EntryType::Fifo => Ok(EntryKind::Special),
        EntryType::Link => absolute(link).map(EntryKind::HardLink),
        EntryType::Symlink if link.is_empty() || link.contains(&0) || link.len() as u64 > MAX_NAME => {
            Err("its link target is empty, too long or not a path")
        }
        EntryType::Symlink => Ok(EntryKind::Symlink(PathBuf::from(OsStr::from_bytes(link)))),
        EntryType::GNUSparse => Err("sparse files are not supported"),
        _ => Err("its type is not supported"),
    }
}

/// Makes a name of an archive an absolute path; `./usr//bin/` becomes `/usr/bin`.
pub(super) fn absolute(name: &[u8]) -> Result<PathBuf, &'static str> {
    if name.is_empty() || name.contains(&0) || name.len() as u64 > MAX_NAME {
        return Err("its name is empty, too long or not a path");
    }
    let mut path = PathBuf::from("/");
    for part in name.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => return Err("its name leads out of the archive"),
            _ => path.push(OsStr::from_bytes(part)),
        }
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_absolute_and_never_lead_out() {
        assert_eq!(absolute(b"./usr//bin/"), Ok(PathBuf::from("/usr/bin")));
        assert_eq!(absolute(b"./"), Ok(PathBuf::from("/")));
        assert_eq!(absolute(b"/etc/passwd"), Ok(PathBuf::from("/etc/passwd")));
        for bad in [&b""[..], b"../x", b"a/../b", b"a\0b", &[b'a'; 5000]] {
            assert!(absolute(bad).is_err(), "{:?}", String::from_utf8_lossy(bad));
        }
    }
}
