//! apk behind the seam that every package manager has.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::archives::ArchiveFormat;
use super::super::records::HostRecords;
use super::super::{
    FetchRequest, Goal, InstallRequest, PackageManager, PackageManagerError, Removals, Resolved,
    RestoreRequest, Target, Unmet,
};
use super::answers::{self, Change, ChangeKind};
use super::format::ApkArchives;
use super::installed::{self, Record};
use super::repository;
use super::transaction::Transaction;
use super::world::KeptWorld;
use crate::config::layout::Layout;
use crate::host::runner::{self, CommandOutput, CommandSpec};
use crate::host::storage::{self, StorageError};
use crate::model::package::{Architecture, PackageName};
use crate::model::plan::{Action, ActionKind, Operation, OperationKind, Resolution};

/// Where distributions have it; the first that is there is taken.
const PLACES: [&str; 3] = ["/sbin/apk", "/usr/sbin/apk", "/usr/bin/apk"];

/// Which architecture the host has, in apk's words.
const ARCHITECTURE: &str = "etc/apk/arch";

/// A simulation takes parts of a second; minutes mean that something is wrong.
const SIMULATION_LIMIT: Duration = Duration::from_secs(300);

/// apk, on the running system.
#[derive(Clone, Debug)]
pub struct Apk {
    root: PathBuf,
    guard: PathBuf,
    world: KeptWorld,
    archives: ApkArchives,
}

impl Apk {
    /// An apk for the root of `layout`.
    pub fn new(layout: &Layout) -> Self {
        let (root, guard) = (layout.root(), layout.package_manager_lock());
        Self {
            root: root.to_owned(),
            world: KeptWorld::new(root, (layout.package_manager_mark(), guard.clone())),
            archives: ApkArchives::new(root, layout.downloads()),
            guard,
        }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn guard(&self) -> &Path {
        &self.guard
    }

    pub(super) fn world(&self) -> &KeptWorld {
        &self.world
    }

    /// The architecture of the host, in apk's words.
    pub(super) fn architecture(&self) -> Architecture {
        let stated = storage::read_at_most(&self.root.join(ARCHITECTURE), 1 << 10).unwrap_or_default();
        let stated = String::from_utf8_lossy(&stated).into_owned();
        Architecture::from(stated.split_whitespace().next().unwrap_or(std::env::consts::ARCH))
    }

    pub(super) fn run(spec: &CommandSpec) -> Result<CommandOutput, PackageManagerError> {
        runner::run(spec).map_err(|source| PackageManagerError::Run { tool: "apk", source })
    }

    fn refuse_other_roots(&self) -> Result<(), PackageManagerError> {
        let words = if self.root != Path::new("/") {
            format!("apk plans the running system alone: chroot {0} patchctl plan", self.root.display())
        } else if !storage::exists(Path::new(program())) {
            format!("{} is not here", program())
        } else {
            return Ok(());
        };
        Err(PackageManagerError::Refused { tool: "patchctl", words: vec![words] })
    }

    /// Simulates once; `left_alone` are packages that an upgrade of everything leaves where they are.
    ///
    /// A simulation fetches nothing (apk-tools, `src/context.c`: it opens the database to be read). `--no-network` would hide
    /// every package of a server that is in no cache (`src/solver.c`, `pkg_selectable`; measured with 2.14.10 and 3.0.8).
    fn simulate(&self, goal: &Goal, left_alone: &[PackageName]) -> Result<Answer, PackageManagerError> {
        let spec = CommandSpec::new(program()).time_limit(SIMULATION_LIMIT);
        let names = left_alone.iter().map(ToString::to_string);
        let spec = match goal {
            Goal::Everything if left_alone.is_empty() => spec.args(["upgrade", "-s"]),
            Goal::Everything => spec.args(["upgrade", "-s", "--ignore"]).args(names),
            Goal::Targets(targets) => spec.args(["add", "-s"]).args(targets.iter().map(named)),
        };
        let output = Self::run(&spec)?;
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        if let Some(warning) = answers::warning(&errors) {
            return Err(PackageManagerError::Refused { tool: "apk", words: vec![warning] });
        }
        let records = installed::read(&self.root).map_err(prepare)?;
        let broken = records.iter().filter(|record| record.is_broken()).count();
        if output.is_success() || broken > 0 && errors.is_empty() {
            return answers::changes((&output.text(), &errors), broken).map(Answer::Changes);
        }
        let unmet = answers::problems(&errors);
        match unmet.is_empty() {
            false => Ok(Answer::Impossible(unmet)),
            true => Err(PackageManagerError::Refused { tool: "apk", words: output.last_words(3) }),
        }
    }

    /// Turns changes into operations, or tells which of them are not patchctl's to make.
    fn operations(&self, changes: Vec<Change>) -> Result<Resolved, PackageManagerError> {
        let records = installed::read(&self.root).map_err(prepare)?;
        let unmet: Vec<Unmet> = changes.iter().filter_map(refused).collect();
        if !unmet.is_empty() {
            return Ok(Resolved::Impossible(unmet));
        }
        let operation = |change: Change| {
            let record = records.iter().find(|record| record.name == change.name);
            let architecture =
                record.map_or_else(|| self.architecture(), |record| record.architecture.clone());
            let kind =
                if change.kind == ChangeKind::Purge { OperationKind::Remove } else { OperationKind::Unpack };
            Operation {
                kind,
                name: change.name,
                architecture,
                from: change.from,
                to: change.to,
                origin: String::new(),
            }
        };
        let changes = changes.into_iter().filter(|change| change.kind != ChangeKind::Same);
        let operations = changes.map(operation).collect();
        Ok(Resolved::Possible(Resolution { operations, ..Resolution::default() }))
    }
}

/// What apk answers to a simulation.
enum Answer {
    Changes(Vec<Change>),
    Impossible(Vec<Unmet>),
}

pub(super) fn program() -> &'static str {
    PLACES.iter().find(|path| storage::exists(Path::new(path))).unwrap_or(&PLACES[0])
}

pub(super) fn prepare(source: StorageError) -> PackageManagerError {
    PackageManagerError::Prepare { tool: "apk", source }
}

/// Tells apk 3 from apk 2: `apk-tools 3.0.8-r0, compiled for x86_64.`
fn is_third() -> bool {
    let output = Apk::run(&CommandSpec::new(program()).arg("--version"));
    output.is_ok_and(|output| output.text().starts_with("apk-tools 3."))
}

fn named(target: &Target) -> String {
    format!("{}={}", target.package.name, target.version)
}

/// What a run cannot take back exactly, or nobody asked for.
fn refused(change: &Change) -> Option<Unmet> {
    let words = match (&change.tag, change.kind) {
        (Some(tag), kind) if kind != ChangeKind::Purge && kind != ChangeKind::Same => {
            format!("it comes from the tagged repository @{tag}, which is left to apk itself")
        }
        (_, ChangeKind::Downgrade) => "apk would go back to an older version".to_owned(),
        (_, ChangeKind::Replace) => "apk would take another build of the same version".to_owned(),
        _ => return None,
    };
    Some(Unmet { package: change.name.clone(), needs: None, conflicts: false, words })
}

/// Targets that a simulation leaves out although it names no problem.
fn silently_left_out(targets: &[Target], resolution: &Resolution, records: &[Record]) -> Vec<Unmet> {
    let is_there = |target: &&Target| {
        resolution
            .operations
            .iter()
            .any(|o| o.name == target.package.name && o.to.as_ref() == Some(&target.version))
            || records.iter().any(|r| r.name == target.package.name && r.version == target.version.as_str())
    };
    let unmet = |target: &Target| Unmet {
        package: target.package.name.clone(),
        needs: None,
        conflicts: false,
        words: format!("apk finds no way to {} and does not say why", target.version),
    };
    targets.iter().filter(|target| !is_there(target)).map(unmet).collect()
}

impl PackageManager for Apk {
    fn name(&self) -> &'static str {
        "apk"
    }

    fn archives(&self) -> &dyn ArchiveFormat {
        &self.archives
    }

    fn records(&self) -> &dyn HostRecords {
        self
    }

    fn other_architecture(&self, architecture: &Architecture) -> Architecture {
        if architecture.is_for_all() { self.architecture() } else { Architecture::from("noarch") }
    }

    fn forward_by_hand(&self, archives: &[PathBuf]) -> String {
        let paths: Vec<String> = archives.iter().map(|path| path.display().to_string()).collect();
        format!(
            "cp /etc/apk/world /root/world && apk add {} && cp /root/world /etc/apk/world",
            paths.join(" ")
        )
    }

    fn by_hand(&self, request: &RestoreRequest<'_>) -> Vec<String> {
        request.by_hand(self.forward_by_hand(request.archives), "apk del", "apk audit --system")
    }

    /// What comes from a tagged repository is left out of an upgrade of everything. Orphans go with any change (apk
    /// purges what nothing needs any more): a removal like any other, for the caller to judge.
    fn resolve(&self, goal: &Goal, _removals: Removals) -> Result<Resolved, PackageManagerError> {
        self.refuse_other_roots()?;
        let mut changes = match self.simulate(goal, &[])? {
            Answer::Changes(changes) => changes,
            Answer::Impossible(unmet) => return Ok(Resolved::Impossible(unmet)),
        };
        let left_alone: Vec<PackageName> = changes
            .iter()
            .filter(|change| refused(change).is_some())
            .map(|change| change.name.clone())
            .collect();
        if *goal == Goal::Everything && !left_alone.is_empty() {
            changes = match self.simulate(goal, &left_alone)? {
                Answer::Changes(changes) => changes,
                Answer::Impossible(unmet) => return Ok(Resolved::Impossible(unmet)),
            };
        }
        let resolved = self.operations(changes)?;
        if let (Goal::Targets(targets), Resolved::Possible(resolution)) = (goal, &resolved) {
            let records = installed::read(&self.root).map_err(prepare)?;
            let left_out = silently_left_out(targets, resolution, &records);
            if !left_out.is_empty() {
                return Ok(Resolved::Impossible(left_out));
            }
        }
        Ok(resolved)
    }

    /// Without `-U`, 2.14 keeps an index that is younger than four hours and says nothing (recorded with 2.14.10).
    fn refresh_lists(&self, time_limit: Duration) -> Result<Vec<String>, PackageManagerError> {
        let spec = CommandSpec::new(program()).args(["update", "-U"]).time_limit(time_limit);
        let output = Self::run(&spec)?;
        if output.is_success() && !output.timed_out {
            return Ok(Vec::new());
        }
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let is_problem = |line: &&str| line.starts_with("WARNING: ") || line.starts_with("ERROR: ");
        let mut problems: Vec<String> = said.lines().filter(is_problem).map(str::to_owned).collect();
        if output.timed_out {
            problems.push(format!("apk update took longer than {} s and was ended", time_limit.as_secs()));
        } else if problems.is_empty() {
            problems.push(output.last_words(2).join("; "));
        }
        Ok(problems)
    }

    /// apk holds each archive against what its signed index states of it.
    fn fetch(
        &self,
        request: &FetchRequest<'_>,
        listen: &mut dyn FnMut(&str),
    ) -> Result<CommandOutput, PackageManagerError> {
        let folder = request.folder.display().to_string();
        let spec = CommandSpec::new(program()).args(["fetch", "-o", &folder]).time_limit(request.time_limit);
        let build = |target: &Target| format!("{}-{}", target.package.name, target.version);
        let spec = match is_third() {
            true => spec.args(["--match", "package"]).args(request.targets.iter().map(build)),
            // 2.14 knows names alone and takes the highest version of all repositories, tagged ones too.
            false => {
                let list = repository::without_tagged(&self.root, request.folder)?;
                let names = request.targets.iter().map(|target| target.package.name.to_string());
                spec.args(["--repositories-file", &list.display().to_string()]).args(names)
            }
        };
        let mut hear = |line: &str| {
            // `Downloading foo-1.0-r1`, with a count in front in some versions
            let told = line.split_once("Downloading ").map_or("", |(_, told)| told.trim());
            let of = |target: &&Target| told == build(target);
            listen(request.targets.iter().find(of).map_or("", |target| target.package.name.as_str()));
        };
        let output = runner::run_logged(&spec, None, &mut hear);
        output.map_err(|source| PackageManagerError::Run { tool: "apk", source })
    }

    fn install(
        &self,
        request: &InstallRequest<'_>,
        listen: &mut dyn FnMut(&str),
    ) -> Result<CommandOutput, PackageManagerError> {
        let path = |action: &Action| {
            Some(request.archives.join(self.archives.file_name(&action.key(), action.to.as_ref()?)))
        };
        let archives = request.actions.iter().filter_map(path).collect();
        let removed = request.actions.iter().filter(|action| action.kind == ActionKind::Remove);
        let gone = removed.map(|action| action.package.clone()).collect();
        let transaction = Transaction { archives, gone, ..Transaction::default() };
        self.carry_out(&transaction, (request.log, request.time_limit), listen)
    }

    fn restore(&self, request: &RestoreRequest<'_>) -> Result<CommandOutput, PackageManagerError> {
        let transaction = Transaction::of(request, false);
        self.carry_out(&transaction, (request.log, request.time_limit), &mut |_| {})
    }

    /// The same, and every archive unpacked again although the database has it already.
    fn restore_by_force(&self, request: &RestoreRequest<'_>) -> Result<CommandOutput, PackageManagerError> {
        let transaction = Transaction::of(request, true);
        self.carry_out(&transaction, (request.log, request.time_limit), &mut |_| {})
    }

    fn blamed(&self, output: &CommandOutput) -> Vec<PackageName> {
        answers::blamed(&String::from_utf8_lossy(&output.stderr))
    }

    /// Files that are not as their packages brought them, configuration aside, and packages that apk calls broken. Its exit
    /// code is always 0 (recorded with 2.14.10 and 3.0.6).
    fn audit(&self) -> Result<Vec<String>, PackageManagerError> {
        let spec = CommandSpec::new(program()).args(["audit", "--system"]).time_limit(SIMULATION_LIMIT);
        let output = Self::run(&spec)?;
        if !output.is_success() {
            return Err(PackageManagerError::Refused { tool: "apk", words: output.last_words(2) });
        }
        let mut complaints: Vec<String> =
            output.text().lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
        let records = installed::read(&self.root).map_err(prepare)?;
        let broken = records.iter().filter(|record| record.is_broken());
        complaints.extend(broken.map(|record| format!("{} is broken (f:{})", record.name, record.broken)));
        if self.world.was_cut_off() {
            complaints.push("apk was cut off: what it says of its packages may not be so".to_owned());
        }
        Ok(complaints)
    }
}
