//! The JSON contract of scans and runs: `patchctl.report/1`. What a verb does not produce is absent, never null.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::compliance::Compliance;
use super::health::HealthReport;
use super::policy::PolicyReport;
use super::rehearsal::RehearsalReport;
use super::restart::RestartReport;
use super::transaction::TransactionReport;
use crate::model::assessment::LimitedSupport;
use crate::model::digest::Sha256;
use crate::model::distro::Distribution;
use crate::model::failure::FailureKind;
use crate::model::feed::{Completeness, FeedStamp};
use crate::model::finding::{Finding, NotCovered};
use crate::model::kernel::Kernels;
use crate::model::outcome::Outcome;
use crate::model::package::{Architecture, PackageName, SourcePackage};
use crate::model::plan::PatchPlan;
use crate::model::run::RunId;
use crate::model::severity::Criticality;
use crate::model::summary::Summary;
use crate::model::version::Version;

/// Name of the report; the number rises when the meaning of a key changes.
pub const REPORT_SCHEMA: &str = "patchctl.report/1";
/// Version of the keys: raised by every addition.
pub const SCHEMA_VERSION: &str = "1.0";

/// Everything that one scan, plan or run has to tell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// `patchctl.report/1`.
    pub schema: String,
    /// Version of the keys, such as `1.0`; additions raise the second number.
    pub schema_version: String,
    /// The version of patchctl that wrote it.
    pub tool_version: String,
    /// The verb that was called, such as `scan`.
    pub command: String,
    /// The run, for verbs that may change the host.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub run_id: Option<RunId>,
    /// The host it is about; absent when the verb failed before it was known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub host: Option<ReportHost>,
    /// When the verb began.
    pub started: DateTime<Utc>,
    /// When it ended.
    pub finished: DateTime<Utc>,
    /// How it ended.
    pub outcome: Outcome,
    /// The exit code that goes with it.
    pub exit_code: u8,
    /// What went wrong, when something did.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<ReportError>,
    /// How complete the result is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub completeness: Option<Completeness>,
    /// The feeds it was made from.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub feeds: Option<Vec<FeedStamp>>,
    /// Every installed package.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub packages: Option<Vec<ReportPackage>>,
    /// What no vendor's advisories speak about.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub coverage: Option<Coverage>,
    /// The counts.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub summary: Option<Summary>,
    /// The findings, worst first.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub findings: Option<Vec<Finding>>,
    /// The plan that was made or carried out.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub plan: Option<PatchPlan>,
    /// What policy had to say.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub policy: Option<PolicyReport>,
    /// What a rehearsal found.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rehearsal: Option<RehearsalReport>,
    /// What a run did, step by step.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub transaction: Option<TransactionReport>,
    /// Whether the host is as well as before.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub health: Option<HealthReport>,
    /// What still runs old code.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub restart: Option<RestartReport>,
    /// Where the host stands to its due dates.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub compliance: Option<Compliance>,
    /// Where the documents of this verb are.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub files: Option<ReportFiles>,
}

/// Where documents are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReportFiles {
    /// The stored report, of a run.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub report: Option<String>,
    /// The sealed plan, where a file was named for it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub plan: Option<String>,
}

impl Report {
    /// Returns what tells this report from every other one: host, verb, begin and end.
    pub(super) fn identity(&self) -> Sha256 {
        let host = self.host.as_ref().map_or("", |host| &host.name);
        let parts = [host, &self.command, &self.started.to_rfc3339(), &self.finished.to_rfc3339()];
        Sha256::of_parts(parts.iter().map(|part| part.as_bytes()))
    }

    /// Begins a report of `command` that has nothing to tell yet: outcome `failed`, exit code 1, until it is said
    /// otherwise.
    pub fn begin(command: &str, started: DateTime<Utc>) -> Self {
        Self {
            schema: REPORT_SCHEMA.to_owned(),
            schema_version: SCHEMA_VERSION.to_owned(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            command: command.to_owned(),
            run_id: None,
            host: None,
            started,
            finished: started,
            outcome: Outcome::Failed,
            exit_code: 1,
            error: None,
            completeness: None,
            feeds: None,
            packages: None,
            coverage: None,
            summary: None,
            findings: None,
            plan: None,
            policy: None,
            rehearsal: None,
            transaction: None,
            health: None,
            restart: None,
            compliance: None,
            files: None,
        }
    }

    /// Returns where the host stands to its due dates, as it was judged, or judged now where an older patchctl did not.
    pub fn compliance(&self) -> Option<Compliance> {
        self.compliance.clone().or_else(|| Compliance::of(self))
    }
}

/// The host that a report is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReportHost {
    /// Host name; of an image, the name that it would have.
    pub name: String,
    /// Digest of the machine id, which never leaves the host itself.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub machine_id_hash: Option<Sha256>,
    /// Distribution and release.
    pub distribution: Distribution,
    /// Running, next and leftover kernels.
    pub kernel: Kernels,
    /// The root that was looked at, `/` for the running system.
    pub root: String,
    /// How much the host matters, as its administrator says.
    pub criticality: Criticality,
}

/// What went wrong, for people and for scripts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReportError {
    /// The finer word behind the exit code.
    pub kind: FailureKind,
    /// What went wrong, causes included, outermost first.
    pub message: String,
    /// What leads out.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub hints: Vec<String>,
}

/// One installed package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReportPackage {
    /// The binary package.
    pub name: PackageName,
    /// Its version.
    pub version: Version,
    /// Its architecture.
    pub architecture: Architecture,
    /// The source package it was built from.
    pub source: SourcePackage,
}

/// How far the feeds reach.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Coverage {
    /// Packages that no vendor's advisories speak about: never to be taken for clean.
    pub not_covered: Vec<NotCovered>,
    /// Source packages that the vendor supports in part, or until a day only.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub limited_support: Vec<LimitedSupport>,
}
