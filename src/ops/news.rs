//! Whether a scan has news: nobody is mailed again and again for what was told already (product design, section 1: silent
//! unless something changed, failed or is due).

use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;

use super::context::Context;
use super::request::{Keep, ScanRequest};
use crate::host::storage;
use crate::model::decision::{Disposition, HoldReason};
use crate::model::feed::CompletenessLevel;
use crate::model::finding::{Finding, Verdict};
use crate::report::policy::PolicyReport;
use crate::report::schema::Report;

/// How the host stood after a scan or a run, as far as news are made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    open: Vec<Open>,
    level: Option<CompletenessLevel>,
    reboot: bool,
    remarks: Vec<String>,
    day: NaiveDate,
}

/// What is open, and whether that is past its due date or waived.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Open {
    id: String,
    verdict: Verdict,
    overdue: bool,
    waived: bool,
}

/// What is needed here of a stored report: the whole of it would take longer to read than a scan takes.
#[derive(Deserialize)]
struct StoredReport {
    finished: DateTime<Utc>,
    findings: Vec<StoredFinding>,
    completeness: Option<StoredCompleteness>,
    summary: Option<StoredSummary>,
    policy: Option<PolicyReport>,
}

#[derive(Deserialize)]
struct StoredFinding {
    id: String,
    verdict: Verdict,
    days_overdue: Option<i64>,
    disposition: Option<Disposition>,
}

#[derive(Deserialize)]
struct StoredCompleteness {
    level: CompletenessLevel,
}

#[derive(Deserialize)]
struct StoredSummary {
    reboot_required: bool,
}

/// Returns how the host stood after the newest report; `None` where there is none, or it judged nothing.
pub fn last(context: &Context<'_>) -> Option<Standing> {
    let bytes = storage::read(&context.layout.latest_report()).ok()?;
    let report: StoredReport = serde_json::from_slice(&bytes).ok()?;
    let open = report.findings.into_iter().filter(|finding| is_told(finding.verdict)).map(|finding| Open {
        overdue: finding.days_overdue.is_some_and(|days| days > 0),
        waived: finding.disposition.is_some_and(|held| held.reason == Some(HoldReason::Waived)),
        id: finding.id,
        verdict: finding.verdict,
    });
    Some(Standing {
        open: sorted(open),
        level: report.completeness.map(|completeness| completeness.level),
        reboot: report.summary.is_some_and(|summary| summary.reboot_required),
        remarks: report.policy.unwrap_or_default().remarks,
        day: report.finished.date_naive(),
    })
}

/// Tells whether a scan is one whose result can be compared with the one before it.
pub fn can_be_told(request: &ScanRequest) -> bool {
    request.keep == Keep::Record && request.selection.is_everything()
}

impl Standing {
    /// Returns how the host stands after a report.
    pub fn of(report: &Report) -> Self {
        let open = |finding: &Finding| Open {
            id: finding.id.clone(),
            verdict: finding.verdict,
            overdue: finding.days_overdue.is_some_and(|days| days > 0),
            waived: finding.is_waived(),
        };
        let findings = report.findings.iter().flatten().filter(|finding| is_told(finding.verdict));
        Self {
            open: sorted(findings.map(open)),
            level: report.completeness.as_ref().map(|completeness| completeness.level),
            reboot: report.summary.as_ref().is_some_and(|summary| summary.reboot_required),
            remarks: report.policy.clone().unwrap_or_default().remarks,
            day: report.finished.date_naive(),
        }
    }

    /// Tells whether people should hear of it who know how the host stood before. What failed, or is incomplete, is told
    /// each time; what is overdue, once a day.
    pub fn is_news_after(&self, before: &Self) -> bool {
        let has_changed = Self { day: before.day, ..self.clone() } != *before;
        let is_due = self.open.iter().any(|open| open.overdue && !open.waived);
        has_changed || self.level == Some(CompletenessLevel::Incomplete) || (is_due && self.day != before.day)
    }
}

/// A run tells beside what is open what it closed.
fn is_told(verdict: Verdict) -> bool {
    !matches!(verdict, Verdict::Fixed | Verdict::NotAffected)
}

fn sorted(open: impl Iterator<Item = Open>) -> Vec<Open> {
    let mut open: Vec<Open> = open.collect();
    open.sort_unstable();
    open
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(overdue: bool, day: u32) -> Standing {
        let open = Open { id: "x".into(), verdict: Verdict::Vulnerable, overdue, waived: false };
        Standing {
            open: vec![open],
            level: Some(CompletenessLevel::Full),
            reboot: false,
            remarks: Vec::new(),
            day: NaiveDate::from_ymd_opt(2026, 11, day).expect("a day"),
        }
    }

    #[test]
    fn the_same_again_is_no_news_and_whatever_changed_failed_or_is_due_is() {
        let known = standing(false, 22);
        assert!(!known.is_news_after(&known) && !standing(false, 23).is_news_after(&known));
        assert!(standing(true, 22).is_news_after(&known), "it has become due");
        assert!(!standing(true, 22).is_news_after(&standing(true, 22)), "told today already");
        assert!(standing(true, 23).is_news_after(&standing(true, 22)), "due, and not told today");
        let closed = Standing { open: Vec::new(), ..known.clone() };
        assert!(closed.is_news_after(&known) && known.is_news_after(&closed));
        let remarked = Standing { remarks: vec!["waiver w ends tomorrow".into()], ..known.clone() };
        assert!(remarked.is_news_after(&known));
        let incomplete = Standing { level: Some(CompletenessLevel::Incomplete), ..known };
        assert!(incomplete.is_news_after(&incomplete), "what failed is told each time");
    }
}
