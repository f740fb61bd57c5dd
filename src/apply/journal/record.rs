//! What a record of the journal says.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::model::digest::Sha256;
use crate::model::package::PackageKey;
use crate::model::run::RunId;
use crate::model::transaction::{Observed, Phase};
use crate::model::version::Version;

/// Format of the records; a journal with a higher number was written by a newer patchctl. Since 2 the digest of the report
/// follows the end of a run.
pub const JOURNAL_VERSION: u32 = 2;

/// What a run is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum RunKind {
    /// Carries out a plan.
    Apply,
    /// Takes an earlier run back.
    Rollback {
        /// That run.
        of: RunId,
    },
}

/// One intended package change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intended {
    /// The package.
    #[serde(flatten)]
    pub package: PackageKey,
    /// The version before.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from: Option<Version>,
    /// The version after.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub to: Option<Version>,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "event")]
pub enum Event {
    /// The first record.
    Opened {
        /// Format of the records that follow.
        journal_version: u32,
        /// The run.
        run: RunId,
        /// What it is for.
        #[serde(flatten)]
        kind: RunKind,
        /// The plan that it carries out.
        plan: Sha256,
        /// The version of patchctl.
        tool_version: String,
    },
    /// A phase was entered.
    Entered {
        /// The phase.
        phase: Phase,
    },
    /// A batch is about to change the host.
    BatchIntended {
        /// Its number, from 1.
        batch: u32,
        /// Its changes.
        actions: Vec<Intended>,
    },
    /// A batch was observed to be done.
    BatchDone {
        /// Its number.
        batch: u32,
        /// What the database says of its packages.
        observed: Vec<Observed>,
    },
    /// A batch was observed not to be done.
    BatchFailed {
        /// Its number.
        batch: u32,
        /// What the database says of its packages.
        observed: Vec<Observed>,
        /// Why, in a sentence.
        reason: String,
    },
    /// After a crash: an attempt to finish the run begins.
    ForwardIntended {
        /// Its number, from 1.
        attempt: u32,
    },
    /// An attempt to finish the run did not bring the new state.
    ForwardFailed {
        /// Its number.
        attempt: u32,
        /// What is still different.
        reason: String,
    },
    /// An attempt at the way back begins.
    BackIntended {
        /// Its number, from 1.
        attempt: u32,
        /// Why the run goes back.
        reason: String,
    },
    /// The report of the run was stored; only after the run is over.
    ReportStored {
        /// Its digest.
        sha256: Sha256,
    },
    /// An attempt at the way back did not bring the old state.
    BackFailed {
        /// Its number.
        attempt: u32,
        /// What is still different.
        reason: String,
    },
}

/// A record as it stands in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Place in the journal, from 1.
    pub sequence: u64,
    /// Wall clock.
    pub time: DateTime<Utc>,
    /// Which boot.
    pub boot_id: String,
    /// Seconds since that boot.
    pub boot_seconds: u64,
    /// What it says.
    #[serde(flatten)]
    pub event: Event,
}
