//! dpkg's database: `var/lib/dpkg/status` with what dpkg has not merged into it yet, and `var/lib/dpkg/status.d` (images
//! without a package manager).

use std::path::{Path, PathBuf};

use super::dpkg_status::{self, Parser};
use super::record_error::RecordError;
use super::{InventoryError, STATUS, dpkg_updates, reading};
use crate::host::pieces::Pieces;
use crate::host::storage::{self, StorageError};
use crate::model::package::InstalledPackage;
use crate::threads;

/// The folder of one control file a package, below a root (distroless images).
const FRAGMENTS: &str = "var/lib/dpkg/status.d";

/// Tells whether a root has a dpkg database.
pub(super) fn is_present(root: &Path) -> bool {
    [STATUS, FRAGMENTS].iter().any(|path| storage::exists(&root.join(path)))
}

/// Reads the packages of a root; none where it has no database.
///
/// # Errors
/// A file cannot be read or understood.
pub(super) fn read(root: &Path) -> Result<Vec<InstalledPackage>, InventoryError> {
    let status = root.join(STATUS);
    let understand = |source| InventoryError::Parse { root: root.to_owned(), source };
    let mut packages = match Pieces::open(&status) {
        Ok(pieces) => read_status(root, pieces)?,
        Err(error) if error.is_not_found() => Vec::new(),
        Err(error) => return Err(reading(&status)(error)),
    };
    dpkg_updates::lay_over(root, &mut packages)?;
    for path in fragments(root)? {
        let bytes = storage::read(&path).map_err(reading(&path))?;
        let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy();
        packages.extend(dpkg_status::parse_fragment(&bytes, &name).map_err(understand)?);
    }
    Ok(packages)
}

/// From this size on two threads read a database: 3,000 packages and more. A smaller one is read before another has begun.
const SHARED_SIZE: usize = 2 * 1024 * 1024;

/// Why a database, or a half of one, is not read.
enum Unread {
    File(StorageError),
    Text(RecordError),
}

fn read_status(root: &Path, pieces: Pieces) -> Result<Vec<InstalledPackage>, InventoryError> {
    let size = pieces.size();
    let halves = (size >= SHARED_SIZE).then(|| pieces.halves(b"\n\n")).flatten();
    // What is wrong in a half has its line counted from there: the whole is read again and tells the right one.
    let parsed = match halves.and_then(|halves| parse_halves(halves, size)) {
        Some(parser) => Ok(parser),
        None => parse(pieces, size),
    };
    parsed.and_then(|parser| parser.packages().map_err(Unread::Text)).map_err(|error| match error {
        Unread::File(source) => reading(&root.join(STATUS))(source),
        Unread::Text(source) => InventoryError::Parse { root: root.to_owned(), source },
    })
}

fn parse_halves((first, second): (Pieces, Pieces), size: usize) -> Option<Parser<'static>> {
    let (second, first) = threads::both(|| parse(second, size / 2), || parse(first, size));
    let mut parser = first.ok()?;
    parser.join(second?.ok()?);
    Some(parser)
}

fn parse(mut pieces: Pieces, size: usize) -> Result<Parser<'static>, Unread> {
    let mut parser = Parser::new(STATUS, size);
    while pieces.read().map_err(Unread::File)? {
        let taken = parser.take(pieces.held()).map_err(Unread::Text)?;
        pieces.take(taken);
    }
    parser.end(pieces.held()).map_err(Unread::Text)
}

/// The control files of a distroless image; the lists of file digests beside them are none.
fn fragments(root: &Path) -> Result<Vec<PathBuf>, InventoryError> {
    let folder = root.join(FRAGMENTS);
    let mut paths = storage::list(&folder).map_err(reading(&folder))?;
    paths.retain(|path| path.extension().is_none_or(|extension| extension != "md5sums"));
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::super::tests::Root;
    use super::*;

    /// More than enough for two threads, in dpkg's order.
    fn large() -> Vec<String> {
        let text = "x".repeat(1_000);
        let stanza = |number: usize| {
            format!(
                "Package: p{number:05}\nStatus: install ok installed\nArchitecture: all\nVersion: {number}\nDescription: {text}\n\n"
            )
        };
        (0..3_000).map(stanza).collect()
    }

    fn read_text(name: &str, stanzas: &[String]) -> Result<Vec<InstalledPackage>, String> {
        let root = Root::new(name, &[(STATUS, &stanzas.concat())]);
        let cause = |error: InventoryError| error.source().expect("it has a cause").to_string();
        read(&root.0).map_err(cause)
    }

    #[test]
    fn a_large_database_is_the_same_read_by_two() {
        let stanzas = large();
        let (text, packages) = (stanzas.concat(), read_text("large", &stanzas).expect("well formed"));
        assert!(text.len() > SHARED_SIZE);
        let alone = dpkg_status::parse(text.as_bytes(), STATUS).expect("well formed");
        assert!(
            packages.len() == 3_000 && packages.iter().map(|p| p.key()).eq(alone.iter().map(|p| p.key()))
        );
    }

    #[test]
    fn what_is_wrong_in_the_second_half_has_its_line_in_the_whole() {
        let mut stanzas = large();
        stanzas[2_900] = stanzas[2_900].replace("Version", "Vermin");
        let told = read_text("large-broken", &stanzas).expect_err("a version is missing");
        assert!(told.contains(&format!("line {}", 2_900 * 6 + 1)), "{told}");
    }

    #[test]
    fn a_package_of_both_halves_is_there_twice() {
        let mut stanzas = large();
        stanzas[2_950] = stanzas[10].clone();
        let told = read_text("large-twice", &stanzas).expect_err("p00010 is there twice");
        assert!(told.contains("p00010") && told.contains(&format!("line {}", 2_950 * 6 + 1)), "{told}");
    }
}
