//! pacman behind the seam that every package manager has.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::archives::ArchiveFormat;
use super::super::records::HostRecords;
use super::super::{
    FetchRequest, Goal, InstallRequest, PackageManager, PackageManagerError, Removals, Resolved,
    RestoreRequest, Target, Unmet,
};
use super::answers::{self, Replacer};
use super::databases::Databases;
use super::format::PacmanArchives;
use super::keyring;
use super::local::{self, Entry};
use super::lock::DatabaseLock;
use super::scripts;
use super::transaction::Transaction;
use crate::config::layout::Layout;
use crate::host::runner::{self, CommandOutput, CommandSpec};
use crate::host::storage::{self, StorageError};
use crate::model::package::{Architecture, PackageName};
use crate::model::plan::{ActionKind, Operation, OperationKind, Replacement, Resolution};

const PACMAN: &str = "/usr/bin/pacman";

/// A simulation takes parts of a second; minutes mean that something is wrong.
const SIMULATION_LIMIT: Duration = Duration::from_secs(300);

/// pacman, on the running system.
#[derive(Clone, Debug)]
pub struct Pacman {
    root: PathBuf,
    guard: PathBuf,
    cut_off: PathBuf,
    databases: Databases,
    archives: PacmanArchives,
    lock: DatabaseLock,
}

impl Pacman {
    /// A pacman for the root of `layout`.
    pub fn new(layout: &Layout) -> Self {
        let (root, guard) = (layout.root(), layout.package_manager_lock());
        let databases = Databases::new(root, (layout.sync_databases(), layout.sync_stamp()));
        Self {
            root: root.to_owned(),
            cut_off: layout.cut_off_packages(),
            archives: PacmanArchives::of(root, (layout.downloads(), databases.keyring_of_archives())),
            databases,
            lock: DatabaseLock::new(root, (layout.package_manager_mark(), guard.clone())),
            guard,
        }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn guard(&self) -> &Path {
        &self.guard
    }

    pub(super) fn lock(&self) -> &DatabaseLock {
        &self.lock
    }

    pub(super) fn cut_off_list(&self) -> &Path {
        &self.cut_off
    }

    /// What holds for every call: it takes its own answers for granted.
    pub(super) fn command(&self) -> CommandSpec {
        CommandSpec::new(PACMAN).args(["--noconfirm", "--color=never"])
    }

    /// A call that only asks, in the databases that are planned by; it leaves no trace in pacman's own log.
    fn asking(&self) -> CommandSpec {
        let databases = self.databases.for_asking().display().to_string();
        let fixed = ["--dbpath", &databases, "--logfile", "/dev/null"].map(str::to_owned);
        self.command().args(fixed).time_limit(SIMULATION_LIMIT)
    }

    /// A call that fetches, and checks what it fetches.
    fn fetching(&self) -> Result<CommandSpec, PackageManagerError> {
        self.databases.prepare().map_err(prepare)?;
        self.databases.unlock().map_err(prepare)?;
        let folder = self.databases.keyring();
        let keyring = keyring::shown(&self.root, &folder).map_err(prepare)?;
        Ok(self.asking().args(["--noprogressbar", "--gpgdir"]).arg(keyring.display().to_string()))
    }

    fn run(spec: &CommandSpec) -> Result<CommandOutput, PackageManagerError> {
        runner::run(spec).map_err(|source| PackageManagerError::Run { tool: "pacman", source })
    }

    /// Asks once what a goal would bring, with some packages left alone.
    fn ask(&self, goal: &Goal, left_alone: &[PackageName]) -> Result<Answer, PackageManagerError> {
        let spec = self.asking().arg("--print-format").arg(answers::FORMAT);
        let ignored: Vec<&str> = left_alone.iter().map(PackageName::as_str).collect();
        let spec = if ignored.is_empty() { spec } else { spec.args(["--ignore", &ignored.join(",")]) };
        let spec = match goal {
            Goal::Everything => spec.arg("-Sup"),
            Goal::Targets(targets) => {
                spec.args(["-Sp", "--"]).args(targets.iter().map(|target| target.package.name.to_string()))
            }
        };
        let output = Self::run(&spec)?;
        let text = output.text();
        if output.is_success() {
            return Ok(Answer::Brings(answers::brought(&text)?));
        }
        let unmet = answers::problems(&text);
        match unmet.is_empty() {
            false => Ok(Answer::Impossible(unmet)),
            true => Err(PackageManagerError::Refused { tool: "pacman", words: output.last_words(3) }),
        }
    }

    /// Finds what the packages that are new to the host take the place of. pacman prints what it would bring, and not what
    /// it would take away.
    fn replacements(&self, brought: &[Operation]) -> Result<Vec<Replacement>, PackageManagerError> {
        let entries = local::entries(&self.root).map_err(prepare)?;
        let is_new = |o: &&Operation| !entries.iter().any(|entry| entry.name == o.name);
        let new: Vec<String> = brought.iter().filter(is_new).map(|o| o.name.to_string()).collect();
        if new.is_empty() {
            return Ok(Vec::new());
        }
        let output = Self::run(&self.asking().args(["-Si", "--"]).args(new))?;
        let replacers = answers::replacers(&output.text());
        let by = |entry: &Entry| -> Option<PackageName> {
            let (name, version) = (entry.name.as_str(), &entry.version);
            let takes = |replacer: &&Replacer| {
                replacer.replaced.iter().any(|dependency| answers::is_meant(dependency, name, version))
            };
            replacers.iter().find(takes).map(|replacer| replacer.name.clone())
        };
        let found = entries.iter().filter_map(|entry| {
            let by = by(entry)?;
            let (package, version) = (entry.key(), entry.version.clone());
            Some(Replacement { package, version, by })
        });
        Ok(found.collect())
    }

    fn refuse_other_roots(&self) -> Result<(), PackageManagerError> {
        let words = if self.root != Path::new("/") {
            format!("pacman plans the running system alone: chroot {0} patchctl plan", self.root.display())
        } else if !storage::exists(Path::new(PACMAN)) {
            format!("{PACMAN} is not here")
        } else {
            return Ok(());
        };
        Err(PackageManagerError::Refused { tool: "patchctl", words: vec![words] })
    }
}

/// What pacman answers to one question.
enum Answer {
    Brings(Vec<Operation>),
    Impossible(Vec<Unmet>),
}

pub(super) fn prepare(source: StorageError) -> PackageManagerError {
    PackageManagerError::Prepare { tool: "pacman", source }
}

/// Targets that pacman would not bring in the version wanted, although it names no problem.
fn silently_left_out(targets: &[Target], brought: &[Operation]) -> Vec<Unmet> {
    let is_brought = |target: &&Target| {
        brought.iter().any(|o| o.name == target.package.name && o.to.as_ref() == Some(&target.version))
    };
    let unmet = |target: &Target| Unmet {
        package: target.package.name.clone(),
        needs: None,
        conflicts: false,
        words: format!("pacman finds no way to {}: no repository has it any more", target.version),
    };
    targets.iter().filter(|target| !is_brought(target)).map(unmet).collect()
}

fn gone(replacement: &Replacement) -> Operation {
    Operation {
        kind: OperationKind::Remove,
        name: replacement.package.name.clone(),
        architecture: replacement.package.architecture.clone(),
        from: Some(replacement.version.clone()),
        to: None,
        origin: String::new(),
    }
}

impl PackageManager for Pacman {
    fn name(&self) -> &'static str {
        "pacman"
    }

    fn archives(&self) -> &dyn ArchiveFormat {
        &self.archives
    }

    fn records(&self) -> &dyn HostRecords {
        self
    }

    fn other_architecture(&self, architecture: &Architecture) -> Architecture {
        match architecture.as_str() {
            "any" => Architecture::from(std::env::consts::ARCH),
            _ => Architecture::from("any"),
        }
    }

    fn forward_by_hand(&self, archives: &[PathBuf]) -> String {
        let paths: Vec<String> = archives.iter().map(|path| path.display().to_string()).collect();
        format!("pacman -U {}", paths.join(" "))
    }

    fn by_hand(&self, request: &RestoreRequest<'_>) -> Vec<String> {
        request.by_hand(self.forward_by_hand(request.archives), "pacman -Rn", "pacman -Dk")
    }

    /// An upgrade that takes packages away is asked for again without what replaces them, where nothing may go.
    fn resolve(&self, goal: &Goal, removals: Removals) -> Result<Resolved, PackageManagerError> {
        self.refuse_other_roots()?;
        let mut brought = match self.ask(goal, &[])? {
            Answer::Brings(brought) => brought,
            Answer::Impossible(unmet) => return Ok(Resolved::Impossible(unmet)),
        };
        let mut replaced = self.replacements(&brought)?;
        let mut refused = Vec::new();
        if removals == Removals::Refuse && !replaced.is_empty() {
            let left_alone: Vec<PackageName> = replaced.iter().map(|replaced| replaced.by.clone()).collect();
            refused = std::mem::take(&mut replaced);
            brought = match self.ask(goal, &left_alone)? {
                Answer::Brings(brought) => brought,
                Answer::Impossible(unmet) => return Ok(Resolved::Impossible(unmet)),
            };
        }
        if let Goal::Targets(targets) = goal {
            let left_out = silently_left_out(targets, &brought);
            if !left_out.is_empty() {
                return Ok(Resolved::Impossible(left_out));
            }
        }
        let operations = brought.into_iter().chain(replaced.iter().map(gone)).collect();
        let resolution = Resolution { operations, refused_replacements: refused, ..Resolution::default() };
        Ok(Resolved::Possible(resolution))
    }

    /// Fetches into patchctl's own folder: pacman's databases must not be newer than what is installed.
    fn refresh_lists(&self, time_limit: Duration) -> Result<Vec<String>, PackageManagerError> {
        let output = Self::run(&self.fetching()?.arg("-Sy").time_limit(time_limit))?;
        if output.is_success() && !output.timed_out {
            self.databases.note_refresh().map_err(prepare)?;
            return Ok(Vec::new());
        }
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let mut problems: Vec<String> =
            said.lines().filter(|l| l.starts_with("error: ")).map(str::to_owned).collect();
        if output.timed_out {
            problems.push(format!("pacman -Sy took longer than {} s and was ended", time_limit.as_secs()));
        } else if problems.is_empty() {
            problems.push(output.last_words(2).join("; "));
        }
        Ok(problems)
    }

    /// pacman checks digest and signature of each archive as the repository demands; the signatures stay beside them.
    fn fetch(
        &self,
        request: &FetchRequest<'_>,
        listen: &mut dyn FnMut(&str),
    ) -> Result<CommandOutput, PackageManagerError> {
        let names = request.targets.iter().map(|target| target.package.name.to_string());
        let folder = request.folder.display().to_string();
        let spec = self.fetching()?.args(["--cachedir", &folder, "-Swdd", "--"]).args(names);
        let mut hear = |line: &str| {
            // ` foo-2.0-1-any downloading...`
            let file = line.trim().strip_suffix(" downloading...").unwrap_or_default();
            let of =
                |target: &&Target| file.starts_with(&format!("{}-{}", target.package.name, target.version));
            listen(request.targets.iter().find(of).map_or("", |target| target.package.name.as_str()));
        };
        let output = runner::run_logged(&spec.time_limit(request.time_limit), None, &mut hear);
        let output = output.map_err(|source| PackageManagerError::Run { tool: "pacman", source })?;
        for target in request.targets {
            self.archives.take_in(request.folder, target).map_err(prepare)?;
        }
        Ok(output)
    }

    fn install(
        &self,
        request: &InstallRequest<'_>,
        listen: &mut dyn FnMut(&str),
    ) -> Result<CommandOutput, PackageManagerError> {
        let path = |action: &crate::model::plan::Action| {
            let name = self.archives.file_name(&action.key(), action.to.as_ref()?);
            Some(request.archives.join(name))
        };
        let archives: Vec<PathBuf> = request.actions.iter().filter_map(path).collect();
        let removed = request.actions.iter().filter(|action| action.kind == ActionKind::Remove);
        let transaction = Transaction {
            archives: archives.clone(),
            removed: removed.map(|action| action.package.clone()).collect(),
            ..Transaction::default()
        };
        let before = storage::read(request.log).unwrap_or_default().len();
        let output = self.carry_out(&transaction, (request.log, request.time_limit), listen)?;
        let log = storage::read(request.log).unwrap_or_default();
        let said = String::from_utf8_lossy(log.get(before..).unwrap_or_default()).into_owned();
        Ok(Self::with_blame(output, &said))
    }

    fn restore(&self, request: &RestoreRequest<'_>) -> Result<CommandOutput, PackageManagerError> {
        let transaction = Transaction::of(request, false);
        self.carry_out(&transaction, (request.log, request.time_limit), &mut |_| {})
    }

    /// The same without a look at dependencies: what is half there satisfies none.
    fn restore_by_force(&self, request: &RestoreRequest<'_>) -> Result<CommandOutput, PackageManagerError> {
        let transaction = Transaction::of(request, true);
        self.carry_out(&transaction, (request.log, request.time_limit), &mut |_| {})
    }

    fn blamed(&self, output: &CommandOutput) -> Vec<PackageName> {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        said.lines().filter_map(|line| line.strip_prefix(scripts::BLAME)).map(PackageName::from).collect()
    }

    /// Dependencies that nothing satisfies, and folders of the database that are no package.
    fn audit(&self) -> Result<Vec<String>, PackageManagerError> {
        let output = Self::run(&self.command().args(["-Dk", "--logfile", "/dev/null"]))?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned() + &output.text();
        let is_complaint = |line: &&str| {
            !line.is_empty()
                && !line.contains("No database errors")
                && !line.starts_with("warning: Public keyring")
        };
        let mut complaints: Vec<String> =
            said.lines().map(str::trim_end).filter(is_complaint).map(str::to_owned).collect();
        if self.lock.was_cut_off() {
            complaints.push("pacman was cut off: not all of its scripts and hooks ran".to_owned());
        }
        Ok(complaints)
    }
}
