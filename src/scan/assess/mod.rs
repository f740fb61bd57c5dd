//! Inventory meets advisories: what is vulnerable here, and how sure that is. Pure: values in, values out.

pub mod affected;
pub mod completeness;
mod materialise;
pub mod origin;
pub mod pending;
pub mod priority;

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use self::materialise::Materialiser;
pub use self::materialise::finding_package;
use self::origin::Matched;
use crate::model::assessment::{Assessment, AssessmentSettings, VerdictCounts};
use crate::model::feed::{FeedStamp, SourceSettings};
use crate::model::finding::{Finding, NotCovered, Verdict};
use crate::model::offer::RepositoryView;
use crate::model::package::Inventory;
use crate::model::severity::Exposure;
use crate::scan::index::Index;

/// Which findings are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// What is open or unknown. The rest is counted only.
    Open,
    /// Also what is fixed or was never affected.
    All,
}

/// The compiled advisories of one feed, by the name that findings carry.
#[derive(Clone, Copy, Debug)]
pub struct FeedIndex<'a> {
    /// The feed's name.
    pub feed: &'a str,
    /// Its rows for this release.
    pub index: &'a Index,
}

/// Everything that an assessment is made from.
#[derive(Clone, Copy)]
pub struct AssessInput<'a> {
    /// What is installed.
    pub inventory: &'a Inventory,
    /// What the repositories offer.
    pub view: &'a RepositoryView,
    /// The advisories.
    pub indexes: &'a [FeedIndex<'a>],
    /// Packages that do not come from the distribution: they are listed, never matched.
    pub not_covered: &'a [NotCovered],
    /// The advisory feeds that apply, with the state each is in.
    pub stamps: &'a [FeedStamp],
    /// The sources behind the stamps.
    pub sources: &'a [SourceSettings],
    /// Ranking and due dates.
    pub settings: &'a AssessmentSettings,
    /// The time of the assessment.
    pub now: DateTime<Utc>,
    /// How reachable the code of a source package is here.
    pub exposure: &'a dyn Fn(&str) -> Exposure,
    /// When each finding was first seen on this host, by its id.
    pub first_seen: &'a HashMap<String, DateTime<Utc>>,
    /// Which findings are made.
    pub detail: Detail,
}

/// Judges every covered package against every statement about its source.
pub fn assess(input: AssessInput<'_>) -> Assessment {
    let covered = origin::covered(input.inventory, input.not_covered);
    let mut judged = Judged::default();
    for feed in input.indexes {
        for group in covered.chunk_by(Matched::is_judged_alike) {
            judge_group(&input, *feed, group, &mut judged);
        }
    }
    for finding in pending::updates(&input, &covered, &judged.findings) {
        judged.counts.add(finding.verdict, finding.severity);
        judged.findings.push(finding);
    }
    Assessment {
        findings: priority::sorted(judged.findings),
        not_covered: input.not_covered.to_vec(),
        feeds: input.stamps.iter().chain(&input.view.stamps).cloned().collect(),
        completeness: completeness::of(&input),
        counts: judged.counts,
    }
}

/// What was judged so far.
#[derive(Default)]
struct Judged {
    findings: Vec<Finding>,
    counts: VerdictCounts,
}

/// Judges packages of one source and version: each statement is compared once for all of them.
fn judge_group(input: &AssessInput<'_>, feed: FeedIndex<'_>, group: &[Matched<'_>], judged: &mut Judged) {
    let Some(first) = group.first() else { return };
    let mut materialiser = None;
    for advisory in feed.index.lookup(&first.source) {
        let rule = affected::rule(first, &advisory);
        group.iter().for_each(|_| judged.counts.add(rule.verdict(), advisory.severity));
        let wanted =
            input.detail == Detail::All || rule.verdict().is_open() || rule.verdict() == Verdict::Unknown;
        if wanted {
            let materialiser = materialiser.get_or_insert_with(|| Materialiser::new(input, feed.feed, group));
            materialiser.findings(&advisory, rule, &mut judged.findings);
        }
    }
}

#[cfg(test)]
mod tests;
