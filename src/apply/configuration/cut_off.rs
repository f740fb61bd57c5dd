//! What a maintainer script that was killed left in `/etc`: the draft of `sed -i`, which it would have renamed.
//!
//! GNU sed writes to a new file beside the one it edits, called `sed` and six letters or digits (GNU sed 4.9,
//! `sed/execute.c`, `mkostemp`). A script that runs again makes another and never looks for the first. Whatever else
//! appeared may be what a script made on purpose, so it stays.

use std::path::Path;

use super::manifest::{Kind, Manifest, Scope};
use super::save::Saved;
use crate::config::layout::RunFolder;
use crate::host::storage;

use super::super::{RunError, Tools};

/// Removes drafts that were not there before the run. Done again it finds nothing to do.
///
/// # Errors
/// What was saved before the run cannot be read, `/etc` not be listed, or a file not be removed.
pub fn sweep(tools: &Tools<'_>, folder: &RunFolder) -> Result<(), RunError> {
    let Some(before) = Saved::open(&folder.before()).map_err(RunError::Saved)? else { return Ok(()) };
    let scope = Scope::etc(tools.layout.root());
    for entry in Manifest::capture(&scope).map_err(RunError::Storage)?.entries() {
        let is_new_file =
            matches!(entry.kind, Kind::File { .. }) && before.manifest.get(&entry.path).is_none();
        if is_new_file && is_draft(&entry.path) {
            storage::remove_file(&scope.place(&entry.path)).map_err(RunError::Storage)?;
        }
    }
    Ok(())
}

fn is_draft(path: &Path) -> bool {
    let end = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_prefix("sed"));
    end.is_some_and(|end| end.len() == 6 && end.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_names_that_sed_gives_are_drafts() {
        assert!(is_draft(Path::new("/etc/sed6LZMt9")) && is_draft(Path::new("/etc/ssh/sedabcdef")));
        for other in ["/etc/sed", "/etc/sed.conf", "/etc/sedation.d", "/etc/sed-scripts", "/etc/xsed6LZMt9"] {
            assert!(!is_draft(Path::new(other)), "{other}");
        }
    }
}
