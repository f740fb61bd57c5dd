//! The command line: clap definitions, nothing else. Man pages and completions are made from them.

use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;

use super::aftermath::{NeedsRestartArgs, RebootArgs, RecoverArgs, RollbackArgs, StatusArgs};
use super::bundle::BundleArgs;
use super::forms::Format;
use super::policy::{BlockArgs, OverrideArgs, PolicyArgs, ScheduleArgs, UnblockArgs, WaiveArgs};
use super::rehearsal::RehearseArgs;
use super::reports::{HistoryArgs, ReportArgs};
use super::values::{self, Target};
use crate::model::decision::RebootPolicy;
use crate::model::package::PackageName;
use crate::model::severity::Severity;
use crate::ops::request::Subject;

/// What `--help` and the man page say about exit codes (product design, section 2).
const EXIT_CODES: &str = "Exit codes:
    0  done, or nothing to do (also: done, reboot needed)
    1  failed; the host is unchanged
    2  wrong usage, invalid or insecurely writable configuration
    3  failed and rolled back; the host is as before
    4  a person is needed; the report has the exact commands
    5  not enough privilege
    7  another package tool or patchctl holds the lock
    8  refused: by policy, or because the host changed since the plan was made
    9  incomplete: a feed is missing, stale or malformed; nothing was changed
   10  preflight failed: space, unclean database, no way back, open run
  100  scan: findings at or above --fail-on
  102  apply --detailed-exitcode: done, reboot needed;
       needs-restart --reboot: a reboot is due
  103  apply --detailed-exitcode: done, service restarts needed
  130  stopped by SIGINT at a clean boundary (143: by SIGTERM)";

/// Find, plan, apply, verify and roll back security patches on this host
#[derive(Clone, Debug, Parser)]
#[command(name = "patchctl", version, after_help = EXIT_CODES, max_term_width = 80)]
#[command(arg_required_else_help = true, subcommand_required = true, disable_help_subcommand = true)]
pub struct Cli {
    /// The verb.
    #[command(subcommand)]
    pub verb: Verb,
    /// Flags of every verb.
    #[command(flatten)]
    pub global: GlobalArgs,
}

/// Flags that every verb takes.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArgs {
    /// Look at another root: an image, container or chroot
    #[arg(long, global = true, value_name = "DIR", default_value = "/", value_hint = ValueHint::DirPath)]
    pub root: PathBuf,
    /// Read this configuration instead of /etc/patchctl
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// Write results as text or as one document; scan, plan, apply, rollback and report know every form
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Write the result to FILE; plan writes the sealed plan there
    #[arg(short, long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// Say nothing but results that need attention, and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say more; twice for every detail
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// Colour the output
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = Colour::Auto)]
    pub color: Colour,
    /// Draw no progress bars
    #[arg(long, global = true)]
    pub no_progress: bool,
    /// Use no network at all
    #[arg(long, global = true)]
    pub offline: bool,
    /// Use the feeds, and with apply the repositories' lists, as they are
    #[arg(long, global = true)]
    pub no_refresh: bool,
    /// Judge as of this time (2026-11-22 or 2026-11-22T02:00:00Z)
    #[arg(long, global = true, value_name = "TIME", value_parser = values::time)]
    pub as_of: Option<DateTime<Utc>>,
    /// Wait this long for a lock (default 300s, or as configured)
    #[arg(long, global = true, value_name = "SPAN", value_parser = values::span)]
    pub lock_timeout: Option<Duration>,
}

/// Whether output is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On a terminal, unless NO_COLOR says otherwise
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The verbs.
#[derive(Clone, Debug, Subcommand)]
pub enum Verb {
    /// Find what is vulnerable here, worst first
    ///
    /// Reads the package database, the repositories' lists and the vendors' advisories; nothing of the host is changed. The
    /// report is kept and becomes the newest one, except where only a part was asked for (--cve, --package, ...) or another
    /// time (--as-of): that tells nothing about how the host stands.
    Scan(ScanArgs),
    /// Explain a verdict: the rule, the versions and the feed behind it
    Why(WhyArgs),
    /// Make the exact set of package changes that closes the findings
    Plan(PlanArgs),
    /// Try a plan in a throw-away clone of this host
    Rehearse(RehearseArgs),
    /// Carry out a plan, prove the result, or take it back
    Apply(ApplyArgs),
    /// Bring back the state before a run
    Rollback(RollbackArgs),
    /// End an interrupted run, or let the package manager finish what another tool began
    Recover(RecoverArgs),
    /// Show what still runs replaced code, and the holes that this keeps open
    NeedsRestart(NeedsRestartArgs),
    /// Reboot when one is due, inside a reboot window, when nobody is logged in or their time is over
    ///
    /// The windows are those of policy.reboot_window, else those of runs. People who are logged in are told, and have
    /// policy.reboot_wait. A reboot that cannot begin yet is kept and looked after every minute, by systemd or cron, until the
    /// system goes down. Programs in hooks.d/pre-reboot run before it; one that fails holds it up.
    Reboot(RebootArgs),
    /// Show on one screen where this host stands
    Status(StatusArgs),
    /// Check every precondition of a run, and say what to do where one does not hold
    #[command(
        after_help = "Examples:\n  patchctl doctor                  exit 10 when something would stop an apply\n  patchctl doctor --format json"
    )]
    Doctor,
    /// Write a stored report anew, in another form
    Report(ReportArgs),
    /// List past runs, show one, or prove their journals
    History(HistoryArgs),
    /// List, refresh, import or verify the advisory feeds
    Feeds(FeedsArgs),
    /// Carry feeds, lists, policy, plan and packages to hosts without a network
    Bundle(BundleArgs),
    /// Check or show the policy, or preview what it decides at a time
    Policy(PolicyArgs),
    /// Keep a defective patch from being installed until it is repaired
    Block(BlockArgs),
    /// Remove a block
    Unblock(UnblockArgs),
    /// Leave a finding open, with a reason, an approver and an end
    Waive(WaiveArgs),
    /// Let scans and runs begin by themselves, as the policy says
    Schedule(ScheduleArgs),
    /// Write a shell completion script
    #[command(after_help = "Example:\n  patchctl completions bash > /etc/bash_completion.d/patchctl")]
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Write the man pages
    #[command(after_help = "Examples:\n  patchctl man | man -l -\n  patchctl man /usr/local/share/man/man1")]
    Man {
        /// Write one page a verb into this folder instead of the main page to standard output
        #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
        folder: Option<PathBuf>,
    },
}

impl Verb {
    /// Returns the word that was typed.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Scan(_) => "scan",
            Self::Why(_) => "why",
            Self::Plan(_) => "plan",
            Self::Rehearse(_) => "rehearse",
            Self::Apply(_) => "apply",
            Self::Rollback(_) => "rollback",
            Self::Recover(_) => "recover",
            Self::NeedsRestart(_) => "needs-restart",
            Self::Reboot(_) => "reboot",
            Self::Status(_) => "status",
            Self::Doctor => "doctor",
            Self::Report(_) => "report",
            Self::History(_) => "history",
            Self::Feeds(_) => "feeds",
            Self::Bundle(_) => "bundle",
            Self::Policy(_) => "policy",
            Self::Block(_) => "block",
            Self::Unblock(_) => "unblock",
            Self::Waive(_) => "waive",
            Self::Schedule(_) => "schedule",
            Self::Completions { .. } => "completions",
            Self::Man { .. } => "man",
        }
    }
}

/// Which findings a verb is about. Lists take commas or repeats.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Selection")]
pub struct SelectionArgs {
    /// Only these vulnerabilities (dnf: in the lowest version that closes them)
    #[arg(long = "cve", value_name = "CVE", value_delimiter = ',', value_parser = values::cve)]
    pub cves: Vec<String>,
    /// Only these advisories (dnf: in the lowest version that closes them)
    #[arg(long = "advisory", value_name = "ID", value_delimiter = ',', value_parser = values::advisory)]
    pub advisories: Vec<String>,
    /// Only these binary or source packages
    #[arg(long = "package", value_name = "NAME", value_delimiter = ',', value_parser = values::package)]
    pub packages: Vec<PackageName>,
    /// Never these packages
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = values::package)]
    pub exclude: Vec<PackageName>,
    /// Only this severity and worse
    #[arg(long, value_name = "SEVERITY", value_parser = values::severities())]
    pub severity: Option<Severity>,
    /// Only what is exploited in the wild
    #[arg(long)]
    pub known_exploited: bool,
}

/// `scan`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  patchctl scan                              what is vulnerable here
  patchctl scan --severity high --all        every serious group
  patchctl scan --root /srv/image --no-save  look at an image, leave no trace
  patchctl scan -q --fail-on critical        for cron and CI: exit 100")]
pub struct ScanArgs {
    /// Print the counts alone
    #[arg(long, conflicts_with = "all")]
    pub summary: bool,
    /// Write neither report nor first-seen dates
    #[arg(long)]
    pub no_save: bool,
    /// Show every group
    #[arg(long)]
    pub all: bool,
    /// Exit with 100 on open findings of this severity or worse
    #[arg(long, value_name = "SEVERITY", value_parser = values::severities())]
    pub fail_on: Option<Severity>,
    /// Which findings
    #[command(flatten)]
    pub selection: SelectionArgs,
}

/// `why`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  patchctl why CVE-2026-11234   why this host is, or is not, vulnerable
  patchctl why openssl          every finding of a package")]
pub struct WhyArgs {
    /// A CVE, an advisory or a package
    #[arg(value_name = "CVE|ADVISORY|PACKAGE", value_parser = values::subject)]
    pub subject: Subject,
}

/// `plan`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  patchctl plan                          close everything that has a fix
  patchctl plan --known-exploited        only what is exploited in the wild
  patchctl plan curl=7.88.1-10+deb12u15  exactly this version
  patchctl plan -o sunday.json           keep the sealed plan for apply
  patchctl plan --diff old.json new.json  what changed between two plans")]
pub struct PlanArgs {
    /// Only these packages, or exactly these versions
    #[arg(value_name = "PACKAGE[=VERSION]", value_parser = values::target)]
    pub targets: Vec<Target>,
    /// Include updates that close no vulnerability
    #[arg(long)]
    pub all_updates: bool,
    /// Allow the plan to remove packages
    #[arg(long)]
    pub allow_removals: bool,
    /// Change these packages although no way back was proved
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = values::package)]
    pub accept_no_rollback: Vec<PackageName>,
    /// Compare two sealed plans
    #[arg(long, num_args = 2, value_names = ["BEFORE", "AFTER"])]
    #[arg(conflicts_with_all = ["targets", "all_updates", "allow_removals", "accept_no_rollback"])]
    pub diff: Vec<PathBuf>,
    /// Which findings
    #[command(flatten)]
    pub selection: SelectionArgs,
}

/// `apply`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  patchctl apply               make a plan, show it, ask, carry it out
  patchctl apply sunday.json   exactly this plan, or refuse
  patchctl apply -n            show what would happen
  patchctl apply -y -q         for cron and systemd")]
pub struct ApplyArgs {
    /// A sealed plan (default: make one from the selection)
    #[arg(value_name = "PLAN", value_hint = ValueHint::FilePath)]
    #[arg(conflicts_with_all = ["cves", "advisories", "packages", "exclude", "severity", "known_exploited"])]
    pub plan: Option<PathBuf>,
    /// Patch from this bundle, without a network; it must be signed by a key of feeds.bundle_key
    #[arg(long, value_name = "BUNDLE", value_hint = ValueHint::FilePath, conflicts_with_all = ["plan", "detach"])]
    pub bundle: Option<PathBuf>,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// Show the plan and stop
    #[arg(short = 'n', long, conflicts_with = "download_only")]
    pub dry_run: bool,
    /// Fetch and verify every archive and stop
    #[arg(long)]
    pub download_only: bool,
    /// Go on in the background, whatever becomes of this terminal; patchctl status --wait waits for the end
    #[arg(long, requires = "yes", conflicts_with_all = ["dry_run", "download_only"])]
    pub detach: bool,
    /// Change these packages although no way back was proved
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = values::package)]
    pub accept_no_rollback: Vec<PackageName>,
    /// Allow packages to be removed
    #[arg(long, conflicts_with = "plan")]
    pub allow_removals: bool,
    /// Include updates that close no vulnerability
    #[arg(long, conflicts_with = "plan")]
    pub all_updates: bool,
    /// Do nothing, and say nothing, while no window is open: for timers and cron
    #[arg(long, conflicts_with = "overrides")]
    pub scheduled: bool,
    /// What is set aside
    #[command(flatten)]
    pub overrides: OverrideArgs,
    /// When a reboot is due afterwards: never, if-needed, always (default: apply.reboot); patchctl reboot tells what it waits for
    #[arg(long, value_name = "WHEN", value_parser = values::reboot())]
    pub reboot: Option<RebootPolicy>,
    /// Exit with 102 when a reboot is due, 103 when restarts are
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// Which findings
    #[command(flatten)]
    pub selection: SelectionArgs,
}

/// `feeds`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  patchctl feeds                                 how old they are
  patchctl feeds refresh                         fetch them now, as root apt's lists too
  patchctl feeds export feeds.bundle             all of them in one file, for hosts without a network
  patchctl feeds import feeds.bundle             there")]
pub struct FeedsArgs {
    /// What to do; the list when nothing is said.
    #[command(subcommand)]
    pub verb: Option<FeedsVerb>,
}

/// What `feeds` does.
#[derive(Clone, Debug, Subcommand)]
pub enum FeedsVerb {
    /// Show the feeds, their age and how far they can be trusted
    List,
    /// Fetch the feeds now, and as root the package manager's lists
    Refresh {
        /// Believe this feed although it is older than the last content, or far smaller or larger
        #[arg(long, value_name = "NAME", value_delimiter = ',')]
        accept_older: Vec<String>,
    },
    /// Write the feeds into one file, for hosts without a network
    Export {
        /// The bundle to write
        #[arg(value_name = "BUNDLE", value_hint = ValueHint::FilePath)]
        bundle: PathBuf,
        /// Sign it with this key of root's gpg: BUNDLE.asc is written beside it
        #[arg(long, value_name = "KEY")]
        sign_with: Option<String>,
    },
    /// Take a bundle in, or a file as the content of one feed
    Import {
        /// The bundle or file; a signature is looked for in FILE.asc and FILE.sig
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: PathBuf,
        /// The feed that it belongs to; of a bundle only this feed
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// Believe it although it is older than the last, or far smaller or larger
        #[arg(long)]
        accept_older: bool,
    },
    /// Prove the stored feeds by their digests, and the lists of apt, dnf or zypp by their signatures
    Verify,
}
