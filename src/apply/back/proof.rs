//! The proof of the old state: packages first, then marks and configuration put back, then every file.

use std::path::PathBuf;

use super::super::configuration::aside;
use super::super::configuration::manifest::Scope;
use super::super::configuration::restore::{self, Restoration, Restored};
use super::super::configuration::save::Saved;
use super::super::{RunError, Tools, forward, precheck, remains};
use super::WayBack;
use crate::model::package::PackageKey;
use crate::package_manager::records::HostRecords;
use crate::report::transaction::{NotRestored, Verified};
use crate::scan::inventory;

/// The old state proven with what could not be put back, or what is still different.
pub(super) type Proven = Result<(Verified, Vec<NotRestored>), String>;

/// Proves the old state, and puts marks and configuration back once the packages are right. What cannot be put back at
/// the last attempt is told; before, it is a reason for another one.
pub(super) fn prove_old(
    tools: &Tools<'_>,
    way: &WayBack,
    (live, is_last): (&Saved, bool),
) -> Result<Proven, RunError> {
    let root = tools.layout.root();
    if let Some(difference) = package_difference(tools, way)? {
        return Ok(Err(difference));
    }
    restore_marks(tools.manager.records(), way)?;
    let after = way.left(&live.manifest);
    let request = Restoration { scope: &Scope::etc(root), before: &way.before, after: &after, live };
    let restored = restore::restore(request).map_err(RunError::Storage)?;
    aside::remove_copies(tools, &restored.appeared, live)?;
    if let Some(entry) = restored.not_restored.first().filter(|_| !is_last) {
        return Ok(Err(format!("{} is not as it was: {}", entry.path.display(), entry.obstacle)));
    }
    let proof = tools.manager.archives().compare(&way.archives)?;
    let damaged = proof.damage_beyond(&way.remembered.damaged);
    if !damaged.is_empty() {
        return Ok(Err(format!("{} files are not the old ones: {}", damaged.len(), few(&damaged))));
    }
    let verified = Verified { packages: way.actions.len() as u64, files: proof.compared };
    Ok(Ok((verified, not_restored(&restored))))
}

/// What the package manager says and left behind, against the old state.
fn package_difference(tools: &Tools<'_>, way: &WayBack) -> Result<Option<String>, RunError> {
    let root = tools.layout.root();
    let inventory = inventory::read(root, tools.layout.is_live())?;
    let observed = precheck::observe(&inventory, &way.actions);
    let deviations = precheck::deviations(&observed, &way.actions, |action| action.from.as_ref());
    if !deviations.is_empty() {
        return Ok(Some(deviations.join(", ")));
    }
    if let Some(fault) = forward::settle(tools, &way.work.log())? {
        return Ok(Some(fault));
    }
    if let Some(fault) = remains::clear(tools, &way.work.log(), &way.taken_back)? {
        return Ok(Some(fault));
    }
    if way.may_be_revived()
        && let Some(fault) = remains::clear_revived(tools, &way.taken_back, way.began())?
    {
        return Ok(Some(fault));
    }
    let complaints = way.remembered.new_complaints(tools.manager)?;
    if !complaints.is_empty() {
        return Ok(Some(format!("the package database is not clean: {}", complaints.join(" "))));
    }
    let (purged, _) = way.added();
    if let Some(gone) = purged.iter().find(|gone| tools.manager.records().is_known(&gone.package)) {
        return Ok(Some(format!("{} is removed and not purged", gone.package)));
    }
    let unpacked = way.archives.iter().chain(way.cut_off.iter().map(|(_, path)| path)).cloned();
    let litter = tools.manager.archives().litter(&unpacked.collect::<Vec<_>>())?;
    let left = format!("{} files of an unpacking were left behind: {}", litter.len(), few(&litter));
    Ok((!litter.is_empty()).then_some(left))
}

/// What the run added leaves no mark. Naming a package to apt marks it as wanted by a person; what apt had installed by
/// itself is marked so again.
fn restore_marks(records: &dyn HostRecords, way: &WayBack) -> Result<(), RunError> {
    let (purged, removed) = way.added();
    let gone: Vec<PackageKey> = purged.into_iter().chain(removed).map(|gone| gone.package).collect();
    records.forget(&gone)?;
    let is_touched = |key: &&PackageKey| way.actions.iter().any(|action| action.package == key.name);
    let marks = way.remembered.auto_marked.iter().filter(is_touched);
    Ok(records.set_automatic(&marks.cloned().collect())?)
}

fn not_restored(restored: &Restored) -> Vec<NotRestored> {
    let kept = restored.kept.iter().map(|kept| NotRestored {
        path: kept.path.display().to_string(),
        reason: match &kept.before {
            Some(beside) => format!("edited since; the version from before lies in {}", beside.display()),
            None => "edited since".to_owned(),
        },
    });
    let hindered = restored.not_restored.iter().map(|entry| NotRestored {
        path: entry.path.display().to_string(),
        reason: entry.obstacle.to_string(),
    });
    kept.chain(hindered).collect()
}

fn few(paths: &[PathBuf]) -> String {
    let shown: Vec<String> = paths.iter().take(5).map(|path| path.display().to_string()).collect();
    shown.join(", ")
}
