//! The paths of a rehearsal, below patchctl's own state.

use std::path::{Path, PathBuf};

use super::layout::Layout;

/// The folder of a rehearsal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RehearsalFolder {
    folder: PathBuf,
}

impl RehearsalFolder {
    pub(super) fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// What the clone is made of.
    pub fn design(&self) -> PathBuf {
        self.folder.join("design.json")
    }

    /// Where the clone is assembled.
    pub fn root(&self) -> PathBuf {
        self.folder.join("root")
    }

    /// What is changed on one of the clone's mounts.
    pub fn layer(&self, number: usize) -> PathBuf {
        self.folder.join("layers").join(number.to_string())
    }

    /// The read-only snapshots that the clone stands on, where there are any.
    pub fn snapshots(&self) -> PathBuf {
        self.folder.join("snapshots")
    }

    /// Where the clone is booted: a file system in memory is mounted on it, in namespaces of its own.
    pub fn boot(&self) -> PathBuf {
        self.folder.join("boot")
    }

    /// What a boot of the clone is made of: `before` the plan, or `after` it.
    pub fn boot_design(&self, which: &str) -> PathBuf {
        self.folder.join(format!("boot-{which}.json"))
    }

    /// What the service manager of a booted clone says of its units.
    pub fn booted_units(&self, which: &str) -> PathBuf {
        self.folder.join(format!("units-{which}"))
    }

    /// The state folder that patchctl has in the clone.
    pub fn state(&self) -> PathBuf {
        self.folder.join("state")
    }

    /// The layout of the clone's own records, as they lie on the host.
    pub fn layout(&self) -> Layout {
        Layout::system(Path::new("/")).keeping_state_in(self.state())
    }
}
