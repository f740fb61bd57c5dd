//! The command line of `rehearse`. Definitions, and what they ask for.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::args::SelectionArgs;
use super::values;
use crate::model::decision::Selection;
use crate::model::package::PackageName;
use crate::ops::rehearse::{Part, RehearseRequest};
use crate::ops::request::{Removals, Wish};

/// `rehearse`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  patchctl rehearse sunday.json          does this plan work here? exit 0, or 1 with the reasons
  patchctl rehearse                      the plan that apply would make now
  patchctl rehearse --package openssl    one package
  patchctl rehearse --boot               and do all services still come up?

The clone is an overlay over the running root: own mounts, processes and network, no service is started or
stopped, and everything it writes is thrown away. It needs room for the plan in /var/lib/patchctl.
Programs in /etc/patchctl/checks.d/rehearsal.d run in it, before and after the plan.
With --boot the clone is booted by systemd-nspawn, without a network, once as the host is and once with the
plan, and their units are compared; what the boots write stays in memory. Services of the clone work on
copies of your data. policy.rehearsal_boot has every rehearsal do so.")]
pub struct RehearseArgs {
    /// A sealed plan (default: make one from the selection)
    #[arg(value_name = "PLAN", value_hint = ValueHint::FilePath)]
    #[arg(conflicts_with_all = ["cves", "advisories", "packages", "exclude", "severity", "known_exploited"])]
    pub plan: Option<PathBuf>,
    /// Include updates that close no vulnerability
    #[arg(long, conflicts_with = "plan")]
    pub all_updates: bool,
    /// Allow packages to be removed
    #[arg(long, conflicts_with = "plan")]
    pub allow_removals: bool,
    /// Change these packages although no way back was proved
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = values::package)]
    pub accept_no_rollback: Vec<PackageName>,
    /// Boot the clone without the plan and with it, and compare which units run
    #[arg(long)]
    pub boot: bool,
    /// Which findings
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// Put the clone of this design together and go on in it (patchctl calls itself so)
    #[arg(long, value_name = "FILE", hide = true)]
    pub assemble: Option<PathBuf>,
    /// Carry the plan out, inside the clone (patchctl calls itself so)
    #[arg(long, hide = true)]
    pub inside: bool,
    /// Boot the clone of this design (patchctl calls itself so)
    #[arg(long, value_name = "FILE", hide = true)]
    pub boot_clone: Option<PathBuf>,
}

impl RehearseArgs {
    /// Tells whether a person asks for a rehearsal, not patchctl for a part of one.
    pub(super) fn is_whole(&self) -> bool {
        self.assemble.is_none() && !self.inside && self.boot_clone.is_none()
    }
}

impl From<RehearseArgs> for Part {
    fn from(args: RehearseArgs) -> Self {
        if let Some(design) = args.assemble {
            return Self::Assemble(design);
        }
        if args.inside {
            return Self::Inside;
        }
        if let Some(design) = args.boot_clone {
            return Self::Boot(design);
        }
        let wish = Wish {
            selection: Selection { all_updates: args.all_updates, ..args.selection.into() },
            removals: if args.allow_removals { Removals::Allow } else { Removals::AsConfigured },
            accept_no_rollback: args.accept_no_rollback,
            overrides: None,
        };
        Self::Whole(Box::new(RehearseRequest { plan: args.plan, wish, boot: args.boot }))
    }
}
