//! The back-ends that resolve, fetch and install: the distribution's own tools, driven without a person.
//!
//! What a package manager's exit code says is a hint; what happened is read from its database by the caller.

pub mod apk;
pub mod apt;
pub mod archives;
pub mod deb;
pub mod dnf;
pub mod pacman;
pub mod records;
pub mod registry;
pub mod rpm;
mod unpacked;
pub mod zypper;

use std::path::{Path, PathBuf};
use std::time::Duration;

use self::archives::ArchiveFormat;
use self::records::HostRecords;
use crate::host::runner::{self, CommandOutput, CommandSpec, RunError};
use crate::host::storage;
use crate::model::decision::ConffilePolicy;
use crate::model::package::{Architecture, PackageKey, PackageName};
use crate::model::plan::{Action, Resolution};
use crate::model::version::Version;

/// A package manager that could not be asked, or whose answer cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PackageManagerError {
    /// It cannot be started.
    #[error("cannot ask {tool}")]
    Run {
        /// The tool.
        tool: &'static str,
        /// Why.
        #[source]
        source: RunError,
    },
    /// It refuses; its own last words say why.
    #[error("{tool} refuses: {}", words.join("; "))]
    Refused {
        /// The tool.
        tool: &'static str,
        /// What it said last.
        words: Vec<String>,
    },
    /// Another tool works with it.
    #[error("{tool} is kept waiting: {words}")]
    Busy {
        /// The tool.
        tool: &'static str,
        /// Who holds what, in its own words.
        words: String,
    },
    /// A line of its answer has another form than it should.
    #[error("{tool} answered a line that cannot be read: {line:?}")]
    Unreadable {
        /// The tool.
        tool: &'static str,
        /// The line.
        line: String,
    },
    /// Its files cannot be read or prepared.
    #[error("cannot prepare {tool}")]
    Prepare {
        /// The tool.
        tool: &'static str,
        /// Why.
        #[source]
        source: crate::host::storage::StorageError,
    },
}

/// One exact version of one package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The package.
    pub package: PackageKey,
    /// The version to install.
    pub version: Version,
}

/// What is asked of the resolver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Goal {
    /// These versions, and as little else as possible.
    Targets(Vec<Target>),
    /// Every update that the repositories offer.
    Everything,
}

/// Whether packages may go away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removals {
    /// Nothing may be removed.
    Refuse,
    /// The resolver may remove what stands in the way.
    Allow,
}

/// What the resolver answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// This is what it would do.
    Possible(Resolution),
    /// It cannot: each package with the dependency that nothing satisfies, in the resolver's words.
    Impossible(Vec<Unmet>),
}

/// A package that cannot have its target, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmet {
    /// The package.
    pub package: PackageName,
    /// The package it depends on, or conflicts with, where the resolver names one.
    pub needs: Option<PackageName>,
    /// It cannot be together with that package; where none is named, this one would have to go.
    pub conflicts: bool,
    /// The resolver's words.
    pub words: String,
}

/// One step to be carried out from archives that are already here.
#[derive(Clone, Debug)]
pub struct InstallRequest<'a> {
    /// The changes of this step.
    pub actions: &'a [Action],
    /// The folder with their archives, named as the package manager names them.
    pub archives: &'a Path,
    /// What happens to configuration files that were edited.
    pub conffiles: ConffilePolicy,
    /// After this long the step is asked to end.
    pub time_limit: Duration,
    /// Everything the package manager prints goes here.
    pub log: &'a Path,
}

/// One way back: these archives, exactly, and these packages away again.
#[derive(Clone, Debug)]
pub struct RestoreRequest<'a> {
    /// Archives that the package manager was cut off over: they are unpacked again first, so that it knows every file
    /// that it takes away afterwards.
    pub complete: &'a [PathBuf],
    /// The archives to install, as paths.
    pub archives: &'a [PathBuf],
    /// Those of them that come beside other versions of their package, which stay.
    pub beside: &'a [PathBuf],
    /// The packages to purge, because the run added them.
    pub purge: &'a [Target],
    /// The packages to remove but keep configured, because only their configuration was there before.
    pub remove: &'a [Target],
    /// What happens to configuration files that were edited.
    pub conffiles: ConffilePolicy,
    /// After this long the step is asked to end.
    pub time_limit: Duration,
    /// Everything the package manager prints goes here.
    pub log: &'a Path,
}

impl RestoreRequest<'_> {
    /// Puts together what a person types: `forward`, the removal of what has to go, and the question whether all is well.
    fn by_hand(&self, forward: String, remove: &str, check: &str) -> Vec<String> {
        let gone = self.purge.iter().chain(self.remove);
        let gone: Vec<String> = gone.map(|target| target.package.name.to_string()).collect();
        let removal = (!gone.is_empty()).then(|| format!("{remove} {}", gone.join(" ")));
        [forward].into_iter().chain(removal).chain([check.to_owned()]).collect()
    }
}

/// Downloads wanted from the repositories.
#[derive(Clone, Debug)]
pub struct FetchRequest<'a> {
    /// What to fetch.
    pub targets: &'a [Target],
    /// Where to put the archives.
    pub folder: &'a Path,
    /// After this long the download is ended.
    pub time_limit: Duration,
}

/// Runs a tool with everything that it prints in a log, between the command and its exit code.
///
/// # Errors
/// The log cannot be written, or the tool not be started.
fn run_into_log(
    (tool, spec): (&'static str, &CommandSpec),
    log: &Path,
    listen: &mut dyn FnMut(&str),
) -> Result<CommandOutput, PackageManagerError> {
    let prepare = |source| PackageManagerError::Prepare { tool, source };
    let mut file = storage::open_log(log).map_err(prepare)?;
    storage::write_log_line(&mut file, &format!("$ {}", spec.shown()));
    let output = runner::run_logged(spec, Some(&mut file), listen);
    let output = output.map_err(|source| PackageManagerError::Run { tool, source })?;
    storage::write_log_line(&mut file, &format!("= {}", output.code));
    Ok(output)
}

/// A distribution's package manager.
///
/// `resolve` changes nothing. `fetch` writes only to the folder it is given. `install` and `restore` do one step
/// under the locks that the caller holds, and never ask anybody anything.
pub trait PackageManager {
    /// Returns its name.
    fn name(&self) -> &'static str;

    /// Returns what there is to know about its archives.
    fn archives(&self) -> &dyn ArchiveFormat;

    /// Returns what it keeps on the host beside the packages.
    fn records(&self) -> &dyn HostRecords;

    /// Returns the architecture that a package of this one may change to with its version: between its own and the one
    /// that stands for all.
    fn other_architecture(&self, architecture: &Architecture) -> Architecture;

    /// Returns the command by which a person installs new archives where [`PackageManager::install`] could not.
    fn forward_by_hand(&self, archives: &[PathBuf]) -> String;

    /// Returns the commands by which a person does what [`PackageManager::restore`] could not.
    fn by_hand(&self, request: &RestoreRequest<'_>) -> Vec<String>;

    /// Asks what it would do. One simulation, whatever the number of packages.
    ///
    /// # Errors
    /// It cannot be asked, or refuses for another reason than a dependency.
    fn resolve(&self, goal: &Goal, removals: Removals) -> Result<Resolved, PackageManagerError>;

    /// Brings its lists of what the repositories offer up to date, under the lock that the caller holds; returns what
    /// could not be, in its own words. Lists that could not be replaced stay as they are.
    ///
    /// # Errors
    /// It cannot be asked.
    fn refresh_lists(&self, time_limit: Duration) -> Result<Vec<String>, PackageManagerError>;

    /// Downloads archives with its own credentials and mirrors, and checks them against its signed index.
    ///
    /// `listen` hears the name of each archive as its download begins. Archives that no repository offers any more
    /// are simply not there afterwards.
    ///
    /// # Errors
    /// It cannot be asked.
    fn fetch(
        &self,
        request: &FetchRequest<'_>,
        listen: &mut dyn FnMut(&str),
    ) -> Result<CommandOutput, PackageManagerError>;

    /// Carries out one step from local archives.
    ///
    /// # Errors
    /// It cannot be started. What it did is for the caller to observe.
    fn install(
        &self,
        request: &InstallRequest<'_>,
        listen: &mut dyn FnMut(&str),
    ) -> Result<CommandOutput, PackageManagerError>;

    /// Puts exact archives back and takes packages away.
    ///
    /// # Errors
    /// As [`PackageManager::install`].
    fn restore(&self, request: &RestoreRequest<'_>) -> Result<CommandOutput, PackageManagerError>;

    /// The same as [`PackageManager::restore`] with the lowest tool there is, for a database in pieces.
    ///
    /// # Errors
    /// As [`PackageManager::install`].
    fn restore_by_force(&self, request: &RestoreRequest<'_>) -> Result<CommandOutput, PackageManagerError>;

    /// Returns the packages that a failed [`PackageManager::install`] names as the ones it failed of.
    fn blamed(&self, output: &CommandOutput) -> Vec<PackageName> {
        let _ = output;
        Vec::new()
    }

    /// Returns the database's own complaints, one a line; empty when it is clean.
    ///
    /// # Errors
    /// It cannot be asked.
    fn audit(&self) -> Result<Vec<String>, PackageManagerError>;
}
