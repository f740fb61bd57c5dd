//! Findings to decisions: what is to be patched, and what is held for which named reason.

pub mod calendar;
mod gates;
pub mod reboot;
mod remarks;
mod rules;

use std::collections::{BTreeMap, HashMap};

pub use gates::{Policy, Quarantined};
pub use remarks::remarks;
pub use rules::Rules;

use crate::model::decision::{Cause, Disposition, Held, HoldReason, Selection};
use crate::model::finding::{Finding, Verdict};
use crate::model::offer::RepositoryView;
use crate::model::package::{InstalledPackage, Inventory, PackageKey};
use crate::model::version::Version;

/// What was decided.
#[derive(Clone, Debug, Default)]
pub struct Decisions {
    /// What is to be installed, sorted by package.
    pub targets: BTreeMap<PackageKey, Version>,
    /// What stays although something newer exists.
    pub held: Vec<Held>,
    /// The decision about each finding, in the order of the findings.
    pub dispositions: Vec<Disposition>,
    /// Every update is wanted and nothing has to be left out: the resolver may be asked for everything at once.
    pub unrestricted: bool,
}

/// What decisions are made from.
#[derive(Debug)]
pub struct DecisionInput<'a> {
    /// What is installed.
    pub inventory: &'a Inventory,
    /// What the repositories offer.
    pub view: &'a RepositoryView,
    /// What was found, in order of priority.
    pub findings: &'a [Finding],
    /// What the operator asked for.
    pub selection: &'a Selection,
    /// What the administrator allows.
    pub policy: &'a Policy,
}

/// Decides about every finding and, where every update is asked for, about every pending update.
pub fn decide(input: &DecisionInput<'_>) -> Decisions {
    let mut decisions = Decisions::default();
    let mut held: BTreeMap<PackageKey, Held> = BTreeMap::new();
    for finding in input.findings {
        let disposition = match gates::judge(input, finding) {
            Ok(version) => {
                let key = PackageKey {
                    name: finding.package.name.clone(),
                    architecture: finding.package.architecture.clone(),
                };
                raise(&mut decisions.targets, key, version);
                Disposition::patch()
            }
            Err(cause) => {
                note_held(&mut held, input, finding, &cause);
                Disposition::held(vec![cause])
            }
        };
        decisions.dispositions.push(disposition);
    }
    for exact in &input.selection.exact {
        for package in input.inventory.named(exact.name.as_str()) {
            decisions.targets.insert(package.key(), exact.version.clone());
        }
    }
    if input.selection.all_updates {
        let left_out = take_all_updates(input, &mut decisions.targets, &mut held);
        decisions.unrestricted = left_out == 0 && input.selection.exact.is_empty();
    }
    carry_along(&mut decisions, input);
    decisions.held = held
        .into_iter()
        .filter(|(key, _)| !decisions.targets.contains_key(key))
        .map(|(_, held)| sorted(held))
        .collect();
    decisions
}

/// Several findings of a package may ask for several versions of it: the highest one closes them all.
fn raise(targets: &mut BTreeMap<PackageKey, Version>, key: PackageKey, version: Version) {
    let target = targets.entry(key).or_insert_with(|| version.clone());
    if target.is_older_than(&version) {
        *target = version;
    }
}

/// A package that is installed anyway takes along what alone would have been too mild or too young, or not let through:
/// its new version closes it too, unless it is the lowest that closes another one.
fn carry_along(decisions: &mut Decisions, input: &DecisionInput<'_>) {
    for (finding, disposition) in input.findings.iter().zip(&mut decisions.dispositions) {
        let is_carried = matches!(
            disposition.reason,
            Some(HoldReason::BelowSeverity | HoldReason::ApprovalDelay | HoldReason::Frozen)
        );
        let key = PackageKey {
            name: finding.package.name.clone(),
            architecture: finding.package.architecture.clone(),
        };
        let Some(target) = decisions.targets.get(&key) else { continue };
        let may_be_lower = input.view.lower.contains_key(&key);
        let closes = |fixed: &Version| !may_be_lower || gates::reaches(target, fixed);
        if is_carried
            && finding.verdict == Verdict::Vulnerable
            && finding.fixed_version.as_ref().is_none_or(closes)
        {
            *disposition = Disposition::patch();
        }
    }
}

/// Notes a package that is held although something newer exists, with every vulnerability that this keeps open.
fn note_held(
    held: &mut BTreeMap<PackageKey, Held>,
    input: &DecisionInput<'_>,
    finding: &Finding,
    cause: &Cause,
) {
    if finding.verdict != Verdict::Vulnerable || cause.reason == HoldReason::NotSelected {
        return;
    }
    let key =
        PackageKey { name: finding.package.name.clone(), architecture: finding.package.architecture.clone() };
    let Some(package) = input.inventory.find(&key) else { return };
    let entry = held.entry(key).or_insert_with(|| held_entry(input, package, cause.clone()));
    if cause.reason.is_waiting() && !is_waiting(entry) {
        entry.cause_chain = vec![cause.clone()];
    }
    keep_open(entry, finding);
}

/// A plan must not differ because something listens now that did not before: ranks do, names do not.
fn sorted(mut held: Held) -> Held {
    held.keeps_open.sort_unstable();
    held
}

fn keep_open(entry: &mut Held, finding: &Finding) {
    for id in finding.identifiers() {
        if !entry.keeps_open.iter().any(|known| known == id) {
            entry.keeps_open.push(id.to_owned());
        }
    }
}

fn held_entry(input: &DecisionInput<'_>, package: &InstalledPackage, cause: Cause) -> Held {
    Held {
        package: package.name.clone(),
        installed: package.version.clone(),
        candidate: input.view.candidates.get(&package.key()).map(|candidate| candidate.version.clone()),
        cause_chain: vec![cause],
        keeps_open: Vec::new(),
    }
}

/// Adds every pending update that no gate stops; returns how many were stopped.
fn take_all_updates(
    input: &DecisionInput<'_>,
    targets: &mut BTreeMap<PackageKey, Version>,
    held: &mut BTreeMap<PackageKey, Held>,
) -> usize {
    let mut left_out = 0;
    for package in &input.inventory.packages {
        let key = package.key();
        let Some(candidate) = input.view.candidates.get(&key) else { continue };
        if !package.version.is_older_than(&candidate.version) || targets.contains_key(&key) {
            continue;
        }
        // What waits with its vulnerabilities waits as an update too.
        if held.get(&key).is_some_and(is_waiting) {
            left_out += 1;
            continue;
        }
        let not_yet = |()| input.policy.rules.update_not_yet(package, input.policy.now).map_or(Ok(()), Err);
        match gates::judge_update(input, package, candidate).and_then(not_yet) {
            Ok(()) => _ = targets.insert(key, candidate.version.clone()),
            Err(cause) => {
                // The package manager's own holds keep a package back without being told.
                left_out += usize::from(cause.reason != HoldReason::PackageHold);
                held.entry(key).or_insert_with(|| held_entry(input, package, cause));
            }
        }
    }
    left_out
}

fn is_waiting(held: &Held) -> bool {
    held.cause_chain.first().is_some_and(|cause| cause.reason.is_waiting())
}

/// Records what the resolver could not do: the targets it dropped, each with the chain of causes it named.
pub fn hold_dropped(
    decisions: &mut Decisions,
    input: &DecisionInput<'_>,
    dropped: &HashMap<PackageKey, Vec<Cause>>,
) {
    for (key, chain) in dropped {
        decisions.targets.remove(key);
        let Some(package) = input.inventory.find(key) else { continue };
        let Some(first) = chain.first() else { continue };
        let mut entry = held_entry(input, package, first.clone());
        entry.cause_chain.clone_from(chain);
        for (finding, disposition) in input.findings.iter().zip(&mut decisions.dispositions) {
            let same = finding.package.name == key.name && finding.package.architecture == key.architecture;
            if same && finding.verdict == Verdict::Vulnerable {
                *disposition = Disposition::held(chain.clone());
                keep_open(&mut entry, finding);
            }
        }
        decisions.held.push(entry);
    }
    decisions.held.sort_by(|a, b| a.package.cmp(&b.package));
}
