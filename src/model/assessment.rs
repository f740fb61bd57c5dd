//! The result of a scan: findings, what nobody speaks about, and how complete all of it is.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::feed::{Completeness, FeedStamp};
use super::finding::{Finding, NotCovered, Verdict};
use super::package::PackageName;
use super::severity::{Criticality, Severity};

/// Everything that is known about a root's vulnerabilities.
#[derive(Clone, Debug, PartialEq)]
pub struct Assessment {
    /// Known exploited first, then by priority, package and advisory.
    pub findings: Vec<Finding>,
    /// Packages that no feed speaks about.
    pub not_covered: Vec<NotCovered>,
    /// The feeds and repositories it was made from.
    pub feeds: Vec<FeedStamp>,
    /// Whether anything is missing.
    pub completeness: Completeness,
    /// How many there are of each verdict, those included that are not among the findings.
    pub counts: VerdictCounts,
}

/// An installed source package that its vendor supports in part, or until a day only: what "no finding" is worth there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LimitedSupport {
    /// The source package.
    pub source: PackageName,
    /// The day on which security support ends or ended; absent where it is limited in another way.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ends: Option<NaiveDate>,
    /// The vendor's words; may be empty.
    pub words: String,
}

impl LimitedSupport {
    /// Returns the limit as a sentence without its end.
    pub fn sentence(&self, today: NaiveDate) -> String {
        let limit = match self.ends {
            None => "has limited security support".to_owned(),
            Some(day) if day <= today => format!("has had no security support since {day}"),
            Some(day) => format!("has security support until {day} only"),
        };
        let words = if self.words.is_empty() { String::new() } else { format!(": {}", self.words) };
        format!("{} {limit}{words}", self.source)
    }
}

/// How many findings have each verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VerdictCounts {
    /// With a fix.
    pub vulnerable: u64,
    /// Without a fix.
    pub vulnerable_no_fix: u64,
    /// Nobody can tell.
    pub unknown: u64,
    /// Patched in memory only.
    pub mitigated_live: u64,
    /// Fixed.
    pub fixed: u64,
    /// Never affected.
    pub not_affected: u64,
    /// Those of the vulnerable ones, with a fix or without, that the vendor calls negligible.
    pub negligible: u64,
}

impl VerdictCounts {
    /// Counts so many more.
    pub fn add(&mut self, times: usize, verdict: Verdict, severity: Severity) {
        let times = times as u64;
        let count = match verdict {
            Verdict::Vulnerable => &mut self.vulnerable,
            Verdict::VulnerableNoFix => &mut self.vulnerable_no_fix,
            Verdict::Unknown => &mut self.unknown,
            Verdict::MitigatedLive => &mut self.mitigated_live,
            Verdict::Fixed => &mut self.fixed,
            Verdict::NotAffected => &mut self.not_affected,
        };
        *count += times;
        if verdict.is_open() && severity == Severity::Negligible {
            self.negligible += times;
        }
    }

    /// Counts what was counted elsewhere as well.
    pub fn join(&mut self, other: &Self) {
        self.vulnerable += other.vulnerable;
        self.vulnerable_no_fix += other.vulnerable_no_fix;
        self.unknown += other.unknown;
        self.mitigated_live += other.mitigated_live;
        self.fixed += other.fixed;
        self.not_affected += other.not_affected;
        self.negligible += other.negligible;
    }

    /// Returns how many holes are open, with a fix or without.
    pub fn open(&self) -> u64 {
        self.vulnerable + self.vulnerable_no_fix
    }
}

/// What an administrator sets about ranking and due dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AssessmentSettings {
    /// How much this host matters.
    pub criticality: Criticality,
    /// How long a fix may wait.
    pub due: DueDays,
    /// Less severe findings are shown, and have no due date.
    pub minimum_severity: Severity,
}

/// Days from the day a finding was first seen to the day it is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueDays {
    /// Exploited in the wild, whatever its severity.
    pub known_exploited: u32,
    /// Critical.
    pub critical: u32,
    /// High.
    pub high: u32,
    /// Medium, and those whose severity is not known.
    pub medium: u32,
    /// Low.
    pub low: u32,
}

impl Default for DueDays {
    /// The product's defaults (product design, section 4).
    fn default() -> Self {
        Self { known_exploited: 3, critical: 7, high: 14, medium: 30, low: 90 }
    }
}

impl DueDays {
    /// Returns the days for a finding; a negligible one is never due.
    pub fn days(&self, severity: Severity, known_exploited: bool) -> Option<u32> {
        if known_exploited {
            return Some(self.known_exploited);
        }
        match severity {
            Severity::Critical => Some(self.critical),
            Severity::High => Some(self.high),
            Severity::Medium | Severity::Unknown => Some(self.medium),
            Severity::Low => Some(self.low),
            Severity::Negligible => None,
        }
    }
}
