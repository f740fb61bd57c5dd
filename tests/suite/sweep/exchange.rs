//! Kills inside `rollback --snapshot`, at its own calls and those of the tools it starts: before the exchange of the roots
//! the host is as the run left it, after it as it was before the run, and `/boot`, which lies outside, is of the same side.
//!
//! One root meets all the points in turn: after each, the roots are put back in their places by their identities.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::calls::{Call, Kind, Stops};
use super::campaign::{self, Choice, Tally};
use super::tracer::Answer;
use super::world::{End, reports_are_whole};
use crate::lab::btrfs_root::{OnBtrfs, on_btrfs};
use crate::lab::namespace::{InRoot, on_host};
use crate::lab::oracle::{Manifest, Memory};

const LINE: &str = "exec patchctl rollback --snapshot --accept-lost --yes";

/// Recovers twice in one boot, as the other sweeps do, and tells the side of `/boot`.
const JUDGE: &str = "patchctl recover >/tmp/first 2>&1; echo $?; dpkg --audit; patchctl recover >/tmp/second 2>&1; \
    echo $?; grep -c 'nothing to do' /tmp/second; patchctl history verify >/tmp/chain 2>&1; echo $?; \
    ls -A /boot; cat /boot/initrd.img; patchctl plan >/tmp/plan 2>&1; grep -c 'is still open' /tmp/plan";

/// A root after a run that has a snapshot, and both of its ends.
struct Swept {
    host: OnBtrfs,
    boot: PathBuf,
    identity: String,
    memory: Memory,
    old: Manifest,
    new: Manifest,
}

impl Drop for Swept {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.boot);
    }
}

impl Swept {
    fn new() -> Option<Self> {
        if cfg!(not(target_arch = "x86_64")) {
            println!("not run: the tracer of the sweep reads the registers of x86-64");
            return None;
        }
        let host = on_btrfs(&["lab-plain"])?;
        let boot = std::env::temp_dir().join(format!("patchctl-exchange-{}", host.name()));
        fs::create_dir_all(&boot).expect("a folder can be made");
        let root = host.path.clone();
        host.root.run(&["patchctl", "plan"]).expect_code(0);
        let old = Manifest::of_folder(&root);
        let mut swept =
            Self { identity: identity(&root), memory: Memory::empty(), new: old.clone(), old, host, boot };
        swept.write_boot("old");
        swept.command("patchctl apply --yes").run().expect_code(0);
        // What packages of kernels do in a run.
        swept.write_boot("new");
        swept.new = Manifest::of_folder(&root);
        swept.memory = Memory::of(&root, &swept.new);
        on_host(&["cp", "-a", text(&root.join("var/lib/patchctl")), text(&root.join("srv/lab/records"))]);
        Some(swept)
    }

    fn write_boot(&self, side: &str) {
        fs::write(self.boot.join("initrd.img"), format!("{side}\n")).expect("writable");
    }

    fn command(&self, line: &str) -> InRoot {
        self.host.command(&format!("mount --bind {} /mnt/boot", text(&self.boot)), line)
    }

    fn is_exchanged(&self) -> bool {
        identity(&self.host.path) != self.identity
    }

    /// Kills everything at the call of a number; returns where that was.
    fn cut(&self, number: usize) -> String {
        let (mut begun, mut seen) = (false, 0);
        let (_, place) = campaign::disturb(self.command(LINE), Stops::Changing, |call| {
            let is_point = is_point(call, &mut begun);
            seen += usize::from(is_point);
            (is_point && seen > number).then_some(Answer::KillAll)
        });
        place.unwrap_or_else(|| "after the last call".to_owned())
    }

    /// Boots the root that has the name now, recovers it, and says which one it is.
    fn judge(&self) -> Result<End, String> {
        if !self.is_exchanged() {
            // The host lives on and only patchctl died: it may be told to reboot, and nothing else.
            let ran = self.command("patchctl recover").run();
            if ran.code != 0 && !(ran.code == 10 && ran.said().contains("reboot first")) {
                return Err(format!("without a reboot: {ran}"));
            }
        }
        self.host.root.reboot();
        let ran = self.command(JUDGE).run();
        let now = Manifest::of_copy(&self.host.path, &self.memory);
        let (end, side) = match (self.old.diff(&now).as_slice(), self.new.diff(&now).as_slice()) {
            ([], _) => (End::Old, "old"),
            (_, []) => (End::New, "new"),
            (_, changes) => {
                return Err(format!("neither root: {:?}", &changes[..changes.len().min(6)]));
            }
        };
        let first = fs::read_to_string(self.host.path.join("tmp/first")).unwrap_or_default();
        if ran.stdout != format!("0\n0\n1\n0\ninitrd.img\n{side}\n0\n") {
            return Err(format!("the root is {side}, and recovery says {ran}{first}"));
        }
        if end == End::Old && !self.is_exchanged() {
            return Err("the old state without the old root".to_owned());
        }
        reports_are_whole(&self.host.path)?;
        Ok(end)
    }

    /// Puts the root of the run and its records back in their places.
    fn reset(&self) {
        let root = &self.host.path;
        let marked = |path: &&PathBuf| path.to_string_lossy().contains(".patchctl-replaced-");
        if let Some(beside) = self.host.beside().iter().find(marked) {
            let exchanged = self.is_exchanged();
            let gone = if exchanged { root } else { beside };
            on_host(&["btrfs", "-q", "subvolume", "delete", text(gone)]);
            if exchanged {
                fs::rename(beside, root).expect("a subvolume can be named");
            }
        }
        let records = root.join("var/lib/patchctl");
        fs::remove_dir_all(&records).expect("removable");
        on_host(&["cp", "-a", text(&root.join("srv/lab/records")), text(&records)]);
        self.host.root.reboot();
        self.write_boot("new");
    }
}

/// What the shell does that mounts the root is no part of the rollback. After the exchange there is nothing left to change, only
/// to make durable, so those calls are points too.
fn is_point(call: &Call, begun: &mut bool) -> bool {
    *begun |= call.program() == "patchctl";
    *begun && matches!(call.kind, Kind::Change | Kind::Sync)
}

fn identity(subvolume: &Path) -> String {
    let shown = on_host(&["btrfs", "subvolume", "show", text(subvolume)]);
    let line = shown.lines().find_map(|line| line.trim().strip_prefix("UUID:"));
    line.expect("a subvolume has an identity").trim().to_owned()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("the laboratory's paths are plain text")
}

#[test]
fn an_exchange_of_roots_that_is_cut_off_anywhere_ends_with_one_of_them() {
    let began = Instant::now();
    let Some(swept) = Swept::new() else { return };
    let mut begun = false;
    let count = campaign::count(swept.command(LINE), Stops::Changing, |call| is_point(call, &mut begun));
    assert!(swept.is_exchanged(), "undisturbed, the roots are exchanged");
    assert_eq!(swept.judge(), Ok(End::Old));
    swept.reset();
    let choice = Choice::of(count, 8);
    let mut tally = Tally::default();
    // The last call is behind the exchange in every sample.
    for number in (0..count).filter(|number| choice.takes(*number) || number + 1 == count) {
        let place = swept.cut(number);
        let told = |reason| format!("rollback --snapshot, call {number} of {count}, {place}: {reason}");
        tally.record(swept.judge().map_err(told));
        swept.reset();
    }
    tally.close("kill inside rollback --snapshot", began);
}
