//! What stored reports told, once they are pruned: how many holes were open, one look a day, and every finding that was
//! closed. So a period can be told that is longer ago than reports are kept.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::records;
use super::report::{is_survey, parsed};
use super::retention::written_at;
use crate::config::layout::Layout;
use crate::host::storage::{self, StorageError};
use crate::model::failure::Failure;
use crate::report::background::Survey;
use crate::report::lifetimes::{Closure, Lifetimes, Look};

/// Name of the document.
const SCHEMA: &str = "patchctl.past/1";
/// Closed findings that are kept, the newest: some 200 bytes each, ten years of a host that closes 2,000 a year.
const CLOSURES: usize = 20_000;
/// Looks that are kept, the newest: one a day for ten years.
const LOOKS: usize = 3_660;

/// What is left of reports that are gone, oldest first.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Past {
    schema: String,
    pub(super) surveys: Vec<Survey>,
    pub(super) closures: Vec<Closure>,
}

fn file(layout: &Layout) -> PathBuf {
    layout.ledger().join("past.json")
}

/// Reads what is left of reports that are gone.
///
/// # Errors
/// It is there and cannot be believed.
pub(super) fn read(layout: &Layout) -> Result<Past, Failure> {
    let past: Option<Past> = records::state(&file(layout), SCHEMA)?;
    Ok(past.unwrap_or_default())
}

/// Adds what reports tell that are about to be removed. What was open in the last of them ends with the reports that stay,
/// the first whole one of which tells.
///
/// # Errors
/// It cannot be written.
pub(super) fn keep(layout: &Layout, mut past: Past, going: &[PathBuf]) -> Result<(), StorageError> {
    let going: Vec<PathBuf> = by_age(going.iter().filter(|path| is_survey(path)).cloned().collect());
    let Some(last) = going.last() else { return Ok(()) };
    let staying = storage::list(&layout.reports())?.into_iter().filter(|path| is_survey(path));
    let newer = by_age(staying.filter(|path| age(path) > age(last) && !going.contains(path)).collect());
    // One at a time: a year of reports has hundreds of megabytes.
    let (mut all, mut rest) = (Lifetimes::default(), Lifetimes::default());
    going.iter().filter_map(|path| parsed::<Look>(path)).for_each(|look| all.add(look));
    for look in newer.iter().filter_map(|path| parsed::<Look>(path)) {
        let is_whole = look.is_whole();
        rest.add(look.clone());
        all.add(look);
        if is_whole {
            break;
        }
    }
    let ((mut surveys, closures), (staying, repeated)) = (all.ended(), rest.ended());
    surveys.truncate(surveys.len() - staying.len());
    // What is repeated the reports that stay tell by themselves.
    past.closures.extend(closures.into_iter().filter(|closure| !repeated.contains(closure)));
    for survey in surveys {
        if past.surveys.last().is_some_and(|last| last.at.date_naive() == survey.at.date_naive()) {
            past.surveys.pop();
        }
        past.surveys.push(survey);
    }
    past.schema = SCHEMA.to_owned();
    past.closures.drain(..past.closures.len().saturating_sub(CLOSURES));
    past.surveys.drain(..past.surveys.len().saturating_sub(LOOKS));
    storage::create_folder(&layout.ledger(), 0o700)?;
    // Strings, numbers and dates always have a JSON form.
    storage::replace(&file(layout), &serde_json::to_vec(&past).unwrap_or_default(), storage::PRIVATE)
}

fn by_age(mut files: Vec<PathBuf>) -> Vec<PathBuf> {
    files.sort_by_key(|file| age(file));
    files
}

/// When a report was stored: scans say so in their names, to the second, runs do not; within a second the order of writing
/// tells.
fn age(file: &Path) -> (i64, (i64, i64)) {
    let written = storage::stamp(file).written();
    (written_at(file).map_or(written.0, |time| time.timestamp()), written)
}
