//! The last view, kept until anything it was made from changes: a warm scan then reads one small file.
//!
//! Only a copy: one that cannot be read, was made by another version or from another state is made anew, and one that
//! cannot be written costs time and nothing else.

use std::collections::HashMap;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::lists::LISTS;
use super::stamps::DatedStamp;
use crate::config::layout::Layout;
use crate::host::storage::{self, FileStamp};
use crate::model::digest::Sha256;
use crate::model::finding::{Candidate, Origin};
use crate::model::offer::{Asks, Offer, RepositoryView};
use crate::model::package::{Inventory, PackageName, SourcePackage};
use crate::model::plan::{ArchiveDigest, Artifact};
use crate::model::version::Version;

/// Changes whenever the content below does.
const SCHEMA: &str = "patchctl.candidates/5";

/// Files and folders that decide what the lists mean, below a root (apt.conf(5), apt_preferences(5)).
const CONFIGURATION: [&str; 7] = [
    "etc/apt",
    "etc/apt/sources.list",
    "etc/apt/preferences",
    "etc/apt/apt.conf",
    "var/lib/dpkg/arch",
    "etc/machine-id",
    "etc/os-release",
];

/// Folders of such files.
const FOLDERS: [&str; 4] = ["etc/apt/sources.list.d", "etc/apt/preferences.d", "etc/apt/apt.conf.d", LISTS];

#[derive(Serialize, Deserialize)]
struct Stored {
    schema: String,
    fingerprint: Sha256,
    pins_evaluated: bool,
    stamps: Vec<DatedStamp>,
    origins: Vec<Arc<Origin>>,
    /// In the order of the inventory, whose digest is part of the fingerprint.
    packages: Vec<StoredPackage>,
}

#[derive(Serialize, Deserialize)]
struct StoredPackage(Vec<StoredOffer>, Option<StoredCandidate>, Vec<StoredCandidate>);

/// Version, place in `origins`, address, size, digest; the source where it is not as the package's own; what is asked for
/// beside: 1 for a boot, 2 for the package manager to be run anew.
#[derive(Serialize, Deserialize)]
struct StoredOffer(Version, usize, String, u64, ArchiveDigest, Option<PackageName>, Option<Version>, u8);

/// Version, place in `origins`, percent.
#[derive(Serialize, Deserialize)]
struct StoredCandidate(Version, usize, Option<u8>);

/// A view whose stamps still have to be judged by today's date.
pub(in crate::scan::feed) struct DatedView {
    pub(in crate::scan::feed) view: RepositoryView,
    pub(in crate::scan::feed) stamps: Vec<DatedStamp>,
}

/// Digests everything that a view is made from: root, inventory, and the stamps of apt's files.
pub(super) fn fingerprint(layout: &Layout, inventory: &Inventory) -> Sha256 {
    let mut text = format!("{SCHEMA}\n{}\n{}\n", layout.root().display(), inventory.digest);
    for path in CONFIGURATION {
        add_stamp(&mut text, &layout.target(path));
    }
    for folder in FOLDERS {
        // A folder that cannot be listed is an error of those who need its content.
        for path in storage::list(&layout.target(folder)).unwrap_or_default() {
            add_stamp(&mut text, &path);
        }
    }
    Sha256::of(text.as_bytes())
}

pub(in crate::scan::feed) fn add_stamp(text: &mut String, path: &Path) {
    let FileStamp { size, seconds, nanoseconds, inode } = storage::stamp(path);
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{} {size} {seconds}.{nanoseconds} {inode}", path.display());
}

/// Returns the kept view, when it was made from the same state.
pub(in crate::scan::feed) fn load(
    path: &Path,
    fingerprint: Sha256,
    inventory: &Inventory,
) -> Option<DatedView> {
    let bytes = storage::read(path).ok()?;
    let stored: Stored = serde_json::from_slice(&bytes).ok()?;
    let fits = stored.schema == SCHEMA
        && stored.fingerprint == fingerprint
        && stored.packages.len() == inventory.packages.len();
    if !fits {
        return None;
    }
    let mut view = RepositoryView { pins_evaluated: stored.pins_evaluated, ..RepositoryView::default() };
    view.offers = HashMap::with_capacity(stored.packages.len());
    view.candidates = HashMap::with_capacity(stored.packages.len());
    for (package, StoredPackage(offers, candidate, lower)) in inventory.packages.iter().zip(stored.packages) {
        let key = package.key();
        if !lower.is_empty() {
            let lower = lower.into_iter().map(|lower| lower.revive(&stored.origins, stored.pins_evaluated));
            view.lower.insert(key.clone(), lower.map(|lower| lower.map(Arc::new)).collect::<Option<_>>()?);
        }
        if let Some(candidate) = candidate {
            let candidate = candidate.revive(&stored.origins, stored.pins_evaluated)?;
            view.candidates.insert(key.clone(), Arc::new(candidate));
        }
        if !offers.is_empty() {
            let offers: Option<Vec<Offer>> =
                offers.into_iter().map(|offer| offer.revive(&package.name, &stored.origins)).collect();
            view.offers.insert(key, offers?);
        }
    }
    Some(DatedView { view, stamps: stored.stamps })
}

impl StoredOffer {
    fn revive(self, package: &PackageName, origins: &[Arc<Origin>]) -> Option<Offer> {
        let Self(version, origin, uri, size, digest, source_name, source_version, asks) = self;
        let origin = Arc::clone(origins.get(origin)?);
        let source = SourcePackage {
            name: source_name.unwrap_or_else(|| package.clone()),
            version: source_version.unwrap_or_else(|| version.clone()),
        };
        let asks = Asks { reboot: asks & 1 != 0, restart: asks & 2 != 0 };
        Some(Offer { version, source, origin, artifact: Artifact { uri, size, digest }, asks })
    }
}

impl StoredCandidate {
    fn revive(self, origins: &[Arc<Origin>], pins_evaluated: bool) -> Option<Candidate> {
        let Self(version, origin, phased_percent) = self;
        let origin = Arc::clone(origins.get(origin)?);
        Some(Candidate { version, origin, phased_percent, pins_evaluated })
    }
}

/// Keeps a view for the next time. Tells nothing when it cannot: the next time just takes longer.
pub(in crate::scan::feed) fn save(
    layout: &Layout,
    fingerprint: Sha256,
    inventory: &Inventory,
    dated: &DatedView,
) {
    let mut origins = Origins::default();
    let mut packages = Vec::with_capacity(inventory.packages.len());
    for package in &inventory.packages {
        let key = package.key();
        let offers = dated.view.offers.get(&key).map(Vec::as_slice).unwrap_or_default();
        let offers = offers.iter().map(|offer| {
            let Artifact { uri, size, digest } = offer.artifact.clone();
            let source_name = Some(&offer.source.name).filter(|name| **name != package.name).cloned();
            let source_version = Some(&offer.source.version).filter(|v| **v != offer.version).cloned();
            let place = origins.place_of(&offer.origin);
            let asks = u8::from(offer.asks.reboot) | u8::from(offer.asks.restart) << 1;
            StoredOffer(offer.version.clone(), place, uri, size, digest, source_name, source_version, asks)
        });
        let offers = offers.collect();
        let mut stored = |candidate: &Arc<Candidate>| {
            let place = origins.place_of(&candidate.origin);
            StoredCandidate(candidate.version.clone(), place, candidate.phased_percent)
        };
        let lower = dated.view.lower.get(&key).into_iter().flatten().map(&mut stored).collect();
        let candidate = dated.view.candidates.get(&key).map(stored);
        packages.push(StoredPackage(offers, candidate, lower));
    }
    let stored = Stored {
        schema: SCHEMA.to_owned(),
        fingerprint,
        pins_evaluated: dated.view.pins_evaluated,
        stamps: dated.stamps.clone(),
        origins: origins.0,
        packages,
    };
    if let Ok(bytes) = serde_json::to_vec(&stored) {
        // Read-only caches are fine, see above.
        let _ = storage::create_folder(layout.cache(), 0o755)
            .and_then(|()| storage::replace(&layout.candidates(), &bytes, storage::PRIVATE));
    }
}

/// The different origins, each once.
#[derive(Default)]
struct Origins(Vec<Arc<Origin>>);

impl Origins {
    fn place_of(&mut self, origin: &Arc<Origin>) -> usize {
        let known = self.0.iter().position(|known| Arc::ptr_eq(known, origin) || known == origin);
        known.unwrap_or_else(|| {
            self.0.push(Arc::clone(origin));
            self.0.len() - 1
        })
    }
}
