//! The world against expectation: what the package database says of the packages of a plan, read afresh.

use crate::model::package::{InstalledPackage, Inventory, PackageKey};
use crate::model::plan::{Action, ActionKind};
use crate::model::transaction::Observed;
use crate::model::version::Version;

/// How the packages of a step stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Every package is as the plan expects it before the step.
    Ready,
    /// Every package is as the plan wants it after the step.
    Done,
    /// Some are neither, or not finished.
    Between,
}

/// Returns what the database says of the packages of some actions.
pub fn observe(inventory: &Inventory, actions: &[Action]) -> Vec<Observed> {
    actions.iter().map(|action| observed(inventory, action)).collect()
}

fn observed(inventory: &Inventory, action: &Action) -> Observed {
    let key = &action.key();
    let versions =
        inventory.named(key.name.as_str()).filter(|package| package.architecture == key.architecture);
    if action.kind == ActionKind::Add {
        // The versions beside it are none of its business.
        let is_there =
            versions.map(|package| &package.version).any(|version| Some(version) == action.to.as_ref());
        let version = action.to.clone().filter(|_| is_there);
        return Observed { package: key.clone(), version, clean: true };
    }
    // rpm that was cut off records a package in both versions.
    let is_twice = versions.count() > 1;
    match find(inventory, key) {
        Some(package) => Observed {
            package: key.clone(),
            version: Some(package.version.clone()),
            clean: package.state.is_clean() && !package.reinstall_required && !is_twice,
        },
        None => Observed { package: key.clone(), version: None, clean: true },
    }
}

/// A package may change between `all` and an architecture with its version; the name decides then.
fn find<'a>(inventory: &'a Inventory, key: &PackageKey) -> Option<&'a InstalledPackage> {
    inventory.find(key).or_else(|| {
        let is_for_all =
            |package: &&InstalledPackage| package.architecture.is_for_all() || key.architecture.is_for_all();
        inventory.named(key.name.as_str()).find(is_for_all)
    })
}

/// Judges how the packages of a step stand.
pub fn standing(observed: &[Observed], actions: &[Action]) -> Standing {
    if all_at(observed, actions, |action| action.to.as_ref()) {
        Standing::Done
    } else if all_at(observed, actions, |action| action.from.as_ref()) {
        Standing::Ready
    } else {
        Standing::Between
    }
}

fn all_at<'a>(
    observed: &[Observed],
    actions: &'a [Action],
    wanted: impl Fn(&'a Action) -> Option<&'a Version>,
) -> bool {
    observed.iter().zip(actions).all(|(seen, action)| seen.clean && seen.version.as_ref() == wanted(action))
}

/// Names each package that is not in the version wanted, as `NAME is VERSION, not VERSION`.
pub fn deviations<'a>(
    observed: &[Observed],
    actions: &'a [Action],
    wanted: impl Fn(&'a Action) -> Option<&'a Version>,
) -> Vec<String> {
    let shown = |version: Option<&Version>| version.map_or("not installed".to_owned(), Version::to_string);
    let deviating = observed
        .iter()
        .zip(actions)
        .filter(|(seen, action)| !seen.clean || seen.version.as_ref() != wanted(action));
    deviating
        .map(|(seen, action)| {
            let unfinished = if seen.clean { "" } else { " and not finished" };
            let (found, expected) = (shown(seen.version.as_ref()), shown(wanted(action)));
            if found == expected {
                format!("{} is {found}{unfinished}", seen.package)
            } else {
                format!("{} is {found}{unfinished}, not {expected}", seen.package)
            }
        })
        .collect()
}

/// Names each package outside `actions` that changed between two inventories: nothing but the plan may change.
pub fn bystanders(before: &Inventory, after: &Inventory, actions: &[Action]) -> Vec<String> {
    let planned = |key: &PackageKey| actions.iter().any(|action| action.package == key.name);
    let changed = before.packages.iter().filter(|package| {
        let now = after.find(&package.key());
        now.is_none_or(|now| {
            now.version != package.version || (now.reinstall_required && !package.reinstall_required)
        })
    });
    let added = after.packages.iter().filter(|package| before.find(&package.key()).is_none());
    let mut names: Vec<String> = changed
        .chain(added)
        .map(|package| package.key())
        .filter(|key| !planned(key))
        .map(|key| key.to_string())
        .collect();
    names.sort();
    names.dedup();
    names
}
