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

/// How it names the draft of a configuration file that it could not remove, and one that it could not name as the vendor's file
/// beside an edited one (`src/main/configure.c`, `deferred_configure_conffile`).
const DRAFT_NOT_REMOVED: &str = ": failed to remove '";
const DRAFT_NOT_RENAMED: &str = ": failed to rename '";
const DRAFT: &str = ".dpkg-new";
const BESIDE: &str = ".dpkg-dist";

/// Why it left a folder that holds what is not its own, which is as it should be (strerror(3)).
const NOT_EMPTY: &str = ": Directory not empty";

/// Returns the paths that dpkg could not remove, with the folders that were not empty for that reason alone. What is diverted
/// is left alone: who owns the file at such a path is not said by the path.
pub(super) fn not_removed(said: &str, rules: &DpkgRules) -> BTreeSet<PathBuf> {
    let path = |line: &str| {
        let rest = NOT_REMOVED.iter().find_map(|begin| line.strip_prefix(begin));
        let path = match rest {
            Some(rest) => rest.rsplit_once('\'')?.0,
            None => draft(line, DRAFT_NOT_REMOVED)?.0,
        };
        let path = Path::new(path);
        let is_plain = path.is_absolute() && rules.place_of(path, "") == path;
        is_plain.then(|| (path.to_owned(), line.ends_with(NOT_EMPTY)))
    };
    let (full, mut stayed): (Vec<_>, Vec<_>) =
        said.lines().filter_map(path).partition(|(_, is_full)| *is_full);
    let held = full.into_iter().filter(|(folder, _)| stayed.iter().any(|(path, _)| path.starts_with(folder)));
    let held: Vec<_> = held.collect();
    stayed.extend(held);
    stayed.into_iter().map(|(path, _)| path).collect()
}

/// Returns the drafts that dpkg could not name as it had decided, each with that name.
pub(super) fn not_renamed(said: &str) -> Vec<(PathBuf, PathBuf)> {
    let pair = |line: &str| {
        let (path, rest) = draft(line, DRAFT_NOT_RENAMED)?;
        let target = format!("{}{BESIDE}", path.strip_suffix(DRAFT)?);
        let is_told = rest.strip_prefix(" to '")?.starts_with(&format!("{target}'"));
        is_told.then(|| (PathBuf::from(path), PathBuf::from(target)))
    };
    said.lines().filter_map(pair).collect()
}

/// Reads a warning about a draft: its path, and what is said behind it.
fn draft<'a>(line: &'a str, complaint: &str) -> Option<(&'a str, &'a str)> {
    let (package, rest) = line.strip_prefix("dpkg: warning: ")?.split_once(complaint)?;
    let (path, _) = rest.split_once(&format!("{DRAFT}'"))?;
    let (path, behind) = rest.split_at(path.len() + DRAFT.len());
    (!package.contains(' ') && path.starts_with('/')).then(|| (path, behind.trim_start_matches('\'')))
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
            dpkg: warning: unable to delete old directory '/var/lib/lab-plain': Directory not empty\n\
            dpkg: warning: unable to delete old directory '/var/cache/lab-plain': Read-only file system\n\
            dpkg: warning: could not stat old file '/usr/share/it's' so not deleting it: Input/output error\n\
            dpkg: warning: downgrading lab-plain from 2.0 to 1.0\n\
            dpkg: warning: unable to securely remove old file 'relative': no\n";
        let found = not_removed(said, &DpkgRules::default());
        let expected =
            ["/usr/lib/lab-plain", "/usr/lib/lab-plain/new-3", "/usr/share/it's", "/var/cache/lab-plain"];
        assert_eq!(found, expected.map(PathBuf::from).into());
    }

    #[test]
    fn drafts_of_configuration_that_kept_their_name_are_named() {
        let said = "dpkg: warning: lab-conf: failed to rename '/etc/it's.conf.dpkg-new' to '/etc/it's.conf.dpkg-dist': \
            Cannot allocate memory\n\
            dpkg: warning: lab-conf: failed to remove '/etc/steady.conf.dpkg-new': Read-only file system\n\
            dpkg: warning: lab-conf: failed to remove '/etc/steady.conf.dpkg-old' (before overwrite): no\n\
            dpkg: warning: lab-conf: failed to rename '/etc/a.dpkg-new' to '/etc/shadow': no\n";
        let pair = ["/etc/it's.conf.dpkg-new", "/etc/it's.conf.dpkg-dist"].map(PathBuf::from);
        assert_eq!(not_renamed(said), [pair.into()]);
        let removed = not_removed(said, &DpkgRules::default());
        assert_eq!(removed, [PathBuf::from("/etc/steady.conf.dpkg-new")].into());
    }

    proptest! {
        #[test]
        fn no_text_panics(said in "(dpkg: warning: |x: failed to re(move|name) '|unable to securely remove old file '|/a|.dpkg-new'|'|: |\n){0,20}") {
            not_removed(&said, &DpkgRules::default());
            not_renamed(&said);
        }
    }
}
