//! Which files of an archive lie in the root as it brought them, by the digests of its header.

use std::path::PathBuf;

use super::super::deb::place::Places;
use crate::host::storage::{self, StorageError};
use crate::model::digest::Sha256;

/// What rpm is asked of each file: flags, mode, digest, target of a link, path (rpm's queryformat, `rpm --querytags`).
pub(super) const QUESTION: &str =
    "[%{FILEFLAGS:fflags}|%{FILEMODES:octal}|%{FILEDIGESTS}|%{FILELINKTOS}|%{FILENAMES}\\n]";

/// The kinds of files in an octal mode (inode(7)).
const FILE: &str = "10";
const LINK: &str = "12";
const FOLDER: &str = "4";

/// A path of an archive.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Brought {
    kind: Kind,
    pub(super) path: PathBuf,
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    File(Sha256),
    Link(PathBuf),
    Folder,
}

/// Reads a line of the answer; `None` for configuration, for what is only named, and for a digest of another kind than
/// rpm writes today: nothing can be told of that.
pub(super) fn brought(line: &str) -> Option<Brought> {
    let mut fields = line.splitn(5, '|');
    let (flags, mode, digest) = (fields.next()?, fields.next()?, fields.next()?);
    let (target, path) = (fields.next()?, PathBuf::from(fields.next()?));
    if flags.contains(['c', 'g']) {
        return None;
    }
    // The last four digits are permissions.
    let mode = mode.trim_start_matches('0');
    let kind = match mode.get(..mode.len().checked_sub(4)?)? {
        FILE => Kind::File(digest.parse().ok()?),
        LINK => Kind::Link(PathBuf::from(target)),
        FOLDER => Kind::Folder,
        _ => return None,
    };
    Some(Brought { kind, path })
}

impl Brought {
    /// Tells whether it lies there as it was brought.
    ///
    /// # Errors
    /// What lies there cannot be read.
    pub(super) fn lies_in(&self, places: &mut Places<'_>) -> Result<bool, StorageError> {
        let place = places.find(&self.path)?;
        let Some(found) = storage::metadata(&place)? else { return Ok(false) };
        match &self.kind {
            Kind::File(digest) => Ok(found.is_file() && storage::digest(&place)? == *digest),
            Kind::Link(target) => Ok(found.is_symlink() && storage::link_target(&place)? == *target),
            Kind::Folder => Ok(found.is_dir()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_links_and_folders_are_read_and_configuration_is_not() {
        let digest = "ab".repeat(32);
        let kind = |line: &str| brought(line).map(|brought| brought.kind);
        assert_eq!(
            kind(&format!("|0100644|{digest}||/usr/bin/x")),
            Some(Kind::File(digest.parse().expect("a digest")))
        );
        assert_eq!(kind("|0120777||y|/usr/bin/z"), Some(Kind::Link("y".into())));
        assert_eq!(kind("d|040755|||/usr/share/doc/x"), Some(Kind::Folder));
        assert_eq!(brought("|040755|||/a|b").expect("a path").path, PathBuf::from("/a|b"));
        for line in [
            &format!("c|0100644|{digest}||/etc/x"),
            &format!("cn|0100644|{digest}||/etc/x"),
            "g|0100644|||/var/log/x",
            "|0100644|d41d8cd98f00b204e9800998ecf8427e||/usr/bin/x",
            "|020666|||/dev/x",
            "",
        ] {
            assert_eq!(brought(line), None, "{line}");
        }
    }
}
