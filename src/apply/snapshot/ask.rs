//! Asking the tools of a file system: what they say, or why they refuse.

use std::path::Path;
use std::time::Duration;

use super::{SnapshotError, Unfit};
use crate::host::runner::{self, CommandSpec};
use crate::host::storage;

/// Taking and removing a snapshot waits for the file system's own commit: half a minute at most by default (btrfs(5),
/// `commit=30`), with room for a busy disk.
const LIMIT: Duration = Duration::from_secs(180);

/// Finds a tool in the places where distributions put it.
///
/// # Errors
/// It is in none; `package` is what brings it.
pub(super) fn program(places: &[&'static str], package: &str) -> Result<&'static str, Unfit> {
    let found = places.iter().find(|path| storage::exists(Path::new(path)));
    found.copied().ok_or_else(|| Unfit::because(format!("{package} is not installed")))
}

/// Runs a tool and returns what it said.
///
/// # Errors
/// It cannot be started, or refuses.
pub(super) fn ask(program: &str, words: &[&str]) -> Result<String, SnapshotError> {
    finished(&CommandSpec::new(program).args(words.iter().copied()).time_limit(LIMIT))
}

fn finished(spec: &CommandSpec) -> Result<String, SnapshotError> {
    let output = runner::run(spec).map_err(SnapshotError::Run)?;
    if output.is_success() {
        return Ok(output.text());
    }
    Err(SnapshotError::Refused { command: spec.shown(), words: output.last_words(3) })
}

/// Puts a failure of a look into the words of a plan.
pub(super) fn unfit(error: SnapshotError) -> Unfit {
    Unfit::because(error.to_string())
}
