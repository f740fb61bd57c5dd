//! A control group of a child's own: what the child leaves behind is ended with it, also what left its process group.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Where systemd mounts the hierarchies that it keeps processes in (systemd's `docs/CGROUP_DELEGATION.md`): the second version
/// alone, beside the first, and the first.
const OF_SECOND: &[&str] = &["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];
const OF_FIRST: &[&str] = &["/sys/fs/cgroup/systemd"];

/// How often what is left is killed until nothing is: a process that forks meanwhile is met by the next round.
const ROUNDS: u32 = 100;

/// Between two rounds: a killed process has to be reaped by its parent.
const PAUSE: Duration = Duration::from_millis(10);

static NEXT: AtomicU32 = AtomicU32::new(1);

/// A control group below patchctl's own. Dropped, it and everything in it ends.
#[derive(Debug)]
pub(super) struct ControlGroup {
    path: PathBuf,
}

impl ControlGroup {
    /// Puts a child that was just started into a group of its own; `None` where the host keeps no groups, or lets none be
    /// made. The child executes its program only after setsid(1) has loaded, so it has started nothing yet.
    pub(super) fn around(child: u32) -> Option<Self> {
        let name = format!("patchctl-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = own(&fs::read_to_string("/proc/self/cgroup").ok()?)?.join(name);
        fs::create_dir(&path).ok()?;
        let group = Self { path };
        fs::write(group.path.join("cgroup.procs"), child.to_string()).ok()?;
        Some(group)
    }

    fn processes(&self) -> Vec<i32> {
        let listed = fs::read_to_string(self.path.join("cgroup.procs")).unwrap_or_default();
        listed.lines().filter_map(|line| line.trim().parse().ok()).collect()
    }
}

impl Drop for ControlGroup {
    fn drop(&mut self) {
        for _ in 0..ROUNDS {
            for process in self.processes() {
                let _ = kill(Pid::from_raw(process), Signal::SIGKILL);
            }
            // The kernel refuses as long as something is in it.
            if fs::remove_dir(&self.path).is_ok() {
                return;
            }
            thread::sleep(PAUSE);
        }
    }
}

/// Finds patchctl's own group from `ID:CONTROLLERS:PATH` (cgroups(7)).
fn own(text: &str) -> Option<PathBuf> {
    let found = |controllers: &str, mounts: &[&str]| {
        let path = text.lines().find_map(|line| {
            let mut fields = line.splitn(3, ':').skip(1);
            (fields.next()? == controllers).then(|| fields.next()).flatten()
        })?;
        let inside = path.trim_start_matches('/');
        mounts.iter().map(|mount| Path::new(mount).join(inside)).find(|at| at.join("cgroup.procs").exists())
    };
    found("", OF_SECOND).or_else(|| found("name=systemd", OF_FIRST))
}
