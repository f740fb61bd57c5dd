//! What apt and dpkg keep beside the packages.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::PackageManagerError;
use super::super::records::{HostRecords, own_drafts};
use super::Apt;
use super::marks;
use crate::host::lock::{LockError, RecordLock, wait_until_free};
use crate::host::storage::{self, StorageError};
use crate::model::package::PackageKey;

fn prepare(source: StorageError) -> PackageManagerError {
    PackageManagerError::Prepare { tool: "apt", source }
}

/// dpkg's own folder, below a root.
const DATABASE: &str = "var/lib/dpkg";

impl HostRecords for Apt {
    /// Takes dpkg's front-end lock, which apt and every other front end respect.
    ///
    /// A run that was killed alone leaves its package manager working, without that lock: it is waited for first, be it
    /// apt or a dpkg whose apt is gone.
    fn take_lock(&self, patience: Duration) -> Result<Option<RecordLock>, LockError> {
        wait_until_free(self.guard(), "the package manager of a run that was killed", patience)?;
        let database = self.root().join(DATABASE);
        let lock = RecordLock::take(&database.join("lock-frontend"), patience)?;
        drop(RecordLock::take(&database.join("lock"), patience)?);
        Ok(Some(lock))
    }

    fn is_at_work(&self) -> bool {
        let path = self.root().join(DATABASE).join("lock");
        matches!(RecordLock::take(&path, Duration::ZERO), Err(LockError::Held { .. }))
    }

    fn lists_lock(&self) -> Option<PathBuf> {
        Some(self.root().join("var/lib/apt/lists/lock"))
    }

    fn automatic(&self) -> Result<BTreeSet<PackageKey>, PackageManagerError> {
        marks::auto_marked(self.root()).map_err(prepare)
    }

    fn set_automatic(&self, packages: &BTreeSet<PackageKey>) -> Result<(), PackageManagerError> {
        marks::set_auto_marks(packages)
    }

    fn forget(&self, gone: &[PackageKey]) -> Result<(), PackageManagerError> {
        marks::forget(self.root(), gone).map_err(prepare)
    }

    /// dpkg keeps the list of files of a removed package whose configuration is still there, and a stanza of one that
    /// was wanted and never came in.
    fn is_known(&self, package: &PackageKey) -> bool {
        self.has_leftovers(package) || has_stanza(self.root(), package)
    }

    fn has_leftovers(&self, package: &PackageKey) -> bool {
        let folder = self.root().join(DATABASE).join("info");
        let lists = [format!("{}.list", package.name), format!("{package}.list")];
        lists.iter().any(|name| storage::exists(&folder.join(name)))
    }

    /// dpkg's unpacked control files (`tmp.ci`, which its next unpacking removes) and apt's drafts of its marks
    /// (`extended_states.XXXXXX`).
    fn drafts(&self) -> Result<Vec<PathBuf>, PackageManagerError> {
        let is_draft = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let suffix = name.strip_prefix("extended_states.").unwrap_or_default();
            suffix.len() == 6 && suffix.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        let listed = storage::list(&self.root().join("var/lib/apt")).map_err(prepare)?;
        let mut found: Vec<PathBuf> = listed.into_iter().filter(is_draft).collect();
        let control = self.root().join(DATABASE).join("tmp.ci");
        found.extend(Some(control).filter(|path| storage::exists(path)));
        found.extend(own_drafts(&self.root().join(marks::FILE)).map_err(prepare)?);
        Ok(found)
    }

    /// dpkg notes changes in `updates` and in a draft of its database (dpkg's `lib/dpkg/dbmodify.c`).
    fn is_unsettled(&self) -> Result<bool, PackageManagerError> {
        let database = self.root().join(DATABASE);
        let notes = storage::list(&database.join("updates")).map_err(prepare)?;
        Ok(!notes.is_empty() || storage::exists(&database.join("status-new")))
    }
}

fn has_stanza(root: &Path, key: &PackageKey) -> bool {
    let status = storage::read(&root.join(DATABASE).join("status")).unwrap_or_default();
    let text = String::from_utf8_lossy(&status);
    let field = |stanza: &str, name: &str| -> Option<String> {
        stanza.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned())
    };
    text.split("\n\n").any(|stanza| {
        let architecture = field(stanza, "Architecture:");
        let same = key.architecture.as_str() == "all"
            || architecture.is_none_or(|found| found == key.architecture.as_str());
        same && field(stanza, "Package:").as_deref() == Some(key.name.as_str())
    })
}
