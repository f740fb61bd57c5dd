//! The worlds of dnf and zypper that are swept: a root before a run and after it, and the verdict on a copy that was cut off.

use std::fs;
use std::sync::Mutex;
use std::thread;

use super::calls::{Call, Kind, Stops};
use super::campaign::Tally;
use super::tracer::{Answer, watch};
use super::world::{End, Host, reports_are_whole, swept_pool};
use crate::lab::oracle::{Manifest, Memory, Verdict, classify};
use crate::lab::pool::Pool;
use crate::lab::rpm_root::RpmRoot;

/// What is installed and pending: plain files, two packages that need each other in one version, an addition, configuration
/// that is kept and configuration that rpm moves aside, and a kernel that comes beside the old one.
pub const FIXTURES: &[&str] =
    &["lab-plain", "lab-program", "lab-library", "lab-grows", "lab-conf", "lab-moved", "lab-kernel"];
pub const APPLY: &[&str] = &["patchctl", "apply", "--yes", "--no-refresh"];

/// What the administrator wrote; it must never be lost.
const EDITED: &str = "edited by the administrator\n";

/// The databases of rpm, dnf and zypp, which are compared by what they say, and their histories, which tell of both ways.
const RECORDS: &[&str] =
    &["var/lib/rpm", "var/lib/dnf", "usr/lib/sysimage/libdnf5", "var/lib/zypp/AutoInstalled", "var/adm"];

/// What is asked of a host after it was cut off: its end, its packages, whether anything is left to do, every journal.
const ASKED: &str = "patchctl recover >/tmp/first 2>&1; echo $?; echo =; rpm -qa | sort; echo =; \
    patchctl recover >/tmp/second 2>&1; echo $?; echo =; patchctl history verify >/tmp/chain 2>&1; echo $?";

/// The files of a host, and its packages.
pub struct State {
    files: Manifest,
    builds: String,
}

/// A root of one family before a run, and what it is to be after it.
pub struct RpmWorld {
    name: &'static str,
    pool: &'static Pool,
    base: RpmRoot,
    memory: Memory,
    patched: Host,
    /// Calls of the undisturbed run that are points.
    pub changes: usize,
    old: State,
    new: State,
}

/// Tells whether a call changes a file by which an end is judged: what is only written to a log changes none.
pub fn is_point(call: &Call) -> bool {
    call.kind == Kind::Change && !call.file().contains("/var/log/")
}

/// Returns a root of the fixtures with configuration that the administrator edited.
pub fn edited(root: RpmRoot) -> RpmRoot {
    root.write("etc/lab-conf.conf", EDITED);
    root.write("etc/lab-moved.conf", EDITED);
    root
}

/// Runs a command to its end and counts its points.
pub fn count(host: &Host, command: &[&str]) -> usize {
    let mut count = 0;
    let ran = watch(host.command(command), Stops::Changing, &mut |call: &Call| {
        count += usize::from(is_point(call));
        Answer::Go
    });
    assert_eq!(ran.code, 0, "an undisturbed run: {ran}");
    count
}

impl State {
    /// Reads a host whose `rpm -qa` is known already.
    pub fn of(host: &Host, memory: &Memory, builds: String) -> Self {
        Self { files: without_records(Manifest::of_copy(host.path(), memory)), builds }
    }

    pub fn is_same(&self, other: &Self) -> bool {
        self.builds == other.builds && self.files.diff(&other.files).is_empty()
    }

    /// Tells whether a package is recorded in two versions.
    pub fn records_two(&self) -> bool {
        let mut names: Vec<&str> =
            self.builds.lines().filter_map(|build| build.rsplitn(3, '-').nth(2)).collect();
        let all = names.len();
        names.dedup();
        names.len() < all
    }
}

fn without_records(files: Manifest) -> Manifest {
    RECORDS.iter().fold(files, |files, folder| files.without_below(folder))
}

pub fn builds_of(host: &Host) -> String {
    host.command(&["sh", "-c", "rpm -qa | sort"]).run().expect_code(0).stdout.trim().to_owned()
}

impl RpmWorld {
    /// Builds the world of a family and learns both ends by an undisturbed run.
    pub fn of(name: &'static str, root: Option<RpmRoot>) -> Option<Self> {
        let pool = swept_pool()?;
        let base = edited(root?);
        // A first answer of patchctl makes caches that are no part of a run.
        base.run(&["patchctl", "plan"]).expect_code(0);
        let files = Manifest::of_folder(&base.path("/"));
        let memory = Memory::of(&base.path("/"), &files);
        let patched = Host::of(pool, &base.path("/"));
        let old = State { files: without_records(files), builds: builds_of(&patched) };
        let changes = count(&patched, APPLY);
        let new = State::of(&patched, &memory, builds_of(&patched));
        Some(Self { name, pool, base, memory, patched, changes, old, new })
    }

    /// Returns a copy of the root before the run.
    pub fn before(&self) -> Host {
        Host::of(self.pool, &self.base.path("/"))
    }

    /// Returns a copy of the root after an undisturbed run.
    pub fn after(&self) -> Host {
        self.patched.copy()
    }

    /// Judges hosts, several at once: the recovery of one waits for seconds by itself.
    pub fn judge_all(&self, what: &str, points: Vec<(String, Host)>, tally: &mut Tally) {
        const AT_ONCE: usize = 4;
        let (waiting, ends) = (Mutex::new(points), Mutex::new(Vec::new()));
        let next = || waiting.lock().expect("no judge panics").pop();
        let judge = || {
            while let Some((place, host)) = next() {
                let told = |reason| format!("{}, {what}, {place}: {reason}", self.name);
                let end = self.judge(&host).map_err(told);
                ends.lock().expect("no judge panics").push(end);
            }
        };
        thread::scope(|scope| (0..AT_ONCE).for_each(|_| drop(scope.spawn(judge))));
        ends.into_inner().expect("no judge panics").into_iter().for_each(|end| tally.record(end));
    }

    fn end_of(&self, host: &Host, builds: &str) -> Result<End, String> {
        let now = State::of(host, &self.memory, builds.to_owned());
        match classify(&self.old.files, &self.new.files, &now.files) {
            Verdict::Old if builds == self.old.builds => Ok(End::Old),
            Verdict::New if builds == self.new.builds => Ok(End::New),
            Verdict::Fail(changes) => {
                Err(format!("neither old nor new: {:?}\n{builds}", &changes[..changes.len().min(6)]))
            }
            files => Err(format!("the files are {files:?}, and the database is not:\n{builds}")),
        }
    }

    /// Brings a host that was cut off to its end and judges it.
    ///
    /// # Errors
    /// Everything that is not as promised.
    fn judge(&self, host: &Host) -> Result<End, String> {
        host.reboot();
        let ran = host.command(&["sh", "-c", ASKED]).run();
        let said: Vec<&str> = ran.stdout.split("=\n").map(str::trim).collect();
        let [first, builds, second, chain] = said[..] else { return Err(format!("no answer: {ran}")) };
        let read = |name: &str| fs::read_to_string(host.path().join(name)).unwrap_or_default();
        let told = || format!("{}\n{}", read("tmp/first"), read("var/lib/patchctl/runs/0001/log"));
        if !["0", "3"].contains(&first) {
            return Err(format!("recover ends with {first}: {}", told()));
        }
        if second != "0" || !read("tmp/second").contains("nothing to do") {
            return Err(format!("a second recover ends with {second}: {}", read("tmp/second")));
        }
        if chain != "0" {
            return Err(format!("history verify: {}", read("tmp/chain")));
        }
        let end = self.end_of(host, builds).map_err(|reason| format!("{reason}\n{}", told()))?;
        if first == "3" && end == End::New {
            return Err(format!("recover says that it went back, and the host is new: {}", told()));
        }
        reports_are_whole(host.path())?;
        Ok(end)
    }
}
