//! Inventory meets advisories: what is vulnerable here, and how sure that is. Pure: values in, values out.

pub mod affected;
mod announced;
mod circumstances;
pub mod completeness;
pub mod flavour;
mod kernels;
mod materialise;
pub mod origin;
pub mod pending;
pub mod priority;
mod reason;
mod scope;
mod tally;

use std::collections::HashSet;
use std::iter;

use chrono::{DateTime, Utc};

use self::affected::Rule;
pub(crate) use self::circumstances::Circumstances;
use self::materialise::Materialiser;
pub use self::materialise::finding_package;
use self::origin::Matched;
pub use self::priority::exposed;
pub use self::scope::{Channels, InUse};
pub use self::tally::{count, open_holes};
use crate::model::advisory::Subject;
use crate::model::assessment::{Assessment, AssessmentSettings, VerdictCounts};
use crate::model::feed::{FeedStamp, SourceSettings};
use crate::model::finding::{Finding, NotCovered, Verdict};
use crate::model::first_seen::FirstSeen;
use crate::model::offer::RepositoryView;
use crate::model::package::{Inventory, PackageName};
use crate::model::severity::Exposure;
use crate::scan::index::{Index, Statement, ThreatIndex};
use crate::threads;

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
    /// Feeds that give names and dates to what others state.
    pub announcements: &'a [FeedIndex<'a>],
    /// What is known about attacks.
    pub threats: Option<&'a ThreatIndex>,
    /// What the host uses of all that its vendor publishes.
    pub in_use: InUse<'a>,
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
    pub exposure: &'a (dyn Fn(&str) -> Exposure + Sync),
    /// When each finding was first seen on this host.
    pub first_seen: &'a FirstSeen,
    /// Which findings are made.
    pub detail: Detail,
}

/// What one thread finds.
#[derive(Default)]
struct Found<'a> {
    findings: Vec<Finding>,
    counts: VerdictCounts,
    /// Sources of which a hole with a fix is told.
    told: HashSet<&'a PackageName>,
}

/// Judges every covered package against every statement about its name.
pub fn assess(input: AssessInput<'_>) -> Assessment {
    let parts = judge(&input, Found::default, |found, group, judged| found.add(&input, group, judged));
    let mut parts = parts.into_iter();
    let mut all = parts.next().unwrap_or_default();
    for found in parts {
        all.findings.extend(found.findings);
        all.counts.join(&found.counts);
        all.told.extend(found.told);
    }
    let Found { mut findings, mut counts, told } = all;
    for finding in pending::updates(&input, &told) {
        counts.add(1, finding.verdict, finding.severity);
        findings.push(finding);
    }
    assessment(&input, priority::sorted(findings), counts)
}

impl<'a> Found<'a> {
    fn add(&mut self, input: &AssessInput<'a>, group: Group<'_, 'a>, judged: &mut Judgements<'_, 'a>) {
        let Group { feed, members } = group;
        let (mut materialiser, mut lacks_fix) = (None, false);
        for judgement in judged {
            let verdict = judgement.rule.verdict();
            self.counts.add(members.len(), verdict, judgement.statement.severity());
            lacks_fix |= verdict == Verdict::Vulnerable;
            if input.detail == Detail::All || is_told(verdict) {
                let materialiser =
                    materialiser.get_or_insert_with(|| Materialiser::new(input, feed, members));
                materialiser.findings(&judgement, &mut self.findings);
            }
        }
        self.told.extend(source_of(members).filter(|_| lacks_fix));
    }
}

/// Puts what was judged beside what it was judged from.
fn assessment(input: &AssessInput<'_>, findings: Vec<Finding>, counts: VerdictCounts) -> Assessment {
    Assessment {
        findings,
        not_covered: input.not_covered.to_vec(),
        feeds: input.stamps.iter().chain(&input.view.stamps).cloned().collect(),
        completeness: completeness::of(input),
        counts,
    }
}

/// What follows from one statement for packages that are judged alike.
#[derive(Clone, Copy)]
pub(crate) struct Judgement<'a> {
    /// The statement.
    pub(crate) statement: Statement<'a>,
    /// The rule that decided.
    pub(crate) rule: Rule,
}

/// Tells whether a verdict is told without being asked for: what is open, what waits for a boot, what nobody knows.
fn is_told(verdict: Verdict) -> bool {
    verdict.is_open() || matches!(verdict, Verdict::Unknown | Verdict::MitigatedLive)
}

/// The source package of a group.
fn source_of<'a>(group: &[Matched<'a>]) -> Option<&'a PackageName> {
    group.first().map(|first| &first.package.source.name)
}

/// From so many groups on several threads judge: 500 take 2 ms, and another thread begins after a part of one.
const SHARED_GROUPS: usize = 1_000;

/// Packages that are judged alike by one feed; never empty.
#[derive(Clone, Copy)]
struct Group<'g, 'a> {
    feed: &'a str,
    members: &'g [Matched<'a>],
}

/// What is stated about a group, and what follows from it.
type Judgements<'g, 'a> = dyn Iterator<Item = Judgement<'a>> + 'g;

/// Hands every group of packages, with what each feed states about it, to `each`. Several threads do that, each for a
/// value of its own; all of these are returned, in no order.
fn judge<'a, T: Send>(
    input: &AssessInput<'a>,
    begin: impl Fn() -> T + Sync,
    each: impl Fn(&mut T, Group<'_, 'a>, &mut Judgements<'_, 'a>) + Sync,
) -> Vec<T> {
    let circumstances = Circumstances::of(input);
    let mut found = Vec::new();
    for subject in [Subject::Source, Subject::Binary] {
        let feeds: Vec<_> = input.indexes.iter().filter(|feed| speaks(feed.index, subject)).collect();
        if feeds.is_empty() {
            continue;
        }
        let covered = origin::covered(input.inventory, input.not_covered, subject);
        let groups: Vec<_> = covered.chunk_by(Matched::is_judged_alike).collect();
        found.extend(threads::shared((groups.len(), SHARED_GROUPS), &begin, |value, number| {
            let members = groups[number];
            for FeedIndex { feed, index } in &feeds {
                each(value, Group { feed, members }, &mut judgements(index, &members[0], &circumstances));
            }
        }));
    }
    found
}

fn speaks(index: &Index, subject: Subject) -> bool {
    index.speaks_of(subject) || (subject == Subject::Source && index.speaks_of(Subject::SourcePrefix))
}

/// Judges a package, for all of its name and version: of statements with one identifier that which weighs most counts.
fn judgements<'a>(
    index: &'a Index,
    package: &Matched<'_>,
    circumstances: &Circumstances<'_>,
) -> impl Iterator<Item = Judgement<'a>> {
    let judgement = |statement| Some(Judgement { rule: circumstances.rule(package, &statement)?, statement });
    let mut rest = statements(index, package).filter_map(judgement).peekable();
    iter::from_fn(move || {
        let mut heaviest = rest.next()?;
        while let Some(next) = rest.next_if(|next| next.statement.has_same_id(&heaviest.statement)) {
            if next.weight() > heaviest.weight() {
                heaviest = next;
            }
        }
        Some(heaviest)
    })
}

/// Returns what an index says about a package by its name.
pub(crate) fn statements<'a>(
    index: &'a Index,
    package: &Matched<'_>,
) -> impl Iterator<Item = Statement<'a>> + use<'a> {
    let by_prefix = (package.subject == Subject::Source && index.speaks_of(Subject::SourcePrefix))
        .then(|| index.lookup_prefixes(&package.name));
    index.lookup(package.subject, &package.name).chain(by_prefix.into_iter().flatten())
}

impl Judgement<'_> {
    fn weight(&self) -> u8 {
        self.rule.weight(&self.statement)
    }
}

#[cfg(test)]
mod tests;
