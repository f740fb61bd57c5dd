//! The commands patchctl gives to dnf 4 and rpm, each without a question.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::archives::ArchiveFormat;
use super::super::records::HostRecords;
use super::super::rpm::{RpmArchives, builds, recovery};
use super::super::{
    FetchRequest, Goal, InstallRequest, PackageManager, PackageManagerError, Removals, Resolved,
    RestoreRequest, Target, Unmet, run_into_log,
};
use super::script::Script;
use super::{problems, script, transaction};
use crate::config::layout::Layout;
use crate::host::runner::{self, CommandOutput, CommandSpec, Insistence};
use crate::host::storage::{self, StorageError};
use crate::model::package::{Architecture, PackageName};
use crate::model::version::rpm::Nevra;

/// dnf 4 under the name that no newer dnf takes over.
const DNF: &str = "/usr/bin/dnf-3";

/// A simulation of a large host takes seconds; minutes mean that something is wrong.
const SIMULATION_LIMIT: Duration = Duration::from_secs(300);

/// dnf with rpm, on the running system.
#[derive(Clone, Debug)]
pub struct Dnf {
    root: PathBuf,
    logs: PathBuf,
    guard: PathBuf,
    archives: RpmArchives,
}

impl Dnf {
    /// A dnf for the root of `layout`. Its logs of simulations go to patchctl's own cache, so that asking changes nothing
    /// of the host.
    pub fn new(layout: &Layout) -> Self {
        Self {
            root: layout.root().to_owned(),
            logs: layout.cache().join("dnf"),
            guard: layout.package_manager_lock(),
            archives: RpmArchives::of(layout.root()),
        }
    }

    /// The root whose packages it changes.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The lock that its children hold as long as they live.
    pub(super) fn guard(&self) -> &Path {
        &self.guard
    }

    /// What holds for every call: it waits for nobody, and removes no kernel to make room for another one (dnf.conf(5):
    /// a limit of 0 is none).
    fn dnf(&self) -> CommandSpec {
        let fixed =
            ["exit_on_lock=1", "color=never", "installonly_limit=0", "clean_requirements_on_remove=0"];
        CommandSpec::new(DNF).args(fixed.map(|option| format!("--setopt={option}")))
    }

    /// A call that only asks, from what was fetched already; dnf wants the folder of its log to be there.
    pub(super) fn asking(&self) -> CommandSpec {
        // Where the folder cannot be made, dnf says so in its own words.
        let _ = storage::create_folder(&self.logs, 0o755);
        let logs = format!("--setopt=logdir={}", self.logs.display());
        self.dnf().args(["-C".to_owned(), logs]).time_limit(SIMULATION_LIMIT)
    }

    /// The same about what is installed alone.
    pub(super) fn asking_offline(&self) -> CommandSpec {
        self.asking().arg("--disablerepo=*")
    }

    /// A call that changes packages: from the archives it is given, from no repository.
    fn changing(&self, limit: Duration) -> CommandSpec {
        let spec = self.dnf().args(["-y", "-C", "--disablerepo=*"]);
        spec.time_limit(limit).insistence(Insistence::Patient).guard(&self.guard)
    }

    pub(super) fn run(spec: &CommandSpec) -> Result<CommandOutput, PackageManagerError> {
        runner::run(spec).map_err(|source| PackageManagerError::Run { tool: "dnf", source })
    }

    /// Lets dnf carry out a script in one transaction.
    fn carry_out(
        &self,
        script: &Script,
        (log, limit): (&Path, Duration),
        listen: &mut dyn FnMut(&str),
    ) -> Result<CommandOutput, PackageManagerError> {
        let path = log.with_file_name("dnf-script");
        storage::replace(&path, script.text().as_bytes(), storage::PRIVATE).map_err(prepare)?;
        let spec = self.changing(limit).arg("shell").arg(path.display().to_string());
        run_into_log(("dnf", &spec), log, listen)
    }
}

fn prepare(source: StorageError) -> PackageManagerError {
    PackageManagerError::Prepare { tool: "dnf", source }
}

/// Tells whether dnf came as far as an answer. `--assumeno` ends with 1 where there is something to do, and so does every
/// error (tried with 4.14): the exit code tells nothing.
fn has_answered(said: &str) -> bool {
    const ANSWERS: [&str; 3] =
        ["--> Finished dependency resolution", "No match for argument: ", "Nothing to do."];
    said.lines().any(|line| ANSWERS.iter().any(|answer| line.starts_with(answer)))
}

/// What dnf complains of first; what follows is often advice, or a dump of settings.
fn first_words(said: &str) -> Vec<String> {
    let lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .filter(|line| !line.starts_with("Unable to detect release version"))
        .take(3)
        .map(str::to_owned)
        .collect()
}

/// The targets that the solver would not bring, although it names no problem: filtered out, or gone from the metadata.
fn silently_left_out(targets: &[Target], resolved: &Resolved) -> Vec<Unmet> {
    let Resolved::Possible(resolution) = resolved else { return Vec::new() };
    let is_brought = |target: &&Target| {
        resolution
            .operations
            .iter()
            .any(|o| o.name == target.package.name && o.to.as_ref() == Some(&target.version))
    };
    let unmet = |target: &Target| Unmet {
        package: target.package.name.clone(),
        needs: None,
        conflicts: false,
        words: format!(
            "dnf finds no way to {}: excluded, or of a module stream that is not enabled",
            target.version
        ),
    };
    targets.iter().filter(|target| !is_brought(target)).map(unmet).collect()
}

impl PackageManager for Dnf {
    fn name(&self) -> &'static str {
        "dnf"
    }

    fn archives(&self) -> &dyn ArchiveFormat {
        &self.archives
    }

    fn records(&self) -> &dyn HostRecords {
        self
    }

    fn other_architecture(&self, architecture: &Architecture) -> Architecture {
        builds::other_architecture(architecture)
    }

    fn forward_by_hand(&self, archives: &[PathBuf]) -> String {
        format!("dnf --disablerepo='*' install {}", builds::paths(archives))
    }

    fn by_hand(&self, request: &RestoreRequest<'_>) -> Vec<String> {
        builds::by_hand(request, "dnf check")
    }

    fn resolve(&self, goal: &Goal, removals: Removals) -> Result<Resolved, PackageManagerError> {
        if self.root != Path::new("/") {
            let words =
                format!("dnf plans the running system alone: chroot {0} patchctl plan", self.root.display());
            return Err(PackageManagerError::Refused { tool: "patchctl", words: vec![words] });
        }
        if !storage::exists(Path::new(DNF)) {
            let words =
                format!("only dnf 4 is driven, and {DNF} is not here: dnf 5 and yum are not driven yet");
            return Err(PackageManagerError::Refused { tool: "patchctl", words: vec![words] });
        }
        let spec = self.asking().args(["--assumeno", "-v"]);
        let spec = if removals == Removals::Allow { spec.arg("--allowerasing") } else { spec };
        let spec = match goal {
            Goal::Everything => spec.arg("upgrade"),
            Goal::Targets(targets) => {
                spec.args(["--best", "upgrade", "--"]).args(targets.iter().map(builds::nevra))
            }
        };
        let output = Self::run(&spec)?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let unmet = problems::parse(&said);
        if !unmet.is_empty() {
            return Ok(Resolved::Impossible(unmet));
        }
        let text = output.text();
        if !has_answered(&text) {
            return Err(PackageManagerError::Refused { tool: "dnf", words: first_words(&said) });
        }
        let resolution = transaction::parse(&text)?;
        let resolved = Resolved::Possible(resolution);
        let left_out = match goal {
            Goal::Targets(targets) => silently_left_out(targets, &resolved),
            Goal::Everything => Vec::new(),
        };
        Ok(if left_out.is_empty() { resolved } else { Resolved::Impossible(left_out) })
    }

    fn refresh_lists(&self, time_limit: Duration) -> Result<Vec<String>, PackageManagerError> {
        let spec = self.dnf().args(["-y", "--refresh", "makecache"]).time_limit(time_limit);
        let output = Self::run(&spec)?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let failed = |line: &&str| {
            line.starts_with("Error: ") || line.starts_with("Errors during") || line.starts_with("Failed to")
        };
        let mut problems: Vec<String> = said.lines().filter(failed).map(str::to_owned).collect();
        if output.timed_out {
            problems.push(format!("dnf makecache took longer than {} s and was ended", time_limit.as_secs()));
        } else if problems.is_empty() && !output.is_success() {
            problems.push(output.last_words(2).join("; "));
        }
        Ok(problems)
    }

    /// dnf downloads what a transaction needs, so it is asked for the versions themselves; one that is installed already
    /// is only fetched to be installed again.
    fn fetch(
        &self,
        request: &FetchRequest<'_>,
        listen: &mut dyn FnMut(&str),
    ) -> Result<CommandOutput, PackageManagerError> {
        let folder = format!("--downloaddir={}", request.folder.display());
        let mut output: Option<CommandOutput> = None;
        for verb in ["install", "reinstall"] {
            let name = |target: &Target| self.archives.file_name(&target.package, &target.version);
            let missing = |target: &&Target| !storage::exists(&request.folder.join(name(target)));
            let wanted: Vec<String> = request.targets.iter().filter(missing).map(builds::nevra).collect();
            if wanted.is_empty() && output.is_some() {
                break;
            }
            let spec = self.dnf().args(["-y", "--downloadonly", "--allowerasing", &folder, verb, "--"]);
            let spec = spec.args(wanted).time_limit(request.time_limit);
            let mut hear = |line: &str| {
                // `(1/2): foo-2.0-1.noarch.rpm   1.2 MB/s | 6 kB  00:00`
                let file = line.split_whitespace().find(|word| word.ends_with(".rpm"));
                listen(file.and_then(Nevra::parse).map_or("", |build| build.name));
            };
            let ran = runner::run_logged(&spec, None, &mut hear);
            let ran = ran.map_err(|source| PackageManagerError::Run { tool: "dnf", source })?;
            // What the first call complained of tells more than that there is nothing to install again.
            output = output.filter(|first| !first.is_success()).or(Some(ran));
        }
        output.ok_or_else(|| PackageManagerError::Refused { tool: "dnf", words: Vec::new() })
    }

    fn install(
        &self,
        request: &InstallRequest<'_>,
        listen: &mut dyn FnMut(&str),
    ) -> Result<CommandOutput, PackageManagerError> {
        let script = Script::of_actions(request.actions, |key, version| {
            request.archives.join(self.archives.file_name(key, version))
        });
        self.carry_out(&script, (request.log, request.time_limit), listen)
    }

    fn restore(&self, request: &RestoreRequest<'_>) -> Result<CommandOutput, PackageManagerError> {
        let installed = builds::installed()?;
        let script = Script::of_return(request, &installed);
        self.carry_out(&script, (request.log, request.time_limit), &mut |_| {})
    }

    fn restore_by_force(&self, request: &RestoreRequest<'_>) -> Result<CommandOutput, PackageManagerError> {
        recovery::restore(request, ("dnf", &self.guard, &self.archives))
    }

    fn blamed(&self, output: &CommandOutput) -> Vec<PackageName> {
        script::blamed(&(output.text() + &String::from_utf8_lossy(&output.stderr)))
    }

    /// Dependencies that nothing satisfies, and packages that are recorded twice and may not be.
    fn audit(&self) -> Result<Vec<String>, PackageManagerError> {
        let output = Self::run(&self.asking_offline().args(["check", "--dependencies", "--duplicates"]))?;
        let said = output.text();
        Ok(said.lines().map(str::trim_end).filter(|line| !line.is_empty()).map(str::to_owned).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_not_taken_for_an_answer() {
        assert!(has_answered("DNF version: 4.14.0\n--> Finished dependency resolution\n"));
        assert!(has_answered("No match for argument: foo-1-1.noarch\n"));
        assert!(!has_answered("DNF version: 4.14.0\ncachedir: /var/cache/dnf\n"));
        let said = "Unable to detect release version (use x)\n\nYou have enabled checking of packages via GPG keys.\n";
        assert_eq!(first_words(said), ["You have enabled checking of packages via GPG keys."]);
    }

    #[test]
    fn a_target_that_no_problem_explains_is_told() {
        let target = builds::target("foo-2.0-1.noarch").expect("a build");
        let other = builds::target("bar-2.0-1.noarch").expect("a build");
        let said = "---> Package foo.noarch 1.0-1 will be upgraded\n---> Package foo.noarch 2.0-1 will be an upgrade\n";
        let resolved = Resolved::Possible(transaction::parse(said).expect("readable"));
        let left_out = silently_left_out(&[target, other], &resolved);
        assert_eq!(left_out.iter().map(|unmet| unmet.package.as_str()).collect::<Vec<_>>(), ["bar"]);
    }
}
