//! Answers for a guest that runs: QEMU in software emulation, what its console says, and the cut of its power.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::{Disk, Guests, text};
use crate::lab::capture::Capture;

/// A guest that has not ended after so long hangs; half a minute is usual on an idle machine.
const LIMIT: Duration = Duration::from_secs(900);

/// What a guest does once it is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errand {
    /// Patches, marks where that begins and ends, and powers off.
    Apply,
    /// Looks what the boot unit made of the host, and powers off.
    Judge,
}

/// A guest that runs; it ends with the value.
pub struct Machine {
    qemu: Child,
    console: Capture,
    began: Instant,
}

impl Machine {
    /// Boots a disk; every write to it also goes into `log`, where one is given.
    pub fn boot(guests: &Guests, disk: &Disk, errand: Errand, log: Option<&Path>) -> Self {
        let errand = if errand == Errand::Apply { "apply" } else { "judge" };
        let file_system = disk.file_system.name();
        let words = format!(
            "console=ttyS0 quiet loglevel=1 panic=-1 mitigations=off systemd.show_status=0 \
             lab.file_system={file_system} lab.errand={errand}"
        );
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "qemu-system-x86_64", "-accel", "tcg", "-cpu", "max"]);
        command.args([
            "-m",
            "768",
            "-smp",
            "1",
            "-nodefaults",
            "-display",
            "none",
            "-no-reboot",
            "-serial",
            "stdio",
        ]);
        command.arg("-kernel").arg(guests.path("kernel")).arg("-initrd").arg(guests.path("initrd"));
        command.args(["-append", &words]);
        // QEMU need not wait for the machine's own disk: what the guest loses is decided by its writes and flushes.
        let file = format!("driver=file,node-name=disk,filename={},cache.no-flush=on", text(&disk.path));
        command.args(["-blockdev", &file]);
        if let Some(log) = log {
            std::fs::File::create(log).expect("a log can be made");
            let file = format!("driver=file,node-name=log,filename={},cache.no-flush=on", text(log));
            command.args(["-blockdev", &file]);
            command.args(["-blockdev", "driver=blklogwrites,node-name=logged,file=disk,log=log"]);
        }
        let node = if log.is_some() { "logged" } else { "disk" };
        command.args(["-device", &format!("virtio-blk-pci,drive={node},discard=off,write-zeroes=off")]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut qemu = command.spawn().expect("QEMU can be started");
        let console = Capture::of_stdout(qemu.stdout.take());
        Self { qemu, console, began: Instant::now() }
    }

    /// Waits until the guest has powered off, and returns what its console said.
    pub fn until_off(mut self) -> String {
        while self.qemu.try_wait().expect("a child can be waited for").is_none() {
            assert!(self.began.elapsed() < LIMIT, "the guest hangs:\n{}", self.console.text());
            thread::sleep(Duration::from_millis(50));
        }
        self.console.finish()
    }

    /// Waits until the console says something.
    pub fn wait_until_says(&mut self, marker: &str) {
        while !self.console.text().contains(marker) {
            let is_over = self.qemu.try_wait().expect("a child can be waited for").is_some();
            assert!(
                !is_over && self.began.elapsed() < LIMIT,
                "never said {marker}:\n{}",
                self.console.text()
            );
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Cuts the power: QEMU is killed, and with it everything that the guest had not written to its disk.
    pub fn cut(mut self) -> String {
        self.qemu.kill().expect("a child can be killed");
        self.qemu.wait().expect("a killed child can be waited for");
        self.console.finish()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.qemu.kill();
        let _ = self.qemu.wait();
    }
}
