//! Reads the indexes and keeps what they offer for the packages that are asked for.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use super::RepositoryError;
use super::index::{self, Entry, IndexError, Reader};
use super::lists::{Index, Repository};
use crate::model::finding::Origin;
use crate::model::offer::{Asks, Offer};
use crate::model::package::{Inventory, PackageKey, PackageName};
use crate::model::plan::Artifact;
use crate::model::version::Version;
use crate::scan::source_field::source_of;

/// An offer, and how far the vendor phases it.
#[derive(Clone, Debug)]
pub(super) struct PhasedOffer {
    pub(super) offer: Offer,
    pub(super) phased_percent: Option<u8>,
}

/// What the indexes offer for installed packages.
#[derive(Debug)]
pub(super) struct Found {
    /// By installed package; best version first, of equal ones the security pocket's first.
    pub(super) offers: HashMap<PackageKey, Vec<PhasedOffer>>,
    /// For each repository, how many offers had no SHA-256 and were left out.
    pub(super) left_out: Vec<usize>,
}

impl Found {
    /// Drops what only candidates need.
    pub(super) fn into_offers(self) -> HashMap<PackageKey, Vec<Offer>> {
        let plain = |offers: Vec<PhasedOffer>| offers.into_iter().map(|phased| phased.offer).collect();
        self.offers.into_iter().map(|(key, offers)| (key, plain(offers))).collect()
    }
}

/// Returns every version that the repositories offer for installed packages.
///
/// # Errors
/// An index is broken where it speaks about an installed package.
pub(super) fn of_installed(
    repositories: &[Repository],
    inventory: &Inventory,
    native: &str,
) -> Result<Found, RepositoryError> {
    let mut keys: HashMap<&str, Vec<PackageKey>> = HashMap::with_capacity(inventory.packages.len());
    for package in &inventory.packages {
        keys.entry(package.name.as_str()).or_default().push(package.key());
    }
    let mut found = Found { offers: HashMap::with_capacity(keys.len()), left_out: Vec::new() };
    for repository in repositories {
        let mut left_out = 0;
        for index in &repository.indexes {
            let offers = &mut found.offers;
            read_index(
                index,
                &mut Installed { keys: &keys, native, index, offers, left_out: &mut left_out },
            )?;
        }
        found.left_out.push(left_out);
    }
    for (key, offers) in &mut found.offers {
        sort(key, offers)?;
    }
    Ok(found)
}

fn read_index(index: &Index, reader: &mut dyn Reader) -> Result<(), RepositoryError> {
    let at = |source| RepositoryError::Index { path: index.path.clone(), source };
    index::read(&mut *index.open()?, reader).map_err(at)
}

fn sort(key: &PackageKey, offers: &mut [PhasedOffer]) -> Result<(), RepositoryError> {
    let mut mismatch = None;
    offers.sort_by(|a, b| {
        let order = b.offer.version.compare(&a.offer.version).unwrap_or_else(|error| {
            mismatch = Some(error);
            Ordering::Equal
        });
        order.then_with(|| b.offer.origin.security.cmp(&a.offer.origin.security))
    });
    match mismatch {
        Some(source) => Err(RepositoryError::Order { package: key.clone(), source }),
        None => Ok(()),
    }
}

struct Installed<'a> {
    keys: &'a HashMap<&'a str, Vec<PackageKey>>,
    native: &'a str,
    index: &'a Index,
    offers: &'a mut HashMap<PackageKey, Vec<PhasedOffer>>,
    left_out: &'a mut usize,
}

impl Reader for Installed<'_> {
    fn wants(&self, package: &[u8]) -> bool {
        std::str::from_utf8(package).is_ok_and(|name| self.keys.contains_key(name))
    }

    fn take(&mut self, entry: &Entry<'_>) -> Result<(), IndexError> {
        let keys = self.keys.get(entry.package).map(Vec::as_slice).unwrap_or_default();
        for key in keys {
            if !self.can_replace(key.architecture.as_str(), entry.architecture) {
                continue;
            }
            match offer_of(entry, self.index)? {
                Some(offer) => {
                    let phased = PhasedOffer { offer, phased_percent: entry.phased_percent };
                    self.offers.entry(key.clone()).or_default().push(phased);
                }
                None => *self.left_out += 1,
            }
        }
        Ok(())
    }
}

impl Installed<'_> {
    /// A package may change between its native architecture and `all` (deb-control(5), Architecture).
    fn can_replace(&self, installed: &str, offered: &str) -> bool {
        installed == offered
            || (installed == "all" && offered == self.native)
            || (installed == self.native && offered == "all")
    }
}

fn offer_of(entry: &Entry<'_>, index: &Index) -> Result<Option<Offer>, IndexError> {
    let broken = |field| IndexError::Field { line: entry.line, field };
    let version = Version::deb(entry.version).map_err(|_| broken("Version"))?;
    let source = source_of(entry.source, &PackageName::from(entry.package), &version);
    let source = source.map_err(|_| broken("Source"))?;
    let Some(sha256) = entry.sha256 else { return Ok(None) };
    let uri = format!("{}{}", index.base, entry.path.trim_start_matches("./"));
    let origin: Arc<Origin> = Arc::clone(&index.origin);
    let artifact = Artifact { uri, size: entry.size, digest: sha256.into() };
    Ok(Some(Offer { version, source, origin, artifact, asks: Asks::default() }))
}

/// Returns the offers of exact versions, in the order asked.
///
/// # Errors
/// An index is broken where it speaks about a package that is asked for.
pub(super) fn of_versions(
    repositories: &[Repository],
    wanted: &[(PackageKey, Version)],
) -> Result<Vec<Option<Offer>>, RepositoryError> {
    let mut places: HashMap<&str, Vec<usize>> = HashMap::with_capacity(wanted.len());
    for (place, (key, _)) in wanted.iter().enumerate() {
        places.entry(key.name.as_str()).or_default().push(place);
    }
    let mut found = vec![None; wanted.len()];
    for index in repositories.iter().flat_map(|repository| &repository.indexes) {
        read_index(index, &mut Exact { wanted, places: &places, index, found: &mut found })?;
    }
    Ok(found)
}

struct Exact<'a> {
    wanted: &'a [(PackageKey, Version)],
    places: &'a HashMap<&'a str, Vec<usize>>,
    index: &'a Index,
    found: &'a mut [Option<Offer>],
}

impl Reader for Exact<'_> {
    fn wants(&self, package: &[u8]) -> bool {
        std::str::from_utf8(package).is_ok_and(|name| self.places.contains_key(name))
    }

    fn take(&mut self, entry: &Entry<'_>) -> Result<(), IndexError> {
        for place in self.places.get(entry.package).into_iter().flatten().copied() {
            let (key, version) = &self.wanted[place];
            let fits = version.as_str() == entry.version
                && (key.architecture.as_str() == entry.architecture || entry.architecture == "all");
            if fits && self.found[place].is_none() {
                self.found[place] = offer_of(entry, self.index)?;
            }
        }
        Ok(())
    }
}
