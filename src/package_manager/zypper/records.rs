//! What zypp and rpm keep beside the packages: locks, and which packages came as dependencies only.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::PackageManagerError;
use super::super::records::{HostRecords, own_drafts};
use super::super::rpm::{builds, lock};
use super::Zypper;
use crate::host::lock::{LockError, RecordLock, process_of, wait_for_process, wait_until_free};
use crate::host::storage;
use crate::model::package::PackageKey;

/// Who works with zypp: zypper, YaST, PackageKit (libzypp, `ZYppGlobalLock`).
const LOCK: &str = "run/zypp.pid";
/// The packages that nobody asked for by name, one name a line (libzypp, `SolvIdentFile`).
const AUTOMATIC: &str = "var/lib/zypp/AutoInstalled";

impl Zypper {
    fn automatic_names(&self) -> Result<String, PackageManagerError> {
        let bytes = storage::read_if_present(&self.root().join(AUTOMATIC)).map_err(prepare)?;
        Ok(String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned())
    }

    fn write_automatic(&self, text: &str) -> Result<(), PackageManagerError> {
        storage::replace(&self.root().join(AUTOMATIC), text.as_bytes(), storage::PUBLIC).map_err(prepare)
    }
}

fn prepare(source: storage::StorageError) -> PackageManagerError {
    PackageManagerError::Prepare { tool: "zypper", source }
}

/// Adds names to a list, and leaves what is there as it is; `None` where they are all there.
fn with(text: &str, names: &BTreeSet<&str>) -> Option<String> {
    let missing: Vec<&str> =
        names.iter().copied().filter(|name| !text.lines().any(|line| line.trim() == *name)).collect();
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    (!missing.is_empty()).then(|| format!("{text}{end}{}\n", missing.join("\n")))
}

/// Takes names out of a list; `None` where none of them is there.
fn without(text: &str, names: &BTreeSet<&str>) -> Option<String> {
    let is_kept = |line: &&str| !names.contains(line.trim());
    let kept: String = text.lines().filter(is_kept).flat_map(|line| [line, "\n"]).collect();
    (text.lines().count() != kept.lines().count()).then_some(kept)
}

fn is_draft(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let added = name.strip_prefix("AutoInstalled").unwrap_or_default();
    added.len() == 6 && added.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn names_of<'a>(packages: impl Iterator<Item = &'a PackageKey>) -> BTreeSet<&'a str> {
    packages.map(|key| key.name.as_str()).collect()
}

impl HostRecords for Zypper {
    /// Waits for whoever works with zypp, and for a transaction of rpm. Neither lock is kept: zypper takes both itself,
    /// and what another tool did meanwhile is seen before each step.
    fn take_lock(&self, patience: Duration) -> Result<Option<RecordLock>, LockError> {
        wait_until_free(self.guard(), "the package manager of a run that was killed", patience)?;
        wait_for_process(&self.root().join(LOCK), patience)?;
        lock::wait(self.root(), patience)?;
        Ok(None)
    }

    fn wait_to_ask(&self, patience: Duration) -> Result<(), LockError> {
        wait_for_process(&self.root().join(LOCK), patience)
    }

    fn is_at_work(&self) -> bool {
        process_of(&self.root().join(LOCK)).is_some() || lock::is_held(self.root())
    }

    fn lists_lock(&self) -> Option<PathBuf> {
        None
    }

    fn automatic(&self) -> Result<BTreeSet<PackageKey>, PackageManagerError> {
        let text = self.automatic_names()?;
        let names: BTreeSet<&str> = text.lines().map(str::trim).collect();
        let installed = builds::installed()?.into_iter().map(|target| target.package);
        Ok(installed.filter(|package| names.contains(package.name.as_str())).collect())
    }

    fn set_automatic(&self, packages: &BTreeSet<PackageKey>) -> Result<(), PackageManagerError> {
        let changed = with(&self.automatic_names()?, &names_of(packages.iter()));
        changed.map_or(Ok(()), |text| self.write_automatic(&text))
    }

    fn forget(&self, gone: &[PackageKey]) -> Result<(), PackageManagerError> {
        let changed = without(&self.automatic_names()?, &names_of(gone.iter()));
        changed.map_or(Ok(()), |text| self.write_automatic(&text))
    }

    /// rpm keeps nothing of a package that is gone.
    fn is_known(&self, _package: &PackageKey) -> bool {
        false
    }

    fn has_leftovers(&self, _package: &PackageKey) -> bool {
        false
    }

    /// Drafts of the list, of patchctl and of zypp, which gives its own six more characters (libzypp,
    /// `TmpFile::makeSibling`) and leaves them where it is killed.
    fn drafts(&self) -> Result<Vec<PathBuf>, PackageManagerError> {
        let list = self.root().join(AUTOMATIC);
        let mut found = storage::list(list.parent().unwrap_or(&list)).map_err(prepare)?;
        found.retain(|path| is_draft(path));
        found.extend(own_drafts(&list).map_err(prepare)?);
        Ok(found)
    }

    /// SQLite's own log is read with its database.
    fn is_unsettled(&self) -> Result<bool, PackageManagerError> {
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_names_that_zypp_gives_are_drafts() {
        assert!(is_draft(Path::new("/var/lib/zypp/AutoInstalled5C0evm")));
        for other in ["AutoInstalled", "AutoInstalled.bak99", "AutoInstalled5C0ev", "LastDistributionFlavor"]
        {
            assert!(!is_draft(&Path::new("/var/lib/zypp").join(other)), "{other}");
        }
    }

    #[test]
    fn names_are_added_and_taken_out_and_the_rest_stays() {
        let text = "# AutoInstalled generated\n#\nlib\nproduct:x\n#\n";
        assert_eq!(with(text, &BTreeSet::from(["lib"])), None);
        let longer = with(text, &BTreeSet::from(["extra", "lib"])).expect("one is missing");
        assert_eq!(longer, format!("{text}extra\n"));
        assert_eq!(without(&longer, &BTreeSet::from(["extra", "never"])).as_deref(), Some(text));
        assert_eq!(without(text, &BTreeSet::from(["never"])), None);
    }
}
