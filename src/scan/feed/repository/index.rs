//! Packages indexes: one pass over the stanzas, of which only the wanted packages' are looked at.
//!
//! The index of a whole distribution has 50 MB of text and 60,000 stanzas, of which a host has some hundreds: so the
//! text goes through one buffer, and a stanza that is not wanted costs the look at its first line.

use std::io::{self, Read};

use memchr::memmem;

use crate::model::digest::Sha256;

/// The first size of the buffer.
const BUFFER: usize = 256 * 1024;

/// No stanza is longer; the longest in Debian has some 40 KiB.
const LONGEST_STANZA: usize = 16 * 1024 * 1024;

/// Why an index cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The file or its compression broke.
    #[error("cannot unpack the index")]
    Unpack {
        /// What went wrong.
        #[source]
        source: io::Error,
    },
    /// The last stanza has no end.
    #[error("the index ends in the middle of line {line}: it was cut off")]
    Truncated {
        /// The line, counted from 1.
        line: usize,
    },
    /// A stanza is too long to be one.
    #[error("the package at line {line} is longer than {LONGEST_STANZA} bytes")]
    TooLong {
        /// The line, counted from 1.
        line: usize,
    },
    /// A field is missing or breaks its grammar.
    #[error("the package at line {line} has no valid {field}")]
    Field {
        /// The line its stanza begins on, counted from 1.
        line: usize,
        /// The field.
        field: &'static str,
    },
}

/// One version that an index offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    pub(super) package: &'a str,
    pub(super) version: &'a str,
    pub(super) architecture: &'a str,
    /// `Source`, where it is stated.
    pub(super) source: Option<&'a str>,
    /// Where the archive is, below the repository's address.
    pub(super) path: &'a str,
    pub(super) size: u64,
    /// Missing in repositories that state weaker digests only.
    pub(super) sha256: Option<Sha256>,
    /// Share of hosts that should get it already, in percent.
    pub(super) phased_percent: Option<u8>,
    /// The line its stanza begins on.
    pub(super) line: usize,
}

/// What is done with the stanzas of an index.
pub(super) trait Reader {
    /// Tells whether a package of that name is looked for.
    fn wants(&self, package: &[u8]) -> bool;

    /// Takes an entry of a package that is.
    fn take(&mut self, entry: &Entry<'_>) -> Result<(), IndexError>;
}

/// Reads an index through `source` and gives every wanted entry to `reader`.
///
/// # Errors
/// The source breaks or ends early, or a wanted entry is broken; entries that are not wanted are not checked.
pub(super) fn read(source: &mut dyn Read, reader: &mut dyn Reader) -> Result<(), IndexError> {
    let mut buffer = vec![0u8; BUFFER];
    let (mut filled, mut line) = (0, 1);
    loop {
        let count = fill(source, &mut buffer[filled..])?;
        filled += count;
        let is_end = count == 0;
        let whole =
            if is_end { filled } else { memmem::rfind(&buffer[..filled], b"\n\n").map_or(0, |at| at + 2) };
        if is_end && filled > 0 && buffer[filled - 1] != b'\n' {
            return Err(IndexError::Truncated { line: line + newlines(&buffer[..filled]) });
        }
        read_stanzas(&buffer[..whole], line, reader)?;
        if is_end {
            return Ok(());
        }
        line += newlines(&buffer[..whole]);
        buffer.copy_within(whole..filled, 0);
        filled -= whole;
        if filled == buffer.len() {
            if filled >= LONGEST_STANZA {
                return Err(IndexError::TooLong { line });
            }
            buffer.resize(filled * 2, 0);
        }
    }
}

/// Fills as much as it can, so that short reads do not make short chunks; 0 only at the end.
fn fill(source: &mut dyn Read, buffer: &mut [u8]) -> Result<usize, IndexError> {
    let mut filled = 0;
    while filled < buffer.len() {
        match source.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(source) => return Err(IndexError::Unpack { source }),
        }
    }
    Ok(filled)
}

fn newlines(bytes: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', bytes).count()
}

fn read_stanzas(chunk: &[u8], line: usize, reader: &mut dyn Reader) -> Result<(), IndexError> {
    let mut start = 0;
    for end in memmem::find_iter(chunk, b"\n\n").chain(std::iter::once(chunk.len())) {
        let blank = chunk[start..end].iter().take_while(|b| **b == b'\n').count();
        let begins = start + blank;
        let stanza = &chunk[begins..end];
        start = (end + 2).min(chunk.len());
        let Some(name) = name_of(stanza) else { continue };
        if reader.wants(name) {
            reader.take(&parse(stanza, line + newlines(&chunk[..begins]))?)?;
        }
    }
    Ok(())
}

/// The package's name; it stands first in every index that a tool made, but need not.
fn name_of(stanza: &[u8]) -> Option<&[u8]> {
    let value = match stanza.strip_prefix(b"Package:") {
        Some(rest) => rest,
        None => &stanza[memmem::find(stanza, b"\nPackage:")? + 9..],
    };
    let end = memchr::memchr(b'\n', value).unwrap_or(value.len());
    Some(value[..end].trim_ascii())
}

fn parse(stanza: &[u8], line: usize) -> Result<Entry<'_>, IndexError> {
    Fields::split(stanza).entry(line)
}

fn text(value: &[u8]) -> Option<&str> {
    std::str::from_utf8(value).ok()
}

#[derive(Default)]
struct Fields<'a> {
    package: Option<&'a [u8]>,
    version: Option<&'a [u8]>,
    architecture: Option<&'a [u8]>,
    source: Option<&'a [u8]>,
    path: Option<&'a [u8]>,
    size: Option<&'a [u8]>,
    sha256: Option<&'a [u8]>,
    phased: Option<&'a [u8]>,
}

impl<'a> Fields<'a> {
    fn split(stanza: &'a [u8]) -> Self {
        let mut fields = Self::default();
        for line in stanza.split(|b| *b == b'\n') {
            let Some(colon) = memchr::memchr(b':', line) else { continue };
            let place = match &line[..colon] {
                b"Package" => &mut fields.package,
                b"Version" => &mut fields.version,
                b"Architecture" => &mut fields.architecture,
                b"Source" => &mut fields.source,
                b"Filename" => &mut fields.path,
                b"Size" => &mut fields.size,
                b"SHA256" => &mut fields.sha256,
                b"Phased-Update-Percentage" => &mut fields.phased,
                _ => continue,
            };
            *place = Some(line[colon + 1..].trim_ascii());
        }
        fields
    }

    fn entry(&self, line: usize) -> Result<Entry<'a>, IndexError> {
        let broken = |field| IndexError::Field { line, field };
        let required = |value: Option<&'a [u8]>, field| {
            value.and_then(text).filter(|text| !text.is_empty()).ok_or_else(|| broken(field))
        };
        let source = self.source.map(|value| text(value).ok_or_else(|| broken("Source")));
        let sha256 = self.sha256.map(|value| digest(value).ok_or_else(|| broken("SHA256")));
        let phased =
            self.phased.map(|value| percent(value).ok_or_else(|| broken("Phased-Update-Percentage")));
        Ok(Entry {
            package: required(self.package, "Package")?,
            version: required(self.version, "Version")?,
            architecture: required(self.architecture, "Architecture")?,
            source: source.transpose()?,
            path: required(self.path, "Filename")?,
            size: self.size.and_then(number).ok_or_else(|| broken("Size"))?,
            sha256: sha256.transpose()?,
            phased_percent: phased.transpose()?,
            line,
        })
    }
}

fn number(value: &[u8]) -> Option<u64> {
    text(value)?.parse().ok()
}

fn percent(value: &[u8]) -> Option<u8> {
    text(value)?.parse().ok().filter(|percent| *percent <= 100)
}

fn digest(value: &[u8]) -> Option<Sha256> {
    text(value)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Kept(Vec<(String, usize)>);

    impl Reader for Kept {
        fn wants(&self, package: &[u8]) -> bool {
            package.starts_with(b"want")
        }

        fn take(&mut self, entry: &Entry<'_>) -> Result<(), IndexError> {
            self.0.push((format!("{} {}", entry.package, entry.version), entry.line));
            Ok(())
        }
    }

    fn stanza(name: &str, filler: usize) -> String {
        let lines = "Filename: pool/a.deb\nSize: 7\nPhased-Update-Percentage: 20\n";
        format!(
            "Package: {name}\nVersion: 1\nArchitecture: all\n{lines}Description: {}\n\n",
            "x".repeat(filler)
        )
    }

    fn run(text: &[u8]) -> Result<Vec<(String, usize)>, IndexError> {
        let mut kept = Kept(Vec::new());
        read(&mut &text[..], &mut kept).map(|()| kept.0)
    }

    #[test]
    fn wanted_packages_are_found_across_buffers() {
        let parts =
            [stanza("other", 10), stanza("wanta", 300_000), stanza("other", 300_000), stanza("wantb", 1)];
        let found = run(parts.concat().as_bytes()).expect("well formed");
        assert_eq!(found, [("wanta 1".to_owned(), 9), ("wantb 1".to_owned(), 25)]);
        let last = stanza("wantc", 1);
        assert!(run(last.trim_end().as_bytes()).is_err());
        assert_eq!(run(format!("{}\n", last.trim_end()).as_bytes()).expect("well formed").len(), 1);
    }

    #[test]
    fn only_a_wanted_package_is_checked() {
        assert!(run(b"Package: other\nSize: x\n\n").is_ok());
        let error = run(b"\nPackage: want\nVersion: 1\nArchitecture: all\nFilename: a\nSize: x\n\n");
        assert_eq!(error.map_err(|e| e.to_string()), Err("the package at line 2 has no valid Size".into()));
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "(Package: want|Version: 1|Size: |SHA256: |:|\n|\n\n|x|\\PC){0,40}") {
            let _ = run(text.as_bytes());
        }
    }
}
