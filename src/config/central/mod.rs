//! `[central]`: one signed policy for many hosts, pulled from where the administrator keeps it.
//!
//! Precedence: `patchctl.toml`, then the central policy, then `conf.d`. The shipped file says every default and must not
//! win over the central one; what a host needs for itself stands in a drop-in, where `policy show` tells it.

mod document;
mod stored;

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::document::Arrival;
pub use self::stored::{CentralRecord, PullFailure, StoredPolicy};
use super::choice::as_span;
use super::reference::{KeyFile, check_location};
use super::span::Span;

/// From which age on a policy that nobody renewed is told to be stale; no source: a month is what most auditors ask for.
const MAX_AGE: Duration = Duration::from_secs(30 * 86_400);
/// The group of hosts that are told no other.
const GROUP: &str = "all";

/// `[central]` as written.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CentralFragment {
    /// Where the policy is.
    pub policy: Option<String>,
    /// The file of the keys of which one must have signed it.
    pub key: Option<KeyFile>,
    /// The group of hosts that this one belongs to.
    pub group: Option<String>,
    /// From which age on it is stale.
    pub max_age: Option<Span>,
}

/// `[central]` complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CentralSettings {
    /// The address or absolute path; with a `/` at its end a folder that holds `GROUP.toml`.
    pub policy: String,
    /// The file of the keys of which one must have signed it.
    pub key: PathBuf,
    /// The group of hosts that this one belongs to.
    pub group: String,
    /// From which age on it is stale.
    #[serde(serialize_with = "as_span")]
    pub max_age: Duration,
}

impl CentralSettings {
    /// Returns the address of the file.
    pub fn location(&self) -> String {
        match self.policy.ends_with('/') {
            true => format!("{}{}.toml", self.policy, self.group),
            false => self.policy.clone(),
        }
    }
}

impl CentralFragment {
    /// Adds what a later file says.
    pub(super) fn add(&mut self, later: Self) {
        self.policy = later.policy.or(self.policy.take());
        self.key = later.key.or(self.key.take());
        self.group = later.group.or(self.group.take());
        self.max_age = later.max_age.or(self.max_age.take());
    }

    /// Fills what no file says; nothing where there is no central policy.
    ///
    /// # Errors
    /// A value is no use: its key and what is wrong with it.
    pub(super) fn complete(self) -> Result<Option<CentralSettings>, (&'static str, String)> {
        let group = self.group.unwrap_or_else(|| GROUP.to_owned());
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !(1..=40).contains(&group.len()) || !group.bytes().all(is_plain) {
            return Err((
                "central.group",
                format!("{group:?} is not 1 to 40 lower case letters, digits and '-'"),
            ));
        }
        match (self.policy, self.key) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err(("central.key", "there is no central.policy for it".to_owned())),
            (Some(_), None) => Err((
                "central.policy",
                "needs central.key: only what one of its keys signed is taken".to_owned(),
            )),
            (Some(policy), Some(key)) => {
                check_location(&policy, false).map_err(|reason| ("central.policy", reason))?;
                let max_age = self.max_age.map_or(MAX_AGE, |span| span.0);
                Ok(Some(CentralSettings { policy, key: key.0, group, max_age }))
            }
        }
    }
}
