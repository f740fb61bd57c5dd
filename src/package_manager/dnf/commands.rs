//! The commands patchctl gives to dnf and rpm, each without a question; where the generations of dnf differ, [`super::four`]
//! and [`super::five`] say what.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::archives::ArchiveFormat;
use super::super::records::HostRecords;
use super::super::rpm::{RPM, RpmArchives, builds, recovery};
use super::super::{
    FetchRequest, Goal, InstallRequest, PackageManager, PackageManagerError, Removals, Resolved,
    RestoreRequest, Target, Unmet, run_into_log,
};
use super::script::Script;
use super::{five, four, script};
use crate::config::dnf::DnfGeneration;
use crate::config::layout::Layout;
use crate::host::runner::{self, CommandOutput, CommandSpec, Insistence};
use crate::host::storage::{self, StorageError};
use crate::model::package::{Architecture, PackageName};
use crate::model::version::rpm::Nevra;

/// A simulation of a large host takes seconds; minutes mean that something is wrong.
const SIMULATION_LIMIT: Duration = Duration::from_secs(300);

/// dnf with rpm, on the running system.
#[derive(Clone, Debug)]
pub struct Dnf {
    root: PathBuf,
    logs: PathBuf,
    guard: PathBuf,
    archives: RpmArchives,
    /// `None` where no dnf is here that can be driven: then nothing is resolved, and so nothing else asked.
    generation: Option<DnfGeneration>,
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
            generation: DnfGeneration::of(layout.root()),
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

    /// Tells whether it is dnf 5.
    pub(super) fn is_five(&self) -> bool {
        self.generation == Some(DnfGeneration::Five)
    }

    /// What holds for every call: it waits for nobody, and removes no kernel to make room for another one (dnf.conf(5):
    /// a limit of 0 is none).
    fn dnf(&self) -> CommandSpec {
        let fixed =
            ["exit_on_lock=1", "color=never", "installonly_limit=0", "clean_requirements_on_remove=0"];
        let program = self.generation.unwrap_or(DnfGeneration::Four).program();
        CommandSpec::new(program).args(fixed.map(|option| format!("--setopt={option}")))
    }

    /// Says why nothing can be planned here.
    fn check_place(&self) -> Result<(), PackageManagerError> {
        let words = if self.root != Path::new("/") {
            format!("dnf plans the running system alone: chroot {0} patchctl plan", self.root.display())
        } else if self.generation.is_none() {
            "neither dnf 4 nor dnf 5 is here, and yum is not driven: yum update is to be typed".to_owned()
        } else {
            return Ok(());
        };
        Err(PackageManagerError::Refused { tool: "patchctl", words: vec![words] })
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
        let spec = self.changing(limit);
        let spec = if self.is_five() {
            spec.args(script.arguments())
        } else {
            let path = log.with_file_name("dnf-script");
            storage::replace(&path, script.text().as_bytes(), storage::PRIVATE).map_err(prepare)?;
            spec.arg("shell").arg(path.display().to_string())
        };
        run_into_log(("dnf", &spec), log, listen)
    }

    /// Lets dnf 5 download exact versions, whether they are installed or not.
    fn download(
        &self,
        request: &FetchRequest<'_>,
        listen: &mut dyn FnMut(&str),
    ) -> Result<CommandOutput, PackageManagerError> {
        let folder = format!("--destdir={}", request.folder.display());
        let spec = self.dnf().args(["-y", "download", "--skip-unavailable", &folder]);
        let spec = spec.args(request.targets.iter().map(builds::nevra)).time_limit(request.time_limit);
        Self::listened(&spec, listen)
    }

    /// dnf 4 downloads what a transaction needs, so it is asked for the versions themselves; one that is installed already
    /// is only fetched to be installed again. Each call of dnf reads all repositories: the likelier one comes first.
    ///
    /// Signatures are patchctl's to check, of what was stored. dnf would start rpmkeys for each archive, and take a key that
    /// rpm does not have yet from the repository unasked.
    fn download_by_installing(
        &self,
        request: &FetchRequest<'_>,
        listen: &mut dyn FnMut(&str),
    ) -> Result<CommandOutput, PackageManagerError> {
        let folder = format!("--downloaddir={}", request.folder.display());
        let mut output: Option<CommandOutput> = None;
        let verbs = match Self::are_installed(request.targets)? {
            true => ["reinstall", "install"],
            false => ["install", "reinstall"],
        };
        for verb in verbs {
            let name = |target: &Target| self.archives.file_name(&target.package, &target.version);
            let missing = |target: &&Target| !storage::exists(&request.folder.join(name(target)));
            let wanted: Vec<String> = request.targets.iter().filter(missing).map(builds::nevra).collect();
            if wanted.is_empty() && output.is_some() {
                break;
            }
            let spec = self.dnf().args(["-y", "--setopt=*.gpgcheck=0", "--downloadonly", "--allowerasing"]);
            let spec = spec.args([folder.as_str(), verb, "--"]);
            let ran = Self::listened(&spec.args(wanted).time_limit(request.time_limit), listen)?;
            // What the first call complained of tells more than that there is nothing to install again.
            output = output.filter(|first| !first.is_success()).or(Some(ran));
        }
        output.ok_or_else(|| PackageManagerError::Refused { tool: "dnf", words: Vec::new() })
    }

    /// Tells whether rpm has every one of these versions.
    fn are_installed(targets: &[Target]) -> Result<bool, PackageManagerError> {
        let spec = CommandSpec::new(RPM).args(["-q", "--quiet", "--"]);
        Ok(Self::run(&spec.args(targets.iter().map(builds::nevra)))?.is_success())
    }

    /// Runs a download and tells of each archive as it arrives.
    fn listened(
        spec: &CommandSpec,
        listen: &mut dyn FnMut(&str),
    ) -> Result<CommandOutput, PackageManagerError> {
        let mut hear = |line: &str| {
            // `(1/2): foo-2.0-1.noarch.rpm   1.2 MB/s | 6 kB  00:00`, or ` foo-0:2.0-1.noarch   100% | …` of dnf 5.
            let is_file = |word: &&str| word.ends_with(".rpm") || line.contains("% | ");
            let build = line.split_whitespace().find(is_file).and_then(Nevra::parse);
            listen(build.map_or("", |build| build.name));
        };
        let ran = runner::run_logged(spec, None, &mut hear);
        ran.map_err(|source| PackageManagerError::Run { tool: "dnf", source })
    }
}

fn prepare(source: StorageError) -> PackageManagerError {
    PackageManagerError::Prepare { tool: "dnf", source }
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
        recovery::by_hand(request, "dnf check")
    }

    fn resolve(&self, goal: &Goal, removals: Removals) -> Result<Resolved, PackageManagerError> {
        self.check_place()?;
        let resolved = if self.is_five() {
            five::resolved(goal, &Self::run(&five::resolving(self.asking(), goal, removals))?)?
        } else {
            four::resolved(&Self::run(&four::resolving(self.asking(), goal, removals))?)?
        };
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
            let begins = ["Error: ", "Errors during", "Failed to", ">>> "];
            begins.iter().any(|begin| line.starts_with(begin))
        };
        let mut problems: Vec<String> = said.lines().filter(failed).map(str::to_owned).collect();
        if output.timed_out {
            problems.push(format!("dnf makecache took longer than {} s and was ended", time_limit.as_secs()));
        } else if problems.is_empty() && !output.is_success() {
            problems.push(output.last_words(2).join("; "));
        }
        Ok(problems)
    }

    fn fetch(
        &self,
        request: &FetchRequest<'_>,
        listen: &mut dyn FnMut(&str),
    ) -> Result<CommandOutput, PackageManagerError> {
        if self.is_five() {
            self.download(request, listen)
        } else {
            self.download_by_installing(request, listen)
        }
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
        if recovery::is_for_rpm_alone(request) {
            return self.restore_by_force(request);
        }
        let installed = builds::installed()?;
        let script = Script::of_return(request, &installed);
        self.carry_out(&script, (request.log, request.time_limit), &mut |_| {})
    }

    fn restore_by_force(&self, request: &RestoreRequest<'_>) -> Result<CommandOutput, PackageManagerError> {
        recovery::restore(request, ("dnf", &self.guard, &self.archives))
    }

    fn blamed(&self, output: &CommandOutput) -> Vec<PackageName> {
        let said = output.text() + &String::from_utf8_lossy(&output.stderr);
        if self.is_five() { five::blamed(&said) } else { script::blamed(&said) }
    }

    /// Dependencies that nothing satisfies, and packages that are recorded twice and may not be.
    fn audit(&self) -> Result<Vec<String>, PackageManagerError> {
        builds::complaints()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_that_no_problem_explains_is_told() {
        let target = builds::target("foo-2.0-1.noarch").expect("a build");
        let other = builds::target("bar-2.0-1.noarch").expect("a build");
        let said = "---> Package foo.noarch 1.0-1 will be upgraded\n---> Package foo.noarch 2.0-1 will be an upgrade\n";
        let resolved = Resolved::Possible(super::super::transaction::parse(said).expect("readable"));
        let left_out = silently_left_out(&[target, other], &resolved);
        assert_eq!(left_out.iter().map(|unmet| unmet.package.as_str()).collect::<Vec<_>>(), ["bar"]);
    }
}
