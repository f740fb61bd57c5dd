//! The file system snapshot of a run: which one is foreseen, when it is taken, and when it goes.

use super::context::Context;
use crate::apply::snapshot::registry::{self, Choice};
use crate::apply::snapshot::{Ground, SnapshotError, Unfit, boot, record};
use crate::apply::space::Writing;
use crate::config::choice::SnapshotChoice;
use crate::config::layout::{Layout, RunFolder};
use crate::model::failure::{Failure, FailureKind, in_one_line};
use crate::model::run::RunId;
use crate::model::snapshot::{Protection, SnapshotRef};
use crate::observe::Event;

/// Chooses what protects a run of this host.
pub fn choose(context: &Context<'_>) -> (Ground, Choice) {
    let ground = Ground::of(&context.layout);
    let choice = registry::choose(&ground, context.settings.snapshots);
    (ground, choice)
}

/// Returns what a plan is protected by; that a provider which was asked for does not fit is a warning.
pub fn foresee(context: &Context<'_>, warnings: &mut Vec<String>) -> Protection {
    let (_, choice) = choose(context);
    warnings.extend(refusal(context, &choice));
    choice.protection
}

/// Why a run may not begin: a provider that was named does not fit.
fn refusal(context: &Context<'_>, choice: &Choice) -> Option<String> {
    let is_named = !matches!(context.settings.snapshots, SnapshotChoice::Auto | SnapshotChoice::Packages);
    let (name, Unfit(reason)) = choice.unfit.first().filter(|_| is_named)?;
    Some(format!("snapshot.provider is {name}, which cannot protect this host: {reason}"))
}

/// What a copy of `/boot` takes in patchctl's own folder, where one is made.
pub fn writing(context: &Context<'_>) -> Option<Writing> {
    let (ground, choice) = choose(context);
    let is_copied = choice.provider.is_some() && boot::is_outside(&ground);
    is_copied.then(|| Writing {
        path: context.layout.state().to_owned(),
        purpose: "copy of /boot",
        bytes: boot::size(&ground),
        files: 64,
    })
}

/// Takes the snapshot of a run and copies `/boot` where it lies outside, before the first change.
///
/// # Errors
/// The provider that was named does not fit, or the snapshot was not taken: the run must not go on.
pub fn take(
    context: &Context<'_>,
    (run, folder): (RunId, &RunFolder),
) -> Result<Option<SnapshotRef>, Failure> {
    let (ground, choice) = choose(context);
    if let Some(reason) = refusal(context, &choice) {
        return Err(Failure::new(FailureKind::NoWayBack, format!("{reason}; nothing was changed")).hint(
            "patchctl doctor tells what protects this host; [snapshot] provider = \"auto\" takes what fits",
        ));
    }
    let Some(provider) = choice.provider else { return Ok(None) };
    let taken = provider.name_for(&ground, run).and_then(|naming| {
        boot::save(&ground, folder)?;
        let intended = SnapshotRef {
            provider: provider.name().to_owned(),
            run,
            created: context.now(),
            name: naming.name,
            origin: naming.origin,
            id: None,
        };
        record::take(provider, &ground, (folder, intended))
    });
    taken.map(Some).map_err(not_taken)
}

fn not_taken(error: SnapshotError) -> Failure {
    Failure::new(FailureKind::Host, "the snapshot cannot be taken; nothing was changed")
        .caused_by(error)
        .hint("without snapshots: [snapshot] provider = \"packages\" in /etc/patchctl/patchctl.toml")
}

/// Removes the snapshot of a run, where it took one. Returns whether none is left; why one stays is told.
pub fn discard(context: &Context<'_>, folder: &RunFolder) -> bool {
    let discarded = record::discard(&Ground::of(&context.layout), folder);
    if let Err(error) = &discarded {
        context.observer.event(&Event::Note(format!("a snapshot stays: {}", in_one_line(error))));
    }
    discarded.is_ok()
}

/// Puts `/boot` back as it was before an exchange of roots that was begun and given up; a run that began none has no
/// copy of it in its folder.
///
/// # Errors
/// A file cannot be read or written: the kernels may not be those of the modules, so the run stays open.
pub fn keep_boot(context: &Context<'_>, (layout, folder): (&Layout, &RunFolder)) -> Result<(), Failure> {
    let ground = Ground::of(layout);
    let put_back = boot::put_back(&ground, folder).map_err(|error| {
        let message = "the exchange of the roots was given up, and /boot cannot be put back as it was";
        Failure::new(FailureKind::Operator, message)
            .caused_by(error)
            .hint("patchctl recover tries again; do not reboot before it has ended")
    })?;
    for path in put_back {
        context.observer.event(&Event::Note(format!("{} is as it was", path.display())));
    }
    Ok(())
}
