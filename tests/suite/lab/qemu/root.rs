//! Answers for the root of the guest: the small root with systemd from the vendor's own archives, and the fixtures.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::machine::{Errand, Machine};
use super::{Disk, FileSystem, Mounted, text};
use crate::lab::debian::DebianRoot;
use crate::lab::namespace::on_host;

/// What a run in the guest patches: plain files, a configuration file, a chain, an addition, a service that is restarted.
pub const FIXTURES: &[&str] = &["lab-plain", "lab-conf", "lab-chain-a", "lab-needsnew", "lab-service"];

/// What the administrator wrote; it must never be lost.
pub const EDITED: &str = "edited by the administrator\n";

/// Holds the root (0.3 GB), the program and a run twice.
const FILE_SYSTEM_BYTES: u64 = 1 << 30;

/// Room behind the file system: a mark is written there.
const MARK_BYTES: u64 = 1 << 20;

/// The block that a mark is written to, and its size.
pub const MARK_BLOCK: u64 = FILE_SYSTEM_BYTES / 4096;

const GUEST: &str = include_str!("guest.sh");

/// While it works it counts as being started: a service that runs would be expected of the next boot, before it can.
const UNIT: &str = "[Unit]\nDescription=The errand of the laboratory\nAfter=multi-user.target\n\n\
    [Service]\nType=oneshot\nExecStart=/usr/sbin/lab-guest\nRestart=no\n\n[Install]\nWantedBy=multi-user.target\n";

/// No part of a patch run, and seconds of every emulated boot; or started in QEMU and not in a container, which has no
/// consoles: a boot there would not be one of the same host.
const MASKED: &[&str] = &[
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "console-getty.service",
    "dev-hugepages.mount",
    "dev-mqueue.mount",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    "fstrim.timer",
    "getty-static.service",
    "getty@tty1.service",
    "kmod-static-nodes.service",
    "modprobe@.service",
    "modprobe@configfs.service",
    "modprobe@dm_mod.service",
    "modprobe@drm.service",
    "modprobe@efi_pstore.service",
    "modprobe@fuse.service",
    "modprobe@loop.service",
    "proc-sys-fs-binfmt_misc.automount",
    "serial-getty@ttyS0.service",
    "sys-fs-fuse-connections.mount",
    "sys-kernel-config.mount",
    "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount",
    "systemd-ask-password-console.path",
    "systemd-ask-password-wall.path",
    "systemd-binfmt.service",
    "systemd-initctl.socket",
    "systemd-journal-catalog-update.service",
    "systemd-journal-flush.service",
    "systemd-journald-audit.socket",
    "systemd-logind.service",
    "systemd-modules-load.service",
    "systemd-network-generator.service",
    "systemd-pstore.service",
    "systemd-random-seed.service",
    "systemd-remount-fs.service",
    "systemd-sysctl.service",
    "systemd-sysusers.service",
    "systemd-tmpfiles-clean.timer",
    "systemd-tmpfiles-setup-dev.service",
    "systemd-update-utmp.service",
    "systemd-update-utmp-runlevel.service",
    "systemd-user-sessions.service",
];

/// The disks follow their recipe, the root they are made of, and the kernel.
pub fn key(small: &DebianRoot, kernel: &str) -> String {
    let recipe =
        [include_str!("root.rs"), include_str!("kernel.rs"), include_str!("init.sh"), GUEST].concat();
    let repository = [include_str!("../repository.rs"), include_str!("../packages.rs")].concat();
    let parts = [recipe.as_str(), &repository, &small.read("var/lib/dpkg/status"), kernel];
    let hash = Sha256::digest(parts.concat());
    hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Makes a guest of the small root, and a disk of it for each file system.
pub fn build(small: &DebianRoot, server: &DebianRoot, folder: &Path) {
    install_systemd(small, server);
    let wanted: Vec<String> = FIXTURES.iter().map(|name| format!("{name}=1.0")).collect();
    let mut install = vec!["install", "-y", "--no-install-recommends"];
    install.extend(wanted.iter().map(String::as_str));
    small.apt(&install).expect_code(0);
    small.write("etc/lab-conf.conf", EDITED);
    small.apt(&["clean"]).expect_code(0);
    fs::remove_file(small.path("usr/sbin/policy-rc.d")).expect("services may start here");
    write_errand(small);
    make_disk(small, FileSystem::Ext4, folder);
    make_disk(small, FileSystem::Btrfs, folder);
}

/// The mirror of the server root has every archive that systemd needs.
fn install_systemd(small: &DebianRoot, server: &DebianRoot) {
    let (mirror, list) = (small.path("srv/mirror"), small.path("etc/apt/sources.list.d/vendor.list"));
    on_host(&["cp", "-a", "--reflink=always", text(&server.path("srv/mirror")), text(&mirror)]);
    fs::write(&list, server.read("etc/apt/sources.list")).expect("a list of sources can be written");
    small.apt(&["update"]).expect_code(0);
    small.apt(&["install", "-y", "--no-install-recommends", "systemd", "systemd-sysv"]).expect_code(0);
    fs::remove_dir_all(&mirror).expect("the mirror can go");
    fs::remove_file(&list).expect("the list can go");
    small.apt(&["update"]).expect_code(0);
}

fn write_errand(small: &DebianRoot) {
    small.write("usr/sbin/lab-guest", &GUEST.replace("@MARKS@", &MARK_BLOCK.to_string()));
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(small.path("usr/sbin/lab-guest"), mode).expect("a mode can be set");
    small.write("etc/fstab", "");
    small.write("etc/machine-id", "0123456789abcdef0123456789abcdef\n");
    // The trial of a run is as long as anywhere else, but looked at oftener.
    small.write("etc/patchctl/patchctl.toml", "[health]\npoll = \"1s\"\n");
    small.write("etc/systemd/journald.conf.d/lab.conf", "[Journal]\nStorage=volatile\n");
    small.write("etc/systemd/system/lab-guest.service", UNIT);
    small.run(&["systemctl", "enable", "lab-guest.service"]).expect_code(0);
    for unit in MASKED {
        let link = small.path("etc/systemd/system").join(unit);
        let _ = fs::remove_file(&link);
        symlink("/dev/null", link).expect("a unit can be masked");
    }
}

/// The kernel fills the disk, as on any host. What `mkfs.btrfs --rootdir` fills (6.2) the kernel does not bear: after the
/// first cut a link was gone that nobody had touched.
fn make_disk(small: &DebianRoot, file_system: FileSystem, folder: &Path) {
    let disk = Disk { file_system, path: folder.join(file_system.name()) };
    let file = fs::File::create(&disk.path).expect("a disk can be made");
    file.set_len(FILE_SYSTEM_BYTES).expect("a disk has a size");
    let maker: &[&str] = match file_system {
        // Tables that the kernel would fill in later: it would write for minutes what is no part of a run.
        FileSystem::Ext4 => &["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0"],
        FileSystem::Btrfs => &["mkfs.btrfs", "-q"],
    };
    on_host(&[maker, &[text(&disk.path)]].concat());
    file.set_len(FILE_SYSTEM_BYTES + MARK_BYTES).expect("a disk can grow");
    let mounted = Mounted::of(&disk).expect("a disk can be mounted");
    let everything = format!("{}/.", small.path("/").display());
    on_host(&["cp", "-a", &everything, text(mounted.path())]);
    // What only the first boot of a root writes is no part of a run.
    Machine::in_container(&mounted, Errand::Nothing);
}
