//! The documents of the verbs about policy.

use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::documents::Identity;
use crate::model::decision::Held;
use crate::model::package::PackageName;
use crate::model::rule::RulePlace;
use crate::model::version::Version;

/// Name of [`PolicyDocument`].
pub const POLICY_SCHEMA: &str = "patchctl.policy/1";

/// The policy of a host: every value, every block and waiver, and where each was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyDocument {
    /// Name and version of the document.
    #[serde(flatten)]
    pub identity: Identity,
    /// What was asked for.
    pub action: PolicyAction,
    /// The ring of the host, where there are rings.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ring: Option<String>,
    /// The central policy, where one is configured.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub central: Option<CentralEntry>,
    /// Every value; absent where only a check was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub values: Vec<PolicyValue>,
    /// Blocks and waivers, in the order of their files.
    pub rules: Vec<RuleEntry>,
    /// What needs somebody's attention.
    pub remarks: Vec<String>,
}

/// What `patchctl policy` did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PolicyAction {
    /// Read every file and found no error.
    Check,
    /// Told every value.
    Show,
    /// Pulled the central policy.
    Refresh,
}

/// The central policy of a host. Without a version none was ever taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CentralEntry {
    /// Where it comes from.
    pub location: String,
    /// The group of hosts that it is for.
    pub group: String,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<u64>,
    /// When it was issued, as it says.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub issued: Option<DateTime<Utc>>,
    /// Fingerprint of the key that signed it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub signed_by: Option<String>,
    /// When it was last asked for, and was there and good.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub checked: Option<DateTime<Utc>>,
}

/// One value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyValue {
    /// The key with its table.
    pub key: String,
    /// The value as files have it.
    pub value: String,
    /// Where it was written; absent where it is the default.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub place: Option<RulePlace>,
}

/// A block or a waiver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RuleEntry {
    /// Which of the two.
    pub kind: RuleKind,
    /// Its name, which is that of its file.
    pub name: String,
    /// What it is about.
    pub subject: String,
    /// Reason, who answers for it, and its end.
    pub words: String,
    /// Whether it holds today.
    pub holds: bool,
    /// Where it was written.
    pub place: RulePlace,
}

/// The kinds of rules that have files of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RuleKind {
    /// `blocks.d`
    Block,
    /// `waivers.d`
    Waiver,
}

/// Name of [`RuleChange`].
pub const RULE_CHANGE_SCHEMA: &str = "patchctl.rule-change/1";

/// What `block`, `unblock` or `waive` did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RuleChange {
    /// Name and version of the document.
    #[serde(flatten)]
    pub identity: Identity,
    /// Added or removed.
    pub change: Change,
    /// The rules.
    pub rules: Vec<RuleEntry>,
    /// What needs somebody's attention.
    pub remarks: Vec<String>,
}

/// What became of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// Its file was written.
    Added,
    /// Its file was removed.
    Removed,
}

/// Name of [`PolicyPreview`].
pub const POLICY_PREVIEW_SCHEMA: &str = "patchctl.policy-preview/1";

/// What would be decided at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyPreview {
    /// Name and version of the document.
    #[serde(flatten)]
    pub identity: Identity,
    /// The host's name.
    pub host: String,
    /// The time.
    pub as_of: DateTime<Utc>,
    /// The ring of the host, where there are rings.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ring: Option<String>,
    /// Whether a run might begin then.
    pub window: WindowState,
    /// The next times at which a window opens.
    pub openings: Vec<OpeningEntry>,
    /// When a reboot might begin; absent where patchctl never reboots.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reboot: Option<RebootEntry>,
    /// Freezes that are not over.
    pub freezes: Vec<FreezeEntry>,
    /// What would be asked of the package manager, before it says what goes together.
    pub patch: Vec<PreviewChange>,
    /// What would stay although something newer exists.
    pub held: Vec<Held>,
    /// What needs somebody's attention.
    pub remarks: Vec<String>,
}

/// How the windows stand at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum WindowState {
    /// There are none.
    Unlimited,
    /// One is open.
    Open {
        /// Until then.
        until: DateTime<Utc>,
    },
    /// None is open.
    Closed,
}

/// A time in which a window will be open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OpeningEntry {
    /// When it opens.
    pub opens: DateTime<Utc>,
    /// When it closes.
    pub closes: DateTime<Utc>,
    /// When a scheduled run of this host begins in it.
    pub scheduled: DateTime<Utc>,
}

/// When a reboot of patchctl's might begin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RebootEntry {
    /// How its windows stand then.
    pub window: WindowState,
    /// When the next one opens, where none is open.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<DateTime<Utc>>,
    /// How long it waits for people who are logged in.
    pub wait_seconds: u64,
}

/// A freeze.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FreezeEntry {
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
    /// It covers the time of the preview.
    pub active: bool,
    /// Days, zone, reason, and what it lets through.
    pub words: String,
    /// Where it was written.
    pub place: RulePlace,
}

/// A package that would be patched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PreviewChange {
    /// The package.
    pub package: PackageName,
    /// The installed version.
    pub from: Version,
    /// The version that would come.
    pub to: Version,
    /// The vulnerabilities that it closes.
    pub closes: Vec<String>,
}
