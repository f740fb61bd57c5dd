//! Starts a child with the file mode mask that children get; patchctl's own lets nobody else in.

use std::io;
use std::process::{Child, Command};
use std::sync::{Mutex, PoisonError};

use nix::sys::stat::{Mode, umask};

/// The mask is the whole process's: two threads that change it at once would leave it as the children have it.
static ALONE: Mutex<()> = Mutex::new(());

/// Starts a child with mask 022 (product rule: environment).
///
/// # Errors
/// It cannot be started.
pub(super) fn with_public_mask(command: &mut Command) -> io::Result<Child> {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let ours = umask(Mode::from_bits_truncate(0o022));
    let child = command.spawn();
    umask(ours);
    child
}
