//! What pacman keeps beside the packages: its lock, the reasons for which packages were installed, and remains.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use super::super::PackageManagerError;
use super::super::records::HostRecords;
use super::commands::{Pacman, prepare};
use super::local::{self, Entry};
use crate::host::lock::{LockError, RecordLock};
use crate::host::runner;
use crate::model::package::PackageKey;

impl HostRecords for Pacman {
    /// Waits for a transaction of pacman, whoever began it. The lock itself is not kept: pacman takes it in each of its own
    /// transactions, and what another one did meanwhile is seen before each step.
    fn take_lock(&self, patience: Duration) -> Result<Option<RecordLock>, LockError> {
        self.lock().wait(patience).map(|()| None)
    }

    fn is_at_work(&self) -> bool {
        self.lock().is_held()
    }

    /// The lists are fetched into a folder of patchctl's own.
    fn lists_lock(&self) -> Option<PathBuf> {
        None
    }

    fn automatic(&self) -> Result<BTreeSet<PackageKey>, PackageManagerError> {
        let entries = local::entries(self.root()).map_err(prepare)?;
        let wanted = entries.iter().filter(|entry| entry.is_whole() && entry.is_dependency());
        Ok(wanted.map(Entry::key).collect())
    }

    fn set_automatic(&self, packages: &BTreeSet<PackageKey>) -> Result<(), PackageManagerError> {
        let entries = local::entries(self.root()).map_err(prepare)?;
        let is_wanted = |entry: &&Entry| {
            packages.iter().any(|key| key.name == entry.name) && entry.is_whole() && !entry.is_dependency()
        };
        let names: Vec<String> =
            entries.iter().filter(is_wanted).map(|entry| entry.name.to_string()).collect();
        if names.is_empty() {
            return Ok(());
        }
        let spec = self.command().args(["-D", "--asdeps", "--"]).args(names).guard(self.guard());
        self.lock().begin().map_err(prepare)?;
        let output = runner::run(&spec);
        let output = output.map_err(|source| PackageManagerError::Run { tool: "pacman", source })?;
        self.lock().end().map_err(prepare)?;
        match output.is_success() {
            true => Ok(()),
            false => Err(PackageManagerError::Refused { tool: "pacman", words: output.last_words(2) }),
        }
    }

    /// pacman keeps nothing of a package that is gone.
    fn forget(&self, _gone: &[PackageKey]) -> Result<(), PackageManagerError> {
        Ok(())
    }

    /// What was cut off and cleared away may have left files that no record names.
    fn is_known(&self, package: &PackageKey) -> bool {
        self.cut_off().contains(&package.name)
    }

    fn has_leftovers(&self, _package: &PackageKey) -> bool {
        false
    }

    /// The remains of another version beside a package that is whole.
    fn drafts(&self) -> Result<Vec<PathBuf>, PackageManagerError> {
        let entries = local::entries(self.root()).map_err(prepare)?;
        let (whole, broken): (Vec<Entry>, Vec<Entry>) = entries.into_iter().partition(Entry::is_whole);
        let is_beside = |entry: &Entry| whole.iter().any(|other| other.name == entry.name);
        Ok(broken.into_iter().filter(is_beside).map(|entry| entry.path).collect())
    }

    fn is_unsettled(&self) -> Result<bool, PackageManagerError> {
        Ok(false)
    }
}
