//! What dnf and rpm keep beside the packages: locks, and the reasons for which packages were installed.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use super::super::PackageManagerError;
use super::super::records::HostRecords;
use super::super::rpm::lock;
use super::Dnf;
use crate::host::lock::{LockError, RecordLock, wait_until_free};
use crate::model::package::PackageKey;

impl HostRecords for Dnf {
    /// Waits for a transaction of rpm, whoever began it. The lock itself is not kept: rpm takes it in each of its own
    /// transactions, and what another tool did meanwhile is seen before each step.
    fn take_lock(&self, patience: Duration) -> Result<Option<RecordLock>, LockError> {
        wait_until_free(self.guard(), "the package manager of a run that was killed", patience)?;
        lock::wait(self.root(), patience)?;
        Ok(None)
    }

    /// dnf 5 waits for a transaction of rpm also where it only resolves, and for as long as that takes (measured with 5.2:
    /// `upgrade --assumeno` sleeps in fcntl while another one's scriptlet runs). Who may not take the lock waits with it.
    fn wait_to_ask(&self, patience: Duration) -> Result<(), LockError> {
        match if self.is_five() { lock::wait(self.root(), patience) } else { Ok(()) } {
            Err(held @ LockError::Held { .. }) => Err(held),
            _ => Ok(()),
        }
    }

    fn is_at_work(&self) -> bool {
        lock::is_held(self.root())
    }

    fn lists_lock(&self) -> Option<PathBuf> {
        None
    }

    /// dnf's history has the reason of each package (dnf(8), `mark`).
    fn automatic(&self) -> Result<BTreeSet<PackageKey>, PackageManagerError> {
        // dnf 4 ends a line by itself.
        let format =
            if self.is_five() { "%{name} %{arch} %{reason}\\n" } else { "%{name} %{arch} %{reason}" };
        let spec = self.asking_offline().args(["repoquery", "--installed", "--qf", format]);
        let output = Self::run(&spec)?;
        if !output.is_success() {
            return Err(PackageManagerError::Refused { tool: "dnf", words: output.last_words(2) });
        }
        Ok(output.text().lines().filter_map(dependency).collect())
    }

    fn set_automatic(&self, packages: &BTreeSet<PackageKey>) -> Result<(), PackageManagerError> {
        let known = if packages.is_empty() { BTreeSet::new() } else { self.automatic()? };
        let wanted: Vec<String> =
            packages.difference(&known).map(|key| format!("{}.{}", key.name, key.architecture)).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let spec = self.asking_offline().arg("-y");
        let spec = match self.is_five() {
            true => spec.args(["mark", "dependency", "--skip-unavailable"]),
            false => spec.args(["mark", "remove", "--"]),
        };
        let spec = spec.args(wanted);
        let output = Self::run(&spec)?;
        match output.is_success() {
            true => Ok(()),
            false => Err(PackageManagerError::Refused { tool: "dnf", words: output.last_words(2) }),
        }
    }

    /// dnf's history forgets by itself what rpm no longer has.
    fn forget(&self, _gone: &[PackageKey]) -> Result<(), PackageManagerError> {
        Ok(())
    }

    /// rpm keeps nothing of a package that is gone.
    fn is_known(&self, _package: &PackageKey) -> bool {
        false
    }

    fn has_leftovers(&self, _package: &PackageKey) -> bool {
        false
    }

    fn drafts(&self) -> Result<Vec<PathBuf>, PackageManagerError> {
        Ok(Vec::new())
    }

    /// SQLite's own log is read with its database.
    fn is_unsettled(&self) -> Result<bool, PackageManagerError> {
        Ok(false)
    }
}

fn dependency(line: &str) -> Option<PackageKey> {
    let mut words = line.split_whitespace();
    let (name, architecture, reason) = (words.next()?, words.next()?, words.next()?);
    // dnf 5 writes `Dependency` and `Weak Dependency`.
    matches!(reason, "dependency" | "weak-dependency" | "Dependency" | "Weak")
        .then(|| PackageKey { name: name.into(), architecture: architecture.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_dependencies_are_automatic() {
        assert_eq!(dependency("foo noarch user"), None);
        assert_eq!(dependency("Unable to detect"), None);
        assert!(
            dependency("foo noarch User").is_none() && dependency("foo noarch Weak Dependency").is_some()
        );
        assert_eq!(
            dependency("foo noarch weak-dependency").map(|key| key.to_string()),
            Some("foo:noarch".into())
        );
    }
}
