//! Severity words, and the priority that orders findings.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How bad a vulnerability is in its vendor's words, worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The vendor says that it does not matter for its packages (Debian: `unimportant`).
    Negligible,
    /// Low.
    Low,
    /// The vendor has not said. Sorted between low and medium, never dropped.
    Unknown,
    /// Medium, or moderate.
    Medium,
    /// High, or important.
    High,
    /// Critical.
    Critical,
}

impl Severity {
    /// Every severity, worst first.
    pub const ALL: [Self; 6] =
        [Self::Critical, Self::High, Self::Medium, Self::Unknown, Self::Low, Self::Negligible];

    /// Returns the word that data and people see.
    pub fn word(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Negligible => "negligible",
            Self::Unknown => "unknown",
        }
    }

    /// The least threat that the vendor's word stands for when nothing better is known (product rule: priority).
    fn threat_floor(self) -> f64 {
        match self {
            Self::Critical => 0.20,
            Self::High => 0.10,
            Self::Medium => 0.03,
            Self::Low | Self::Negligible => 0.01,
            Self::Unknown => 0.05,
        }
    }

    /// The impact that the vendor's word stands for (product rule: priority).
    fn impact(self) -> f64 {
        match self {
            Self::Critical => 1.0,
            Self::High => 0.8,
            Self::Medium | Self::Unknown => 0.5,
            Self::Low | Self::Negligible => 0.2,
        }
    }
}

/// How reachable the vulnerable code is on this host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Exposure {
    /// On disk only.
    Installed,
    /// A running process uses it.
    Running,
    /// A process that uses it listens on an address other than loopback.
    Listening,
}

impl Exposure {
    fn factor(self) -> f64 {
        match self {
            Self::Installed => 0.7,
            Self::Running => 0.85,
            Self::Listening => 1.0,
        }
    }
}

/// How much this host matters, set by its administrator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Criticality {
    /// A host that nobody would miss today.
    Low,
    /// An ordinary host.
    #[default]
    Normal,
    /// A host that others depend on.
    High,
    /// A host that must not fall.
    Critical,
}

impl Criticality {
    /// Returns the factor in the ranking. The steps are ours: one fifth each way, so that it reorders hosts and
    /// never outweighs a severity word.
    pub fn factor(self) -> f64 {
        match self {
            Self::Low => 0.8,
            Self::Normal => 1.0,
            Self::High => 1.2,
            Self::Critical => 1.4,
        }
    }
}

/// The number that orders findings, with the parts it was made of.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Priority {
    /// 0 to 100, higher first.
    pub score: f64,
    /// What the score was multiplied from.
    pub parts: PriorityParts,
}

/// The factors of a [`Priority`]: score = 100 x threat x impact x exposure x criticality, capped at 100.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PriorityParts {
    /// 1 when exploited in the wild, else the larger of the EPSS probability and the severity's floor.
    pub threat: f64,
    /// Mean of the vendor's word and CVSS/10, or the word alone.
    pub impact: f64,
    /// Listening 1, running 0.85, installed 0.7.
    pub exposure: f64,
    /// The administrator's factor for this host.
    pub criticality: f64,
}

/// What is known about a vulnerability when it is ranked.
#[derive(Clone, Copy, Debug)]
pub struct PriorityInput {
    /// The vendor's word.
    pub severity: Severity,
    /// CVSS base score, 0 to 10.
    pub cvss: Option<f64>,
    /// EPSS probability, 0 to 1.
    pub epss: Option<f64>,
    /// Listed as known exploited.
    pub known_exploited: bool,
    /// How reachable it is here.
    pub exposure: Exposure,
    /// How much this host matters.
    pub criticality: Criticality,
}

impl Priority {
    /// Computes the priority and its parts, rounded to what the report shows.
    pub fn of(input: PriorityInput) -> Self {
        let threat = if input.known_exploited {
            1.0
        } else {
            input.epss.unwrap_or(0.0).max(input.severity.threat_floor())
        };
        let word = input.severity.impact();
        let impact = input.cvss.map_or(word, |cvss| (word + cvss / 10.0) / 2.0);
        let parts = PriorityParts {
            threat: round(threat, 3),
            impact: round(impact, 3),
            exposure: input.exposure.factor(),
            criticality: input.criticality.factor(),
        };
        let score = 100.0 * threat * impact * parts.exposure * parts.criticality;
        Self { score: round(score.min(100.0), 1), parts }
    }
}

fn round(value: f64, digits: i32) -> f64 {
    let scale = 10f64.powi(digits);
    (value * scale).round() / scale
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(severity: Severity) -> PriorityInput {
        PriorityInput {
            severity,
            cvss: None,
            epss: None,
            known_exploited: false,
            exposure: Exposure::Installed,
            criticality: Criticality::Normal,
        }
    }

    #[test]
    fn known_exploited_counts_as_full_threat() {
        let priority = Priority::of(PriorityInput {
            known_exploited: true,
            exposure: Exposure::Listening,
            ..input(Severity::Critical)
        });
        assert_eq!(priority.score, 100.0);
    }

    #[test]
    fn vendor_word_is_a_floor_when_nothing_else_is_known() {
        let scores: Vec<f64> = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical]
            .into_iter()
            .map(|severity| Priority::of(input(severity)).score)
            .collect();
        assert_eq!(scores, [0.1, 1.0, 5.6, 14.0]);
        assert!(Priority::of(input(Severity::Unknown)).score > 0.0);
    }
}
