//! apk's database file: a line a field, each a letter, a colon and a value; an empty line ends a package (apk-tools,
//! `src/database.c`; <https://wiki.alpinelinux.org/wiki/Apk_spec>).
//!
//! Only `P` (name), `V` (version), `A` (architecture), `I` (size in bytes), `o` (the package it was built with), `s` (the
//! tag of the repository it came from) and `f` (what is broken) are used. The lists of files that follow have letters of
//! their own.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::record_error::{RecordError, RecordProblem};
use super::record_values::RecordValues;
use super::{InventoryError, reading};
use crate::host::storage;
use crate::model::apk_world::World;
use crate::model::distro::PackageFamily;
use crate::model::package::{InstalledPackage, PackageName, PackageState, Provenance, SourcePackage, Vendor};
use crate::model::version::Version;

/// The database, below a root.
pub(super) const INSTALLED: &str = "lib/apk/db/installed";

/// Where apk 3 keeps it on distributions that moved everything below `usr`.
const INSTALLED_IN_USR: &str = "usr/lib/apk/db/installed";

/// What the administrator asked for, below a root.
const WORLD: &str = "etc/apk/world";

/// Returns where the database of a root is.
pub(super) fn database(root: &Path) -> PathBuf {
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
    let world = World::parse(&world);
    // What may move within bounds has no hold: the bounds decide which version is the candidate.
    for package in &mut packages {
        package.hold = world.pins(package.name.as_str());
    }
    Ok(packages)
}

/// The letters of the fields that are used; their places here are the numbers below.
const LETTERS: [u8; 7] = *b"PVAIosf";
/// What people read for them.
const NAMES: [&str; 7] = [
    "P (name)",
    "V (version)",
    "A (architecture)",
    "I (size)",
    "o (origin)",
    "s (repository tag)",
    "f (what is broken)",
];
const NAME: usize = 0;
const VERSION: usize = 1;
const ARCHITECTURE: usize = 2;
const SIZE: usize = 3;
const ORIGIN: usize = 4;
const TAG: usize = 5;
const BROKEN: usize = 6;

/// Reads `lib/apk/db/installed`; packages come in the file's order.
///
/// The size counts as 0 where it is no number. The end of the last line may be missing, but not within a field that
/// is used.
///
/// # Errors
/// The first thing that apk would not have written.
pub fn parse(bytes: &[u8], file: &str) -> Result<Vec<InstalledPackage>, RecordError> {
    let values = RecordValues::new(file, PackageFamily::Apk, &NAMES);
    let mut parser = Parser { values, packages: Vec::new(), seen: HashSet::new() };
    let (complete, rest) = bytes.split_at(memchr::memrchr(b'\n', bytes).map_or(0, |at| at + 1));
    let mut number = 0;
    for line in complete.split_inclusive(|b| *b == b'\n') {
        number += 1;
        parser.take_line(number, &line[..line.len() - 1])?;
    }
    if !rest.is_empty() {
        if LETTERS.contains(&rest[0]) {
            return Err(parser.values.error(number + 1, RecordProblem::Truncated));
        }
        parser.take_line(number + 1, rest)?;
    }
    parser.end_package()?;
    Ok(parser.packages)
}

struct Parser<'a> {
    /// The values of the package; its line is 0 between packages.
    values: RecordValues<'a, 7>,
    packages: Vec<InstalledPackage>,
    seen: HashSet<PackageName>,
}

impl<'a> Parser<'a> {
    fn take_line(&mut self, number: usize, line: &'a [u8]) -> Result<(), RecordError> {
        let (letter, value) = match line {
            [] => return self.end_package(),
            [letter, b':', value @ ..] if letter.is_ascii_alphabetic() => (*letter, value),
            _ => return Err(self.values.error(number, RecordProblem::NotAField)),
        };
        if self.values.line == 0 {
            self.values.line = number;
        }
        match LETTERS.iter().position(|known| *known == letter) {
            Some(field) => self.values.put(field, number, value),
            None => Ok(()),
        }
    }

    fn end_package(&mut self) -> Result<(), RecordError> {
        let values = &self.values;
        if values.line == 0 {
            return Ok(());
        }
        values.required(NAME)?;
        let name = PackageName::from(values.name(NAME)?.unwrap_or_default());
        let version =
            Version::apk(values.required(VERSION)?).map_err(|error| values.invalid(VERSION, error.reason))?;
        let origin = values.name(ORIGIN)?.map_or_else(|| name.clone(), PackageName::from);
        let broken = values.text(BROKEN)?.unwrap_or_default();
        let package = InstalledPackage {
            source: SourcePackage { name: origin, version: version.clone() },
            architecture: values.architecture(ARCHITECTURE, values.required(ARCHITECTURE)?)?,
            name,
            version,
            state: state(broken),
            reinstall_required: broken.contains(FILES_BROKEN),
            hold: false,
            essential: false,
            multi_arch_same: false,
            installed_size_kib: values.number(SIZE).unwrap_or_default().div_ceil(1024),
            provenance: values.text(TAG)?.map(tagged),
        };
        if !self.seen.insert(package.name.clone()) {
            return Err(values.error(values.line, RecordProblem::PackageTwice(package.key())));
        }
        self.packages.push(package);
        self.values.clear();
        Ok(())
    }
}

/// Letters of what is broken: files that are not all there, and a script that failed (apk-tools, `src/database.c`).
const FILES_BROKEN: char = 'f';
const SCRIPT_BROKEN: char = 's';

fn state(broken: &str) -> PackageState {
    if broken.contains(FILES_BROKEN) {
        PackageState::HalfInstalled
    } else if broken.contains(SCRIPT_BROKEN) {
        PackageState::HalfConfigured
    } else {
        PackageState::Installed
    }
}

/// A package of a tagged repository (`@edge https://…` in apk's list of repositories) names the tag as its vendor.
fn tagged(tag: &str) -> Box<Provenance> {
    let vendor = Some(Vendor::from(format!("@{tag}")));
    Box::new(Provenance { vendor, module: None, installed_at: None })
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
    fn a_package_of_a_tagged_repository_is_told() {
        let packages = parse(format!("{AA}P:bb\nV:2-r1\nA:x86_64\ns:edge\n").as_bytes(), "installed");
        let vendor =
            |package: &InstalledPackage| Some(package.provenance.as_ref()?.vendor.clone()?.to_string());
        let vendors: Vec<_> = packages.expect("sound").iter().map(vendor).collect();
        assert_eq!(vendors, [None, Some("@edge".to_owned())]);
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
        for (world, held) in [("aa=1.0-r0 bb\n", true), ("aa><Q1x=\n", true), ("aa~1.0 bb=1\n", false)] {
            let root = Root::new("apk-world", &[(INSTALLED, AA), (WORLD, world)]);
            assert_eq!(read(&root.0).expect("sound")[0].hold, held, "{world}");
        }
    }

    /// The script of one package failed and said so, of another before it: both have their new files
    /// (tests/fixtures/apk/README.md).
    #[test]
    fn what_apk_calls_broken_is_not_whole() {
        let bytes = include_bytes!("../../../tests/fixtures/apk/installed-upgraded");
        let packages = parse(bytes, "installed").expect("sound");
        let broken: Vec<&str> = packages
            .iter()
            .filter(|package| !package.state.is_clean())
            .map(|package| package.name.as_str())
            .collect();
        assert_eq!(broken, ["quux", "qux"]);
        let text = format!("{AA}P:bb\nV:2-r1\nA:x86_64\nf:f\n");
        assert!(parse(text.as_bytes(), "installed").expect("sound")[1].reinstall_required);
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
