//! The keys by which archives are checked, shown to pacman and gpg in folders of patchctl's own.
//!
//! gpg writes beside the keys: locks (GnuPG, `common/dotlock.c`, `.#lkADDRESS.HOST.PROCESS`), and now and then the whole
//! keybox anew, to leave out what is deleted (`kbx/keybox-update.c`, `keybox_compress`). What one that is killed leaves of
//! these stays there for ever, and a key that a server offers would be taken into the host's keyring unasked.

use std::path::Path;

use super::configuration::Options;
use crate::host::storage::{self, StorageError};

/// Makes the folder anew, with a link to each file of the keyring of a root, and returns it.
///
/// # Errors
/// It cannot be written.
pub(super) fn shown<'a>(root: &Path, folder: &'a Path) -> Result<&'a Path, StorageError> {
    storage::remove_folder(folder)?;
    storage::create_folder(folder, 0o700)?;
    for path in storage::list(&Options::read(root).keyring())? {
        let Some(name) = path.file_name().and_then(|name| name.to_str()).filter(|name| is_kept(name)) else {
            continue;
        };
        storage::replace_link(&folder.join(name), &path)?;
    }
    Ok(folder)
}

/// Locks and the sockets of agents belong to whoever works in the keyring itself.
fn is_kept(name: &str) -> bool {
    !name.starts_with(".#lk") && !name.ends_with(".lock") && !name.starts_with("S.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_shown_and_locks_are_not() {
        let root = std::path::PathBuf::from(format!("/tmp/patchctl-shown-keyring-{}", std::process::id()));
        for name in ["pubring.gpg", "trustdb.gpg", "pubring.gpg.lock", ".#lk0x1.lab.7", "S.gpg-agent"] {
            let path = root.join("etc/pacman.d/gnupg").join(name);
            storage::create_folder(&root.join("etc/pacman.d/gnupg"), 0o700).expect("writable");
            storage::replace(&path, b"x", storage::PRIVATE).expect("writable");
        }
        let own = root.join("own");
        for _ in 0..2 {
            let folder = shown(&root, &own).expect("it can be made");
            let listed = storage::list(folder).expect("it is there");
            let names: Vec<_> = listed.iter().filter_map(|path| path.file_name()?.to_str()).collect();
            assert_eq!(names, ["pubring.gpg", "trustdb.gpg"]);
            assert_eq!(storage::read(&folder.join("trustdb.gpg")).ok().as_deref(), Some(&b"x"[..]));
        }
        storage::remove_folder(&root).expect("writable");
    }
}
