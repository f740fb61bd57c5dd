//! Answers for a guest that runs, what its console says, and the cut of its power: in QEMU, or in a container of the
//! machine's own kernel, where the same systemd boots the same disk in a second.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::{Disk, Guests, Mounted, text};
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

impl Errand {
    /// The word on the kernel's command line.
    fn word(self) -> &'static str {
        match self {
            Self::Apply => "lab.errand=apply",
            Self::Judge => "lab.errand=judge",
        }
    }
}

/// A guest that runs; it ends with the value.
pub struct Machine {
    program: Child,
    console: Capture,
    began: Instant,
}

impl Machine {
    /// Boots a disk; every write to it also goes into `log`, where one is given.
    pub fn boot(guests: &Guests, disk: &Disk, errand: Errand, log: Option<&Path>) -> Self {
        let words = format!(
            "console=ttyS0 quiet loglevel=1 panic=-1 mitigations=off systemd.show_status=0 lab.file_system={} {}",
            disk.file_system.name(),
            errand.word()
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
        Self::start(command)
    }

    /// Boots a mounted disk in a container and returns what the guest said, when it has powered off.
    pub fn in_container(mounted: &Mounted, errand: Errand) -> String {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "systemd-nspawn", "--quiet", "--register=no", "--keep-unit"]);
        command.args([
            "--private-network",
            "--resolv-conf=off",
            "--timezone=off",
            "--console=pipe",
            "--boot",
        ]);
        command.arg("--directory").arg(mounted.path()).args(["--", "systemd.show_status=0", errand.word()]);
        // It ends with a word about the folder of mounts that the machine keeps for it, whatever came of it.
        command.stderr(Stdio::null());
        Self::start(command).until_off();
        std::fs::read_to_string(mounted.path().join("var/log/lab-guest")).unwrap_or_default()
    }

    fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut program = command.spawn().expect("setpriv of util-linux can be started");
        let console = Capture::of_stdout(program.stdout.take());
        Self { program, console, began: Instant::now() }
    }

    /// Waits until the guest has powered off, and returns what its console said.
    pub fn until_off(mut self) -> String {
        while self.program.try_wait().expect("a child can be waited for").is_none() {
            assert!(self.began.elapsed() < LIMIT, "the guest hangs:\n{}", self.console.text());
            thread::sleep(Duration::from_millis(50));
        }
        self.console.finish()
    }

    /// Waits until the console says something.
    pub fn wait_until_says(&mut self, marker: &str) {
        while !self.console.text().contains(marker) {
            let is_over = self.program.try_wait().expect("a child can be waited for").is_some();
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
        self.program.kill().expect("a child can be killed");
        self.program.wait().expect("a killed child can be waited for");
        self.console.finish()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}
