//! What each verb is asked to do, as plain values: the command line is one way to fill them.

pub use super::overrides::{Override, Overrides};
pub use crate::apply::direction::Asked;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};

use crate::model::decision::{RebootPolicy, Selection};
use crate::model::package::PackageName;
use crate::model::rule::{Until, WaiverKind};
use crate::model::run::RunId;
use crate::model::severity::Severity;
use crate::report::format::Format;

/// Under which circumstances a verb works, whichever it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// The root that is looked at.
    pub root: PathBuf,
    /// The configuration file to read instead of the system's.
    pub configuration: Option<PathBuf>,
    /// Whether feeds are fetched.
    pub refresh: Refresh,
    /// The time to judge by, instead of now.
    pub as_of: Option<DateTime<Utc>>,
    /// How long to wait for a lock, instead of the configured time.
    pub lock_timeout: Option<Duration>,
}

/// Whether a verb may fetch feeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresh {
    /// Feeds that are due are fetched.
    WhenDue,
    /// Feeds are used as they are; other downloads are allowed.
    Never,
    /// No network at all.
    Offline,
}

/// Finds what is vulnerable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanRequest {
    /// Which findings are shown and counted.
    pub selection: Selection,
    /// Whether report and ledger are written.
    pub keep: Keep,
    /// How much is asked for.
    pub answer: Answer,
    /// Findings of this severity and worse end with exit code 100.
    pub fail_on: Option<Severity>,
}

/// What is done with stored reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportRequest {
    /// One is written anew.
    Anew {
        /// Which one.
        subject: ReportSubject,
        /// The form it is read for; none for text and JSON.
        format: Option<Format>,
    },
    /// What is stored of a period is told together.
    Period {
        /// Its first moment.
        since: Option<DateTime<Utc>>,
        /// Its last; now where it is absent.
        until: Option<DateTime<Utc>>,
    },
    /// Two are compared.
    Difference {
        /// The earlier one.
        before: ReportSubject,
        /// The later one.
        after: ReportSubject,
    },
    /// Those of many hosts are put together.
    Merge {
        /// The folder that holds them.
        folder: PathBuf,
    },
}

/// Which stored report is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportSubject {
    /// The newest of this host.
    Latest,
    /// That of a run.
    Run(RunId),
    /// A file.
    File(PathBuf),
}

/// How much of a scan is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Every finding.
    Findings,
    /// The counts; findings are made only where a record of them is kept.
    Counts,
}

/// Whether a verb leaves a record behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// The report is stored, and first-seen dates are updated.
    Record,
    /// Nothing is written.
    Nothing,
}

/// Explains a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhyRequest {
    /// What is asked about.
    pub subject: Subject,
}

/// What `why` is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A vulnerability, such as `CVE-2026-11234`.
    Vulnerability(String),
    /// A vendor's advisory, such as `DSA-5999-1`.
    Advisory(String),
    /// A binary or source package.
    Package(PackageName),
}

/// Makes a plan, or compares two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlanRequest {
    /// Make the plan that closes the selected findings.
    Make {
        /// What it is asked for.
        wish: Wish,
        /// Where the sealed plan is written besides the state folder.
        file: Option<PathBuf>,
    },
    /// Tell how the second plan differs from the first.
    Compare {
        /// The first plan's file.
        before: PathBuf,
        /// The second plan's file.
        after: PathBuf,
    },
}

/// Whether a plan may remove packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removals {
    /// As the policy says.
    AsConfigured,
    /// Allowed for this plan.
    Allow,
}

/// What a plan is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Which findings, packages or versions.
    pub selection: Selection,
    /// Whether packages may be removed.
    pub removals: Removals,
    /// Packages that may be changed although no way back was proved.
    pub accept_no_rollback: Vec<PackageName>,
    /// Rules that do not hold this time.
    pub overrides: Option<Overrides>,
}

/// Carries out a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplyRequest {
    /// The sealed plan; absent, one is made from the selection.
    pub plan: Option<PathBuf>,
    /// Which findings, when a plan is made.
    pub selection: Selection,
    /// How far to go.
    pub reach: Reach,
    /// Whether to ask first.
    pub consent: Consent,
    /// Packages that may be changed although no way back was proved.
    pub accept_no_rollback: Vec<PackageName>,
    /// Whether packages may be removed.
    pub removals: Removals,
    /// Rules that do not hold this time.
    pub overrides: Option<Overrides>,
    /// Who began it.
    pub begins: Begins,
    /// What happens when a reboot is due, instead of what is configured.
    pub reboot: Option<RebootPolicy>,
    /// Success tells by exit code 102 or 103 that a reboot or restarts are due.
    pub detailed_exit_code: bool,
}

/// Who begins a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begins {
    /// A person: a closed window refuses.
    ByHand,
    /// A timer or cron: a closed window means that there is nothing to do now.
    ByItself,
}

/// How far `apply` goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All the way.
    Everything,
    /// Fetches and verifies every archive, and stops before the first change.
    DownloadOnly,
    /// Shows the plan and stops.
    DryRun,
}

/// Whether the operator has said yes already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// Ask at the terminal; without one, refuse.
    Ask,
    /// Said by `--yes`.
    Given,
}

impl ApplyRequest {
    /// Returns what its plan is asked for.
    pub fn wish(&self) -> Wish {
        Wish {
            selection: self.selection.clone(),
            removals: self.removals,
            accept_no_rollback: self.accept_no_rollback.clone(),
            overrides: self.overrides.clone(),
        }
    }
}

/// Brings an open run to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecoverRequest {
    /// Who asks.
    pub asked: Asked,
    /// Only when this run is in nobody's hands, or past its time: what the dead man's timer asks for.
    pub dead_man_of: Option<RunId>,
}

/// Asks what still runs replaced code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NeedsRestartRequest {
    /// All of it.
    Everything,
    /// Whether a reboot is due, as an exit code.
    Reboot,
}

/// Looks after a reboot that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RebootRequest {
    /// It begins when policy lets it.
    WhenItMay(Begins),
    /// It is called off.
    Cancel,
}

/// Takes a run back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RollbackRequest {
    /// The run; absent, the newest that changed something.
    pub run: Option<RunId>,
    /// How far to go.
    pub reach: RollbackReach,
    /// By packages, or the whole root.
    pub level: RollbackLevel,
    /// Changes that were made since the snapshot may be lost.
    pub accept_lost: bool,
    /// Only these packages; empty takes all of the run back.
    pub only: Vec<PackageName>,
    /// Whether to ask first.
    pub consent: Consent,
}

/// What `rollback` puts back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RollbackLevel {
    /// The packages and the configuration, on the running system.
    Packages,
    /// The root as a whole, from the snapshot that the run took.
    Snapshot,
}

/// How far `rollback` goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RollbackReach {
    /// All the way.
    Everything,
    /// Shows what would change and what opens again.
    Preview,
    /// Proves archives and room, and changes nothing.
    Check,
}

/// Looks at past runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HistoryRequest {
    /// All runs, newest first.
    List,
    /// One run in full.
    Show(RunId),
    /// Proves the chains of all journals.
    Verify,
}

/// Looks at feeds, or changes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeedsRequest {
    /// Shows them.
    List,
    /// Fetches them now.
    Refresh {
        /// Feeds whose older or smaller content is accepted this time.
        accept_older: Vec<String>,
    },
    /// Writes the feeds into a bundle.
    Export {
        /// The bundle.
        bundle: PathBuf,
        /// The key of gpg that signs it.
        sign_with: Option<String>,
    },
    /// Takes a bundle in, or a file as the content of a feed.
    Import {
        /// The file.
        file: PathBuf,
        /// The feed; absent, the one that the content belongs to.
        name: Option<String>,
        /// It is taken although it is older or otherwise unlike the content in use.
        accept_older: bool,
    },
    /// Proves stored content against its digests.
    Verify,
}

/// Keeps a defective patch from being installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockRequest {
    /// What is blocked.
    pub subject: RuleTarget,
    /// When the block lifts itself.
    pub until: Until,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// When somebody should look at it again.
    pub review: Option<NaiveDate>,
}

/// Leaves findings open for now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaiveRequest {
    /// Which findings.
    pub subject: RuleTarget,
    /// Only those of this package.
    pub package: Option<PackageName>,
    /// Why in one word.
    pub kind: WaiverKind,
    /// Why in a sentence.
    pub reason: String,
    /// Who approved it.
    pub approved_by: String,
    /// The last day on which it holds.
    pub expires: NaiveDate,
}

/// What a rule is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleTarget {
    /// A package, or one version of it.
    Package {
        /// Its binary or source name.
        name: PackageName,
        /// The version.
        version: Option<String>,
    },
    /// A vendor's advisory or a vulnerability.
    Advisory(String),
    /// One finding by its id.
    Finding(String),
}
