//! Targets to a resolution: one simulation where nothing stands in the way, and the fewest that find what does.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::context::Context;
use super::request::{Removals as Asked, Wish};
use super::survey::Survey;
use super::{offers, runs};
use crate::config::choice::Permission;
use crate::model::approval::Phasing;
use crate::model::decision::{Cause, ExactVersion, HoldReason};
use crate::model::failure::{Failure, FailureKind};
use crate::model::offer::{Offer, Suggestions};
use crate::model::package::{Inventory, PackageKey, PackageName};
use crate::model::plan::{Operation, OperationKind, Replacement, Resolution};
use crate::model::version::Version;
use crate::package_manager::{Goal, PackageManager, PackageManagerError, Removals, Resolved, Target, Unmet};
use crate::plan::policy::{self, DecisionInput, Decisions, Policy};

/// What the package manager would do, with the offers of packages that are not installed yet.
#[derive(Default)]
pub struct Outlook {
    /// The simulated operations.
    pub resolution: Resolution,
    /// Offers of additions.
    pub additions: HashMap<PackageKey, Offer>,
    /// What the vendor's notices ask for beside the new files.
    pub suggestions: Suggestions,
}

/// Resolves what was decided; what the package manager cannot do moves from the targets to the held ones.
///
/// # Errors
/// The package manager cannot be asked, or refuses for another reason than a dependency.
pub fn resolve(
    (context, manager): (&Context<'_>, &dyn PackageManager),
    survey: &Survey,
    decisions: &mut Decisions,
    (policy, wish): (&Policy, &Wish),
) -> Result<Outlook, Failure> {
    let removals = match wish.removals {
        Asked::Allow => Removals::Allow,
        Asked::AsConfigured if context.settings.policy.removals == Permission::Allow => Removals::Allow,
        Asked::AsConfigured => Removals::Refuse,
    };
    // A package that another one takes the place of has no newer version of its own.
    let may_replace = decisions.unrestricted && removals == Removals::Allow;
    if decisions.targets.is_empty() && !may_replace {
        return Ok(Outlook::default());
    }
    manager.records().wait_to_ask(context.lock_patience()).map_err(runs::locked)?;
    let search = Search { manager, survey, policy, removals };
    let refused = |error| refused(survey, error);
    let mut dropped = search.not_our_turn(decisions, &wish.selection.exact).map_err(refused)?;
    let goal =
        if decisions.unrestricted { Goal::Everything } else { Goal::Targets(targets(&decisions.targets)) };
    let first = search.manager.resolve(&goal, removals).map_err(refused)?;
    let (mut resolution, impossible) = match search.objection(&first) {
        None => search.completed(possible(first), &decisions.targets).map_err(refused)?,
        Some(_) => {
            // From here on the package manager is told versions.
            decisions.unrestricted = false;
            dropped.extend(search.not_our_turn(decisions, &wish.selection.exact).map_err(refused)?);
            search.largest_possible(Vec::new(), &targets(&decisions.targets)).map_err(refused)?
        }
    };
    dropped.extend(impossible);
    dropped.extend(resolution.refused_replacements.iter().map(replaced));
    name_what_goes(&mut resolution, &survey.inventory);
    let input = DecisionInput {
        inventory: &survey.inventory,
        view: &survey.view,
        findings: &survey.assessment.findings,
        selection: &wish.selection,
        policy,
    };
    policy::hold_dropped(decisions, &input, &dropped);
    let additions = additions(context, survey, &resolution)?;
    let known = (&survey.view, &additions);
    let suggestions = offers::suggestions(&survey.inventory.distribution, known, &brought(&resolution));
    search.begin_with(&suggestions.of_package_manager, &mut resolution).map_err(refused)?;
    Ok(Outlook { resolution, additions, suggestions })
}

/// The versions that come in.
fn brought(resolution: &Resolution) -> Vec<(PackageKey, Version)> {
    let comes = |o: &&Operation| matches!(o.kind, OperationKind::Unpack | OperationKind::Add);
    let operations = resolution.operations.iter().filter(comes);
    operations.filter_map(|operation| Some((operation.key(), operation.to.clone()?))).collect()
}

/// A simulated removal names no architecture where that is the host's own or `all`: what goes is what is installed.
fn name_what_goes(resolution: &mut Resolution, inventory: &Inventory) {
    for operation in resolution.operations.iter_mut().filter(|o| o.kind == OperationKind::Remove) {
        let key = operation.key();
        let for_all =
            inventory.named(operation.name.as_str()).find(|package| package.architecture.as_str() == "all");
        if let (None, Some(package)) = (inventory.find(&key), for_all) {
            operation.architecture = package.architecture.clone();
        }
    }
}

fn refused(survey: &Survey, error: PackageManagerError) -> Failure {
    if matches!(error, PackageManagerError::Busy { .. }) {
        let failure = Failure::new(FailureKind::Lock, "the package manager cannot plan now").caused_by(error);
        return failure.hint("wait until the other tool has ended");
    }
    Failure::new(FailureKind::HostUnclean, "the package manager cannot plan")
        .caused_by(error)
        .hint(survey.inventory.distribution.advice().inspect)
}

fn possible(resolved: Resolved) -> Resolution {
    match resolved {
        Resolved::Possible(resolution) => resolution,
        Resolved::Impossible(_) => Resolution::default(),
    }
}

fn targets(wanted: &BTreeMap<PackageKey, Version>) -> Vec<Target> {
    wanted
        .iter()
        .map(|(package, version)| Target { package: package.clone(), version: version.clone() })
        .collect()
}

/// Simulations spent on finding what can be had together; each takes up to a second.
const MOST_SIMULATIONS: usize = 64;

type Dropped = HashMap<PackageKey, Vec<Cause>>;

struct Search<'a> {
    manager: &'a dyn PackageManager,
    survey: &'a Survey,
    policy: &'a Policy,
    removals: Removals,
}

impl Search<'_> {
    /// Why a resolution cannot be used, from the nearest cause to the root; `None` when it can.
    fn objection(&self, resolved: &Resolved) -> Option<Vec<Cause>> {
        let resolution = match resolved {
            Resolved::Possible(resolution) => resolution,
            Resolved::Impossible(unmet) => return unmet.first().map(|first| self.causes_of(first)),
        };
        let removed = |o: &&Operation| o.kind == OperationKind::Remove && self.removals == Removals::Refuse;
        if let Some(operation) = resolution.operations.iter().find(removed) {
            return Some(vec![would_be_removed(&operation.name)]);
        }
        let first = |check: fn(&Self, &Operation) -> Option<Cause>| {
            resolution.operations.iter().find_map(|operation| check(self, operation))
        };
        first(Self::untouchable).or_else(|| first(Self::unwanted_addition)).map(|cause| vec![cause])
    }

    /// Why an operation may not be: the package is on hold, blocked or left out, or could not be brought back.
    fn untouchable(&self, operation: &Operation) -> Option<Cause> {
        match operation.kind {
            OperationKind::Configure => return None,
            OperationKind::Unpack | OperationKind::Add if self.is_on_hold(&operation.name) => {
                return Some(self.held_by_hand(&operation.name));
            }
            OperationKind::Unpack | OperationKind::Add | OperationKind::Remove => {}
        }
        let package = self.survey.inventory.installed_as(&operation.key())?;
        let to = operation.to.as_ref();
        let standing = to.and_then(|to| self.policy.standing(package, to, &self.survey.assessment.findings));
        // What comes beside a version takes nothing away.
        standing.or_else(|| self.policy.no_way_back(package).filter(|_| operation.kind != OperationKind::Add))
    }

    /// Why a package may not be added that is not installed in any version.
    fn unwanted_addition(&self, operation: &Operation) -> Option<Cause> {
        let is_added = matches!(operation.kind, OperationKind::Unpack | OperationKind::Add)
            && self.survey.inventory.named(operation.name.as_str()).next().is_none();
        let rules = &self.policy.rules;
        (is_added && rules.refuses_new_packages).then(|| {
            let detail = "would have to be installed, and policy refuses new packages";
            Cause::new(operation.name.to_string(), HoldReason::WouldAdd, detail)
                .by(rules.place("policy.new_packages"))
        })
    }

    fn held_by_hand(&self, name: &PackageName) -> Cause {
        let release = self.survey.inventory.distribution.advice().release;
        let detail = format!("{release} {name} would release it");
        Cause::new(name.to_string(), HoldReason::PackageHold, detail)
    }

    fn is_on_hold(&self, name: &PackageName) -> bool {
        self.survey.inventory.named(name.as_str()).any(|package| package.hold)
    }

    /// What the package manager could not have together, in its own words, and what lies behind it.
    fn causes_of(&self, unmet: &Unmet) -> Vec<Cause> {
        let root = unmet.needs.as_ref().filter(|name| **name != unmet.package).map(|name| {
            match (unmet.conflicts, self.survey.inventory.named(name.as_str()).next()) {
                (true, _) => would_be_removed(name),
                (false, Some(package)) if package.hold => self.held_by_hand(name),
                (false, Some(package)) => dependency(name, format!("stays at {}", package.version)),
                (false, None) => dependency(name, "cannot be installed".to_owned()),
            }
        });
        let alone = if unmet.conflicts { HoldReason::WouldRemove } else { HoldReason::Dependency };
        let reason = root.as_ref().map_or(alone, |root| root.reason);
        let near = Cause::new(unmet.package.to_string(), reason, unmet.words.clone());
        std::iter::once(near).chain(root).collect()
    }

    /// Adds to an answer for everything at once what the package manager kept back without a word, as far as it can be
    /// had beside the rest without removals.
    fn completed(
        &self,
        resolution: Resolution,
        wanted: &BTreeMap<PackageKey, Version>,
    ) -> Result<(Resolution, Dropped), PackageManagerError> {
        let changes = |target: &Target| {
            let of_target =
                |o: &Operation| o.kind != OperationKind::Configure && o.name == target.package.name;
            resolution.operations.iter().any(of_target)
        };
        let (kept, silent): (Vec<Target>, Vec<Target>) = targets(wanted).into_iter().partition(changes);
        // Naming a version would overrule the vendor's phasing.
        let (phased, silent): (Vec<Target>, Vec<Target>) =
            silent.into_iter().partition(|target| self.phased(target).is_some() && !self.ignores_phasing());
        let (resolution, mut dropped) = match silent.is_empty() {
            true => (resolution, Dropped::new()),
            false => {
                let (better, dropped) = self.largest_possible(kept, &silent)?;
                let has_gained = dropped.len() < silent.len();
                (if has_gained { better } else { resolution }, dropped)
            }
        };
        dropped
            .extend(phased.iter().filter_map(|target| Some((target.package.clone(), self.phasing(target)?))));
        Ok((resolution, dropped))
    }

    /// Takes out of the targets what the vendor phases and apt leaves out on this host: naming a version to apt would
    /// overrule it, so apt is asked what it would do unasked. Versions that the operator names are his own decision, and
    /// asking for everything asks apt itself.
    fn not_our_turn(
        &self,
        decisions: &mut Decisions,
        exact: &[ExactVersion],
    ) -> Result<Dropped, PackageManagerError> {
        let is_named = |target: &Target| exact.iter().any(|exact| exact.name == target.package.name);
        let mut phased = targets(&decisions.targets);
        phased.retain(|target| self.phased(target).is_some() && !is_named(target));
        if decisions.unrestricted || phased.is_empty() || self.ignores_phasing() {
            return Ok(Dropped::new());
        }
        let unasked = possible(self.manager.resolve(&Goal::Everything, Removals::Refuse)?);
        phased.retain(|target| unasked.kept_back.contains(&target.package.name));
        for target in &phased {
            decisions.targets.remove(&target.package);
        }
        let causes = phased.iter().filter_map(|target| Some((target.package.clone(), self.phasing(target)?)));
        Ok(causes.collect())
    }

    fn ignores_phasing(&self) -> bool {
        self.policy.rules.phasing == Phasing::Ignore
    }

    fn phasing(&self, target: &Target) -> Option<Vec<Cause>> {
        let detail = format!("{} % of hosts get it already", self.phased(target)?);
        Some(vec![Cause::new(target.package.name.to_string(), HoldReason::Phased, detail)])
    }

    fn phased(&self, target: &Target) -> Option<u8> {
        self.survey.view.candidates.get(&target.package)?.phased_percent.filter(|percent| *percent < 100)
    }

    /// Puts the package manager's own packages, with what they need, before everything else: what comes after is done by
    /// the new one. Where they cannot be had by themselves, the order stays as it is.
    fn begin_with(
        &self,
        own: &BTreeSet<PackageName>,
        resolution: &mut Resolution,
    ) -> Result<(), PackageManagerError> {
        let is_own = |(key, _): &(PackageKey, Version)| own.contains(&key.name);
        let targets: Vec<Target> = brought(resolution)
            .into_iter()
            .filter(is_own)
            .map(|(package, version)| Target { package, version })
            .collect();
        if targets.is_empty() {
            return Ok(());
        }
        let alone = possible(self.manager.resolve(&Goal::Targets(targets), self.removals)?).operations;
        if alone.iter().all(|operation| resolution.operations.contains(operation)) {
            resolution.first_step = alone.len();
            resolution.operations.sort_by_key(|operation| !alone.contains(operation));
        }
        Ok(())
    }

    /// Finds which of the `wanted` can be had together with those `kept` already: halves the list wherever it cannot be
    /// had whole.
    fn largest_possible(
        &self,
        mut kept: Vec<Target>,
        wanted: &[Target],
    ) -> Result<(Resolution, Dropped), PackageManagerError> {
        let mut dropped = Dropped::new();
        let mut waiting: Vec<&[Target]> = vec![wanted];
        let mut best = Resolution::default();
        let mut simulations = 0;
        while let Some(group) = waiting.pop() {
            if simulations == MOST_SIMULATIONS {
                dropped.extend(group.iter().map(|target| (target.package.clone(), vec![not_tried(target)])));
                continue;
            }
            simulations += 1;
            let mut attempt: Vec<Target> = kept.clone();
            attempt.extend_from_slice(group);
            let resolved = self.manager.resolve(&Goal::Targets(attempt.clone()), self.removals)?;
            match (self.objection(&resolved), group) {
                (None, _) => (kept, best) = (attempt, possible(resolved)),
                (Some(causes), [target]) => _ = dropped.insert(target.package.clone(), chain(target, causes)),
                (Some(_), group) => {
                    let (first, second) = group.split_at(group.len() / 2);
                    waiting.extend([second, first]);
                }
            }
        }
        Ok((best, dropped))
    }
}

fn would_be_removed(name: &PackageName) -> Cause {
    let detail = "would have to be removed (--allow-removals lets it)".to_owned();
    Cause::new(name.to_string(), HoldReason::WouldRemove, detail)
}

/// A package that the distribution replaced stays, because nothing may be removed.
fn replaced(refused: &Replacement) -> (PackageKey, Vec<Cause>) {
    let name = refused.package.name.to_string();
    let detail = format!("{} takes its place (--allow-removals lets it)", refused.by);
    (refused.package.clone(), vec![Cause::new(name, HoldReason::WouldRemove, detail)])
}

fn dependency(name: &PackageName, detail: String) -> Cause {
    Cause::new(name.to_string(), HoldReason::Dependency, detail)
}

fn not_tried(target: &Target) -> Cause {
    let name = &target.package.name;
    dependency(name, format!("too much is in the way of the whole plan; alone: patchctl plan {name}"))
}

/// From the target that is held to the root of the matter.
fn chain(target: &Target, causes: Vec<Cause>) -> Vec<Cause> {
    let name = target.package.name.to_string();
    let Some(near) = causes.first().filter(|near| near.subject != name) else { return causes };
    let detail = match near.reason {
        HoldReason::WouldRemove => format!("cannot be installed beside {}", near.subject),
        HoldReason::WouldAdd => format!("needs {}", near.subject),
        _ => format!("cannot be installed without {}", near.subject),
    };
    let own = Cause::new(name, near.reason, detail);
    std::iter::once(own).chain(causes).collect()
}

/// Looks up the archives of packages that are not installed yet, or change their architecture.
fn additions(
    context: &Context<'_>,
    survey: &Survey,
    resolution: &Resolution,
) -> Result<HashMap<PackageKey, Offer>, Failure> {
    let mut wanted = brought(resolution);
    wanted.retain(|(key, version)| survey.view.offer(key, version).is_none());
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let offers = offers::lookup(context, &survey.inventory.distribution, &wanted)?;
    Ok(wanted.into_iter().zip(offers).filter_map(|((key, _), offer)| Some((key, offer?))).collect())
}
