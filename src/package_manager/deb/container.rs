//! The outer container of a Debian archive: the common `ar` format as deb(5) restricts it.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

/// The first bytes of every ar archive (ar(5)).
pub(super) const MAGIC: &[u8; 8] = b"!<arch>\n";
/// Length of a member header (ar(5)).
pub(super) const HEADER_LENGTH: u64 = 60;
/// More members than any archive has: deb(5) names three, and ignores a few that begin with an underscore.
const MAX_MEMBERS: usize = 16;

/// One member: where its bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member {
    /// Its name without padding and trailing slash.
    pub(super) name: String,
    /// Where its content begins.
    pub(super) offset: u64,
    /// How long its content is.
    pub(super) size: u64,
}

/// What is wrong with a container, and where.
#[derive(Debug)]
pub(super) enum ContainerFault {
    /// The file cannot be read.
    Read(io::Error),
    /// The bytes are no such container.
    Malformed { offset: u64, reason: &'static str },
}

/// Lists the members of a container of `length` bytes. No member reaches beyond the file.
pub(super) fn members(file: &File, length: u64) -> Result<Vec<Member>, ContainerFault> {
    let mut magic = [0u8; 8];
    read_exact(file, &mut magic, 0)?;
    if &magic != MAGIC {
        return Err(malformed(0, "it does not begin as an ar archive does"));
    }
    let mut found = Vec::new();
    let mut at = MAGIC.len() as u64;
    while at < length {
        let member = read_member(file, at, length)?;
        at = member.offset + member.size + member.size % 2;
        found.push(member);
        if found.len() > MAX_MEMBERS {
            return Err(malformed(at, "it has too many members"));
        }
    }
    Ok(found)
}

fn read_member(file: &File, at: u64, length: u64) -> Result<Member, ContainerFault> {
    let mut header = [0u8; HEADER_LENGTH as usize];
    read_exact(file, &mut header, at)?;
    if &header[58..] != b"`\n" {
        return Err(malformed(at, "a member header has no end mark"));
    }
    let name = text(&header[..16]).ok_or_else(|| malformed(at, "a member name is not plain text"))?;
    let size = text(&header[48..58])
        .filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| malformed(at, "a member size is not a number"))?;
    let member = Member { name: name.trim_end_matches('/').to_owned(), offset: at + HEADER_LENGTH, size };
    if member.size > length.saturating_sub(member.offset) {
        return Err(malformed(at, "a member is longer than the file"));
    }
    Ok(member)
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().filter(|text| text.is_ascii()).map(str::trim_end)
}

fn read_exact(file: &File, buffer: &mut [u8], at: u64) -> Result<(), ContainerFault> {
    file.read_exact_at(buffer, at).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => malformed(at, "it ends too early"),
        _ => ContainerFault::Read(error),
    })
}

fn malformed(offset: u64, reason: &'static str) -> ContainerFault {
    ContainerFault::Malformed { offset, reason }
}

/// Returns the header of a member of `size` bytes; sizes above ten digits do not fit the format.
pub(super) fn header(name: &str, size: u64) -> [u8; HEADER_LENGTH as usize] {
    let text = format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{size:<10}`\n", 0, 0, 0, "100644");
    let mut bytes = [b' '; HEADER_LENGTH as usize];
    let length = bytes.len().min(text.len());
    bytes[..length].copy_from_slice(&text.as_bytes()[..length]);
    bytes
}

/// Reads one member from an open file; several may be read at the same time.
pub(super) struct Section<'a> {
    file: &'a File,
    at: u64,
    end: u64,
}

impl<'a> Section<'a> {
    /// The content of `member`.
    pub(super) fn new(file: &'a File, member: &Member) -> Self {
        Self { file, at: member.offset, end: member.offset.saturating_add(member.size) }
    }
}

impl Read for Section<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        let wanted = left.min(buffer.len());
        let count = self.file.read_at(&mut buffer[..wanted], self.at)?;
        if count == 0 && wanted > 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file was cut while it was read"));
        }
        self.at += count as u64;
        Ok(count)
    }
}
