//! What a way back of named packages leaves: files of `/etc` that the run changed, as packages' scripts do, and that no
//! archive says belong to the named ones. Putting them back could take from the packages that stay.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::past::Past;
use crate::apply::configuration::manifest::{Manifest, Scope};
use crate::apply::configuration::save::Saved;
use crate::apply::extent::bare;
use crate::apply::{RunError, protect};
use crate::scan::inventory::dpkg_files::conffiles;

/// Why such a file stays, for people.
pub(super) const REASON: &str =
    "changed by the run, and nobody can tell whether for a package that goes back or for one that stays";

/// Lists the files that still are as the run left them and that the way back of named packages does not touch.
///
/// # Errors
/// What the run saved, or the configuration, cannot be read.
pub(super) fn files(root: &Path, past: &Past) -> Result<Vec<PathBuf>, RunError> {
    if past.only.is_empty() {
        return Ok(Vec::new());
    }
    let saved = Saved::open(&past.folder.before()).map_err(RunError::Saved)?;
    let (Some(before), Some(after)) = (saved.map(|saved| saved.manifest), protect::after(&past.folder)?)
    else {
        return Ok(Vec::new());
    };
    let live = Manifest::capture(&Scope::etc(root)).map_err(RunError::Storage)?;
    let touched: BTreeSet<PathBuf> =
        past.way.configuration(root)?.into_iter().map(|(path, _)| path).collect();
    let of_packages = of_packages(root);
    let is_left = |path: &&PathBuf| {
        before.get(path) != after.get(path)
            && live.get(path) == after.get(path)
            && !touched.contains(*path)
            && !of_packages.contains(&bare(path))
    };
    let paths: BTreeSet<&PathBuf> =
        before.entries().chain(after.entries()).map(|entry| &entry.path).collect();
    Ok(paths.into_iter().filter(is_left).cloned().collect())
}

/// The configuration files that packages brought, which go back and stay with them. Without the records more is told
/// than has to be.
fn of_packages(root: &Path) -> BTreeSet<PathBuf> {
    let recorded = conffiles(root).unwrap_or_default();
    recorded.into_values().flatten().map(|conffile| conffile.path).collect()
}
