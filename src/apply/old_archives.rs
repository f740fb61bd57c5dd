//! Where the archives of installed versions can be had from, so that the way back never needs the network.
//!
//! In order of trust: kept from an earlier run, the package manager's cache, an enabled repository, rebuilt from the installed files.

use std::collections::HashMap;
use std::path::PathBuf;

use crate::config::layout::Layout;
use crate::host::storage;
use crate::model::offer::RepositoryView;
use crate::model::package::{InstalledPackage, Inventory, PackageKey};
use crate::model::plan::{Artifact, Reversibility};
use crate::model::version::Version;
use crate::package_manager::archives::ArchiveFormat;

/// One place where an archive may be.
#[derive(Clone, Debug)]
pub enum Source {
    /// A file on this host: kept from an earlier run, or in the package manager's cache.
    File(PathBuf),
    /// An enabled repository still offers it.
    Repository(Artifact),
    /// The installed files themselves.
    InstalledFiles,
}

/// Where archives are looked for.
#[derive(Clone, Copy)]
pub struct Places<'a> {
    /// Every path.
    pub layout: &'a Layout,
    /// What the repositories offer.
    pub view: &'a RepositoryView,
    /// How archives are named and rebuilt.
    pub format: &'a dyn ArchiveFormat,
}

impl Places<'_> {
    /// Lists the places where the archive of an installed version may be, best first.
    pub fn sources(&self, key: &PackageKey, version: &Version) -> Vec<Source> {
        self.sources_with(&self.kept_by_runs(), key, version)
    }

    fn sources_with(&self, kept: &[PathBuf], key: &PackageKey, version: &Version) -> Vec<Source> {
        let name = self.format.file_name(key, version);
        let mut found: Vec<Source> =
            self.candidates(kept, &name).filter(|path| storage::exists(path)).map(Source::File).collect();
        let offer = self.view.offer(key, version);
        found.extend(offer.map(|offer| Source::Repository(offer.artifact.clone())));
        if self.format.may_rebuild(key) {
            found.push(Source::InstalledFiles);
        }
        found
    }

    /// The folders in which runs keep archives, those of the newest first.
    fn kept_by_runs(&self) -> Vec<PathBuf> {
        let runs = storage::list(&self.layout.runs()).unwrap_or_default();
        runs.iter().rev().flat_map(|run| [run.join("archives/new"), run.join("archives/old")]).collect()
    }

    fn candidates(&self, kept: &[PathBuf], name: &str) -> impl Iterator<Item = PathBuf> {
        let kept: Vec<PathBuf> = kept.iter().map(|folder| folder.join(name)).collect();
        kept.into_iter().chain(self.format.kept(name))
    }

    /// Foresees, without reading any archive, how each of some packages could be taken back.
    pub fn foresee<'p>(
        &self,
        packages: impl Iterator<Item = &'p InstalledPackage>,
    ) -> HashMap<PackageKey, (Reversibility, String)> {
        let kept = self.kept_by_runs();
        let foreseen = |package: &InstalledPackage| self.foreseen(&kept, &package.key(), &package.version);
        packages.map(|package| (package.key(), foreseen(package))).collect()
    }

    fn foreseen(&self, kept: &[PathBuf], key: &PackageKey, version: &Version) -> (Reversibility, String) {
        match self.sources_with(kept, key, version).first() {
            Some(Source::File(path)) if path.starts_with(self.layout.state()) => {
                (Reversibility::Reversible, "the old archive is kept from an earlier run".into())
            }
            Some(Source::File(_)) => {
                (Reversibility::Reversible, "the old archive is in the package manager's cache".into())
            }
            Some(Source::Repository(_)) => {
                (Reversibility::Reversible, "an enabled repository still offers the old version".into())
            }
            Some(Source::InstalledFiles) => (
                Reversibility::Reconstructed,
                "the old archive is rebuilt from the installed files, if they verify clean".into(),
            ),
            None => (
                Reversibility::NotReversible,
                format!("no archive of the installed version, and {}", self.format.no_rebuilding()),
            ),
        }
    }
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
