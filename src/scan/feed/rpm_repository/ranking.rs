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

/// Best version first; the candidate is the best of what is left in, from the repositories of the best priority.
pub(super) fn assembled(found: HashMap<PackageKey, Vec<Ranked>>, inventory: &Inventory) -> RepositoryView {
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
    // Where no repository tells of modules, a build of a module counts for builds of modules alone; which stream it is of,
    // dnf's resolver knows.
    let may_come = |ranked: &&Ranked| {
        let is_alike = is_modular(&ranked.offer.version) == is_modular(&installed.version);
        !ranked.left_out && (ranked.is_active || is_alike)
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
    let most = counts.into_iter().max_by_key(|(_, count)| *count);
    Architecture::from(most.map_or(std::env::consts::ARCH, |(name, _)| name))
}

#[cfg(test)]
mod tests {
    use super::super::configuration::Repository;
    use super::super::origin;
    use super::*;
    use crate::model::digest::Sha256;
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
            },
            priority: *priority,
            left_out: *left_out,
            is_active: false,
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
