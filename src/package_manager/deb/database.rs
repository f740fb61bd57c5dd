//! What dpkg's own database says about one installed package, as files in `var/lib/dpkg`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::control::{Paragraph, ParagraphError};
use super::md5sums;
use super::tarball::absolute;
use crate::host::storage::{self, StorageError};
use crate::model::digest::Md5;
use crate::model::package::PackageKey;

/// What keeps a package's record from being read.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// A file cannot be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The database does not know the package.
    #[error("{path} has no record of {package}")]
    Absent {
        /// The status file.
        path: PathBuf,
        /// The package.
        package: PackageKey,
    },
    /// The record cannot be read.
    #[error("{path}: the record of {package}")]
    Malformed {
        /// The status file.
        path: PathBuf,
        /// The package.
        package: PackageKey,
        /// Which line of the record, and why.
        #[source]
        source: ParagraphError,
    },
}

/// A configuration file as the database records it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedConffile {
    /// The file.
    pub path: PathBuf,
    /// Digest of the vendor's version that was installed last.
    pub md5: Option<Md5>,
    /// The package no longer brings it.
    pub obsolete: bool,
}

/// The record of one installed package.
#[derive(Clone, Debug)]
pub struct Record {
    /// Which package.
    pub key: PackageKey,
    /// Its paragraph in the status file.
    pub status: Paragraph,
    /// The paths that it owns, in the archive's order.
    pub paths: Vec<PathBuf>,
    /// Digests of its files; `None` when the database has none.
    pub md5sums: Option<BTreeMap<PathBuf, Md5>>,
    /// Its other control files by name: `postinst`, `triggers` and so on, with `md5sums`.
    pub control_files: BTreeMap<String, Vec<u8>>,
}

impl Record {
    /// Reads the record of a package in a root.
    ///
    /// # Errors
    /// The database cannot be read or does not know the package.
    pub fn read(root: &Path, key: &PackageKey) -> Result<Self, RecordError> {
        let status = read_status(root, key)?;
        let control_files = read_control_files(root, key)?;
        let paths = control_files.get("list").map(|bytes| parse_list(bytes)).unwrap_or_default();
        let md5sums = control_files.get("md5sums").map(|bytes| md5sums::parse(bytes));
        Ok(Self { key: key.clone(), status, paths, md5sums, control_files })
    }

    /// Returns the third word of the status, such as `installed` or `config-files` (dpkg(1), "Package states").
    pub fn state(&self) -> &str {
        self.status
            .get("Status")
            .and_then(|status| status.split_ascii_whitespace().nth(2))
            .unwrap_or_default()
    }

    /// Returns the configuration files of the record.
    pub fn conffiles(&self) -> Vec<RecordedConffile> {
        let text = self.status.get("Conffiles").unwrap_or_default();
        text.lines().filter_map(parse_conffile).collect()
    }
}

/// ` PATH DIGEST [obsolete] [remove-on-upgrade]`; the digest is `newconffile` before it is known.
fn parse_conffile(line: &str) -> Option<RecordedConffile> {
    let mut rest = line.trim();
    let mut obsolete = false;
    for flag in [" remove-on-upgrade", " obsolete"] {
        if let Some(before) = rest.strip_suffix(flag) {
            (rest, obsolete) = (before, true);
        }
    }
    let (path, digest) = rest.rsplit_once(' ')?;
    Some(RecordedConffile {
        path: absolute(path.as_bytes()).ok()?,
        md5: Md5::parse(digest.as_bytes()),
        obsolete,
    })
}

/// What dpkg records in the place of a digest that it does not know: of a file that it did not unpack yet, that was not
/// there, or that it could not open, over which it goes on with a warning (dpkg, `dpkg-db.h`, `md5hash` of `configure.c`).
const NO_DIGEST: [&[u8]; 3] = [b" newconffile\n", b" nonexistent\n", b" -\n"];

/// Returns a sentence for each configuration file of an installed package whose digest dpkg does not know: at the next
/// version it would take it for edited. Files that a package only removes never have one.
///
/// # Errors
/// The database cannot be read.
pub(in crate::package_manager) fn conffiles_without_digest(root: &Path) -> Result<Vec<String>, StorageError> {
    let bytes = storage::read(&root.join(STATUS))?;
    let lines = NO_DIGEST.iter().flat_map(|flag| memchr::memmem::find_iter(&bytes, flag));
    let starts: BTreeSet<usize> =
        lines.map(|at| memchr::memmem::rfind(&bytes[..at], b"\n\n").map_or(0, |found| found + 2)).collect();
    let paragraphs = starts.into_iter().filter_map(|at| Paragraph::parse(paragraph_around(&bytes, at)).ok());
    Ok(paragraphs.flat_map(|paragraph| without_digest(&paragraph)).collect())
}

fn without_digest(paragraph: &Paragraph) -> Vec<String> {
    let is_there = paragraph.get("Status").is_some_and(|status| status.ends_with(" installed"));
    let name = paragraph.get("Package").unwrap_or_default();
    let text = paragraph.get("Conffiles").filter(|_| is_there).unwrap_or_default();
    let unknown = text.lines().filter_map(parse_conffile).filter(|file| file.md5.is_none() && !file.obsolete);
    unknown.map(|file| format!("{name}: dpkg did not record the digest of {}", file.path.display())).collect()
}

/// dpkg's database, below a root.
const STATUS: &str = "var/lib/dpkg/status";

fn read_status(root: &Path, key: &PackageKey) -> Result<Paragraph, RecordError> {
    let path = root.join(STATUS);
    let bytes = storage::read(&path)?;
    let absent = || RecordError::Absent { path: path.clone(), package: key.clone() };
    let line = format!("Package: {}\n", key.name);
    for at in memchr::memmem::find_iter(&bytes, line.as_bytes()) {
        if at > 0 && bytes[at - 1] != b'\n' {
            continue;
        }
        let paragraph = Paragraph::parse(paragraph_around(&bytes, at))
            .map_err(|source| RecordError::Malformed { path: path.clone(), package: key.clone(), source })?;
        if paragraph.get("Architecture") == Some(key.architecture.as_str()) {
            return Ok(paragraph);
        }
    }
    Err(absent())
}

fn paragraph_around(bytes: &[u8], at: usize) -> &[u8] {
    let start = memchr::memmem::rfind(&bytes[..at], b"\n\n").map_or(0, |found| found + 2);
    let end = memchr::memmem::find(&bytes[at..], b"\n\n").map_or(bytes.len(), |found| at + found + 1);
    &bytes[start..end]
}

/// Reads `info/NAME.*` and `info/NAME:ARCH.*` (dpkg's info format 1 names packages that may be installed twice
/// with their architecture).
fn read_control_files(root: &Path, key: &PackageKey) -> Result<BTreeMap<String, Vec<u8>>, RecordError> {
    let mut files = BTreeMap::new();
    for path in storage::list(&root.join("var/lib/dpkg/info"))? {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let stems = [key.name.to_string(), key.to_string()];
        let suffix = stems.iter().find_map(|stem| name.strip_prefix(stem.as_str())?.strip_prefix('.'));
        if let Some(suffix) = suffix.filter(|suffix| !suffix.contains('.')) {
            files.insert(suffix.to_owned(), storage::read(&path)?);
        }
    }
    Ok(files)
}

fn parse_list(bytes: &[u8]) -> Vec<PathBuf> {
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.filter_map(|line| absolute(line).ok()).collect()
}

/// Returns which of `wanted` another package than `key` owns.
///
/// # Errors
/// A list of the database cannot be read.
pub(super) fn owned_by_others(
    root: &Path,
    key: &PackageKey,
    wanted: &BTreeSet<PathBuf>,
) -> Result<BTreeSet<PathBuf>, StorageError> {
    let mut found = BTreeSet::new();
    if wanted.is_empty() {
        return Ok(found);
    }
    let own = [format!("{}.list", key.name), format!("{key}.list")];
    for path in storage::list(&root.join("var/lib/dpkg/info"))? {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.ends_with(".list") && !own.iter().any(|list| list == name) {
            let listed = parse_list(&storage::read(&path)?);
            found.extend(listed.into_iter().filter(|path| wanted.contains(path)));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conffile_line_is_read_with_its_flags() {
        let found = parse_conffile(" /etc/a b 900150983cd24fb0d6963f7d28e17f72 obsolete").expect("a line");
        assert_eq!(found.path, PathBuf::from("/etc/a b"));
        assert_eq!(found.md5, Some(Md5::of(b"abc")));
        assert!(found.obsolete);
        assert_eq!(parse_conffile(" /etc/a newconffile").and_then(|conffile| conffile.md5), None);
        assert_eq!(parse_conffile(""), None);
    }

    #[test]
    fn a_file_whose_digest_is_not_known_is_told_of_installed_packages_alone() {
        let of = |state: &str, line: &str| {
            let text = format!(
                "Package: a\nStatus: install ok {state}\nConffiles:\n /etc/b 900150983cd24fb0d6963f7d28e17f72\n {line}\nVersion: 1\n"
            );
            without_digest(&Paragraph::parse(text.as_bytes()).expect("a paragraph"))
        };
        let told = ["a: dpkg did not record the digest of /etc/a"];
        for flag in ["newconffile", "nonexistent", "-"] {
            assert_eq!(of("installed", &format!("/etc/a {flag}")), told);
            assert!(of("unpacked", &format!("/etc/a {flag}")).is_empty());
            assert!(of("installed", &format!("/etc/a {flag} remove-on-upgrade")).is_empty());
        }
        assert!(of("installed", "/etc/a 900150983cd24fb0d6963f7d28e17f72").is_empty());
    }

    #[test]
    fn a_paragraph_is_cut_out_whole() {
        let text = b"Package: a\nVersion: 1\n\nPackage: b\nVersion: 2\n";
        assert_eq!(paragraph_around(text, 0), b"Package: a\nVersion: 1\n");
        assert_eq!(paragraph_around(text, 23), b"Package: b\nVersion: 2\n");
    }
}
