//! The commands patchctl gives to zypper and rpm, each without a question.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::archives::ArchiveFormat;
use super::super::records::HostRecords;
use super::super::rpm::{RpmArchives, builds, recovery};
use super::super::{
    FetchRequest, Goal, InstallRequest, PackageManager, PackageManagerError, Removals, Resolved,
    RestoreRequest, Target, Unmet, run_into_log,
};
use super::answer::{self, Answer};
use super::{arguments, problems};
use crate::config::layout::Layout;
use crate::host::runner::{self, CommandOutput, CommandSpec, Insistence};
use crate::host::{facts, storage};
use crate::model::package::{Architecture, PackageName};
use crate::model::plan::Resolution;
use crate::model::version::rpm::Nevra;

const ZYPPER: &str = "/usr/bin/zypper";
/// What errors and logs call it.
const TOOL: &str = "zypper";
/// libzypp's own configuration, below a root.
const CONFIGURATION: &str = "etc/zypp/zypp.conf";

/// A simulation of a large host takes seconds; minutes mean that something is wrong.
const SIMULATION_LIMIT: Duration = Duration::from_secs(300);

/// Seconds that a call waits for zypp's lock (libzypp, `ZYPP_LOCK_TIMEOUT`). Whoever had it before was waited for; this
/// is for who came between, and whoever only lists repositories as root holds it too, for a second or two.
const LOCK_SECONDS: &str = "5";

/// zypper with rpm, on the running system.
#[derive(Clone, Debug)]
pub struct Zypper {
    root: PathBuf,
    cache: PathBuf,
    guard: PathBuf,
    archives: RpmArchives,
}

impl Zypper {
    /// A zypper for the root of `layout`.
    pub fn new(layout: &Layout) -> Self {
        Self {
            root: layout.root().to_owned(),
            cache: layout.cache().join("zypp"),
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

    /// What holds for every call. What zypp has under way lies in patchctl's own cache (libzypp, `ZYPPTMPDIR`): one that is
    /// killed leaves it behind.
    fn zypper(&self) -> CommandSpec {
        let scratch = self.cache.join("tmp");
        // Where the folder cannot be made, zypp takes its own.
        let _ = storage::create_folder(&scratch, 0o700);
        let spec = CommandSpec::new(ZYPPER).args(["--non-interactive", "--no-color"]);
        spec.env("ZYPP_LOCK_TIMEOUT", LOCK_SECONDS).env("ZYPPTMPDIR", &scratch.display().to_string())
    }

    /// Removes what a killed call left behind.
    fn sweep(&self) {
        if !self.is_at_work() {
            // What stays is in nobody's way.
            let _ = storage::remove_folder(&self.cache.join("tmp"));
        }
    }

    /// A call that only asks, from what was fetched already; zypp's log of every thought is of no use to anybody. Two
    /// records of zypp's own are made anew where they are missing or old, as by every caller: its copy of rpm's database
    /// and, once in the life of a host, the list of packages that nobody asked for.
    fn asking(&self) -> CommandSpec {
        let spec = self.zypper().args(["--no-refresh", "--xmlout"]).time_limit(SIMULATION_LIMIT);
        spec.env("ZYPP_LOGFILE", "/dev/null")
    }

    /// A call that changes packages: from the archives it is given, from no repository. zypp empties the caches of all
    /// repositories that it does not see (tried with libzypp 17.30), so it gets a cache of its own.
    fn changing(&self, limit: Duration) -> CommandSpec {
        let cache = self.cache.display();
        let places = [format!("--cache-dir={cache}"), format!("--reposd-dir={cache}/no-repositories")];
        let spec = self.zypper().arg("--no-refresh").args(places).args(["install", "--oldpackage"]);
        spec.time_limit(limit).insistence(Insistence::Patient).guard(&self.guard)
    }

    /// Lets zypper carry out one transaction.
    fn carry_out(
        &self,
        (changes, options): (Vec<String>, &[&str]),
        (log, limit): (&Path, Duration),
        listen: &mut dyn FnMut(&str),
    ) -> Result<CommandOutput, PackageManagerError> {
        self.sweep();
        let spec = self.changing(limit).args(options.iter().copied()).arg("--").args(changes);
        run_into_log((TOOL, &spec), log, listen)
    }

    fn run(spec: &CommandSpec) -> Result<CommandOutput, PackageManagerError> {
        runner::run(spec).map_err(|source| PackageManagerError::Run { tool: TOOL, source })
    }

    /// Tells whether the administrator lets zypp take builds of another vendor (zypp.conf, `solver.allowVendorChange`).
    fn changes_vendors(&self) -> bool {
        let bytes = storage::read_at_most(&self.root.join(CONFIGURATION), 1 << 20).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let value = |line: &str| {
            let rest =
                line.trim().strip_prefix("solver.allowVendorChange")?.trim_start().strip_prefix('=')?;
            Some(matches!(rest.trim().to_ascii_lowercase().as_str(), "1" | "true" | "yes" | "on"))
        };
        text.lines().filter_map(value).next_back().unwrap_or(false)
    }

    fn check_place(&self) -> Result<(), PackageManagerError> {
        let refused =
            |words: String| Err(PackageManagerError::Refused { tool: "patchctl", words: vec![words] });
        if self.root != Path::new("/") {
            let root = self.root.display();
            return refused(format!("zypper plans the running system alone: chroot {root} patchctl plan"));
        }
        if !storage::exists(Path::new(ZYPPER)) {
            return refused(format!("{ZYPPER} is not here"));
        }
        if !facts::is_root() {
            return refused("zypper plans for root alone: sudo patchctl plan".to_owned());
        }
        Ok(())
    }

    /// What a simulation means. Exit codes tell less than what is said: 0 with nothing to do, 4 for problems of the solver
    /// and for questions, from 100 on news (zypper(8), "Exit codes").
    fn judged(&self, goal: &Goal, answer: Answer) -> Result<Resolved, PackageManagerError> {
        let unmet = problems::parse(&answer);
        if !unmet.is_empty() {
            return Ok(Resolved::Impossible(unmet));
        }
        let Some(resolution) = answer.resolution.filter(|_| answer.complaints.is_empty()) else {
            return Err(refused(&answer.complaints));
        };
        if !self.changes_vendors()
            && let Some(package) = answer.vendors_changed.into_iter().next()
        {
            let words = "its builder would be another one, which zypp.conf does not allow \
                         (solver.allowVendorChange)";
            let unmet = Unmet { package, needs: None, conflicts: false, words: words.to_owned() };
            return Ok(Resolved::Impossible(vec![unmet]));
        }
        let left_out = match goal {
            Goal::Targets(targets) => silently_left_out(targets, &resolution),
            Goal::Everything => Vec::new(),
        };
        Ok(if left_out.is_empty() { Resolved::Possible(resolution) } else { Resolved::Impossible(left_out) })
    }

    /// Downloads what is missing of some targets, one version of each package, and puts it where it is wanted.
    fn download(
        &self,
        wanted: &[&Target],
        request: &FetchRequest<'_>,
        listen: &mut dyn FnMut(&str),
    ) -> Result<CommandOutput, PackageManagerError> {
        let work = request.folder.join("zypp");
        let cache = format!("--pkg-cache-dir={}", work.display());
        let spec = self.zypper().args(["--no-refresh", "--xmlout"]).args([cache.as_str(), "download", "--"]);
        let spec = spec.args(wanted.iter().map(|target| arguments::exact(target)));
        let mut hear = |line: &str| {
            // `Retrieving package foo-2.0-1.noarch (1/3),   6.0 KiB (    8   B unpacked)`
            let build = line.split_once("Retrieving package ").and_then(|(_, rest)| rest.split(' ').next());
            listen(build.and_then(Nevra::parse).map_or("", |build| build.name));
        };
        let ran = runner::run_logged(&spec.time_limit(request.time_limit), None, &mut hear);
        let ran = ran.map_err(|source| PackageManagerError::Run { tool: TOOL, source })?;
        // A download that was ended in its middle has no whole answer, and what arrived is fetched again.
        let arrived = answer::parse(&ran.text()).map(|answer| answer.downloaded).unwrap_or_default();
        for path in arrived.iter().filter(|path| path.starts_with(&work)) {
            let Some(name) = path.file_name() else { continue };
            let prepare = |source| PackageManagerError::Prepare { tool: TOOL, source };
            storage::rename(path, &request.folder.join(name)).map_err(prepare)?;
        }
        // What is left of it is in nobody's way.
        let _ = storage::remove_folder(&work);
        Ok(ran)
    }
}

/// What zypper complained of first; it says nothing where it was ended.
fn refused(complaints: &[String]) -> PackageManagerError {
    let lines = complaints.iter().flat_map(|text| text.lines()).map(str::trim);
    let words: Vec<String> = lines.filter(|line| !line.is_empty()).take(3).map(str::to_owned).collect();
    match words.first() {
        Some(first) if first.starts_with("System management is locked") => {
            PackageManagerError::Busy { tool: TOOL, words: words.join(" ") }
        }
        _ => PackageManagerError::Refused { tool: TOOL, words },
    }
}

/// The targets that the solver would not bring, although it names no problem.
fn silently_left_out(targets: &[Target], resolution: &Resolution) -> Vec<Unmet> {
    let is_brought = |target: &&Target| {
        let mut operations = resolution.operations.iter();
        operations.any(|o| o.name == target.package.name && o.to.as_ref() == Some(&target.version))
    };
    let unmet = |target: &Target| Unmet {
        package: target.package.name.clone(),
        needs: None,
        conflicts: false,
        words: format!("zypper finds no way to {}", target.version),
    };
    targets.iter().filter(|target| !is_brought(target)).map(unmet).collect()
}

impl PackageManager for Zypper {
    fn name(&self) -> &'static str {
        TOOL
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
        format!("zypper --no-refresh install {}", builds::paths(archives))
    }

    fn by_hand(&self, request: &RestoreRequest<'_>) -> Vec<String> {
        recovery::by_hand(request, "zypper verify --dry-run")
    }

    fn resolve(&self, goal: &Goal, removals: Removals) -> Result<Resolved, PackageManagerError> {
        self.check_place()?;
        let force = match removals {
            Removals::Allow => "--force-resolution",
            Removals::Refuse => "--no-force-resolution",
        };
        let spec = match goal {
            Goal::Everything => self.asking().args(["update", "--dry-run", force]),
            Goal::Targets(targets) => self
                .asking()
                .args(["install", "--dry-run", force, "--name", "--"])
                .args(targets.iter().map(arguments::exact)),
        };
        let output = Self::run(&spec)?;
        if output.timed_out {
            let words = format!("it took longer than {} s and was ended", SIMULATION_LIMIT.as_secs());
            return Err(PackageManagerError::Refused { tool: TOOL, words: vec![words] });
        }
        self.judged(goal, answer::parse(&output.text())?)
    }

    fn refresh_lists(&self, time_limit: Duration) -> Result<Vec<String>, PackageManagerError> {
        let spec = self.zypper().args(["--xmlout", "refresh"]).time_limit(time_limit);
        let output = Self::run(&spec)?;
        if output.timed_out {
            return Ok(vec![format!(
                "zypper refresh took longer than {} s and was ended",
                time_limit.as_secs()
            )]);
        }
        let answer = answer::parse(&output.text())?;
        let is_telling = |text: &&String| {
            let begins = ["Problem ", "System management is locked", "Repository '"];
            begins.iter().any(|begin| text.starts_with(begin))
        };
        let complaints = answer.complaints.iter().filter(is_telling);
        let unknown_keys = answer.news.iter().filter(|text| text.contains(" is signed with an unknown key "));
        let mut problems: Vec<String> = unknown_keys
            .chain(complaints)
            .map(|text| text.lines().take(4).map(str::trim).collect::<Vec<_>>().join(" "))
            .collect();
        if problems.is_empty() && !output.is_success() {
            problems.extend(answer.complaints.into_iter().next_back());
        }
        Ok(problems)
    }

    /// zypper downloads one version of a package at a time, the newest of those it is asked for: another one of the same
    /// package is asked for again.
    fn fetch(
        &self,
        request: &FetchRequest<'_>,
        listen: &mut dyn FnMut(&str),
    ) -> Result<CommandOutput, PackageManagerError> {
        let name = |target: &Target| self.archives.file_name(&target.package, &target.version);
        let mut output: Option<CommandOutput> = None;
        for _ in 0..2 {
            let is_missing = |target: &&Target| !storage::exists(&request.folder.join(name(target)));
            let wanted: Vec<&Target> = request.targets.iter().filter(is_missing).collect();
            if wanted.is_empty() && output.is_some() {
                break;
            }
            output = Some(self.download(&wanted, request, listen)?);
        }
        output.ok_or_else(|| PackageManagerError::Refused { tool: TOOL, words: Vec::new() })
    }

    fn install(
        &self,
        request: &InstallRequest<'_>,
        listen: &mut dyn FnMut(&str),
    ) -> Result<CommandOutput, PackageManagerError> {
        let changes = arguments::of_actions(request.actions, |key, version| {
            request.archives.join(self.archives.file_name(key, version))
        });
        self.carry_out((changes, &[]), (request.log, request.time_limit), listen)
    }

    /// What was installed unsigned may come back so: that it is the same build was proved when it was secured.
    fn restore(&self, request: &RestoreRequest<'_>) -> Result<CommandOutput, PackageManagerError> {
        if recovery::is_for_rpm_alone(request) {
            return self.restore_by_force(request);
        }
        let changes = arguments::of_return(request, &builds::installed()?);
        let options = ["--allow-vendor-change", "--allow-unsigned-rpm"];
        self.carry_out((changes, &options), (request.log, request.time_limit), &mut |_| {})
    }

    fn restore_by_force(&self, request: &RestoreRequest<'_>) -> Result<CommandOutput, PackageManagerError> {
        recovery::restore(request, (TOOL, &self.guard, &self.archives))
    }

    fn blamed(&self, output: &CommandOutput) -> Vec<PackageName> {
        arguments::blamed(&(output.text() + &String::from_utf8_lossy(&output.stderr)))
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
    fn a_lock_is_told_from_a_refusal() {
        let held = "System management is locked by the application with pid 167 (zypper).\nClose this application before \
            trying again.";
        let error = refused(&[held.to_owned()]).to_string();
        assert_eq!(
            error,
            "zypper is kept waiting: System management is locked by the application with pid 167 (zypper). \
            Close this application before trying again."
        );
        assert!(matches!(refused(&["No.".to_owned()]), PackageManagerError::Refused { .. }));
    }

    #[test]
    fn a_target_that_no_problem_explains_is_told() {
        let targets =
            ["foo-2.0-1.noarch", "bar-2.0-1.noarch"].map(|text| builds::target(text).expect("a build"));
        let said = "<stream><install-summary><to-upgrade><solvable type=\"package\" name=\"foo\" edition=\"2.0-1\" \
            arch=\"noarch\" edition-old=\"1.0-1\"/></to-upgrade></install-summary></stream>";
        let resolution = answer::parse(said).expect("readable").resolution.expect("a summary");
        let left_out = silently_left_out(&targets, &resolution);
        assert_eq!(left_out.iter().map(|unmet| unmet.package.as_str()).collect::<Vec<_>>(), ["bar"]);
    }
}
