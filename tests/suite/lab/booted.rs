//! Answers for the booted root: the server root with systemd as its first process, in a container of its own.
//!
//! The golden is the server's, with the local repository in place of the mirror and the fixtures of `booted_packages`
//! installed in version 1.0. Nothing of it reaches the machine's network.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sha2::{Digest, Sha256};

use super::booted_packages::{self, NAMES};
use super::debian::{self, DebianRoot, binary_under_test};
use super::namespace::{InRoot, Ran, on_host, try_on_host};
use super::oracle::{Change, Manifest};
use super::pool::RootClone;
use super::repository::{Repository, Suite};

/// A container that has not come up after so long never will; half a second is usual.
const BOOT_LIMIT: Duration = Duration::from_secs(90);

/// No command of a story takes longer.
const COMMAND_LIMIT: &str = "240";

/// What a running system writes by itself, whatever patchctl does.
const LIVING: &[&str] =
    &["var/lib/systemd/", "var/tmp", "etc/.pwd.lock", "etc/resolv.conf", "etc/machine-id", "root/"];

/// A running system of a test's own; it ends with the value.
pub struct Booted {
    clone: RootClone,
    container: Child,
    leader: Pid,
}

/// Returns a running root; `configuration` becomes its `/etc/patchctl/patchctl.toml`.
pub fn booted(configuration: &str) -> Option<Booted> {
    if try_on_host(&["systemd-nspawn", "--version"]).is_err() {
        let reason = "systemd-nspawn is missing (tests/run installs it)";
        assert!(std::env::var("CI").is_err(), "the laboratory cannot be built: {reason}");
        eprintln!("not run: {reason}");
        return None;
    }
    let pool = debian::available()?;
    let server = debian::server()?;
    let clone = pool.clone_of("booted", &key(&server), |root| build(&server, root));
    let program = pool.shared_copy(binary_under_test());
    fs::copy(program, clone.path().join("usr/bin/patchctl")).expect("the program can be installed");
    fs::create_dir_all(clone.path().join("etc/patchctl")).expect("a folder can be made");
    fs::write(clone.path().join("etc/patchctl/patchctl.toml"), configuration).expect("writable");
    Some(Booted::start(clone))
}

/// The golden follows its own recipe and that of the server root.
fn key(server: &DebianRoot) -> String {
    let recipe =
        [include_str!("booted.rs"), include_str!("booted_packages.rs"), include_str!("repository.rs")];
    let installed = server.read("var/lib/dpkg/status");
    let hash = Sha256::digest([&recipe.concat(), installed.as_str()].concat());
    hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn build(server: &DebianRoot, root: &Path) {
    let from = format!("{}/.", server.path("/").display());
    on_host(&["cp", "-a", "--reflink=always", &from, text(root)]);
    for gone in ["srv/mirror", "var/lib/apt/lists", "etc/apt/sources.list", "etc/apt/sources.list.d"] {
        let path = root.join(gone);
        let _ = fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path));
    }
    fs::create_dir_all(root.join("var/lib/apt/lists/partial")).expect("a folder can be made");
    fs::create_dir_all(root.join("etc/apt/sources.list.d")).expect("a folder can be made");
    fs::write(root.join("etc/machine-id"), "0123456789abcdef0123456789abcdef\n").expect("writable");
    let repository = Repository::create(root);
    booted_packages::build_all(&root.join("srv/lab/pool"));
    repository.publish(Suite::Bookworm);
    repository.publish(Suite::Security);
    let inside = |arguments: &[&str]| InRoot::new(root, arguments).run().expect_code(0);
    inside(&["apt-get", "update"]);
    let wanted: Vec<String> = NAMES.iter().chain(&["lab-plain"]).map(|name| format!("{name}=1.0")).collect();
    let mut install = vec!["apt-get", "install", "-y", "--no-install-recommends"];
    install.extend(wanted.iter().map(String::as_str));
    inside(&install);
    for timer in [
        "apt-daily.timer",
        "apt-daily-upgrade.timer",
        "dpkg-db-backup.timer",
        "fstrim.timer",
        "e2scrub_all.timer",
    ] {
        inside(&["systemctl", "mask", timer]);
    }
    fs::remove_file(root.join("usr/sbin/policy-rc.d")).expect("services may start here");
}

fn text(path: &Path) -> &str {
    path.to_str().expect("the laboratory's paths are plain text")
}

/// Starts a container on a root; returns it and its first process.
fn power_on(root: &Path) -> (Child, Pid) {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "systemd-nspawn", "--quiet", "--register=no", "--keep-unit"]);
    command.args(["--private-network", "--resolv-conf=off", "--timezone=off", "--console=pipe", "--boot"]);
    command.arg("--directory").arg(root);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let container = command.spawn().expect("systemd-nspawn can be started");
    let leader = first_process(container.id());
    (container, leader)
}

fn first_process(container: u32) -> Pid {
    let began = Instant::now();
    loop {
        if let Some(leader) = children_of(container).into_iter().find(is_first_of_its_namespace) {
            return leader;
        }
        assert!(began.elapsed() < BOOT_LIMIT, "the container never came up");
        thread::sleep(Duration::from_millis(20));
    }
}

impl Booted {
    fn start(clone: RootClone) -> Self {
        let (container, leader) = power_on(clone.path());
        let booted = Self { clone, container, leader };
        booted.wait_until_running();
        booted
    }

    /// Cuts the power and boots again.
    pub fn boot_again(&mut self) {
        self.power_off();
        (self.container, self.leader) = power_on(self.clone.path());
        self.wait_until_running();
    }

    fn power_off(&mut self) {
        // The end of its first process is the end of the container.
        let _ = kill(self.leader, Signal::SIGKILL);
        let _ = self.container.kill();
        let _ = self.container.wait();
    }

    fn wait_until_running(&self) {
        let began = Instant::now();
        loop {
            let said = self.run(&["systemctl", "is-system-running"]);
            if ["running", "degraded"].contains(&said.stdout.trim()) {
                return;
            }
            assert!(began.elapsed() < BOOT_LIMIT, "the system never came up: {said}");
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// Returns where a path of the root lies on the machine.
    pub fn path(&self, inside: &str) -> PathBuf {
        self.clone.path().join(inside.trim_start_matches('/'))
    }

    pub fn write(&self, inside: &str, text: &str) {
        let path = self.path(inside);
        fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("a folder can be made");
        fs::write(path, text).expect("writable");
    }

    /// Installs a health check that root alone can change.
    pub fn check(&self, folder: &str, name: &str, script: &str) {
        let path = format!("/etc/patchctl/checks.d/{folder}/{name}");
        self.write(&path, &format!("#!/bin/sh\n{script}\n"));
        self.run(&["chmod", "755", &path]).expect_code(0);
    }

    pub fn read(&self, inside: &str) -> String {
        fs::read_to_string(self.path(inside)).unwrap_or_else(|e| panic!("cannot read {inside}: {e}"))
    }

    /// Runs a command beside systemd.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let began = Instant::now();
        let output = self.command(arguments).output().expect("nsenter can be started");
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ran {
            command: arguments.join(" "),
            code: output.status.code().unwrap_or(-1),
            stdout: said(&output.stdout),
            stderr: said(&output.stderr),
            timed_out: output.status.code() == Some(124),
            took: began.elapsed(),
        }
    }

    /// Starts a command beside systemd and returns at once.
    pub fn start_command(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("nsenter can be started")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("timeout");
        command.args([COMMAND_LIMIT, "setpriv", "--pdeathsig", "KILL", "nsenter", "--target"]);
        command.arg(self.leader.to_string());
        command.args(["--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root", "--wd", "--"]);
        command.args(["/usr/bin/env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"]);
        command.args(["TERM=dumb", "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive"]).args(arguments);
        command.stdin(Stdio::null());
        command
    }

    /// Returns the version that dpkg holds of a package that is wholly installed.
    pub fn installed(&self, package: &str) -> String {
        let shown = self.run(&["dpkg-query", "-W", "-f", "${db:Status-Abbrev}|${Version}", package]).stdout;
        let (state, version) = shown.split_once('|').unwrap_or_default();
        if state.starts_with("ii") { version.to_owned() } else { format!("{state}{version}") }
    }

    /// Waits until something holds of the root; panics with `what` when it never does.
    pub fn wait_until(&self, what: &str, condition: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !condition(self) {
            assert!(began.elapsed() < Duration::from_secs(150), "never came to: {what}");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Returns every path of the root, as the oracle sees it.
    pub fn manifest(&self) -> Manifest {
        Manifest::of_folder(self.clone.path())
    }

    /// Returns what has changed since, but for what a running system writes by itself.
    pub fn changes_since(&self, before: &Manifest) -> Vec<Change> {
        let is_living = |change: &Change| LIVING.iter().any(|path| change.path.starts_with(path));
        before.diff(&self.manifest()).into_iter().filter(|change| !is_living(change)).collect()
    }
}

impl Drop for Booted {
    fn drop(&mut self) {
        self.power_off();
    }
}

/// nspawn's first child only prepares; the container's first process is number 1 in its own namespace.
fn is_first_of_its_namespace(pid: &Pid) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    numbers.is_some_and(|numbers| numbers.split_whitespace().skip(1).last() == Some("1"))
}

fn children_of(pid: u32) -> Vec<Pid> {
    let listed = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    listed.split_whitespace().filter_map(|id| id.parse().ok().map(Pid::from_raw)).collect()
}
