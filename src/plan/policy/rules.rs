//! The administrator's rules as gates: waivers, blocks, choices, approval delays and freezes. Each answer names the rule
//! and where it was written.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::model::approval::{ApprovalDelay, Choice, FastLane, LeftOut, Phasing};
use crate::model::decision::{Cause, HoldReason};
use crate::model::finding::{Finding, Origin, Verdict};
use crate::model::package::{InstalledPackage, PackageName};
use crate::model::ring::Ring;
use crate::model::rule::{Block, RulePlace, Waiver};
use crate::model::version::Version;
use crate::model::window::Freeze;

/// The rules that decide beside the minimum severity and the way back. By default nothing is ruled out.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// How long a patch waits.
    pub delay: ApprovalDelay,
    /// Whether what is exploited in the wild waits.
    pub known_exploited: FastLane,
    /// The ring of this host, where there are rings.
    pub ring: Option<Ring>,
    /// Which packages.
    pub packages: Choice,
    /// Which advisories and vulnerabilities.
    pub advisories: Choice,
    /// The repositories that may be installed from, as patterns of `label:codename`; empty allows all.
    pub origins: Vec<String>,
    /// Whether packages may be added that are not installed.
    pub refuses_new_packages: bool,
    /// What becomes of updates that their vendor phases.
    pub phasing: Phasing,
    /// Freezes.
    pub freezes: Vec<Freeze>,
    /// Blocks.
    pub blocks: Vec<Block>,
    /// Waivers.
    pub waivers: Vec<Waiver>,
    /// Where each key of the configuration was written.
    pub places: BTreeMap<String, RulePlace>,
}

impl Rules {
    /// Returns where a key was written; nothing where the default decides.
    pub fn place(&self, key: &str) -> Option<&RulePlace> {
        self.places.get(key)
    }

    /// The waiver that covers a finding on a day.
    pub fn waived(&self, finding: &Finding, today: NaiveDate) -> Option<Cause> {
        let waiver = self.waivers.iter().find(|waiver| waiver.covers(finding, today))?;
        Some(cause(&finding.package.name, HoldReason::Waived, waiver.words()).by(Some(&waiver.place)))
    }

    /// Why the policy does not want a finding closed, whatever the time.
    pub(super) fn leaves_out_finding(&self, finding: &Finding) -> Option<Cause> {
        let own = [&*finding.advisory].into_iter().chain(finding.announced_in.as_deref());
        let names: Vec<&str> = own.chain(finding.cves.iter().map(String::as_str)).collect();
        self.left_out(("policy.advisories", &self.advisories), &finding.package.name, &names)
    }

    /// Why the policy does not want a package changed, whatever the time.
    pub(super) fn leaves_out_package(&self, package: &InstalledPackage) -> Option<Cause> {
        let names = [package.name.as_str(), package.source.name.as_str()];
        self.left_out(("policy.packages", &self.packages), &package.name, &names)
    }

    fn left_out(
        &self,
        (table, choice): (&str, &Choice),
        subject: &PackageName,
        names: &[&str],
    ) -> Option<Cause> {
        let (key, detail) = match choice.leaves_out(names)? {
            LeftOut::Never(pattern) => (format!("{table}.never"), format!("{table}.never names {pattern}")),
            LeftOut::NotAmong => (format!("{table}.only"), format!("{table}.only does not name it")),
        };
        Some(cause(subject, HoldReason::LeftOut, detail).by(self.place(&key)))
    }

    /// The block that stops a version of a package: by its name, or by an advisory that the version closes.
    pub(super) fn blocked(
        &self,
        package: &InstalledPackage,
        to: &Version,
        (findings, today): (&[Finding], NaiveDate),
    ) -> Option<Cause> {
        let of_package = |finding: &&Finding| {
            finding.verdict == Verdict::Vulnerable
                && finding.package.name == package.name
                && finding.package.architecture == package.architecture
        };
        let block = self.blocks.iter().find(|block| {
            block.stops(package, to, today)
                || findings.iter().filter(of_package).any(|finding| block.stops_advisory(finding, today))
        })?;
        let detail = format!("{}: {}", block.subject, block.words());
        Some(cause(&package.name, HoldReason::Blocked, detail).by(Some(&block.place)))
    }

    /// Why nothing is installed from a repository.
    pub(super) fn refuses_origin(&self, name: &PackageName, origin: &Origin) -> Option<Cause> {
        let names =
            [format!("{}:{}", origin.label, origin.codename), format!("{}:{}", origin.label, origin.suite)];
        let choice = Choice { only: self.origins.clone(), never: Vec::new() };
        choice.leaves_out(&[&names[0], &names[1]])?;
        let detail = format!("it is offered by {}, which policy.origins does not name", names[0]);
        Some(cause(name, HoldReason::OriginRefused, detail).by(self.place("policy.origins")))
    }

    /// Why a finding is not to be closed yet.
    pub(super) fn not_yet(&self, finding: &Finding, now: DateTime<Utc>) -> Option<Cause> {
        self.too_young(finding, now).or_else(|| {
            let freeze = self.frozen(now)?;
            (!freeze.lets_through(finding)).then(|| frozen(&finding.package.name, freeze))
        })
    }

    /// Why an update that closes nothing is not to be installed yet.
    pub(super) fn update_not_yet(&self, package: &InstalledPackage, now: DateTime<Utc>) -> Option<Cause> {
        let freeze = self.frozen(now)?;
        (!freeze.lets_update_through(package)).then(|| frozen(&package.name, freeze))
    }

    fn frozen(&self, now: DateTime<Utc>) -> Option<&Freeze> {
        self.freezes.iter().find(|freeze| freeze.covers(now))
    }

    /// A patch is as old as its vendor says. Where the vendor gives no date, or one that is still to come, it counts from
    /// when this host first saw the finding, which no refresh resets.
    fn too_young(&self, finding: &Finding, now: DateTime<Utc>) -> Option<Cause> {
        if finding.known_exploited && self.known_exploited == FastLane::Now {
            return None;
        }
        let (own, word) = self.delay.of(finding.severity);
        let ring = self.ring.as_ref().filter(|ring| !ring.delay.is_zero());
        let delay = own + ring.map_or(std::time::Duration::ZERO, |ring| ring.delay);
        let (since, whose) = match finding.fix_available.filter(|date| *date <= now) {
            Some(date) => (date, "the vendor's"),
            None => (finding.first_seen.unwrap_or(now), "first seen"),
        };
        let until = since.checked_add_signed(TimeDelta::from_std(delay).ok()?)?;
        if delay.is_zero() || now >= until {
            return None;
        }
        let key =
            if own.is_zero() { "policy.rings".to_owned() } else { format!("policy.approval_delay.{word}") };
        let of_ring = ring.map_or_else(String::new, |ring| format!(", ring {}", ring.name));
        let detail = format!(
            "{word}{of_ring}: waits until {} ({whose} {})",
            until.format("%Y-%m-%d %H:%M UTC"),
            since.format("%Y-%m-%d")
        );
        Some(cause(&finding.package.name, HoldReason::ApprovalDelay, detail).by(self.place(&key)))
    }
}

fn frozen(subject: &PackageName, freeze: &Freeze) -> Cause {
    let detail = format!("until {}: {}", freeze.to, freeze.reason);
    cause(subject, HoldReason::Frozen, detail).by(Some(&freeze.place))
}

fn cause(subject: &PackageName, reason: HoldReason, detail: impl Into<String>) -> Cause {
    Cause::new(subject.to_string(), reason, detail)
}
