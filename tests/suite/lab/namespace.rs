//! Answers for one command in a root: namespaces, private `/dev`, cleared environment, time limit, output.

use std::fs;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::capture::Capture;

/// Long enough for a real upgrade of every pending package on a busy two-core machine (62 s measured), with room.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(240);

/// Runs as the first process of the namespaces: `$1` is the root, the rest is the command line that enters it.
const ENTER: &str = r#"
set -e
root=$1; shift
mount --rbind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs "$root/sys"
mount -t tmpfs -o mode=755,size=1m lab-dev "$root/dev"
cd "$root/dev"
mknod -m 666 null c 1 3; mknod -m 666 zero c 1 5; mknod -m 666 full c 1 7
mknod -m 666 random c 1 8; mknod -m 666 urandom c 1 9; mknod -m 666 tty c 5 0
ln -s /proc/self/fd fd; ln -s fd/0 stdin; ln -s fd/1 stdout; ln -s fd/2 stderr; ln -s pts/ptmx ptmx
mkdir pts shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts pts
mount -t tmpfs -o mode=1777 lab-shm shm
cd /
if [ "$LAB_NETWORK" = off ]; then ip link set lo up; fi
hostname lab
set +e
"$@"
exit $?
"#;

/// Tells [`ENTER`] what the namespaces see of the network.
const LAB_NETWORK: &str = "LAB_NETWORK";

/// What the namespaces of a command see of the network.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// A loopback of its own and nothing else.
    Off,
    /// The network of the machine.
    Host,
}

impl Network {
    fn word(self) -> &'static str {
        if self == Self::Off { "off" } else { "host" }
    }
}

/// A command to be run in a root.
pub struct InRoot {
    root: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    stdin: Vec<u8>,
    timeout: Duration,
    network: Network,
    tracer: Vec<String>,
    beside: Option<Pid>,
}

/// A command that has ended.
#[derive(Debug)]
pub struct Ran {
    pub command: String,
    /// The exit code; 128 + n after signal n.
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    pub timed_out: bool,
    pub took: Duration,
}

/// A command that runs; it and everything it started die with the value.
pub struct Running {
    command: String,
    child: Child,
    started: Instant,
    timeout: Duration,
    stdout: Capture,
    stderr: Capture,
}

impl InRoot {
    pub fn new(root: &Path, arguments: &[&str]) -> Self {
        let defaults = [
            ("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
            ("HOME", "/root"),
            ("TERM", "dumb"),
            ("LC_ALL", "C.UTF-8"),
        ];
        Self {
            root: root.to_owned(),
            arguments: arguments.iter().map(|&a| a.to_owned()).collect(),
            environment: defaults.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
            stdin: Vec::new(),
            timeout: DEFAULT_TIMEOUT,
            network: Network::Off,
            tracer: Vec::new(),
            beside: None,
        }
    }

    pub fn env(mut self, key: &str, value: &str) -> Self {
        self.environment.push((key.to_owned(), value.to_owned()));
        self
    }

    pub fn stdin(mut self, text: &str) -> Self {
        self.stdin = text.as_bytes().to_owned();
        self
    }

    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    pub fn network(mut self, network: Network) -> Self {
        self.network = network;
        self
    }

    /// Puts a program of the machine (strace) between the namespaces and the root.
    pub fn traced_by(mut self, tracer: &[&str]) -> Self {
        self.tracer = tracer.iter().map(|&a| a.to_owned()).collect();
        self
    }

    /// Runs in the pid and network namespaces of another command, so that each sees the other.
    pub fn beside(mut self, other: &Running) -> Self {
        self.beside = Some(other.first_process());
        self
    }

    /// Returns where a path of the root lies on the machine.
    pub fn machine_path(&self, inside: &str) -> PathBuf {
        self.root.join(inside.trim_start_matches('/'))
    }

    /// Runs the command to its end or its time limit.
    pub fn run(self) -> Ran {
        self.start().wait()
    }

    /// Starts the command and returns at once.
    pub fn start(self) -> Running {
        let line = self.line();
        let mut command = Command::new(&line[0]);
        command.args(&line[1..]).env(LAB_NETWORK, self.network.word());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("setpriv and unshare of util-linux can be started");
        let mut stdin = child.stdin.take().expect("stdin is piped");
        let input = self.stdin;
        thread::spawn(move || stdin.write_all(&input)); // a command may end without reading: not our failure
        Running {
            command: self.arguments.join(" "),
            started: Instant::now(),
            timeout: self.timeout,
            stdout: Capture::of_stdout(child.stdout.take()),
            stderr: Capture::of_stderr(child.stderr.take()),
            child,
        }
    }

    /// Returns a shell script that runs the command, with the script's own arguments after it, for programs of the machine
    /// that enter a root by themselves.
    pub fn script(&self) -> String {
        let quoted = |word: &String| format!("'{}'", word.replace('\'', "'\\''"));
        let line: Vec<String> = self.line().iter().map(quoted).collect();
        format!("#!/bin/sh\n{LAB_NETWORK}={} exec {} \"$@\"\n", self.network.word(), line.join(" "))
    }

    /// The whole command line on the machine.
    fn line(&self) -> Vec<String> {
        let root = self.root.to_str().expect("the laboratory's paths are plain text");
        let mut line = owned(&["setpriv", "--pdeathsig", "KILL"]);
        line.extend(owned(&["--bounding-set=-sys_rawio,-sys_module,-sys_boot"]));
        line.extend(self.namespaces());
        line.extend(owned(&["--", "sh", "-c", ENTER, "lab", root]));
        line.extend(self.tracer.iter().cloned());
        line.extend(owned(&["chroot", root, "/usr/bin/env", "-i"]));
        line.extend(self.environment.iter().map(|(key, value)| format!("{key}={value}")));
        line.extend(self.arguments.iter().cloned());
        line
    }

    fn namespaces(&self) -> Vec<String> {
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        if let Some(pid) = self.beside {
            return words(&format!(
                "nsenter --target {pid} --pid --net --ipc --uts -- unshare --mount --propagation private"
            ));
        }
        let network = if self.network == Network::Off { " --net" } else { "" };
        words(&format!(
            "unshare --mount --pid --fork --kill-child --uts --ipc{network} --propagation private --mount-proc"
        ))
    }
}

impl Running {
    /// Waits for the end of the command; past its time limit it is killed.
    pub fn wait(mut self) -> Ran {
        let mut timed_out = false;
        while self.child.try_wait().expect("a child can be waited for").is_none() {
            if self.started.elapsed() > self.timeout {
                timed_out = true;
                self.kill_all();
            }
            thread::sleep(Duration::from_millis(5));
        }
        self.ended(timed_out, timed_out)
    }

    /// Kills the command and everything it started, as a power cut would, and returns what it had said.
    pub fn kill(mut self) -> Ran {
        self.kill_all();
        self.child.wait().expect("a killed child can be waited for");
        self.ended(true, false)
    }

    /// Waits until the output holds `marker`, then kills everything.
    pub fn kill_when_says(self, marker: &str) -> Ran {
        self.wait_until_says(marker);
        self.kill()
    }

    /// Waits until stdout or stderr holds `marker`; panics at the time limit or the end of the command.
    pub fn wait_until_says(&self, marker: &str) {
        self.wait_until(marker, || self.said().contains(marker));
    }

    /// Waits until `condition` holds; panics with `what` at the time limit or the end of the command.
    pub fn wait_until(&self, what: &str, condition: impl Fn() -> bool) {
        assert!(self.came_to(condition), "`{}` never came to: {what}\n{}", self.command, self.said());
    }

    /// Waits until `condition` holds; false if the time limit or the end of the command came first.
    pub fn came_to(&self, condition: impl Fn() -> bool) -> bool {
        while !condition() {
            let ended = self.stdout.ended() && self.stderr.ended();
            if ended || self.started.elapsed() > self.timeout {
                return condition();
            }
            thread::sleep(Duration::from_millis(2));
        }
        true
    }

    /// Sends a signal to the first process of the command tree whose name is `name`.
    pub fn signal(&self, name: &str, signal: Signal) {
        let named =
            |pid: &Pid| fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim() == name);
        let pid =
            self.processes().into_iter().find(named).unwrap_or_else(|| panic!("no process is named {name}"));
        kill(pid, signal).expect("a process of the laboratory can be signalled");
    }

    /// Returns the processes of the command by their ids outside the namespace, parents first.
    pub fn processes(&self) -> Vec<Pid> {
        let mut found = children_of(own_pid(&self.child));
        let mut next = 0;
        while next < found.len() {
            found.extend(children_of(found[next]));
            next += 1;
        }
        found
    }

    fn first_process(&self) -> Pid {
        self.wait_until("the namespaces exist", || !self.processes().is_empty());
        self.processes()[0]
    }

    fn said(&self) -> String {
        self.stdout.text() + &self.stderr.text()
    }

    /// Kills the command and everything it started, and does not wait for the end.
    pub fn kill_all(&self) {
        for pid in self.processes() {
            let _ = kill(pid, Signal::SIGKILL); // it may have ended by itself
        }
        if self.processes().is_empty() {
            let _ = kill(own_pid(&self.child), Signal::SIGKILL);
        }
    }

    fn ended(&mut self, killed: bool, timed_out: bool) -> Ran {
        let status = self.child.wait().expect("an ended child has a status");
        let signal = if killed { Signal::SIGKILL as i32 } else { status.signal().unwrap_or(0) };
        let code = status.code().filter(|_| !killed).unwrap_or(128 + signal);
        let mut stderr = self.stderr.finish();
        if killed {
            // unshare remarks on the death of its child in the command's own stderr.
            stderr = stderr.split_inclusive('\n').filter(|line| !line.starts_with("unshare: ")).collect();
        }
        Ran {
            command: self.command.clone(),
            code,
            stdout: self.stdout.finish(),
            stderr,
            timed_out,
            took: self.started.elapsed(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            self.kill_all();
            let _ = self.child.wait();
        }
    }
}

impl Ran {
    /// Returns itself if the exit code is `code`; else panics with everything the command said.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "exit code of {self}");
        self
    }

    /// Returns stdout and stderr in one text.
    pub fn said(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let late = if self.timed_out { ", killed at its time limit" } else { "" };
        writeln!(
            f,
            "`{}` -> {}{late}\n--- stdout\n{}--- stderr\n{}",
            self.command, self.code, self.stdout, self.stderr
        )
    }
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

fn own_pid(child: &Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id()).expect("a process id fits"))
}

fn children_of(pid: Pid) -> Vec<Pid> {
    let listed = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    listed.split_whitespace().filter_map(|id| id.parse().ok().map(Pid::from_raw)).collect()
}

/// Runs a tool of the machine and returns its stdout; panics with what it said if it fails.
pub fn on_host(arguments: &[&str]) -> String {
    try_on_host(arguments).unwrap_or_else(|reason| panic!("the laboratory cannot be built: {reason}"))
}

/// Runs a tool of the machine; the error is one line of reason.
pub fn try_on_host(arguments: &[&str]) -> Result<String, String> {
    let mut command = Command::new(arguments[0]);
    command.args(&arguments[1..]).stdin(Stdio::null()).env("LC_ALL", "C.UTF-8");
    let output = command
        .output()
        .map_err(|e| format!("cannot start {}: {e} (tests/run installs it)", arguments[0]))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!("`{}` failed: {}", arguments.join(" "), said.trim()))
}
