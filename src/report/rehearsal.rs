//! The part of a report that tells what a rehearsal found.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::health::{CheckState, HealthCheck};
use super::transaction::{NotRestored, StepReport, Verified};
use crate::model::digest::Sha256;

/// What a plan did to a throw-away clone of the host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RehearsalReport {
    /// The plan.
    pub plan: Sha256,
    /// Whether the plan may be carried out on the host.
    pub verdict: RehearsalVerdict,
    /// What the clone stood on.
    pub ground: RehearsalGround,
    /// What the clone did not have, each with the reason.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub left_out: Vec<String>,
    /// How carrying the plan out ended.
    pub run: RehearsedRun,
    /// Files that would change on the host, as they did in the clone.
    pub changes: FileChanges,
    /// How long the clone lived, from its making to the last test.
    pub seconds: f64,
    /// The evidence that was written; absent where none could be.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub evidence: Option<EvidenceReference>,
}

/// Whether a plan may be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RehearsalVerdict {
    /// It was carried out and proven, and nothing required was worse afterwards.
    Passed,
    /// It was not, or something was worse.
    Failed,
}

/// What a clone stood on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RehearsalGround {
    /// Read-only snapshots: the host could not change under it.
    Snapshot,
    /// The running root itself, which was in use: best effort.
    LiveRoot,
}

/// What became of the plan in the clone, as patchctl there tells it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RehearsedRun {
    /// How it ended.
    pub ending: RehearsedEnding,
    /// Why it did not end well.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    /// The steps in order.
    pub steps: Vec<StepReport>,
    /// What was proven after the last step, or after the way back.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub verified: Option<Verified>,
    /// Paths that the way back could not put back as they were.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub not_restored: Vec<NotRestored>,
    /// The last lines that the package tools printed before they failed.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub last_words: Vec<String>,
    /// Every test, compared with before the plan.
    pub checks: Vec<HealthCheck>,
}

/// How a plan ended in a clone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RehearsedEnding {
    /// Every package is in its planned version and every file was verified.
    Patched,
    /// It failed, and the clone was brought back to where it began.
    Returned,
    /// It failed, and neither way led to an end.
    Stuck,
}

/// Files that a plan changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileChanges {
    /// New files.
    pub added: Vec<String>,
    /// Files with another content, owner or mode.
    pub changed: Vec<String>,
    /// Files that are gone.
    pub removed: Vec<String>,
}

impl FileChanges {
    /// Returns those below `/etc`, each with what happens to it: `+` new, `~` changed, `-` gone.
    pub fn configuration(&self) -> Vec<(char, &str)> {
        let marked = [('+', &self.added), ('~', &self.changed), ('-', &self.removed)];
        let all = marked.into_iter().flat_map(|(mark, paths)| paths.iter().map(move |path| (mark, path)));
        let mut found: Vec<(char, &str)> = all
            .filter(|(_, path)| path.starts_with("/etc/"))
            .map(|(mark, path)| (mark, path.as_str()))
            .collect();
        found.sort_by_key(|(_, path)| *path);
        found
    }
}

/// Where evidence lies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EvidenceReference {
    /// The file.
    pub path: String,
    /// Its own digest, as it states it.
    pub sha256: Sha256,
    /// Whether a signature lies beside it.
    pub signed: bool,
}

impl RehearsedRun {
    /// Returns what speaks against the plan; nothing where it passed.
    pub fn complaints(&self) -> Vec<String> {
        let failed = self.checks.iter().filter(|check| check.required && check.state == CheckState::Fail);
        let told = failed.map(|check| match check.detail.is_empty() {
            true => check.name.clone(),
            false => format!("{}: {}", check.name, check.detail.join(", ")),
        });
        let ended_badly = (self.ending != RehearsedEnding::Patched)
            .then(|| self.reason.clone().unwrap_or_else(|| "the plan was not carried out".to_owned()));
        ended_badly.into_iter().chain(told).collect()
    }
}
