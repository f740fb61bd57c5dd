//! What dpkg only warns about.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::rules::DpkgRules;

/// How dpkg names a file of the old version that it could not remove; it shows 250 bytes of a path (dpkg 1.21.22,
/// `src/main/unpack.c`, `pkg_remove_old_files`).
const NOT_REMOVED: &[&str] = &[
    "dpkg: warning: unable to securely remove old file '",
    "dpkg: warning: unable to delete old directory '",
    "dpkg: warning: could not stat old file '",
];

/// Returns the paths that dpkg could not remove. What is diverted is left alone: who owns the file at such a path is not said
/// by the path.
pub(super) fn not_removed(said: &str, rules: &DpkgRules) -> BTreeSet<PathBuf> {
    let path = |line: &str| {
        let rest = NOT_REMOVED.iter().find_map(|begin| line.strip_prefix(begin))?;
        let (path, _) = rest.rsplit_once('\'')?;
        let path = Path::new(path);
        (path.is_absolute() && rules.place_of(path, "") == path).then(|| path.to_owned())
    };
    said.lines().filter_map(path).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn files_and_folders_that_stayed_are_named() {
        let said = "Unpacking lab-plain (1.0) over (2.0) ...\n\
            dpkg: warning: unable to securely remove old file '/usr/lib/lab-plain/new-3': Read-only file system\n\
            dpkg: warning: unable to delete old directory '/usr/lib/lab-plain': Directory not empty\n\
            dpkg: warning: could not stat old file '/usr/share/it's' so not deleting it: Input/output error\n\
            dpkg: warning: downgrading lab-plain from 2.0 to 1.0\n\
            dpkg: warning: unable to securely remove old file 'relative': no\n";
        let found = not_removed(said, &DpkgRules::default());
        let expected = ["/usr/lib/lab-plain", "/usr/lib/lab-plain/new-3", "/usr/share/it's"];
        assert_eq!(found, expected.map(PathBuf::from).into());
    }

    proptest! {
        #[test]
        fn no_text_panics(said in "(dpkg: warning: unable to securely remove old file '|/a|'|: |\n){0,20}") {
            not_removed(&said, &DpkgRules::default());
        }
    }
}
