//! Whether root may believe a file: who could have written it, or any folder above it.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::storage::{Result, canonical, metadata};

/// Why a path cannot be trusted by root.
#[derive(Debug, PartialEq, Eq)]
pub enum Distrust {
    /// This path belongs to another user.
    ForeignOwner(PathBuf, u32),
    /// This path can be written by its group or by everyone.
    WritableByOthers(PathBuf),
}

/// Checks that a path and every parent belong to `owner` or root and can be written by no one else.
///
/// A sticky folder such as `/tmp` counts as writable by others.
pub fn distrust(path: &Path, owner: u32) -> Result<Option<Distrust>> {
    let real = canonical(path)?;
    for part in real.ancestors() {
        let Some(metadata) = metadata(part)? else { continue };
        if metadata.uid() != 0 && metadata.uid() != owner {
            return Ok(Some(Distrust::ForeignOwner(part.to_owned(), metadata.uid())));
        }
        if metadata.mode() & 0o022 != 0 {
            return Ok(Some(Distrust::WritableByOthers(part.to_owned())));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::super::storage::{PUBLIC, create_folder, remove_folder, replace};
    use super::*;

    #[test]
    fn a_world_writable_parent_is_distrusted() {
        let folder = std::env::temp_dir().join(format!("patchctl-trust-{}", std::process::id()));
        create_folder(&folder, 0o700).expect("a scratch folder can be made");
        let path = folder.join("conf");
        replace(&path, b"x", PUBLIC).expect("written");
        let verdict = distrust(&path, nix::unistd::getuid().as_raw()).expect("checkable");
        assert!(
            matches!(verdict, Some(Distrust::WritableByOthers(_))),
            "the temporary folder is writable by all: {verdict:?}"
        );
        remove_folder(&folder).expect("removable");
    }
}
