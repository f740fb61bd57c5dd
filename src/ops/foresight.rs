//! What a plan would mean for the host: room, edited configuration, services on files that go away.

use std::path::{Path, PathBuf};

use super::context::Context;
use super::doctor::rivals;
use super::survey::Survey;
use super::{mend, snapshots, trial};
use crate::apply::restart::{self, Owners};
use crate::apply::space::{self, Amounts, KERNEL_IN_BOOT, Places};
use crate::apply::{kernels, systemd};
use crate::host::{processes, storage};
use crate::model::digest::Md5;
use crate::model::failure::{Failure, FailureKind};
use crate::model::package::PackageKey;
use crate::model::plan::{Action, ConffileForeseen, RestartForeseen, SpaceNeed};
use crate::plan::Foresight;
use crate::scan::inventory::dpkg_files::{conffiles, installed_files};

/// Looks ahead for a list of actions.
///
/// # Errors
/// A file system or dpkg's own records cannot be read.
pub fn foresee(context: &Context<'_>, survey: &Survey, actions: &[Action]) -> Result<Foresight, Failure> {
    let mut warnings = Vec::new();
    let protection = snapshots::foresee(context, &mut warnings);
    let space = if context.layout.is_live() { space(context, survey, actions)? } else { Vec::new() };
    warnings.extend(space::shortages(&space));
    warnings.extend(unfinished(survey));
    if !survey.view.pins_evaluated && !actions.is_empty() {
        warnings.push("pins, holds and phasing of another root are not evaluated".to_owned());
    }
    if context.layout.is_live() && !actions.is_empty() && !systemd::is_running() {
        warnings.push(trial::WITHOUT_SYSTEMD.to_owned());
    }
    if context.layout.is_live() && !actions.is_empty() {
        warnings.extend(rivals::at_work().told());
    }
    warnings.extend(kernels::module_warning(context.layout.root(), actions.iter().any(is_kernel)));
    Ok(Foresight {
        protection,
        restarts: restarts(context, actions),
        reboot: restart::reboot_reason(actions.iter().map(|action| &action.package)),
        space,
        conffiles: edited(context, actions)?,
        warnings,
    })
}

fn is_kernel(action: &Action) -> bool {
    action.package.as_str().starts_with("linux-image-")
}

fn unfinished(survey: &Survey) -> Option<String> {
    let names: Vec<&str> =
        mend::unfinished(&survey.inventory).iter().map(|package| package.name.as_str()).collect();
    let named = names.join(", ");
    (!names.is_empty())
        .then(|| format!("the package database is not clean ({named}): mend it first with patchctl recover"))
}

fn space(context: &Context<'_>, survey: &Survey, actions: &[Action]) -> Result<Vec<SpaceNeed>, Failure> {
    let installed = |action: &Action| {
        survey.inventory.find(&action.key()).map_or(0, |package| package.installed_size_kib * 1024)
    };
    let download =
        actions.iter().filter_map(|action| action.artifact.as_ref()).map(|artifact| artifact.size).sum();
    let kernels = actions.iter().filter(|action| is_kernel(action)).count() as u64;
    let amounts = Amounts {
        download,
        // The old archives are about as large as the new ones.
        old_archives: download,
        // dpkg unpacks beside the old files, one package after another; all of them at once is the upper bound.
        unpacked: actions.iter().map(installed).sum(),
        files: actions.len() as u64 * 64,
        kernels: kernels
            * space::kernel_in_boot(context.layout.root(), &survey.inventory.kernels)
                .unwrap_or(KERNEL_IN_BOOT),
    };
    let downloads = context.layout.downloads();
    let places = Places { root: context.layout.root(), state: context.layout.state(), downloads: &downloads };
    let mut writings = space::writings(places, amounts);
    writings.extend(snapshots::writing(context));
    space::needs(&writings).map_err(|error| {
        Failure::new(FailureKind::Host, "the free space cannot be measured").caused_by(error)
    })
}

/// Services and processes that use files of the packages; what belongs to other users is seen by root alone.
fn restarts(context: &Context<'_>, actions: &[Action]) -> Vec<RestartForeseen> {
    if !context.layout.is_live() || actions.is_empty() {
        return Vec::new();
    }
    restart::foresee(
        processes::list().here(),
        &owners(context.layout.root(), actions.iter().map(Action::key)),
    )
}

/// Maps every code file of some packages to its package, with links in the path resolved as the kernel shows them.
pub fn owners(root: &Path, packages: impl Iterator<Item = PackageKey>) -> Owners {
    let mut owners = Owners::new();
    for key in packages {
        let files = installed_files(root, &key, false)
            .or_else(|_| installed_files(root, &key, true))
            .unwrap_or_default();
        for path in files.iter().filter(|path| restart::is_code(path)) {
            owners.insert(merged(path), key.name.clone());
        }
    }
    owners
}

/// Debian's merged /usr: what a package calls `/lib/x` is mapped as `/usr/lib/x`.
fn merged(path: &Path) -> PathBuf {
    let moved = ["/lib", "/bin", "/sbin", "/lib64"].iter().any(|folder| path.starts_with(folder));
    let at_usr = Path::new("/usr").join(path.strip_prefix("/").unwrap_or(path));
    if moved && storage::exists(&at_usr) { at_usr } else { path.to_owned() }
}

/// Configuration files of the packages that the administrator edited.
fn edited(context: &Context<'_>, actions: &[Action]) -> Result<Vec<ConffileForeseen>, Failure> {
    let root = context.layout.root();
    let recorded = conffiles(root).map_err(|error| {
        Failure::new(FailureKind::HostUnclean, "dpkg's records of configuration files cannot be read")
            .caused_by(error)
    })?;
    let mut foreseen = Vec::new();
    for action in actions.iter().filter(|action| action.to.is_some()) {
        for conffile in
            recorded.get(&action.key()).into_iter().flatten().filter(|conffile| !conffile.obsolete)
        {
            let live = storage::read(&root.join(conffile.path.strip_prefix("/").unwrap_or(&conffile.path)))
                .ok()
                .map(|bytes| Md5::of(&bytes));
            let outcome = match (&conffile.md5, live) {
                (Some(recorded), Some(live)) if *recorded == live => continue,
                (_, None) => "deleted by you: stays deleted",
                _ => "edited by you: stays; a changed vendor version lands beside it as .dpkg-dist",
            };
            foreseen.push(ConffileForeseen {
                path: conffile.path.display().to_string(),
                package: action.package.clone(),
                outcome: outcome.to_owned(),
            });
        }
    }
    foreseen.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(foreseen)
}
