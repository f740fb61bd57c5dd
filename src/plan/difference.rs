//! How two plans differ: the drift that `apply PLAN` refuses, and the answer to `plan --diff`.

use std::collections::BTreeMap;

use crate::model::package::PackageKey;
use crate::model::plan::{Action, PatchPlan};
use crate::model::version::Version;

/// One package that two plans treat differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionChange {
    /// The package.
    pub package: PackageKey,
    /// The change in the first plan, as `from → to` versions; absent when it leaves the package alone.
    pub before: Option<Change>,
    /// The change in the second plan.
    pub after: Option<Change>,
}

/// What a plan does to one package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The version before; absent for an addition.
    pub from: Option<Version>,
    /// The version after; absent for a removal.
    pub to: Option<Version>,
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = |version: &Option<Version>| version.as_ref().map_or("none", Version::as_str).to_owned();
        write!(f, "{} -> {}", shown(&self.from), shown(&self.to))
    }
}

impl std::fmt::Display for ActionChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown =
            |change: &Option<Change>| change.as_ref().map_or("no change".to_owned(), Change::to_string);
        write!(f, "{}: planned {}, now {}", self.package, shown(&self.before), shown(&self.after))
    }
}

/// Returns the packages that two plans treat differently, sorted.
///
/// Order, times, feeds and texts may differ: what counts is which package goes from which version to which, and the
/// digest of the archive that does it.
pub fn actions(before: &PatchPlan, after: &PatchPlan) -> Vec<ActionChange> {
    let (first, second) = (by_package(before), by_package(after));
    let mut packages: Vec<&PackageKey> = first.keys().chain(second.keys()).collect();
    packages.sort_unstable();
    packages.dedup();
    let differing = packages.into_iter().filter(|key| !same(first.get(key), second.get(key)));
    differing
        .map(|key| ActionChange {
            package: key.clone(),
            before: first.get(key).map(|a| change(a)),
            after: second.get(key).map(|a| change(a)),
        })
        .collect()
}

fn by_package(plan: &PatchPlan) -> BTreeMap<PackageKey, &Action> {
    plan.actions().map(|action| (action.key(), action)).collect()
}

fn same(first: Option<&&Action>, second: Option<&&Action>) -> bool {
    match (first, second) {
        (Some(a), Some(b)) => {
            let digest = |action: &Action| action.artifact.as_ref().map(|artifact| artifact.digest);
            change(a) == change(b) && digest(a) == digest(b)
        }
        (None, None) => true,
        _ => false,
    }
}

fn change(action: &Action) -> Change {
    Change { from: action.from.clone(), to: action.to.clone() }
}

/// Returns what of the second list is not in the first, keeping its order.
pub fn added<'a>(first: &[&str], second: &[&'a str]) -> Vec<&'a str> {
    second.iter().copied().filter(|id| !first.contains(id)).collect()
}
