//! The clone of a rehearsal booted twice, without the plan and with it, and its units compared. Each boot has namespaces of its
//! own and writes to memory alone, so that neither the host nor what the plan changed is touched.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::context::Context;
use super::super::runs;
use super::calls;
use crate::apply::rehearsal::boots;
use crate::apply::rehearsal::ground::Ground;
use crate::config::layout::RehearsalFolder;
use crate::host::clone::Layer;
use crate::host::clone::booted::{self, BootDesign, BootLayer};
use crate::host::storage::{self, StorageError};
use crate::host::{environment, runner};
use crate::model::decision::RehearsalBoot;
use crate::model::failure::{Failure, FailureKind};
use crate::report::health::HealthCheck;

/// What comes on top of the boot itself: mounts, and systemd-nspawn's own end.
const AROUND: Duration = Duration::from_secs(60);

/// Refuses before anything is done where a boot is a must and there are no means for it.
///
/// # Errors
/// Something is not installed.
pub(super) fn refuse_without_means(wanted: RehearsalBoot) -> Result<(), Failure> {
    let obstacle = booted::obstacle().filter(|_| wanted == RehearsalBoot::Always);
    obstacle.map_or(Ok(()), |obstacle| Err(unbootable(&obstacle)))
}

fn unbootable(reason: &str) -> Failure {
    let message = format!("the clone cannot be booted, so nothing is proved: {reason}");
    Failure::new(FailureKind::NoClone, message)
        .hint("without it: leave --boot out, and policy.rehearsal_boot at never or if-possible")
}

/// Boots the clone as it was and as the plan left it, and compares; `None` where that is not wanted.
///
/// # Errors
/// It is a must, and the clone does not come up even without the plan: nothing can be compared.
pub(super) fn test(
    context: &Context<'_>,
    wanted: RehearsalBoot,
    (folder, ground): (&RehearsalFolder, &Ground),
) -> Result<Option<HealthCheck>, Failure> {
    if wanted == RehearsalBoot::Never {
        return Ok(None);
    }
    let before = match booted::obstacle() {
        Some(obstacle) => Err(obstacle),
        None => once(context, (folder, "before"), layers(ground, |_| None)),
    };
    let check = match before {
        Err(reason) if wanted == RehearsalBoot::Always => return Err(unbootable(&reason)),
        Err(reason) => boots::not_run(reason),
        Ok(before) => match once(context, (folder, "after"), layers(ground, changes)) {
            Ok(after) => boots::compared(&before, &after),
            Err(reason) => boots::never_came_up(reason),
        },
    };
    Ok(Some(check))
}

fn layers(ground: &Ground, changes: impl Fn(&Layer) -> Option<(PathBuf, PathBuf)>) -> Vec<BootLayer> {
    let of = |layer: &Layer| BootLayer {
        point: layer.point.clone(),
        lower: layer.lower.clone(),
        changes: changes(layer),
        writable: layer.writable,
    };
    ground.layers.iter().map(of).collect()
}

/// What the plan changed of a layer. The work folder that its overlay had cannot be used again (overlayfs.rst, "Volatile mount").
fn changes(layer: &Layer) -> Option<(PathBuf, PathBuf)> {
    Some((layer.upper.clone(), layer.work.with_file_name("boot-work")))
}

/// Boots once; the error is why nothing was told, for people.
fn once(
    context: &Context<'_>,
    (folder, which): (&RehearsalFolder, &str),
    layers: Vec<BootLayer>,
) -> Result<String, String> {
    let path = folder.boot_design(which);
    let design = design(context, (folder, which), layers).map_err(|error| error.to_string())?;
    // Paths and texts always have a JSON form.
    let json = serde_json::to_vec(&design).unwrap_or_default();
    storage::replace(&path, &json, storage::PRIVATE).map_err(|error| error.to_string())?;
    let program = environment::own_program().map_err(|error| error.to_string())?;
    let spec = booted::in_namespaces(&program).time_limit(boots::LIMIT + AROUND);
    let spec = spec.stopped_by(&context.signals).args(["rehearse", "--boot-clone"]);
    let spec = spec.arg(path.display().to_string()).args(calls::OWN_FLAGS);
    let output = runner::run(&spec).map_err(|error| error.to_string())?;
    match storage::read_if_present(&design.told) {
        Ok(Some(told)) => Ok(String::from_utf8_lossy(&told).into_owned()),
        _ => Err(calls::complaint(&output).0),
    }
}

fn design(
    context: &Context<'_>,
    (folder, which): (&RehearsalFolder, &str),
    layers: Vec<BootLayer>,
) -> Result<BootDesign, StorageError> {
    storage::create_folder(&folder.boot(), 0o700)?;
    for (_, work) in layers.iter().filter_map(|layer| layer.changes.as_ref()) {
        storage::create_folder(work, 0o700)?;
    }
    Ok(BootDesign {
        place: folder.boot(),
        memory: booted::memory(),
        layers,
        hidden: storage::canonical(context.layout.state())?,
        masked: boots::MASKED.map(str::to_owned).to_vec(),
        script: boots::script(),
        limit_seconds: boots::LIMIT.as_secs(),
        told: folder.booted_units(which),
        asked_by: environment::own_process(),
    })
}

/// In new namespaces: boots the clone of a design and keeps what it told.
///
/// # Errors
/// It cannot be put together, or did not come up.
pub(super) fn live(context: &Context<'_>, design: &Path) -> Result<(), Failure> {
    let design: BootDesign = calls::read_design(design)?;
    calls::refuse_when_forsaken(context, design.asked_by)?;
    let unbooted = |error: booted::BootError| {
        let source = std::error::Error::source(&error).map(|source| format!(": {source}"));
        Failure::new(FailureKind::NoClone, format!("{error}{}", source.unwrap_or_default()))
    };
    let told = booted::boot(&design).map_err(unbooted)?;
    storage::replace(&design.told, told.as_bytes(), storage::PRIVATE).map_err(runs::state_unwritable)
}
