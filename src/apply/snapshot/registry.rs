//! The providers, one line each, and the choice among them.

use super::{Coverage, Ground, SnapshotProvider, Unfit, btrfs, lvm, packages, snapper, zfs};
use crate::config::choice::SnapshotChoice;
use crate::model::snapshot::{Protection, RollbackKind};

/// Every provider beside the package archives, in order of preference.
const PROVIDERS: &[&dyn SnapshotProvider] = &[&btrfs::Btrfs, &snapper::Snapper, &zfs::Zfs, &lvm::Lvm];

/// Those that are used without being named: what was tried for real, restoring included.
const UNASKED: &[&str] = &["btrfs"];

/// Returns the names of all providers.
pub fn names() -> Vec<&'static str> {
    PROVIDERS.iter().map(|provider| provider.name()).collect()
}

/// Returns a provider by its name.
pub fn find(name: &str) -> Option<&'static dyn SnapshotProvider> {
    PROVIDERS.iter().copied().find(|provider| provider.name() == name)
}

/// What protects a run on this host.
pub struct Choice {
    /// The provider of snapshots; none where the package archives stand alone.
    pub provider: Option<&'static dyn SnapshotProvider>,
    /// What the run is protected by, in the words of plans.
    pub protection: Protection,
    /// Why no snapshot is taken, for each provider that might have been expected.
    pub unfit: Vec<(&'static str, Unfit)>,
}

/// Chooses what protects a run: the provider that is configured, or the first that fits.
pub fn choose(ground: &Ground, wanted: SnapshotChoice) -> Choice {
    let asked = |provider: &&&dyn SnapshotProvider| match wanted {
        SnapshotChoice::Packages => false,
        SnapshotChoice::Auto => UNASKED.contains(&provider.name()),
        named => named.word() == provider.name(),
    };
    let mut unfit = Vec::new();
    for provider in PROVIDERS.iter().filter(asked) {
        match provider.probe(ground) {
            Ok(coverage) => {
                let protection = joined(provider.name(), coverage);
                return Choice { provider: Some(*provider), protection, unfit };
            }
            Err(reason) => unfit.push((provider.name(), reason)),
        }
    }
    let Coverage { covers, does_not_cover } = packages::coverage();
    let provider = packages::NAME.to_owned();
    let protection = Protection { provider, rollback: RollbackKind::PackagesOnly, covers, does_not_cover };
    Choice { provider: None, protection, unfit }
}

/// The archives bring back at once what they cover, the snapshot everything it holds at the next boot.
fn joined(provider: &str, snapshot: Coverage) -> Protection {
    let at_once = format!("{} (at once)", packages::coverage().covers.join(" + "));
    let later = snapshot.covers.into_iter().map(|text| format!("{text} (at the next boot)"));
    Protection {
        provider: format!("{} + {provider}", packages::NAME),
        rollback: RollbackKind::NextBoot,
        covers: [at_once].into_iter().chain(later).collect(),
        does_not_cover: snapshot.does_not_cover,
    }
}
