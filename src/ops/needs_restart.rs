//! `needs-restart`: what still runs replaced code, which holes that keeps open, and whether a reboot is due.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;

use super::context::Context;
use super::{plan, records, runs, survey};
use crate::apply::health::Baseline;
use crate::apply::journal;
use crate::apply::restart::policy::{Treatment, treatment};
use crate::apply::restart::{self, CodeUser, Owners};
use crate::host::processes::{self, Owner, Process, Processes};
use crate::host::storage;
use crate::model::failure::{Failure, FailureKind};
use crate::model::finding::Finding;
use crate::model::package::{Inventory, PackageName};
use crate::model::transaction::Phase;
use crate::report::documents::{Identity, NEEDS_RESTART_SCHEMA, NeedsRestartDocument};
use crate::report::restart::{OldCode, RestartReport};
use crate::scan::inventory::files;

/// The first process, which systemd is.
const INIT: u32 = 1;

/// Looks at every process that this user may see.
///
/// # Errors
/// It is asked about another root, or the package database cannot be read.
pub fn needs_restart(context: &Context<'_>) -> Result<NeedsRestartDocument, Failure> {
    if !context.layout.is_live() {
        let root = context.layout.root().display();
        return Err(Failure::new(
            FailureKind::Usage,
            format!("processes run on the running system, not in {root}"),
        )
        .hint("leave --root out"));
    }
    let inventory = survey::inventory(context)?;
    let processes = processes::list();
    let owners = owners(context, &processes)?;
    let users = restart::on_old_code(processes.here(), &owners);
    let fixes = if users.is_empty() { Vec::new() } else { fixes_of_this_boot(context) };
    let reboot = reboot_reason(context, &inventory, &users);
    let (services, others): (Vec<CodeUser>, Vec<CodeUser>) =
        users.into_iter().partition(|user| matches!(user.owner, Owner::Unit(_)));
    let tell = |users: Vec<CodeUser>| users.into_iter().map(|user| told(context, user, &fixes)).collect();
    let elsewhere = restart::on_old_code(processes.elsewhere(), &Owners::new());
    Ok(NeedsRestartDocument {
        identity: Identity::of(NEEDS_RESTART_SCHEMA, context.now()),
        host: context.report_host(&inventory),
        reboot_keeps_open: if reboot.is_some() { open_until_reboot(context) } else { Vec::new() },
        restart: RestartReport {
            services: tell(services),
            processes: tell(others),
            elsewhere: tell(elsewhere),
            reboot,
            ..RestartReport::default()
        },
        unreadable: processes.unreadable as u64,
    })
}

/// Finds the packages of everything replaced: by dpkg's lists as they are now, else by what runs of patchctl knew before
/// they replaced it.
fn owners(context: &Context<'_>, processes: &Processes) -> Result<Owners, Failure> {
    let files = |process: &Process| {
        let replaced = restart::replaced(process).map(|file| file.path.clone());
        replaced.chain(process.script.clone()).collect::<Vec<_>>()
    };
    let wanted: BTreeSet<PathBuf> = processes.here().flat_map(files).collect();
    let mut owners = files::owners(context.layout.root(), &wanted).map_err(|error| {
        Failure::new(FailureKind::HostUnclean, "the lists of files cannot be read").caused_by(error)
    })?;
    for id in runs::known(&context.layout).into_iter().rev() {
        if wanted.iter().all(|path| owners.contains_key(path)) {
            break;
        }
        let before = Baseline::load(&context.layout.run(id)).ok().flatten().unwrap_or_default();
        for (path, package) in before.code.into_iter().filter(|(path, _)| wanted.contains(path)) {
            owners.entry(path).or_insert(package);
        }
    }
    Ok(owners)
}

/// What a run closed on disk: package, vulnerabilities, and the second in which the run ended.
type Fixes = Vec<(i64, HashMap<PackageName, Vec<String>>)>;

/// Reads the plans of the runs that ended well.
fn fixes_of_this_boot(context: &Context<'_>) -> Fixes {
    let mut fixes = Fixes::new();
    for id in runs::known(&context.layout) {
        let folder = context.layout.run(id);
        let Ok(replay) = journal::replay(&folder.journal()) else { continue };
        let (Phase::Commit, Some(finished)) = (replay.phase, replay.finished()) else { continue };
        let Ok(plan) = plan::load(&folder.plan()) else { continue };
        let mut closed: HashMap<PackageName, Vec<String>> = HashMap::new();
        for action in plan.actions() {
            closed.entry(action.package.clone()).or_default().extend(action.closes.iter().cloned());
        }
        fixes.push((finished.timestamp(), closed));
    }
    fixes
}

fn told(context: &Context<'_>, user: CodeUser, fixes: &Fixes) -> OldCode {
    let began = processes::began(user.began).unwrap_or_default();
    let later = fixes.iter().filter(|(finished, _)| *finished >= began);
    let closed = later.flat_map(|(_, closed)| user.packages.iter().filter_map(|name| closed.get(name)));
    let keeps_open: BTreeSet<String> = closed.flatten().cloned().collect();
    let left_because =
        user.owner.unit().and_then(|unit| match treatment(unit, &context.settings.apply.restart_deny) {
            Treatment::Leave(reason) => Some(reason),
            Treatment::Restart | Treatment::Last => None,
        });
    OldCode {
        name: user.name(),
        processes: user.processes,
        packages: user.packages.into_iter().collect(),
        keeps_open: keeps_open.into_iter().collect(),
        left_because,
    }
}

/// A newer kernel, a package that asked for it, or the init system itself on replaced code.
fn reboot_reason(context: &Context<'_>, inventory: &Inventory, users: &[CodeUser]) -> Option<String> {
    if let (Some(running), Some(next), true) =
        (&inventory.kernels.running, &inventory.kernels.next_boot, inventory.kernels.reboot_pending())
    {
        return Some(format!("kernel {running} runs, {next} is installed"));
    }
    if storage::exists(&context.layout.target("run/reboot-required")) {
        return Some("a package asked for it (/run/reboot-required)".to_owned());
    }
    let init = users.iter().find(|user| user.processes.contains(&INIT) && !user.packages.is_empty())?;
    let names: Vec<&str> = init.packages.iter().map(PackageName::as_str).collect();
    Some(format!("the init system runs replaced code ({})", names.join(", ")))
}

/// The holes of the last scan that a reboot closes.
fn open_until_reboot(context: &Context<'_>) -> Vec<String> {
    let last = records::load(&context.layout.latest_report()).ok();
    let findings = last.and_then(|report| report.findings).unwrap_or_default();
    let waiting = findings.iter().filter(|finding| finding.closed_by_reboot);
    let open: BTreeSet<&str> = waiting.flat_map(Finding::identifiers).collect();
    open.into_iter().map(str::to_owned).collect()
}
