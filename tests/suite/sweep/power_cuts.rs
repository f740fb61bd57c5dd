//! Power cuts: a guest patches itself, or takes that back, while every write to its disk is logged, and its disk is made as
//! a cut after any of them leaves it, with or without loss of what was not flushed.
//!
//! A cut is judged by a boot of that disk, in which nobody but the boot unit ends the run. Some boot in QEMU, where the
//! guest's own kernel mounts the disk; most in a container of this machine, whose kernel mounts it: a second instead of
//! half a minute.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Instant;

use super::campaign::{self, Tally, is_full};
use super::world::{End, reports_are_whole};
use crate::lab::oracle::{Manifest, Memory, Verdict, classify};
use crate::lab::qemu::machine::{Beside, Errand, Machine};
use crate::lab::qemu::write_log::{Cut, WriteLog};
use crate::lab::qemu::{self, Disk, FileSystem, Guests, Mounted};

/// What a running system writes by itself, and the maker of the file system.
const LIVING: &[&str] = &["lost+found", "var/lib/systemd", "etc/.updated", "var/.updated"];

/// How many cuts are judged where.
#[derive(Clone, Copy)]
struct Count {
    in_container: usize,
    /// Those amid the changes: nothing else is worth an emulated boot.
    in_qemu: usize,
}

/// What a full sweep judges.
const FULL: Count = Count { in_container: 50, in_qemu: 6 };

/// The phases in which a run is over. The empty one is that of no run.
const OVER: &[&str] = &["", "commit", "returned", "abandoned"];

/// What is cut off.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Task {
    Apply,
    Rollback,
}

impl Task {
    fn errand(self) -> Errand {
        match self {
            Self::Apply => Errand::Apply,
            Self::Rollback => Errand::Rollback,
        }
    }

    /// The run that it is: what is rolled back was one before it.
    fn run(self) -> &'static str {
        match self {
            Self::Apply => "0001",
            Self::Rollback => "0002",
        }
    }

    /// The phases between which it changes the host.
    fn changes(self) -> (&'static str, &'static str) {
        match self {
            Self::Apply => ("applying", "applied"),
            Self::Rollback => ("back", "returned"),
        }
    }

    /// The phase in which it is done.
    fn done(self) -> &'static str {
        match self {
            Self::Apply => "commit",
            Self::Rollback => "returned",
        }
    }
}

/// A guest before and after a run, and what the run wrote.
struct Campaign {
    guests: Guests,
    task: Task,
    /// The disk before the run.
    before: Disk,
    old: Manifest,
    new: Manifest,
    memory: Memory,
    log: WriteLog,
}

/// Where a disk boots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Boot {
    Qemu,
    Container,
}

/// A disk of one cut, and what is known of it before anybody repairs it.
struct Point {
    place: String,
    /// patchctl had ended and said that it is done.
    was_promised: bool,
    cut: Cut,
}

impl Campaign {
    /// Lets the guest do it undisturbed, and learns both ends and all writes.
    fn traced(guests: Guests, file_system: FileSystem, task: Task) -> Self {
        let (began, fresh) = (Instant::now(), guests.fresh_disk(file_system));
        let memory = memory_of(&fresh);
        let before = guests.copy(&fresh, "before");
        if task == Task::Rollback {
            undisturbed(&guests, (&before, Errand::Apply), Beside::Nothing);
        }
        let old = manifest_of(&before, &memory);
        let (disk, log) =
            (guests.copy(&before, "after"), guests.path(&format!("{}-log", file_system.name())));
        undisturbed(&guests, (&disk, task.errand()), Beside::Log(&log));
        println!("{}: the undisturbed run took {:.0?}", file_system.name(), began.elapsed());
        let new = manifest_of(&disk, &memory);
        disk.remove();
        Self { guests, task, before, old, new, memory, log: WriteLog::read(&log) }
    }

    /// Returns the places of the log where a run begins, where it says that it is done, and where all is on the disk.
    fn places(&self) -> [usize; 3] {
        let place = |mark| self.log.place_of(mark).unwrap_or_else(|| panic!("the log has no mark `{mark}`"));
        [place("begins"), place("done 0"), place("synced")]
    }

    /// Spreads points evenly over the run, moved by the seed; every second one loses what was not flushed, or some of it.
    fn points(&self, count: usize) -> Vec<Point> {
        let [begins, done, synced] = self.places();
        let (length, seed) = (synced - begins, campaign::seed());
        let place = |number: usize| {
            begins + 1 + (number * length / count + seed % (length / count).max(1)).min(length - 1)
        };
        // The last: the instant when the run has said that it is done.
        let last = self.cut(done + 1, Some(seed as u64));
        (0..count - 1).map(|number| self.point(place(number), number)).chain([last]).collect()
    }

    /// What can be lost is most right before a flush.
    fn point(&self, at: usize, number: usize) -> Point {
        if number.is_multiple_of(2) {
            let before_flush = self.log.before_next_flush(at).min(self.places()[2]);
            self.cut(before_flush, Some((campaign::seed() + at) as u64))
        } else {
            self.cut(at, None)
        }
    }

    fn cut(&self, at: usize, loss: Option<u64>) -> Point {
        let [begins, done, synced] = self.places();
        let place = format!("write {} of {}", at - begins, synced - begins);
        Point { place, was_promised: at > done, cut: Cut { at, loss } }
    }

    /// Spreads points over the writes between two records of the journal: there a boot has something to end.
    fn amid_changes(&self, count: usize) -> Vec<Point> {
        let record = |phase: &str| {
            let text = format!("\"phase\":\"{phase}\"");
            self.log.place_with(&text).unwrap_or_else(|| panic!("no write has `{text}`"))
        };
        let (begins, ends) = self.task.changes();
        let (first, last) = (record(begins) + 1, record(ends));
        let stride = (last.saturating_sub(first) / count.max(1)).max(1);
        (0..count)
            .map(|number| self.point(first + number * stride + campaign::seed() % stride, number))
            .collect()
    }

    /// Makes the disk of a point.
    fn disk_of(&self, point: &Point, name: &str) -> (Disk, String) {
        let disk = self.guests.copy(&self.before, name);
        let lost = self.log.replay(point.cut, &disk);
        (disk, format!("{}, {} of {} unflushed blocks lost", point.place, lost.blocks, lost.of))
    }

    /// Boots the disk of a point and judges what the boot made of it; returns how far the run had come, too.
    fn judge(&self, point: &Point, boot: Boot) -> (String, Result<End, String>) {
        let (began, (disk, place)) = (Instant::now(), self.disk_of(point, "point"));
        let (phase, said) = match boot {
            Boot::Container => self.in_container(&disk),
            Boot::Qemu => self.in_qemu(&disk),
        };
        let judged = self.judge_ended(&disk, (&phase, &said)).and_then(|end| point.promise_is_kept(end));
        disk.remove();
        let place = format!("{} in {boot:?}, {place}", self.before.file_system.name());
        println!("{place}: {phase:?}, then {judged:?}, {:.0?}", began.elapsed());
        (phase, judged.map_err(|reason| format!("{place}: {reason}\n{said}")))
    }

    /// Compares a disk after its boot with both ends, and the boot's own word with what is there.
    fn judge_ended(&self, disk: &Disk, (phase, said): (&str, &str)) -> Result<End, String> {
        let ended = ended_by_the_boot((said, self.task.run()), !OVER.contains(&phase))?;
        let mounted = Mounted::of(disk)?;
        let end = match classify(&self.old, &self.new, &manifest(&mounted, &self.memory)) {
            Verdict::Old => End::Old,
            Verdict::New => End::New,
            Verdict::Fail(changes) => {
                return Err(format!("neither old nor new: {:?}", &changes[..changes.len().min(6)]));
            }
        };
        if (ended == self.task.done()) != (end == End::New) {
            return Err(format!("the journal says `{ended}`, and the host is {end:?}"));
        }
        reports_are_whole(mounted.path()).map(|()| end)
    }

    /// Judges so many points, or those of a full sweep where that is asked for.
    fn judge_all(&self, sample: Count) {
        let (began, mut tally) = (Instant::now(), Tally::default());
        let mut phases: BTreeMap<String, usize> = BTreeMap::new();
        let Count { in_container, in_qemu } = if is_full() { FULL } else { sample };
        for point in self.points(in_container) {
            let (phase, end) = self.judge(&point, Boot::Container);
            tally.record(end);
            *phases.entry(phase).or_default() += 1;
        }
        for point in self.amid_changes(in_qemu) {
            tally.record(self.judge(&point, Boot::Qemu).1);
        }
        let [begins, _, synced] = self.places();
        let (writes, flushes) = (synced - begins, self.log.flushes((begins, synced)));
        let name = self.before.file_system.name();
        println!("{name}: {writes} writes, {flushes} of them flushes; the cuts were in {phases:?}");
        let title = format!("power cut, {name}, {in_container} booted in a container and {in_qemu} in QEMU");
        tally.close(&title, began);
    }

    /// Mounts a disk with this machine's kernel, boots it in a container and returns the phase before and what the guest
    /// said.
    fn in_container(&self, disk: &Disk) -> (String, String) {
        match Mounted::of(disk) {
            Ok(mounted) => (self.phase_of(mounted.path()), Machine::in_container(&mounted, Errand::Judge)),
            Err(reason) => (String::new(), reason),
        }
    }

    /// Boots a disk in QEMU, whose kernel is the first to mount it; a look at a copy tells the phase before.
    fn in_qemu(&self, disk: &Disk) -> (String, String) {
        let copy = self.guests.copy(disk, "looked-at");
        let phase = Mounted::of(&copy).map(|mounted| self.phase_of(mounted.path())).unwrap_or_default();
        copy.remove();
        (phase, Machine::boot(&self.guests, disk, Errand::Judge, Beside::Nothing).until_off())
    }

    /// Returns the phase that the journal of the run names last; empty where it did not begin.
    fn phase_of(&self, root: &Path) -> String {
        let journal = root.join("var/lib/patchctl/runs").join(self.task.run()).join("journal");
        let journal = fs::read_to_string(journal).unwrap_or_default();
        let phase = journal.rsplit_once("\"phase\":\"").and_then(|(_, rest)| rest.split('"').next());
        phase.unwrap_or_default().to_owned()
    }
}

impl Point {
    /// What a run said before the cut holds after it.
    fn promise_is_kept(&self, end: End) -> Result<End, String> {
        if self.was_promised && end != End::New {
            return Err("the run had said that it is done, and the host is old".to_owned());
        }
        Ok(end)
    }
}

/// Returns the phase in which the boot left the run, or what does not hold of what the guest said.
fn ended_by_the_boot((said, run): (&str, &str), was_open: bool) -> Result<String, String> {
    let named = format!("ended-{run}=");
    let facts: Vec<&str> = said.lines().filter_map(|line| line.trim().strip_prefix("LAB ")).collect();
    let has = |fact: &str| facts.contains(&fact);
    let ended = facts.iter().find_map(|fact| fact.strip_prefix(&named)).unwrap_or_default();
    let had_nothing = |fact: &&str| fact.starts_with("said=") && fact.contains("nothing to do");
    let demands = [
        ("the guest came to its end", has("judged=yes")),
        ("the boot ended the run by itself", OVER.contains(&ended)),
        ("dpkg complains of nothing", !facts.iter().any(|fact| fact.starts_with("audit="))),
        ("a second recover has nothing to do", !was_open || facts.iter().any(had_nothing)),
        ("a second recover succeeds", has("second=0")),
        ("the journals hold", has("verify=0")),
    ];
    let missed = demands.iter().find(|(_, holds)| !holds);
    missed.map_or_else(|| Ok(ended.to_owned()), |(missed, _)| Err(format!("not so: {missed}")))
}

/// Lets a guest run an errand to its end.
fn undisturbed(guests: &Guests, (disk, errand): (&Disk, Errand), beside: Beside<'_>) {
    let said = Machine::boot(guests, disk, errand, beside).until_off();
    assert!(said.contains("LAB mark=done 0"), "an undisturbed run: {said}");
}

/// Reads the disk of a guest before anything ran on it.
fn memory_of(fresh: &Disk) -> Memory {
    let mounted = Mounted::of(fresh).expect("a fresh disk can be mounted");
    Memory::of(mounted.path(), &Manifest::of_folder(mounted.path()))
}

fn manifest_of(disk: &Disk, memory: &Memory) -> Manifest {
    manifest(&Mounted::of(disk).expect("the guest has powered off"), memory)
}

fn manifest(mounted: &Mounted, memory: &Memory) -> Manifest {
    let manifest = Manifest::of_copy(mounted.path(), memory);
    LIVING.iter().fold(manifest, |manifest, folder| manifest.without_below(folder))
}

#[test]
fn power_cuts_on_ext4_end_old_or_new_by_the_boot_after_them() {
    let Some(guests) = qemu::guests(FileSystem::Ext4) else { return };
    Campaign::traced(guests, FileSystem::Ext4, Task::Apply).judge_all(Count { in_container: 2, in_qemu: 1 });
}

#[test]
fn power_cuts_on_btrfs_end_old_or_new_by_the_boot_after_them() {
    let Some(guests) = qemu::guests(FileSystem::Btrfs) else { return };
    // The guest's own kernel wrote it; this machine's is the first to mount it, at a tenth of the cost.
    Campaign::traced(guests, FileSystem::Btrfs, Task::Apply).judge_all(Count { in_container: 3, in_qemu: 0 });
}

#[test]
#[ignore = "a minute of emulation before the first cut"]
fn power_cuts_during_a_rollback_end_old_or_new_by_the_boot_after_them() {
    for file_system in [FileSystem::Ext4, FileSystem::Btrfs] {
        let Some(guests) = qemu::guests(file_system) else { return };
        let count = Count { in_container: 10, in_qemu: 1 };
        Campaign::traced(guests, file_system, Task::Rollback).judge_all(count);
    }
}
