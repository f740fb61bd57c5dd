//! What dnf and zypper have in common: rpm's archives, and whether the host holds what they brought; builds by name; its
//! lock; the way back by rpm alone; archives rebuilt from installed files. rpm itself reads its archives.

pub(super) mod builds;
mod complaints;
mod format;
pub(super) mod lock;
mod lying;
mod rebuild;
pub(super) mod recovery;
mod signature;
mod verify;

pub use format::RpmArchives;

/// The lowest tool.
pub(super) const RPM: &str = "/usr/bin/rpm";
