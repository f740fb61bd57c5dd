//! dpkg's database: `var/lib/dpkg/status` with what dpkg has not merged into it yet, and `var/lib/dpkg/status.d` (images
//! without a package manager).

use std::path::{Path, PathBuf};

use super::dpkg_status::{self, Parser};
use super::{InventoryError, STATUS, dpkg_updates, reading};
use crate::host::pieces::Pieces;
use crate::host::storage;
use crate::model::package::InstalledPackage;

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

fn read_status(root: &Path, mut pieces: Pieces) -> Result<Vec<InstalledPackage>, InventoryError> {
    let understand = |source| InventoryError::Parse { root: root.to_owned(), source };
    let mut parser = Parser::new(STATUS, pieces.size());
    while pieces.read().map_err(reading(&root.join(STATUS)))? {
        let taken = parser.take(pieces.held()).map_err(understand)?;
        pieces.take(taken);
    }
    parser.finish(pieces.held()).map_err(understand)
}

/// The control files of a distroless image; the lists of file digests beside them are none.
fn fragments(root: &Path) -> Result<Vec<PathBuf>, InventoryError> {
    let folder = root.join(FRAGMENTS);
    let mut paths = storage::list(&folder).map_err(reading(&folder))?;
    paths.retain(|path| path.extension().is_none_or(|extension| extension != "md5sums"));
    Ok(paths)
}
