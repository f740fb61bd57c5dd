//! Power cuts: a guest patches itself while every write to its disk is logged, and its disk is made as a cut after any of
//! them leaves it, with or without loss of what was not flushed.
//!
//! A cut is judged in two ways. *By a boot*: the guest comes up from that disk in QEMU, and the boot unit ends the run by
//! itself. *By mounting*: the disk is mounted here and `recover` runs in it without systemd, which costs seconds instead
//! of a boot; so most points of a full sweep are judged.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Instant;

use super::campaign::{self, Tally, is_full};
use super::world::{self, End};
use crate::lab::oracle::{Manifest, Memory, Verdict, classify};
use crate::lab::qemu::machine::{Errand, Machine};
use crate::lab::qemu::write_log::{Cut, WriteLog};
use crate::lab::qemu::{self, Disk, FileSystem, Guests, Mounted};

/// What a running system writes by itself, whatever patchctl does.
const LIVING: &[&str] = &["lost+found", "var/lib/systemd", "etc/.updated", "var/.updated"];

/// Cuts that are judged by mounting, in a build and in a full sweep.
const MOUNTED: (usize, usize) = (4, 50);

/// Cuts that are judged by a boot, in a build and in a full sweep.
const BOOTED: (usize, usize) = (2, 6);

/// A guest before and after a run, and what the run wrote.
struct Campaign {
    guests: Guests,
    file_system: FileSystem,
    old: Manifest,
    new: Manifest,
    memory: Memory,
    log: WriteLog,
}

/// A disk of one cut, and what is known of it before anybody repairs it.
struct Point {
    place: String,
    /// patchctl had ended and said that it is done.
    was_promised: bool,
    cut: Cut,
}

impl Campaign {
    /// Lets the guest patch itself undisturbed, and learns both ends and all writes.
    fn traced(guests: Guests, file_system: FileSystem) -> Self {
        let fresh = guests.fresh_disk(file_system);
        let (old, memory) = old_of(&fresh);
        let (disk, log) =
            (guests.copy(&fresh, "patched"), guests.path(&format!("{}-log", file_system.name())));
        let said = Machine::boot(&guests, &disk, Errand::Apply, Some(&log)).until_off();
        assert!(said.contains("LAB mark=applied 0"), "an undisturbed run: {said}");
        let new = manifest(&Mounted::of(&disk).expect("the guest has powered off"), &memory);
        disk.remove();
        Self { guests, file_system, old, new, memory, log: WriteLog::read(&log) }
    }

    /// Returns the places of the log where a run begins, where it says that it is done, and where all is on the disk.
    fn places(&self) -> [usize; 3] {
        let place = |mark| self.log.place_of(mark).unwrap_or_else(|| panic!("the log has no mark `{mark}`"));
        [place("begins"), place("applied 0"), place("synced")]
    }

    /// Spreads points evenly over the run, moved by the seed; every second one loses what was not flushed.
    fn points(&self, count: usize) -> Vec<Point> {
        let [begins, applied, synced] = self.places();
        let (length, seed) = (synced - begins, campaign::seed());
        let point = |number: usize| {
            let at = begins + 1 + (number * length / count + seed % (length / count).max(1)).min(length - 1);
            let loss = (number % 2 == 0).then(|| (seed + at) as u64);
            let place = format!("write {} of {length}", at - begins);
            Point { place, was_promised: at > applied, cut: Cut { at, loss } }
        };
        (0..count).map(point).collect()
    }

    /// Makes the disk of a point.
    fn disk_of(&self, point: &Point, name: &str) -> (Disk, String) {
        let disk = self.guests.copy(&self.guests.fresh_disk(self.file_system), name);
        let lost = self.log.replay(point.cut, &disk);
        (disk, format!("{}, {} of {} unflushed blocks lost", point.place, lost.blocks, lost.of))
    }

    /// Mounts the disk of a point and lets `recover` end the run there.
    fn judge_by_mounting(&self, point: &Point, phases: &mut BTreeMap<String, usize>) -> Result<End, String> {
        let (disk, place) = self.disk_of(point, "mounted-point");
        let told = |reason: String| format!("{}, {place}: {reason}", self.file_system.name());
        let mounted = Mounted::of(&disk).map_err(told)?;
        *phases.entry(phase_of(mounted.path())).or_default() += 1;
        let end = world::bring_to_end(mounted.path()).and_then(|ended| self.end_of(&mounted, &ended.code));
        drop(mounted);
        disk.remove();
        end.and_then(|end| point.promise_is_kept(end)).map_err(told)
    }

    /// Boots the disk of a point: nobody but the boot unit ends the run.
    fn judge_by_boot(&self, point: &Point) -> Result<End, String> {
        let (disk, place) = self.disk_of(point, "booted-point");
        let end = judge_boot(&self.guests, &disk, &self.ends());
        disk.remove();
        end.and_then(|end| point.promise_is_kept(end))
            .map_err(|reason| format!("{}, booted, {place}: {reason}", self.file_system.name()))
    }

    /// Tells whether the cut leaves a run that changes packages, so that the boot has something to end.
    fn is_amid_changes(&self, point: &Point) -> bool {
        let (disk, _) = self.disk_of(point, "looked-at");
        phase_before(disk).is_ok_and(|phase| phase == "applying")
    }

    fn ends(&self) -> Ends<'_> {
        Ends { old: &self.old, new: &self.new, memory: &self.memory }
    }

    fn end_of(&self, mounted: &Mounted, code: &str) -> Result<End, String> {
        self.ends().end_of(mounted, code)
    }

    /// Judges all points of the campaign.
    fn judge(&self) {
        let (began, mut tally, mut phases) = (Instant::now(), Tally::default(), BTreeMap::new());
        let (mounted, booted) = if is_full() { (MOUNTED.1, BOOTED.1) } else { (MOUNTED.0, BOOTED.0) };
        for point in self.points(mounted) {
            tally.record(self.judge_by_mounting(&point, &mut phases));
        }
        let amid: Vec<Point> =
            self.points(booted * 8).into_iter().filter(|point| self.is_amid_changes(point)).collect();
        assert!(amid.len() >= booted, "too few cuts are amid the changes");
        for number in 0..booted {
            tally.record(self.judge_by_boot(&amid[number * amid.len() / booted]));
        }
        let [begins, _, synced] = self.places();
        let (writes, flushes) = (synced - begins, self.log.flushes((begins, synced)));
        let name = self.file_system.name();
        println!(
            "{name}: {writes} writes with {flushes} flushes; phases of the runs that were mounted: {phases:?}"
        );
        tally
            .close(&format!("power cut, {name}, {mounted} judged by mounting and {booted} by a boot"), began);
    }
}

/// Both ends of a run.
struct Ends<'a> {
    old: &'a Manifest,
    new: &'a Manifest,
    memory: &'a Memory,
}

impl Ends<'_> {
    /// Compares a disk with both ends and reads the reports; `code` is what `recover` ended with.
    fn end_of(&self, mounted: &Mounted, code: &str) -> Result<End, String> {
        let end = match classify(self.old, self.new, &manifest(mounted, self.memory)) {
            Verdict::Old => End::Old,
            Verdict::New => End::New,
            Verdict::Fail(changes) => {
                return Err(format!("neither old nor new: {:?}", &changes[..changes.len().min(6)]));
            }
        };
        if code == "3" && end == End::New {
            return Err("recover says that it went back, and the host is new".to_owned());
        }
        world::reports_are_whole(mounted.path()).map(|()| end)
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

/// Boots a disk and judges what its boot unit made of it.
fn judge_boot(guests: &Guests, disk: &Disk, ends: &Ends) -> Result<End, String> {
    let had_run = !phase_before(guests.copy(disk, "looked-at"))?.is_empty();
    let said = Machine::boot(guests, disk, Errand::Judge, None).until_off();
    let facts: Vec<&str> = said.lines().filter_map(|line| line.trim().strip_prefix("LAB ")).collect();
    let has = |fact: &str| facts.contains(&fact);
    let code = facts.iter().find_map(|fact| fact.strip_prefix("ExecMainStatus=")).unwrap_or_default();
    let demands = [
        ("the boot unit ran", !had_run || (has("ConditionResult=yes") && ["0", "3"].contains(&code))),
        ("the boot unit succeeded", has("Result=success")),
        ("dpkg complains of nothing", !facts.iter().any(|fact| fact.starts_with("audit="))),
        ("a second recover succeeds", has("second=0")),
        (
            "it has nothing to do",
            facts.iter().any(|fact| fact.starts_with("said=") && fact.contains("nothing to do")),
        ),
        ("the journals hold", has("verify=0")),
        ("the guest came to its end", has("judged=yes")),
    ];
    if let Some((missed, _)) = demands.iter().find(|(_, holds)| !holds) {
        return Err(format!("not so: {missed}\n{said}"));
    }
    let mounted = Mounted::of(disk)?;
    ends.end_of(&mounted, code).map_err(|reason| format!("{reason}\n{said}"))
}

/// Reads the disk of a guest before anything ran on it.
fn old_of(fresh: &Disk) -> (Manifest, Memory) {
    let mounted = Mounted::of(fresh).expect("a fresh disk can be mounted");
    let old = Manifest::of_folder(mounted.path());
    let memory = Memory::of(mounted.path(), &old);
    (living_left_out(old), memory)
}

fn manifest(mounted: &Mounted, memory: &Memory) -> Manifest {
    living_left_out(Manifest::of_copy(mounted.path(), memory))
}

fn living_left_out(manifest: Manifest) -> Manifest {
    LIVING.iter().fold(manifest, |manifest, folder| manifest.without_below(folder))
}

/// Returns the phase of the run on a disk, which mounting changes, so it is a copy that goes.
fn phase_before(copy: Disk) -> Result<String, String> {
    let phase = Mounted::of(&copy).map(|mounted| phase_of(mounted.path()));
    copy.remove();
    phase
}

/// Returns the phase that the journal of the first run names last; empty where no run began.
fn phase_of(root: &Path) -> String {
    let journal = fs::read_to_string(root.join("var/lib/patchctl/runs/0001/journal")).unwrap_or_default();
    let phase = journal.rsplit_once("\"phase\":\"").and_then(|(_, rest)| rest.split('"').next());
    phase.unwrap_or_default().to_owned()
}

#[test]
fn power_cuts_on_ext4_end_old_or_new_by_the_boot_after_them() {
    let Some(guests) = qemu::guests() else { return };
    Campaign::traced(guests, FileSystem::Ext4).judge();
}

#[test]
fn power_cuts_on_btrfs_end_old_or_new_by_the_boot_after_them() {
    let Some(guests) = qemu::guests() else { return };
    Campaign::traced(guests, FileSystem::Btrfs).judge();
}
