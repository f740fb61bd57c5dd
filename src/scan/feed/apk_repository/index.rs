//! An index of a repository as apk fetches it: a signature and an archive, compressed one after the other, with a file
//! `APKINDEX` of a line a field and an empty line between packages (apk-tools, `src/database.c`, `load_apkindex`).
//!
//! The signature is apk's to check: it does so whenever it opens an index, and a simulation without it ends in an error.

use std::io::Read;
use std::path::Path;

use super::ApkRepositoryError;
use crate::host::storage;
use crate::model::apk_checksum::ApkChecksum;
use crate::model::distro::PackageFamily;
use crate::model::version::Version;
use crate::scan::feed::decompress::{Unpacked, cap};

/// Largest index that is read: Alpine's `community` has some 3 MB as fetched and 13 MB unpacked.
const LARGEST: u64 = 64 << 20;
/// The same unpacked.
const LARGEST_UNPACKED: u64 = 512 << 20;
/// The member that lists the packages.
const LIST: &str = "APKINDEX";

/// Tells whether anybody asks for a package of that name.
type Wants<'a> = &'a dyn Fn(&str) -> bool;

/// One package of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) version: Version,
    pub(super) architecture: String,
    /// The package that it was built with, which is its own name where none is stated.
    pub(super) origin: String,
    pub(super) size: u64,
    pub(super) checksum: ApkChecksum,
}

/// Hands every wanted package of an index to `take`. What no checksum vouches for is no offer.
pub(super) fn read(
    path: &Path,
    wants: Wants<'_>,
    take: &mut dyn FnMut(Entry),
) -> Result<(), ApkRepositoryError> {
    let bytes = storage::read_at_most(path, LARGEST)
        .map_err(|source| ApkRepositoryError::Read { path: path.to_owned(), source })?;
    let text =
        unpack(&bytes).map_err(|source| ApkRepositoryError::Packed { path: path.to_owned(), source })?;
    let text = text.ok_or_else(|| ApkRepositoryError::Content {
        path: path.to_owned(),
        line: 0,
        reason: "it has no list of packages",
    })?;
    let entries = parse(&text, wants);
    for entry in entries {
        let entry = entry.map_err(|(line, reason)| ApkRepositoryError::Content {
            path: path.to_owned(),
            line,
            reason,
        })?;
        take(entry);
    }
    Ok(())
}

/// Returns the list of an index, if it has one.
fn unpack(bytes: &[u8]) -> Result<Option<String>, super::DecompressError> {
    let mut plain = Unpacked::new(bytes, cap(bytes.len() as u64, LARGEST_UNPACKED))?;
    match list_of(&mut plain) {
        Ok(list) => Ok(list.map(text)),
        Err(error) => Err(plain.explain(error)),
    }
}

/// What is no UTF-8 is replaced, and nothing copied where there is none of it: a list has megabytes.
fn text(list: Vec<u8>) -> String {
    String::from_utf8(list).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn list_of(plain: &mut impl Read) -> std::io::Result<Option<Vec<u8>>> {
    let mut list = None;
    let mut archive = tar::Archive::new(&mut *plain);
    for member in archive.entries()? {
        let mut member = member?;
        if member.path_bytes().as_ref() == LIST.as_bytes() {
            let mut content = Vec::new();
            member.read_to_end(&mut content)?;
            list = Some(content);
        }
    }
    // What comes behind the end of an archive may tell that it was cut.
    std::io::copy(plain, &mut std::io::sink())?;
    Ok(list)
}

/// What is wrong, and on which line.
type Fault = (usize, &'static str);

/// Reads the wanted packages of a list.
fn parse(text: &str, wants: Wants<'_>) -> Vec<Result<Entry, Fault>> {
    let mut entries = Vec::new();
    let mut fields: Vec<(u8, &str)> = Vec::new();
    let mut begins = 1;
    let end = std::iter::once("");
    for (at, line) in text.lines().chain(end).enumerate() {
        let number = at + 1;
        match line.as_bytes() {
            [] => {
                let is_wanted = fields.iter().any(|(letter, value)| *letter == b'P' && wants(value));
                if is_wanted {
                    entries.extend(entry(&fields).map_err(|reason| (begins, reason)).transpose());
                }
                begins = number + 1;
                fields.clear();
            }
            [letter, b':', ..] => fields.push((*letter, &line[2..])),
            _ => entries.push(Err((number, "not a letter, a colon and a value"))),
        }
    }
    entries
}

/// Reads one package; `None` where its checksum is of a kind that is not known.
fn entry(fields: &[(u8, &str)]) -> Result<Option<Entry>, &'static str> {
    let field = |letter: u8| fields.iter().find(|(found, _)| *found == letter).map(|(_, value)| *value);
    let is_name = |name: &&str| PackageFamily::Apk.is_package_name(name);
    let name = field(b'P').filter(is_name).ok_or("P (name) is missing or no name of a package")?;
    let version = field(b'V').and_then(|text| Version::apk(text).ok()).filter(Version::is_ordered);
    // 3.0 has other checksums for other formats; the archives they name are not read here.
    let Ok(checksum) = field(b'C').unwrap_or_default().parse() else { return Ok(None) };
    let Some(version) = version else { return Err("V (version) is missing or no version") };
    Ok(Some(Entry {
        name: name.to_owned(),
        version,
        architecture: field(b'A').unwrap_or("noarch").to_owned(),
        origin: field(b'o').filter(is_name).unwrap_or(name).to_owned(),
        size: field(b'S').and_then(|size| size.parse().ok()).ok_or("S (size) is missing or no number")?,
        checksum,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The database has the lines of the index first, for each package (tests/fixtures/apk/README.md).
    const LIST: &str = include_str!("../../../../tests/fixtures/apk/installed-upgraded");

    fn told(entries: Vec<Result<Entry, Fault>>) -> Vec<String> {
        let tell = |entry: Result<Entry, Fault>| match entry {
            Ok(e) => format!("{} {} {} {} {}", e.name, e.version, e.architecture, e.origin, e.size),
            Err((line, reason)) => format!("{line}: {reason}"),
        };
        entries.into_iter().map(tell).collect()
    }

    #[test]
    fn an_index_is_read() {
        let entries = told(parse(LIST, &|name| name.ends_with("foo")));
        assert_eq!(entries, ["foo 1.0-r1 x86_64 foo 1097", "libfoo 1.0-r1 x86_64 foo 1072"]);
        assert_eq!(parse(LIST, &|_| false), []);
    }

    #[test]
    fn what_is_missing_or_wrong_is_named_by_its_line() {
        let one = "C:Q1qZk+NkcGgWq6PiVxeFDCbJzQ2J0=\nP:foo\nV:1-r0\nA:x86_64\nS:5\n\n";
        for (from, to, told_as) in [
            ("P:foo", "P:--root=/", "1: P (name) is missing or no name of a package"),
            ("V:1-r0", "V:one", "1: V (version) is missing or no version"),
            ("S:5", "S:many", "1: S (size) is missing or no number"),
            ("S:5", "S:5\nwhat", "6: not a letter, a colon and a value"),
        ] {
            let text = one.replace(from, to);
            assert!(told(parse(&text, &|_| true)).iter().any(|line| line == told_as), "{text}");
        }
        assert_eq!(parse(&one.replace("C:Q1", "C:Q2"), &|_| true), [], "another kind of checksum");
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(text in "(P:|V:|C:Q1|S:1|a|\n|1-r0|\\PC){0,30}", bytes: Vec<u8>) {
            let _ = parse(&text, &|_| true);
            let _ = unpack(&bytes);
        }
    }
}
