//! What the enabled repositories of a dnf host offer: read from the metadata that dnf fetched, without running dnf.
//!
//! Excludes, includes, priorities and the versions that versionlock never wants are applied as dnf does (dnf.conf(5)).
//! Which build dnf would really take, and with what else, is for its resolver to say. Nothing is fetched here.

mod configuration;
mod metadata;
mod primary;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use self::configuration::{Configuration, Named, Repository};
use self::metadata::Metadata;
use self::primary::Entry;
use super::FeedError;
use super::dates::since_1970;
use super::decompress::DecompressError;
use super::repomd::RepomdError;
use super::repository::cache::{self, DatedView};
use super::rpm_packages::is_modular;
use crate::config::layout::Layout;
use crate::host::clock::Clock;
use crate::host::storage::StorageError;
use crate::model::digest::Sha256;
use crate::model::feed::{Authenticity, FeedStamp, FeedState};
use crate::model::finding::{Candidate, Origin};
use crate::model::offer::{Offer, RepositoryView};
use crate::model::package::{Architecture, InstalledPackage, Inventory, PackageKey};
use crate::model::plan::Artifact;
use crate::model::version::Version;

/// Metadata that was not fetched anew for this long is stale: a repository that stands still is noticed within a week
/// (safety design, P15).
const MAX_AGE: TimeDelta = TimeDelta::days(7);

/// Why it cannot be told what the repositories offer.
#[derive(Debug, thiserror::Error)]
pub enum DnfRepositoryError {
    /// A file of dnf's cache cannot be read.
    #[error("cannot read dnf's metadata {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system answered.
        #[source]
        source: StorageError,
    },
    /// A file is not the one that the repository lists.
    #[error("dnf's metadata {path} is not what the repository lists")]
    Listed {
        /// The file.
        path: PathBuf,
        /// Size or digest.
        #[source]
        source: RepomdError,
    },
    /// A file cannot be unpacked.
    #[error("cannot unpack dnf's metadata {path}")]
    Packed {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: DecompressError,
    },
    /// A file cannot be understood.
    #[error("cannot understand dnf's metadata {path}")]
    Content {
        /// The file.
        path: PathBuf,
        /// Line and field.
        #[source]
        source: FeedError,
    },
    /// A repository lists no packages at all.
    #[error("the repository in {folder} lists no packages")]
    NoPackages {
        /// Its folder in dnf's cache.
        folder: PathBuf,
    },
}

/// Returns what the enabled repositories of a root offer for its installed packages. Needs no privilege.
///
/// # Errors
/// Metadata that was fetched cannot be read, or is not what its repository lists. Metadata that was never fetched is no
/// error: see [`RepositoryView::is_empty`].
pub fn view(
    layout: &Layout,
    inventory: &Inventory,
    clock: &Clock,
) -> Result<RepositoryView, DnfRepositoryError> {
    let configuration = Configuration::read(layout.root());
    let places: Vec<Option<PathBuf>> = configuration
        .repositories
        .iter()
        .map(|repository| metadata::place(&configuration.cache, repository))
        .collect();
    let fingerprint = fingerprint(layout, inventory, &places);
    let known = cache::load(&layout.candidates(), fingerprint, inventory).map(|dated| dated.view);
    let mut view = match known {
        Some(view) => view,
        None => {
            let view = read(&configuration, &places, inventory)?;
            let dated = DatedView { view, stamps: Vec::new() };
            cache::save(layout, fingerprint, inventory, &dated);
            dated.view
        }
    };
    for (repository, place) in configuration.repositories.iter().zip(&places) {
        view.stamps.push(stamp(repository, place.as_ref(), clock.now())?);
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
) -> Result<Vec<Option<Offer>>, DnfRepositoryError> {
    let configuration = Configuration::read(layout.root());
    let mut found = vec![None; wanted.len()];
    for repository in &configuration.repositories {
        let Some(place) = metadata::place(&configuration.cache, repository) else { continue };
        each_offer(
            repository,
            &place,
            &|name| wanted.iter().any(|(key, _)| key.name.as_str() == name),
            &mut |entry, offer| {
                let fits = |(key, version): &&(PackageKey, Version)| {
                    key.name.as_str() == entry.name
                        && key.architecture.as_str() == entry.architecture
                        && *version == offer.version
                };
                if let Some(at) = wanted.iter().position(|pair| fits(&pair))
                    && found[at].is_none()
                {
                    found[at] = Some(offer);
                }
            },
        )?;
    }
    Ok(found)
}

/// Digests everything that a view is made from.
fn fingerprint(layout: &Layout, inventory: &Inventory, places: &[Option<PathBuf>]) -> Sha256 {
    let mut text = format!("dnf/1\n{}\n{}\n", layout.root().display(), inventory.digest);
    let files = configuration::files(layout.root());
    let fixed = [configuration::MAIN, configuration::LOCKS].map(|path| layout.target(path));
    for path in files.iter().chain(&fixed).chain(places.iter().flatten()) {
        cache::add_stamp(&mut text, path);
    }
    Sha256::of(text.as_bytes())
}

/// An offer with what decides whether dnf would take it.
struct Ranked {
    offer: Offer,
    priority: i64,
    left_out: bool,
}

fn read(
    configuration: &Configuration,
    places: &[Option<PathBuf>],
    inventory: &Inventory,
) -> Result<RepositoryView, DnfRepositoryError> {
    let native = native_architecture(inventory);
    let mut found: HashMap<PackageKey, Vec<Ranked>> = HashMap::new();
    let wants = |name: &str| inventory.named(name).next().is_some();
    for (repository, place) in configuration.repositories.iter().zip(places) {
        let Some(place) = place else { continue };
        each_offer(repository, place, &wants, &mut |entry, offer| {
            let Entry { name, architecture, .. } = &entry;
            let named = Named { name, architecture, version: offer.version.as_str() };
            let left_out = configuration.leaves_out(repository, named);
            let mut last = None;
            for package in inventory.named(name).filter(|p| can_replace(p, architecture, &native)) {
                let key = package.key();
                // Several versions of a kernel are one package here.
                if last.as_ref() != Some(&key) {
                    let ranked = Ranked { offer: offer.clone(), priority: repository.priority, left_out };
                    found.entry(key.clone()).or_default().push(ranked);
                }
                last = Some(key);
            }
        })?;
    }
    Ok(assembled(found, inventory))
}

/// Best version first; the candidate is the best of what is left in, from the repositories of the best priority.
fn assembled(found: HashMap<PackageKey, Vec<Ranked>>, inventory: &Inventory) -> RepositoryView {
    let mut view = RepositoryView { pins_evaluated: true, ..RepositoryView::default() };
    for (key, mut ranked) in found {
        ranked.sort_by(|a, b| {
            let order = b.offer.version.compare(&a.offer.version);
            order.unwrap_or(std::cmp::Ordering::Equal).then_with(|| a.priority.cmp(&b.priority))
        });
        if let Some(installed) = inventory.find(&key) {
            let candidate = candidate(&ranked, installed).map(Arc::new);
            view.candidates.extend(candidate.map(|candidate| (key.clone(), candidate)));
        }
        view.offers.insert(key, ranked.into_iter().map(|ranked| ranked.offer).collect());
    }
    view
}

fn candidate(ranked: &[Ranked], installed: &InstalledPackage) -> Option<Candidate> {
    let is_modular = |version: &Version| is_modular(version.as_str());
    // A build of a module counts for builds of modules alone; which stream it is of, dnf's resolver knows.
    let may_come = |ranked: &&Ranked| {
        !ranked.left_out && is_modular(&ranked.offer.version) == is_modular(&installed.version)
    };
    let best = ranked.iter().filter(may_come).map(|ranked| ranked.priority).min()?;
    let taken = ranked.iter().filter(may_come).find(|ranked| ranked.priority == best)?;
    if taken.offer.version.is_older_than(&installed.version) {
        return None;
    }
    let (version, origin) = (taken.offer.version.clone(), Arc::clone(&taken.offer.origin));
    Some(Candidate { version, origin, phased_percent: None, pins_evaluated: true })
}

/// A package keeps its architecture, or changes between the host's own and the one that stands for all.
fn can_replace(installed: &InstalledPackage, offered: &str, native: &Architecture) -> bool {
    let installed = installed.architecture.as_str();
    installed == offered
        || (installed == "noarch" && offered == native.as_str())
        || (installed == native.as_str() && offered == "noarch")
}

/// The architecture that most packages have, `noarch` aside.
fn native_architecture(inventory: &Inventory) -> Architecture {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for name in inventory.packages.iter().map(|package| package.architecture.as_str()) {
        if name != "noarch" {
            *counts.entry(name).or_default() += 1;
        }
    }
    let most = counts.into_iter().max_by_key(|(_, count)| *count);
    Architecture::from(most.map_or(std::env::consts::ARCH, |(name, _)| name))
}

/// Hands every wanted package of a repository to `take`, with its offer. What no SHA-256 vouches for is no offer.
fn each_offer(
    repository: &Repository,
    place: &std::path::Path,
    wants: &dyn Fn(&str) -> bool,
    take: &mut dyn FnMut(Entry, Offer),
) -> Result<(), DnfRepositoryError> {
    let metadata = Metadata::open(place)?;
    let security = metadata.security_builds()?;
    let (path, content) = metadata.primary()?;
    let origins = [false, true].map(|security| Arc::new(origin(repository, security)));
    let base = repository.base.as_deref().unwrap_or(&repository.id).trim_end_matches('/');
    let mut offered = |entry: Entry| {
        let build = (entry.name.clone(), entry.architecture.clone(), entry.version.to_string());
        let origin = Arc::clone(&origins[usize::from(security.contains(&build))]);
        let Some(sha256) = entry.sha256 else { return };
        let artifact = Artifact { uri: format!("{base}/{}", entry.path), size: entry.size, sha256 };
        let (version, source) = (entry.version.clone(), entry.source.clone());
        take(entry, Offer { version, source, origin, artifact });
    };
    primary::read(&content, wants, &mut offered)
        .map_err(|source| DnfRepositoryError::Content { path, source })
}

/// A repository whose packages' signatures dnf does not check is not signed, whatever its metadata is.
fn origin(repository: &Repository, security: bool) -> Origin {
    Origin {
        vendor: String::new(),
        label: repository.id.clone(),
        suite: String::new(),
        codename: String::new(),
        component: String::new(),
        site: repository.base.clone().unwrap_or_else(|| repository.source.clone()),
        security: security && repository.checks_packages,
        signed: repository.checks_packages,
    }
}

fn stamp(
    repository: &Repository,
    place: Option<&PathBuf>,
    now: DateTime<Utc>,
) -> Result<FeedStamp, DnfRepositoryError> {
    let mut stamp = FeedStamp::missing(format!("dnf:{}", repository.id), repository.source.clone());
    let Some(place) = place else {
        stamp.problem = Some("enabled, but never fetched".to_owned());
        return Ok(stamp);
    };
    let metadata = Metadata::open(place)?;
    stamp.published = metadata.revision().and_then(since_1970).filter(|date| *date <= now);
    stamp.fetched = since_1970(metadata.fetched);
    stamp.sha256 = Some(metadata.sha256);
    let is_remote = repository.source.starts_with("https://");
    stamp.authenticity = Some(match (repository.checks_metadata, is_remote) {
        (true, _) => Authenticity::Signed,
        (false, true) => Authenticity::Tls,
        (false, false) => Authenticity::Local,
    });
    let age = stamp.fetched.map(|fetched| now - fetched);
    stamp.age_seconds = age.map(|age| age.num_seconds());
    stamp.state = if age.is_some_and(|age| age > MAX_AGE) { FeedState::Stale } else { FeedState::Fresh };
    Ok(stamp)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::package::{PackageState, SourcePackage};

    fn version(text: &str) -> Version {
        Version::rpm(text).expect("a version")
    }

    fn installed(text: &str) -> InstalledPackage {
        InstalledPackage {
            name: "foo".into(),
            architecture: "x86_64".into(),
            version: version(text),
            source: SourcePackage { name: "foo".into(), version: version(text) },
            state: PackageState::Installed,
            reinstall_required: false,
            hold: false,
            essential: false,
            multi_arch_same: false,
            installed_size_kib: 1,
            provenance: None,
        }
    }

    /// Offers as they come, best version first.
    fn ranked(offers: &[(&str, i64, bool)]) -> Vec<Ranked> {
        let repository = Repository::named("updates");
        let offer = |(text, priority, left_out): &(&str, i64, bool)| Ranked {
            offer: Offer {
                version: version(text),
                source: SourcePackage { name: "foo".into(), version: version(text) },
                origin: Arc::new(origin(&repository, false)),
                artifact: Artifact { uri: String::new(), size: 1, sha256: Sha256::of(b"") },
            },
            priority: *priority,
            left_out: *left_out,
        };
        offers.iter().map(offer).collect()
    }

    fn taken(offers: &[(&str, i64, bool)], from: &str) -> Option<String> {
        candidate(&ranked(offers), &installed(from)).map(|candidate| candidate.version.to_string())
    }

    #[test]
    fn the_best_version_of_the_best_priority_is_taken() {
        assert_eq!(taken(&[("3-1", 99, false), ("2-1", 99, false)], "1-1").as_deref(), Some("3-1"));
        assert_eq!(taken(&[("3-1", 99, false), ("2-1", 10, false)], "1-1").as_deref(), Some("2-1"));
        assert_eq!(taken(&[("3-1", 99, true), ("2-1", 99, false)], "1-1").as_deref(), Some("2-1"));
        assert_eq!(taken(&[("3-1", 99, true)], "1-1"), None);
        assert_eq!(taken(&[("1-1", 99, false)], "2-1"), None, "nothing older");
    }

    #[test]
    fn builds_of_modules_and_others_do_not_mix() {
        let modular = "3-1.module+el9+1+2";
        assert_eq!(taken(&[(modular, 99, false), ("2-1", 99, false)], "1-1").as_deref(), Some("2-1"));
        assert_eq!(taken(&[(modular, 99, false)], "1-1.module+el9+0+0").as_deref(), Some(modular));
    }
}
