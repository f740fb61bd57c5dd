//! The commands patchctl gives to apt and dpkg, each non-interactive to the bone.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::archives::ArchiveFormat;
use super::super::deb::{DebArchives, database};
use super::super::records::HostRecords;
use super::super::{
    FetchRequest, Goal, InstallRequest, PackageManager, PackageManagerError, Removals, Resolved,
    RestoreRequest, Target, run_into_log,
};
use super::binary_cache;
use super::dpkg::{self, dpkg, forced, gone};
use super::simulation::{parse_simulation, parse_unmet};
use super::update;
use crate::config::layout::Layout;
use crate::host::runner::{self, CommandOutput, CommandSpec, Insistence};
use crate::host::storage;
use crate::model::decision::ConffilePolicy;
use crate::model::package::{Architecture, PackageKey, PackageName};
use crate::model::plan::{Action, ActionKind};

const APT_GET: &str = "/usr/bin/apt-get";

/// dpkg's records of the running system.
const STATUS: &str = "/var/lib/dpkg/status";

/// A simulation of a large host takes seconds; minutes mean that something is wrong.
const SIMULATION_LIMIT: Duration = Duration::from_secs(300);

/// apt with dpkg, on the running system or read-only on another root.
#[derive(Clone, Debug)]
pub struct Apt {
    root: PathBuf,
    binary_cache: PathBuf,
    guard: PathBuf,
    native: Architecture,
    archives: DebArchives,
}

impl Apt {
    /// An apt for the root of `layout`. Its binary caches go to patchctl's own cache, so that asking changes nothing
    /// of the host.
    pub fn new(layout: &Layout) -> Self {
        Self {
            root: layout.root().to_owned(),
            binary_cache: layout.cache().join("apt"),
            guard: layout.package_manager_lock(),
            native: dpkg::native_architecture(layout.root()),
            archives: DebArchives::of(layout.root()),
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

    fn is_live(&self) -> bool {
        self.root == Path::new("/")
    }

    fn apt_get(&self) -> CommandSpec {
        let spec = CommandSpec::new(APT_GET).args(["-q", "-o", "Debug::NoLocking=true"]);
        let spec = dpkg::SILENT.iter().fold(spec, |spec, (name, value)| spec.env(name, value));
        let packages = self.binary_cache.join("pkgcache.bin");
        let is_kept = self.is_live() && binary_cache::believe_or_remove(&packages, Path::new(STATUS));
        let cache = if is_kept { self.binary_cache.display().to_string() } else { String::new() };
        let file = |name: &str| if cache.is_empty() { String::new() } else { format!("{cache}/{name}") };
        let spec = option(spec, "Dir::Cache::pkgcache", &file("pkgcache.bin"));
        let spec = option(spec, "Dir::Cache::srcpkgcache", &file("srcpkgcache.bin"));
        if self.is_live() { spec } else { self.point_at_root(spec) }
    }

    /// The file that apt reads before all other configuration (apt.conf(5)); it leads to none.
    fn no_configuration(&self) -> PathBuf {
        self.binary_cache.with_file_name("apt-of-no-host.conf")
    }

    /// A foreign root is only read: neither its own apt configuration is obeyed, pins included, nor this host's, and none
    /// of its tools is run. Without a list of architectures apt would ask the dpkg of this host.
    fn point_at_root(&self, spec: CommandSpec) -> CommandSpec {
        let root = self.root.display();
        let spec = spec.env("APT_CONFIG", &self.no_configuration().display().to_string());
        let spec = option(spec, "Dir", &root.to_string());
        let spec = option(spec, "APT::Architecture", self.native.as_str());
        let foreign = storage::read(&self.root.join("var/lib/dpkg/arch")).unwrap_or_default();
        let foreign = String::from_utf8_lossy(&foreign).into_owned();
        let known = foreign.split_whitespace().filter(|name| *name != self.native.as_str());
        let spec = [self.native.as_str()]
            .into_iter()
            .chain(known)
            .fold(spec, |spec, name| option(spec, "APT::Architectures::", name));
        let unpinned = ["Dir::Etc::preferences", "Dir::Etc::preferencesparts"];
        let spec = unpinned.iter().fold(spec, |spec, name| option(spec, name, "/dev/null"));
        option(spec, "Dir::State::status", &format!("{root}/var/lib/dpkg/status"))
    }

    fn write_no_configuration(&self) -> Result<(), PackageManagerError> {
        let path = self.no_configuration();
        let folder = path.parent().unwrap_or(Path::new("/"));
        let written = storage::create_folder(folder, 0o755)
            .and_then(|()| storage::replace(&path, NO_CONFIGURATION.as_bytes(), storage::PUBLIC));
        written.map_err(|source| PackageManagerError::Prepare { tool: "apt-get", source })
    }

    /// The options and variables of every call that changes packages, under the front-end lock that the caller holds
    /// (dpkg(1), DPKG_FRONTEND_LOCKED; apt must then not lock by itself).
    fn changing(&self, conffiles: ConffilePolicy) -> CommandSpec {
        let mut spec = self.apt_get().env("DPKG_FRONTEND_LOCKED", "true").args([
            "-y",
            "--no-download",
            "--no-install-recommends",
        ]);
        let settings = [
            ("Dpkg::Options::", "--force-confdef"),
            ("Dpkg::Options::", forced(conffiles)),
            ("Dpkg::Use-Pty", "false"),
            ("APT::Get::AutomaticRemove", "false"),
            ("APT::Sandbox::User", "root"),
        ];
        for (name, value) in settings {
            spec = option(spec, name, value);
        }
        spec.insistence(Insistence::Patient).guard(&self.guard)
    }

    /// apt takes a status file of the same size and second for the one that its binary cache was made from: after a
    /// change the cache must go.
    fn change(
        &self,
        spec: &CommandSpec,
        log: &Path,
        listen: &mut dyn FnMut(&str),
    ) -> Result<CommandOutput, PackageManagerError> {
        let output = run_into_log(("apt-get", spec), log, listen);
        // It is only ever read in the same second: one that stays has lost its danger by the next plan.
        let _ = storage::remove_folder(&self.binary_cache);
        output
    }

    fn run(spec: &CommandSpec) -> Result<CommandOutput, PackageManagerError> {
        runner::run(spec).map_err(|source| PackageManagerError::Run { tool: "apt-get", source })
    }

    /// dpkg cleans up behind its own interrupted unpacking when it unpacks the same archive again. What it says is no
    /// matter: a script that fails here leaves the state that the way back starts from anyhow.
    fn complete(&self, request: &RestoreRequest<'_>) -> Result<(), PackageManagerError> {
        if request.complete.is_empty() {
            return Ok(());
        }
        let archives = request.complete.iter().map(|path| path.display().to_string());
        let call = dpkg(request).arg("--unpack").args(archives);
        self.change(&call, request.log, &mut |_| {}).map(|_| ())
    }

    /// Names a package as apt reads it: the architecture only where it is not the native one.
    fn named(&self, package: &PackageKey) -> String {
        let architecture = package.architecture.as_str();
        if architecture == "all" || package.architecture == self.native {
            package.name.to_string()
        } else {
            package.to_string()
        }
    }

    fn exact(&self, target: &Target) -> String {
        format!("{}={}", self.named(&target.package), target.version)
    }
}

/// Names no files to read further configuration from.
const NO_CONFIGURATION: &str = "Dir::Etc::main \"/dev/null\";\nDir::Etc::parts \"/dev/null\";\n";

/// What the C library says of a full disk, in the C locale that every child gets.
const NO_SPACE: &str = "No space left on device";

/// Options that come later win, so the verb stays the last word.
fn without_cache(mut spec: CommandSpec) -> CommandSpec {
    let options = ["-o", "Dir::Cache::pkgcache=", "-o", "Dir::Cache::srcpkgcache="];
    let verb = spec.arguments.iter().position(|word| word == "-s").unwrap_or_default();
    spec.arguments.splice(verb..verb, options.map(str::to_owned));
    spec
}

fn option(spec: CommandSpec, name: &str, value: &str) -> CommandSpec {
    spec.arg("-o").arg(format!("{name}={value}"))
}

impl PackageManager for Apt {
    fn name(&self) -> &'static str {
        "apt"
    }

    fn archives(&self) -> &dyn ArchiveFormat {
        &self.archives
    }

    fn records(&self) -> &dyn HostRecords {
        self
    }

    fn other_architecture(&self, architecture: &Architecture) -> Architecture {
        if architecture.as_str() == "all" { self.native.clone() } else { Architecture::from("all") }
    }

    fn forward_by_hand(&self, archives: &[PathBuf]) -> String {
        dpkg::forward_by_hand(archives)
    }

    fn by_hand(&self, request: &RestoreRequest<'_>) -> Vec<String> {
        dpkg::by_hand(request)
    }

    fn resolve(&self, goal: &Goal, removals: Removals) -> Result<Resolved, PackageManagerError> {
        if self.is_live() {
            // Where the cache cannot be made, apt works without one, only slower.
            let _ = storage::create_folder(&self.binary_cache, 0o755);
        } else {
            self.write_no_configuration()?;
        }
        let spec = self.apt_get().arg("-s").time_limit(SIMULATION_LIMIT);
        let spec = match (goal, removals) {
            (Goal::Everything, Removals::Allow) => spec.arg("dist-upgrade"),
            (Goal::Everything, Removals::Refuse) => spec.args(["--with-new-pkgs", "upgrade"]),
            (Goal::Targets(targets), _) => {
                let spec = spec.args(["--no-install-recommends", "install", "--"]);
                spec.args(targets.iter().map(|target| self.exact(target)))
            }
        };
        let mut output = Self::run(&spec)?;
        if !output.is_success() && output.last_words(3).iter().any(|line| line.contains(NO_SPACE)) {
            // Its binary cache has no room; it does without one, only slower.
            output = Self::run(&without_cache(spec))?;
        }
        let text = output.text();
        if !output.is_success() {
            let unmet = parse_unmet(&text);
            let words = output.last_words(3);
            return if unmet.is_empty() {
                Err(PackageManagerError::Refused { tool: "apt-get", words })
            } else {
                Ok(Resolved::Impossible(unmet))
            };
        }
        parse_simulation(&text, &self.native).map(Resolved::Possible)
    }

    fn refresh_lists(&self, time_limit: Duration) -> Result<Vec<String>, PackageManagerError> {
        // Without this, apt calls lists that it could not fetch a success (since apt 2.3.2; older ones do not know it).
        let spec =
            option(self.apt_get(), "APT::Update::Error-Mode", "any").time_limit(time_limit).arg("update");
        let output = Self::run(&spec)?;
        let said = output.text() + &String::from_utf8_lossy(&output.stderr);
        let mut problems = update::problems(&said);
        if output.timed_out {
            problems
                .push(format!("apt-get update took longer than {} s and was ended", time_limit.as_secs()));
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
        let spec =
            self.apt_get().folder(request.folder).time_limit(request.time_limit).args(["download", "--"]);
        let spec = spec.args(request.targets.iter().map(|target| self.exact(target)));
        let mut hear = |line: &str| {
            if let Some(rest) = line.strip_prefix("Get:") {
                listen(rest.split_whitespace().nth(4).unwrap_or(rest));
            }
        };
        runner::run_logged(&spec, None, &mut hear)
            .map_err(|source| PackageManagerError::Run { tool: "apt-get", source })
    }

    fn install(
        &self,
        request: &InstallRequest<'_>,
        listen: &mut dyn FnMut(&str),
    ) -> Result<CommandOutput, PackageManagerError> {
        let removes = request.actions.iter().any(|action| action.kind == ActionKind::Remove);
        let downgrades = request.actions.iter().any(|action| action.kind == ActionKind::Downgrade);
        let mut spec = self.changing(request.conffiles).time_limit(request.time_limit);
        spec = option(spec, "Dir::Cache::archives", &format!("{}/", request.archives.display()));
        if !removes {
            spec = spec.arg("--no-remove");
        }
        if downgrades {
            spec = spec.arg("--allow-downgrades");
        }
        let words = request.actions.iter().map(|action| self.word_of(action));
        self.change(&spec.args(["install", "--"]).args(words), request.log, listen)
    }

    fn restore(&self, request: &RestoreRequest<'_>) -> Result<CommandOutput, PackageManagerError> {
        self.complete(request)?;
        let mut spec = self.changing(request.conffiles).time_limit(request.time_limit);
        spec = spec.args(["--allow-downgrades", "--allow-change-held-packages", "--reinstall"]);
        if !request.purge.is_empty() {
            spec = spec.arg("--purge");
        }
        let archives = request.archives.iter().map(|path| path.display().to_string());
        let away = gone(request).into_iter().map(|key| format!("{}-", self.named(key)));
        let spec = spec.args(["install", "--"]).args(archives).args(away);
        self.change(&spec, request.log, &mut |_| {})
    }

    fn restore_by_force(&self, request: &RestoreRequest<'_>) -> Result<CommandOutput, PackageManagerError> {
        self.complete(request)?;
        let archives = request.archives.iter().map(|path| path.display().to_string());
        let mut calls = Vec::new();
        if !request.archives.is_empty() {
            calls.push(dpkg(request).arg("--unpack").args(archives));
        }
        calls.push(dpkg(request).args(["--configure", "-a"]));
        for (verb, packages) in [("--purge", request.purge), ("--remove", request.remove)] {
            if !packages.is_empty() {
                let names = packages.iter().map(|target| self.named(&target.package));
                calls.push(dpkg(request).arg(verb).args(names));
            }
        }
        calls.push(dpkg(request).args(["--triggers-only", "--pending"]));
        let mut last = None;
        for call in &calls {
            last = Some(self.change(call, request.log, &mut |_| {})?);
        }
        last.ok_or_else(|| PackageManagerError::Refused { tool: "dpkg", words: Vec::new() })
    }

    fn blamed(&self, output: &CommandOutput) -> Vec<PackageName> {
        super::blame::blamed(&String::from_utf8_lossy(&output.stderr))
    }

    /// dpkg says nothing of a configuration file whose digest it could not take.
    fn audit(&self) -> Result<Vec<String>, PackageManagerError> {
        let prepare = |source| PackageManagerError::Prepare { tool: "dpkg", source };
        let unknown = database::conffiles_without_digest(&self.root).map_err(prepare)?;
        Ok([dpkg::audit()?, unknown].concat())
    }
}

impl Apt {
    fn word_of(&self, action: &Action) -> String {
        let name = self.named(&action.key());
        match &action.to {
            Some(version) => format!("{name}={version}"),
            None => format!("{name}-"),
        }
    }
}
