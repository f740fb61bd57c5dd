//! What outlives a scan: when each finding was first seen on this host.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::context::FirstSeen;
use crate::config::layout::Layout;
use crate::host::storage::{self, StorageError};
use crate::model::finding::Finding;

/// Name of the ledger document.
const SCHEMA: &str = "patchctl.ledger/1";

#[derive(Serialize, Deserialize)]
struct Ledger {
    schema: String,
    first_seen: BTreeMap<String, DateTime<Utc>>,
}

fn file(layout: &Layout) -> PathBuf {
    layout.ledger().join("first-seen.json")
}

/// Reads the first-seen dates; none where there is no ledger yet, or another user's.
pub fn first_seen(layout: &Layout) -> FirstSeen {
    let ledger =
        storage::read(&file(layout)).ok().and_then(|bytes| serde_json::from_slice::<Ledger>(&bytes).ok());
    ledger
        .filter(|ledger| ledger.schema == SCHEMA)
        .map(|ledger| ledger.first_seen.into_iter().collect())
        .unwrap_or_default()
}

/// What becomes of the date of a finding that a scan no longer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// It is closed.
    Forget,
    /// It may only be missing, because a feed is.
    Keep,
}

/// Records the open findings of a scan: a new one gets today's date.
///
/// # Errors
/// The ledger cannot be written.
pub fn record(
    layout: &Layout,
    (known, gone): (&FirstSeen, Gone),
    findings: &[Finding],
    now: DateTime<Utc>,
) -> Result<(), StorageError> {
    let open = findings.iter().filter(|finding| finding.verdict.is_open());
    let seen = open.map(|finding| (finding.id.clone(), known.get(&finding.id).copied().unwrap_or(now)));
    let kept = known.iter().filter(|_| gone == Gone::Keep).map(|(id, date)| (id.clone(), *date));
    let first_seen: BTreeMap<String, DateTime<Utc>> = kept.chain(seen).collect();
    if known.len() == first_seen.len() && first_seen.keys().all(|id| known.contains_key(id)) {
        return Ok(());
    }
    storage::create_folder(&layout.ledger(), 0o700)?;
    let ledger = Ledger { schema: SCHEMA.to_owned(), first_seen };
    // Strings and dates always have a JSON form.
    storage::replace(&file(layout), &serde_json::to_vec(&ledger).unwrap_or_default(), storage::PRIVATE)
}
