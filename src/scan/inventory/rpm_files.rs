//! rpm's records about files, asked of rpm itself: what a package brought, its digests, and whose a file is.
//!
//! The database's own format is read elsewhere; lists of files are wanted of a few packages, and by the verbs that take
//! their time.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use crate::host::runner::{self, CommandSpec};
use crate::model::digest::{Md5, Sha256};
use crate::model::package::{PackageKey, PackageName};

const RPM: &str = "/usr/bin/rpm";

/// One line a file: package, architecture, flags, digest, path. The path, which alone may hold anything, is the last.
const FORMAT: &str = "[%{=NAME}\\t%{=ARCH}\\t%{FILEFLAGS}\\t%{FILEDIGESTS}\\t%{FILENAMES}\\n]";
const OWNER: &str = "[%{=NAME}\\t%{FILENAMES}\\n]";

/// What rpm marks a file with (rpm, `include/rpm/rpmfiles.h`, `rpmfileAttrs`).
const CONFIGURATION: u32 = 1;
const NOT_REPLACED: u32 = 1 << 4;
const CLAIMED_ONLY: u32 = 1 << 6;

/// A file of an installed package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RpmFile {
    /// The package.
    pub package: PackageKey,
    /// Where it is, below the root, with a leading slash.
    pub path: PathBuf,
    digest: String,
    flags: u32,
}

impl RpmFile {
    /// Tells whether it is a configuration file that the package brings.
    pub fn is_configuration(&self) -> bool {
        self.flags & CONFIGURATION != 0 && self.flags & CLAIMED_ONLY == 0
    }

    /// Tells whether rpm leaves an edited one in place (`%config(noreplace)`) instead of moving it aside.
    pub fn stays_when_edited(&self) -> bool {
        self.flags & NOT_REPLACED != 0
    }

    /// Tells whether content is what the package brought; `None` where no digest that is known is recorded.
    pub fn holds(&self, content: &[u8]) -> Option<bool> {
        match self.digest.len() {
            64 => Some(Sha256::of(content) == self.digest.parse().ok()?),
            32 => Some(Md5::of(content) == Md5::parse(self.digest.as_bytes())?),
            _ => None,
        }
    }
}

/// Lists the files of some installed packages; none where rpm cannot be asked.
pub fn of_packages(root: &Path, packages: &[PackageKey]) -> Vec<RpmFile> {
    if packages.is_empty() {
        return Vec::new();
    }
    let names = packages.iter().map(|key| format!("{}.{}", key.name, key.architecture));
    let spec = rpm(root).args(["-q", "--queryformat", FORMAT, "--"]).args(names);
    let Ok(output) = runner::run(&spec) else { return Vec::new() };
    output.text().lines().filter_map(file).collect()
}

/// Finds the packages that own some paths; what no package owns is absent from the answer.
pub fn owners(root: &Path, wanted: &BTreeSet<PathBuf>) -> HashMap<PathBuf, PackageName> {
    if wanted.is_empty() {
        return HashMap::new();
    }
    let spec = rpm(root).args(["-qa", "--queryformat", OWNER]);
    let Ok(output) = runner::run(&spec) else { return HashMap::new() };
    let text = output.text();
    let owned = text.lines().filter_map(|line| line.split_once('\t'));
    owned
        .filter(|(_, path)| wanted.contains(Path::new(path)))
        .map(|(package, path)| (PathBuf::from(path), PackageName::from(package)))
        .collect()
}

fn rpm(root: &Path) -> CommandSpec {
    CommandSpec::new(RPM).arg("--root").arg(root.display().to_string())
}

fn file(line: &str) -> Option<RpmFile> {
    let mut parts = line.splitn(5, '\t');
    let (name, architecture) = (parts.next()?, parts.next()?);
    let (flags, digest, path) = (parts.next()?, parts.next()?, parts.next()?);
    let package = PackageKey { name: name.into(), architecture: architecture.into() };
    let is_path = path.starts_with('/');
    is_path.then_some(RpmFile {
        package,
        path: path.into(),
        digest: digest.to_owned(),
        flags: flags.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_with_their_marks() {
        let digest = "900150983cd24fb0d6963f7d28e17f72";
        let kept = file(&format!("foo\tnoarch\t17\t{digest}\t/etc/foo.conf")).expect("a file");
        assert!(kept.is_configuration() && kept.stays_when_edited());
        assert_eq!((kept.holds(b"abc"), kept.holds(b"x")), (Some(true), Some(false)));
        let plain = file("foo\tx86_64\t0\t\t/usr/bin/foo").expect("a file");
        assert!(!plain.is_configuration() && plain.holds(b"abc").is_none());
        for line in ["", "package foo is not installed", "foo\tnoarch\tx\t\t/a", "foo\tnoarch\t0\t\tbin"] {
            assert_eq!(file(line), None, "{line}");
        }
    }
}
