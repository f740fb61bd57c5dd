//! The mask of file modes (umask(2)). Every file and folder is made with a mode of its own, so the caller's mask could only
//! take away what that mode gives: the units of the packages and careful shells have 077, which would close the summary to
//! monitoring, and apt's marks to users. Children start with the same mask (product rule: environment).

use nix::sys::stat::{Mode, umask};

/// Takes the caller's mask off and sets 022. Called before the program makes anything, and before it has a thread: the mask is
/// the whole process's.
pub fn set() {
    umask(Mode::from_bits_truncate(0o022));
}
