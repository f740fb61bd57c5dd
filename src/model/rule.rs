//! Rules of the administrator about single packages, advisories and findings: blocks and waivers, each from a file of
//! its own, each with an end.

use std::fmt;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::finding::{Candidate, Finding};
use super::package::{InstalledPackage, PackageName};
use super::version::{Version, compare_text};

/// Where a rule was written.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct RulePlace {
    /// The key with its table, such as `policy.minimum_severity`.
    pub key: String,
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
}

impl fmt::Display for RulePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, line {}", self.file, self.line)
    }
}

/// A defective patch that is not installed until it is repaired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Block {
    /// The name of its file, without the ending.
    pub name: String,
    /// What is blocked.
    pub subject: BlockSubject,
    /// When it lifts itself.
    pub until: Until,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// When somebody should look at it again.
    pub review: Option<NaiveDate>,
    /// Where it was written.
    #[serde(skip)]
    pub place: RulePlace,
}

/// What a block is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BlockSubject {
    /// A binary or source package: one version of it, or all where none is named.
    Package {
        /// Its name.
        name: PackageName,
        /// The defective version.
        version: Option<String>,
    },
    /// What closes a vendor's advisory or a vulnerability.
    Advisory(String),
}

/// When a block lifts itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Until {
    /// A version newer than the blocked one is offered.
    Newer,
    /// This day has passed (UTC).
    Date(NaiveDate),
}

impl Block {
    /// Tells whether its day has passed.
    pub fn is_over(&self, today: NaiveDate) -> bool {
        matches!(self.until, Until::Date(last) if today > last)
    }

    /// Tells whether it keeps a version of a package from being installed on a day.
    pub fn stops(&self, package: &InstalledPackage, candidate: &Version, today: NaiveDate) -> bool {
        match &self.subject {
            BlockSubject::Package { name, version } if !self.is_over(today) => {
                let is_named = *name == package.name || *name == package.source.name;
                is_named && version.as_ref().is_none_or(|blocked| self.includes(blocked, candidate))
            }
            _ => false,
        }
    }

    /// Tells whether it keeps what closes a finding from being installed on a day.
    pub fn stops_advisory(&self, finding: &Finding, today: NaiveDate) -> bool {
        match &self.subject {
            BlockSubject::Advisory(id) => !self.is_over(today) && is_about(id, finding),
            BlockSubject::Package { .. } => false,
        }
    }

    /// A block until a newer version also stops older ones: they are what the newer one is to replace.
    fn includes(&self, blocked: &str, candidate: &Version) -> bool {
        let order = compare_text(candidate.scheme(), candidate.as_str(), blocked);
        match (self.until, order) {
            (_, Some(std::cmp::Ordering::Equal)) => true,
            (Until::Newer, Some(order)) => order.is_lt(),
            (Until::Date(_), Some(_)) => false,
            (_, None) => candidate.as_str() == blocked,
        }
    }

    /// Returns what is blocked and until when, in words.
    pub fn words(&self) -> String {
        let until = match self.until {
            Until::Newer => "until a newer version is offered".to_owned(),
            Until::Date(last) => format!("until {last}"),
        };
        format!("{} ({until}, owner {})", self.reason, self.owner)
    }
}

impl fmt::Display for BlockSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Package { name, version: Some(version) } => write!(f, "{name} {version}"),
            Self::Package { name, version: None } => write!(f, "{name}"),
            Self::Advisory(id) => f.write_str(id),
        }
    }
}

/// Why a finding is waived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WaiverKind {
    /// Known, and lived with.
    AcceptedRisk,
    /// Kept harmless by other means, such as network isolation.
    Mitigated,
    /// Not true here.
    FalsePositive,
}

impl WaiverKind {
    /// Returns the words that data and people see.
    pub fn word(self) -> &'static str {
        match self {
            Self::AcceptedRisk => "accepted-risk",
            Self::Mitigated => "mitigated",
            Self::FalsePositive => "false-positive",
        }
    }
}

/// Which findings a waiver is about: every part that is given has to fit, and at least one is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WaiverScope {
    /// The id of one finding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finding: Option<String>,
    /// A vendor's advisory or a vulnerability.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advisory: Option<String>,
    /// A binary or source package.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package: Option<PackageName>,
}

/// A finding that is not to be closed for now, approved by somebody and with an end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waiver {
    /// The name of its file, without the ending.
    pub name: String,
    /// Why in one word.
    pub kind: WaiverKind,
    /// Which findings.
    pub scope: WaiverScope,
    /// Why in a sentence.
    pub reason: String,
    /// Who approved it.
    pub approved_by: String,
    /// The last day on which it holds (UTC).
    pub expires: NaiveDate,
    /// Where it was written.
    #[serde(skip)]
    pub place: RulePlace,
}

impl Waiver {
    /// Tells whether it has expired: its findings count again.
    pub fn is_over(&self, today: NaiveDate) -> bool {
        today > self.expires
    }

    /// Tells whether it holds on a day and is about a finding.
    pub fn covers(&self, finding: &Finding, today: NaiveDate) -> bool {
        let scope = &self.scope;
        let by_finding = scope.finding.as_ref().is_none_or(|id| *id == finding.id);
        let by_advisory = scope.advisory.as_ref().is_none_or(|id| is_about(id, finding));
        let by_package = scope
            .package
            .as_ref()
            .is_none_or(|name| *name == finding.package.name || *name == finding.package.source.name);
        !self.is_over(today) && by_finding && by_advisory && by_package
    }

    /// Returns kind, reason, approver and end in words.
    pub fn words(&self) -> String {
        let Self { kind, reason, approved_by, expires, .. } = self;
        format!("{}: {reason} (approved by {approved_by}, until {expires})", kind.word())
    }
}

/// Tells whether an identifier is one of a finding's: its advisory, the one that announced the fix, or a CVE.
pub fn is_about(id: &str, finding: &Finding) -> bool {
    *finding.advisory == *id
        || finding.announced_in.as_deref() == Some(id)
        || finding.cves.iter().any(|cve| cve == id)
}

/// Tells whether a finding is closed by a version of its binary package: the candidate is offered for nothing else.
pub fn is_closed_by(finding: &Finding, candidate: &Candidate) -> bool {
    finding.package.version.is_older_than(&candidate.version)
}
