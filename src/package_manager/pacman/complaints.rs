//! What pacman calls an error, and ends with success.

use std::collections::BTreeSet;
use std::path::PathBuf;

/// Returns the files that pacman could not remove (6.0.2, `lib/libalpm/remove.c`, `unlink_file`).
pub(super) fn not_removed(said: &str) -> BTreeSet<PathBuf> {
    let path = |line: &str| {
        let (path, _) = line.strip_prefix("error: cannot remove file '")?.rsplit_once("': ")?;
        path.starts_with('/').then(|| PathBuf::from(path))
    };
    said.lines().filter_map(path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_stayed_is_named() {
        let said = "upgrading foo...\nerror: cannot remove file '/usr/it's': Operation not permitted\n";
        assert_eq!(not_removed(said), [PathBuf::from("/usr/it's")].into());
    }
}
