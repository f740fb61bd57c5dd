//! The counts of a report.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::finding::{Finding, Verdict};
use crate::model::severity::Severity;

/// Counts of findings and of what is due.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Installed packages.
    pub packages: u64,
    /// Findings by verdict; a verdict without findings is absent.
    pub by_verdict: BTreeMap<Verdict, u64>,
    /// Open findings by the vendor's severity; a severity without findings is absent.
    pub by_severity: BTreeMap<Severity, u64>,
    /// Different vulnerabilities behind the open findings.
    pub open_vulnerabilities: u64,
    /// Open findings that are exploited in the wild.
    pub known_exploited: u64,
    /// Open findings past their due date.
    pub overdue: u64,
    /// Open findings that the enabled repositories can close now.
    pub installable: u64,
    /// Packages for which the enabled repositories offer a newer version, security or not.
    pub pending_updates: u64,
    /// A reboot is needed for what is installed to take effect.
    pub reboot_required: bool,
    /// Services and processes that still run replaced code.
    pub restarts_required: u64,
}

impl Summary {
    /// Counts findings. What findings do not tell (pending updates, reboot, restarts) is left at zero.
    pub fn count(packages: u64, findings: &[Finding]) -> Self {
        let mut summary = Self { packages, ..Self::default() };
        let mut open = BTreeSet::new();
        for finding in findings {
            *summary.by_verdict.entry(finding.verdict).or_default() += 1;
            if finding.verdict.is_open() {
                summary.add_open(finding);
                open.extend(vulnerabilities(finding));
            }
        }
        summary.open_vulnerabilities = open.len() as u64;
        summary
    }

    fn add_open(&mut self, finding: &Finding) {
        *self.by_severity.entry(finding.severity).or_default() += 1;
        self.known_exploited += u64::from(finding.known_exploited);
        self.overdue += u64::from(finding.days_overdue.is_some_and(|days| days > 0));
        self.installable += u64::from(finding.is_installable());
    }

    /// Returns how many findings have a verdict.
    pub fn with_verdict(&self, verdict: Verdict) -> u64 {
        self.by_verdict.get(&verdict).copied().unwrap_or(0)
    }
}

/// Returns the vulnerabilities of a finding; the advisory itself stands in where it names none.
pub(crate) fn vulnerabilities(finding: &Finding) -> impl Iterator<Item = &str> {
    let advisory = finding.cves.is_empty().then_some(finding.advisory.as_str());
    finding.cves.iter().map(String::as_str).chain(advisory)
}
