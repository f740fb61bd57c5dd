//! How long holes lived: what was open at each stored report, and what was closed between one and the next.
//!
//! A hole that is gone was closed when its package is another one now, or none any more. Where the package is as it was,
//! the vendor has changed its statement, and nothing was closed; and where the later report is not whole, its absence says
//! nothing: it stays open until a whole one tells.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::background::Survey;
use crate::model::decision::HoldReason;
use crate::model::feed::{Completeness, CompletenessLevel};
use crate::model::finding::{StateAfter, Verdict};
use crate::model::package::{Architecture, PackageName};
use crate::model::severity::Severity;
use crate::model::summary::Summary;
use crate::model::version::Version;

/// What is read of a stored report; the rest of it is skipped.
#[derive(Clone, Debug, Deserialize)]
pub struct Look {
    finished: DateTime<Utc>,
    summary: Summary,
    #[serde(default)]
    completeness: Option<Completeness>,
    #[serde(default)]
    packages: Vec<Installed>,
    #[serde(default)]
    findings: Vec<Hole>,
}

impl Look {
    /// Tells whether what is absent from it is truly gone.
    pub fn is_whole(&self) -> bool {
        self.completeness.as_ref().is_some_and(|known| known.level == CompletenessLevel::Full)
    }
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
struct Installed {
    name: PackageName,
    architecture: Architecture,
    version: Version,
}

impl Installed {
    fn key(&self) -> (&str, &str, &str) {
        (self.name.as_str(), self.architecture.as_str(), self.version.as_str())
    }
}

#[derive(Clone, Debug, Deserialize)]
struct Hole {
    id: String,
    package: Installed,
    verdict: Verdict,
    severity: Severity,
    #[serde(default)]
    published: Option<DateTime<Utc>>,
    #[serde(default)]
    first_seen: Option<DateTime<Utc>>,
    #[serde(default)]
    due: Option<NaiveDate>,
    #[serde(default)]
    disposition: Option<Disposed>,
    #[serde(default)]
    state_after: Option<StateAfter>,
}

#[derive(Clone, Debug, Deserialize)]
struct Disposed {
    #[serde(default)]
    reason: Option<HoldReason>,
}

/// One finding that was closed: one statement in one package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Closure {
    /// The finding, as the reports called it.
    pub id: String,
    /// Its severity.
    pub severity: Severity,
    /// The vendor's date of the statement.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub published: Option<DateTime<Utc>>,
    /// When this host saw it first.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub first_seen: Option<DateTime<Utc>>,
    /// When it had to be closed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub due: Option<NaiveDate>,
    /// When a report first told that it is closed.
    pub closed: DateTime<Utc>,
}

impl Closure {
    /// Days that the host was exposed: from the vendor's date, or where there is none from when this host saw it first.
    pub fn exposed_days(&self) -> Option<i64> {
        Some((self.closed - self.published.or(self.first_seen)?).num_days().max(0))
    }

    /// Days that this host took from when it saw the hole first.
    pub fn latency_days(&self) -> Option<i64> {
        Some((self.closed - self.first_seen?).num_days().max(0))
    }

    /// Tells whether it was closed after its due date; `None` where it had none.
    pub fn is_late(&self) -> Option<bool> {
        Some(self.closed.date_naive() > self.due?)
    }
}

/// How the closed findings of one severity stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClosedWindow {
    /// The severity.
    pub severity: Severity,
    /// Findings that were closed.
    pub closed: u64,
    /// Half of them were open for at most so many days, from the vendor's date to the fix.
    pub median_days: i64,
    /// The longest, in days.
    pub longest_days: i64,
    /// Half of them were closed within so many days from when this host saw them first.
    pub median_latency_days: i64,
    /// Closed after their due date.
    pub late: u64,
}

/// Sums closed findings up by severity, worst first.
pub fn windows(closures: &[Closure]) -> Vec<ClosedWindow> {
    let of = |severity: &Severity| {
        let these = || closures.iter().filter(|closure| closure.severity == *severity);
        let mut exposed: Vec<i64> = these().filter_map(Closure::exposed_days).collect();
        let mut latency: Vec<i64> = these().filter_map(Closure::latency_days).collect();
        let closed = these().count() as u64;
        (closed > 0).then(|| ClosedWindow {
            severity: *severity,
            closed,
            median_days: middle(&mut exposed).unwrap_or(0),
            longest_days: exposed.last().copied().unwrap_or(0),
            median_latency_days: middle(&mut latency).unwrap_or(0),
            late: these().filter(|closure| closure.is_late() == Some(true)).count() as u64,
        })
    };
    Severity::ALL.iter().filter_map(of).collect()
}

/// Sorts days, and returns the middle one; of two, the lower.
pub(super) fn middle(days: &mut [i64]) -> Option<i64> {
    days.sort_unstable();
    days.get(days.len().saturating_sub(1) / 2).copied()
}

/// Looks at stored reports, one after the other, oldest first.
#[derive(Debug, Default)]
pub struct Lifetimes {
    open: BTreeMap<String, Hole>,
    surveys: Vec<Survey>,
    closures: Vec<Closure>,
}

impl Lifetimes {
    /// Takes in the next report.
    pub fn add(&mut self, look: Look) {
        let is_whole = look.is_whole();
        // Kernels and the like are there in several versions at once.
        let installed: HashSet<_> = look.packages.iter().map(Installed::key).collect();
        let open: BTreeMap<String, Hole> =
            look.findings.into_iter().filter(Hole::is_open).map(|hole| (hole.id.clone(), hole)).collect();
        self.surveys.push(Survey {
            at: look.finished,
            summary: look.summary,
            dated: open.values().filter(|hole| hole.is_dated()).count() as u64,
        });
        let before = std::mem::replace(&mut self.open, open);
        for (id, hole) in before {
            match self.open.entry(id) {
                Entry::Vacant(gone) if !is_whole => drop(gone.insert(hole)),
                Entry::Vacant(_) if !installed.contains(&hole.package.key()) => {
                    self.closures.push(hole.closed(look.finished));
                }
                Entry::Vacant(_) | Entry::Occupied(_) => {}
            }
        }
    }

    /// Returns what was open at each report, and what was closed between them.
    pub fn ended(self) -> (Vec<Survey>, Vec<Closure>) {
        (self.surveys, self.closures)
    }
}

impl Hole {
    fn is_open(&self) -> bool {
        self.verdict.is_open() && self.state_after != Some(StateAfter::Closed)
    }

    fn is_dated(&self) -> bool {
        let reason = self.disposition.as_ref().and_then(|disposition| disposition.reason);
        self.due.is_some() && reason != Some(HoldReason::Waived)
    }

    fn closed(self, closed: DateTime<Utc>) -> Closure {
        let Self { id, severity, published, first_seen, due, .. } = self;
        Closure { id, severity, published, first_seen, due, closed }
    }
}

#[cfg(test)]
mod tests {
    use chrono::Duration;
    use serde_json::json;

    use super::super::schema::{Report, ReportPackage};
    use super::super::text::samples;
    use super::*;
    use crate::model::finding::Finding;

    /// The sample scan, so many days later, as its stored bytes are read.
    fn look(days: i64, change: impl FnOnce(&mut Report)) -> Look {
        let mut report = samples::scan();
        report.finished = samples::now() + Duration::days(days);
        report.completeness = Some(Completeness { level: CompletenessLevel::Full, reasons: Vec::new() });
        let package = |finding: &Finding| ReportPackage {
            name: finding.package.name.clone(),
            version: finding.package.version.clone(),
            architecture: finding.package.architecture.clone(),
            source: finding.package.source.clone(),
        };
        report.packages = Some(report.findings.iter().flatten().map(package).collect());
        change(&mut report);
        serde_json::from_slice(&serde_json::to_vec(&report).expect("JSON")).expect("a report is read")
    }

    fn without_first(report: &mut Report) {
        report.findings.as_mut().expect("findings").remove(0);
    }

    fn patched(report: &mut Report) {
        without_first(report);
        report.packages.as_mut().expect("packages")[0].version = samples::version("99");
    }

    fn closed(looks: Vec<Look>) -> Vec<Closure> {
        let mut lifetimes = Lifetimes::default();
        looks.into_iter().for_each(|look| lifetimes.add(look));
        lifetimes.ended().1
    }

    #[test]
    fn only_a_changed_package_of_a_whole_report_closes_a_hole() {
        let ends = closed(vec![look(0, |_| {}), look(3, patched), look(9, patched)]);
        assert_eq!(ends.len(), 1);
        assert_eq!(ends[0].closed, samples::now() + Duration::days(3));
        assert_eq!(ends[0].is_late(), Some(true), "it was due two days before the first scan");
        assert_eq!(closed(vec![look(0, |_| {}), look(3, without_first)]), [], "the vendor withdrew it");
        let unknown = |report: &mut Report| {
            patched(report);
            report.completeness = None;
        };
        let ends = closed(vec![look(0, |_| {}), look(3, unknown), look(9, patched)]);
        assert_eq!(ends[0].closed, samples::now() + Duration::days(9), "nobody could tell before");
    }

    #[test]
    fn a_run_closes_what_it_proves_and_a_waiver_closes_nothing() {
        let run = |report: &mut Report| {
            report.findings.as_mut().expect("findings")[0].state_after = Some(StateAfter::Closed);
            report.packages.as_mut().expect("packages")[0].version = samples::version("99");
        };
        assert_eq!(closed(vec![look(0, |_| {}), look(1, run)]).len(), 1);
        let mut waived = serde_json::to_value(samples::scan()).expect("JSON");
        waived["findings"][0]["disposition"] =
            json!({ "decision": "held", "reason": "waived", "cause_chain": [] });
        waived["packages"] = json!([]);
        waived["completeness"] = json!({ "level": "full", "reasons": [] });
        let mut lifetimes = Lifetimes::default();
        lifetimes.add(look(0, |_| {}));
        lifetimes.add(serde_json::from_value(waived).expect("a report"));
        let (surveys, closures) = lifetimes.ended();
        assert_eq!(closures, []);
        assert_eq!(surveys[0].dated, surveys[1].dated + 1);
    }

    #[test]
    fn windows_are_told_by_severity() {
        let closure = |severity, days: i64, due: i64| Closure {
            id: format!("{days}"),
            severity,
            published: Some(samples::now() - Duration::days(days)),
            first_seen: Some(samples::now() - Duration::days(days / 2)),
            due: Some((samples::now() + Duration::days(due)).date_naive()),
            closed: samples::now(),
        };
        let all = [
            closure(Severity::High, 10, 1),
            closure(Severity::Critical, 2, -1),
            closure(Severity::High, 40, 0),
        ];
        let told: Vec<_> = windows(&all)
            .iter()
            .map(|w| (w.severity, w.closed, w.median_days, w.longest_days, w.median_latency_days, w.late))
            .collect();
        assert_eq!(told, [(Severity::Critical, 1, 2, 2, 1, 1), (Severity::High, 2, 10, 40, 5, 0)]);
    }
}
