//! The answer to "why": every statement about a subject, and how it was judged against what is installed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::advisory::VendorState;
use super::feed::FeedStamp;
use super::finding::{FindingPackage, Verdict};
use super::severity::Severity;

/// Why something is, or is not, a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Explanation {
    /// What was asked for: a CVE, an advisory, a source or binary package.
    pub subject: String,
    /// Every statement of a feed about it that meets an installed package.
    pub judged: Vec<JudgedStatement>,
    /// What else is to be said: nothing installed, not covered, no feed speaks about it.
    pub remarks: Vec<String>,
    /// The feeds that were asked.
    pub feeds: Vec<FeedStamp>,
}

/// One statement of a feed, judged against one installed package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct JudgedStatement {
    /// The installed package, with the source version that was compared.
    pub package: FindingPackage,
    /// The feed that says so.
    pub feed: String,
    /// The vendor's identifier.
    pub advisory: String,
    /// The vendor's triage state.
    pub vendor_state: VendorState,
    /// The vendor's own words, where it gave some.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
    /// The vendor's severity.
    pub severity: Severity,
    /// The first fixed source version, where there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fixed_version: Option<String>,
    /// What follows for this package.
    pub verdict: Verdict,
    /// The rule that was applied, in words.
    pub rule: String,
    /// The sentence that a finding carries.
    pub reason: String,
}
