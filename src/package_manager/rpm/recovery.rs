//! Builds put back and taken away by rpm alone, for a database in pieces.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::archives::ArchiveFormat;
use super::super::{PackageManagerError, RestoreRequest, run_into_log};
use super::{RPM, RpmArchives, builds};
use crate::host::runner::{CommandOutput, CommandSpec, Insistence};
use crate::host::{clock, storage};

/// rpm names its temporary files after the second in which its transaction began: a second attempt in the same one fails
/// of the litter of the first (safety design, section 2).
const BETWEEN_ATTEMPTS: Duration = Duration::from_secs(2);

/// Puts exact archives back and takes packages away, whatever rpm thinks of it; `tool` is whom the log and errors name,
/// `guard` the lock that rpm holds as long as it lives.
///
/// `-U` puts a version in the place of every other one of its package, recorded twice or not; what belongs beside others
/// is added by `-i`, which takes none away.
///
/// # Errors
/// rpm cannot be started, or there is nothing to do.
pub(in super::super) fn restore(
    request: &RestoreRequest<'_>,
    (tool, guard, archives): (&'static str, &Path, &RpmArchives),
) -> Result<CommandOutput, PackageManagerError> {
    let rpm = || {
        let spec = CommandSpec::new(RPM).args(["--define", "_flush_io 1"]);
        spec.time_limit(request.time_limit).insistence(Insistence::Patient).guard(guard)
    };
    let path = |path: &PathBuf| path.display().to_string();
    let (beside, instead): (Vec<&PathBuf>, Vec<&PathBuf>) =
        request.archives.iter().partition(|archive| request.beside.contains(archive));
    let mut calls = Vec::new();
    let force = ["--oldpackage", "--replacepkgs", "--replacefiles", "--nodeps"];
    if !instead.is_empty() {
        calls.push(rpm().arg("-U").args(force).arg("--").args(instead.into_iter().map(path)));
    }
    if !beside.is_empty() {
        calls.push(rpm().arg("-i").args(force).arg("--").args(beside.into_iter().map(path)));
    }
    let installed = builds::installed()?;
    for gone in request.purge.iter().chain(request.remove) {
        if installed.iter().any(|there| there == gone) {
            calls.push(rpm().args(["-e", "--nodeps", "--", &builds::nevra(gone)]));
        }
    }
    clock::pause(BETWEEN_ATTEMPTS);
    remove_litter(archives, request);
    let mut last = None;
    for call in &calls {
        last = Some(run_into_log((tool, call), request.log, &mut |_| {})?);
    }
    last.ok_or_else(|| PackageManagerError::Refused { tool: "rpm", words: Vec::new() })
}

/// Removes what a transaction that was cut off unpacked and did not put in place: no later one does, and the caller, who
/// holds every lock, knows that none runs now.
fn remove_litter(archives: &RpmArchives, request: &RestoreRequest<'_>) {
    for path in archives.litter(request.archives).unwrap_or_default() {
        // What cannot be removed is found by the caller's own proof.
        let _ = storage::remove_file(&path);
    }
}
