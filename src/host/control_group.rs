//! A control group for a program that is started and everything that it starts, so that all of it can be ended together,
//! also what left its session as daemons do (cgroups(7)).
//!
//! The group is made below the one that patchctl itself is in. The program enters it before it begins: patchctl is started
//! once more, moves itself into the group and executes the program in the same process.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::command::CommandSpec;
use super::mounts::{self, Mount};
use super::{runner, sealed, storage};

/// The first argument of a patchctl that enters a group; the group and a program follow. It is no verb: people have no use
/// for it.
const ENTERS: &str = "--enters-control-group";

/// What a program ends with that cannot be executed, as a shell tells it (POSIX, 2.8.2 of the shell's language).
const NOT_EXECUTED: u8 = 127;

/// How often the last processes of a group are looked for, and how long between: the kernel ends a killed process within
/// milliseconds, unless a device holds it.
const ENDING: (u32, Duration) = (100, Duration::from_millis(20));

/// Distinguishes the groups of this process.
static NEXT: AtomicU32 = AtomicU32::new(1);

/// A group of its own; everything in it ends with the value.
#[derive(Debug)]
pub struct ControlGroup {
    folder: PathBuf,
}

impl ControlGroup {
    /// Makes a group below the one of this process; `None` where no hierarchy can be written to.
    pub fn new() -> Option<Self> {
        can_be_made().then(Self::make).flatten()
    }

    fn make() -> Option<Self> {
        let groups = storage::read(Path::new("/proc/self/cgroup")).ok()?;
        let name = format!("patchctl-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let places = places(&String::from_utf8_lossy(&groups), &mounts::list()?);
        let mut made = places.into_iter().map(|place| place.join(&name));
        made.find(|folder| std::fs::create_dir(folder).is_ok()).map(|folder| Self { folder })
    }

    /// Where it lies: what a command is given to be started in it.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The processes in it. Those of another process namespace show as 0 and cannot be named from here.
    fn processes(&self) -> Vec<Pid> {
        let listed = storage::read(&self.folder.join("cgroup.procs")).unwrap_or_default();
        let numbers = String::from_utf8_lossy(&listed).lines().filter_map(|line| line.parse().ok()).collect();
        Vec::<i32>::into_iter(numbers).filter(|number| *number > 1).map(Pid::from_raw).collect()
    }
}

impl Drop for ControlGroup {
    /// Kills until nothing is left: what forks meanwhile is met by the next look. The second version of control groups
    /// does it in one call (`cgroup.kill`, since Linux 5.14).
    fn drop(&mut self) {
        let (looks, pause) = ENDING;
        for _ in 0..looks {
            // Only a group without processes can be removed.
            if std::fs::remove_dir(&self.folder).is_ok() || !storage::exists(&self.folder) {
                return;
            }
            let _ = std::fs::write(self.folder.join("cgroup.kill"), "1");
            for process in self.processes() {
                let _ = kill(process, Signal::SIGKILL);
            }
            thread::sleep(pause);
        }
    }
}

/// Tells whether a group can be made here and a program started in it. It is tried once: a hierarchy that can be written to
/// may still let nobody in.
pub fn can_be_made() -> bool {
    static CAN: OnceLock<bool> = OnceLock::new();
    *CAN.get_or_init(|| sealed::can_be_asked() && ControlGroup::make().is_some_and(|group| lets_in(&group)))
}

fn lets_in(group: &ControlGroup) -> bool {
    let name = group.folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let spec = CommandSpec::new("/bin/cat").arg("/proc/self/cgroup").within(group.folder());
    runner::run(&spec).is_ok_and(|output| output.is_success() && output.text().contains(&name))
}

/// Returns the words that start a program in a group when they stand before it. The program that runs is named by its
/// process: its file may have been replaced meanwhile.
pub(super) fn entrance(folder: &Path) -> [OsString; 3] {
    let own = format!("/proc/{}/exe", std::process::id());
    [own.into(), ENTERS.into(), folder.into()]
}

/// Enters a group and executes a program, in a process that was started to do so; `None` in any other. Returns only where
/// the program cannot be executed.
pub fn enter_if_asked() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    arguments.next().filter(|first| first == ENTERS)?;
    let (Some(folder), Some(program)) = (arguments.next(), arguments.next()) else {
        return Some(ExitCode::from(NOT_EXECUTED));
    };
    // 0 is the process that writes. One that is not let in is no worse than before there were groups.
    let _ = std::fs::write(Path::new(&folder).join("cgroup.procs"), "0");
    let _ = Command::new(program).args(arguments).exec();
    Some(ExitCode::from(NOT_EXECUTED))
}

/// Lists where a group of one's own may be made: below the own group in the second version, else in systemd's hierarchy of
/// the first, else in the one that counts processes. Others have limits of their own, which a new group would lack.
fn places(groups: &str, mounts: &[Mount]) -> Vec<PathBuf> {
    let line = |wanted: &str| {
        groups.lines().find_map(|line| {
            let mut fields = line.splitn(3, ':').skip(1);
            (fields.next()? == wanted).then(|| fields.next())?
        })
    };
    let hierarchies = [("", None), ("name=systemd", Some("systemd")), ("pids", Some("pids"))];
    let place = |(controllers, folder): (&str, Option<&str>)| {
        let is_it = |mount: &&Mount| match folder {
            None => mount.kind == "cgroup2",
            // By its folder: hierarchies of the first version lie in `/sys/fs/cgroup/NAME` (cgroups(7)).
            Some(name) => mount.kind == "cgroup" && mount.point.ends_with(name),
        };
        let mount = mounts.iter().find(is_it).filter(|mount| mount.writable)?;
        Some(below(mount, Path::new(line(controllers)?)))
    };
    hierarchies.into_iter().filter_map(place).collect()
}

/// Where a group shows below a mount. A process that was put into a container from outside has a group outside of what
/// shows there (`/../..`): it takes the container's own.
fn below(mount: &Mount, group: &Path) -> PathBuf {
    let inside = group.strip_prefix(&mount.part).ok();
    let inside = inside.filter(|inside| inside.components().all(|part| part.as_os_str() != ".."));
    inside.map_or_else(|| mount.point.clone(), |inside| mount.point.join(inside))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount(kind: &str, point: &str, part: &str) -> Mount {
        let [source, kind] = ["cgroup", kind].map(str::to_owned);
        Mount { point: point.into(), kind, writable: true, source, part: part.into() }
    }

    fn shown(groups: &str, mounts: &[Mount]) -> Vec<String> {
        places(groups, mounts).iter().map(|place| place.display().to_string()).collect()
    }

    #[test]
    fn a_group_is_made_below_the_own_one_in_either_version() {
        let second = [mount("cgroup2", "/sys/fs/cgroup", "/")];
        let unit = "0::/system.slice/patchctl-apply.service\n";
        assert_eq!(shown(unit, &second), ["/sys/fs/cgroup/system.slice/patchctl-apply.service"]);
        let first =
            [mount("cgroup", "/sys/fs/cgroup/pids", "/"), mount("cgroup", "/sys/fs/cgroup/systemd", "/")];
        let session = "4:pids:/user.slice\n1:name=systemd:/user.slice/session-3.scope\n";
        assert_eq!(
            shown(session, &first),
            ["/sys/fs/cgroup/systemd/user.slice/session-3.scope", "/sys/fs/cgroup/pids/user.slice"]
        );
    }

    #[test]
    fn in_a_container_the_group_is_one_that_shows_there() {
        let namespaced = [mount("cgroup2", "/sys/fs/cgroup", "/")];
        assert_eq!(shown("0::/../../elsewhere\n", &namespaced), ["/sys/fs/cgroup"]);
        let bound = [mount("cgroup2", "/sys/fs/cgroup", "/machine/lab")];
        assert_eq!(shown("0::/machine/lab/payload\n", &bound), ["/sys/fs/cgroup/payload"]);
        let read_only = [Mount { writable: false, ..mount("cgroup2", "/sys/fs/cgroup", "/") }];
        assert_eq!(shown("0::/\n", &read_only), Vec::<String>::new());
        assert_eq!(shown("\u{fffd}", &namespaced), Vec::<String>::new());
    }
}
