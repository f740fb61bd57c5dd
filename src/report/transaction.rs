//! The part of a report that tells what a run did.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::digest::Sha256;
use crate::model::transaction::{Observed, Phase};

/// What a run did to the host, and what was proven afterwards.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TransactionReport {
    /// Where the run stands: `commit`, `returned` and `abandoned` are ends.
    pub phase: Phase,
    /// When the run began.
    pub started: DateTime<Utc>,
    /// When it ended; absent while it is open.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub finished: Option<DateTime<Utc>>,
    /// The steps in order.
    pub steps: Vec<StepReport>,
    /// What protected it, such as `packages`.
    pub provider: String,
    /// Digest of the last journal entry: it seals all earlier ones.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub journal_head: Option<Sha256>,
    /// What was proven after the last step.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub verified: Option<Verified>,
    /// Paths that the way back could not put back as they were.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub not_restored: Vec<NotRestored>,
    /// Vulnerabilities that a way back opened again.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub reopened: Vec<String>,
    /// The file with everything that the package tools printed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub log: Option<String>,
    /// The last lines that the package tools printed before they failed.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub last_words: Vec<String>,
}

impl TransactionReport {
    /// A run that came as far as `phase` and proved nothing.
    pub fn unproven(phase: Phase, journal_head: Sha256, started: DateTime<Utc>) -> Self {
        Self {
            phase,
            started,
            finished: None,
            steps: Vec::new(),
            provider: "packages".to_owned(),
            journal_head: Some(journal_head),
            verified: None,
            not_restored: Vec::new(),
            reopened: Vec::new(),
            log: None,
            last_words: Vec::new(),
        }
    }
}

/// How one step ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StepReport {
    /// Place in the plan's order, from 1.
    pub ordinal: u32,
    /// What was found after it.
    pub outcome: StepOutcome,
    /// What the package database said of each package after it.
    pub observed: Vec<Observed>,
    /// How long it took.
    pub seconds: f64,
}

/// What was found after a step: the database's word, not an exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StepOutcome {
    /// Never begun: its packages are as before.
    NotBegun,
    /// Every package is in its new version and clean.
    New,
    /// Every package is in its old version and clean.
    Old,
    /// Some packages are in neither version, or not clean.
    Mixed,
}

/// What a fresh look at the host proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Verified {
    /// Packages found in exactly the planned version.
    pub packages: u64,
    /// Files whose digest is the one that their package states.
    pub files: u64,
}

/// A path that is not as it was before the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotRestored {
    /// The path.
    pub path: String,
    /// Why.
    pub reason: String,
}
