//! Which system calls change files, and what one of them is about.

use std::fs;
use std::io::{Read, Seek, SeekFrom};

use nix::libc;
use nix::unistd::Pid;

/// What a call does to files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Changes what is there.
    Change,
    /// Makes durable what was changed.
    Sync,
    /// Opens a file to read it.
    Open,
    /// Starts a process or a thread.
    Start,
}

/// Which calls a command is stopped at: the fewer, the cheaper is a traced run. Nine of ten calls open a file to read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stops {
    /// Those that change files or make a change durable.
    Changing,
    /// These, those that open files to read them, and those that start processes.
    Touching,
}

/// Where a call keeps what it is about.
#[derive(Clone, Copy)]
enum Object {
    Path(usize),
    Descriptor(usize),
    Nothing,
}

/// A call at its entry: not made yet.
pub struct Call {
    pub name: &'static str,
    pub kind: Kind,
    pub thread: Pid,
    arguments: [u64; 6],
    object: Object,
}

use Kind::{Change, Open, Start, Sync};
use Object::{Descriptor, Nothing, Path};

/// Every call that a program of these roots changes files with (syscalls(2)); mapped memory is not seen, and nothing here
/// keeps its state in it.
const TABLE: &[(libc::c_long, &str, Kind, Object)] = &[
    (libc::SYS_openat, "openat", Change, Path(1)),
    (libc::SYS_renameat, "renameat", Change, Path(3)),
    (libc::SYS_renameat2, "renameat2", Change, Path(3)),
    (libc::SYS_unlinkat, "unlinkat", Change, Path(1)),
    (libc::SYS_mkdirat, "mkdirat", Change, Path(1)),
    (libc::SYS_linkat, "linkat", Change, Path(3)),
    (libc::SYS_symlinkat, "symlinkat", Change, Path(2)),
    (libc::SYS_mknodat, "mknodat", Change, Path(1)),
    (libc::SYS_truncate, "truncate", Change, Path(0)),
    (libc::SYS_ftruncate, "ftruncate", Change, Descriptor(0)),
    (libc::SYS_fallocate, "fallocate", Change, Descriptor(0)),
    (libc::SYS_fchmod, "fchmod", Change, Descriptor(0)),
    (libc::SYS_fchmodat, "fchmodat", Change, Path(1)),
    (libc::SYS_fchown, "fchown", Change, Descriptor(0)),
    (libc::SYS_fchownat, "fchownat", Change, Path(1)),
    (libc::SYS_setxattr, "setxattr", Change, Path(0)),
    (libc::SYS_fsetxattr, "fsetxattr", Change, Descriptor(0)),
    (libc::SYS_copy_file_range, "copy_file_range", Change, Descriptor(2)),
    (libc::SYS_sendfile, "sendfile", Change, Descriptor(0)),
    (libc::SYS_write, "write", Change, Descriptor(0)),
    (libc::SYS_pwrite64, "pwrite64", Change, Descriptor(0)),
    (libc::SYS_writev, "writev", Change, Descriptor(0)),
    (libc::SYS_fsync, "fsync", Sync, Descriptor(0)),
    (libc::SYS_fdatasync, "fdatasync", Sync, Descriptor(0)),
    (libc::SYS_sync_file_range, "sync_file_range", Sync, Descriptor(0)),
    (libc::SYS_syncfs, "syncfs", Sync, Descriptor(0)),
    (libc::SYS_sync, "sync", Sync, Nothing),
    (libc::SYS_ioctl, "ioctl", Change, Descriptor(0)),
    (libc::SYS_clone, "clone", Start, Nothing),
    (libc::SYS_clone3, "clone3", Start, Nothing),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_vfork, "vfork", Start, Nothing),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_fork, "fork", Start, Nothing),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_open, "open", Change, Path(0)),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_creat, "creat", Change, Path(0)),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_rename, "rename", Change, Path(1)),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_unlink, "unlink", Change, Path(0)),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_rmdir, "rmdir", Change, Path(0)),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_mkdir, "mkdir", Change, Path(0)),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_link, "link", Change, Path(1)),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_symlink, "symlink", Change, Path(1)),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_chmod, "chmod", Change, Path(0)),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_chown, "chown", Change, Path(0)),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_lchown, "lchown", Change, Path(0)),
];

/// What makes an opening a change (open(2)).
const CREATING: u64 = (libc::O_CREAT | libc::O_TRUNC) as u64;

/// What `cp` shares blocks with (ioctl_ficlone(2)), and what makes, exchanges and deletes the subvolumes of btrfs: all requests
/// of one kind (`BTRFS_IOCTL_MAGIC` of linux/btrfs.h). Those of them that only ask change nothing, and cost a stop each.
const OF_BTRFS: u64 = 0x94;

/// Returns the calls to stop at as `stop_at.c` reads them, with commas between: a number alone, or with the argument and the
/// bits of which one has to be set.
pub fn numbers(stops: Stops) -> String {
    let rows = TABLE.iter().filter(|row| stops == Stops::Touching || row.2 != Start);
    let told = rows.map(|(number, name, ..)| match (*name, stops) {
        ("openat", Stops::Changing) => format!("{number}:2:{CREATING}"),
        ("open", Stops::Changing) => format!("{number}:1:{CREATING}"),
        _ => number.to_string(),
    });
    told.collect::<Vec<_>>().join(",")
}

impl Call {
    /// Returns the call of that number if it is about files of a root; a write to a pipe or terminal is not.
    pub fn of(thread: Pid, number: u64, arguments: [u64; 6]) -> Option<Self> {
        let &(_, name, kind, object) = TABLE.iter().find(|row| row.0 as u64 == number)?;
        let call = Self { name, kind, thread, arguments, object };
        match (name, call.object) {
            ("openat", _) => Some(call.opening(arguments[2])),
            ("open", _) => Some(call.opening(arguments[1])),
            ("ioctl", _) if (arguments[1] >> 8) & 0xff != OF_BTRFS => None,
            (_, Descriptor(_)) if !call.is_about_a_file() => None,
            _ => Some(call),
        }
    }

    fn opening(self, flags: u64) -> Self {
        Self { kind: if flags & CREATING != 0 { Change } else { Open }, ..self }
    }

    /// Tells whether the call names a file by its path.
    pub fn has_path(&self) -> bool {
        matches!(self.object, Path(_))
    }

    /// Names program, call and file, for a person.
    pub fn described(&self) -> String {
        let program = fs::read_to_string(format!("/proc/{}/comm", self.thread)).unwrap_or_default();
        format!("{} {}({})", program.trim(), self.name, self.file())
    }

    /// Returns the program that makes the call.
    pub fn program(&self) -> String {
        fs::read_to_string(format!("/proc/{}/comm", self.thread)).unwrap_or_default().trim().to_owned()
    }

    /// Returns the file that the call is about, as the caller names it.
    pub fn file(&self) -> String {
        match self.object {
            Path(at) => self.text_at(self.arguments[at]),
            Descriptor(_) => self.descriptor().unwrap_or_default(),
            Nothing => String::new(),
        }
    }

    fn descriptor(&self) -> Option<String> {
        Some(fs::read_link(self.link()?).unwrap_or_default().display().to_string())
    }

    fn link(&self) -> Option<String> {
        let Descriptor(at) = self.object else { return None };
        Some(format!("/proc/{}/fd/{}", self.thread, self.arguments[at]))
    }

    /// Tells whether a descriptor is of a file or folder outside `/proc`. Its path tells nothing more: roots may lie in
    /// `/dev/shm`.
    fn is_about_a_file(&self) -> bool {
        let kind = self.link().and_then(|link| fs::metadata(link).ok()).map(|metadata| metadata.file_type());
        let is_told_by_the_kernel = || self.descriptor().is_none_or(|file| file.starts_with("/proc/"));
        kind.is_some_and(|kind| kind.is_file() || kind.is_dir()) && !is_told_by_the_kernel()
    }

    fn text_at(&self, address: u64) -> String {
        let mut bytes = vec![0; 256];
        let memory = fs::File::open(format!("/proc/{}/mem", self.thread));
        let read = memory.and_then(|mut memory| {
            memory.seek(SeekFrom::Start(address))?;
            memory.read(&mut bytes)
        });
        let text = &bytes[..read.unwrap_or(0)];
        String::from_utf8_lossy(text.split(|byte| *byte == 0).next().unwrap_or_default()).into_owned()
    }
}
