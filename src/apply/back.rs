//! The way back: the old archives again, what was added away again, configuration as it was, and the proof of it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::configuration::decide::{Decision, decide};
use super::configuration::manifest::{Manifest, Scope};
use super::configuration::restore::{self, Restoration};
use super::configuration::save::{self, Saved};
use super::extent::{Extent, OwnConfiguration};
use super::journal::{Event, Journal};
use super::protect::{self, Remembered};
use super::{RunError, Tools, precheck, verify};
use crate::config::layout::RunFolder;
use crate::host::storage;
use crate::model::decision::ConffilePolicy;
use crate::model::package::{Inventory, PackageKey};
use crate::model::plan::{Action, ActionKind};
use crate::model::transaction::{Observed, Phase};
use crate::package_manager::{PackageManagerError, RestoreRequest, apt, deb};
use crate::report::transaction::{NotRestored, Verified};
use crate::scan::inventory;

/// Everything that one way back needs.
#[derive(Clone, Debug)]
pub struct WayBack {
    actions: Vec<Action>,
    archives: Vec<PathBuf>,
    work: RunFolder,
    remembered: Remembered,
    before: Saved,
    after: Option<Manifest>,
    /// What a way back of named packages may touch; everything when it takes the whole run back.
    own: Option<OwnConfiguration>,
    /// New archives that the package manager may have been cut off over.
    cut_off: Vec<(PackageKey, PathBuf)>,
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
        taken_back: &RunFolder,
        work: &RunFolder,
        (actions, extent): (Vec<Action>, Extent),
    ) -> Result<Self, RunError> {
        let folder = taken_back.before();
        let before = Saved::open(&folder).map_err(RunError::Saved)?;
        let before = before.ok_or(RunError::NothingSaved { folder })?;
        let archives: Vec<PathBuf> =
            actions.iter().filter_map(|action| old_archive(taken_back, action)).collect();
        let own = match extent {
            Extent::Whole => None,
            Extent::Named => Some(OwnConfiguration::read(taken_back, &actions, &archives)?),
        };
        Ok(Self {
            actions,
            archives,
            work: work.clone(),
            remembered: protect::remembered(taken_back)?,
            before,
            after: protect::after(taken_back)?,
            own,
            cut_off: Vec::new(),
        })
    }

    /// The same way back after a crash: what was being unpacked then is unpacked again before it is taken away, because
    /// dpkg does not know the files of an unpacking that it did not finish.
    #[must_use]
    pub fn after_a_crash(self, taken_back: &RunFolder) -> Self {
        let new = self.actions.iter().filter_map(|action| {
            let path = taken_back.new_archives().join(deb::file_name(&action.key(), action.to.as_ref()?));
            let stated = action.artifact.as_ref().map(|artifact| artifact.sha256);
            let found = storage::digest(&path).ok();
            (found.is_some() && (stated.is_none() || stated == found)).then(|| (action.key(), path))
        });
        Self { cut_off: new.collect(), ..self }
    }

    /// The archives to complete: of all packages that are not wholly in their new version.
    fn to_complete(&self, observed: &[Observed]) -> Vec<PathBuf> {
        let is_whole = |key: &PackageKey| {
            let mut seen = observed.iter().zip(&self.actions);
            seen.any(|(seen, action)| action.key() == *key && seen.clean && seen.version == action.to)
        };
        self.cut_off.iter().filter(|(key, _)| !is_whole(key)).map(|(_, path)| path.clone()).collect()
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
    pub fn lost(&self) -> Vec<PackageKey> {
        let stored = |action: &&Action| {
            action.from.is_none() || self.archives.iter().any(|path| is_archive_of(path, action))
        };
        self.actions.iter().filter(|action| !stored(action)).map(Action::key).collect()
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

    /// Returns what a person can do where the way back does not work by itself.
    pub fn commands(&self) -> Vec<String> {
        let archives: Vec<String> = self.archives.iter().map(|path| path.display().to_string()).collect();
        let (purge, remove) = self.added();
        let mut commands =
            vec![format!("dpkg --force-downgrade --force-confold --install {}", archives.join(" "))];
        if !purge.is_empty() || !remove.is_empty() {
            let names: Vec<String> = purge.iter().chain(&remove).map(PackageKey::to_string).collect();
            commands.push(format!("dpkg --remove {}", names.join(" ")));
        }
        let rest = ["dpkg --configure -a", "dpkg --audit", "patchctl recover"];
        commands.extend(rest.map(str::to_owned));
        commands
    }

    fn added(&self) -> (Vec<PackageKey>, Vec<PackageKey>) {
        let added = self.actions.iter().filter(|action| action.kind == ActionKind::Install).map(Action::key);
        added.partition(|key| !self.remembered.leftover_configuration.contains(key))
    }
}

fn is_archive_of(path: &Path, action: &Action) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with(&format!("{}_", action.package))
}

fn old_archive(folder: &RunFolder, action: &Action) -> Option<PathBuf> {
    let from = action.from.as_ref()?;
    let path = |key: &PackageKey| folder.old_archives().join(deb::file_name(key, from));
    let exact = path(&action.key());
    if storage::exists(&exact) {
        return Some(exact);
    }
    // The architecture of a package may change between `all` and another with its version.
    let prefix = exact.file_name()?.to_str()?.rsplit_once('_')?.0.to_owned();
    let stored = storage::list(&folder.old_archives()).ok()?;
    stored.into_iter().find(|path| {
        path.file_name()
            .and_then(|name| name.to_str())
            .is_some_and(|name| name.starts_with(&format!("{prefix}_")))
    })
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
        match prove_old(tools, way, &live)? {
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
    Ok(Arrived::Nowhere { reason: problem, commands: way.commands() })
}

/// Installs the old archives: by apt first, so that its own records stay true, then by dpkg alone.
fn put_back(tools: &Tools<'_>, way: &WayBack, attempt: u32) -> Result<(), RunError> {
    let (purge, remove) = way.added();
    let log = way.work.log();
    let inventory = inventory::read(tools.layout.root(), tools.layout.is_live())?;
    let complete = way.to_complete(&precheck::observe(&inventory, &way.actions));
    let request = RestoreRequest {
        complete: &complete,
        archives: &way.archives,
        purge: &purge,
        remove: &remove,
        conffiles: ConffilePolicy::Keep,
        time_limit: tools.rules.batch_timeout,
        log: &log,
    };
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

type Proven = Result<(Verified, Vec<NotRestored>), String>;

/// Proves the old state, and puts marks and configuration back once the packages are right.
fn prove_old(tools: &Tools<'_>, way: &WayBack, live: &Saved) -> Result<Proven, RunError> {
    let root = tools.layout.root();
    let inventory = inventory::read(root, tools.layout.is_live())?;
    let observed = precheck::observe(&inventory, &way.actions);
    let deviations = precheck::deviations(&observed, &way.actions, |action| action.from.as_ref());
    if !deviations.is_empty() {
        return Ok(Err(deviations.join(", ")));
    }
    let complaints = way.remembered.new_complaints(tools.manager)?;
    if !complaints.is_empty() {
        return Ok(Err(format!("the package database is not clean: {}", complaints.join(" "))));
    }
    let litter = verify::litter(root, way.cut_off.iter().map(|(_, path)| path.as_path()))?;
    if let Some(first) = litter.first() {
        return Ok(Err(format!(
            "{} files of an unpacking were left behind: {}",
            litter.len(),
            first.display()
        )));
    }
    restore_marks(root, way)?;
    let after = way.left(&live.manifest);
    let request = Restoration { scope: &Scope::etc(root), before: &way.before, after: &after, live };
    let restored = restore::restore(request).map_err(RunError::Storage)?;
    let proof = verify::files(root, way.archives.iter().map(PathBuf::as_path))?;
    let damaged = proof.damage_beyond(&way.remembered.damaged);
    let damaged = damaged.into_iter().map(|path| NotRestored {
        path: path.display().to_string(),
        reason: "does not hold what the old archive brought".to_owned(),
    });
    let mut not_restored: Vec<NotRestored> = damaged.collect();
    if !not_restored.is_empty() {
        let paths: Vec<&str> = not_restored.iter().take(5).map(|entry| entry.path.as_str()).collect();
        return Ok(Err(format!("{} files are not the old ones: {}", not_restored.len(), paths.join(", "))));
    }
    not_restored.extend(restored.kept.iter().map(|kept| NotRestored {
        path: kept.path.display().to_string(),
        reason: match &kept.before {
            Some(beside) => format!("edited since; the version from before lies in {}", beside.display()),
            None => "edited since".to_owned(),
        },
    }));
    not_restored.extend(restored.not_restored.iter().map(|entry| NotRestored {
        path: entry.path.display().to_string(),
        reason: entry.obstacle.to_string(),
    }));
    Ok(Ok((Verified { packages: way.actions.len() as u64, files: proof.compared }, not_restored)))
}

/// What the run added leaves no mark. Naming a package to apt marks it as wanted by a person; what apt had installed by itself is marked so again.
fn restore_marks(root: &Path, way: &WayBack) -> Result<(), RunError> {
    let (purged, removed) = way.added();
    apt::forget(root, &[purged, removed].concat()).map_err(RunError::Storage)?;
    let touched: BTreeSet<PackageKey> = way.actions.iter().map(Action::key).collect();
    let marks =
        way.remembered.auto_marked.iter().filter(|key| touched.iter().any(|action| action.name == key.name));
    Ok(apt::set_auto_marks(&marks.cloned().collect())?)
}
