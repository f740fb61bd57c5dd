//! Answers for a guest that runs and what its console says: in QEMU, or in a container of the machine's own kernel, where
//! the same systemd boots the same disk in a second.

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
    /// Takes the last run back, with the same marks.
    Rollback,
    /// Looks what the boot unit made of the host, and powers off.
    Judge,
    /// Runs `/usr/sbin/lab-script`, and powers off.
    Script,
    /// Powers off.
    Nothing,
}

/// What a guest has beside its disk.
#[derive(Clone, Copy)]
pub enum Beside<'a> {
    /// Nothing.
    Nothing,
    /// A log of every write to its disk, in this file.
    Log(&'a Path),
    /// A second disk, and the modules for thin volumes.
    SecondDisk(&'a Path),
}

impl Errand {
    /// The word on the kernel's command line.
    fn word(self) -> &'static str {
        match self {
            Self::Apply => "lab.errand=apply",
            Self::Rollback => "lab.errand=rollback",
            Self::Judge => "lab.errand=judge",
            Self::Script => "lab.errand=script",
            Self::Nothing => "lab.errand=nothing",
        }
    }
}

/// The guest's kernel: no messages, no guards that cost emulated time, and the processor's own counter as its clock, which
/// programs read without a call.
const KERNEL_WORDS: &str = "console=ttyS0 quiet loglevel=1 panic=-1 mitigations=off nokaslr audit=0 apparmor=0 \
    tsc=reliable clocksource=tsc nowatchdog cryptomgr.notests rcupdate.rcu_expedited=1 systemd.show_status=0";

/// The emulator. A processor with few abilities: what wide registers and guards of the newer ones save on silicon costs time
/// in software.
const EMULATOR: &[&str] = &[
    "qemu-system-x86_64",
    "-accel",
    "tcg",
    "-cpu",
    "qemu64,+rdrand",
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
];

/// QEMU need not wait for the machine's own disk: what the guest loses is decided by its writes and flushes.
fn node(name: &str, file: &Path) -> String {
    format!("driver=file,node-name={name},filename={},cache.no-flush=on", text(file))
}

fn device(node: &str) -> String {
    format!("virtio-blk-pci,drive={node},discard=off,write-zeroes=off")
}

/// A guest that runs; it ends with the value.
pub struct Machine {
    program: Child,
    console: Capture,
    began: Instant,
}

impl Machine {
    /// Boots a disk.
    pub fn boot(guests: &Guests, disk: &Disk, errand: Errand, beside: Beside<'_>) -> Self {
        let modules = if matches!(beside, Beside::SecondDisk(_)) { "lab.modules=thin" } else { "" };
        let type_of_root = format!("lab.file_system={}", disk.file_system.name());
        let words = [KERNEL_WORDS, &type_of_root, errand.word(), modules].join(" ");
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]).args(EMULATOR);
        command.arg("-kernel").arg(guests.path("kernel")).arg("-initrd").arg(guests.path("initrd"));
        command.args(["-append", &words]);
        command.args(["-blockdev", &node("disk", &disk.path)]);
        let first = if let Beside::Log(log) = beside {
            std::fs::File::create(log).expect("a log can be made");
            command.args(["-blockdev", &node("log", log)]);
            command.args(["-blockdev", "driver=blklogwrites,node-name=logged,file=disk,log=log"]);
            "logged"
        } else {
            "disk"
        };
        command.args(["-device", &device(first)]);
        if let Beside::SecondDisk(second) = beside {
            command.args(["-blockdev", &node("second", second), "-device", &device("second")]);
        }
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
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}
