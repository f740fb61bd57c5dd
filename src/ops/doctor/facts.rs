//! What is true of the host, read once; every judgement is made from these values.

use std::collections::BTreeSet;
use std::path::Path;

use super::super::context::Context;
use super::super::runs::{self, OpenRun};
use super::super::{clock, mend, offers, snapshots, survey};
use super::rivals::{self, Rivals};
use crate::apply::health::checks;
use crate::apply::modules::{self, Module};
use crate::apply::old_archives::Places;
use crate::apply::rehearsal::litter;
use crate::apply::snapshot::registry::Choice;
use crate::apply::space::{self, KERNEL_IN_BOOT};
use crate::apply::systemd;
use crate::config::choice::SnapshotChoice;
use crate::host::clone::booted;
use crate::host::facts::{self, Room};
use crate::host::{clone, lock, storage};
use crate::model::decision::RehearsalBoot;
use crate::model::distro::Distribution;
use crate::model::failure::in_one_line;
use crate::model::feed::{FeedRole, FeedStamp};
use crate::model::kernel::Kernels;
use crate::model::offer::RepositoryView;
use crate::model::package::{InstalledPackage, Inventory};
use crate::model::plan::Reversibility;
use crate::package_manager::{PackageManager, registry};
use crate::scan::feed::reading;
use crate::scan::refresh::RefreshMode;

/// Everything that the judgements need.
pub(super) struct Facts {
    pub(super) distribution: Distribution,
    pub(super) is_live: bool,
    pub(super) is_root: bool,
    pub(super) packages: usize,
    pub(super) has_package_manager: bool,
    pub(super) unfinished: Vec<String>,
    /// What the package database complains of; absent where it was not asked.
    pub(super) complaints: Option<Vec<String>>,
    /// Who holds a lock of the package database; an error where that cannot be told.
    pub(super) lock: Result<Option<String>, String>,
    pub(super) rivals: Rivals,
    pub(super) lists: Result<Vec<FeedStamp>, String>,
    pub(super) feeds: Vec<FeedStamp>,
    /// The names of the feeds that verdicts hang on.
    pub(super) deciding: Vec<String>,
    /// What a process that reads feeds cannot give up of its rights.
    pub(super) kept_rights: Result<Vec<String>, String>,
    /// The program that proves signatures; none where the family has no use for it.
    pub(super) verifier: Option<(&'static str, bool)>,
    pub(super) way_back: WayBack,
    pub(super) clock_doubt: Option<String>,
    pub(super) rooms: Vec<(&'static str, Result<Room, String>)>,
    pub(super) kernel_bytes: u64,
    pub(super) kernels: Kernels,
    pub(super) built_modules: Vec<Module>,
    pub(super) has_systemd: bool,
    pub(super) open: Result<Option<OpenRun>, String>,
    pub(super) replaced_root: Option<String>,
    pub(super) checks: Result<usize, String>,
    pub(super) recover_unit: UnitState,
    pub(super) rehearsals: Rehearsals,
    pub(super) snapshot: Choice,
    pub(super) snapshot_wanted: SnapshotChoice,
}

/// How the installed packages could be taken back.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct WayBack {
    pub(super) archived: usize,
    pub(super) rebuilt: usize,
    pub(super) lost: usize,
}

/// What rehearsals find here.
#[derive(Clone, Debug, Default)]
pub(super) struct Rehearsals {
    /// The folder that one left which was cut off.
    pub(super) litter: Option<String>,
    /// Why none can be had.
    pub(super) obstacle: Option<String>,
    /// The policy wants one before each run.
    pub(super) required: bool,
    /// Why its clone cannot be booted, where the policy wants that.
    pub(super) unbootable: Option<String>,
}

/// A unit of patchctl's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UnitState {
    Absent,
    Installed,
    Enabled,
}

/// Reads them.
pub(super) fn read(context: &Context<'_>, inventory: &Inventory) -> Facts {
    let layout = &context.layout;
    let (root, is_live, is_root) = (layout.root(), layout.is_live(), facts::is_root());
    let sources = context.sources(&inventory.distribution);
    let feeds = survey::stamps(context, inventory, &sources, (RefreshMode::Never, &[]));
    let view = offers::view(context, inventory);
    let all: Vec<FeedStamp> =
        feeds.iter().chain(view.iter().flat_map(|view| &view.stamps)).cloned().collect();
    let manager = registry::for_distribution(&inventory.distribution, layout);
    let is_dpkg = storage::exists(&root.join("var/lib/dpkg"));
    let (_, snapshot) = snapshots::choose(context);
    Facts {
        distribution: inventory.distribution.clone(),
        is_live,
        is_root,
        packages: inventory.packages.len(),
        has_package_manager: manager.is_some(),
        unfinished: mend::unfinished(inventory).iter().map(|package| package.name.to_string()).collect(),
        complaints: manager.as_ref().filter(|_| is_live).and_then(|manager| manager.audit().ok()),
        lock: match manager.as_ref().filter(|_| is_live && !is_dpkg) {
            Some(manager) if manager.records().is_at_work() => {
                Ok(Some(format!("{} is at work", manager.name())))
            }
            _ => locked(root, is_live && is_dpkg),
        },
        rivals: rivals::find(root, is_live),
        way_back: way_back(context, inventory, (view.as_ref().ok(), manager.as_deref())),
        lists: view.map(|view| view.stamps).map_err(|failure| in_one_line(&failure)),
        clock_doubt: clock::doubt(context, &all),
        deciding: sources
            .iter()
            .filter(|source| source.role == FeedRole::Verdicts)
            .map(|source| source.name.clone())
            .collect(),
        feeds,
        kept_rights: reading::kept_rights().map_err(|error| in_one_line(&error)),
        verifier: is_dpkg.then(|| ("gpgv", storage::exists(&root.join("usr/bin/gpgv")))),
        rooms: rooms(context),
        kernel_bytes: space::kernel_in_boot(root, &inventory.kernels).unwrap_or(KERNEL_IN_BOOT),
        kernels: inventory.kernels.clone(),
        built_modules: modules::registered(root),
        has_systemd: systemd::is_running(),
        open: runs::open_run(layout).map_err(|failure| in_one_line(&failure)),
        replaced_root: runs::root_before(layout).ok().flatten(),
        checks: checks::find(layout, &context.settings.health.checks)
            .map(|checks| checks.len())
            .map_err(|error| format!("{error}; {}", error.hint())),
        recover_unit: unit_state(root, "patchctl-recover.service"),
        rehearsals: rehearsals(context),
        snapshot,
        snapshot_wanted: context.settings.snapshots,
    }
}

/// A folder that is there while nobody holds the lock is litter.
fn rehearsals(context: &Context<'_>) -> Rehearsals {
    let is_idle = || matches!(runs::holder(context), Ok(None));
    let litter = litter::is_there(&context.layout) && is_idle();
    let wants_boot = context.settings.policy.evidence.rehearsal_boot != RehearsalBoot::Never;
    Rehearsals {
        litter: litter.then(|| context.layout.rehearsal().path().display().to_string()),
        obstacle: clone::obstacle(context.layout.state()).filter(|_| context.layout.is_live()),
        required: context.settings.policy.evidence.require_rehearsal,
        unbootable: booted::obstacle().filter(|_| wants_boot && context.layout.is_live()),
    }
}

/// Who holds dpkg's locks, the front end's first.
fn locked(root: &Path, is_asked: bool) -> Result<Option<String>, String> {
    if !is_asked {
        return Ok(None);
    }
    for name in ["lock-frontend", "lock"] {
        let path = root.join("var/lib/dpkg").join(name);
        let holder = lock::record_holder_of(&path).map_err(|error| error.to_string())?;
        if let Some(holder) = holder {
            return Ok(Some(format!("{holder} holds {}", path.display())));
        }
    }
    Ok(None)
}

fn way_back(
    context: &Context<'_>,
    inventory: &Inventory,
    (view, manager): (Option<&RepositoryView>, Option<&dyn PackageManager>),
) -> WayBack {
    let (Some(view), Some(manager)) = (view, manager) else { return WayBack::default() };
    let places = Places { layout: &context.layout, view, format: manager.archives() };
    let installed = inventory.packages.iter().filter(|package: &&InstalledPackage| package.state.is_clean());
    let mut found = WayBack::default();
    for (reversible, _) in places.foresee(installed).into_values() {
        match reversible {
            Reversibility::Reversible => found.archived += 1,
            Reversibility::Reconstructed => found.rebuilt += 1,
            Reversibility::SnapshotOnly | Reversibility::NotReversible => found.lost += 1,
        }
    }
    found
}

/// Room where a run writes, each file system once, by the first purpose that falls on it.
fn rooms(context: &Context<'_>) -> Vec<(&'static str, Result<Room, String>)> {
    let layout = &context.layout;
    let places = [
        ("programs", layout.target("usr")),
        ("configuration", layout.target("etc")),
        ("package database", layout.target("var/lib/dpkg")),
        ("records of runs", layout.state().to_owned()),
        ("downloads", layout.downloads()),
        ("kernels", layout.target("boot")),
    ];
    let mut seen = BTreeSet::new();
    let mut rooms = Vec::new();
    for (purpose, path) in places {
        match facts::room(&path) {
            Ok(room) if purpose != "kernels" && !seen.insert(room.mount.clone()) => {}
            found => rooms.push((purpose, found.map_err(|error| error.to_string()))),
        }
    }
    rooms
}

/// Whether a unit is there, and whether a target wants it (systemd.unit(5), the folders in order).
fn unit_state(root: &Path, unit: &str) -> UnitState {
    let folders = ["etc/systemd/system", "usr/lib/systemd/system", "lib/systemd/system"];
    let is_wanted = systemd::is_wanted(&root.join("etc/systemd/system"), unit);
    match folders.iter().any(|folder| storage::exists(&root.join(folder).join(unit))) {
        true if is_wanted => UnitState::Enabled,
        true => UnitState::Installed,
        false => UnitState::Absent,
    }
}
