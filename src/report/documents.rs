//! The JSON documents of the small verbs, each under a name of its own.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::decision::Cause;
use crate::model::explanation::JudgedStatement;
use crate::model::feed::{Completeness, FeedStamp};
use crate::model::finding::Finding;
use crate::model::outcome::Outcome;
use crate::model::package::PackageName;
use crate::model::plan::Action;
use crate::model::run::RunId;
use crate::model::transaction::Phase;
use crate::model::version::Version;

use super::restart::RestartReport;
use super::schema::{ReportHost, SCHEMA_VERSION};
use crate::model::summary::Summary;

/// What every document begins with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Identity {
    /// Name of the document, such as `patchctl.why/1`.
    pub schema: String,
    /// Version of the keys; additions raise the second number.
    pub schema_version: String,
    /// The version of patchctl that wrote it.
    pub tool_version: String,
    /// When it was written.
    pub created: DateTime<Utc>,
}

impl Identity {
    /// The identity of a document that this version of patchctl writes at `created`.
    pub fn of(schema: &str, created: DateTime<Utc>) -> Self {
        Self {
            schema: schema.to_owned(),
            schema_version: SCHEMA_VERSION.to_owned(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            created,
        }
    }
}

/// Name of [`WhyDocument`].
pub const WHY_SCHEMA: &str = "patchctl.why/1";

/// Why a vulnerability, advisory or package stands as it does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WhyDocument {
    /// Name and version of the document.
    #[serde(flatten)]
    pub identity: Identity,
    /// What was asked for.
    pub subject: String,
    /// Every statement of a feed about it that meets an installed package, those that close a matter included.
    pub statements: Vec<JudgedStatement>,
    /// The findings about it, worst first.
    pub findings: Vec<Finding>,
    /// What else is to be said: nothing installed, not covered, no feed speaks about it.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub remarks: Vec<String>,
    /// The feeds that were asked.
    pub feeds: Vec<FeedStamp>,
}

/// Name of [`HistoryDocument`].
pub const HISTORY_SCHEMA: &str = "patchctl.history/1";

/// The runs of a host, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HistoryDocument {
    /// Name and version of the document.
    #[serde(flatten)]
    pub identity: Identity,
    /// The runs.
    pub runs: Vec<RunEntry>,
    /// What a check of the journals found; absent when none was asked for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub verification: Option<Vec<JournalCheck>>,
    /// What the check found of stored reports that are of no run; absent where `report.key` names no keys.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub signatures: Vec<SignatureCheck>,
}

impl HistoryDocument {
    /// Tells whether a check found something that is not as it was stored.
    pub fn is_damaged(&self) -> bool {
        let of_runs = self.verification.iter().flatten().map(|check| &check.problem);
        of_runs.chain(self.signatures.iter().map(|check| &check.problem)).any(Option::is_some)
    }
}

/// One run in the history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunEntry {
    /// The run.
    pub run: RunId,
    /// The verb that began it.
    pub command: String,
    /// When it began.
    pub started: DateTime<Utc>,
    /// When it ended; absent while it is open.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub finished: Option<DateTime<Utc>>,
    /// Where it stands.
    pub phase: Phase,
    /// How it ended; absent while it is open.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub outcome: Option<Outcome>,
    /// Packages in its plan.
    pub packages: u64,
    /// Vulnerabilities that it closed, as far as a feed names them.
    pub closed: u64,
    /// Security updates that it carried out, whether or not a feed names what they closed.
    #[serde(default)]
    pub security: u64,
    /// What its journal or report could not tell.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub problem: Option<String>,
}

/// What a check of one run's journal found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct JournalCheck {
    /// The run.
    pub run: RunId,
    /// Entries whose place in the chain was proven.
    pub entries: u64,
    /// Fingerprint of the key that signed the report of the run; absent where `report.key` names no keys, or a problem is told.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub signed_by: Option<String>,
    /// What is wrong; absent when the chain holds from the first entry to the last.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub problem: Option<String>,
}

/// What a check of the signature of a stored report found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SignatureCheck {
    /// The report.
    pub report: String,
    /// Fingerprint of the key that signed it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub signed_by: Option<String>,
    /// Why it proves nothing; absent when it is signed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub problem: Option<String>,
}

/// Name of [`StatusDocument`].
pub const STATUS_SCHEMA: &str = "patchctl.status/1";

/// One screen about the host, from what is known already: nothing is scanned for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StatusDocument {
    /// Name and version of the document.
    #[serde(flatten)]
    pub identity: Identity,
    /// The host.
    pub host: ReportHost,
    /// When the last scan ended; absent when there was none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub scanned: Option<DateTime<Utc>>,
    /// The package database has changed since that scan.
    pub changed_since_scan: bool,
    /// How complete that scan was.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub completeness: Option<Completeness>,
    /// The counts of the last scan.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub summary: Option<Summary>,
    /// The feeds as they are now.
    pub feeds: Vec<FeedStamp>,
    /// The newest run.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_run: Option<RunEntry>,
    /// The run that was interrupted and waits for `patchctl recover`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub open_run: Option<RunEntry>,
    /// Why a reboot is due, when one is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reboot: Option<String>,
}

/// Name of [`NeedsRestartDocument`].
pub const NEEDS_RESTART_SCHEMA: &str = "patchctl.needs-restart/1";

/// What still runs replaced code, and the kernel that runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NeedsRestartDocument {
    /// Name and version of the document.
    #[serde(flatten)]
    pub identity: Identity,
    /// The host, with its running, next and leftover kernels.
    pub host: ReportHost,
    /// Services, processes, and why a reboot is due.
    #[serde(flatten)]
    pub restart: RestartReport,
    /// The vulnerabilities that stay open until the host is rebooted.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub reboot_keeps_open: Vec<String>,
    /// Processes of other users that could not be looked at: only root sees them.
    pub unreadable: u64,
}

/// Name of [`FeedsDocument`].
pub const FEEDS_SCHEMA: &str = "patchctl.feeds/1";

/// The feeds of a host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FeedsDocument {
    /// Name and version of the document.
    #[serde(flatten)]
    pub identity: Identity,
    /// What was done with them.
    pub action: FeedsAction,
    /// The feeds, in the order of their configuration.
    pub feeds: Vec<FeedStamp>,
}

/// What `patchctl feeds` did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FeedsAction {
    /// Nothing but looking.
    List,
    /// Fetched what was due.
    Refresh,
    /// Wrote them into a bundle.
    Export,
    /// Took a file or a bundle in.
    Import,
    /// Proved the stored content against its digests.
    Verify,
}

/// Name of [`RollbackPreview`].
pub const ROLLBACK_PREVIEW_SCHEMA: &str = "patchctl.rollback-preview/1";

/// What the way back of a run would do, and whether it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RollbackPreview {
    /// Name and version of the document.
    #[serde(flatten)]
    pub identity: Identity,
    /// The run that would be taken back.
    pub run: RunId,
    /// The package changes, in order.
    pub actions: Vec<Action>,
    /// The configuration files that would be put back.
    pub configuration: Vec<String>,
    /// Services that run code of those packages.
    pub services: Vec<String>,
    /// The vulnerabilities that open again.
    pub reopens: Vec<String>,
    /// What would not be as it was.
    pub not_restored: Vec<String>,
    /// What stands in the way; empty when the way back was proved.
    pub obstacles: Vec<String>,
    /// The snapshot that the whole root would go back to; absent when packages go back.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub snapshot: Option<String>,
    /// Paths that were changed since the snapshot, are no part of the run, and would be lost.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub lost: Vec<String>,
}

/// Name of [`DetachedDocument`].
pub const DETACHED_SCHEMA: &str = "patchctl.detached/1";

/// A run that goes on in the background.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DetachedDocument {
    /// Name and version of the document.
    #[serde(flatten)]
    pub identity: Identity,
    /// The unit of the service manager that it runs in; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub unit: Option<String>,
    /// The file with what it says, where no service manager keeps that.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub log: Option<String>,
}

/// Name of [`PlanDifference`].
pub const PLAN_DIFFERENCE_SCHEMA: &str = "patchctl.plan-diff/1";

/// How two plans differ.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlanDifference {
    /// Name and version of the document.
    #[serde(flatten)]
    pub identity: Identity,
    /// The first plan, by its short digest.
    pub before: String,
    /// The second plan.
    pub after: String,
    /// Packages whose change differs, sorted.
    pub changes: Vec<ActionDifference>,
    /// Vulnerabilities that only the second plan closes.
    pub closes_more: Vec<String>,
    /// Vulnerabilities that only the first plan closes.
    pub closes_less: Vec<String>,
    /// Packages that only the second plan holds, with the reasons.
    pub newly_held: Vec<HeldDifference>,
}

/// One package that two plans treat differently.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ActionDifference {
    /// The package, with its architecture.
    pub package: String,
    /// The version that the first plan installs; absent when it does not touch the package.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub before: Option<Version>,
    /// The version that the second plan installs; absent when it does not touch the package.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub after: Option<Version>,
}

/// One package that only the second plan holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HeldDifference {
    /// The package.
    pub package: PackageName,
    /// Why, down to the root cause.
    pub cause_chain: Vec<Cause>,
}
