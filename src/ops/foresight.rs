//! What a plan would mean for the host: room, edited configuration, services on files that go away.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::context::Context;
use super::doctor::rivals;
use super::survey::Survey;
use super::{mend, snapshots, trial};
use crate::apply::restart::{self, Owners};
use crate::apply::space::{self, Amounts, KERNEL_IN_BOOT, Places};
use crate::apply::{kernels, modules, systemd};
use crate::host::processes::Processes;
use crate::host::storage;
use crate::model::failure::{Failure, FailureKind};
use crate::model::offer::Suggestions;
use crate::model::package::{PackageKey, PackageName};
use crate::model::plan::{Action, ActionKind, ConffileForeseen, RestartForeseen, SpaceNeed};
use crate::plan::{Foresight, one_way};
use crate::scan::inventory::dpkg_files::DpkgFilesError;
use crate::scan::inventory::files::{self, EditedConfiguration, Fate, Recorded};

/// What the package database records of the files of some packages. Asked about what is likely to change while the package
/// manager still resolves, it costs no time of its own.
#[derive(Default)]
pub struct Known {
    asked: BTreeSet<PackageKey>,
    recorded: Recorded,
}

impl Known {
    /// Asks about some packages.
    ///
    /// # Errors
    /// dpkg's records cannot be read.
    pub fn asking(root: &Path, packages: Vec<PackageKey>) -> Result<Self, DpkgFilesError> {
        if packages.is_empty() {
            return Ok(Self::default());
        }
        let asked = packages.iter().cloned().collect();
        Ok(Self { asked, recorded: files::recorded(root, packages)? })
    }

    /// Picks the packages that were not asked about yet.
    pub fn missing(&self, packages: impl Iterator<Item = PackageKey>) -> Vec<PackageKey> {
        packages.filter(|package| !self.asked.contains(package)).collect()
    }

    /// Adds what was asked later.
    pub fn add(&mut self, other: Self) {
        self.asked.extend(other.asked);
        self.recorded.files.extend(other.recorded.files);
        self.recorded.edited.extend(other.recorded.edited);
        self.recorded.edited.sort_by(|a, b| a.path.cmp(&b.path));
    }
}

/// Looks ahead for a list of actions.
///
/// # Errors
/// A file system or the records of configuration files cannot be read.
pub fn foresee(
    context: &Context<'_>,
    survey: &Survey,
    actions: &[Action],
    (mut known, running): (Known, &Processes),
) -> Result<Foresight, Failure> {
    let asked = Known::asking(context.layout.root(), known.missing(actions.iter().map(Action::key)));
    known.add(asked.map_err(|error| {
        Failure::new(FailureKind::HostUnclean, "the records of configuration files cannot be read")
            .caused_by(error)
    })?);
    let changed: BTreeSet<&PackageName> = actions.iter().map(|action| &action.package).collect();
    let Recorded { mut files, edited } = known.recorded;
    files.retain(|(package, _)| changed.contains(package));
    let mut warnings = Vec::new();
    let protection = snapshots::foresee(context, &mut warnings);
    let space = match context.layout.is_live() {
        true => space(context, survey, (actions, &files))?,
        false => Vec::new(),
    };
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
    warnings.extend(modules::warning(context.layout.root(), actions, actions.iter().any(is_kernel)));
    warnings.extend(one_way::warnings(actions));
    warnings.extend(kernels::replacement_warning(actions, &survey.inventory.kernels));
    Ok(Foresight {
        protection,
        restarts: restarts(context, files, running),
        reboot: restart::reboot_reason(actions.iter().map(|action| &action.package)),
        space,
        conffiles: conffiles(survey, actions, edited),
        warnings,
    })
}

/// Adds what the vendor's notices ask for beside the new files.
pub fn add_suggestions(foresight: &mut Foresight, suggestions: &Suggestions) {
    let listed =
        |names: &BTreeSet<PackageName>| names.iter().map(PackageName::as_str).collect::<Vec<_>>().join(", ");
    if !suggestions.reboot.is_empty() {
        let asked = format!("the vendor asks for a reboot after {}", listed(&suggestions.reboot));
        let known = foresight.reboot.take();
        foresight.reboot = Some(known.map_or(asked.clone(), |known| format!("{known}; {asked}")));
    }
    if !suggestions.of_package_manager.is_empty() {
        let names = listed(&suggestions.of_package_manager);
        foresight
            .warnings
            .push(format!("the package manager updates itself first, in a step of its own: {names}"));
    }
}

fn is_kernel(action: &Action) -> bool {
    action.kind == ActionKind::Add || kernels::is_kernel(action.package.as_str())
}

fn unfinished(survey: &Survey) -> Option<String> {
    let names: Vec<&str> =
        mend::unfinished(&survey.inventory).iter().map(|package| package.name.as_str()).collect();
    let named = names.join(", ");
    (!names.is_empty())
        .then(|| format!("the package database is not clean ({named}): mend it first with patchctl recover"))
}

fn space(
    context: &Context<'_>,
    survey: &Survey,
    (actions, files): (&[Action], &[(PackageName, PathBuf)]),
) -> Result<Vec<SpaceNeed>, Failure> {
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
        // dpkg and rpm unpack beside the old files, one package after another; all of them at once is the upper bound.
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
    writings.extend(space::closed_mounts(files.iter().map(|(_, path)| path.as_path())));
    space::needs(&writings).map_err(|error| {
        Failure::new(FailureKind::Host, "the free space cannot be measured").caused_by(error)
    })
}

/// Services and processes that use files of the packages; what belongs to other users is seen by root alone.
fn restarts(
    context: &Context<'_>,
    files: Vec<(PackageName, PathBuf)>,
    running: &Processes,
) -> Vec<RestartForeseen> {
    if !context.layout.is_live() || files.is_empty() {
        return Vec::new();
    }
    restart::foresee(running.here(), &code_of(files))
}

/// Maps every code file of some packages to its package, with links in the path resolved as the kernel shows them.
pub fn owners(root: &Path, packages: impl Iterator<Item = PackageKey>) -> Owners {
    code_of(files::of_packages(root, packages.collect()))
}

fn code_of(owned: Vec<(PackageName, PathBuf)>) -> Owners {
    let code = owned.into_iter().filter(|(_, path)| restart::is_code(path));
    code.map(|(package, path)| (merged(&path), package)).collect()
}

/// Debian's merged /usr: what a package calls `/lib/x` is mapped as `/usr/lib/x`.
fn merged(path: &Path) -> PathBuf {
    let moved = ["/lib", "/bin", "/sbin", "/lib64"].iter().any(|folder| path.starts_with(folder));
    let at_usr = Path::new("/usr").join(path.strip_prefix("/").unwrap_or(path));
    if moved && storage::exists(&at_usr) { at_usr } else { path.to_owned() }
}

/// What becomes of the configuration files that the administrator edited, of packages that change their version.
fn conffiles(survey: &Survey, actions: &[Action], edited: Vec<EditedConfiguration>) -> Vec<ConffileForeseen> {
    let updated = actions.iter().filter(|action| action.to.is_some() && action.from.is_some());
    let updated: BTreeSet<&PackageName> = updated.map(|action| &action.package).collect();
    let beside = survey.inventory.distribution.advice().beside;
    let foreseen = |edited: EditedConfiguration| ConffileForeseen {
        path: edited.path.display().to_string(),
        package: edited.package,
        outcome: outcome(edited.fate, beside),
    };
    edited.into_iter().filter(|edited| updated.contains(&edited.package)).map(foreseen).collect()
}

fn outcome(fate: Fate, beside: &str) -> String {
    match fate {
        Fate::Stays => {
            format!("edited by you: stays; a changed vendor version lands beside it as {beside}")
        }
        Fate::StaysDeleted => "deleted by you: stays deleted".to_owned(),
        Fate::MovedAside => {
            format!(
                "edited by you: rpm moves it aside (.rpmsave); put back, the vendor's lies beside it as {beside}"
            )
        }
        Fate::ComesBack => "deleted by you: the new version puts it back".to_owned(),
    }
}
