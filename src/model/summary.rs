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
        }
    }
}

/// Held by this host's own hold, pin or policy; what has no fix or no verdict is counted as that.
fn is_held_here(finding: &Finding) -> bool {
    let reason = finding.disposition.as_ref().and_then(|disposition| disposition.reason);
    reason.is_some_and(|reason| {
        !matches!(
            reason,
            HoldReason::NotSelected | HoldReason::NoFix | HoldReason::NotOffered | HoldReason::Unknown
        )
    })
}

/// Counts in the making. Names are compared and never copied, so that ten thousand findings cost no memory of their
/// own.
#[derive(Debug, Default)]
pub struct Tally<'a> {
    by_verdict: BTreeMap<Verdict, u64>,
    by_severity: BTreeMap<Severity, u64>,
    installable_findings: u64,
    seen: Vec<(Identifier<'a>, Facts)>,
}

impl<'a> Tally<'a> {
    /// Counts one finding and the vulnerabilities behind it.
    pub fn add(&mut self, facts: Facts, vulnerabilities: impl Iterator<Item = Identifier<'a>>) {
        *self.by_verdict.entry(facts.verdict).or_default() += 1;
        self.installable_findings += u64::from(facts.installable);
        if facts.verdict.is_open() {
            *self.by_severity.entry(facts.severity).or_default() += 1;
        }
        self.seen.extend(vulnerabilities.map(|name| (name, facts)));
    }

    /// Returns the counts.
    pub fn summary(mut self, packages: u64) -> Summary {
        let mut summary = Summary {
            packages,
            by_verdict: self.by_verdict,
            by_severity: self.by_severity,
            installable_findings: self.installable_findings,
            ..Summary::default()
        };
        self.seen.sort_unstable_by_key(|(name, _)| *name);
        for of_one in self.seen.chunk_by(|a, b| a.0 == b.0) {
            summary.add(of_one);
        }
        summary
    }
}

impl Summary {
    /// Counts one vulnerability, from all findings that have it.
    fn add(&mut self, of_one: &[(Identifier<'_>, Facts)]) {
        let any = |is: fn(&Facts) -> bool| of_one.iter().any(|(_, facts)| is(facts));
        let add = |count: &mut u64, is: fn(&Facts) -> bool| *count += u64::from(any(is));
        add(&mut self.open_ends.no_fix, |f| f.verdict == Verdict::VulnerableNoFix);
        add(&mut self.open_ends.not_offered, |f| f.verdict == Verdict::Vulnerable && !f.installable);
        add(&mut self.open_ends.unknown, |f| f.verdict == Verdict::Unknown);
        add(&mut self.open_ends.mitigated_live, |f| f.verdict == Verdict::MitigatedLive);
        add(&mut self.open_ends.held, |f| f.held);
        let open = || of_one.iter().map(|(_, facts)| facts).filter(|facts| facts.verdict.is_open());
        let Some(worst) = open().map(|facts| facts.severity).max() else { return };
        self.open_vulnerabilities += 1;
        *self.open_by_severity.entry(worst).or_default() += 1;
        self.installable += u64::from(open().all(|facts| facts.installable));
        add(&mut self.unnamed, |f| f.verdict.is_open() && f.unnamed);
        add(&mut self.known_exploited, |f| f.verdict.is_open() && f.known_exploited);
        let within =
            |f: &Facts, days: std::ops::Range<i64>| f.days_left.is_some_and(|left| days.contains(&left));
        self.overdue += u64::from(open().any(|facts| within(facts, i64::MIN..0)));
        self.due_soon += u64::from(open().any(|facts| within(facts, 0..SOON_DAYS)));
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
