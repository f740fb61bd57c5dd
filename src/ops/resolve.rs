//! Targets to a resolution: one simulation where nothing stands in the way, and the fewest that find what does.

use std::collections::{BTreeMap, HashMap};

use super::context::Context;
use super::plan::Wish;
use super::request::Removals as Asked;
use super::survey::Survey;
use crate::config::settings::Permission;
use crate::model::decision::{Cause, HoldReason};
use crate::model::failure::{Failure, FailureKind};
use crate::model::offer::Offer;
use crate::model::package::{Inventory, PackageKey};
use crate::model::plan::{Operation, OperationKind, Resolution};
use crate::model::version::Version;
use crate::package_manager::{Goal, PackageManager, PackageManagerError, Removals, Resolved, Target};
use crate::plan::policy::{self, DecisionInput, Decisions, Policy};
use crate::scan::feed::repository;

/// What the package manager would do, with the offers of packages that are not installed yet.
pub struct Outlook {
    /// The simulated operations.
    pub resolution: Resolution,
    /// Offers of additions.
    pub additions: HashMap<PackageKey, Offer>,
}

/// Resolves what was decided; what the package manager cannot do moves from the targets to the held ones.
///
/// # Errors
/// The package manager cannot be asked, or refuses for another reason than a dependency.
pub fn resolve(
    context: &Context<'_>,
    survey: &Survey,
    decisions: &mut Decisions,
    (policy, wish): (&Policy, &Wish),
) -> Result<Outlook, Failure> {
    if decisions.targets.is_empty() {
        return Ok(Outlook { resolution: Resolution::default(), additions: HashMap::new() });
    }
    let manager = context.package_manager(&survey.inventory.distribution)?;
    let removals = match wish.removals {
        Asked::Allow => Removals::Allow,
        Asked::AsConfigured if context.settings.policy.removals == Permission::Allow => Removals::Allow,
        Asked::AsConfigured => Removals::Refuse,
    };
    let search = Search { manager: manager.as_ref(), survey, removals };
    let goal =
        if decisions.unrestricted { Goal::Everything } else { Goal::Targets(targets(&decisions.targets)) };
    let first = search.manager.resolve(&goal, removals).map_err(refused)?;
    let (mut resolution, dropped) = match search.objection(&first) {
        None => (possible(first), HashMap::new()),
        Some(_) => search.largest_possible(&decisions.targets).map_err(refused)?,
    };
    name_what_goes(&mut resolution, &survey.inventory);
    let input = DecisionInput {
        inventory: &survey.inventory,
        view: &survey.view,
        findings: &survey.assessment.findings,
        selection: &wish.selection,
        policy,
    };
    let kept_back = kept_back(&decisions.targets, &resolution, &dropped);
    policy::hold_dropped(decisions, &input, &dropped);
    policy::hold_dropped(decisions, &input, &kept_back);
    let additions = additions(context, survey, &resolution)?;
    Ok(Outlook { resolution, additions })
}

/// A simulated removal names no architecture where that is the host's own or `all`: what goes is what is installed.
fn name_what_goes(resolution: &mut Resolution, inventory: &Inventory) {
    for operation in resolution.operations.iter_mut().filter(|o| o.kind == OperationKind::Remove) {
        let key = PackageKey { name: operation.name.clone(), architecture: operation.architecture.clone() };
        let for_all =
            inventory.named(operation.name.as_str()).find(|package| package.architecture.as_str() == "all");
        if let (None, Some(package)) = (inventory.find(&key), for_all) {
            operation.architecture = package.architecture.clone();
        }
    }
}

fn refused(error: PackageManagerError) -> Failure {
    Failure::new(FailureKind::HostUnclean, "the package manager cannot plan")
        .caused_by(error)
        .hint("dpkg --audit and apt-get check tell what is wrong; dpkg --configure -a often mends it")
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

type Dropped = HashMap<PackageKey, Vec<Cause>>;

struct Search<'a> {
    manager: &'a dyn PackageManager,
    survey: &'a Survey,
    removals: Removals,
}

impl Search<'_> {
    /// Why a resolution cannot be used; `None` when it can.
    fn objection(&self, resolved: &Resolved) -> Option<Cause> {
        let resolution = match resolved {
            Resolved::Possible(resolution) => resolution,
            Resolved::Impossible(unmet) => {
                let first = unmet.first()?;
                let subject = first.needs.as_ref().unwrap_or(&first.package).to_string();
                return Some(Cause { subject, reason: HoldReason::Dependency, detail: first.words.clone() });
            }
        };
        let removed = |o: &&Operation| o.kind == OperationKind::Remove && self.removals == Removals::Refuse;
        if let Some(operation) = resolution.operations.iter().find(removed) {
            let detail = format!("{} would be removed (--allow-removals lets it)", operation.name);
            return Some(Cause {
                subject: operation.name.to_string(),
                reason: HoldReason::WouldRemove,
                detail,
            });
        }
        let on_hold = |o: &&Operation| o.kind == OperationKind::Unpack && self.is_on_hold(o);
        resolution.operations.iter().find(on_hold).map(|operation| Cause {
            subject: operation.name.to_string(),
            reason: HoldReason::PackageHold,
            detail: format!("apt-mark unhold {} would release it", operation.name),
        })
    }

    fn is_on_hold(&self, operation: &Operation) -> bool {
        let key = PackageKey { name: operation.name.clone(), architecture: operation.architecture.clone() };
        self.survey.inventory.find(&key).is_some_and(|package| package.hold)
    }

    /// Finds the targets that can be had together: halves the list wherever it cannot be had whole.
    fn largest_possible(
        &self,
        wanted: &BTreeMap<PackageKey, Version>,
    ) -> Result<(Resolution, Dropped), PackageManagerError> {
        let all = targets(wanted);
        let (mut kept, mut dropped) = (Vec::new(), Dropped::new());
        let mut waiting: Vec<&[Target]> = vec![&all];
        let mut best = Resolution::default();
        while let Some(group) = waiting.pop() {
            let mut attempt: Vec<Target> = kept.clone();
            attempt.extend_from_slice(group);
            let resolved = self.manager.resolve(&Goal::Targets(attempt.clone()), self.removals)?;
            match (self.objection(&resolved), group) {
                (None, _) => (kept, best) = (attempt, possible(resolved)),
                (Some(cause), [target]) => _ = dropped.insert(target.package.clone(), chain(target, cause)),
                (Some(_), group) => {
                    let (first, second) = group.split_at(group.len() / 2);
                    waiting.extend([second, first]);
                }
            }
        }
        Ok((best, dropped))
    }
}

/// From the target that is held to the root of the matter.
fn chain(target: &Target, root: Cause) -> Vec<Cause> {
    let name = target.package.name.to_string();
    if root.subject == name {
        return vec![root];
    }
    let detail = format!("cannot be installed without {}", root.subject);
    vec![Cause { subject: name, reason: root.reason, detail }, root]
}

/// Targets that the package manager left as they are without a word.
fn kept_back(wanted: &BTreeMap<PackageKey, Version>, resolution: &Resolution, dropped: &Dropped) -> Dropped {
    let changes = |key: &PackageKey| {
        resolution.operations.iter().any(|o| o.kind != OperationKind::Configure && o.name == key.name)
    };
    let silent = wanted.keys().filter(|key| !dropped.contains_key(key) && !changes(key));
    let cause = |key: &PackageKey| {
        let detail = "the package manager keeps it back (see: apt-get -s install)".to_owned();
        vec![Cause { subject: key.name.to_string(), reason: HoldReason::Dependency, detail }]
    };
    silent.map(|key| (key.clone(), cause(key))).collect()
}

/// Looks up the archives of packages that are not installed yet, or change their architecture.
fn additions(
    context: &Context<'_>,
    survey: &Survey,
    resolution: &Resolution,
) -> Result<HashMap<PackageKey, Offer>, Failure> {
    let unknown = |operation: &&Operation| operation.kind == OperationKind::Unpack;
    let wanted: Vec<(PackageKey, Version)> = resolution
        .operations
        .iter()
        .filter(unknown)
        .filter_map(|o| {
            let key = PackageKey { name: o.name.clone(), architecture: o.architecture.clone() };
            let version = o.to.clone()?;
            survey.view.offer(&key, &version).is_none().then_some((key, version))
        })
        .collect();
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let offers = repository::lookup(&context.layout, &wanted).map_err(|error| {
        Failure::new(FailureKind::MalformedFeed, "the archives of new packages cannot be looked up")
            .caused_by(error)
    })?;
    Ok(wanted.into_iter().zip(offers).filter_map(|((key, _), offer)| Some((key, offer?))).collect())
}
