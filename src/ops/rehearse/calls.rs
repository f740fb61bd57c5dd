//! How patchctl calls itself for the parts of a rehearsal, and how it tells what became of them.

use std::path::Path;

use serde::de::DeserializeOwned;

use super::super::context::Context;
use super::super::runs;
use crate::host::runner::CommandOutput;
use crate::host::storage;
use crate::model::failure::{Failure, FailureKind};
use crate::report::schema::Report;

/// How patchctl calls itself: it asks no network, and tells a failure as a document.
pub(super) const OWN_FLAGS: [&str; 5] = ["--offline", "--no-progress", "--quiet", "--format", "json"];

/// Reads what a part of a rehearsal is to make.
pub(super) fn read_design<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let unread = "the design of the clone cannot be read";
    let bytes =
        storage::read(path).map_err(|error| Failure::new(FailureKind::Usage, unread).caused_by(error))?;
    serde_json::from_slice(&bytes).map_err(|error| Failure::new(FailureKind::Usage, unread).caused_by(error))
}

/// Who asked holds patchctl's own lock. When it was killed before the kernel knew that this process is to die with it, this one
/// ends by itself.
pub(super) fn refuse_when_forsaken(context: &Context<'_>, asked_by: u32) -> Result<(), Failure> {
    let holder = runs::holder(context)?.and_then(|holder| holder.pid);
    match holder == Some(asked_by) {
        true => Ok(()),
        false => Err(Failure::new(FailureKind::Usage, "nobody waits for this rehearsal any more")),
    }
}

/// Why a part of a rehearsal failed, and what leads out: asked for JSON, patchctl tells it as a report.
pub(super) fn complaint(output: &CommandOutput) -> (String, Vec<String>) {
    let report: Option<Report> = serde_json::from_slice(&output.stdout).ok();
    match report.and_then(|report| report.error) {
        Some(error) => (error.message, error.hints),
        None => (output.last_words(3).join("; "), Vec::new()),
    }
}
