//! The transactions patchctl lets pacman carry out: exactly these archives, and these packages away.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::super::{PackageManagerError, RestoreRequest, Target, run_into_log};
use super::archive::Archive;
use super::commands::{Pacman, prepare};
use super::configuration::Options;
use super::local::{self, Entry};
use super::scripts;
use crate::host::runner::{CommandOutput, CommandSpec, Insistence};
use crate::host::storage;
use crate::model::package::PackageName;

/// Exit codes beyond this one are signals.
const SIGNALLED: i32 = 128;

/// What pacman shall do, in its own arguments, and how much it may overlook.
#[derive(Clone, Debug, Default)]
pub(super) struct Transaction {
    /// Archives that are unpacked first, so that pacman knows their files when it takes them away.
    pub(super) complete: Vec<PathBuf>,
    /// Archives to install, in the place of whatever version there is.
    pub(super) archives: Vec<PathBuf>,
    /// Packages to take away with their configuration.
    pub(super) purged: Vec<PackageName>,
    /// Packages to take away whose edited configuration is kept aside.
    pub(super) removed: Vec<PackageName>,
    /// Files of no package may be replaced: they are what a pacman that was cut off left.
    pub(super) replaces_files: bool,
    /// Dependencies are not looked at.
    pub(super) is_forced: bool,
}

impl Transaction {
    /// A way back, or the way forward after a crash.
    pub(super) fn of(request: &RestoreRequest<'_>, is_forced: bool) -> Self {
        let names = |targets: &[Target]| targets.iter().map(|target| target.package.name.clone()).collect();
        Self {
            complete: request.complete.to_vec(),
            archives: request.archives.to_vec(),
            purged: names(request.purge),
            removed: names(request.remove),
            replaces_files: true,
            is_forced,
        }
    }

    /// Every package that is to go.
    fn gone(&self) -> impl Iterator<Item = &PackageName> {
        self.purged.iter().chain(&self.removed)
    }
}

impl Pacman {
    /// Carries a transaction out and returns what the first command that failed said, else the last. Nothing in it asks:
    /// a conflict is answered with yes where something is to go anyway.
    pub(super) fn carry_out(
        &self,
        transaction: &Transaction,
        (log, limit): (&Path, std::time::Duration),
        listen: &mut dyn FnMut(&str),
    ) -> Result<CommandOutput, PackageManagerError> {
        let offline = log.with_file_name("pacman.conf");
        let options = Options::read(self.root()).offline();
        storage::replace(&offline, options.as_bytes(), storage::PRIVATE).map_err(prepare)?;
        self.clear_remains(transaction)?;
        let changing = || {
            let offline = offline.display().to_string();
            let spec = self.command().args(["--noprogressbar", "--config", &offline]);
            spec.time_limit(limit).insistence(Insistence::Patient).guard(self.guard()).with_one_output()
        };
        let mut outputs = Vec::new();
        for archives in
            [&transaction.complete, &transaction.archives].into_iter().filter(|some| !some.is_empty())
        {
            let spec = installing(changing(), transaction, archives);
            outputs.push(self.run_changing(&spec, log, listen)?);
        }
        for (verb, names) in [("-Rn", &transaction.purged), ("-R", &transaction.removed)] {
            let is_there = |name: &&PackageName| local::is_installed(self.root(), name);
            let gone: Vec<String> = names.iter().filter(is_there).map(ToString::to_string).collect();
            if !gone.is_empty() {
                let verb = if transaction.is_forced { format!("{verb}dd") } else { verb.to_owned() };
                let spec = changing().args([&verb, "--"]).args(gone);
                outputs.push(self.run_changing(&spec, log, listen)?);
            }
        }
        self.forget_cut_off()?;
        let nothing = PackageManagerError::Refused { tool: "pacman", words: Vec::new() };
        let told = outputs.iter().position(|output| !output.is_success());
        let told = told.unwrap_or(outputs.len().saturating_sub(1));
        outputs.into_iter().nth(told).ok_or(nothing)
    }

    /// Runs one command between the marks by which a lock that it leaves is known as ours.
    fn run_changing(
        &self,
        spec: &CommandSpec,
        log: &Path,
        listen: &mut dyn FnMut(&str),
    ) -> Result<CommandOutput, PackageManagerError> {
        self.lock().begin().map_err(prepare)?;
        let mut output = run_into_log(("pacman", spec), log, listen)?;
        self.lock().end().map_err(prepare)?;
        let said = output.text();
        let complaints = said.split_inclusive('\n').filter(|line| scripts::is_complaint(line));
        output.stderr = complaints.collect::<String>().into_bytes();
        Ok(output)
    }

    /// Removes the folders of packages that are half written, of this transaction's packages alone: pacman refuses to work
    /// over them ("invalid or corrupted package", 6.0.2). Their names are noted first, because files may be in place that
    /// no record names any more.
    fn clear_remains(&self, transaction: &Transaction) -> Result<(), PackageManagerError> {
        let entries = local::entries(self.root()).map_err(prepare)?;
        let remains: Vec<&Entry> = entries.iter().filter(|entry| !entry.is_whole()).collect();
        if remains.is_empty() {
            return Ok(());
        }
        let archives = transaction.complete.iter().chain(&transaction.archives);
        let folders: Vec<String> =
            archives.filter_map(|path| Archive::read(path).ok()).map(|archive| archive.folder).collect();
        let is_ours = |entry: &&&Entry| {
            let prefix = format!("{}-", entry.name);
            let is_of = |folder: &String| {
                folder.strip_prefix(&prefix).is_some_and(|version| version.matches('-').count() == 1)
            };
            transaction.gone().any(|name| *name == entry.name) || folders.iter().any(is_of)
        };
        let ours: Vec<&&Entry> = remains.iter().filter(is_ours).collect();
        let mut names = self.cut_off();
        names.extend(ours.iter().map(|entry| entry.name.clone()));
        self.note_cut_off(&names)?;
        for entry in ours {
            storage::remove_folder(&entry.path).map_err(prepare)?;
        }
        Ok(())
    }

    /// The packages whose remains were cleared away and that did not come back whole since.
    pub(super) fn cut_off(&self) -> BTreeSet<PackageName> {
        let noted = storage::read(self.cut_off_list()).unwrap_or_default();
        String::from_utf8_lossy(&noted).lines().map(PackageName::from).collect()
    }

    fn note_cut_off(&self, names: &BTreeSet<PackageName>) -> Result<(), PackageManagerError> {
        let lines: String = names.iter().map(|name| format!("{name}\n")).collect();
        match names.is_empty() {
            true => storage::remove_file(self.cut_off_list()),
            false => storage::replace(self.cut_off_list(), lines.as_bytes(), storage::PRIVATE),
        }
        .map_err(prepare)
    }

    /// A package that is whole again has records of all its files; one that was unpacked whole and taken away left none.
    fn forget_cut_off(&self) -> Result<(), PackageManagerError> {
        let names = self.cut_off();
        if names.is_empty() {
            return Ok(());
        }
        let entries = local::entries(self.root()).map_err(prepare)?;
        let is_whole = |name: &PackageName| entries.iter().any(|e| e.name == *name && e.is_whole());
        self.note_cut_off(&names.into_iter().filter(|name| !is_whole(name)).collect())
    }

    /// Adds to what a transaction said whom it blames, so that it is told with the output.
    pub(super) fn with_blame(mut output: CommandOutput, said: &str) -> CommandOutput {
        let mut names = scripts::blamed(said);
        if output.code > SIGNALLED || output.timed_out {
            // Every package may be in its place: scripts and hooks that come later did not run.
            names.push(PackageName::from("pacman itself, which was cut off"));
        }
        for name in names {
            output.stderr.extend_from_slice(format!("{}{name}\n", scripts::BLAME).as_bytes());
        }
        output
    }
}

fn installing(spec: CommandSpec, transaction: &Transaction, archives: &[PathBuf]) -> CommandSpec {
    let spec = spec.arg(if transaction.is_forced { "-Udd" } else { "-U" });
    let spec = if transaction.replaces_files { spec.args(["--overwrite", "*"]) } else { spec };
    // Bit 2 turns the answer to "Remove the package in conflict?" into yes (pacman, `--ask`; alpm, ALPM_QUESTION_CONFLICT_PKG).
    let spec = if transaction.gone().next().is_none() { spec } else { spec.arg("--ask=4") };
    spec.arg("--").args(archives.iter().map(|path| path.display().to_string()))
}
