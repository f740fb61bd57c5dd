//! What the enabled repositories of a host of apk offer, read from the indexes that apk fetched, without running apk.
//!
//! The highest version that the world allows is the one apk takes, whatever the repository; a tagged repository counts for
//! nothing unless a package is taken from it by name, and what came from one is left to apk.

mod enabled;
mod index;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use self::enabled::{Enabled, Repository};
use self::index::Entry;
use super::dates::since_1970;
use super::decompress::DecompressError;
use super::kept_lists::KeptLists;
use super::repository::cache::{self, DatedView};
use crate::config::layout::Layout;
use crate::host::clock::Clock;
use crate::host::storage::{self, StorageError};
use crate::model::apk_world::World;
use crate::model::digest::Sha256;
use crate::model::feed::{Authenticity, FeedStamp, FeedState};
use crate::model::finding::{Candidate, Origin};
use crate::model::offer::{Asks, Offer, RepositoryView};
use crate::model::package::{Inventory, PackageKey, SourcePackage};
use crate::model::plan::{ArchiveDigest, Artifact};
use crate::model::version::Version;

/// What the administrator asked for, below a root.
const WORLD: &str = "etc/apk/world";
/// Options of every call (3.0, apk(8)); one of them lets apk take what nobody signed.
const CONFIGURATION: [&str; 2] = ["etc/apk/config", "lib/apk/config"];

/// Indexes that were not fetched anew for this long are stale: a repository that stands still is noticed within a week
/// (safety design, P15).
const MAX_AGE: TimeDelta = TimeDelta::days(7);

/// Why it cannot be told what the repositories offer.
#[derive(Debug, thiserror::Error)]
pub enum ApkRepositoryError {
    /// An index cannot be read.
    #[error("cannot read the index {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system answered.
        #[source]
        source: StorageError,
    },
    /// An index cannot be unpacked.
    #[error("cannot unpack the index {path}")]
    Packed {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: DecompressError,
    },
    /// A package of an index cannot be understood.
    #[error("cannot understand line {line} of the index {path}: {reason}")]
    Content {
        /// The file.
        path: PathBuf,
        /// The line that the package begins on, from 1; 0 where there is none.
        line: usize,
        /// The field that is wrong, and why.
        reason: &'static str,
    },
}

/// Returns what the enabled repositories of a root offer for its installed packages. Needs no privilege.
///
/// # Errors
/// An index that was fetched cannot be read. One that was never fetched is no error: see [`RepositoryView::is_empty`].
pub fn view(
    layout: &Layout,
    inventory: &Inventory,
    clock: &Clock,
) -> Result<RepositoryView, ApkRepositoryError> {
    let enabled = Enabled::read(layout.root());
    let places: Vec<Option<PathBuf>> =
        enabled.repositories.iter().map(|repository| place(&enabled, repository)).collect();
    let fingerprint = fingerprint(layout, inventory, (&enabled, &places));
    let known = cache::load(&layout.candidates(), fingerprint, inventory).map(|dated| dated.view);
    let mut view = match known {
        Some(view) => view,
        None => {
            let view = read(layout.root(), (&enabled, &places), inventory)?;
            let dated = DatedView { view, stamps: Vec::new() };
            cache::save(layout, fingerprint, inventory, &dated);
            dated.view
        }
    };
    for (repository, place) in enabled.repositories.iter().zip(&places) {
        view.stamps.push(stamp(repository, place.as_deref(), clock.now()));
    }
    Ok(view)
}

/// Finds the copies of indexes that apk keeps of the enabled repositories.
pub fn kept_lists(layout: &Layout) -> KeptLists {
    let enabled = Enabled::read(layout.root());
    let named = |path: PathBuf| Some((PathBuf::from(path.file_name()?), path));
    let files = enabled.copies().into_iter().filter_map(named).collect();
    KeptLists { folder: enabled.cache(), files, derived: Vec::new() }
}

/// Returns where exact versions of packages can be had, in the order asked.
///
/// # Errors
/// As [`view`].
pub fn lookup(
    layout: &Layout,
    wanted: &[(PackageKey, Version)],
) -> Result<Vec<Option<Offer>>, ApkRepositoryError> {
    let enabled = Enabled::read(layout.root());
    let is_signed = !allows_untrusted(layout.root());
    let mut found = vec![None; wanted.len()];
    let wants = |name: &str| wanted.iter().any(|(key, _)| key.name.as_str() == name);
    for repository in enabled.repositories.iter().filter(|repository| repository.tag.is_none()) {
        let Some(place) = place(&enabled, repository) else { continue };
        each_offer((&enabled, repository, is_signed), &place, &wants, &mut |entry, offer| {
            let fits = |(key, version): &(PackageKey, Version)| {
                key.name.as_str() == entry.name && *version == offer.version
            };
            if let Some(at) = wanted.iter().position(fits)
                && found[at].is_none()
            {
                found[at] = Some(offer);
            }
        })?;
    }
    Ok(found)
}

fn place(enabled: &Enabled, repository: &Repository) -> Option<PathBuf> {
    if repository.unread.is_some() { None } else { enabled.index_of(repository) }
}

/// Digests everything that a view is made from.
fn fingerprint(
    layout: &Layout,
    inventory: &Inventory,
    (enabled, places): (&Enabled, &[Option<PathBuf>]),
) -> Sha256 {
    let mut text = format!("apk/1\n{}\n{}\n", layout.root().display(), inventory.digest);
    let settings = std::iter::once(WORLD).chain(CONFIGURATION).map(|path| layout.target(path));
    let settings: Vec<PathBuf> = settings.collect();
    for path in settings.iter().chain(&enabled.files).chain(places.iter().flatten()) {
        cache::add_stamp(&mut text, path);
    }
    Sha256::of(text.as_bytes())
}

/// Tells whether apk is told to take what nobody signed.
fn allows_untrusted(root: &Path) -> bool {
    let says_so = |path: &str| {
        let text = storage::read_at_most(&root.join(path), 1 << 20).unwrap_or_default();
        String::from_utf8_lossy(&text).lines().any(|line| {
            let line = line.trim().trim_start_matches("--");
            line.strip_prefix("allow-untrusted").is_some_and(|rest| !rest.trim_end().ends_with("no"))
        })
    };
    CONFIGURATION.iter().any(|path| says_so(path))
}

fn read(
    root: &Path,
    (enabled, places): (&Enabled, &[Option<PathBuf>]),
    inventory: &Inventory,
) -> Result<RepositoryView, ApkRepositoryError> {
    let mut view = RepositoryView { pins_evaluated: true, ..RepositoryView::default() };
    let world = storage::read_at_most(&root.join(WORLD), 1 << 20).unwrap_or_default();
    let world = World::parse(&String::from_utf8_lossy(&world));
    let is_signed = !allows_untrusted(root);
    let wants = |name: &str| inventory.named(name).next().is_some();
    let untagged = enabled.repositories.iter().zip(places).filter(|(repository, _)| repository.tag.is_none());
    for (repository, place) in untagged {
        let Some(place) = place else { continue };
        each_offer((enabled, repository, is_signed), place, &wants, &mut |entry, offer| {
            for package in inventory.named(&entry.name) {
                view.offers.entry(package.key()).or_default().push(offer.clone());
            }
        })?;
    }
    let offered: HashMap<PackageKey, Vec<Offer>> = std::mem::take(&mut view.offers);
    for (key, mut offers) in offered {
        offers.sort_by(|a, b| b.version.compare(&a.version).unwrap_or(std::cmp::Ordering::Equal));
        let allowed = |offer: &&Offer| world.refusing(key.name.as_str(), offer.version.as_str()).is_none();
        // Where the world allows none of them, the installed version is the one apk prefers.
        let best = offers.iter().find(allowed).map(|offer| (&offer.version, &offer.origin));
        let stays = inventory.find(&key).zip(offers.first());
        let best = best.or_else(|| stays.map(|(package, first)| (&package.version, &first.origin)));
        if let Some((version, origin)) = best {
            let (version, origin) = (version.clone(), Arc::clone(origin));
            let candidate = Candidate { version, origin, phased_percent: None, pins_evaluated: true };
            view.candidates.insert(key.clone(), Arc::new(candidate));
        }
        view.offers.insert(key, offers);
    }
    Ok(view)
}

/// Hands every wanted package of a repository to `take`, with its offer.
fn each_offer(
    (enabled, repository, is_signed): (&Enabled, &Repository, bool),
    place: &Path,
    wants: &dyn Fn(&str) -> bool,
    take: &mut dyn FnMut(&Entry, Offer),
) -> Result<(), ApkRepositoryError> {
    let origin = Arc::new(origin(repository, is_signed));
    index::read(place, wants, &mut |entry| {
        let version = entry.version.clone();
        let source = SourcePackage { name: entry.origin.as_str().into(), version: version.clone() };
        // Packages for every architecture lie in the folder of each (apk-tools, `src/database.c`).
        let folder = if entry.architecture == "noarch" { &enabled.architecture } else { &entry.architecture };
        let uri = format!("{}/{folder}/{}-{version}.apk", repository.base, entry.name);
        let artifact = Artifact { uri, size: entry.size, digest: ArchiveDigest::ApkChecksum(entry.checksum) };
        let (origin, asks) = (Arc::clone(&origin), Asks::default());
        take(&entry, Offer { version, source, origin, artifact, asks });
    })
}

fn origin(repository: &Repository, signed: bool) -> Origin {
    Origin {
        vendor: String::new(),
        label: repository.label(),
        suite: String::new(),
        codename: String::new(),
        component: String::new(),
        site: repository.base.clone(),
        security: false,
        signed,
    }
}

/// apk dates a copy by when it was last asked for.
fn stamp(repository: &Repository, place: Option<&Path>, now: DateTime<Utc>) -> FeedStamp {
    let name = match &repository.tag {
        Some(tag) => format!("apk:@{tag} {}", repository.label()),
        None => format!("apk:{}", repository.label()),
    };
    let mut stamp = FeedStamp::missing(name, repository.base.clone());
    let Some(place) = place else {
        stamp.problem = Some(repository.unread.unwrap_or("enabled, but never fetched").to_owned());
        return stamp;
    };
    let is_local = repository.base.starts_with('/') || repository.base.starts_with("file:");
    let asked = since_1970(storage::stamp(place).seconds);
    // An index on this host is read anew by every call.
    stamp.fetched = if is_local { Some(now) } else { asked };
    stamp.authenticity = Some(Authenticity::Signed);
    let age = stamp.fetched.map(|fetched| now - fetched);
    stamp.age_seconds = age.map(|age| age.num_seconds());
    stamp.state = if age.is_some_and(|age| age > MAX_AGE) { FeedState::Stale } else { FeedState::Fresh };
    stamp
}
