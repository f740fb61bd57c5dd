//! Which of several offers the package manager would take.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::rpm_packages::is_modular;
use crate::model::finding::Candidate;
use crate::model::offer::{Offer, RepositoryView};
use crate::model::package::{Architecture, InstalledPackage, Inventory, PackageKey};
use crate::model::version::Version;

/// An offer with what decides whether the package manager would take it.
pub(super) struct Ranked {
    pub(super) offer: Offer,
    pub(super) priority: i64,
    pub(super) left_out: bool,
    /// It belongs to a stream of a module that is enabled, as the repository's own modules say.
    pub(super) is_active: bool,
}

/// Best version first; the candidate is the best of what the package manager would take. `choices` tells whether it can be
/// asked for a lower one by a verb of its own.
pub(super) fn assembled(
    found: HashMap<PackageKey, Vec<Ranked>>,
    (inventory, choices): (&Inventory, bool),
) -> RepositoryView {
    let mut view = RepositoryView { pins_evaluated: true, ..RepositoryView::default() };
    for (key, mut ranked) in found {
        ranked.sort_by(|a, b| {
            let order = b.offer.version.compare(&a.offer.version);
            order.unwrap_or(std::cmp::Ordering::Equal).then_with(|| a.priority.cmp(&b.priority))
        });
        if let Some(installed) = inventory.find(&key) {
            let mut takeable = takeable(&ranked, installed).into_iter().map(Arc::new);
            view.candidates.extend(takeable.next().map(|candidate| (key.clone(), candidate)));
            let newer = takeable.filter(|lower| choices && installed.version.is_older_than(&lower.version));
            let lower: Vec<Arc<Candidate>> = newer.collect::<Vec<_>>().into_iter().rev().collect();
            view.lower.extend((!lower.is_empty()).then(|| (key.clone(), lower)));
        }
        view.offers.insert(key, ranked.into_iter().map(|ranked| ranked.offer).collect());
    }
    view
}

/// What is left in, from the repositories of the best priority, and not older than what is installed: each version once,
/// best first.
fn takeable(ranked: &[Ranked], installed: &InstalledPackage) -> Vec<Candidate> {
    let is_modular = |version: &Version| is_modular(version.as_str());
    // Where no repository tells of modules, a build of a module counts for builds of modules alone; which stream it is of,
    // dnf's resolver knows.
    let may_come = |ranked: &&Ranked| {
        let is_alike = is_modular(&ranked.offer.version) == is_modular(&installed.version);
        !ranked.left_out && (ranked.is_active || is_alike)
    };
    let best = ranked.iter().filter(may_come).map(|ranked| ranked.priority).min();
    let of_best = ranked.iter().filter(may_come).filter(|ranked| Some(ranked.priority) == best);
    let mut found: Vec<Candidate> = of_best
        .map(|ranked| &ranked.offer)
        .filter(|offer| !offer.version.is_older_than(&installed.version))
        .map(|offer| Candidate {
            version: offer.version.clone(),
            origin: Arc::clone(&offer.origin),
            phased_percent: None,
            pins_evaluated: true,
        })
        .collect();
    found.dedup_by(|next, before| next.version == before.version);
    found
}

/// A package keeps its architecture, or changes between the host's own and the one that stands for all.
pub(super) fn can_replace(installed: &InstalledPackage, offered: &str, native: &Architecture) -> bool {
    let installed = installed.architecture.as_str();
    installed == offered
        || (installed == "noarch" && offered == native.as_str())
        || (installed == native.as_str() && offered == "noarch")
}

/// The architecture that most packages have, `noarch` aside.
pub(super) fn native_architecture(inventory: &Inventory) -> Architecture {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for name in inventory.packages.iter().map(|package| package.architecture.as_str()) {
        if name != "noarch" {
            *counts.entry(name).or_default() += 1;
        }
    }
    // As many packages of a second architecture are none of the host's own.
    let most = counts.into_iter().max_by_key(|(name, count)| (*count, *name == std::env::consts::ARCH));
    Architecture::from(most.map_or(std::env::consts::ARCH, |(name, _)| name))
}

#[cfg(test)]
mod tests {
    use super::super::configuration::Repository;
    use super::super::origin;
    use super::*;
    use crate::model::digest::Sha256;
    use crate::model::offer::Asks;
    use crate::model::package::{PackageState, SourcePackage};
    use crate::model::plan::Artifact;

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
                artifact: Artifact { uri: String::new(), size: 1, digest: Sha256::of(b"").into() },
                asks: Asks::default(),
            },
            priority: *priority,
            left_out: *left_out,
            is_active: false,
        };
        offers.iter().map(offer).collect()
    }

    fn taken(offers: &[(&str, i64, bool)], from: &str) -> Option<String> {
        takeable(&ranked(offers), &installed(from)).first().map(|candidate| candidate.version.to_string())
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
    fn lower_versions_are_those_that_could_be_taken_too() {
        let offers = [("4-1", 99, true), ("3-1", 99, false), ("3-1", 99, false), ("2.5-1", 50, true)];
        let more = [("2-1", 99, false), ("1.5-1", 99, true), ("1-1", 99, false), ("0.9-1", 99, false)];
        let found = HashMap::from([(installed("1-1").key(), ranked(&[&offers[..], &more].concat()))]);
        let inventory = Inventory {
            distribution: crate::model::distro::Distribution::new("centos", "9", ""),
            packages: vec![installed("1-1")],
            enabled_modules: Vec::new(),
            kernels: crate::model::kernel::Kernels::default(),
            digest: Sha256::of(b""),
        };
        let view = assembled(found, (&inventory, true));
        let key = installed("1-1").key();
        assert_eq!(view.candidates[&key].version.as_str(), "3-1");
        let lower: Vec<&str> = view.lower[&key].iter().map(|lower| lower.version.as_str()).collect();
        assert_eq!(lower, ["2-1"]);
    }

    #[test]
    fn builds_of_modules_and_others_do_not_mix() {
        let modular = "3-1.module+el9+1+2";
        assert_eq!(taken(&[(modular, 99, false), ("2-1", 99, false)], "1-1").as_deref(), Some("2-1"));
        assert_eq!(taken(&[(modular, 99, false)], "1-1.module+el9+0+0").as_deref(), Some(modular));
    }
}
