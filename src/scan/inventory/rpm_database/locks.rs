//! Which packages the administrator locked to their version: the list of dnf's versionlock plugin (dnf-versionlock(8)).
//!
//! The list counts whether or not the plugin is installed: it says what the administrator wants.

use std::path::Path;

use crate::host::storage;
use crate::model::package::InstalledPackage;
use crate::model::wildcard;

/// The list, below a root.
const LIST: &str = "etc/dnf/plugins/versionlock.list";

/// Marks the locked packages as held.
pub(super) fn mark(root: &Path, packages: &mut [InstalledPackage]) {
    let bytes = storage::read_at_most(&root.join(LIST), 1 << 20).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let patterns: Vec<&str> = text.lines().filter_map(pattern).collect();
    for package in packages.iter_mut().filter(|_| !patterns.is_empty()) {
        package.hold = patterns.iter().any(|pattern| locks(pattern, package.name.as_str()));
    }
}

/// A line that begins with `!` names a version that is never wanted, which is no lock.
fn pattern(line: &str) -> Option<&str> {
    let line = line.split('#').next().unwrap_or_default().trim();
    (!line.is_empty() && !line.starts_with('!')).then_some(line)
}

/// Lines are `name-epoch:version-release.architecture` with wildcards, or a name alone.
fn locks(pattern: &str, name: &str) -> bool {
    let matches = |pattern: &str| wildcard::matches(pattern.as_bytes(), name.as_bytes());
    let mut parts = pattern.rsplitn(3, '-');
    let stem = parts.nth(2);
    // A hyphen in a name is not one before a version: a version begins with a digit, or any is meant.
    let has_version = pattern
        .rsplit('-')
        .nth(1)
        .is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit() || c == '*'));
    stem.filter(|_| has_version).is_some_and(matches) || matches(pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_are_told_by_name_whatever_version_they_state() {
        for pattern in ["foo-0:1.0-1.*", "foo-1.0-1.noarch", "foo", "fo*", "foo-0:1.0-1.el9_4.x86_64"] {
            assert!(locks(pattern, "foo"), "{pattern}");
        }
        for pattern in ["foo-bar-0:1.0-1.*", "foo-bar", "bar"] {
            assert!(!locks(pattern, "foo"), "{pattern}");
        }
        assert!(locks("foo-bar-baz", "foo-bar-baz") && !locks("foo-bar-baz", "foo"));
        assert_eq!(pattern("# Added lock on x"), None);
        assert_eq!(pattern("!foo-2.0-1.*"), None);
    }
}
