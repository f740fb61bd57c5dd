//! Files that the caller left open: patchctl may read what it was given that way (`<(…)` of a shell), and no child of it
//! inherits any (safety design, T10: a maintainer script or a daemon that it starts would keep them).

use std::os::fd::RawFd;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use nix::unistd::close;

/// Numbers of descriptors that were open when the program started and still are. None of our own is among them, since
/// the system does not give a number away that is in use.
static INHERITED: Mutex<Vec<RawFd>> = Mutex::new(Vec::new());

/// The first number after standard input, output and error.
const FIRST: RawFd = 3;
/// Up to here numbers are closed blindly and at once where the system does not list the open ones: the usual limit of a process
/// (getrlimit(2), RLIMIT_NOFILE).
const USUAL_LIMIT: RawFd = 1024;

/// Remembers what the caller left open. Called before the program opens anything itself.
pub fn note_inherited() {
    let Ok(entries) = std::fs::read_dir("/proc/self/fd") else { return close_all(FIRST..USUAL_LIMIT) };
    let numbers: Vec<RawFd> =
        entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    // The listing held a descriptor of its own, which is closed by now.
    let inherited = numbers.into_iter().filter(|number| *number >= FIRST && is_open(*number));
    *INHERITED.lock().unwrap_or_else(PoisonError::into_inner) = inherited.collect();
}

fn is_open(number: RawFd) -> bool {
    std::fs::read_link(PathBuf::from(format!("/proc/self/fd/{number}"))).is_ok()
}

/// Closes what the caller left open, once. Called before the first child starts.
pub(super) fn close_inherited() {
    close_all(std::mem::take(&mut *INHERITED.lock().unwrap_or_else(PoisonError::into_inner)));
}

fn close_all(numbers: impl IntoIterator<Item = RawFd>) {
    for number in numbers {
        // One that is closed already is as good.
        let _ = close(number);
    }
}
