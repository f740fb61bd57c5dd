//! Which packages the administrator locked to their version: dnf's lists ([`DnfLocks`]) and zypp's locks (locks(5),
//! `zypper addlock`).

use std::path::Path;

use crate::host::storage;
use crate::model::package::InstalledPackage;
use crate::model::wildcard;
use crate::scan::dnf_locks::DnfLocks;

/// The list of zypp, below a root.
const ZYPP: &str = "etc/zypp/locks";

/// Marks the locked packages as held.
pub(super) fn mark(root: &Path, packages: &mut [InstalledPackage]) {
    let bytes = storage::read_at_most(&root.join(ZYPP), 1 << 20).unwrap_or_default();
    let zypp = String::from_utf8_lossy(&bytes);
    let patterns = DnfLocks::read(root).kept;
    let stanzas: Vec<Lock> = zypp.split("\n\n").filter_map(Lock::parse).collect();
    for package in packages.iter_mut().filter(|_| !patterns.is_empty() || !stanzas.is_empty()) {
        let name = package.name.as_str();
        let is_locked = patterns.iter().any(|pattern| locks(pattern, name));
        package.hold = is_locked || stanzas.iter().any(|lock| lock.means(name));
    }
}

/// A lock of zypp on packages by name. One that states a version too counts for the whole package: what the administrator
/// locked in part is his to unlock. Locks on patches or on what one repository offers are for zypper's own solver, and so
/// are those by regular expression.
#[derive(Debug, PartialEq, Eq)]
struct Lock<'a> {
    kind: Match,
    is_case_sensitive: bool,
    names: Vec<&'a str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Match {
    Exact,
    Glob,
    Substring,
}

impl<'a> Lock<'a> {
    /// Reads one stanza of `key: value` lines.
    fn parse(stanza: &'a str) -> Option<Self> {
        let values = |key: &'a str| {
            stanza
                .lines()
                .filter_map(move |line| Some(line.trim().strip_prefix(key)?.strip_prefix(':')?.trim()))
        };
        let value = |key| values(key).next();
        let is_of_packages = value("type").is_none_or(|kind| kind == "package") && value("repo").is_none();
        let kind = match value("match_type").unwrap_or("glob") {
            "exact" => Match::Exact,
            "glob" => Match::Glob,
            "substring" => Match::Substring,
            _ => return None,
        };
        let is_case_sensitive = value("case_sensitive").is_none_or(|word| word != "off" && word != "false");
        let names: Vec<&str> = values("solvable_name").filter(|name| !name.is_empty()).collect();
        (is_of_packages && !names.is_empty()).then_some(Self { kind, is_case_sensitive, names })
    }

    fn means(&self, name: &str) -> bool {
        let folded = |text: &str| if self.is_case_sensitive { text.to_owned() } else { text.to_lowercase() };
        let name = folded(name);
        self.names.iter().map(|locked| folded(locked)).any(|locked| match self.kind {
            Match::Exact => locked == name,
            Match::Glob => wildcard::matches(locked.as_bytes(), name.as_bytes()),
            Match::Substring => name.contains(&locked),
        })
    }
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
    fn zypps_locks_on_packages_are_holds_and_others_are_not() {
        let lock =
            "type: package\nversion: > 1.5\nmatch_type: glob\ncase_sensitive: on\nsolvable_name: kernel-*\n";
        let read = Lock::parse(lock).expect("a lock");
        assert!(read.means("kernel-default") && !read.means("Kernel-default") && !read.means("zkernel-"));
        let folded = lock.replace(": on", ": off");
        assert!(Lock::parse(&folded).is_some_and(|lock| lock.means("Kernel-default")));
        let part = lock.replace("glob", "substring").replace("kernel-*", "nel");
        assert!(Lock::parse(&part).is_some_and(|lock| lock.means("kernel-default")));
        for other in [lock.replace("package", "patch"), format!("repo: base\n{lock}"), String::new()] {
            assert_eq!(Lock::parse(&other), None, "{other}");
        }
    }

    #[test]
    fn locks_are_told_by_name_whatever_version_they_state() {
        for pattern in ["foo-0:1.0-1.*", "foo-1.0-1.noarch", "foo", "fo*", "foo-0:1.0-1.el9_4.x86_64"] {
            assert!(locks(pattern, "foo"), "{pattern}");
        }
        for pattern in ["foo-bar-0:1.0-1.*", "foo-bar", "bar"] {
            assert!(!locks(pattern, "foo"), "{pattern}");
        }
        assert!(locks("foo-bar-baz", "foo-bar-baz") && !locks("foo-bar-baz", "foo"));
    }
}
