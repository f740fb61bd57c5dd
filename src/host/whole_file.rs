//! Files that are there whole or not at all, with no draft beside them that a power cut could leave: for folders that are not
//! patchctl's own, where nobody sweeps.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::fcntl::{AT_FDCWD, AtFlags};
use nix::libc;

use super::storage::{self, Result, StorageError};

/// Creates a file that is not there yet. Its content is durable when it gets its name (open(2), `O_TMPFILE`); where the file
/// system has no files without a name, it is created by way of a draft.
///
/// # Errors
/// It is there already, or cannot be written.
pub fn create(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let mut options = OpenOptions::new();
    let opened = options.write(true).custom_flags(libc::O_TMPFILE).mode(mode).open(folder);
    let mut file = match opened {
        Err(error) if error.raw_os_error() == Some(libc::EOPNOTSUPP) => {
            return storage::replace(path, bytes, mode);
        }
        opened => opened.map_err(StorageError::at("write", path))?,
    };
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(StorageError::at("write", path))?;
    name(&file, path).map_err(StorageError::at("name", path))
}

/// linkat(2): the way for who may not read directories of others is over `/proc`.
fn name(file: &File, path: &Path) -> io::Result<()> {
    let open = format!("/proc/self/fd/{}", file.as_raw_fd());
    let linked = nix::unistd::linkat(AT_FDCWD, open.as_str(), AT_FDCWD, path, AtFlags::AT_SYMLINK_FOLLOW);
    linked.map_err(io::Error::from)
}

/// Makes a link that is not there yet.
///
/// # Errors
/// Something is there already, or it cannot be made.
pub fn link(link: &Path, target: &Path) -> Result<()> {
    std::os::unix::fs::symlink(target, link).map_err(StorageError::at("link", link))
}

/// Makes everything durable that was changed on the file system of a folder, at once (syncfs(2)).
///
/// # Errors
/// The folder cannot be opened, or the disk reports a failure.
pub fn sync_file_system(folder: &Path) -> Result<()> {
    let at = || StorageError::at("sync the file system of", folder);
    let open = storage::open(folder)?;
    nix::unistd::syncfs(&open).map_err(io::Error::from).map_err(at())
}
