//! What exactly would change: findings to decisions, decisions and the resolver's answer to a sealed plan.
//!
//! Pure: what has to be looked up on the host comes in as values.

pub mod difference;
pub mod one_way;
pub mod ordering;
pub mod policy;
pub mod seal;

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::model::decision::{Held, Selection};
use crate::model::digest::Sha256;
use crate::model::feed::FeedStamp;
use crate::model::finding::{Finding, Verdict};
use crate::model::offer::{Offer, RepositoryView};
use crate::model::package::{InstalledPackage, Inventory, PackageKey};
use crate::model::plan::{
    Action, ActionKind, ConffileForeseen, Operation, OperationKind, PLAN_SCHEMA, PatchPlan, PlanHost,
    Resolution, RestartForeseen, Reversibility, SpaceNeed,
};
use crate::model::snapshot::Protection;
use crate::model::version::{Version, VersionScheme};

/// Everything a plan is made from.
#[derive(Debug)]
pub struct PlanInput<'a> {
    /// What is installed.
    pub inventory: &'a Inventory,
    /// What the repositories offer.
    pub view: &'a RepositoryView,
    /// Offers of packages that are not installed yet.
    pub additions: &'a HashMap<PackageKey, Offer>,
    /// The findings, for what each change closes.
    pub findings: &'a [Finding],
    /// What the package manager would do.
    pub resolution: &'a Resolution,
    /// Whether the installed version of a package can be had again, and from where, by package.
    pub way_back: &'a HashMap<PackageKey, (Reversibility, String)>,
}

/// Turns the resolver's answer into actions, each in the resolver's own order.
///
/// # Errors
/// The resolver would install something that no enabled, signed repository offers.
pub fn actions(input: &PlanInput<'_>) -> Result<Vec<Action>, Unoffered> {
    let changes = input.resolution.operations.iter().filter(|o| o.kind != OperationKind::Configure);
    changes.map(|operation| action(input, operation)).collect()
}

/// The resolver names a version that no enabled, signed repository offers.
#[derive(Debug, thiserror::Error)]
#[error(
    "the package manager would install {package} {version}, which no enabled and signed repository offers"
)]
pub struct Unoffered {
    /// The package.
    pub package: PackageKey,
    /// The version.
    pub version: Version,
}

fn action(input: &PlanInput<'_>, operation: &Operation) -> Result<Action, Unoffered> {
    let key = operation.key();
    let installed = input.inventory.installed_as(&key);
    let installed_key = installed.map(InstalledPackage::key);
    let offer = operation.to.as_ref().map(|version| {
        let known = installed_key.as_ref().and_then(|at| input.view.offer(at, version));
        let known = known.or_else(|| input.additions.get(&key).filter(|offer| offer.version == *version));
        let signed = known.filter(|offer| offer.origin.signed);
        signed.ok_or_else(|| Unoffered { package: key.clone(), version: version.clone() })
    });
    let offer = offer.transpose()?;
    let is_beside = operation.kind == OperationKind::Add && installed.is_some();
    let from = installed.filter(|_| !is_beside).map(|package| package.version.clone());
    let kind = if is_beside { ActionKind::Add } else { kind_of(from.as_ref(), operation.to.as_ref()) };
    let found: Vec<&Finding> =
        offer.map(|offer| closed(input.findings, &key, offer).collect()).unwrap_or_default();
    let security = !found.is_empty() || offer.is_some_and(|offer| offer.origin.security);
    let closes = identifiers(&found);
    let (reversible, way_back) = way_back(input, installed_key.as_ref(), kind);
    let not_undone = one_way::not_undone(kind, key.name.as_str()).map(str::to_owned);
    Ok(Action {
        package: key.name,
        architecture: key.architecture,
        kind,
        from,
        to: operation.to.clone(),
        origin: offer.map_or_else(String::new, |offer| offer.origin.title()),
        artifact: offer.map(|offer| offer.artifact.clone()),
        why: format!("{}; {way_back}", reason(kind, &found)),
        security: security && matches!(kind, ActionKind::Upgrade | ActionKind::Add),
        closes,
        reversible,
        not_undone,
    })
}

fn kind_of(from: Option<&Version>, to: Option<&Version>) -> ActionKind {
    match (from, to) {
        (_, None) => ActionKind::Remove,
        (None, Some(_)) => ActionKind::Install,
        (Some(from), Some(to)) if to.is_older_than(from) => ActionKind::Downgrade,
        (Some(_), Some(_)) => ActionKind::Upgrade,
    }
}

fn reason(kind: ActionKind, closed: &[&Finding]) -> &'static str {
    match kind {
        ActionKind::Install => "needed by another change",
        ActionKind::Remove => "stands in the way of another change",
        _ if closed.is_empty() => "update without a known vulnerability, or needed by another change",
        _ if closed.iter().all(|finding| finding.is_unnamed()) => {
            "security update of the distribution; no feed names what it closes"
        }
        _ => "closes vulnerabilities",
    }
}

/// The findings about a package that its new source version is no longer older than.
fn closed<'a>(findings: &'a [Finding], key: &PackageKey, offer: &Offer) -> impl Iterator<Item = &'a Finding> {
    let is_closed = move |finding: &&Finding| {
        finding.package.name == key.name
            && finding.package.architecture == key.architecture
            && finding.verdict == Verdict::Vulnerable
            && is_fixed_by(finding, offer)
    };
    findings.iter().filter(is_closed)
}

fn identifiers(findings: &[&Finding]) -> Vec<String> {
    let mut ids: Vec<String> =
        findings.iter().flat_map(|finding| finding.identifiers()).map(str::to_owned).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Debian's advisories speak about source versions, those of rpm's distributions about the binary packages (updateinfo,
/// CSAF): the name of a source package's file carries no epoch.
fn is_fixed_by(finding: &Finding, offer: &Offer) -> bool {
    let offered = match offer.version.scheme() {
        VersionScheme::Rpm => &offer.version,
        _ => &offer.source.version,
    };
    finding.fixed_version.as_ref().is_some_and(|fixed| !offered.is_older_than(fixed))
}

fn way_back(
    input: &PlanInput<'_>,
    installed: Option<&PackageKey>,
    kind: ActionKind,
) -> (Reversibility, String) {
    match installed.and_then(|key| input.way_back.get(key)) {
        _ if matches!(kind, ActionKind::Install | ActionKind::Add) => {
            (Reversibility::Reversible, "is removed again on rollback".to_owned())
        }
        Some((reversibility, reason)) => (*reversibility, reason.clone()),
        None => (Reversibility::NotReversible, "the installed version cannot be had again".to_owned()),
    }
}

/// What the host was seen to be like, for the parts of a plan that look ahead.
#[derive(Clone, Debug)]
pub struct Foresight {
    /// What the run is protected by.
    pub protection: Protection,
    /// Services and processes on files that will be replaced.
    pub restarts: Vec<RestartForeseen>,
    /// Why a reboot is needed afterwards.
    pub reboot: Option<String>,
    /// Room on every mount.
    pub space: Vec<SpaceNeed>,
    /// Configuration files that were edited.
    pub conffiles: Vec<ConffileForeseen>,
    /// What the operator should know first.
    pub warnings: Vec<String>,
}

/// Which host, when, and by whose word.
#[derive(Clone, Debug)]
pub struct Circumstances {
    /// When.
    pub now: DateTime<Utc>,
    /// Which host.
    pub host: PlanHost,
    /// Digest of the package database.
    pub inventory_digest: Sha256,
    /// The feeds behind the findings.
    pub feeds: Vec<FeedStamp>,
    /// Digest of the settings that decided.
    pub policy_digest: Sha256,
    /// What the operator asked for.
    pub selection: Selection,
}

/// Orders the actions into steps and seals the plan.
pub fn assemble(
    circumstances: Circumstances,
    resolution: &Resolution,
    (actions, held): (Vec<Action>, Vec<Held>),
    foresight: Foresight,
) -> PatchPlan {
    let download_bytes =
        actions.iter().filter_map(|action| action.artifact.as_ref()).map(|artifact| artifact.size).sum();
    let mut warnings = foresight.warnings;
    warnings.extend(warnings_about(&actions));
    let plan = PatchPlan {
        schema: PLAN_SCHEMA.to_owned(),
        id: Sha256::of(b""),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        created: circumstances.now,
        host: circumstances.host,
        inventory_digest: circumstances.inventory_digest,
        feeds: circumstances.feeds,
        policy_digest: circumstances.policy_digest,
        selection: circumstances.selection,
        steps: ordering::steps(resolution, actions),
        held,
        warnings,
        snapshot: foresight.protection,
        restarts: foresight.restarts,
        reboot: foresight.reboot,
        download_bytes,
        space: foresight.space,
        conffiles: foresight.conffiles,
    };
    seal::sealed(plan)
}

/// Additions, removals and ways back that do not exist are named before anybody says yes.
fn warnings_about(actions: &[Action]) -> Vec<String> {
    let named = |wanted: &dyn Fn(&Action) -> bool| -> Vec<&str> {
        actions.iter().filter(|action| wanted(action)).map(|action| action.package.as_str()).collect()
    };
    let groups = [
        ("adds packages that were not installed", named(&|a| a.kind == ActionKind::Install)),
        ("installs beside the present version", named(&|a| a.kind == ActionKind::Add)),
        ("removes packages", named(&|a| a.kind == ActionKind::Remove)),
        ("cannot take back", named(&|a| a.reversible == Reversibility::NotReversible)),
    ];
    let told = groups.into_iter().filter(|(_, names)| !names.is_empty());
    told.map(|(what, names)| format!("{what}: {}", first_of(&names))).collect()
}

/// A few names and how many more there are; each is in the plan's own steps.
fn first_of(names: &[&str]) -> String {
    const TOLD: usize = 6;
    let told = names.iter().take(TOLD).copied().collect::<Vec<_>>().join(", ");
    if names.len() > TOLD { format!("{told} and {} more", names.len() - TOLD) } else { told }
}
