//! What is closed first: ranking, due dates, and the order of findings.

use chrono::{DateTime, Days, NaiveDate, Utc};

use crate::model::assessment::AssessmentSettings;
use crate::model::finding::{Finding, Verdict};
use crate::model::severity::{Exposure, Priority, PriorityInput, Severity};

/// Ranks a statement of a vendor on this host, while nothing but the vendor's word is known about it.
pub fn priority(severity: Severity, exposure: Exposure, settings: &AssessmentSettings) -> Priority {
    Priority::of(PriorityInput {
        severity,
        cvss: None,
        epss: None,
        known_exploited: false,
        exposure,
        criticality: settings.criticality,
    })
}

/// By when a finding is to be closed, and how long past that it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// The last day; none where nothing can be done or nothing is asked for.
    pub date: Option<NaiveDate>,
    /// Days past it, not below zero.
    pub days_overdue: Option<i64>,
}

/// Computes when a finding is due. Only what has a fix can be: a hole without one cannot be closed in time.
pub fn due(verdict: Verdict, severity: Severity, since: DateTime<Utc>, limits: Limits<'_>) -> Due {
    let wanted = verdict == Verdict::Vulnerable && severity >= limits.settings.minimum_severity;
    let days = limits.settings.due.days(severity, false).filter(|_| wanted);
    let date = days.and_then(|days| since.date_naive().checked_add_days(Days::new(u64::from(days))));
    let days_overdue = date.map(|date| limits.now.date_naive().signed_duration_since(date).num_days().max(0));
    Due { date, days_overdue }
}

/// What due dates are counted with.
#[derive(Clone, Copy, Debug)]
pub struct Limits<'a> {
    /// The administrator's settings.
    pub settings: &'a AssessmentSettings,
    /// Today.
    pub now: DateTime<Utc>,
}

/// Sorts findings: known exploited first, then by priority, package and advisory.
pub fn sorted(findings: Vec<Finding>) -> Vec<Finding> {
    // Findings are large: their places are sorted, and each finding is moved once.
    let mut order: Vec<usize> = (0..findings.len()).collect();
    order.sort_by(|a, b| {
        let (a, b) = (&findings[*a], &findings[*b]);
        (b.known_exploited.cmp(&a.known_exploited))
            .then_with(|| b.priority.score.total_cmp(&a.priority.score))
            .then_with(|| a.package.name.cmp(&b.package.name))
            .then_with(|| a.package.architecture.cmp(&b.package.architecture))
            .then_with(|| a.advisory.cmp(&b.advisory))
    });
    let mut places: Vec<Option<Finding>> = findings.into_iter().map(Some).collect();
    order.into_iter().filter_map(|at| places[at].take()).collect()
}
