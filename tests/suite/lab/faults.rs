//! Answers for what goes wrong on purpose: locks held, disks full, mounts read-only, kills and errnos at the n-th call,
//! clocks moved. All of it is the kernel's own doing; nothing in the program under test knows.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use nix::mount::{MntFlags, MsFlags, mount, umount2};

use super::debian::DebianRoot;
use super::namespace::{InRoot, Ran, Running, on_host};

/// The lock a front end takes first; apt names its holder.
pub const FRONTEND_LOCK: &str = "/var/lib/dpkg/lock-frontend";

/// Takes the lock of `$ARGV[0]` as dpkg does (fcntl, whole file) with what every Debian root has, says so, and waits.
const HOLD: &str = "use Fcntl; $| = 1; open(my $file, '+>>', $ARGV[0]) or die; \
    my $whole = pack('s s l! l! i', F_WRLCK, 0, 0, 0, 0); fcntl($file, F_SETLK, $whole) or die \"locked: $!\"; print \"held by $$\\n\"; sleep;";

/// What happens to a system call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Injected {
    /// The process that makes the call is killed in it.
    Kill,
    /// The call fails with this errno, such as `ENOSPC`, and is not made.
    Errno(&'static str),
}

/// Where something happens: the `number`-th of `calls` (`fsync`, or `rename,renameat2`), counted in each process by itself.
#[derive(Debug, Clone, Copy)]
pub struct Point<'a> {
    pub calls: &'a str,
    pub number: u32,
    pub traced: Traced,
}

/// Whose calls count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Traced {
    /// The first thread of the command itself; what it starts is left alone.
    Program,
    /// The command and everything it starts.
    Tree,
}

/// A mount laid over a folder of a root for as long as the value lives.
pub struct Laid {
    target: PathBuf,
}

impl Drop for Laid {
    fn drop(&mut self) {
        if let Err(reason) = umount2(&self.target, MntFlags::MNT_DETACH) {
            eprintln!("the laboratory could not unmount {}: {reason}", self.target.display());
        }
    }
}

/// Starts a process in the root that holds a lock file until the value is dropped.
///
/// Commands run `beside` it see its process id, as on a host; others meet the lock of a process they cannot name.
pub fn holds_lock(root: &DebianRoot, lock: &str) -> Running {
    let holder = root.command(&["perl", "-e", HOLD, lock]).start();
    holder.wait_until_says("held by");
    holder
}

/// Lays an empty file system of `bytes` over a folder; what lay there is hidden until the end.
pub fn small_disk(root: &DebianRoot, folder: &str, bytes: u64) -> Laid {
    lay(root.path(folder), &format!("size={bytes},mode=755"))
}

/// Lays an empty file system with room and hardly any inodes over a folder.
pub fn few_inodes(root: &DebianRoot, folder: &str, inodes: u64) -> Laid {
    lay(root.path(folder), &format!("size=4g,nr_inodes={inodes},mode=755"))
}

fn lay(target: PathBuf, options: &str) -> Laid {
    mount(Some("lab-small"), &target, Some("tmpfs"), MsFlags::empty(), Some(options))
        .unwrap_or_else(|e| panic!("cannot mount a small disk on {}: {e}", target.display()));
    Laid { target }
}

/// Lays a file system of `bytes` over a folder and copies into it what lay there, so that the folder is merely tight.
pub fn tight_disk(root: &DebianRoot, folder: &str, bytes: u64) -> Laid {
    tight_disk_at(root.path(folder), &root.path("/tmp/lab-kept"), bytes)
}

/// The same in a root of any family, with a place for the copy.
pub fn tight_disk_at(source: PathBuf, kept: &Path, bytes: u64) -> Laid {
    on_host(&["cp", "-a", text(&source), text(kept)]);
    let laid = lay(source, &format!("size={bytes},mode=755"));
    on_host(&["cp", "-a", &format!("{}/.", text(kept)), text(&laid.target)]);
    fs::remove_dir_all(kept).expect("a copy of the laboratory can be removed");
    laid
}

/// Makes a folder read-only, as a kernel does after a disk error.
pub fn read_only(root: &DebianRoot, folder: &str) -> Laid {
    let target = root.path(folder);
    let bind = |flags| mount(Some(&target), &target, None::<&str>, MsFlags::MS_BIND | flags, None::<&str>);
    bind(MsFlags::empty()).unwrap_or_else(|e| panic!("cannot bind {folder}: {e}"));
    let laid = Laid { target: target.clone() };
    bind(MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY)
        .unwrap_or_else(|e| panic!("cannot make {folder} read-only: {e}"));
    laid
}

/// Makes a call fail, each time a process comes to its own `number`-th.
pub fn at_call(command: InRoot, point: &Point, injected: Injected) -> InRoot {
    match injected {
        Injected::Kill => strace(command, point, "signal=SIGKILL", "/dev/null"),
        Injected::Errno(name) => strace(command, point, &format!("error={name}"), "/dev/null"),
    }
}

/// Runs a command and kills it and everything it started right after a call, as a power cut does; `None` if it ended before.
///
/// The process is stopped in the call, so that nothing of it runs between the call and the cut.
pub fn power_cut_at(command: InRoot, point: &Point) -> Option<Ran> {
    let log = command.machine_path("/tmp/lab-strace");
    let running = strace(command, point, "signal=SIGSTOP", text(&log)).start();
    let is_stopped = || fs::read_to_string(&log).is_ok_and(|said| said.contains("stopped by SIGSTOP"));
    let cut = running.came_to(is_stopped);
    let ran = if cut { running.kill() } else { running.wait() };
    fs::remove_file(&log).expect("strace writes its log");
    cut.then_some(ran)
}

/// Runs a command and returns how often its busiest process made one of `calls`: the number of points to fail at.
pub fn count_calls(command: InRoot, calls: &str, traced: Traced) -> (Ran, usize) {
    let log = command.machine_path("/tmp/lab-strace");
    let mut tracer = vec!["strace"];
    tracer.extend(traced.options());
    let trace = format!("trace={calls}");
    tracer.extend(["-qq", "-o", text(&log), "-e", &trace, "-e", "signal=none"]);
    let ran = command.traced_by(&tracer).run();
    let said = fs::read_to_string(&log).expect("strace writes its log");
    fs::remove_file(&log).expect("a log of the laboratory can be removed");
    let mut counts = BTreeMap::new();
    for line in said.lines().filter(|line| !line.contains("resumed>") && !line.starts_with('+')) {
        // Without -f a line begins with the call: then all belong to one process.
        let process =
            line.split_whitespace().next().filter(|word| word.parse::<u32>().is_ok()).unwrap_or_default();
        *counts.entry(process).or_insert(0) += 1;
    }
    (ran, counts.into_values().max().unwrap_or(0))
}

fn strace(command: InRoot, point: &Point, injection: &str, log: &str) -> InRoot {
    let Point { calls, number, traced } = point;
    let (trace, inject) = (format!("trace={calls}"), format!("inject={calls}:{injection}:when={number}"));
    let mut tracer = vec!["strace"];
    tracer.extend(traced.options());
    tracer.extend(["-qq", "-o", log, "-e", &trace, "-e", &inject]);
    command.traced_by(&tracer)
}

impl Traced {
    fn options(self) -> &'static [&'static str] {
        match self {
            Self::Program => &[],
            Self::Tree => &["-f"],
        }
    }
}

/// Moves the clock of a command by an offset that faketime understands, such as `+30d`.
pub fn clock_moved(root: &DebianRoot, command: InRoot, offset: &str) -> InRoot {
    let command = preloaded(&root.path("/"), command);
    command.env("FAKETIME", offset).env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
}

/// Moves every clock of a command, also the one that nobody can set, by the offset that stands in a file of the root at that
/// moment.
pub fn clock_read_from(root: &Path, command: InRoot, file: &str) -> InRoot {
    let command = preloaded(root, command).env("FAKETIME_NO_CACHE", "1");
    command.env("FAKETIME_TIMESTAMP_FILE", &format!("/{file}"))
}

fn preloaded(root: &Path, command: InRoot) -> InRoot {
    const LIBRARY: &str = "tmp/lab-faketime.so.1";
    let found = on_host(&["sh", "-c", "ls /usr/lib/*/faketime/libfaketime.so.1"]);
    fs::copy(found.trim(), root.join(LIBRARY)).expect("libfaketime can be copied into the root");
    command.env("LD_PRELOAD", &format!("/{LIBRARY}"))
}

fn text(path: &Path) -> &str {
    path.to_str().expect("the laboratory's paths are plain text")
}
