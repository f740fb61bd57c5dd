//! Processes by reading `/proc` only: which code they have mapped, when they began, and which unit they belong to.
//!
//! Nothing that a process names is ever opened, run or imported: its texts are bytes from a stranger. A number that was
//! given to another process while it was read is noticed by its start time.

mod maps;
mod owner;
mod stat;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

pub use maps::MappedFile;
pub use owner::Owner;

use super::storage;

/// A process as far as `/proc` tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// The short name of its command.
    pub command: String,
    /// When it began, in clock ticks since boot (field 22 of proc_pid_stat(5)).
    pub started: u64,
    /// Who manages it.
    pub owner: Owner,
    /// Whether its paths mean the files of this root.
    pub place: Place,
    /// The files with code that are mapped into it, with the mark of those that were replaced or removed since.
    pub mapped: Vec<MappedFile>,
    /// What an interpreter runs: its first argument that is an absolute path.
    pub script: Option<PathBuf>,
}

/// Whether a process sees the files that this one sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It does.
    Here,
    /// It lives in a container or sandbox: its paths may mean other files.
    Elsewhere,
}

/// The processes of a host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Processes {
    /// Those that could be read, by number.
    pub known: Vec<Process>,
    /// How many could not: those of other users, where the caller is not root.
    pub unreadable: usize,
}

impl Processes {
    /// Returns those whose paths mean the files of this root.
    pub fn here(&self) -> impl Iterator<Item = &Process> {
        self.known.iter().filter(|process| process.place == Place::Here)
    }

    /// Returns those of containers and sandboxes.
    pub fn elsewhere(&self) -> impl Iterator<Item = &Process> {
        self.known.iter().filter(|process| process.place == Place::Elsewhere)
    }
}

/// Reads every process but this one and the kernel's own.
pub fn list() -> Processes {
    of(numbers())
}

/// Reads the processes of some short names. Of all others the code, which takes most of the time, is not looked at.
pub fn named(names: &[&str]) -> Processes {
    let is_named = |pid: &u32| stat_of(*pid).is_some_and(|stat| names.contains(&stat.command.as_str()));
    of(numbers().into_iter().filter(is_named))
}

/// Reads processes by their numbers, as far as they still run, without this one and the kernel's own.
pub fn of(numbers: impl IntoIterator<Item = u32>) -> Processes {
    let ours = Spaces::of("self");
    let mut processes = Processes::default();
    for pid in numbers.into_iter().filter(|pid| *pid != std::process::id()) {
        match read(pid, &ours) {
            Reading::Process(process) => processes.known.push(process),
            Reading::Unreadable => processes.unreadable += 1,
            Reading::Nothing => {}
        }
    }
    processes
}

/// Returns the unit that this process itself runs in, if there is one.
pub fn own_unit() -> Option<String> {
    let bytes = storage::read(Path::new("/proc/self/cgroup")).ok()?;
    owner::of(&bytes).unit().map(str::to_owned)
}

/// Returns the numbers of all processes, in order.
pub fn numbers() -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let number = |entry: std::fs::DirEntry| entry.file_name().to_str()?.parse().ok();
    let mut numbers: Vec<u32> = entries.filter_map(Result::ok).filter_map(number).collect();
    numbers.sort_unstable();
    numbers
}

enum Reading {
    Process(Process),
    /// It belongs to another user.
    Unreadable,
    /// It ended meanwhile, has no code of its own, or its number went to another.
    Nothing,
}

fn file_of(pid: u32, name: &str) -> Result<Vec<u8>, storage::StorageError> {
    storage::read(Path::new(&format!("/proc/{pid}/{name}")))
}

fn stat_of(pid: u32) -> Option<stat::Stat> {
    stat::parse(&file_of(pid, "stat").ok()?)
}

fn read(pid: u32, ours: &Spaces) -> Reading {
    let (file, stat) = (|name: &str| file_of(pid, name), || stat_of(pid));
    let Some(before) = stat().filter(|stat| !stat.is_kernel) else { return Reading::Nothing };
    let maps = match file("maps") {
        Ok(maps) => maps,
        Err(error) if error.source.kind() == std::io::ErrorKind::PermissionDenied => {
            return Reading::Unreadable;
        }
        Err(_) => return Reading::Nothing,
    };
    let owner = file("cgroup").map_or(Owner::Nobody, |bytes| owner::of(&bytes));
    let place = ours.place_of(pid, &owner);
    let script = file("cmdline").ok().and_then(|bytes| script_of(pid, &bytes));
    if maps.is_empty() || stat().is_none_or(|after| after.started != before.started) {
        return Reading::Nothing;
    }
    let mapped = maps::parse(&maps);
    let stat::Stat { command, started, .. } = before;
    Reading::Process(Process { pid, command, started, owner, place, mapped, script })
}

/// The namespaces that decide what a path means.
struct Spaces {
    mount: Option<u64>,
    pid: Option<u64>,
    root: Option<(u64, u64)>,
}

impl Spaces {
    fn of(pid: &str) -> Self {
        Self { mount: namespace(pid, "mnt"), pid: namespace(pid, "pid"), root: root_of(pid) }
    }

    /// A unit that systemd hardens (`PrivateTmp=`, `ProtectSystem=`) has a view of its own of the same files. Only of a
    /// system unit is the root looked at: that of a stranger's sandbox might never answer.
    fn place_of(&self, pid: u32, owner: &Owner) -> Place {
        let pid = pid.to_string();
        let is_hardened_unit = || {
            matches!(owner, Owner::Unit(_))
                && namespace(&pid, "pid") == self.pid
                && self.root.is_some()
                && root_of(&pid) == self.root
        };
        if namespace(&pid, "mnt") == self.mount || is_hardened_unit() {
            Place::Here
        } else {
            Place::Elsewhere
        }
    }
}

fn namespace(pid: &str, kind: &str) -> Option<u64> {
    std::fs::metadata(format!("/proc/{pid}/ns/{kind}")).ok().map(|metadata| metadata.ino())
}

fn root_of(pid: &str) -> Option<(u64, u64)> {
    std::fs::metadata(format!("/proc/{pid}/root")).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

/// Programs that run a script which no mapping shows.
const INTERPRETERS: &[&str] =
    &["bash", "dash", "sh", "zsh", "python", "perl", "ruby", "php", "node", "lua", "tclsh"];

/// Takes the script from the arguments of an interpreter. It is compared with names, never opened.
fn script_of(pid: u32, arguments: &[u8]) -> Option<PathBuf> {
    let program = std::fs::read_link(format!("/proc/{pid}/exe")).ok()?;
    let name = program.file_name()?.to_string_lossy();
    if !INTERPRETERS.iter().any(|interpreter| is_version_of(&name, interpreter)) {
        return None;
    }
    let arguments = arguments.split(|byte| *byte == 0).skip(1);
    let script = arguments.take_while(|argument| !argument.is_empty()).find(|a| a.starts_with(b"/"))?;
    Some(PathBuf::from(OsString::from_vec(script.to_vec())))
}

/// `python3.11` is a version of `python`; `shutdown` is none of `sh`.
fn is_version_of(name: &str, interpreter: &str) -> bool {
    let rest = name.trim_end_matches(" (deleted)").strip_prefix(interpreter);
    rest.is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit() || b".-".contains(&byte)))
}

/// Returns when a file last changed its content, name or rights, in clock ticks since boot; `None` when it is not there
/// or changed before this boot.
pub fn changed_since_boot(path: &Path) -> Option<u64> {
    let metadata = std::fs::symlink_metadata(path).ok()?;
    let changed =
        Duration::new(u64::try_from(metadata.ctime()).ok()?, u32::try_from(metadata.ctime_nsec()).ok()?);
    changed.checked_sub(moment_of_boot()?).map(ticks)
}

/// The moment of the last boot since the epoch, to the tick: the second that `/proc/stat` tells would make a process old
/// that began right after its script was replaced.
fn moment_of_boot() -> Option<Duration> {
    let now = Duration::from(clock_gettime(ClockId::CLOCK_REALTIME).ok()?);
    now.checked_sub(Duration::from(clock_gettime(ClockId::CLOCK_BOOTTIME).ok()?))
}

/// Clock ticks in a second as `/proc` counts them on every Linux (USER_HZ, proc_pid_stat(5)).
const TICKS: i64 = 100;

/// Returns a time since boot in the ticks that processes count their beginning in.
pub fn ticks(since_boot: Duration) -> u64 {
    u64::try_from(since_boot.as_millis() / 10).unwrap_or(u64::MAX)
}

/// The second of the last boot (`btime` of proc_stat(5)).
fn boot_time() -> Option<i64> {
    let text = storage::read(Path::new("/proc/stat")).ok()?;
    let line = text.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"btime "))?;
    std::str::from_utf8(line).ok()?.trim().parse().ok()
}

/// Returns when a process began, in seconds since the epoch, from its ticks since boot.
pub fn began(started: u64) -> Option<i64> {
    let ticks = i64::try_from(started).ok()?;
    Some(boot_time()? + ticks / TICKS)
}

pub(super) fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interpreters_are_known_with_their_versions() {
        assert!(is_version_of("python3.11", "python") && is_version_of("dash", "dash"));
        assert!(!is_version_of("shutdown", "sh") && !is_version_of("perldoc", "perl"));
    }

    #[test]
    fn this_machine_has_processes_and_none_of_them_is_this_one() {
        let processes = list();
        assert!(processes.known.len() + processes.unreadable > 0);
        assert!(processes.known.iter().all(|process| process.pid != std::process::id()));
    }
}
