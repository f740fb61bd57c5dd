//! What rpm only warns about.

use std::collections::BTreeSet;
use std::path::PathBuf;

/// Returns the files and folders that rpm could not remove (rpm, `lib/fsm.c`, `rpmPackageFilesRemove`): their whole paths, as
/// rpm 6.0 tells them, or their last parts alone, as 4.18 does. dnf and zypper put words of their own before the line.
pub(super) fn not_removed(said: &str) -> BTreeSet<PathBuf> {
    let name = |line: &str| {
        let (before, _) = line.split_once(": remove failed: ")?;
        let (_, name) = before.split_once("file ").or_else(|| before.split_once("directory "))?;
        Some(PathBuf::from(name))
    };
    said.lines().filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_folders_that_stayed_are_named() {
        let said = "  Cleanup          : lab-plain-1.0-1.noarch\n\
            warning: file file-1.0: remove failed: Operation not permitted\n\
            >>> [RPM] file /usr/share/lab-plain/a file : remove failed: Operation not permitted\n\
            warning: directory /usr/share/lab-plain: remove failed: Read-only file system\n\
            Running scriptlet: lab-plain: remove failed: no\n";
        let expected = ["/usr/share/lab-plain", "/usr/share/lab-plain/a file ", "file-1.0"];
        assert_eq!(not_removed(said), expected.map(PathBuf::from).into());
    }
}
