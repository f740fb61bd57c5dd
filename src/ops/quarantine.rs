//! Versions that were rolled back here: no run installs them again until a newer one appears.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::context::Context;
use super::{records, runs};
use crate::config::layout::Layout;
use crate::host::storage;
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

/// Reads the quarantined versions; none where nothing was ever rolled back.
///
/// # Errors
/// The quarantine is there and cannot be believed: without it, a version that failed here would be tried again.
pub fn load(layout: &Layout) -> Result<Vec<Quarantined>, Failure> {
    let path = file(layout);
    let document: Option<Document> = records::state(&path, SCHEMA)?;
    Ok(document.map(|document| document.versions).unwrap_or_default())
}

/// Adds versions; one that is there already keeps its first entry.
///
/// # Errors
/// The quarantine cannot be read or written.
pub fn add(layout: &Layout, rolled_back: Vec<Quarantined>) -> Result<(), Failure> {
    let mut versions = load(layout)?;
    for entry in rolled_back {
        if !versions.iter().any(|known| known.package == entry.package && known.version == entry.version) {
            versions.push(entry);
        }
    }
    let document = Document { schema: SCHEMA.to_owned(), versions };
    // Strings and dates always have a JSON form.
    let bytes = serde_json::to_vec(&document).unwrap_or_default();
    let stored = storage::create_folder(&layout.quarantine(), 0o700)
        .and_then(|()| storage::replace(&file(layout), &bytes, storage::PRIVATE));
    runs::told(stored)
}

/// Adds what a run took back on request: the next run must not install it again.
///
/// # Errors
/// The quarantine cannot be written.
pub fn add_upgrades(context: &Context<'_>, run: RunId, taken_back: &[Action]) -> Result<(), Failure> {
    let is_newer = |action: &&Action| matches!(action.kind, ActionKind::Upgrade | ActionKind::Add);
    let upgrades = taken_back.iter().filter(is_newer);
    let entries = upgrades.filter_map(|action| {
        Some(Quarantined { package: action.key(), version: action.to.clone()?, run, since: context.now() })
    });
    add(&context.layout, entries.collect())
}
