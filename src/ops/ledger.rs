//! What outlives a scan: when each finding was first seen on this host.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::records;
use crate::config::layout::Layout;
use crate::host::storage::{self, StorageError};
use crate::model::failure::Failure;
use crate::model::finding::Finding;
use crate::model::first_seen::FirstSeen;

/// Name of the ledger document.
const SCHEMA: &str = "patchctl.ledger/2";

#[derive(Serialize, Deserialize)]
struct Ledger {
    schema: String,
    first_seen: FirstSeen,
}

fn file(layout: &Layout) -> PathBuf {
    layout.ledger().join("first-seen.json")
}

/// Reads the first-seen dates; none where there is no ledger yet.
///
/// # Errors
/// The ledger is there and cannot be believed: without it, every finding would be new today and none overdue.
pub fn first_seen(layout: &Layout) -> Result<FirstSeen, Failure> {
    let ledger: Option<Ledger> = records::state(&file(layout), SCHEMA)?;
    Ok(ledger.map(|ledger| ledger.first_seen).unwrap_or_default())
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
    let mut first_seen = if gone == Gone::Keep { known.clone() } else { FirstSeen::default() };
    for finding in findings.iter().filter(|finding| finding.verdict.is_open()) {
        first_seen.note(finding, known.date(finding).unwrap_or(now));
    }
    if first_seen == *known {
        return Ok(());
    }
    storage::create_folder(&layout.ledger(), 0o700)?;
    let ledger = Ledger { schema: SCHEMA.to_owned(), first_seen };
    // Strings and dates always have a JSON form.
    storage::replace(&file(layout), &serde_json::to_vec(&ledger).unwrap_or_default(), storage::PRIVATE)
}
