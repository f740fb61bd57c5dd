//! What is closed first: ranking, due dates, and the order of findings.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, Utc};

use crate::model::assessment::AssessmentSettings;
use crate::model::finding::{Finding, FindingPackage, Verdict};
use crate::model::severity::{Criticality, Exposure, Priority, PriorityInput, Severity};
use crate::model::vulnerability::Identifier;
use crate::scan::index::{Statement, ThreatIndex};

/// What is known about attacks on the vulnerabilities of one statement, the worst of each.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Threats {
    /// EPSS probability.
    pub epss: Option<f64>,
    /// Exploited in the wild.
    pub known_exploited: bool,
    /// Ransomware is known to use one of them.
    pub ransomware: bool,
}

impl Threats {
    /// Collects what is known about the vulnerabilities of a statement.
    pub fn of(statement: &Statement<'_>, known: Option<&ThreatIndex>) -> Self {
        let Some(known) = known else { return Self::default() };
        let mut worst = Self::default();
        for name in statement.vulnerabilities() {
            let Identifier::Cve(cve) = name else { continue };
            let threat = known.lookup(cve);
            worst.epss = worst.epss.into_iter().chain(threat.epss).reduce(f64::max);
            worst.known_exploited |= threat.exploited.is_some();
            worst.ransomware |= threat.exploited.is_some_and(|exploited| exploited.ransomware);
        }
        worst
    }
}

/// Ranks a statement of a vendor on this host.
pub fn priority(
    statement: &Statement<'_>,
    threats: Threats,
    exposure: Exposure,
    settings: &AssessmentSettings,
) -> Priority {
    Priority::of(PriorityInput {
        severity: statement.severity(),
        cvss: statement.cvss(),
        epss: threats.epss,
        known_exploited: threats.known_exploited,
        exposure,
        criticality: settings.criticality,
    })
}

/// Ranks a hole of which nothing but a severity is known.
pub fn unnamed_priority(severity: Severity, exposure: Exposure, settings: &AssessmentSettings) -> Priority {
    Priority::of(PriorityInput {
        severity,
        cvss: None,
        epss: None,
        known_exploited: false,
        exposure,
        criticality: settings.criticality,
    })
}

/// Ranks findings that were made as if nothing ran here by how exposed the code of each is, and sorts them.
pub fn exposed(
    mut findings: Vec<Finding>,
    exposure: impl Fn(&FindingPackage) -> Exposure,
    criticality: Criticality,
) -> Vec<Finding> {
    for finding in &mut findings {
        finding.exposure = exposure(&finding.package);
        finding.priority = Priority::of(PriorityInput {
            severity: finding.severity,
            cvss: finding.cvss,
            epss: finding.epss,
            known_exploited: finding.known_exploited,
            exposure: finding.exposure,
            criticality,
        });
    }
    sorted(findings)
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
/// What is exploited in the wild is asked for whatever its severity. `since` is asked only where a date is due.
pub fn due(
    (verdict, severity, known_exploited): (Verdict, Severity, bool),
    since: impl FnOnce() -> DateTime<Utc>,
    limits: Limits<'_>,
) -> Due {
    let severe_enough = known_exploited || severity >= limits.settings.minimum_severity;
    let wanted = verdict == Verdict::Vulnerable && severe_enough;
    let days = limits.settings.due.days(severity, known_exploited).filter(|_| wanted);
    let date = days.and_then(|days| since().date_naive().checked_add_days(Days::new(u64::from(days))));
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

/// Sorts findings: known exploited first, then by priority, package, advisory and identifier.
///
/// Findings are large and many: small keys are sorted, and the findings are moved where they are.
pub fn sorted(mut findings: Vec<Finding>) -> Vec<Finding> {
    let ranks = package_ranks(&findings);
    let key = |finding: &Finding| {
        let rank = ranks.get(&Arc::as_ptr(&finding.package)).copied();
        (!finding.known_exploited, Reverse(tenths(finding.priority.score)), rank)
    };
    let mut order: Vec<_> = findings.iter().map(key).zip(0usize..).collect();
    order.sort_unstable();
    for tied in order.chunk_by_mut(|a, b| a.0 == b.0) {
        let name = |at: usize| (&findings[at].advisory, &findings[at].id);
        tied.sort_by(|a, b| name(a.1).cmp(&name(b.1)));
    }
    let order: Vec<usize> = order.into_iter().map(|(_, at)| at).collect();
    for place in 0..order.len() {
        // What stood at a place that is filled already went to where its finding came from.
        let mut from = order[place];
        while from < place {
            from = order[from];
        }
        findings.swap(place, from);
    }
    findings
}

/// A score as the report shows it, as a whole number of tenths: 0 to 1000.
fn tenths(score: f64) -> u32 {
    (score * 10.0).round() as u32
}

/// Gives each package its place by name and architecture; equal packages share one.
fn package_ranks(findings: &[Finding]) -> HashMap<*const FindingPackage, usize> {
    let mut packages: HashMap<*const FindingPackage, &FindingPackage> = HashMap::new();
    for finding in findings {
        packages.insert(Arc::as_ptr(&finding.package), &finding.package);
    }
    let name = |package: &&FindingPackage| (package.name.clone(), package.architecture.clone());
    let mut names: Vec<_> = packages.values().map(name).collect();
    names.sort_unstable();
    names.dedup();
    packages
        .into_iter()
        .map(|(at, package)| (at, names.partition_point(|known| *known < name(&package))))
        .collect()
}
