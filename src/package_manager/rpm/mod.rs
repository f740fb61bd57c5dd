//! rpm's archives: what they are, and whether the host holds what they brought. rpm itself reads them.

mod format;
mod verify;

pub use format::RpmArchives;
