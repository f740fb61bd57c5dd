//! What was decided about a finding: patch it, or hold it for a named reason.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::package::PackageName;
use super::rule::RulePlace;
use super::severity::Severity;
use super::version::Version;

/// What the operator asked for on the command line. Empty lists select everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Selection {
    /// Only these vulnerabilities.
    pub cves: Vec<String>,
    /// Only these advisories.
    pub advisories: Vec<String>,
    /// Only these packages, by binary or source name.
    pub packages: Vec<PackageName>,
    /// Never these packages.
    pub exclude: Vec<PackageName>,
    /// Only this severity and worse.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub severity: Option<Severity>,
    /// Only what is exploited in the wild.
    pub known_exploited: bool,
    /// Every update that the repositories offer, not only security.
    pub all_updates: bool,
    /// Exactly these versions, named by the operator.
    pub exact: Vec<ExactVersion>,
}

impl Selection {
    /// Tells whether holes are asked for by name, and nothing beside them.
    pub fn names_holes(&self) -> bool {
        !(self.all_updates || self.cves.is_empty() && self.advisories.is_empty())
    }

    /// Tells whether nothing is left out.
    pub fn is_everything(&self) -> bool {
        *self == Self { all_updates: self.all_updates, ..Self::default() }
    }
}

/// A version that the operator named: `PACKAGE=VERSION`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExactVersion {
    /// The binary package.
    pub name: PackageName,
    /// The version to install.
    pub version: Version,
}

/// Patch, or hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// The plan closes it.
    Patch,
    /// The plan leaves it open for the reason given.
    Held,
}

/// Why something is held. One word for machines; the sentence stands beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HoldReason {
    /// The selection on the command line leaves it out.
    NotSelected,
    /// Below the policy's minimum severity.
    BelowSeverity,
    /// A waiver covers it.
    Waived,
    /// A block names the patch as defective.
    Blocked,
    /// The policy leaves this package or advisory out.
    LeftOut,
    /// The patch is younger than the policy wants it to be.
    ApprovalDelay,
    /// A freeze does not let it through.
    Frozen,
    /// The policy does not allow the repository that offers it.
    OriginRefused,
    /// The vendor has no fix.
    NoFix,
    /// A fix is known, but no enabled repository offers it.
    NotOffered,
    /// The package manager's own hold.
    PackageHold,
    /// The package manager's pins prefer an older version.
    Pinned,
    /// The vendor phases the update and this host's turn has not come.
    Phased,
    /// It would remove packages, and removals are refused.
    WouldRemove,
    /// It would add packages, and new packages are refused.
    WouldAdd,
    /// Another package that is held keeps it back.
    Dependency,
    /// The version was rolled back here and waits for a newer one.
    Quarantined,
    /// No way back could be proved.
    NoWayBack,
    /// The verdict is unknown.
    Unknown,
}

impl HoldReason {
    /// Tells whether nothing but time is needed.
    pub fn is_waiting(self) -> bool {
        matches!(self, Self::ApprovalDelay | Self::Frozen)
    }

    /// Tells whether a rule of this host's administrator is the reason.
    pub fn is_ours(self) -> bool {
        self.is_waiting()
            || matches!(
                self,
                Self::BelowSeverity
                    | Self::Waived
                    | Self::Blocked
                    | Self::LeftOut
                    | Self::OriginRefused
                    | Self::WouldAdd
            )
    }

    /// Returns the words that people see.
    pub fn words(self) -> &'static str {
        match self {
            Self::NotSelected => "not selected",
            Self::BelowSeverity => "below the minimum severity",
            Self::Waived => "waived",
            Self::Blocked => "blocked",
            Self::LeftOut => "left out by policy",
            Self::ApprovalDelay => "waits for its approval delay",
            Self::Frozen => "frozen",
            Self::OriginRefused => "repository not allowed by policy",
            Self::NoFix => "no fix yet",
            Self::NotOffered => "fix known, not offered by an enabled repository",
            Self::PackageHold => "on hold in the package manager",
            Self::Pinned => "pinned to an older version",
            Self::Phased => "phased by the vendor, not this host's turn",
            Self::WouldRemove => "would remove packages",
            Self::WouldAdd => "would add packages",
            Self::Dependency => "kept back by a dependency",
            Self::Quarantined => "rolled back here, waits for a newer version",
            Self::NoWayBack => "no way back",
            Self::Unknown => "verdict unknown",
        }
    }
}

/// One link of the chain from a held item to the root of the matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cause {
    /// What is held here.
    pub subject: String,
    /// Why.
    pub reason: HoldReason,
    /// The sentence for people: what exactly stands in the way, and where that was written.
    pub detail: String,
    /// The rule of the administrator behind it, where there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rule: Option<RulePlace>,
}

impl Cause {
    /// A cause that no rule of the administrator is behind.
    pub fn new(subject: impl Into<String>, reason: HoldReason, detail: impl Into<String>) -> Self {
        Self { subject: subject.into(), reason, detail: detail.into(), rule: None }
    }

    /// Names the rule behind it, also in the sentence for people.
    #[must_use]
    pub fn by(mut self, rule: Option<&RulePlace>) -> Self {
        if let Some(rule) = rule {
            self.detail = format!("{} ({rule})", self.detail);
            self.rule = Some(rule.clone());
        }
        self
    }
}

/// The decision about one finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Disposition {
    /// Patch or held.
    pub decision: Decision,
    /// Why it is held.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<HoldReason>,
    /// From the item itself down to the root cause.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub cause_chain: Vec<Cause>,
}

impl Disposition {
    /// The plan closes it.
    pub fn patch() -> Self {
        Self { decision: Decision::Patch, reason: None, cause_chain: Vec::new() }
    }

    /// Tells whether the plan closes it.
    pub fn is_patch(&self) -> bool {
        self.decision == Decision::Patch
    }

    /// Held for the reason that the first link names.
    pub fn held(chain: Vec<Cause>) -> Self {
        Self { decision: Decision::Held, reason: chain.first().map(|cause| cause.reason), cause_chain: chain }
    }
}

/// A package that the plan leaves as it is, although something newer exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Held {
    /// The binary package.
    pub package: PackageName,
    /// The installed version.
    pub installed: Version,
    /// The version that would have come.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub candidate: Option<Version>,
    /// Why, from the package itself down to the root cause.
    pub cause_chain: Vec<Cause>,
    /// The vulnerabilities that stay open with it.
    pub keeps_open: Vec<String>,
}

/// What happens to a configuration file that both the administrator and the vendor changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConffilePolicy {
    /// The administrator's file stays; the vendor's lies beside it.
    #[default]
    Keep,
    /// The vendor's file is taken; the administrator's lies beside it.
    Replace,
}

/// What happens to services that still run replaced code after a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RestartPolicy {
    /// They are restarted once, the way in last.
    #[default]
    Auto,
    /// They are named.
    List,
    /// They are named, and what the update stopped stays stopped.
    Never,
}

/// Whether a rehearsal boots its clone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RehearsalBoot {
    /// No.
    #[default]
    Never,
    /// Where the host has the means; else that is told.
    IfPossible,
    /// Where the host has no means there is no rehearsal.
    Always,
}

/// What happens after a run that makes a reboot due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RebootPolicy {
    /// It is told.
    #[default]
    Never,
    /// The host reboots when that may be.
    IfNeeded,
    /// The same after every run that changed something.
    Always,
}
