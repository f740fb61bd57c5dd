//! What the enabled repositories of a host of dnf or zypper offer: read from the metadata that those fetched, without
//! running either.
//!
//! Excludes, includes, priorities, the versions that versionlock never wants and the streams of modules are applied as dnf
//! does (dnf.conf(5), dnf(8) "Module Command"), priorities and vendors as zypp does (zypp.conf(5)). Which build would
//! really be taken, and with what else, is for the resolver of either to say. Nothing is fetched here.

mod configuration;
mod dnf;
mod enabled;
mod error;
mod ini;
mod kept;
mod metadata;
mod modules;
mod primary;
mod proof;
mod ranking;
mod vendors;
mod zypp;

pub use self::error::RpmRepositoryError;
pub use self::proof::prove;

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use self::configuration::{Configuration, Named, Repository};
use self::kept::Listed;
use self::metadata::Metadata;
use self::modules::{ActiveModules, Modules, Standing};
use self::primary::Entry;
use self::ranking::Ranked;
use super::dates::since_1970;
use super::kept_lists::KeptLists;
use super::repository::cache::{self, DatedView};
use crate::config::layout::Layout;
use crate::host::clock::Clock;
use crate::host::storage::StorageError;
use crate::model::digest::Sha256;
use crate::model::distro::Distribution;
use crate::model::feed::{Authenticity, FeedStamp, FeedState};
use crate::model::finding::Origin;
use crate::model::offer::{Asks, Offer, RepositoryView};
use crate::model::package::{InstalledPackage, Inventory, PackageKey};
use crate::model::plan::Artifact;
use crate::model::version::Version;
use crate::scan::dnf_modules::ModuleStates;

/// Metadata that was not fetched anew for this long is stale: a repository that stands still is noticed within a week
/// (safety design, P15).
const MAX_AGE: TimeDelta = TimeDelta::days(7);

/// Returns what the enabled repositories of a root offer for its installed packages. Needs no privilege.
///
/// # Errors
/// Metadata that was fetched cannot be read, or is not what its repository lists. Metadata that was never fetched is no
/// error: see [`RepositoryView::is_empty`].
pub fn view(
    layout: &Layout,
    inventory: &Inventory,
    clock: &Clock,
) -> Result<RepositoryView, RpmRepositoryError> {
    let configuration = enabled::read(layout.root(), &inventory.distribution);
    let fingerprint = fingerprint(layout, inventory, &configuration);
    let known = cache::load(&layout.candidates(), fingerprint, inventory).map(|dated| dated.view);
    let mut view = match known {
        Some(view) => view,
        None => {
            let view = read(layout, &configuration, inventory)?;
            let dated = DatedView { view, stamps: Vec::new() };
            cache::save(layout, fingerprint, inventory, &dated);
            dated.view
        }
    };
    for repository in &configuration.repositories {
        view.stamps.push(stamp(configuration.tool, repository, clock.now())?);
    }
    Ok(view)
}

/// Returns where exact versions of packages can be had, in the order asked.
///
/// # Errors
/// As [`view`].
pub fn lookup(
    layout: &Layout,
    distribution: &Distribution,
    wanted: &[(PackageKey, Version)],
) -> Result<Vec<Option<Offer>>, RpmRepositoryError> {
    let configuration = enabled::read(layout.root(), distribution);
    let mut found = vec![None; wanted.len()];
    let names = wanted.iter().map(|(key, _)| key.name.to_string()).collect();
    each_offer(layout, &configuration.repositories, names, &mut |_, entry, offer| {
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
    Ok(found)
}

/// Returns the metadata of the enabled repositories, without the packages that dnf keeps beside it. dnf compares what it made
/// of metadata with the metadata (libdnf, the checksum in a `.solv` file); zypp does so only when it refreshes.
///
/// # Errors
/// A folder cannot be listed.
pub fn kept_lists(root: &Path, distribution: &Distribution) -> Result<KeptLists, StorageError> {
    let configuration = enabled::read(root, distribution);
    let mut lists = KeptLists { folder: configuration.cache.clone(), ..KeptLists::default() };
    for list in configuration.repositories.iter().filter_map(|repository| repository.list.as_ref()) {
        let below = list.strip_prefix(&configuration.cache).ok();
        let Some(name) = below.and_then(|below| below.components().next()) else { continue };
        lists.add_below(&configuration.cache.join(name), "packages")?;
        lists.derived.extend(configuration.derived.as_ref().map(|derived| derived.join(name)));
    }
    Ok(lists)
}

/// Digests everything that a view is made from.
fn fingerprint(layout: &Layout, inventory: &Inventory, configuration: &Configuration) -> Sha256 {
    let tool = configuration.tool;
    let mut text = format!("{tool}/4\n{}\n{}\n", layout.root().display(), inventory.digest);
    let lists = configuration.repositories.iter().filter_map(|repository| repository.list.as_ref());
    for path in configuration.files.iter().chain(lists) {
        cache::add_stamp(&mut text, path);
    }
    Sha256::of(text.as_bytes())
}

fn read(
    layout: &Layout,
    configuration: &Configuration,
    inventory: &Inventory,
) -> Result<RepositoryView, RpmRepositoryError> {
    let native = ranking::native_architecture(inventory);
    let mut found: HashMap<PackageKey, Vec<Ranked>> = HashMap::new();
    let names = inventory.packages.iter().map(|package| package.name.to_string()).collect();
    let modules = active_modules(configuration)?;
    each_offer(layout, &configuration.repositories, names, &mut |repository, entry, offer| {
        let Entry { name, architecture, vendor, .. } = &entry;
        let named = Named { name, architecture, version: offer.version.as_str() };
        let standing = if repository.ignores_modules { Standing::Plain } else { modules.standing(named) };
        let left_out = standing == Standing::Hidden || configuration.leaves_out(repository, named);
        let is_active = standing == Standing::Active;
        let mut last = None;
        let fitting = |package: &&InstalledPackage| ranking::can_replace(package, architecture, &native);
        for package in inventory.named(name).filter(fitting) {
            let key = package.key();
            // Several versions of a kernel are one package here.
            if last.as_ref() != Some(&key) {
                let left_out = left_out || !configuration.may_change_vendor(package, vendor);
                let ranked =
                    Ranked { offer: offer.clone(), priority: repository.priority, left_out, is_active };
                found.entry(key.clone()).or_default().push(ranked);
            }
            last = Some(key);
        }
    })?;
    Ok(ranking::assembled(found, (inventory, configuration.has_minimal_upgrades)))
}

/// Reads the modules of all repositories together: a stream may be the default one by another repository's word.
fn active_modules(configuration: &Configuration) -> Result<ActiveModules, RpmRepositoryError> {
    let mut modules = Modules::default();
    let lists = configuration.repositories.iter().filter(|_| configuration.modules.is_some());
    for list in lists.filter_map(|repository| repository.list.as_ref()) {
        if let Some((path, content)) = Metadata::open(list)?.modules()? {
            modules.add(&content).map_err(|source| RpmRepositoryError::Content { path, source })?;
        }
    }
    Ok(modules.on_host(configuration.modules.as_ref().unwrap_or(&ModuleStates::default())))
}

/// Hands what the repositories have of some packages, and perhaps of others, to `take`, one repository after the other.
fn each_offer(
    layout: &Layout,
    repositories: &[Repository],
    names: BTreeSet<String>,
    take: &mut dyn FnMut(&Repository, Entry, Offer),
) -> Result<(), RpmRepositoryError> {
    for (repository, listed) in repositories.iter().zip(kept::lists(layout, repositories, names)?) {
        let origins = [false, true].map(|security| Arc::new(origin(repository, security)));
        let base = repository.base.as_deref().unwrap_or(&repository.id).trim_end_matches('/');
        for Listed { entry, security, reboot, restart } in listed {
            let Some(sha256) = entry.sha256 else { continue };
            let origin = Arc::clone(&origins[usize::from(security)]);
            let artifact =
                Artifact { uri: format!("{base}/{}", entry.path), size: entry.size, digest: sha256.into() };
            let (version, source) = (entry.version.clone(), entry.source.clone());
            take(
                repository,
                entry,
                Offer { version, source, origin, artifact, asks: Asks { reboot, restart } },
            );
        }
    }
    Ok(())
}

/// A repository whose packages' signatures are not checked is not signed, whatever its metadata is.
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

fn stamp(tool: &str, repository: &Repository, now: DateTime<Utc>) -> Result<FeedStamp, RpmRepositoryError> {
    let mut stamp = FeedStamp::missing(format!("{tool}:{}", repository.id), repository.source.clone());
    let Some(place) = &repository.list else {
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
