//! What apk keeps beside the packages: its lock, and drafts of its own records. Why a package is there stands in the world
//! alone, which is put back whole.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::PackageManagerError;
use super::super::records::{HostRecords, own_drafts};
use super::commands::{Apk, prepare};
use super::{installed, world};
use crate::host::lock::{LockError, RecordLock, holder_of_open_file, wait_until_free};
use crate::host::storage;
use crate::model::package::PackageKey;

/// apk's lock, in the folder of its database: taken by flock(2), and never removed.
const LOCK: &str = "lock";
/// What apk writes beside its records before it renames it: `.new` in 2.14, `.tmp.PID` in 3.0.
const RECORDS: [&str; 5] = ["installed", "triggers", "scripts.tar", "scripts.tar.gz", "world"];

impl Apk {
    fn lock_file(&self) -> PathBuf {
        installed::folder(self.root()).join(LOCK)
    }
}

impl HostRecords for Apk {
    /// Waits for whoever works with apk. The lock itself is not kept: apk takes it in each of its own calls, and what
    /// another one did meanwhile is seen before each step.
    fn take_lock(&self, patience: Duration) -> Result<Option<RecordLock>, LockError> {
        wait_until_free(self.guard(), "the package manager of a run that was killed", patience)?;
        let path = self.lock_file();
        match wait_until_free(&path, "another process", patience) {
            Err(LockError::Held { path, holder }) => {
                let holder = holder_of_open_file(&path).unwrap_or(holder);
                Err(LockError::Held { path, holder })
            }
            other => other.map(|()| None),
        }
    }

    fn is_at_work(&self) -> bool {
        wait_until_free(&self.lock_file(), "", Duration::ZERO).is_err()
    }

    /// apk takes its own.
    fn lists_lock(&self) -> Option<PathBuf> {
        None
    }

    fn automatic(&self) -> Result<BTreeSet<PackageKey>, PackageManagerError> {
        Ok(BTreeSet::new())
    }

    fn set_automatic(&self, _packages: &BTreeSet<PackageKey>) -> Result<(), PackageManagerError> {
        Ok(())
    }

    fn forget(&self, _gone: &[PackageKey]) -> Result<(), PackageManagerError> {
        Ok(())
    }

    fn is_known(&self, _package: &PackageKey) -> bool {
        false
    }

    fn has_leftovers(&self, _package: &PackageKey) -> bool {
        false
    }

    /// apk writes its database at the very end of all: until then it says the past of files that are new.
    fn was_cut_off(&self) -> bool {
        self.world().was_cut_off()
    }

    fn drafts(&self) -> Result<Vec<PathBuf>, PackageManagerError> {
        if self.is_at_work() {
            return Ok(Vec::new());
        }
        let world = self.root().join(world::WORLD);
        let mut found = own_drafts(&world).map_err(prepare)?;
        let folders = [Some(installed::folder(self.root())), world.parent().map(Path::to_owned)];
        for folder in folders.into_iter().flatten().filter(|folder| storage::exists(folder)) {
            found.extend(storage::list(&folder).map_err(prepare)?.into_iter().filter(|path| is_draft(path)));
        }
        Ok(found)
    }

    fn is_unsettled(&self) -> Result<bool, PackageManagerError> {
        Ok(false)
    }
}

fn is_draft(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    RECORDS
        .iter()
        .filter_map(|record| name.strip_prefix(record))
        .any(|end| end == ".new" || end.strip_prefix(".tmp.").is_some_and(is_number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_drafts_of_the_own_records_are_drafts() {
        for draft in
            ["/lib/apk/db/installed.new", "/etc/apk/world.tmp.5226", "/lib/apk/db/scripts.tar.gz.tmp.1"]
        {
            assert!(is_draft(Path::new(draft)), "{draft}");
        }
        for other in [
            "/etc/apk/world",
            "/etc/apk/world.bak",
            "/etc/apk/repositories.new",
            "/lib/apk/db/installed.tmp.x",
            "/etc/apk/.world.x.tmp",
        ] {
            assert!(!is_draft(Path::new(other)), "{other}");
        }
    }
}
