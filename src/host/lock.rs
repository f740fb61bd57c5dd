//! Locks: patchctl's own, the record locks that dpkg and apt respect, and the numbers of processes that zypp writes.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{processes, storage};

/// How often a lock that is taken is tried again.
const RETRY: Duration = Duration::from_millis(200);

/// Who holds a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its process, where the system tells.
    pub pid: Option<u32>,
    /// Its command, as far as it could be read.
    pub command: String,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.pid {
            Some(pid) => write!(f, "process {pid} ({})", self.command),
            None => f.write_str(&self.command),
        }
    }
}

/// A lock could not be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody else holds it and did not let go in time.
    #[error("{path} is held by {holder}")]
    Held {
        /// The lock file.
        path: PathBuf,
        /// Who holds it.
        holder: Holder,
    },
    /// A lock that is the existence of its file was left there: nobody has it open.
    #[error("{path} was left behind: no process of this host has it open")]
    Left {
        /// The lock file.
        path: PathBuf,
    },
    /// The lock file cannot be opened or locked.
    #[error("cannot lock {path}")]
    Unusable {
        /// The lock file.
        path: PathBuf,
        /// What the system answered.
        #[source]
        source: io::Error,
    },
}

impl LockError {
    fn at(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::Unusable { path: path.to_owned(), source }
    }
}

/// patchctl's own lock: one run at a time. Let go when dropped, or when the process ends in any way.
#[derive(Debug)]
pub struct RunLock {
    _file: File,
}

impl RunLock {
    /// Takes the lock, waiting up to `patience`; writes process and command into it for others to read.
    ///
    /// # Errors
    /// [`LockError::Held`] names the holder.
    pub fn take(path: &Path, command: &str, patience: Duration) -> Result<Self, LockError> {
        let options = &mut OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(storage::PUBLIC);
        let mut file = options.custom_flags(libc::O_NOFOLLOW).open(path).map_err(LockError::at(path))?;
        let give_up = Instant::now() + patience;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if Instant::now() < give_up => thread::sleep(RETRY),
                Err(TryLockError::WouldBlock) => {
                    return Err(LockError::Held { path: path.to_owned(), holder: written_holder(&mut file) });
                }
                Err(TryLockError::Error(source)) => return Err(LockError::at(path)(source)),
            }
        }
        let note = format!("{} {command}\n", std::process::id());
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(note.as_bytes()))
            .map_err(LockError::at(path))?;
        Ok(Self { _file: file })
    }
}

/// Waits until nobody holds a lock that programs keep while they live; a file that is absent is held by nobody.
///
/// # Errors
/// [`LockError::Held`] says `holder` of whoever still has it after `patience`.
pub fn wait_until_free(path: &Path, holder: &str, patience: Duration) -> Result<(), LockError> {
    let file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        opened => opened.map_err(LockError::at(path))?,
    };
    let give_up = Instant::now() + patience;
    loop {
        match file.try_lock_shared() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if Instant::now() < give_up => thread::sleep(RETRY),
            Err(TryLockError::WouldBlock) => {
                let holder = Holder { pid: None, command: holder.to_owned() };
                return Err(LockError::Held { path: path.to_owned(), holder });
            }
            Err(TryLockError::Error(source)) => return Err(LockError::at(path)(source)),
        }
    }
}

/// Returns the process whose number a file holds, where it lives: the kind of lock that zypp takes.
pub fn process_of(path: &Path) -> Option<Holder> {
    let bytes = storage::read_at_most(path, 100).ok()?;
    let pid = std::str::from_utf8(&bytes).ok()?.trim().parse().ok()?;
    Some(Holder { pid: Some(pid), command: command_of(pid)? })
}

/// Waits until the process has ended whose number a file holds.
///
/// # Errors
/// [`LockError::Held`] names it where it still lives after `patience`.
pub fn wait_for_process(path: &Path, patience: Duration) -> Result<(), LockError> {
    let give_up = Instant::now() + patience;
    while let Some(holder) = process_of(path) {
        if Instant::now() >= give_up {
            return Err(LockError::Held { path: path.to_owned(), holder });
        }
        thread::sleep(RETRY);
    }
    Ok(())
}

/// Ends the process that holds patchctl's own lock, at once; tells whether it was one of patchctl's.
///
/// The number comes from a file that root alone writes and whose lock was found held. It is checked against the program
/// that runs under it, which is a name only: nothing is opened.
pub fn end_holder(holder: &Holder) -> bool {
    let Some(pid) = holder.pid else { return false };
    let program = |pid: &str| {
        let path = std::fs::read_link(format!("/proc/{pid}/exe")).ok()?;
        let name = path.file_name()?.to_string_lossy().into_owned();
        Some(name.trim_end_matches(" (deleted)").to_owned())
    };
    let is_same = program("self").is_some() && program("self") == program(&pid.to_string());
    let number = i32::try_from(pid).unwrap_or(i32::MAX);
    is_same && kill(Pid::from_raw(number), Signal::SIGKILL).is_ok()
}

fn written_holder(file: &mut File) -> Holder {
    let mut text = String::new();
    let _ = file.rewind().and_then(|()| file.take(400).read_to_string(&mut text));
    let (pid, command) = text.trim_end().split_once(' ').unwrap_or_default();
    Holder { pid: pid.parse().ok(), command: format!("patchctl {command}").trim_end().to_owned() }
}

/// A POSIX record lock over a whole file, the kind dpkg and apt take.
///
/// Closing *any* descriptor of the file would drop it, so the file is opened once and kept (fcntl(2)).
#[derive(Debug)]
pub struct RecordLock {
    _file: File,
}

impl RecordLock {
    /// Takes the lock, waiting up to `patience`.
    ///
    /// # Errors
    /// [`LockError::Held`] names the holder.
    pub fn take(path: &Path, patience: Duration) -> Result<Self, LockError> {
        let options = &mut OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o640);
        let file = options.custom_flags(libc::O_NOFOLLOW).open(path).map_err(LockError::at(path))?;
        let give_up = Instant::now() + patience;
        loop {
            match fcntl(&file, FcntlArg::F_SETLK(&whole_file())) {
                Ok(_) => return Ok(Self { _file: file }),
                Err(nix::Error::EAGAIN | nix::Error::EACCES) if Instant::now() < give_up => {
                    thread::sleep(RETRY)
                }
                Err(nix::Error::EAGAIN | nix::Error::EACCES) => {
                    return Err(LockError::Held { path: path.to_owned(), holder: record_holder(&file) });
                }
                Err(errno) => return Err(LockError::at(path)(errno.into())),
            }
        }
    }
}

/// Tells who holds a record lock on a file, without taking it; a file that is not there nobody holds.
///
/// # Errors
/// The file cannot be opened or asked about.
pub fn record_holder_of(path: &Path) -> Result<Option<Holder>, LockError> {
    let file = match OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW).open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        file => file.map_err(LockError::at(path))?,
    };
    let mut question = whole_file();
    fcntl(&file, FcntlArg::F_GETLK(&mut question)).map_err(|errno| LockError::at(path)(errno.into()))?;
    Ok((question.l_type != libc::F_UNLCK as i16).then(|| record_holder(&file)))
}

fn whole_file() -> libc::flock {
    libc::flock {
        l_type: libc::F_WRLCK as i16,
        l_whence: libc::SEEK_SET as i16,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    }
}

fn record_holder(file: &File) -> Holder {
    let mut question = whole_file();
    let answer = fcntl(file, FcntlArg::F_GETLK(&mut question));
    let pid = if answer.is_ok() { u32::try_from(question.l_pid).ok().filter(|pid| *pid > 0) } else { None };
    let command = pid.and_then(command_of).unwrap_or_else(|| "another process".to_owned());
    Holder { pid, command }
}

/// Tells which process has a file open that exists as long as its lock does (pacman's `db.lck`); nobody where no process
/// of this host has. What belongs to other users is seen by root alone.
pub fn holder_of_open_file(path: &Path) -> Option<Holder> {
    let identity = |path: &Path| std::fs::metadata(path).map(|found| (found.dev(), found.ino())).ok();
    let wanted = identity(path)?;
    let has_it_open = |pid: &u32| {
        let Ok(entries) = std::fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
        let mut open = entries.filter_map(Result::ok).filter_map(|entry| identity(&entry.path()));
        open.any(|found| found == wanted)
    };
    let pid = processes::numbers().into_iter().find(has_it_open)?;
    Some(Holder { pid: Some(pid), command: command_of(pid).unwrap_or_else(|| "another process".to_owned()) })
}

/// Returns the short command name of a process.
pub fn command_of(pid: u32) -> Option<String> {
    match std::fs::read_to_string(format!("/proc/{pid}/comm")) {
        Ok(text) => Some(text.trim_end().to_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(_) => None,
    }
}
