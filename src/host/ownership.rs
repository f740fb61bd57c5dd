//! Files written with owner, mode and extended attributes, as one atomic change.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, fchown};
use std::path::Path;

use xattr::FileExt;

use super::storage::{self, Result, StorageError};

/// Whom a path belongs to, and its permission bits with setuid, setgid and sticky.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    /// User number.
    pub uid: u32,
    /// Group number.
    pub gid: u32,
    /// Permission bits.
    pub mode: u32,
}

/// Replaces a file as [`storage::replace`] does, and gives it owner and mode before it gets its name. Extended
/// attributes (access lists and labels among them) of the file that it replaces are carried over; where there was
/// none, the new file has what the file system gives it.
///
/// # Errors
/// Writing, owning or naming fails; then the old file is still there, unchanged.
pub fn replace(path: &Path, bytes: &[u8], rights: Rights) -> Result<()> {
    let temporary = storage::temporary_beside(path);
    let _ = fs::remove_file(&temporary);
    let at = |source| StorageError { operation: "write", path: path.to_owned(), source };
    let written = write(&temporary, bytes, (path, rights)).map_err(at);
    let named = written.and_then(|()| storage::rename(&temporary, path));
    if named.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    named
}

/// An owner change clears capabilities and setuid (chown(2)), and the mode is the mask of an access list (acl(5)):
/// so owner first, attributes second, mode last.
fn write(temporary: &Path, bytes: &[u8], (replaced, rights): (&Path, Rights)) -> io::Result<()> {
    let options = &mut OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(storage::PRIVATE).open(temporary)?;
    file.write_all(bytes)?;
    fchown(&file, Some(rights.uid), Some(rights.gid))?;
    carry_attributes(replaced, &file)?;
    file.set_permissions(Permissions::from_mode(rights.mode))?;
    file.sync_all()
}

fn carry_attributes(from: &Path, to: &File) -> io::Result<()> {
    let is_file = fs::symlink_metadata(from).is_ok_and(|metadata| metadata.is_file());
    if !is_file {
        return Ok(());
    }
    let names = match xattr::list(from) {
        Err(error) if error.kind() == ErrorKind::Unsupported => return Ok(()),
        names => names?,
    };
    for name in names {
        if let Some(value) = xattr::get(from, &name)? {
            to.set_xattr(&name, &value)?;
        }
    }
    Ok(())
}

/// Removes a folder when nothing is in it; tells whether it is gone.
///
/// # Errors
/// The folder cannot be removed for another reason than what is in it.
pub fn remove_empty_folder(path: &Path) -> Result<bool> {
    match fs::remove_dir(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
        Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => Ok(false),
        Err(source) => Err(StorageError { operation: "remove the folder", path: path.to_owned(), source }),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn owner_mode_and_attributes_are_as_asked_and_as_before() {
        let folder = std::env::temp_dir().join(format!("patchctl-ownership-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        storage::create_folder(&folder, 0o700).expect("a scratch folder");
        let path = folder.join("file");
        fs::write(&path, "old").expect("written");
        let attributes = xattr::set(&path, "user.note", b"kept").is_ok();
        let own = fs::metadata(&path).expect("there");
        let rights = Rights { uid: own.uid(), gid: own.gid(), mode: 0o4751 };
        replace(&path, b"new", rights).expect("replaced");
        assert_eq!(fs::read(&path).expect("readable"), b"new");
        assert_eq!(fs::metadata(&path).expect("there").mode() & 0o7777, 0o4751);
        if attributes {
            assert_eq!(xattr::get(&path, "user.note").expect("readable"), Some(b"kept".to_vec()));
        }
        assert_eq!(remove_empty_folder(&folder).ok(), Some(false));
        let _ = fs::remove_dir_all(&folder);
    }
}
