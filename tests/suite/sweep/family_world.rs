//! The worlds of the other families that are swept: a root before a run and after it, and the verdict on a copy that was cut off.

use std::fs;
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use super::calls::{Call, Kind, Stops};
use super::campaign::{self, Choice, Tally};
use super::tracer::{Answer, watch};
use super::world::{End, Host, ROLLBACK, reports_are_whole};
use crate::lab::oracle::{Manifest, Memory, Verdict, classify};

/// What the worlds of the families differ in.
#[derive(Clone, Copy)]
pub struct Family {
    pub name: &'static str,
    pub apply: &'static [&'static str],
    /// What tells every package of the database, in the shell.
    pub packages: &'static str,
    /// Databases, which are compared by what they say, and histories, which tell of both ways.
    pub records: &'static [&'static str],
}

/// What the administrator wrote; it must never be lost.
const EDITED: &str = "edited by the administrator\n";

/// What is asked of a host after it was cut off: its end, its packages, whether anything is left to do, every journal.
const ASKED: &str = "patchctl recover >/tmp/first 2>&1; echo $?; echo =; PACKAGES; echo =; \
    patchctl recover >/tmp/second 2>&1; echo $?; echo =; patchctl history verify >/tmp/chain 2>&1; echo $?";

/// The files of a host, and its packages.
pub struct State {
    files: Manifest,
    packages: String,
}

/// A root of one family before a run, and what it is to be after it.
pub struct FamilyWorld {
    family: Family,
    base: Host,
    memory: Memory,
    patched: Host,
    /// Calls of the undisturbed run that are points.
    changes: usize,
    old: State,
    new: State,
}

/// Cuts a run and its way back off at some of their calls, and judges every end.
pub fn sweep(family: Family, base: Option<Host>, (of_apply, of_rollback): (usize, usize)) {
    let began = Instant::now();
    let Some(world) = base.map(|base| FamilyWorld::of(family, base)) else { return };
    let (name, mut tally) = (family.name, Tally::default());
    let choice = Choice::of(world.changes, of_apply);
    let points = campaign::cut_off_at(&world.base.copy(), family.apply, (choice, is_point));
    world.judge_all("apply", points, &mut tally);
    tally.close(&format!("kill of the whole tree, {name}, apply ({} calls)", world.changes), began);
    let (began, mut tally) = (Instant::now(), Tally::default());
    let changes = count(&world.patched.copy(), ROLLBACK);
    let choice = Choice::of(changes, of_rollback);
    let points = campaign::cut_off_at(&world.patched.copy(), ROLLBACK, (choice, is_point));
    world.judge_all("rollback", points, &mut tally);
    tally.close(&format!("kill of the whole tree, {name}, rollback ({changes} calls)"), began);
}

/// Kills a way back where patchctl itself puts configuration back: it may leave drafts of its own in `/etc`.
pub fn sweep_drafts(family: Family, base: Option<Host>, sample: usize) {
    fn is_drawn(call: &Call) -> bool {
        is_point(call) && call.described().starts_with("patchctl ") && call.file().starts_with("/etc/")
    }
    let began = Instant::now();
    let Some(world) = base.map(|base| FamilyWorld::of(family, base)) else { return };
    let counted = world.patched.copy();
    let count = campaign::count(counted.command(ROLLBACK), Stops::Changing, is_drawn);
    assert!(count > 3, "patchctl puts configuration back: {count} calls");
    let choice = Choice::of(count, sample);
    let points = campaign::cut_off_at(&world.patched.copy(), ROLLBACK, (choice, is_drawn));
    let mut tally = Tally::default();
    world.judge_all("rollback", points, &mut tally);
    tally.close(&format!("kill over a draft in /etc, {}, rollback ({count} calls)", family.name), began);
}

/// Tells whether a call changes a file by which an end is judged: what is only written to a log changes none.
pub fn is_point(call: &Call) -> bool {
    call.kind == Kind::Change && !call.file().contains("/var/log/")
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
    /// Reads a host whose packages are known already.
    pub fn of(host: &Host, memory: &Memory, (family, packages): (Family, String)) -> Self {
        Self { files: without_records(Manifest::of_copy(host.path(), memory), family), packages }
    }

    pub fn is_same(&self, other: &Self) -> bool {
        self.packages == other.packages && self.files.diff(&other.files).is_empty()
    }

    /// Tells whether a package is recorded in two versions.
    pub fn records_two(&self) -> bool {
        let mut names: Vec<&str> =
            self.packages.lines().filter_map(|build| build.rsplitn(3, '-').nth(2)).collect();
        let all = names.len();
        names.dedup();
        names.len() < all
    }
}

fn without_records(files: Manifest, family: Family) -> Manifest {
    family.records.iter().fold(files, |files, folder| files.without_below(folder))
}

impl Family {
    pub fn packages_of(self, host: &Host) -> String {
        host.command(&["sh", "-c", self.packages]).run().expect_code(0).stdout.trim().to_owned()
    }
}

impl FamilyWorld {
    /// Builds the world of a family from a root before a run, and learns both ends by an undisturbed run.
    fn of(family: Family, base: Host) -> Self {
        fs::write(base.path().join("etc/lab-conf.conf"), EDITED).expect("it can be edited");
        // A first answer of patchctl makes caches that are no part of a run.
        base.command(&["patchctl", "plan"]).run().expect_code(0);
        let files = Manifest::of_folder(base.path());
        let memory = Memory::of(base.path(), &files);
        let patched = base.copy();
        let old = State { files: without_records(files, family), packages: family.packages_of(&patched) };
        let changes = count(&patched, family.apply);
        let new = State::of(&patched, &memory, (family, family.packages_of(&patched)));
        Self { family, base, memory, patched, changes, old, new }
    }

    /// Judges hosts, several at once: the recovery of one waits for seconds by itself.
    fn judge_all(&self, what: &str, points: Vec<(String, Host)>, tally: &mut Tally) {
        const AT_ONCE: usize = 4;
        let (waiting, ends) = (Mutex::new(points), Mutex::new(Vec::new()));
        let next = || waiting.lock().expect("no judge panics").pop();
        let judge = || {
            while let Some((place, host)) = next() {
                let told = |reason| format!("{}, {what}, {place}: {reason}", self.family.name);
                let end = self.judge(&host).map_err(told);
                ends.lock().expect("no judge panics").push(end);
            }
        };
        thread::scope(|scope| (0..AT_ONCE).for_each(|_| drop(scope.spawn(judge))));
        ends.into_inner().expect("no judge panics").into_iter().for_each(|end| tally.record(end));
    }

    fn end_of(&self, host: &Host, builds: &str) -> Result<End, String> {
        let now = State::of(host, &self.memory, (self.family, builds.to_owned()));
        match classify(&self.old.files, &self.new.files, &now.files) {
            Verdict::Old if builds == self.old.packages => Ok(End::Old),
            Verdict::New if builds == self.new.packages => Ok(End::New),
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
        let asked = ASKED.replace("PACKAGES", self.family.packages);
        let ran = host.command(&["sh", "-c", &asked]).run();
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
