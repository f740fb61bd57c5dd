//! The databases of the repositories that patchctl plans by: a folder of its own that pacman takes for its database
//! (pacman(8), `--dbpath`), with the live list of installed packages in it.
//!
//! Where pacman fetched a newer one since, by an upgrade of the administrator, a link to it takes the place of our own:
//! pacman asks a server for what is newer than the file, so that its date must be the server's.

use std::path::{Path, PathBuf};

use crate::host::lock;
use crate::host::storage::{self, StorageError};

/// pacman's own database, below a root.
const LIVE: &str = "var/lib/pacman";

/// Our folder, and the root whose installed packages it shows.
#[derive(Clone, Debug)]
pub(super) struct Databases {
    own: PathBuf,
    live: PathBuf,
    stamp: PathBuf,
}

impl Databases {
    pub(super) fn new(root: &Path, (own, stamp): (PathBuf, PathBuf)) -> Self {
        Self { own, live: root.join(LIVE), stamp }
    }

    /// Brings the folder to the newest that is here and returns it, or pacman's own where this user may not: asking
    /// changes neither.
    pub(super) fn for_asking(&self) -> PathBuf {
        match self.prepare() {
            Ok(()) => self.own.clone(),
            Err(_) if storage::exists(&self.own.join("local")) && !self.is_behind() => self.own.clone(),
            Err(_) => self.live.clone(),
        }
    }

    /// Brings the folder to the newest that is here.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn prepare(&self) -> Result<(), StorageError> {
        let local = self.live.join("local");
        let is_linked = storage::link_target(&self.own.join("local")).is_ok_and(|target| target == local);
        if !is_linked {
            storage::create_folder(&self.own.join("sync"), 0o755)?;
            storage::replace_link(&self.own.join("local"), &local)?;
        }
        for (own, live) in self.pairs() {
            if is_older(&own, &live) {
                storage::replace_link(&own, &live)?;
            }
        }
        Ok(())
    }

    fn is_behind(&self) -> bool {
        self.pairs().iter().any(|(own, live)| is_older(own, live))
    }

    /// Every live database with the place that ours has.
    fn pairs(&self) -> Vec<(PathBuf, PathBuf)> {
        let listed = storage::list(&self.live.join("sync")).unwrap_or_default();
        let ours = |live: &PathBuf| self.own.join("sync").join(live.file_name().unwrap_or_default());
        listed.into_iter().map(|live| (ours(&live), live)).collect()
    }

    /// Where the keyring is shown to pacman, which checks what it fetches.
    pub(super) fn keyring(&self) -> PathBuf {
        self.own.join("gnupg")
    }

    /// Where it is shown to gpg, when patchctl asks it about archives: a refresh may fetch meanwhile.
    pub(super) fn keyring_of_archives(&self) -> PathBuf {
        self.own.join("gnupg-archives")
    }

    /// Removes the lock of a refresh that was killed: no other pacman works in this folder.
    pub(super) fn unlock(&self) -> Result<(), StorageError> {
        let path = self.own.join("db.lck");
        match storage::exists(&path) && lock::holder_of_open_file(&path).is_none() {
            true => storage::remove_file(&path),
            false => Ok(()),
        }
    }

    /// Notes that every repository was asked.
    pub(super) fn note_refresh(&self) -> Result<(), StorageError> {
        storage::replace(&self.stamp, b"", storage::PUBLIC)
    }
}

/// Tells whether ours is missing, or the live one was changed by the server since.
fn is_older(own: &Path, live: &Path) -> bool {
    let date = |path: &Path| storage::stamp(path).seconds;
    !storage::exists(own) || date(own) < date(live)
}
