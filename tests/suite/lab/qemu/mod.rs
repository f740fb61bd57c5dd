//! Answers for real power cuts: a Debian guest in QEMU whose every write to its disk is logged, and disks as a power cut
//! after any of these writes leaves them.
//!
//! The golden is a folder of disks, one for each file system, and the kernel that boots them. A guest is a full Debian
//! root with systemd as its first process; what a patch run does not need (devices, logins, consoles) is masked, because
//! software emulation makes every second of a boot ten. KVM is never asked for: where it is offered inside another virtual
//! machine, no stock kernel may come up.
//!
//! - [`root`]: the root of the guest, and the disks made of it
//! - [`kernel`]: Debian's kernel, and an initrd that mounts the root and nothing else
//! - [`machine`]: a guest that runs, until it ends or its power is cut
//! - [`write_log`]: what it wrote, and the disk as a cut leaves it
//! - [`furnish`]: what a story puts on the disk before it boots
//! - [`zfs_modules`]: what the kernel lacks for ZFS

use std::fs;
use std::path::{Path, PathBuf};

use super::debian::{self, binary_under_test};
use super::namespace::{on_host, try_on_host};
use super::pool::{Pool, RootClone};

pub mod furnish;
mod kernel;
pub mod machine;
mod root;
pub mod write_log;
pub mod zfs_modules;

/// What a test needs of QEMU that no other test does.
const TOOLS: [&str; 4] = ["qemu-system-x86_64", "depmod", "busybox", "bsdtar"];

/// A file system that a guest lives on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileSystem {
    Ext4,
    Btrfs,
}

/// The kernel and the disks of one test; everything goes with the value.
pub struct Guests {
    folder: RootClone,
}

/// A disk of a guest.
pub struct Disk {
    pub file_system: FileSystem,
    pub path: PathBuf,
}

/// A disk that is mounted on the machine; the kernel has replayed its journal.
pub struct Mounted {
    folder: PathBuf,
}

impl FileSystem {
    pub fn name(self) -> &'static str {
        match self {
            Self::Ext4 => "ext4",
            Self::Btrfs => "btrfs",
        }
    }
}

/// Returns guests with a fresh disk of that file system: its root holds every fixture of [`root::FIXTURES`] in version
/// 1.0, the program under test, and its boot unit as the packages ship it, enabled by nobody.
pub fn guests(file_system: FileSystem) -> Option<Guests> {
    if cfg!(not(target_arch = "x86_64")) {
        println!("not run: the guest is one of x86-64");
        return None;
    }
    if let Some(tool) = TOOLS.iter().find(|tool| on_path(tool).is_none()) {
        let reason = format!("{tool} is missing (tests/run installs it)");
        assert!(std::env::var("CI").is_err(), "the laboratory cannot be built: {reason}");
        println!("not run: {reason}");
        return None;
    }
    let pool = debian::available()?;
    let (small, server) = (debian::small()?, debian::server()?);
    let package = kernel::newest_package();
    let folder = pool.clone_of("guests", &root::key(&small, &package), |folder| {
        kernel::fetch(&package, folder);
        root::build(&small, &server, folder);
    });
    let guests = Guests { folder };
    guests.install_program(pool, file_system);
    Some(guests)
}

impl Guests {
    /// Returns the disk before anything ran on it.
    pub fn fresh_disk(&self, file_system: FileSystem) -> Disk {
        Disk { file_system, path: self.path(file_system.name()) }
    }

    /// Returns a copy of a disk under a name that no other disk of this test has.
    pub fn copy(&self, disk: &Disk, name: &str) -> Disk {
        let path = self.path(&format!("{}-{name}", disk.file_system.name()));
        assert!(!path.exists(), "a disk is named {name} already");
        on_host(&["cp", "--reflink=always", text(&disk.path), text(&path)]);
        Disk { file_system: disk.file_system, path }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn install_program(&self, pool: &Pool, file_system: FileSystem) {
        let mounted = Mounted::of(&self.fresh_disk(file_system)).expect("a fresh disk can be mounted");
        let program = mounted.path().join("usr/bin/patchctl");
        fs::copy(pool.shared_copy(binary_under_test()), &program).expect("the program can be installed");
        // Emulation reads what the disk gives; what a debugger wants is three quarters of the file.
        on_host(&["strip", text(&program)]);
        let units = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/systemd");
        let unit = "patchctl-recover.service";
        let target = mounted.path().join("lib/systemd/system").join(unit);
        fs::copy(units.join(unit), target).expect("the boot unit can be installed");
    }
}

impl Mounted {
    /// Mounts a disk for the calling thread.
    ///
    /// # Errors
    /// The kernel refuses the file system.
    pub fn of(disk: &Disk) -> Result<Self, String> {
        let folder = disk.path.with_extension("mounted");
        fs::create_dir_all(&folder).expect("a folder of the pool can be made");
        // Disks of one making have one id: the kernel would take an older one for a stale twin of a newer one.
        let _ = try_on_host(&["btrfs", "device", "scan", "--forget"]);
        let name = disk.file_system.name();
        try_on_host(&["mount", "-t", name, "-o", "loop", text(&disk.path), text(&folder)])?;
        Ok(Self { folder })
    }

    pub fn path(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Called while unwinding: a mount that stays ends with the thread's namespace.
        if let Err(reason) = try_on_host(&["umount", text(&self.folder)]) {
            eprintln!("the laboratory could not unmount a disk: {reason}");
        }
        let _ = fs::remove_dir(&self.folder);
    }
}

impl Disk {
    /// Removes the disk; a test of many cuts has one at a time.
    pub fn remove(self) {
        fs::remove_file(&self.path).expect("a disk can be removed");
    }
}

fn on_path(tool: &str) -> Option<PathBuf> {
    let folders = std::env::var("PATH").unwrap_or_default();
    folders
        .split(':')
        .chain(["/usr/sbin", "/sbin"])
        .map(|folder| Path::new(folder).join(tool))
        .find(|p| p.exists())
}

fn text(path: &Path) -> &str {
    path.to_str().expect("the laboratory's paths are plain text")
}
