//! A finding: an advisory met an installed package.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::advisory::VendorState;
use super::decision::{Disposition, HoldReason, Selection};
use super::package::{Architecture, InstalledPackage, PackageName, SourcePackage};
use super::severity::{Exposure, Priority, Severity};
use super::version::Version;

/// What is true of one package and one advisory. Never guessed, never dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The installed version has the hole and a fix exists.
    Vulnerable,
    /// The installed version has the hole and there is no fix.
    VulnerableNoFix,
    /// Nobody can tell; the reason says why.
    Unknown,
    /// The running kernel is patched in memory; a reboot is still due.
    MitigatedLive,
    /// The installed version has the fix.
    Fixed,
    /// The package never had the hole.
    NotAffected,
}

impl Verdict {
    /// All of them, in their order.
    pub const ALL: [Self; 6] = [
        Self::Vulnerable,
        Self::VulnerableNoFix,
        Self::Unknown,
        Self::MitigatedLive,
        Self::Fixed,
        Self::NotAffected,
    ];

    /// Tells whether the hole is open, as far as anybody can tell.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Vulnerable | Self::VulnerableNoFix)
    }

    /// Returns the word that data and people see.
    pub fn word(self) -> &'static str {
        match self {
            Self::Vulnerable => "vulnerable",
            Self::VulnerableNoFix => "vulnerable, no fix",
            Self::Unknown => "unknown",
            Self::MitigatedLive => "mitigated live",
            Self::Fixed => "fixed",
            Self::NotAffected => "not affected",
        }
    }
}

/// The advisory of findings that come from repository metadata alone: a security pocket offers a newer version, and no
/// feed names what it closes.
pub const UNNAMED_UPDATE: &str = "pending-security-update";

/// The installed package of a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FindingPackage {
    /// The binary package.
    pub name: PackageName,
    /// Its architecture.
    pub architecture: Architecture,
    /// The installed version.
    pub version: Version,
    /// The source package and version that the advisory is compared with.
    pub source: SourcePackage,
}

/// Which repository offers a version.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Origin {
    /// `Origin` of the release file, such as `Debian`.
    pub vendor: String,
    /// `Label` of the release file, such as `Debian-Security`.
    pub label: String,
    /// `Suite`, such as `oldstable-security`.
    pub suite: String,
    /// `Codename`, such as `bookworm-security`.
    pub codename: String,
    /// The component, such as `main`.
    pub component: String,
    /// Where it is fetched from.
    pub site: String,
    /// Whether this is the distribution's own security pocket; an unsigned repository never is.
    pub security: bool,
    /// Whether the package manager verified a signature over it. Nothing is planned from one where it did not.
    pub signed: bool,
}

impl Origin {
    /// Returns how people know it: `Debian-Security:bookworm-security`, or the label alone where there is no codename.
    pub fn title(&self) -> String {
        if self.codename.is_empty() {
            self.label.clone()
        } else {
            format!("{}:{}", self.label, self.codename)
        }
    }
}

/// The version that the package manager would install now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Candidate {
    /// The candidate version.
    pub version: Version,
    /// The repository that offers it.
    pub origin: Arc<Origin>,
    /// Share of hosts that get it already, in percent, while the vendor phases it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub phased_percent: Option<u8>,
    /// Pins and holds were taken into account (not so for a foreign root).
    pub pins_evaluated: bool,
}

/// How a finding ended after a run (the report's `state_after`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StateAfter {
    /// A fresh scan no longer finds it.
    Closed,
    /// Fixed on disk; a running process still uses the old code.
    OldCodeInMemory,
    /// Fixed on disk; needs a reboot.
    PendingReboot,
    /// Not part of the plan, with the reason in the disposition.
    Held,
    /// Still there.
    StillOpen,
}

/// One advisory met one installed package.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Stable across scans: feed, advisory, package and architecture.
    pub id: String,
    /// The package.
    pub package: Arc<FindingPackage>,
    /// What is true of it.
    pub verdict: Verdict,
    /// Why, in one sentence: the rule and the versions compared.
    pub reason: Arc<str>,
    /// The vendor's triage state; absent for findings from repository metadata alone.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub vendor_state: Option<VendorState>,
    /// The vendor's identifier for the statement, such as a CVE, DSA or tracker id.
    pub advisory: Arc<str>,
    /// The advisory that announced the fix, such as a DSA, where the statement itself is not one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub announced_in: Option<Arc<str>>,
    /// The vulnerabilities it is about.
    pub cves: Arc<[String]>,
    /// The vendor's word.
    pub severity: Severity,
    /// CVSS base score, where a feed tells one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cvss: Option<f64>,
    /// EPSS probability, where a feed tells one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub epss: Option<f64>,
    /// Exploited in the wild, as far as a feed tells.
    pub known_exploited: bool,
    /// Ransomware is known to use it, as far as a feed tells.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub ransomware: bool,
    /// The vendor's date of the statement, where known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub published: Option<DateTime<Utc>>,
    /// When the vendor announced the fix, where known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fix_available: Option<DateTime<Utc>>,
    /// The first source version with the fix.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fixed_version: Option<Version>,
    /// What the package manager would install now.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub candidate: Option<Arc<Candidate>>,
    /// When this host saw it first.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub first_seen: Option<DateTime<Utc>>,
    /// By when policy wants it closed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub due: Option<NaiveDate>,
    /// Days past the due date; zero when it is not past.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub days_overdue: Option<i64>,
    /// The fix is installed and takes effect with the next boot.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub closed_by_reboot: bool,
    /// How reachable the code is here.
    pub exposure: Exposure,
    /// What orders it.
    pub priority: Priority,
    /// The feed that says so.
    pub feed: Arc<str>,
    /// What was decided about it, on plans and runs; on scans, whether a waiver covers it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub disposition: Option<Disposition>,
    /// How it ended, on runs.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub state_after: Option<StateAfter>,
}

impl Finding {
    /// Tells whether the enabled repositories offer a version that closes the finding.
    pub fn is_installable(&self) -> bool {
        match (&self.candidate, self.verdict) {
            (Some(candidate), Verdict::Vulnerable) => self.package.version.is_older_than(&candidate.version),
            _ => false,
        }
    }

    /// Tells whether a waiver covers it.
    pub fn is_waived(&self) -> bool {
        self.disposition.as_ref().is_some_and(|disposition| disposition.reason == Some(HoldReason::Waived))
    }

    /// Tells whether only a repository's newer version tells of the hole, without any name.
    pub fn is_unnamed(&self) -> bool {
        self.cves.is_empty() && self.vendor_state.is_none()
    }

    /// Returns the names of what it is about: CVEs, or the vendor's own identifier where there are none. A finding that
    /// comes from repository metadata alone has no name.
    pub fn identifiers(&self) -> impl Iterator<Item = &str> {
        let own = (self.cves.is_empty() && !self.is_unnamed()).then_some(&*self.advisory);
        self.cves.iter().map(String::as_str).chain(own)
    }
}

impl Selection {
    /// Tells whether a finding is among those asked for; lists that are empty leave nothing out.
    pub fn selects(&self, finding: &Finding) -> bool {
        let by_cve = self.cves.is_empty() || finding.cves.iter().any(|cve| self.cves.contains(cve));
        let is_of = |id: &String| **id == *finding.advisory || finding.announced_in.as_deref() == Some(id);
        let by_advisory = self.advisories.is_empty() || self.advisories.iter().any(is_of);
        let by_package = self.packages.is_empty() || names(&self.packages, finding);
        let by_severity = self.severity.is_none_or(|least| finding.severity >= least);
        let by_exploit = !self.known_exploited || finding.known_exploited;
        by_cve && by_advisory && by_package && by_severity && by_exploit && !names(&self.exclude, finding)
    }
}

/// Packages are named by their binary or their source.
fn names(list: &[PackageName], finding: &Finding) -> bool {
    list.iter().any(|name| *name == finding.package.name || *name == finding.package.source.name)
}

/// A package that no feed speaks about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotCovered {
    /// The package.
    pub name: PackageName,
    /// Its architecture.
    pub architecture: Architecture,
    /// The installed version.
    pub version: Version,
    /// Where it seems to come from, such as `nodesource` or `local`.
    pub origin: String,
}

impl NotCovered {
    /// An installed package that seems to come from `origin`.
    pub fn of(package: &InstalledPackage, origin: &str) -> Self {
        Self {
            name: package.name.clone(),
            architecture: package.architecture.clone(),
            version: package.version.clone(),
            origin: origin.to_owned(),
        }
    }
}
