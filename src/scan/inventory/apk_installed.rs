//! apk's database file: a line a field, each a letter, a colon and a value; an empty line ends a package (apk-tools,
//! `src/database.c`; <https://wiki.alpinelinux.org/wiki/Apk_spec>).
//!
//! Only `P` (name), `V` (version), `A` (architecture), `I` (size in bytes) and `o` (the package it was built with) are
//! used. The lists of files that follow have letters of their own.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::record_error::{RecordError, RecordProblem};
use super::{InventoryError, reading};
use crate::host::storage;
use crate::model::distro::PackageFamily;
use crate::model::package::{Architecture, InstalledPackage, PackageName, PackageState, SourcePackage};
use crate::model::version::Version;

/// The database, below a root.
pub(super) const INSTALLED: &str = "lib/apk/db/installed";

/// Where apk 3 keeps it on distributions that moved everything below `usr`.
const INSTALLED_IN_USR: &str = "usr/lib/apk/db/installed";

/// What the administrator asked for, below a root.
const WORLD: &str = "etc/apk/world";

fn database(root: &Path) -> PathBuf {
    let paths = [INSTALLED, INSTALLED_IN_USR].map(|path| root.join(path));
    paths.iter().find(|path| storage::exists(path)).unwrap_or(&paths[0]).clone()
}

/// Tells whether a root has an apk database.
pub(super) fn is_present(root: &Path) -> bool {
    storage::exists(&database(root))
}

/// Reads the packages of a root; none where it has no database.
///
/// # Errors
/// The file cannot be read or understood.
pub(super) fn read(root: &Path) -> Result<Vec<InstalledPackage>, InventoryError> {
    let path = database(root);
    let Some(bytes) = storage::read_if_present(&path).map_err(reading(&path))? else { return Ok(Vec::new()) };
    let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy();
    let mut packages =
        parse(&bytes, &name).map_err(|source| InventoryError::Parse { root: root.to_owned(), source })?;
    let world = root.join(WORLD);
    let world = storage::read_if_present(&world).map_err(reading(&world))?.unwrap_or_default();
    let world = String::from_utf8_lossy(&world);
    let pinned: HashSet<&str> = world.split_whitespace().filter_map(pinned).collect();
    for package in &mut packages {
        package.hold = pinned.contains(package.name.as_str());
    }
    Ok(packages)
}

/// Returns the name in a word of the world file that keeps the package from moving upwards (apk-world(5)): one with a
/// version to be equal to, alike or below.
fn pinned(word: &str) -> Option<&str> {
    let end = word.find(['=', '<', '>', '~'])?;
    let (name, constraint) = word.split_at(end);
    (!constraint.starts_with('>') && !name.starts_with('!')).then_some(name)
}

/// The fields that are used, by letter and by name; their places here are the numbers below.
const FIELDS: [(u8, &str); 5] = [
    (b'P', "P (name)"),
    (b'V', "V (version)"),
    (b'A', "A (architecture)"),
    (b'I', "I (size)"),
    (b'o', "o (origin)"),
];
const NAME: usize = 0;
const VERSION: usize = 1;
const ARCHITECTURE: usize = 2;
const SIZE: usize = 3;
const ORIGIN: usize = 4;

/// Reads `lib/apk/db/installed`; packages come in the file's order.
///
/// The size counts as 0 where it is no number. The end of the last line may be missing, but not within a field that
/// is used.
///
/// # Errors
/// The first thing that apk would not have written.
pub fn parse(bytes: &[u8], file: &str) -> Result<Vec<InstalledPackage>, RecordError> {
    let mut parser = Parser { file, line: 0, values: [None; 5], packages: Vec::new(), seen: HashSet::new() };
    let (complete, rest) = bytes.split_at(memchr::memrchr(b'\n', bytes).map_or(0, |at| at + 1));
    let mut number = 0;
    for line in complete.split_inclusive(|b| *b == b'\n') {
        number += 1;
        parser.take_line(number, &line[..line.len() - 1])?;
    }
    if !rest.is_empty() {
        if FIELDS.iter().any(|(letter, _)| *letter == rest[0]) {
            return Err(parser.error(number + 1, RecordProblem::Truncated));
        }
        parser.take_line(number + 1, rest)?;
    }
    parser.end_package()?;
    Ok(parser.packages)
}

struct Parser<'a> {
    file: &'a str,
    /// The line that the package begins on; 0 between packages.
    line: usize,
    /// The line and the value of each field.
    values: [Option<(usize, &'a [u8])>; 5],
    packages: Vec<InstalledPackage>,
    seen: HashSet<PackageName>,
}

impl<'a> Parser<'a> {
    fn error(&self, line: usize, problem: RecordProblem) -> RecordError {
        RecordError { file: self.file.to_owned(), line, problem }
    }

    fn take_line(&mut self, number: usize, line: &'a [u8]) -> Result<(), RecordError> {
        let (letter, value) = match line {
            [] => return self.end_package(),
            [letter, b':', value @ ..] if letter.is_ascii_alphabetic() => (*letter, value),
            _ => return Err(self.error(number, RecordProblem::NotAField)),
        };
        if self.line == 0 {
            self.line = number;
        }
        let Some(at) = FIELDS.iter().position(|(known, _)| *known == letter) else { return Ok(()) };
        match self.values[at].replace((number, value)) {
            Some(_) => Err(self.error(number, RecordProblem::FieldTwice(FIELDS[at].1))),
            None => Ok(()),
        }
    }

    fn end_package(&mut self) -> Result<(), RecordError> {
        if self.line == 0 {
            return Ok(());
        }
        let name = PackageName::from(self.name(NAME)?.ok_or_else(|| self.missing(NAME))?);
        let version = self.text(VERSION)?.ok_or_else(|| self.missing(VERSION))?;
        let version = Version::apk(version).map_err(|error| self.invalid(VERSION, error.reason))?;
        let architecture = self.text(ARCHITECTURE)?.ok_or_else(|| self.missing(ARCHITECTURE))?;
        if architecture.is_empty()
            || !architecture.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
        {
            return Err(self.invalid(ARCHITECTURE, "not an architecture's name"));
        }
        let origin = self.name(ORIGIN)?.map_or_else(|| name.clone(), PackageName::from);
        let size = self.text(SIZE)?.and_then(|text| text.parse::<u64>().ok()).unwrap_or_default();
        let package = InstalledPackage {
            source: SourcePackage { name: origin, version: version.clone() },
            architecture: Architecture::from(architecture),
            name,
            version,
            state: PackageState::Installed,
            reinstall_required: false,
            hold: false,
            essential: false,
            multi_arch_same: false,
            installed_size_kib: size.div_ceil(1024),
            provenance: None,
        };
        if !self.seen.insert(package.name.clone()) {
            return Err(self.error(self.line, RecordProblem::PackageTwice(package.key())));
        }
        self.packages.push(package);
        (self.line, self.values) = (0, [None; 5]);
        Ok(())
    }

    fn text(&self, field: usize) -> Result<Option<&'a str>, RecordError> {
        let Some((line, bytes)) = self.values[field] else { return Ok(None) };
        let not_text = |_| self.error(line, RecordProblem::NotUtf8(FIELDS[field].1));
        std::str::from_utf8(bytes).map(Some).map_err(not_text)
    }

    fn name(&self, field: usize) -> Result<Option<&'a str>, RecordError> {
        match self.text(field)? {
            Some(name) if !PackageFamily::Apk.is_package_name(name) => {
                Err(self.invalid(field, "not a name that apk gives a package"))
            }
            name => Ok(name),
        }
    }

    fn missing(&self, field: usize) -> RecordError {
        self.error(self.line, RecordProblem::Missing(FIELDS[field].1))
    }

    fn invalid(&self, field: usize, reason: &'static str) -> RecordError {
        let (line, bytes) = self.values[field].unwrap_or((self.line, b""));
        let text = String::from_utf8_lossy(bytes).chars().take(80).collect();
        self.error(line, RecordProblem::Invalid { field: FIELDS[field].1, text, reason })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::inventory::tests::Root;

    const AA: &str = "C:Q1x=\nP:aa\nV:1.0-r0\nA:x86_64\nI:1025\no:source\nF:usr\nR:x\na:0:0:755\nZ:Q1y=\n\n";

    fn problem(text: &str) -> (usize, RecordProblem) {
        let error = parse(text.as_bytes(), "installed").expect_err("broken");
        (error.line, error.problem)
    }

    #[test]
    fn packages_are_read_with_their_origin() {
        let text = format!("{AA}P:bb\nV:2-r1\nA:noarch\n");
        let packages = parse(text.as_bytes(), "installed").expect("sound");
        let shown: Vec<String> = packages
            .iter()
            .map(|p| format!("{} {} {} {}", p.name, p.version, p.source.name, p.installed_size_kib))
            .collect();
        assert_eq!(shown, ["aa 1.0-r0 source 2", "bb 2-r1 bb 0"]);
    }

    #[test]
    fn broken_entries_are_named_by_line() {
        assert_eq!(problem("asdf\n\nyolo\n"), (1, RecordProblem::NotAField));
        assert_eq!(problem("P:aa\nA:x\n\n"), (1, RecordProblem::Missing("V (version)")));
        assert_eq!(problem("V:1\nA:x\n\n"), (1, RecordProblem::Missing("P (name)")));
        assert_eq!(problem("P:aa\nV:1\nV:2\nA:x\n\n"), (3, RecordProblem::FieldTwice("V (version)")));
        assert_eq!(problem("P:aa\nV:1\nA:x86").0, 3, "cut within a field");
        assert_eq!(problem(&format!("{AA}{AA}")).0, 12, "twice");
        for broken in ["P:-x\nV:1\nA:x\n", "P:aa\nV:1 2\nA:x\n", "P:aa\nV:1\nA:\n", "P:aa\nV:1\nA:x\no:b c\n"]
        {
            assert!(matches!(problem(broken), (_, RecordProblem::Invalid { .. })), "{broken:?}");
        }
    }

    #[test]
    fn pins_of_the_world_hold_a_package() {
        let world = "aa=1.0-r0 bb\ncc~1.2 !dd=1 ee>1 ff<2 gg@edge\n";
        let pinned: Vec<&str> = world.split_whitespace().filter_map(super::pinned).collect();
        assert_eq!(pinned, ["aa", "cc", "ff"]);
        let root = Root::new("apk-world", &[(INSTALLED, AA), (WORLD, world)]);
        assert!(read(&root.0).expect("sound")[0].hold);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300), at in 0usize..80, byte: u8) {
            let _ = parse(&bytes, "installed");
            let mut flipped = AA.as_bytes().to_vec();
            if let Some(place) = flipped.get_mut(at) {
                *place = byte;
            }
            let _ = parse(&flipped, "installed");
            let _ = parse(&AA.as_bytes()[..at.min(AA.len())], "installed");
        }
    }
}
