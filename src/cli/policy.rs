//! The command line of policy: `policy`, `block`, `unblock`, `waive`, `schedule`, and what `apply` sets aside. Definitions, nothing
//! else.

use chrono::NaiveDate;
use clap::{Args, Subcommand};

use super::values;
use crate::model::package::PackageName;
use crate::model::rule::{Until, WaiverKind};
use crate::ops::request::{Override, RuleTarget};

/// Rules that a run sets aside.
#[derive(Clone, Debug, Default, Args)]
pub struct OverrideArgs {
    /// Set these rules aside for this run: window, freeze, approval, evidence
    #[arg(long = "override", value_name = "RULE", value_delimiter = ',', requires = "reason")]
    #[arg(value_parser = values::overridable())]
    pub overrides: Vec<Override>,
    /// Why the rules are set aside; recorded and reported
    #[arg(long, value_name = "TEXT", requires = "overrides", value_parser = values::sentence)]
    pub reason: Option<String>,
}

/// `policy`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  patchctl policy                   every value and where it was written
  patchctl policy check             read every file, name the first error
  patchctl policy refresh           take the central policy as it is now
  patchctl policy preview --as-of 2026-11-28T02:00:00Z
                                    what would be decided then")]
pub struct PolicyArgs {
    /// What to do; every value when nothing is said.
    #[command(subcommand)]
    pub verb: Option<PolicyVerb>,
}

/// What `policy` does.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum PolicyVerb {
    /// Read every file and tell what needs attention
    Check,
    /// Show every value, block and waiver with the file and line it came from
    Show,
    /// Pull the central policy now
    ///
    /// Only what one of the keys in central.key signed is taken, for the group of this host, and never an older version. Scan,
    /// plan and apply pull it by themselves when feeds.refresh is over.
    Refresh,
    /// Show what would be decided now, or at the time of --as-of, and when the next window opens
    Preview,
}

/// `block`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  patchctl block openssl --until newer --reason 'breaks nginx' --owner anna
  patchctl block openssl=3.0.22-1~deb12u2 --until newer \\
    --reason 'breaks nginx' --owner anna
  patchctl block DSA-5999-1 --until 2026-12-24 \\
    --reason 'vendor repairs it' --owner anna")]
#[command(override_usage = "patchctl block [OPTIONS] --until <newer|DATE> --reason <TEXT>
                      --owner <NAME> <PACKAGE[=VERSION]|ADVISORY|CVE>")]
pub struct BlockArgs {
    /// A package, one version of it, an advisory or a CVE
    #[arg(value_name = "PACKAGE[=VERSION]|ADVISORY|CVE", value_parser = values::rule_subject)]
    pub subject: RuleTarget,
    /// When the block lifts itself: newer (a newer version is offered), or the last day it holds
    #[arg(long, value_name = "newer|DATE", value_parser = values::until)]
    pub until: Until,
    /// Why
    #[arg(long, value_name = "TEXT", value_parser = values::sentence)]
    pub reason: String,
    /// Who answers for it
    #[arg(long, value_name = "NAME", value_parser = values::sentence)]
    pub owner: String,
    /// When somebody should look at it again
    #[arg(long, value_name = "DATE", value_parser = values::day)]
    pub review: Option<NaiveDate>,
}

/// `unblock`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example:\n  patchctl unblock openssl")]
pub struct UnblockArgs {
    /// The name of a block, or the package, advisory or CVE that it is about
    #[arg(value_name = "NAME", value_parser = values::rule_name)]
    pub name: String,
}

/// `waive`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  patchctl waive CVE-2026-11234 --package openssl --kind mitigated \\
    --reason 'no route to it' --approved-by bert --expires 2027-01-31
  patchctl waive vim --kind accepted-risk --reason 'no shell users' \\
    --approved-by bert --expires 2027-01-31")]
#[command(override_usage = "patchctl waive [OPTIONS] --kind <KIND> --reason <TEXT>
                      --approved-by <NAME> --expires <DATE>
                      <CVE|ADVISORY|PACKAGE|FINDING>")]
pub struct WaiveArgs {
    /// A CVE, an advisory, a package, or the id of a finding
    #[arg(value_name = "CVE|ADVISORY|PACKAGE|FINDING", value_parser = values::waived)]
    pub subject: RuleTarget,
    /// Only in this package
    #[arg(long, value_name = "NAME", value_parser = values::package)]
    pub package: Option<PackageName>,
    /// What kind of waiver: accepted-risk, mitigated, false-positive
    #[arg(long, value_name = "KIND", value_parser = values::waiver_kinds())]
    pub kind: WaiverKind,
    /// Why
    #[arg(long, value_name = "TEXT", value_parser = values::sentence)]
    pub reason: String,
    /// Who approved it
    #[arg(long, value_name = "NAME", value_parser = values::sentence)]
    pub approved_by: String,
    /// The last day on which it holds
    #[arg(long, value_name = "DATE", value_parser = values::day)]
    pub expires: NaiveDate,
}

/// `schedule`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  patchctl schedule            what begins by itself, and what would be written
  patchctl schedule -v         with the whole text of each file
  patchctl schedule install    write and start it, from the policy")]
pub struct ScheduleArgs {
    /// What to do; show when nothing is said.
    #[command(subcommand)]
    pub verb: Option<ScheduleVerb>,
}

/// What `schedule` does.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum ScheduleVerb {
    /// Show what begins by itself, and how the files stand
    Show,
    /// Write timers of systemd, or entries of cron, from the policy, and start them
    Install,
    /// Stop them and remove their files
    Remove,
}
