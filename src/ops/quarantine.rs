//! Versions that were rolled back here: no run installs them again until a newer one appears.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::context::Context;
use super::runs;
use crate::config::layout::Layout;
use crate::host::storage::{self, StorageError};
use crate::model::failure::Failure;
use crate::model::plan::{Action, ActionKind};
use crate::model::run::RunId;
use crate::plan::policy::Quarantined;

/// Name of the quarantine document.
const SCHEMA: &str = "patchctl.quarantine/1";

#[derive(Serialize, Deserialize)]
struct Document {
    schema: String,
    versions: Vec<Quarantined>,
}

fn file(layout: &Layout) -> PathBuf {
    layout.quarantine().join("versions.json")
}

/// Reads the quarantined versions; none where nothing was ever rolled back, or for another user than root.
pub fn load(layout: &Layout) -> Vec<Quarantined> {
    let document =
        storage::read(&file(layout)).ok().and_then(|bytes| serde_json::from_slice::<Document>(&bytes).ok());
    document
        .filter(|document| document.schema == SCHEMA)
        .map(|document| document.versions)
        .unwrap_or_default()
}

/// Adds versions; one that is there already keeps its first entry.
///
/// # Errors
/// The quarantine cannot be written.
pub fn add(layout: &Layout, rolled_back: Vec<Quarantined>) -> Result<(), StorageError> {
    let mut versions = load(layout);
    for entry in rolled_back {
        if !versions.iter().any(|known| known.package == entry.package && known.version == entry.version) {
            versions.push(entry);
        }
    }
    let document = Document { schema: SCHEMA.to_owned(), versions };
    storage::create_folder(&layout.quarantine(), 0o700)?;
    // Strings and dates always have a JSON form.
    storage::replace(&file(layout), &serde_json::to_vec(&document).unwrap_or_default(), storage::PRIVATE)
}

/// Adds what a run took back on request: the next run must not install it again.
///
/// # Errors
/// The quarantine cannot be written.
pub fn add_upgrades(context: &Context<'_>, run: RunId, taken_back: &[Action]) -> Result<(), Failure> {
    let upgrades = taken_back.iter().filter(|action| action.kind == ActionKind::Upgrade);
    let entries = upgrades.filter_map(|action| {
        Some(Quarantined { package: action.key(), version: action.to.clone()?, run, since: context.now() })
    });
    runs::told(add(&context.layout, entries.collect()))
}
