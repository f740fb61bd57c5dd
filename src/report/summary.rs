//! The counts of a report.

use std::collections::{BTreeMap, HashMap, HashSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::finding::{Finding, Verdict};
use crate::model::severity::Severity;

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
    /// Open vulnerabilities that the enabled repositories can close now in every package that has them.
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
        let mut open: HashMap<&str, Open> = HashMap::new();
        for finding in findings {
            *summary.by_verdict.entry(finding.verdict).or_default() += 1;
            if finding.verdict.is_open() {
                *summary.by_severity.entry(finding.severity).or_default() += 1;
                vulnerabilities(finding).for_each(|id| open.entry(id).or_default().add(finding));
            }
        }
        summary.add(open.into_values());
        summary
    }

    fn add(&mut self, open: impl Iterator<Item = Open>) {
        for vulnerability in open {
            self.open_vulnerabilities += 1;
            self.unnamed += u64::from(vulnerability.unnamed);
            *self.open_by_severity.entry(vulnerability.severity).or_default() += 1;
            self.known_exploited += u64::from(vulnerability.exploited);
            self.overdue += u64::from(vulnerability.overdue);
            self.installable += u64::from(!vulnerability.stays);
        }
    }

    /// Returns how many findings have a verdict.
    pub fn with_verdict(&self, verdict: Verdict) -> u64 {
        self.by_verdict.get(&verdict).copied().unwrap_or(0)
    }
}

/// One open vulnerability over all packages that have it.
struct Open {
    severity: Severity,
    exploited: bool,
    overdue: bool,
    unnamed: bool,
    /// It stays open in at least one package, whatever the enabled repositories offer.
    stays: bool,
}

impl Default for Open {
    fn default() -> Self {
        Self {
            severity: Severity::Negligible,
            exploited: false,
            overdue: false,
            unnamed: false,
            stays: false,
        }
    }
}

impl Open {
    fn add(&mut self, finding: &Finding) {
        self.severity = self.severity.max(finding.severity);
        self.exploited |= finding.known_exploited;
        self.overdue |= finding.days_overdue.is_some_and(|days| days > 0);
        self.unnamed |= finding.is_unnamed();
        self.stays |= !finding.is_installable();
    }
}

/// Returns the vulnerabilities of a finding. Where it names none, the vendor's statement stands in, and for an unnamed
/// one the source package.
pub(crate) fn vulnerabilities(finding: &Finding) -> impl Iterator<Item = &str> {
    let substitute = finding.is_unnamed().then_some(finding.package.source.name.as_str());
    finding.identifiers().chain(substitute)
}

/// Returns how many different vulnerabilities the findings that pass have.
pub(crate) fn distinct(findings: &[Finding], passes: impl Fn(&Finding) -> bool) -> usize {
    findings.iter().filter(|finding| passes(finding)).flat_map(vulnerabilities).collect::<HashSet<_>>().len()
}
