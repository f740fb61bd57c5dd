//! What the enabled repositories of a host of pacman offer: read from the databases that pacman or patchctl fetched,
//! without running pacman.
//!
//! pacman's own databases are only fetched with a whole upgrade, because what is installed from newer ones alone is a
//! partial upgrade, which the distribution does not support. patchctl therefore fetches into a folder of its own; of
//! both, the newer database of each repository counts. Nothing is fetched here.

mod database;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use self::database::Entry;
use super::dates::since_1970;
use super::decompress::DecompressError;
use super::kept_lists::KeptLists;
use super::repository::cache::{self, DatedView};
use crate::config::layout::Layout;
use crate::host::clock::Clock;
use crate::host::storage::{self, StorageError};
use crate::model::digest::Sha256;
use crate::model::feed::{Authenticity, FeedStamp, FeedState};
use crate::model::finding::{Candidate, NotCovered, Origin};
use crate::model::offer::{Asks, Offer, RepositoryView};
use crate::model::package::{InstalledPackage, Inventory, PackageKey, SourcePackage};
use crate::model::plan::Artifact;
use crate::model::version::Version;
use crate::scan::pacman_settings::{PacmanSettings, Repository};

/// Where pacman keeps the databases of a whole upgrade, below a root (pacman(8), `--dbpath`).
const LIVE: &str = "var/lib/pacman/sync";

/// Databases that were not fetched anew for this long are stale: a repository that stands still is noticed within a week
/// (safety design, P15).
const MAX_AGE: TimeDelta = TimeDelta::days(7);

/// Why it cannot be told what the repositories offer.
#[derive(Debug, thiserror::Error)]
pub enum PacmanRepositoryError {
    /// A database cannot be read.
    #[error("cannot read the database {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system answered.
        #[source]
        source: StorageError,
    },
    /// A database cannot be unpacked.
    #[error("cannot unpack the database {path}")]
    Packed {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: DecompressError,
    },
    /// A package of a database cannot be understood.
    #[error("cannot understand {place} of the database {path}: {reason}")]
    Content {
        /// The file.
        path: PathBuf,
        /// The member of the archive.
        place: String,
        /// The section that is wrong, and why.
        reason: &'static str,
    },
}

/// Returns what the enabled repositories of a root offer for its installed packages. Needs no privilege.
///
/// # Errors
/// A database that was fetched cannot be read. One that was never fetched is no error: see
/// [`RepositoryView::is_empty`].
pub fn view(
    layout: &Layout,
    inventory: &Inventory,
    clock: &Clock,
) -> Result<RepositoryView, PacmanRepositoryError> {
    let settings = PacmanSettings::read(layout.root());
    let places: Vec<Option<PathBuf>> =
        settings.repositories.iter().map(|repository| newest(layout, repository)).collect();
    let fingerprint = fingerprint(layout, inventory, (&settings, &places));
    let known = cache::load(&layout.candidates(), fingerprint, inventory).map(|dated| dated.view);
    let mut view = match known {
        Some(view) => view,
        None => {
            let view = read(&settings, &places, inventory)?;
            let dated = DatedView { view, stamps: Vec::new() };
            cache::save(layout, fingerprint, inventory, &dated);
            dated.view
        }
    };
    let refreshed = modified(&layout.sync_stamp());
    for (repository, place) in settings.repositories.iter().zip(&places) {
        view.stamps.push(stamp(repository, (place.as_deref(), refreshed), clock.now()));
    }
    Ok(view)
}

/// Returns where exact versions of packages can be had, in the order asked.
///
/// # Errors
/// As [`view`].
pub fn lookup(
    layout: &Layout,
    wanted: &[(PackageKey, Version)],
) -> Result<Vec<Option<Offer>>, PacmanRepositoryError> {
    let settings = PacmanSettings::read(layout.root());
    let mut found = vec![None; wanted.len()];
    let wants = |name: &str| wanted.iter().any(|(key, _)| key.name.as_str() == name);
    for repository in &settings.repositories {
        let Some(place) = newest(layout, repository) else { continue };
        each_offer(repository, &place, &wants, &mut |entry, offer| {
            let fits = |(key, version): &(PackageKey, Version)| {
                key.name.as_str() == entry.name
                    && key.architecture.as_str() == entry.architecture
                    && *version == offer.version
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

/// Returns the packages that no enabled repository has in any version: built here, or by somebody else.
pub fn foreign(inventory: &Inventory, view: &RepositoryView) -> Vec<NotCovered> {
    if view.is_empty() {
        return Vec::new();
    }
    let is_foreign = |package: &&InstalledPackage| !view.offers.contains_key(&package.key());
    inventory.packages.iter().filter(is_foreign).map(|package| NotCovered::of(package, "local")).collect()
}

/// Returns the databases of the enabled repositories with their signatures, patchctl's own or pacman's, and when they were asked
/// for. On another host they become patchctl's own.
pub fn kept_lists(layout: &Layout) -> KeptLists {
    let mut lists = KeptLists { folder: layout.sync_databases(), ..KeptLists::default() };
    for repository in PacmanSettings::read(layout.root()).repositories {
        let Some(place) = newest(layout, &repository) else { continue };
        for end in ["", ".sig"] {
            let path = PathBuf::from(format!("{}{end}", place.display()));
            if storage::exists(&path) {
                lists.files.push((format!("sync/{}.db{end}", repository.name).into(), path));
            }
        }
    }
    let stamp = layout.sync_stamp();
    if storage::exists(&stamp) {
        lists.files.push((stamp.file_name().unwrap_or_default().into(), stamp));
    }
    lists
}

/// The database of a repository: patchctl's own or pacman's, whichever the server changed last.
fn newest(layout: &Layout, repository: &Repository) -> Option<PathBuf> {
    let name = format!("{}.db", repository.name);
    let own = layout.sync_databases().join("sync").join(&name);
    let live = layout.target(LIVE).join(&name);
    match (modified(&own), modified(&live)) {
        (Some(own_date), Some(live_date)) if own_date < live_date => Some(live),
        (Some(_), _) => Some(own),
        (None, live_date) => live_date.map(|_| live),
    }
}

/// When a file was last changed, in seconds since 1970. pacman gives a database the date of the server.
fn modified(path: &Path) -> Option<i64> {
    storage::exists(path).then(|| storage::stamp(path).seconds)
}

/// Digests everything that a view is made from.
fn fingerprint(
    layout: &Layout,
    inventory: &Inventory,
    (settings, places): (&PacmanSettings, &[Option<PathBuf>]),
) -> Sha256 {
    let mut text = format!("pacman/1\n{}\n{}\n", layout.root().display(), inventory.digest);
    for path in settings.files.iter().chain(places.iter().flatten()) {
        cache::add_stamp(&mut text, path);
    }
    Sha256::of(text.as_bytes())
}

fn read(
    settings: &PacmanSettings,
    places: &[Option<PathBuf>],
    inventory: &Inventory,
) -> Result<RepositoryView, PacmanRepositoryError> {
    let mut view = RepositoryView { pins_evaluated: true, ..RepositoryView::default() };
    // An upgrade comes from the first repository that has the package, in whatever version (pacman.conf(5)).
    let mut settled: HashSet<PackageKey> = HashSet::new();
    let mut offers: HashMap<PackageKey, Vec<Offer>> = HashMap::new();
    let wants = |name: &str| inventory.named(name).next().is_some();
    for (repository, place) in settings.repositories.iter().zip(places) {
        let Some(place) = place else { continue };
        each_offer(repository, place, &wants, &mut |entry, offer| {
            for package in inventory.named(&entry.name) {
                let key = package.key();
                if settled.insert(key.clone()) && !offer.version.is_older_than(&package.version) {
                    let (version, origin) = (offer.version.clone(), Arc::clone(&offer.origin));
                    let candidate = Candidate { version, origin, phased_percent: None, pins_evaluated: true };
                    view.candidates.insert(key.clone(), Arc::new(candidate));
                }
                offers.entry(key).or_default().push(offer.clone());
            }
        })?;
    }
    for offers in offers.values_mut() {
        offers.sort_by(|a, b| b.version.compare(&a.version).unwrap_or(std::cmp::Ordering::Equal));
    }
    view.offers = offers;
    Ok(view)
}

/// Hands every wanted package of a repository to `take`, with its offer.
fn each_offer(
    repository: &Repository,
    place: &Path,
    wants: &dyn Fn(&str) -> bool,
    take: &mut dyn FnMut(&Entry, Offer),
) -> Result<(), PacmanRepositoryError> {
    let origin = Arc::new(origin(repository));
    let base = repository.server.as_deref().unwrap_or(&repository.name).trim_end_matches('/');
    database::read(place, wants, &mut |entry| {
        let version = entry.version.clone();
        let source = SourcePackage { name: entry.base.as_str().into(), version: version.clone() };
        let uri = format!("{base}/{}", entry.file_name);
        let artifact = Artifact { uri, size: entry.size, digest: entry.sha256.into() };
        let (origin, asks) = (Arc::clone(&origin), Asks::default());
        take(&entry, Offer { version, source, origin, artifact, asks });
    })
}

/// A repository whose packages need not be signed by a trusted key is not signed, whatever its database is.
fn origin(repository: &Repository) -> Origin {
    Origin {
        vendor: String::new(),
        label: repository.name.clone(),
        suite: String::new(),
        codename: String::new(),
        component: String::new(),
        site: repository.server.clone().unwrap_or_else(|| repository.name.clone()),
        security: false,
        signed: repository.checks.prove_packages(),
    }
}

/// A database keeps the server's date, so what tells that it was asked for since is patchctl's own mark beside it.
fn stamp(
    repository: &Repository,
    (place, refreshed): (Option<&Path>, Option<i64>),
    now: DateTime<Utc>,
) -> FeedStamp {
    let location = repository.server.clone().unwrap_or_default();
    let mut stamp = FeedStamp::missing(format!("pacman:{}", repository.name), location.clone());
    let Some(changed) = place.and_then(modified) else {
        stamp.problem = Some("enabled, but never fetched".to_owned());
        return stamp;
    };
    stamp.published = since_1970(changed).filter(|date| *date <= now);
    stamp.fetched = since_1970(refreshed.map_or(changed, |refreshed| refreshed.max(changed)));
    stamp.authenticity = Some(match repository.checks.databases {
        true => Authenticity::Signed,
        false if location.starts_with("https://") => Authenticity::Tls,
        false => Authenticity::Local,
    });
    let age = stamp.fetched.map(|fetched| now - fetched);
    stamp.age_seconds = age.map(|age| age.num_seconds());
    stamp.state = if age.is_some_and(|age| age > MAX_AGE) { FeedState::Stale } else { FeedState::Fresh };
    stamp
}
