//! Files with owner, mode and extended attributes: read, and written as one atomic change.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, fchown};
use std::path::Path;

use nix::libc;
use xattr::FileExt;

use super::storage::{self, Result, StorageError};

/// Extended attributes by name: access lists (acl(5)), capabilities, labels and notes of users (xattr(7)).
pub type Attributes = BTreeMap<OsString, Vec<u8>>;

/// Attributes that belong to the inode or to what is measured of it, not to the file as an administrator sees it: they
/// are neither kept nor put back (evmctl(1); the kernel makes them anew).
const OF_THE_INODE: [&str; 2] = ["security.evm", "security.ima"];

/// Attributes of the system's security modules: a new file gets them by policy, and keeps them where none are known.
const OF_POLICY: &str = "security.";

/// Whom a path belongs to, and who may do what with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rights {
    /// User number.
    pub uid: u32,
    /// Group number.
    pub gid: u32,
    /// Permission bits with setuid, setgid and sticky.
    pub mode: u32,
    /// Extended attributes.
    pub attributes: Attributes,
}

/// Reads the extended attributes of a file or folder; none where the file system has none.
///
/// # Errors
/// They cannot be read.
pub fn attributes(path: &Path) -> Result<Attributes> {
    let at = |source| StorageError { operation: "read the attributes of", path: path.to_owned(), source };
    let names = match xattr::list(path) {
        Err(error) if error.kind() == ErrorKind::Unsupported => return Ok(Attributes::new()),
        names => names.map_err(at)?,
    };
    let mut attributes = Attributes::new();
    for name in names.filter(|name| OF_THE_INODE.iter().all(|own| name != *own)) {
        // One that vanishes meanwhile is none.
        if let Some(value) = xattr::get(path, &name).map_err(at)? {
            attributes.insert(name, value);
        }
    }
    Ok(attributes)
}

/// Replaces a file as [`storage::replace`] does, and gives it owner, attributes and mode before it gets its name.
///
/// # Errors
/// Writing, owning or naming fails; then the old file is still there, unchanged.
pub fn replace(path: &Path, bytes: &[u8], rights: &Rights) -> Result<()> {
    let temporary = super::draft::beside(path);
    let _ = fs::remove_file(&temporary);
    let at = |source| StorageError { operation: "write", path: path.to_owned(), source };
    let written = write(&temporary, bytes, rights).map_err(at);
    let named = written.and_then(|()| storage::rename(&temporary, path));
    if named.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    named
}

fn write(temporary: &Path, bytes: &[u8], rights: &Rights) -> io::Result<()> {
    let options = &mut OpenOptions::new();
    let mut file = options.read(true).write(true).create_new(true).mode(storage::PRIVATE).open(temporary)?;
    file.write_all(bytes)?;
    give(&file, rights)?;
    file.sync_all()
}

/// Gives an existing folder its owner, attributes and mode.
///
/// # Errors
/// It cannot be opened as a folder, or the system refuses.
pub fn give_folder(path: &Path, rights: &Rights) -> Result<()> {
    let at = |source| StorageError { operation: "set the rights of", path: path.to_owned(), source };
    let flags = libc::O_DIRECTORY | libc::O_NOFOLLOW;
    let folder = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(at)?;
    give(&folder, rights).map_err(at)
}

/// An owner change clears capabilities and setuid (chown(2)), and the mode is the mask of an access list (acl(5)):
/// so owner first, attributes second, mode last.
fn give(file: &File, rights: &Rights) -> io::Result<()> {
    fchown(file, Some(rights.uid), Some(rights.gid))?;
    let present = file.list_xattr().map_or_else(|_| Vec::new(), Iterator::collect::<Vec<OsString>>);
    for name in present.iter().filter(|name| !rights.attributes.contains_key(*name)) {
        if !name.as_encoded_bytes().starts_with(OF_POLICY.as_bytes()) {
            file.remove_xattr(name)?;
        }
    }
    for (name, value) in &rights.attributes {
        file.set_xattr(name, value)?;
    }
    file.set_permissions(Permissions::from_mode(rights.mode))
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
        let has_attributes = xattr::set(&path, "user.note", b"kept").is_ok();
        let own = fs::metadata(&path).expect("there");
        let attributes = super::attributes(&path).expect("readable");
        let rights = Rights { uid: own.uid(), gid: own.gid(), mode: 0o4751, attributes };
        fs::remove_file(&path).expect("what vanished comes back whole");
        replace(&path, b"new", &rights).expect("replaced");
        assert_eq!(fs::read(&path).expect("readable"), b"new");
        assert_eq!(fs::metadata(&path).expect("there").mode() & 0o7777, 0o4751);
        if has_attributes {
            assert_eq!(xattr::get(&path, "user.note").expect("readable"), Some(b"kept".to_vec()));
        }
        assert_eq!(remove_empty_folder(&folder).ok(), Some(false));
        let _ = fs::remove_dir_all(&folder);
    }
}
