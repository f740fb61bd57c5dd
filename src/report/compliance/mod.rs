//! Where a host stands to its own due dates, as an auditor asks: due, overdue, held, how long holes have been open, and
//! which controls this is evidence for. It is no certificate: a control asks for more than one host's patches.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::lifetimes::middle;
use super::schema::Report;
use crate::model::decision::Decision;
use crate::model::feed::CompletenessLevel;
use crate::model::finding::{Finding, Verdict};
use crate::model::severity::Severity;

/// The controls, as a file that is reviewed with its sources.
const CONTROLS: &str = include_str!("controls.json");

/// Where a host stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ComplianceState {
    /// Something is open past its due date.
    NonCompliant,
    /// Nobody can tell: the result is not whole, and nothing that is known is overdue.
    Unknown,
    /// Nothing is overdue; what is installed takes effect with the next boot.
    PendingReboot,
    /// The result is whole and nothing is overdue.
    Compliant,
}

impl ComplianceState {
    /// Returns the words that people see.
    pub fn words(self) -> &'static str {
        match self {
            Self::NonCompliant => "non-compliant",
            Self::Unknown => "unknown",
            Self::PendingReboot => "pending reboot",
            Self::Compliant => "compliant",
        }
    }
}

/// Where a host stands to its due dates. Counts are of findings: one statement in one package.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Compliance {
    /// The state.
    pub state: ComplianceState,
    /// Why, one sentence each.
    pub reasons: Vec<String>,
    /// Open, with a due date that is not past.
    pub due: u64,
    /// Open past the due date.
    pub overdue: u64,
    /// Open without a due date: there is no fix to install, or policy sets none.
    pub undated: u64,
    /// Open and waived by a named, dated exception; counted nowhere else here.
    #[serde(default)]
    pub waived: u64,
    /// Open and held, with a reason.
    pub held: u64,
    /// Nobody can tell whether they are there.
    pub unknown: u64,
    /// How long holes have been open, worst severity first.
    pub exposure: Vec<ExposureWindow>,
    /// The controls that this is evidence for.
    pub controls: Vec<Control>,
}

/// How long the open findings of one severity have been open: from the vendor's date of the statement, or from when this
/// host saw it first where the vendor has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExposureWindow {
    /// The severity.
    pub severity: Severity,
    /// Open findings with a date.
    pub open: u64,
    /// Half of them have been open for at most so many days.
    pub median_days: i64,
    /// The oldest, in days.
    pub longest_days: i64,
}

/// A control of a framework, in our words, with its source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Control {
    /// The framework and its version.
    pub framework: String,
    /// The control's number there.
    pub control: String,
    /// What it asks for, in our words.
    pub asks: String,
    /// The parts of a report that are evidence for it.
    pub evidence: Vec<String>,
    /// Where it is stated.
    pub source: String,
}

impl Compliance {
    /// Judges a report by its own dates; `None` for one that judged nothing.
    pub fn of(report: &Report) -> Option<Self> {
        let findings = report.findings.as_deref()?;
        let today = report.finished.date_naive();
        let open = || findings.iter().filter(|finding| is_left(finding));
        let count =
            |passes: &dyn Fn(&Finding) -> bool| open().filter(|finding| passes(finding)).count() as u64;
        let overdue = count(&|finding| is_overdue(finding, today));
        let state = state(report, overdue);
        Some(Self {
            state,
            reasons: reasons(report, overdue),
            due: count(&|finding| finding.due.is_some_and(|due| due >= today)),
            overdue,
            waived: findings.iter().filter(|finding| finding.verdict.is_open() && finding.is_waived()).count()
                as u64,
            undated: count(&|finding| finding.due.is_none()),
            held: count(&|finding| {
                finding.disposition.as_ref().is_some_and(|d| d.decision == Decision::Held)
            }),
            unknown: findings.iter().filter(|finding| finding.verdict == Verdict::Unknown).count() as u64,
            exposure: windows(open(), report.finished),
            controls: controls(),
        })
    }
}

/// Open, not waived, and not closed by the run that the report is about.
pub(super) fn is_left(finding: &Finding) -> bool {
    use crate::model::finding::StateAfter;
    finding.verdict.is_open() && !finding.is_waived() && finding.state_after != Some(StateAfter::Closed)
}

fn is_overdue(finding: &Finding, today: NaiveDate) -> bool {
    finding.due.is_some_and(|due| due < today)
}

fn level(report: &Report) -> CompletenessLevel {
    report.completeness.as_ref().map_or(CompletenessLevel::Incomplete, |completeness| completeness.level)
}

fn reboot_is_due(report: &Report) -> bool {
    let by_summary = report.summary.as_ref().is_some_and(|summary| summary.reboot_required);
    by_summary || report.restart.as_ref().is_some_and(|restart| restart.reboot.is_some())
}

/// What is known to be overdue counts, however much is unknown; only then does the unknown.
fn state(report: &Report, overdue: u64) -> ComplianceState {
    if overdue > 0 {
        ComplianceState::NonCompliant
    } else if level(report) != CompletenessLevel::Full {
        ComplianceState::Unknown
    } else if reboot_is_due(report) {
        ComplianceState::PendingReboot
    } else {
        ComplianceState::Compliant
    }
}

fn reasons(report: &Report, overdue: u64) -> Vec<String> {
    let mut reasons = Vec::new();
    if overdue > 0 {
        reasons.push(format!("{overdue} open past the due date"));
    }
    if level(report) != CompletenessLevel::Full {
        reasons.push("the result is not whole: what is not shown is not known to be safe".to_owned());
    }
    if reboot_is_due(report) {
        reasons.push("a reboot is due before everything installed takes effect".to_owned());
    }
    if reasons.is_empty() {
        reasons.push("every feed was fresh, and nothing is open past its due date".to_owned());
    }
    reasons
}

/// Returns since when a finding can be held against the host.
pub(super) fn since(finding: &Finding) -> Option<DateTime<Utc>> {
    finding.published.or(finding.first_seen)
}

fn windows<'f>(findings: impl Iterator<Item = &'f Finding>, now: DateTime<Utc>) -> Vec<ExposureWindow> {
    let mut days: BTreeMap<Severity, Vec<i64>> = BTreeMap::new();
    for finding in findings {
        if let Some(since) = since(finding) {
            days.entry(finding.severity).or_default().push((now - since).num_days().max(0));
        }
    }
    let window = |(severity, mut days): (Severity, Vec<i64>)| {
        let median_days = middle(&mut days)?;
        Some(ExposureWindow { severity, open: days.len() as u64, median_days, longest_days: *days.last()? })
    };
    days.into_iter().rev().filter_map(window).collect()
}

/// Returns the controls of the file.
pub fn controls() -> Vec<Control> {
    // A test reads the file; none is better than a wrong one.
    serde_json::from_str(CONTROLS).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use chrono::Duration;

    use super::super::text::samples;
    use super::*;
    use crate::model::feed::Completeness;

    fn judged(change: impl FnOnce(&mut Report)) -> Compliance {
        let mut report = samples::scan();
        report.findings.iter_mut().flatten().for_each(|finding| finding.due = None);
        change(&mut report);
        Compliance::of(&report).expect("it has findings")
    }

    fn first(report: &mut Report) -> &mut Finding {
        &mut report.findings.as_mut().expect("it has findings")[0]
    }

    #[test]
    fn what_is_overdue_outweighs_the_unknown_and_the_unknown_outweighs_the_rest() {
        let today = samples::now().date_naive();
        let lacking = |report: &mut Report| {
            report.completeness =
                Some(Completeness { level: CompletenessLevel::UpdatesOnly, reasons: Vec::new() });
        };
        assert_eq!(judged(|_| {}).state, ComplianceState::Compliant);
        assert_eq!(judged(|report| first(report).due = Some(today)).state, ComplianceState::Compliant);
        assert_eq!(judged(lacking).state, ComplianceState::Unknown);
        assert_eq!(judged(|report| report.completeness = None).state, ComplianceState::Unknown);
        let late = judged(|report| {
            lacking(report);
            first(report).due = Some(today - Duration::days(1));
        });
        assert_eq!((late.state, late.overdue, late.reasons.len()), (ComplianceState::NonCompliant, 1, 2));
        let reboot = judged(|report| {
            report.summary.as_mut().expect("counts").reboot_required = true;
        });
        assert_eq!(reboot.state, ComplianceState::PendingReboot);
        assert_eq!(Compliance::of(&Report::begin("scan", samples::now())), None);
    }

    #[test]
    fn windows_are_told_by_severity_worst_first() {
        let compliance = judged(|report| {
            let findings = report.findings.as_mut().expect("it has findings");
            for (finding, days) in findings.iter_mut().zip([3, 5, 40, 10, 10]) {
                finding.published = Some(samples::now() - Duration::days(days));
            }
        });
        let told: Vec<(Severity, u64, i64, i64)> = compliance
            .exposure
            .iter()
            .map(|window| (window.severity, window.open, window.median_days, window.longest_days))
            .collect();
        assert_eq!(told, [(Severity::Critical, 2, 3, 5), (Severity::High, 3, 10, 40)]);
    }

    #[test]
    fn every_control_has_its_source() {
        let controls = controls();
        assert_eq!(controls.len(), 6);
        for control in controls {
            assert!(control.source.contains("https://"), "{control:?}");
        }
    }
}
