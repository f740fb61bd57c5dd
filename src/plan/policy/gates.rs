//! The gates a finding has to pass to be patched, each with its own reason to hold.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::DecisionInput;
use super::rules::Rules;
use crate::model::decision::{Cause, HoldReason, Selection};
use crate::model::finding::{Candidate, Finding, Verdict};
use crate::model::package::{InstalledPackage, PackageKey, PackageName};
use crate::model::plan::Reversibility;
use crate::model::run::RunId;
use crate::model::severity::Severity;
use crate::model::version::Version;

/// What the administrator allows, and what earlier runs taught.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Findings below this stay.
    pub minimum_severity: Severity,
    /// Versions that were rolled back here.
    pub quarantine: Vec<Quarantined>,
    /// Whether the installed version of a package can be had again, and from where.
    pub way_back: HashMap<PackageKey, (Reversibility, String)>,
    /// Packages that may be changed although no way back was proved.
    pub accept_no_rollback: Vec<PackageName>,
    /// Archives rebuilt from installed files count as a way back.
    pub accept_reconstructed: bool,
    /// A package without a way back is held. Not so for another root, which a plan never changes.
    pub needs_way_back: bool,
    /// Everything else that the administrator wrote.
    pub rules: Rules,
    /// The time that is decided for.
    pub now: DateTime<Utc>,
}

/// A version that was rolled back on this host and is not installed again until a newer one appears.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    /// The package.
    #[serde(flatten)]
    pub package: PackageKey,
    /// The version that was taken back.
    pub version: Version,
    /// The run that took it back.
    pub run: RunId,
    /// When.
    pub since: DateTime<Utc>,
}

fn cause(subject: &PackageName, reason: HoldReason, detail: impl Into<String>) -> Cause {
    Cause::new(subject.to_string(), reason, detail)
}

/// Judges a finding: the version to install, or the gate that stops it.
pub(super) fn judge(input: &DecisionInput<'_>, finding: &Finding) -> Result<Version, Cause> {
    let name = &finding.package.name;
    if !is_selected(input.selection, finding) {
        return Err(cause(name, HoldReason::NotSelected, "not among what was asked for"));
    }
    let (policy, rules) = (input.policy, &input.policy.rules);
    if let Some(waived) = rules.waived(finding, policy.now.date_naive()) {
        return Err(waived);
    }
    match finding.verdict {
        Verdict::Vulnerable => {}
        Verdict::VulnerableNoFix => return Err(cause(name, HoldReason::NoFix, finding.reason.as_ref())),
        _ => return Err(cause(name, HoldReason::Unknown, finding.reason.as_ref())),
    }
    if let Some(refused) = rules.leaves_out_finding(finding).or_else(|| too_mild(policy, finding)) {
        return Err(refused);
    }
    let key = PackageKey { name: name.clone(), architecture: finding.package.architecture.clone() };
    let package =
        input.inventory.find(&key).ok_or_else(|| cause(name, HoldReason::Unknown, "no longer installed"))?;
    let candidate =
        lowest_that_closes(input, finding, &key).map_or_else(|| newer_candidate(input, package), Ok)?;
    judge_update(input, package, candidate)?;
    rules.not_yet(finding, policy.now).map_or_else(|| Ok(candidate.version.clone()), Err)
}

/// The lowest version that closes a finding which was asked for by name, where the package manager has that choice and it is
/// not its candidate anyway.
fn lowest_that_closes<'a>(
    input: &DecisionInput<'a>,
    finding: &Finding,
    key: &PackageKey,
) -> Option<&'a Candidate> {
    let fixed = finding.fixed_version.as_ref().filter(|_| input.selection.names_holes())?;
    let mut lower = input.view.lower.get(key)?.iter();
    lower.find(|lower| reaches(&lower.version, fixed)).map(|lower| &**lower)
}

/// Tells whether a version of a package is not older than the one with the fix; those of other schemes have no order.
pub(super) fn reaches(version: &Version, fixed: &Version) -> bool {
    version.scheme() == fixed.scheme() && !version.is_older_than(fixed)
}

/// What is exploited in the wild is never too mild.
fn too_mild(policy: &Policy, finding: &Finding) -> Option<Cause> {
    let (severity, least) = (finding.severity, policy.minimum_severity);
    if severity >= least || finding.known_exploited {
        return None;
    }
    let detail = format!("{} is below the minimum of {}", severity.word(), least.word());
    let own = cause(&finding.package.name, HoldReason::BelowSeverity, detail);
    Some(own.by(policy.rules.place("policy.minimum_severity")))
}

/// The candidate, when it is newer than what is installed; else why there is none.
fn newer_candidate<'a>(
    input: &DecisionInput<'a>,
    package: &InstalledPackage,
) -> Result<&'a Candidate, Cause> {
    let (key, advice) = (package.key(), input.inventory.distribution.advice());
    let newest = input.view.offers.get(&key).and_then(|offers| {
        offers
            .iter()
            .map(|offer| &offer.version)
            .reduce(|best, version| if best.is_older_than(version) { version } else { best })
    });
    match input.view.candidates.get(&key) {
        Some(candidate) if package.version.is_older_than(&candidate.version) => Ok(candidate),
        _ if package.hold => Err(on_hold(input, package)),
        Some(candidate) if newest.is_some_and(|newest| candidate.version.is_older_than(newest)) => {
            let detail =
                format!("pins prefer {} (see: {} {})", candidate.version, advice.preferences, package.name);
            Err(cause(&package.name, HoldReason::Pinned, detail))
        }
        _ => {
            Err(cause(&package.name, HoldReason::NotOffered, "no enabled repository offers a newer version"))
        }
    }
}

fn on_hold(input: &DecisionInput<'_>, package: &InstalledPackage) -> Cause {
    let release = input.inventory.distribution.advice().release;
    let detail = format!("{release} {} would release it", package.name);
    cause(&package.name, HoldReason::PackageHold, detail)
}

/// Judges an update apart from vulnerabilities: exclusions, holds, quarantine, blocks, repositories and the way back.
pub(super) fn judge_update(
    input: &DecisionInput<'_>,
    package: &InstalledPackage,
    candidate: &Candidate,
) -> Result<(), Cause> {
    let name = &package.name;
    if input.selection.exclude.iter().any(|excluded| excluded == name || *excluded == package.source.name) {
        return Err(cause(name, HoldReason::NotSelected, "excluded on the command line"));
    }
    if package.hold {
        return Err(on_hold(input, package));
    }
    if let Some(standing) = input.policy.standing(package, &candidate.version, input.findings) {
        return Err(standing);
    }
    if !candidate.origin.signed {
        let detail =
            format!("{} comes from {}, which is not signed", candidate.version, candidate.origin.site);
        return Err(cause(name, HoldReason::NotOffered, detail));
    }
    if let Some(refused) = input.policy.rules.refuses_origin(name, &candidate.origin) {
        return Err(refused);
    }
    input.policy.no_way_back(package).map_or(Ok(()), Err)
}

impl Policy {
    /// Returns why a version of a package is not installed, whoever asks for it and whatever the time: it was rolled back
    /// here, is blocked, or the policy leaves the package out. It holds for what another change would bring along too.
    pub fn standing(&self, package: &InstalledPackage, to: &Version, findings: &[Finding]) -> Option<Cause> {
        let of_version = |entry: &&Quarantined| entry.package == package.key() && entry.version == *to;
        if let Some(entry) = self.quarantine.iter().find(of_version) {
            let detail = format!("run {} took {} back; a newer version lifts this", entry.run, entry.version);
            return Some(cause(&package.name, HoldReason::Quarantined, detail));
        }
        let blocked = self.rules.blocked(package, to, (findings, self.now.date_naive()));
        blocked.or_else(|| self.rules.leaves_out_package(package))
    }

    /// Returns why a package must stay as it is because it could not be brought back; nothing where it could, where
    /// that is accepted by name, or where nobody has looked yet.
    pub fn no_way_back(&self, package: &InstalledPackage) -> Option<Cause> {
        if !self.needs_way_back || self.accept_no_rollback.contains(&package.name) {
            return None;
        }
        let detail = match self.way_back.get(&package.key())? {
            (Reversibility::Reversible | Reversibility::SnapshotOnly, _) => return None,
            (Reversibility::Reconstructed, _) if self.accept_reconstructed => return None,
            (Reversibility::Reconstructed, reason) => {
                format!("{reason}, and policy refuses rebuilt archives")
            }
            (Reversibility::NotReversible, reason) => reason.clone(),
        };
        let detail = format!("{detail} (--accept-no-rollback {} patches it all the same)", package.name);
        Some(cause(&package.name, HoldReason::NoWayBack, detail))
    }
}

/// Tells whether the command line asks for this finding; naming exact versions asks for nothing else.
fn is_selected(selection: &Selection, finding: &Finding) -> bool {
    let only_exact = !selection.exact.is_empty() && selection.packages.is_empty();
    !only_exact && selection.selects(finding)
}
