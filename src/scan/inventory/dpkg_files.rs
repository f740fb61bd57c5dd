//! dpkg's records about files: which file belongs to which package, its digest, and what was moved aside.
//!
//! Paths are bytes: they need not be UTF-8. A line that dpkg would not write is an error with its file and number.

use std::collections::{BTreeSet, HashMap};
use std::ffi::OsStr;
use std::iter;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::STATUS;
use crate::host::storage::{self, StorageError};
use crate::model::digest::Md5;
use crate::model::package::{Architecture, PackageKey, PackageName};

/// The folder of dpkg's records about files, below a root.
const RECORDS: &str = "var/lib/dpkg/info";

/// Why a record about files cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum DpkgFilesError {
    /// The record is there and cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system answered.
        #[source]
        source: StorageError,
    },
    /// dpkg has no list of files of a package.
    #[error("{path} is missing, so the files of {package} are not known")]
    NoList {
        /// The file that should be there.
        path: PathBuf,
        /// The package.
        package: PackageKey,
    },
    /// A line that dpkg would not write.
    #[error("{path}, line {line}: {reason}")]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
}

/// A configuration file of a package, as dpkg last shipped it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conffile {
    /// Where it is, below the root, with a leading slash.
    pub path: PathBuf,
    /// The digest of the file as the package brought it; `None` while dpkg has not placed it yet.
    pub md5: Option<Md5>,
    /// The newest version of the package no longer has it.
    pub obsolete: bool,
    /// The newest version of the package asks for its removal.
    pub remove_on_upgrade: bool,
}

/// Reads the configuration files of every package that has some, packages in state `config-files` included.
///
/// # Errors
/// The database cannot be read, or a line of a `Conffiles` field is broken.
pub fn conffiles(root: &Path) -> Result<HashMap<PackageKey, Vec<Conffile>>, DpkgFilesError> {
    let path = root.join(STATUS);
    let bytes = storage::read(&path).map_err(reading(&path))?;
    parse_conffiles(&bytes).map_err(|(line, reason)| DpkgFilesError::Line { path, line, reason })
}

/// Reads the paths that a package installed, folders included, each with a leading slash.
///
/// # Errors
/// There is no list, it cannot be read, or a line is no absolute path.
pub fn installed_files(
    root: &Path,
    package: &PackageKey,
    multi_arch_same: bool,
) -> Result<Vec<PathBuf>, DpkgFilesError> {
    let path = record(root, package, multi_arch_same, "list");
    let bytes = storage::read_if_present(&path).map_err(reading(&path))?;
    let Some(bytes) = bytes else { return Err(DpkgFilesError::NoList { path, package: package.clone() }) };
    let parse = |(number, line): (usize, &[u8])| match line.first() {
        Some(b'/') => Ok(path_of(line)),
        _ => Err(DpkgFilesError::Line { path: path.clone(), line: number, reason: "not an absolute path" }),
    };
    lines(&bytes).map(parse).collect()
}

/// Finds the packages that own some paths, as dpkg's lists have them: a path below `/usr` also where a package still
/// names it at the root, because folders were merged (Debian's usrmerge). What no list has is absent from the answer.
///
/// # Errors
/// The lists cannot be read.
pub fn owners(
    root: &Path,
    wanted: &BTreeSet<PathBuf>,
) -> Result<HashMap<PathBuf, PackageName>, DpkgFilesError> {
    let mut owners = HashMap::new();
    if wanted.is_empty() {
        return Ok(owners);
    }
    // A name may stand for two wanted paths: itself, and the one below `/usr`.
    let mut names: HashMap<&[u8], Vec<&PathBuf>> = HashMap::new();
    for path in wanted {
        let bytes = path.as_os_str().as_bytes();
        for name in iter::once(bytes).chain(bytes.strip_prefix(b"/usr")) {
            names.entry(name).or_default().push(path);
        }
    }
    let lengths: BTreeSet<usize> = names.keys().map(|name| name.len()).collect();
    let folder = root.join(RECORDS);
    let lists = storage::list(&folder).map_err(reading(&folder))?;
    for path in lists.into_iter().filter(|path| path.extension().is_some_and(|end| end == "list")) {
        let stem = path.file_stem().and_then(OsStr::to_str).unwrap_or_default();
        let package = PackageName::from(stem.split(':').next().unwrap_or_default());
        let bytes = storage::read(&path).map_err(reading(&path))?;
        for (_, line) in lines(&bytes).filter(|(_, line)| lengths.contains(&line.len())) {
            for path in names.get(line).into_iter().flatten() {
                owners.insert((*path).clone(), package.clone());
            }
        }
    }
    Ok(owners)
}

fn reading(path: &Path) -> impl FnOnce(StorageError) -> DpkgFilesError + '_ {
    move |source| DpkgFilesError::Read { path: path.to_owned(), source }
}

/// The name of a record: with the architecture where several may be installed side by side. A package can have been
/// installed before it became so; then the plain name is the right one.
fn record(root: &Path, package: &PackageKey, multi_arch_same: bool, kind: &str) -> PathBuf {
    let folder = root.join(RECORDS);
    let plain = folder.join(format!("{}.{kind}", package.name));
    let qualified = folder.join(format!("{}:{}.{kind}", package.name, package.architecture));
    let (first, second) = if multi_arch_same { (qualified, plain) } else { (plain, qualified) };
    if !storage::exists(&first) && storage::exists(&second) { second } else { first }
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let number = |(at, line)| (at + 1, line);
    bytes.split(|b| *b == b'\n').enumerate().map(number).filter(|(_, line)| !line.is_empty())
}

fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(bytes))
}

/// Reads the `Conffiles` fields of dpkg's database. The error is a line and what is wrong with it.
fn parse_conffiles(status: &[u8]) -> Result<HashMap<PackageKey, Vec<Conffile>>, (usize, &'static str)> {
    let mut found = HashMap::new();
    let mut first_line = 1;
    for stanza in stanzas(status) {
        let (mut name, mut architecture, mut files) = ("", "", Vec::new());
        let mut inside = false;
        for (at, line) in stanza.split(|b| *b == b'\n').enumerate() {
            if line.starts_with(b" ") {
                if inside {
                    files.push(parse_conffile(line).map_err(|reason| (first_line + at, reason))?);
                }
                continue;
            }
            inside = line == b"Conffiles:";
            name = value(line, b"Package:").unwrap_or(name);
            architecture = value(line, b"Architecture:").unwrap_or(architecture);
        }
        if !files.is_empty() {
            let (name, architecture) = (PackageName::from(name), Architecture::from(architecture));
            found.insert(PackageKey { name, architecture }, files);
        }
        first_line += memchr::memchr_iter(b'\n', stanza).count() + 2;
    }
    Ok(found)
}

/// Splits at empty lines; the separators are two bytes long.
fn stanzas(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(bytes);
    iter::from_fn(move || {
        let bytes = rest?;
        match memchr::memmem::find(bytes, b"\n\n") {
            Some(end) => {
                rest = Some(&bytes[end + 2..]);
                Some(&bytes[..end])
            }
            None => rest.take(),
        }
    })
}

fn value<'a>(line: &'a [u8], field: &[u8]) -> Option<&'a str> {
    std::str::from_utf8(line.strip_prefix(field)?.trim_ascii()).ok()
}

/// ` path digest [obsolete] [remove-on-upgrade]`, read from the end: the path may have spaces.
fn parse_conffile(line: &[u8]) -> Result<Conffile, &'static str> {
    let (mut rest, mut obsolete, mut remove_on_upgrade) = (line.trim_ascii(), false, false);
    loop {
        if let Some(shorter) = rest.strip_suffix(b" obsolete") {
            (rest, obsolete) = (shorter, true);
        } else if let Some(shorter) = rest.strip_suffix(b" remove-on-upgrade") {
            (rest, remove_on_upgrade) = (shorter, true);
        } else {
            break;
        }
    }
    let space = memchr::memrchr(b' ', rest).ok_or("Conffiles has a line without a digest")?;
    let md5 = match &rest[space + 1..] {
        b"newconffile" => None,
        digest => Some(Md5::parse(digest).ok_or("Conffiles has a line whose digest is none")?),
    };
    match rest[..space].trim_ascii() {
        path if path.starts_with(b"/") => {
            Ok(Conffile { path: path_of(path), md5, obsolete, remove_on_upgrade })
        }
        _ => Err("Conffiles has a line without an absolute path"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::inventory::tests::Root;

    const DIGEST: &str = "07d31e7e63800ab1b7966980709c51eb";

    #[test]
    fn conffiles_are_read_with_their_marks() {
        let text = format!(
            "Package: a\n\nPackage: nano\nConffiles:\n /etc/nano rc {DIGEST}\n /etc/old {DIGEST} obsolete\n \
             /etc/gone {DIGEST} remove-on-upgrade\n /etc/new newconffile\nArchitecture: amd64\n\n"
        );
        let found = parse_conffiles(text.as_bytes()).expect("well formed");
        let key = PackageKey { name: "nano".into(), architecture: "amd64".into() };
        let files = &found[&key];
        assert_eq!(files.len(), 4);
        assert_eq!(files[0].path, Path::new("/etc/nano rc"));
        assert!(files[1].obsolete && files[2].remove_on_upgrade && files[3].md5.is_none());
    }

    #[test]
    fn a_name_is_of_both_paths_that_it_may_stand_for() {
        let list = "var/lib/dpkg/info/base:amd64.list";
        let root = Root::new("owners", &[(list, "/.\n/lib\n/lib/x\n/usr/bin/y\n")]);
        let wanted = ["/lib", "/usr/lib", "/lib/x", "/usr/lib/x", "/usr/bin/y", "/bin/y", "/usr/z"];
        let owners = owners(&root.0, &wanted.iter().map(PathBuf::from).collect()).expect("readable");
        let mut owned: Vec<_> = owners.keys().map(|path| path.display().to_string()).collect();
        owned.sort_unstable();
        assert_eq!(owned, ["/lib", "/lib/x", "/usr/bin/y", "/usr/lib", "/usr/lib/x"]);
    }

    #[test]
    fn broken_conffile_line_is_named() {
        let text = "Package: a\nStatus: x\n\nPackage: b\nConffiles:\n /etc/x nodigest\n";
        assert_eq!(parse_conffiles(text.as_bytes()).map_err(|(line, _)| line), Err(6));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
            let _ = parse_conffiles(&bytes);
            let _ = parse_conffile(&bytes);
        }
    }
}
