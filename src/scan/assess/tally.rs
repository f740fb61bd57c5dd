//! The counts of an assessment without its findings: what a summary needs, and nothing is made that it does not show.

use std::collections::HashSet;

use super::origin::Matched;
use super::priority::{Limits, Threats, due};
use super::{
    AssessInput, Circumstances, Group, Judgement, Judgements, assessment, is_told, judge, judgements, origin,
    pending, source_of, speaks,
};
use crate::model::advisory::Subject;
use crate::model::assessment::{Assessment, VerdictCounts};
use crate::model::finding::Verdict;
use crate::model::first_seen::Dates;
use crate::model::package::{Inventory, PackageName};
use crate::model::summary::{Facts, Summary, Tally, vulnerabilities};
use crate::model::vulnerability::Identifier;
use crate::scan::index::Index;

/// What one thread counts.
#[derive(Default)]
struct Counted<'a> {
    tally: Tally<'a>,
    counts: VerdictCounts,
    /// Sources of which a hole with a fix is told.
    told: HashSet<&'a PackageName>,
}

/// Judges everything and counts it: the same numbers as the summary of all open and unknown findings, and an
/// assessment without findings.
pub fn count(input: AssessInput<'_>) -> (Summary, Assessment) {
    let parts = judge(&input, Counted::default, |counted, group, judged| counted.add(&input, group, judged));
    let mut parts = parts.into_iter();
    let mut all = parts.next().unwrap_or_default();
    for counted in parts {
        all.tally.join(counted.tally);
        all.counts.join(&counted.counts);
        all.told.extend(counted.told);
    }
    let pending = pending::updates(&input, &all.told);
    let Counted { mut tally, mut counts, .. } = all;
    let today = input.now.date_naive();
    for finding in &pending {
        counts.add(1, finding.verdict, finding.severity);
        tally.add(Facts::of(finding, today), vulnerabilities(finding).map(Identifier::of));
    }
    (tally.summary(input.inventory.packages.len() as u64), assessment(&input, Vec::new(), counts))
}

impl<'a> Counted<'a> {
    fn add(&mut self, input: &AssessInput<'a>, group: Group<'_, 'a>, judged: &mut Judgements<'_, 'a>) {
        let (mut members, mut lacks_fix) = (None, false);
        for judgement in judged {
            let (verdict, severity) = (judgement.rule.verdict(), judgement.statement.severity());
            self.counts.add(group.members.len(), verdict, severity);
            lacks_fix |= verdict == Verdict::Vulnerable;
            if !is_told(verdict) {
                continue;
            }
            let known_exploited = Threats::of(&judgement.statement, input.threats).known_exploited;
            for member in members.get_or_insert_with(|| members_of(input, group)) {
                self.tally.add(facts(input, member, &judgement, known_exploited), names(&judgement));
            }
        }
        self.told.extend(source_of(group.members).filter(|_| lacks_fix));
    }
}

/// Counts what one index alone calls open on a host, package by package, whatever the repositories offer.
pub fn open_holes(inventory: &Inventory, index: &Index) -> u64 {
    let mut open = 0;
    for subject in [Subject::Source, Subject::Binary].into_iter().filter(|subject| speaks(index, *subject)) {
        for group in origin::covered(inventory, &[], subject).chunk_by(Matched::is_judged_alike) {
            let Some(first) = group.first() else { continue };
            let circumstances = Circumstances::default();
            let judged = judgements(index, first, &circumstances);
            let holes = judged.filter(|judgement| judgement.rule.verdict().is_open()).count();
            open += (holes * group.len()) as u64;
        }
    }
    open
}

/// What is the same for all findings of a package.
struct Member<'i> {
    /// The repositories offer a newer version.
    has_newer: bool,
    first_seen: Option<&'i Dates>,
}

fn members_of<'i>(input: &'i AssessInput<'_>, group: Group<'_, '_>) -> Vec<Member<'i>> {
    let member = |matched: &Matched<'_>| {
        let key = matched.package.key();
        let candidate = input.view.candidates.get(&key);
        Member {
            has_newer: candidate
                .is_some_and(|candidate| matched.package.version.is_older_than(&candidate.version)),
            first_seen: input.first_seen.of(group.feed, &key),
        }
    };
    group.members.iter().map(member).collect()
}

fn facts(
    input: &AssessInput<'_>,
    member: &Member<'_>,
    judgement: &Judgement<'_>,
    known_exploited: bool,
) -> Facts {
    let (verdict, severity) = (judgement.rule.verdict(), judgement.statement.severity());
    let first_seen = || member.first_seen.and_then(|dates| dates.of(judgement.statement.id()));
    let limits = Limits { settings: input.settings, now: input.now };
    let due = due((verdict, severity, known_exploited), || first_seen().unwrap_or(input.now), limits);
    Facts {
        verdict,
        severity,
        known_exploited,
        days_left: due.date.map(|date| (date - input.now.date_naive()).num_days()),
        installable: member.has_newer && verdict == Verdict::Vulnerable,
        unnamed: false,
        held: false,
        waived: false,
    }
}

/// The names that a finding would be counted under: its CVEs, or the vendor's own identifier.
fn names<'a>(judgement: &Judgement<'a>) -> impl Iterator<Item = Identifier<'a>> + use<'a> {
    let statement = judgement.statement;
    let has_cves = statement.vulnerabilities().any(|name| name.is_cve());
    let own = (!has_cves).then(|| statement.id());
    statement.vulnerabilities().filter(|name| name.is_cve()).chain(own)
}
