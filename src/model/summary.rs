//! The counts of a report.

use std::collections::{BTreeMap, HashSet};

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::decision::HoldReason;
use super::finding::{Finding, Verdict};
use super::severity::Severity;
use super::vulnerability::Identifier;

/// From this many days before its due date on, a finding counts as due soon.
const SOON_DAYS: i64 = 7;

/// Counts of findings, of the vulnerabilities behind them, and of what is due.
///
/// A finding is one advisory in one binary package; a vulnerability counts once however many packages have it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Installed packages.
    pub packages: u64,
    /// Findings by verdict; a verdict without findings is absent.
    pub by_verdict: BTreeMap<Verdict, u64>,
    /// Open findings by the vendor's severity; a severity without findings is absent.
    pub by_severity: BTreeMap<Severity, u64>,
    /// Open vulnerabilities, unnamed ones included.
    pub open_vulnerabilities: u64,
    /// How many of them are known only as a pending security update of a source package: no feed names them.
    #[serde(default)]
    pub unnamed: u64,
    /// Open vulnerabilities by their worst severity; a severity without any is absent.
    pub open_by_severity: BTreeMap<Severity, u64>,
    /// Open vulnerabilities that are exploited in the wild.
    pub known_exploited: u64,
    /// Open vulnerabilities past their due date.
    pub overdue: u64,
    /// Open vulnerabilities that are due within a week.
    #[serde(default)]
    pub due_soon: u64,
    /// Open vulnerabilities that the enabled repositories can close now in every package that has them.
    pub installable: u64,
    /// Findings that the enabled repositories can close now.
    #[serde(default)]
    pub installable_findings: u64,
    /// Vulnerabilities that no update closes today, by the reason.
    #[serde(default)]
    pub open_ends: OpenEnds,
    /// Packages for which the enabled repositories offer a newer version, security or not.
    pub pending_updates: u64,
    /// A reboot is needed for what is installed to take effect.
    pub reboot_required: bool,
    /// Services and processes that still run replaced code.
    pub restarts_required: u64,
}

/// Vulnerabilities that no update closes today. One with several reasons counts under each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OpenEnds {
    /// The vendor has no fix.
    pub no_fix: u64,
    /// A fix is known, and no enabled repository offers it.
    pub not_offered: u64,
    /// Nobody can tell whether they are there.
    pub unknown: u64,
    /// Held by this host's own hold, pin or policy.
    pub held: u64,
    /// Patched in memory only.
    pub mitigated_live: u64,
    /// Covered by waivers: open, and not counted as such.
    #[serde(default)]
    pub waived: u64,
}

impl Summary {
    /// Counts findings on a day. What findings do not tell (pending updates, reboot, restarts) is left at zero.
    pub fn count(packages: u64, findings: &[Finding], today: NaiveDate) -> Self {
        let mut tally = Tally::default();
        for finding in findings {
            tally.add(Facts::of(finding, today), vulnerabilities(finding).map(Identifier::of));
        }
        tally.summary(packages)
    }

    /// Returns how many findings have a verdict.
    pub fn with_verdict(&self, verdict: Verdict) -> u64 {
        self.by_verdict.get(&verdict).copied().unwrap_or(0)
    }
}

/// What of a finding is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// What is true of the package.
    pub verdict: Verdict,
    /// The vendor's word.
    pub severity: Severity,
    /// Exploited in the wild.
    pub known_exploited: bool,
    /// Days until it is due, negative when that is past.
    pub days_left: Option<i64>,
    /// The enabled repositories offer a version that closes it.
    pub installable: bool,
    /// Only a repository's newer version tells of it.
    pub unnamed: bool,
    /// Held by this host's own hold, pin or policy.
    pub held: bool,
    /// Covered by a waiver: it counts as that alone.
    pub waived: bool,
}

impl Facts {
    /// Takes from a finding what is counted on a day.
    pub fn of(finding: &Finding, today: NaiveDate) -> Self {
        Self {
            verdict: finding.verdict,
            severity: finding.severity,
            known_exploited: finding.known_exploited,
            days_left: finding.due.map(|due| (due - today).num_days()),
            installable: finding.is_installable(),
            unnamed: finding.is_unnamed(),
            held: is_held_here(finding),
            waived: finding.is_waived(),
        }
    }
}

/// Held by this host's own hold, pin or policy; what has no fix or no verdict is counted as that.
fn is_held_here(finding: &Finding) -> bool {
    let reason = finding.disposition.as_ref().and_then(|disposition| disposition.reason);
    reason.is_some_and(|reason| {
        !matches!(
            reason,
            HoldReason::NotSelected
                | HoldReason::NoFix
                | HoldReason::NotOffered
                | HoldReason::Unknown
                | HoldReason::Waived
        )
    })
}

/// Counts in the making. Names are compared and never copied, so that ten thousand findings cost no memory of their
/// own.
#[derive(Debug, Default)]
pub struct Tally<'a> {
    /// Findings by the verdict's place among all.
    by_verdict: [u64; Verdict::ALL.len()],
    /// Open findings by the severity's place among all.
    by_severity: [u64; Severity::ALL.len()],
    installable_findings: u64,
    /// What was seen of each vulnerability, as marks: findings are many, and what is sorted has to be small. So a CVE
    /// and its marks share one number, the identifier in front.
    cves: Vec<u64>,
    others: Vec<(&'a str, Marks)>,
}

/// What of a finding counts for its vulnerability, one bit each.
type Marks = u16;

/// The marks.
mod mark {
    use super::Marks;

    pub(super) const OPEN: Marks = 1;
    pub(super) const NO_FIX: Marks = 1 << 1;
    pub(super) const NOT_OFFERED: Marks = 1 << 2;
    pub(super) const UNKNOWN: Marks = 1 << 3;
    pub(super) const MITIGATED_LIVE: Marks = 1 << 4;
    pub(super) const HELD: Marks = 1 << 5;
    pub(super) const UNNAMED: Marks = 1 << 6;
    pub(super) const KNOWN_EXPLOITED: Marks = 1 << 7;
    pub(super) const OVERDUE: Marks = 1 << 8;
    pub(super) const DUE_SOON: Marks = 1 << 9;
    /// Open, and no enabled repository closes it.
    pub(super) const STAYS: Marks = 1 << 10;
    pub(super) const WAIVED: Marks = 1 << 11;
    /// Where the severity of an open finding stands, 0 for none.
    pub(super) const SEVERITY: u32 = 12;
}

impl<'a> Tally<'a> {
    /// Counts one finding and the vulnerabilities behind it.
    pub fn add(&mut self, facts: Facts, vulnerabilities: impl Iterator<Item = Identifier<'a>>) {
        self.by_verdict[facts.verdict as usize] += 1;
        self.installable_findings += u64::from(facts.installable && !facts.waived);
        if facts.verdict.is_open() && !facts.waived {
            self.by_severity[facts.severity as usize] += 1;
        }
        let marks = facts.marks();
        for name in vulnerabilities {
            match name {
                Identifier::Cve(cve) => self.cves.push(cve.to_bits() << Marks::BITS | u64::from(marks)),
                Identifier::Text(text) => self.others.push((text, marks)),
            }
        }
    }

    /// Counts what another tally counted as well.
    pub fn join(&mut self, other: Self) {
        let add = |sum: &mut [u64], counts: &[u64]| sum.iter_mut().zip(counts).for_each(|(a, b)| *a += b);
        add(&mut self.by_verdict, &other.by_verdict);
        add(&mut self.by_severity, &other.by_severity);
        self.installable_findings += other.installable_findings;
        self.cves.extend(other.cves);
        self.others.extend(other.others);
    }

    /// Returns the counts.
    pub fn summary(mut self, packages: u64) -> Summary {
        let mut summary = Summary {
            packages,
            by_verdict: present(&self.by_verdict, Verdict::ALL, |verdict| verdict as usize),
            by_severity: present(&self.by_severity, Severity::ALL, |severity| severity as usize),
            installable_findings: self.installable_findings,
            ..Summary::default()
        };
        self.cves.sort_unstable();
        self.others.sort_unstable();
        let is_same = |a: &u64, b: &u64| a >> Marks::BITS == b >> Marks::BITS;
        // The marks are the lower bits: the cut is what is meant.
        let marks = |seen: &u64| *seen as Marks;
        let cves = self.cves.chunk_by(is_same).map(|of_one| joined(of_one.iter().map(marks)));
        let others =
            self.others.chunk_by(|a, b| a.0 == b.0).map(|of_one| joined(of_one.iter().map(|seen| seen.1)));
        cves.chain(others).for_each(|marks| summary.add(marks));
        summary
    }
}

/// Returns the counts that are not zero, by their words.
fn present<Word: Copy + Ord, const COUNT: usize>(
    counts: &[u64; COUNT],
    words: [Word; COUNT],
    place: impl Fn(Word) -> usize,
) -> BTreeMap<Word, u64> {
    words.into_iter().map(|word| (word, counts[place(word)])).filter(|(_, count)| *count > 0).collect()
}

/// Joins the marks of all findings that have one vulnerability: the worst severity, and every other mark once.
fn joined(marks: impl Iterator<Item = Marks>) -> Marks {
    const SEVERITY_BITS: Marks = Marks::MAX << mark::SEVERITY;
    marks.fold(0, |all, one| (all | one) & !SEVERITY_BITS | (all & SEVERITY_BITS).max(one & SEVERITY_BITS))
}

impl Facts {
    fn marks(&self) -> Marks {
        if self.waived {
            return mark::WAIVED;
        }
        let open = self.verdict.is_open();
        let due =
            |days: std::ops::Range<i64>| open && self.days_left.is_some_and(|left| days.contains(&left));
        let all = [
            (mark::OPEN, open),
            (mark::NO_FIX, self.verdict == Verdict::VulnerableNoFix),
            (mark::NOT_OFFERED, self.verdict == Verdict::Vulnerable && !self.installable),
            (mark::UNKNOWN, self.verdict == Verdict::Unknown),
            (mark::MITIGATED_LIVE, self.verdict == Verdict::MitigatedLive),
            (mark::HELD, self.held),
            (mark::UNNAMED, open && self.unnamed),
            (mark::KNOWN_EXPLOITED, open && self.known_exploited),
            (mark::OVERDUE, due(i64::MIN..0)),
            (mark::DUE_SOON, due(0..SOON_DAYS)),
            (mark::STAYS, open && !self.installable),
        ];
        let severity = if open { rank(self.severity) + 1 } else { 0 };
        all.iter()
            .filter(|(_, is_set)| *is_set)
            .fold(severity << mark::SEVERITY, |marks, (mark, _)| marks | mark)
    }
}

/// The place of a severity, mildest first.
fn rank(severity: Severity) -> Marks {
    Severity::ALL.iter().rev().zip(0..).find(|(word, _)| **word == severity).map_or(0, |(_, rank)| rank)
}

impl Summary {
    /// Counts one vulnerability by the marks of all findings that have it.
    fn add(&mut self, marks: Marks) {
        let has = |mark: Marks| u64::from(marks & mark != 0);
        self.open_ends.no_fix += has(mark::NO_FIX);
        self.open_ends.not_offered += has(mark::NOT_OFFERED);
        self.open_ends.unknown += has(mark::UNKNOWN);
        self.open_ends.mitigated_live += has(mark::MITIGATED_LIVE);
        self.open_ends.held += has(mark::HELD);
        if marks & mark::OPEN == 0 {
            self.open_ends.waived += has(mark::WAIVED);
            return;
        }
        self.open_vulnerabilities += 1;
        let worst = usize::from(marks >> mark::SEVERITY).checked_sub(1);
        if let Some(worst) = worst.and_then(|rank| Severity::ALL.iter().rev().nth(rank)) {
            *self.open_by_severity.entry(*worst).or_default() += 1;
        }
        self.installable += 1 - has(mark::STAYS);
        self.unnamed += has(mark::UNNAMED);
        self.known_exploited += has(mark::KNOWN_EXPLOITED);
        self.overdue += has(mark::OVERDUE);
        self.due_soon += has(mark::DUE_SOON);
    }
}

/// Returns the vulnerabilities of a finding. Where it names none, the vendor's statement stands in, and for an unnamed
/// one the source package.
pub fn vulnerabilities(finding: &Finding) -> impl Iterator<Item = &str> {
    let substitute = finding.is_unnamed().then_some(finding.package.source.name.as_str());
    finding.identifiers().chain(substitute)
}

/// Returns how many different vulnerabilities the findings that pass have.
pub fn distinct(findings: &[Finding], passes: impl Fn(&Finding) -> bool) -> usize {
    findings.iter().filter(|finding| passes(finding)).flat_map(vulnerabilities).collect::<HashSet<_>>().len()
}
