//! The way forward after a crash: the new archives again, and the proof of the new state.

use std::path::{Path, PathBuf};

use super::configuration::{aside, cut_off};
use super::journal::{Event, Journal};
use super::protect::Remembered;
use super::{RunError, Tools, precheck, remains};
use crate::config::layout::RunFolder;
use crate::host::storage;
use crate::model::plan::{Action, ActionKind, PatchPlan};
use crate::package_manager::archives::ArchiveFormat;
use crate::package_manager::{PackageManagerError, RestoreRequest, Target};
use crate::report::transaction::Verified;
use crate::scan::inventory;

/// A run that is looked at from outside: its plan, and the folder with its archives.
#[derive(Clone, Copy, Debug)]
pub struct RunAtHand<'a> {
    /// What it was to do.
    pub plan: &'a PatchPlan,
    /// Where its archives lie.
    pub folder: &'a RunFolder,
    /// What was true before it.
    pub remembered: &'a Remembered,
}

impl RunAtHand<'_> {
    /// Returns the stored archives of the new state.
    pub fn new_archives(&self, format: &dyn ArchiveFormat) -> Vec<PathBuf> {
        let path = |action: &Action| {
            let name = format.file_name(&action.key(), action.to.as_ref()?);
            Some(self.folder.new_archives().join(name))
        };
        self.plan.actions().filter_map(path).collect()
    }

    /// Returns the archives of the old state that are stored.
    fn old_archives(&self, format: &dyn ArchiveFormat) -> Vec<PathBuf> {
        let path = |action: &Action| {
            let name = format.file_name(&action.key(), action.from.as_ref()?);
            Some(self.folder.old_archives().join(name)).filter(|path| storage::exists(path))
        };
        self.plan.actions().filter_map(path).collect()
    }

    /// Tells whether every new archive is stored and has the digest that the plan states.
    pub fn has_new_archives(&self, format: &dyn ArchiveFormat) -> bool {
        let installs = self.plan.actions().filter(|action| action.to.is_some());
        installs.zip(self.new_archives(format)).all(|(action, path)| match &action.artifact {
            Some(artifact) => format.digest(&path).is_ok_and(|found| found == artifact.digest),
            None => storage::exists(&path),
        })
    }
}

/// Proves the new state: versions, a clean database, and every file against its archive. The inner error is what is
/// different, in words.
///
/// # Errors
/// The database, an archive or a file cannot be read.
pub fn prove(tools: &Tools<'_>, run: RunAtHand<'_>) -> Result<Result<Verified, String>, RunError> {
    aside::put_back(tools, run.folder)?;
    let actions: Vec<Action> = run.plan.actions().cloned().collect();
    let inventory = inventory::read(tools.layout.root(), tools.layout.is_live())?;
    let observed = precheck::observe(&inventory, &actions);
    let deviations = precheck::deviations(&observed, &actions, |action| action.to.as_ref());
    if !deviations.is_empty() {
        return Ok(Err(deviations.join(", ")));
    }
    if let Some(fault) = settle(tools, &run.folder.log())? {
        return Ok(Err(fault));
    }
    if let Some(fault) =
        remains::clear(tools, &run.folder.log(), &run.old_archives(tools.manager.archives()))?
    {
        return Ok(Err(fault));
    }
    let complaints = run.remembered.new_complaints(tools.manager)?;
    if !complaints.is_empty() {
        return Ok(Err(format!("the package database is not clean: {}", complaints.join(" "))));
    }
    let format = tools.manager.archives();
    let proof = format.compare(&run.new_archives(format))?;
    let damage = proof.damage_beyond(&run.remembered.damaged);
    if !damage.is_empty() {
        let count = damage.len();
        return Ok(Err(format!("{count} files are not those of their archives: {}", shown(&damage))));
    }
    Ok(Ok(Verified { packages: actions.len() as u64, files: proof.compared }))
}

/// The same after a crash, where also nothing of an unpacking, or of a script that was killed, may be left behind.
///
/// # Errors
/// As [`prove`].
pub fn prove_after_a_crash(
    tools: &Tools<'_>,
    run: RunAtHand<'_>,
) -> Result<Result<Verified, String>, RunError> {
    let old = run.old_archives(tools.manager.archives());
    if let Some(fault) = remains::clear_revived(tools, &old, remains::began(&run.folder.log()))? {
        return Ok(Err(fault));
    }
    let proven = prove(tools, run)?;
    if proven.is_err() {
        return Ok(proven);
    }
    cut_off::sweep(tools, run.folder)?;
    Ok(left_behind(tools, run)?.map_or(proven, Err))
}

/// Lays down again what the package manager decided about configuration files and a power cut took away. Only for a run that
/// was cut off before it had waited for the disk: what differs later is somebody's edit.
///
/// # Errors
/// An archive cannot be read, or a file not be written.
pub fn decide_again(tools: &Tools<'_>, run: RunAtHand<'_>) -> Result<(), RunError> {
    let format = tools.manager.archives();
    let (before, now) = (run.old_archives(format), run.new_archives(format));
    Ok(format.decide_again(&before, &now, tools.rules.conffiles)?)
}

/// Tells what an unpacking of the new archives left behind, if it did.
///
/// # Errors
/// An archive cannot be read.
pub fn left_behind(tools: &Tools<'_>, run: RunAtHand<'_>) -> Result<Option<String>, RunError> {
    let format = tools.manager.archives();
    let litter = format.litter(&run.new_archives(format))?;
    let told = format!("{} files of an unpacking were left behind: {}", litter.len(), shown(&litter));
    Ok((!litter.is_empty()).then_some(told))
}

/// Installs the new archives again, once; what came of it is for the caller to prove.
///
/// # Errors
/// The journal or the package manager cannot be used: the run stays open.
pub fn attempt(tools: &Tools<'_>, run: RunAtHand<'_>, journal: &mut Journal) -> Result<(), RunError> {
    let attempt = journal.tried().forward + 1;
    journal.write(Event::ForwardIntended { attempt })?;
    let format = tools.manager.archives();
    let archives = run.new_archives(format);
    let added = run.plan.actions().filter(|action| action.kind == ActionKind::Add);
    let beside: Vec<PathBuf> = added
        .filter_map(|action| Some(format.file_name(&action.key(), action.to.as_ref()?)))
        .map(|name| run.folder.new_archives().join(name))
        .collect();
    let remove: Vec<Target> = run
        .plan
        .actions()
        .filter(|action| action.to.is_none())
        .filter_map(|action| Some(Target { package: action.key(), version: action.from.clone()? }))
        .collect();
    let request = RestoreRequest {
        complete: &[],
        archives: &archives,
        beside: &beside,
        purge: &[],
        remove: &remove,
        conffiles: tools.rules.conffiles,
        time_limit: tools.rules.batch_timeout,
        log: &run.folder.log(),
    };
    // dpkg alone works on a database in pieces (safety design, 5.2); apt knows the order where dpkg refuses one.
    let done =
        if attempt == 2 { tools.manager.restore(&request) } else { tools.manager.restore_by_force(&request) };
    match done {
        Ok(_) | Err(PackageManagerError::Refused { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// How often the package manager is asked to put its notes into its database: it may be killed over that, too.
const ASKED: usize = 3;

/// Lets the package manager take in what it noted and did not put into its database, because it was cut off at its very
/// end, and removes its drafts. Where it has put everything there, nothing is done. The caller holds its locks. Returns what
/// is wrong where it does not, in words.
///
/// # Errors
/// It cannot be used.
pub fn settle(tools: &Tools<'_>, log: &Path) -> Result<Option<String>, RunError> {
    let records = tools.manager.records();
    for draft in records.drafts()? {
        storage::remove_folder(&draft)
            .or_else(|_| storage::remove_file(&draft))
            .map_err(RunError::Storage)?;
    }
    for _ in 0..ASKED {
        if !records.is_unsettled()? {
            return Ok(None);
        }
        finish_what_was_begun(tools, log)?;
    }
    let told = || "the package manager has notes that it does not put into its database".to_owned();
    Ok(records.is_unsettled()?.then(told))
}

/// Lets the package manager finish what it, or another tool with it, began.
///
/// # Errors
/// It cannot be used.
pub fn finish_what_was_begun(tools: &Tools<'_>, log: &Path) -> Result<(), RunError> {
    let request = RestoreRequest {
        complete: &[],
        archives: &[],
        beside: &[],
        purge: &[],
        remove: &[],
        conffiles: tools.rules.conffiles,
        time_limit: tools.rules.batch_timeout,
        log,
    };
    tools.manager.restore_by_force(&request)?;
    Ok(())
}

fn shown(paths: &[PathBuf]) -> String {
    let few: Vec<String> = paths.iter().take(5).map(|path| path.display().to_string()).collect();
    few.join(", ")
}
