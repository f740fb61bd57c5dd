//! What was pulled last: kept with the records of the host, not in the cache, so that nobody who empties a cache can make
//! an older policy look new.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::CentralSettings;
use super::document;
use crate::config::error::ConfigurationError;
use crate::config::fragment::Fragment;
use crate::host::storage::{self, StorageError};
use crate::model::digest::Sha256;

const SCHEMA: &str = "patchctl.central/1";

/// A policy that passed every step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredPolicy {
    /// Where it came from.
    pub location: String,
    /// The group that it is for.
    pub group: String,
    /// Its version: the next one has this or a higher one.
    pub version: u64,
    /// When it was issued, as it says.
    pub issued: DateTime<Utc>,
    /// Fingerprint of the key that signed it.
    pub signed_by: String,
    /// The signature as it came, so that another host can prove it as well.
    pub signature: Vec<u8>,
    /// When it came.
    pub fetched: DateTime<Utc>,
    /// The file.
    pub text: String,
}

impl StoredPolicy {
    /// Returns the digest of the file.
    pub fn sha256(&self) -> Sha256 {
        Sha256::of(self.text.as_bytes())
    }

    /// Reads what it says.
    ///
    /// # Errors
    /// This patchctl does not understand what an earlier one took: address, line and key are named.
    pub fn fragment(&self) -> Result<Fragment, ConfigurationError> {
        document::fragment(Path::new(&self.location), &self.text)
    }

    /// Tells for how long nobody renewed it, where that is too long: the owner sleeps, or somebody holds newer ones back.
    pub fn stale_for(&self, settings: &CentralSettings, now: DateTime<Utc>) -> Option<TimeDelta> {
        let age = now.signed_duration_since(self.issued);
        let limit = TimeDelta::from_std(settings.max_age).unwrap_or(TimeDelta::MAX);
        (age > limit).then_some(age)
    }
}

/// A pull that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullFailure {
    /// When.
    pub time: DateTime<Utc>,
    /// Why, in one line.
    pub reason: String,
}

/// What this host knows of its central policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CentralRecord {
    /// [`SCHEMA`]
    schema: String,
    /// When it was last asked for and answered.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub checked: Option<DateTime<Utc>>,
    /// The last good one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub policy: Option<StoredPolicy>,
    /// Why it could not be renewed, where it could not.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub failure: Option<PullFailure>,
}

impl CentralRecord {
    /// A policy that was just found good.
    pub fn of(policy: StoredPolicy, checked: Option<DateTime<Utc>>) -> Self {
        Self { schema: SCHEMA.to_owned(), checked, policy: Some(policy), failure: None }
    }

    /// Reads the record; that of another place or group says nothing about this one.
    ///
    /// # Errors
    /// It is there and cannot be read.
    pub fn read(path: &Path, settings: &CentralSettings) -> Result<Self, StorageError> {
        let bytes = storage::read_if_present(path)?.unwrap_or_default();
        // A record that cannot be understood is as good as none: the policy is asked for again, and `apply` waits for it.
        let record: Self = serde_json::from_slice(&bytes).unwrap_or_default();
        let is_of_host = record
            .policy
            .as_ref()
            .is_none_or(|policy| policy.location == settings.location() && policy.group == settings.group);
        Ok(if record.schema == SCHEMA && is_of_host { record } else { Self::default() })
    }

    /// Writes the record.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(mut self, path: &Path) -> Result<(), StorageError> {
        SCHEMA.clone_into(&mut self.schema);
        storage::replace(path, &serde_json::to_vec(&self).unwrap_or_default(), storage::PRIVATE)
    }
}
