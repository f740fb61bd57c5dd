//! Candidates: what the package manager would install of what is offered.

use std::collections::HashMap;
use std::sync::Arc;

use super::RepositoryError;
use super::offers::{Found, PhasedOffer};
use super::policy::{self, Place, Policy};
use crate::model::finding::{Candidate, Origin};
use crate::model::package::{Inventory, PackageKey};
use crate::model::version::Version;

type Candidates = HashMap<PackageKey, Arc<Candidate>>;

/// Takes the highest version that is offered and not older than the installed one. Pins are not evaluated.
pub(super) fn highest(inventory: &Inventory, found: &Found) -> Candidates {
    let candidate = |key: PackageKey, installed: &Version| {
        let best = found.offers.get(&key)?.first()?;
        if best.offer.version.is_older_than(installed) {
            return None;
        }
        let (version, origin) = (best.offer.version.clone(), Arc::clone(&best.offer.origin));
        let candidate =
            Candidate { version, origin, phased_percent: best.phased_percent, pins_evaluated: false };
        Some((key, Arc::new(candidate)))
    };
    inventory.packages.iter().filter_map(|package| candidate(package.key(), &package.version)).collect()
}

/// Asks apt for its candidates, and finds each among the offers. A candidate that no repository offers (the installed
/// version itself) is left out: it cannot be installed from anywhere.
///
/// # Errors
/// apt refuses, or names what is no version.
pub(super) fn of_apt(
    inventory: &Inventory,
    found: &Found,
    native: &str,
) -> Result<Candidates, RepositoryError> {
    let keys: Vec<PackageKey> = inventory.packages.iter().map(|package| package.key()).collect();
    let policies = policy::ask(&keys)?;
    let policies: HashMap<&str, &Policy> = policies.iter().map(|p| (p.package.as_str(), p)).collect();
    let mut candidates = HashMap::with_capacity(keys.len());
    for key in keys {
        let Some(policy) = policies.get(asked_name(&key, native).as_str()) else { continue };
        if let Some(candidate) = candidate_of(&key, policy, found)? {
            candidates.insert(key, Arc::new(candidate));
        }
    }
    Ok(candidates)
}

/// apt leaves out the architecture when it is the native one or `all`.
fn asked_name(key: &PackageKey, native: &str) -> String {
    match key.architecture.as_str() {
        "all" => key.name.to_string(),
        architecture if architecture == native => key.name.to_string(),
        _ => key.to_string(),
    }
}

fn candidate_of(
    key: &PackageKey,
    policy: &Policy,
    found: &Found,
) -> Result<Option<Candidate>, RepositoryError> {
    let version = Version::deb(&policy.candidate)
        .map_err(|source| RepositoryError::Candidate { package: key.clone(), source })?;
    let offers = found.offers.get(key).map(Vec::as_slice).unwrap_or_default();
    let same: Vec<&PhasedOffer> = offers.iter().filter(|phased| phased.offer.version == version).collect();
    let listed = |place: &Place| same.iter().find(|phased| is_at(place, &phased.offer.origin)).copied();
    let best = policy.places.iter().find_map(listed).or_else(|| same.first().copied());
    let origin = match (best, policy.places.first()) {
        (Some(phased), _) => Arc::clone(&phased.offer.origin),
        (None, Some(place)) => Arc::new(unknown_origin(place)),
        (None, None) => return Ok(None),
    };
    Ok(Some(Candidate { version, origin, phased_percent: policy.phased_percent, pins_evaluated: true }))
}

fn is_at(place: &Place, origin: &Origin) -> bool {
    let (suite, component) = place.suite.rsplit_once('/').unwrap_or((&place.suite, ""));
    place.site == origin.site
        && component == origin.component
        && (origin.component.is_empty() || suite == origin.codename || suite == origin.suite)
}

/// A place that apt reads and we do not: only its address is known.
fn unknown_origin(place: &Place) -> Origin {
    let (suite, component) = place.suite.rsplit_once('/').unwrap_or((&place.suite, ""));
    Origin {
        vendor: String::new(),
        label: String::new(),
        suite: suite.to_owned(),
        codename: String::new(),
        component: component.to_owned(),
        site: place.site.clone(),
        security: false,
        signed: false,
    }
}
