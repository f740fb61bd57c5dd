//! Which versions the administrator keeps or never wants, in the lists of both generations of dnf: the versionlock plugin's
//! (dnf-versionlock(8)) and that of dnf 5 (dnf5-versionlock(8)).
//!
//! A list counts whether or not its tool is installed: it says what the administrator wants. One that cannot be read locks
//! nothing here; dnf 5 itself then refuses to plan, and says why.

use std::path::Path;

use serde::Deserialize;

use crate::host::storage;

/// The list of dnf 4, below a root.
pub(in crate::scan) const LIST: &str = "etc/dnf/plugins/versionlock.list";
/// The list of dnf 5.
pub(in crate::scan) const DOCUMENT: &str = "etc/dnf/versionlock.toml";

/// Patterns of both lists.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::scan) struct DnfLocks {
    /// Packages that are kept, as `name-epoch:version-release.architecture` with wildcards, or as a name alone.
    pub(in crate::scan) kept: Vec<String>,
    /// Versions that are never wanted, in the same form.
    pub(in crate::scan) unwanted: Vec<String>,
}

impl DnfLocks {
    /// Reads the lists of a root.
    pub(in crate::scan) fn read(root: &Path) -> Self {
        let text = |path: &str| {
            let bytes = storage::read_at_most(&root.join(path), 1 << 20).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let mut locks = Self::default();
        locks.add_list(&text(LIST));
        locks.add_document(&text(DOCUMENT));
        locks
    }

    /// A line that begins with `!` names a version that is never wanted.
    fn add_list(&mut self, text: &str) {
        let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
        for line in lines.filter(|line| !line.is_empty()) {
            match line.strip_prefix('!') {
                Some(pattern) => self.unwanted.push(pattern.trim().to_owned()),
                None => self.kept.push(line.to_owned()),
            }
        }
    }

    /// An entry that only says which versions a package must not have is no lock.
    fn add_document(&mut self, text: &str) {
        let Ok(document) = toml::from_str::<Document>(text) else { return };
        for Entry { name, conditions } in document.packages {
            let is_unwanted = |condition: &Condition| condition.key == "evr" && condition.comparator == "!=";
            if !conditions.is_empty() && conditions.iter().all(is_unwanted) {
                self.unwanted
                    .extend(conditions.iter().map(|condition| format!("{name}-{}", condition.value)));
            } else {
                self.kept.push(name);
            }
        }
    }
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    packages: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    #[serde(default)]
    conditions: Vec<Condition>,
}

#[derive(Deserialize)]
struct Condition {
    key: String,
    comparator: String,
    value: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_lists_tell_what_is_kept_and_what_is_never_wanted() {
        let mut locks = DnfLocks::default();
        locks.add_list("# Added lock on x\nfoo-0:1.0-1.*\n\n!bar-2.0-1.*\n");
        locks.add_document(
            "version = \"1.0\"\n[[packages]]\nname = \"bash\"\n[[packages.conditions]]\nkey = \"evr\"\ncomparator = \"=\"\n\
             value = \"0:5.2-5\"\n[[packages]]\nname = \"iftop\"\n[[packages.conditions]]\nkey = \"evr\"\n\
             comparator = \"!=\"\nvalue = \"0:1.0-3\"\n[[packages]]\nname = \"*nvidia*\"\n",
        );
        assert_eq!(locks.kept, ["foo-0:1.0-1.*", "bash", "*nvidia*"]);
        assert_eq!(locks.unwanted, ["bar-2.0-1.*", "iftop-0:1.0-3"]);
    }

    #[test]
    fn a_list_of_another_form_locks_nothing() {
        for text in ["", "packages = 3", "[[packages]]\nname = 1", "{"] {
            let mut locks = DnfLocks::default();
            locks.add_document(text);
            assert_eq!(locks, DnfLocks::default(), "{text}");
        }
    }
}
