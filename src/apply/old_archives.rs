//! Where the archives of installed versions can be had from, so that the way back never needs the network.
//!
//! In order of trust: kept from an earlier run, apt's cache, an enabled repository, rebuilt from the installed files.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::config::layout::Layout;
use crate::host::storage;
use crate::model::offer::RepositoryView;
use crate::model::package::{InstalledPackage, Inventory, PackageKey};
use crate::model::plan::{Artifact, Reversibility};
use crate::model::version::Version;
use crate::package_manager::deb;
use crate::package_manager::deb::archive::Archive;
use crate::package_manager::deb::identity;

/// One place where an archive may be.
#[derive(Clone, Debug)]
pub enum Source {
    /// A file on this host: kept from an earlier run, or in apt's cache.
    File(PathBuf),
    /// An enabled repository still offers it.
    Repository(Artifact),
    /// The installed files themselves.
    InstalledFiles,
}

/// Lists the places where the archive of an installed version may be, best first.
pub fn sources(layout: &Layout, view: &RepositoryView, key: &PackageKey, version: &Version) -> Vec<Source> {
    let name = deb::file_name(key, version);
    let mut found: Vec<Source> = candidates(layout, &name)
        .into_iter()
        .filter(|path| storage::exists(path))
        .map(Source::File)
        .collect();
    found.extend(view.offer(key, version).map(|offer| Source::Repository(offer.artifact.clone())));
    if has_digests(layout.root(), key) {
        found.push(Source::InstalledFiles);
    }
    found
}

fn candidates(layout: &Layout, name: &str) -> Vec<PathBuf> {
    let runs = storage::list(&layout.runs()).unwrap_or_default();
    let kept = runs.iter().rev().flat_map(|run| [run.join("archives/new"), run.join("archives/old")]);
    kept.map(|folder| folder.join(name)).chain([layout.target("var/cache/apt/archives").join(name)]).collect()
}

/// Without recorded digests nobody can tell whether the installed files are those of the package.
fn has_digests(root: &Path, key: &PackageKey) -> bool {
    let folder = root.join("var/lib/dpkg/info");
    [format!("{}.md5sums", key.name), format!("{key}.md5sums")]
        .iter()
        .any(|name| storage::exists(&folder.join(name)))
}

/// Lists the packages that something newer is offered for.
pub fn pending<'a>(
    inventory: &'a Inventory,
    view: &'a RepositoryView,
) -> impl Iterator<Item = &'a InstalledPackage> {
    inventory.packages.iter().filter(|package| {
        let newer = |version: &Version| package.version.is_older_than(version);
        view.offers.get(&package.key()).is_some_and(|offers| offers.iter().any(|offer| newer(&offer.version)))
    })
}

/// Foresees, without reading any archive, how each of some packages could be taken back.
pub fn foresee<'a>(
    layout: &Layout,
    view: &RepositoryView,
    packages: impl Iterator<Item = &'a InstalledPackage>,
) -> HashMap<PackageKey, (Reversibility, String)> {
    packages
        .map(|package| (package.key(), foreseen(layout, view, &package.key(), &package.version)))
        .collect()
}

fn foreseen(
    layout: &Layout,
    view: &RepositoryView,
    key: &PackageKey,
    version: &Version,
) -> (Reversibility, String) {
    match sources(layout, view, key, version).first() {
        Some(Source::File(path)) if path.starts_with(layout.state()) => {
            (Reversibility::Reversible, "the old archive is kept from an earlier run".into())
        }
        Some(Source::File(_)) => (Reversibility::Reversible, "the old archive is in apt's cache".into()),
        Some(Source::Repository(_)) => {
            (Reversibility::Reversible, "an enabled repository still offers the old version".into())
        }
        Some(Source::InstalledFiles) => (
            Reversibility::Reconstructed,
            "the old archive is rebuilt from the installed files, if they verify clean".into(),
        ),
        None => (
            Reversibility::NotReversible,
            "no archive of the installed version, and no digests to rebuild one from".into(),
        ),
    }
}

/// Tells whether a file is the archive of exactly what is installed.
pub fn is_of_installed(path: &Path, root: &Path) -> bool {
    let same =
        Archive::open(path).ok().and_then(|archive| identity::archive_matches_installed(&archive, root).ok());
    same == Some(None)
}
