//! The way back: the old archives again, what was added away again, configuration as it was, and the proof of it.

mod proof;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::configuration::decide::{Decision, decide};
use super::configuration::manifest::{Manifest, Scope};
use super::configuration::save::{self, Saved};
use super::direction::ATTEMPTS;
use super::extent::{Extent, OwnConfiguration};
use super::journal::{Event, Journal};
use super::protect::{self, Remembered};
use super::stored_archives::{new_archive, old_archive};
use super::{RunError, Tools, precheck, remains, snapshot};
use crate::config::layout::RunFolder;
use crate::host::storage;
use crate::model::decision::ConffilePolicy;
use crate::model::package::{Inventory, PackageKey, PackageState};
use crate::model::plan::{Action, ActionKind};
use crate::model::run::RunId;
use crate::model::transaction::Phase;
use crate::package_manager::archives::ArchiveFormat;
use crate::package_manager::records::HostRecords;
use crate::package_manager::{PackageManagerError, RestoreRequest, Target};
use crate::report::transaction::{NotRestored, Verified};
use crate::scan::inventory;

/// Everything that one way back needs.
#[derive(Clone, Debug)]
pub struct WayBack {
    actions: Vec<Action>,
    archives: Vec<PathBuf>,
    /// The stored archives of the new state.
    taken_back: Vec<PathBuf>,
    lost: Vec<PackageKey>,
    work: RunFolder,
    remembered: Remembered,
    before: Saved,
    after: Option<Manifest>,
    /// What a way back of named packages may touch; everything when it takes the whole run back.
    own: Option<OwnConfiguration>,
    /// New archives that the package manager may have been cut off over.
    cut_off: Vec<(PackageKey, PathBuf)>,
    /// The run whose snapshot holds the old state, too.
    snapshot_of: Option<RunId>,
}

/// Where a way back ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrived {
    /// In the old state.
    Old {
        /// What was proven.
        verified: Verified,
        /// Paths that are not as they were.
        not_restored: Vec<NotRestored>,
    },
    /// Not in the old state after every attempt.
    Nowhere {
        /// What is different.
        reason: String,
        /// What a person can do.
        commands: Vec<String>,
    },
}

impl WayBack {
    /// Prepares the way back of some actions: `taken_back` is the folder of the run that made them, `work` the folder
    /// of the run that goes back, which is the same one when a run takes itself back.
    ///
    /// # Errors
    /// What the run saved cannot be read.
    pub fn new(
        format: &dyn ArchiveFormat,
        (taken_back, work): (&RunFolder, &RunFolder),
        (actions, extent): (Vec<Action>, Extent),
    ) -> Result<Self, RunError> {
        let folder = taken_back.before();
        let before = Saved::open(&folder).map_err(RunError::Saved)?;
        let before = before.ok_or(RunError::NothingSaved { folder })?;
        let archives: Vec<PathBuf> =
            actions.iter().filter_map(|action| old_archive(format, taken_back, action)).collect();
        let lost = actions.iter().filter(|action| old_archive(format, taken_back, action).is_none());
        let lost = lost.filter(|action| action.from.is_some()).map(Action::key).collect();
        let new = actions.iter().filter_map(|action| new_archive(format, taken_back, action)).collect();
        let own = match extent {
            Extent::Whole => None,
            Extent::Named => Some(OwnConfiguration::read(format, taken_back, (&actions, &archives))?),
        };
        Ok(Self {
            actions,
            archives,
            taken_back: new,
            lost,
            work: work.clone(),
            remembered: protect::remembered(taken_back)?,
            before,
            after: protect::after(taken_back)?,
            own,
            cut_off: Vec::new(),
            // One that cannot be read leads nowhere either.
            snapshot_of: snapshot::record::load(taken_back).ok().flatten().map(|snapshot| snapshot.run),
        })
    }

    /// The same way back where the package manager may have been cut off: what was being unpacked then is unpacked again
    /// before it is taken away, because dpkg does not know the files of an unpacking that it did not finish.
    #[must_use]
    pub fn after_a_cut(self, format: &dyn ArchiveFormat, taken_back: &RunFolder) -> Self {
        let whole = self.actions.iter().filter_map(|action| {
            let path = new_archive(format, taken_back, action)?;
            let stated = action.artifact.as_ref().map(|artifact| artifact.digest);
            let found = format.digest(&path).ok();
            (found.is_some() && (stated.is_none() || stated == found)).then(|| (action.key(), path))
        });
        Self { cut_off: whole.collect(), ..self }
    }

    /// Tells whether a power cut may have brought files back that were removed.
    fn may_be_revived(&self) -> bool {
        !self.cut_off.is_empty()
    }

    /// When the run that goes back began, where it is another one than that which is taken back: what is older was not made by
    /// a script of the way back. A run that takes itself back made the files that are taken back itself.
    fn began(&self) -> Option<SystemTime> {
        let log = self.work.log();
        (!self.taken_back.iter().any(|path| path.starts_with(self.work.new_archives())))
            .then(|| remains::began(&log))
            .flatten()
    }

    /// The archives to complete: of all packages whose unpacking was cut off, which dpkg notes before it touches a file,
    /// and of those that it knows although they are gone: only what is unpacked can be purged.
    fn to_complete(&self, records: &dyn HostRecords, inventory: &Inventory) -> Vec<PathBuf> {
        let is_remembered =
            |key: &PackageKey| inventory.named(key.name.as_str()).next().is_none() && records.is_known(key);
        let any_may_be = records.was_cut_off();
        let is_cut_off = |key: &PackageKey| {
            inventory
                .named(key.name.as_str())
                .any(|package| package.reinstall_required || package.state == PackageState::HalfInstalled)
        };
        self.cut_off
            .iter()
            .filter(|(key, _)| any_may_be || is_cut_off(key) || is_remembered(key))
            .map(|(_, path)| path.clone())
            .collect()
    }

    /// The changes that are taken back.
    pub fn actions(&self) -> &[Action] {
        &self.actions
    }

    /// The stored archives of the old state.
    pub fn archives(&self) -> &[PathBuf] {
        &self.archives
    }

    /// Packages without a stored archive, which cannot be put back.
    pub fn lost(&self) -> &[PackageKey] {
        &self.lost
    }

    /// Tells what would become of each configuration file that the run changed.
    ///
    /// # Errors
    /// The configuration cannot be read.
    pub fn configuration(&self, root: &Path) -> Result<Vec<(PathBuf, Decision)>, RunError> {
        let live = Manifest::capture(&Scope::etc(root)).map_err(RunError::Storage)?;
        let after = self.left(&live);
        let paths: BTreeSet<&PathBuf> =
            self.before.manifest.entries().chain(after.entries()).map(|entry| &entry.path).collect();
        let decided = paths.into_iter().map(|path| {
            (path.clone(), decide(self.before.manifest.get(path), after.get(path), live.get(path)))
        });
        Ok(decided.filter(|(_, decision)| *decision != Decision::Unchanged).collect())
    }

    /// What the run left, as far as this way back is about it; where the run was cut off before it could be listed,
    /// what was there when the way back began.
    fn left(&self, live: &Manifest) -> Manifest {
        let after = self.after.as_ref().unwrap_or(live);
        match &self.own {
            Some(own) => own.limit(&self.before.manifest, after),
            None => after.clone(),
        }
    }

    /// Tells whether every package that is not in its old version can be put back.
    pub fn is_whole(&self, inventory: &Inventory) -> bool {
        let lost = self.lost();
        let observed = precheck::observe(inventory, &self.actions);
        let mut at_hand = observed.iter().zip(&self.actions);
        at_hand.all(|(seen, action)| {
            !lost.contains(&action.key()) || (seen.clean && seen.version == action.from)
        })
    }

    /// What the package manager is asked for: these archives unpacked again first, the old ones installed, the added
    /// packages purged or removed.
    fn request<'a>(
        &'a self,
        tools: &Tools<'_>,
        (complete, purge, remove): (&'a [PathBuf], &'a [Target], &'a [Target]),
        log: &'a Path,
    ) -> RestoreRequest<'a> {
        RestoreRequest {
            complete,
            archives: &self.archives,
            beside: &[],
            purge,
            remove,
            conffiles: ConffilePolicy::Keep,
            time_limit: tools.rules.batch_timeout,
            log,
        }
    }

    /// Returns what a person can do where the way back does not work by itself.
    pub fn commands(&self, tools: &Tools<'_>) -> Vec<String> {
        let (purge, remove) = self.added();
        let log = self.work.log();
        let mut commands = tools.manager.by_hand(&self.request(tools, (&[], &purge, &remove), &log));
        commands.push("patchctl recover".to_owned());
        commands.extend(self.snapshot_of.map(|run| {
            format!("or the whole root as it was, at the next boot: patchctl rollback {run} --snapshot")
        }));
        commands
    }

    /// What the run added: wholly new, or where only configuration was before.
    fn added(&self) -> (Vec<Target>, Vec<Target>) {
        let is_added = |action: &&Action| matches!(action.kind, ActionKind::Install | ActionKind::Add);
        let added = self.actions.iter().filter(is_added);
        let added =
            added.filter_map(|action| Some(Target { package: action.key(), version: action.to.clone()? }));
        added.partition(|added| !self.remembered.leftover_configuration.contains(&added.package))
    }
}

/// Goes back, as often as the journal allows, each attempt proven from the database and the files.
///
/// # Errors
/// The journal or the package database cannot be used: the run stays open for `recover`.
pub fn go(
    tools: &Tools<'_>,
    way: &WayBack,
    journal: &mut Journal,
    reason: &str,
) -> Result<Arrived, RunError> {
    if journal.phase() != Phase::Back {
        journal.enter(Phase::Back)?;
    }
    let live = live_state(tools, way)?;
    let mut problem = String::new();
    while journal.tried().may_go_back() {
        let attempt = journal.tried().back_begun + 1;
        journal.write(Event::BackIntended { attempt, reason: reason.to_owned() })?;
        put_back(tools, way, attempt)?;
        let is_last = journal.tried().back_failed + 1 >= ATTEMPTS;
        match proof::prove_old(tools, way, (&live, is_last))? {
            Ok((verified, not_restored)) => {
                journal.enter(Phase::Returned)?;
                return Ok(Arrived::Old { verified, not_restored });
            }
            Err(found) => {
                journal.write(Event::BackFailed { attempt, reason: found.clone() })?;
                problem = found;
            }
        }
    }
    journal.enter(Phase::Operator)?;
    Ok(Arrived::Nowhere { reason: problem, commands: way.commands(tools) })
}

/// Installs the old archives: by the package manager first, so that its own records stay true, then by the lowest tool
/// alone.
fn put_back(tools: &Tools<'_>, way: &WayBack, attempt: u32) -> Result<(), RunError> {
    let (purge, remove) = way.added();
    let log = way.work.log();
    let inventory = inventory::read(tools.layout.root(), tools.layout.is_live())?;
    let complete = way.to_complete(tools.manager.records(), &inventory);
    let request = way.request(tools, (&complete, &purge, &remove), &log);
    let done =
        if attempt == 1 { tools.manager.restore(&request) } else { tools.manager.restore_by_force(&request) };
    match done {
        // What it did is read from the database by the proof.
        Ok(_) | Err(PackageManagerError::Refused { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The configuration when the way back began, saved before any old package is installed: an interrupted way back
/// goes on with what it saved first.
fn live_state(tools: &Tools<'_>, way: &WayBack) -> Result<Saved, RunError> {
    let folder = way.work.live();
    if let Some(saved) = Saved::open(&folder).map_err(RunError::Saved)? {
        return Ok(saved);
    }
    storage::create_folder(&folder, 0o700).map_err(RunError::Storage)?;
    save::save(&Scope::etc(tools.layout.root()), &folder).map_err(RunError::Storage)
}
