//! Whether the installed version of everything a plan changes can be had again, found out before anybody says yes.
//!
//! Where an archive lies on this host or an enabled repository offers it, that is enough until it is stored and
//! checked. Where there is none, one is rebuilt from the installed files, and only from files that match the recorded
//! digests: these are read here, while the package manager works on its own answer.

use std::collections::BTreeMap;

use super::context::Context;
use super::survey::Survey;
use crate::apply::old_archives::Places;
use crate::model::package::{InstalledPackage, PackageKey};
use crate::model::plan::{OperationKind, Resolution, Reversibility};
use crate::package_manager::archives::ArchiveFormat;
use crate::plan::policy::Policy;

/// Packages whose installed version cannot be had again, each with the reason for people.
pub type Lost = BTreeMap<PackageKey, String>;

/// Packages whose installed files were held against the recorded digests: with the reason where no archive can be
/// rebuilt from them.
pub type Examined = BTreeMap<PackageKey, Option<String>>;

/// Lists those of some packages that can only be rebuilt and were not examined yet.
pub fn unexamined<'a>(
    policy: &Policy,
    examined: &Examined,
    packages: impl Iterator<Item = &'a PackageKey>,
) -> Vec<PackageKey> {
    let is_rebuilt =
        |key: &PackageKey| matches!(policy.way_back.get(key), Some((Reversibility::Reconstructed, _)));
    let wanted = |key: &&PackageKey| policy.needs_way_back && is_rebuilt(key) && !examined.contains_key(*key);
    packages.filter(wanted).cloned().collect()
}

/// Holds the installed files of packages against their recorded digests. Takes about as long as reading them.
pub fn examine(format: &dyn ArchiveFormat, packages: Vec<PackageKey>) -> Examined {
    if packages.is_empty() {
        return Examined::new();
    }
    let obstacles = format.rebuild_obstacles(&packages);
    packages.into_iter().zip(obstacles).collect()
}

/// Looks at everything that would be changed, and tells the policy what could not be taken back. Returns whether the
/// policy holds some of it, which it could not know before: then the decisions have to be made again.
pub fn has_lost(
    (context, format): (&Context<'_>, &dyn ArchiveFormat),
    survey: &Survey,
    (policy, examined): (&mut Policy, &mut Examined),
    resolution: &Resolution,
) -> bool {
    if !policy.needs_way_back {
        return false;
    }
    let operations = resolution.operations.iter().filter(|o| o.kind != OperationKind::Configure);
    let changed: Vec<&InstalledPackage> =
        operations.filter_map(|operation| survey.inventory.installed_as(&operation.key())).collect();
    let unforeseen = changed.iter().copied().filter(|package| !policy.way_back.contains_key(&package.key()));
    let places = Places { layout: &context.layout, view: &survey.view, format };
    let foreseen = places.foresee(unforeseen);
    policy.way_back.extend(foreseen);
    let keys: Vec<PackageKey> = changed.iter().map(|package| package.key()).collect();
    examined.extend(examine(format, unexamined(policy, examined, keys.iter())));
    for key in keys {
        if let Some(Some(reason)) = examined.get(&key) {
            policy.way_back.insert(key, (Reversibility::NotReversible, reason.clone()));
        }
    }
    changed.into_iter().any(|package| policy.no_way_back(package).is_some())
}
