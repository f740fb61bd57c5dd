//! Judged from facts: patchctl's own records, its configuration, and what protects a run.

use super::facts::{Facts, UnitState};
use crate::apply::snapshot::Unfit;
use crate::config::choice::SnapshotChoice;
use crate::model::transaction::Phase;
use crate::report::doctor::{Precondition, PreconditionState};

/// Judges what is patchctl's own.
pub(super) fn judge(facts: &Facts) -> Vec<Precondition> {
    vec![journal(facts), configuration(facts), recover_unit(facts), snapshot(facts), rehearsal(facts)]
}

fn journal(facts: &Facts) -> Precondition {
    let met = |finding: String| Precondition::met("journal", "journal", finding);
    if let Some(run) = &facts.replaced_root {
        return met(format!("the next boot starts from the root as it was before run {run}"))
            .but(PreconditionState::Stops, "systemctl reboot");
    }
    match &facts.open {
        Ok(None) => met("no run is open".to_owned()),
        Ok(Some(open)) if open.replay.phase == Phase::Operator => {
            met(format!("run {} needs a person", open.id))
                .but(PreconditionState::Stops, format!("patchctl history show {} has the commands", open.id))
        }
        Ok(Some(open)) => met(format!("run {} was interrupted and is still open", open.id))
            .but(PreconditionState::Stops, "patchctl recover"),
        Err(error) if facts.is_root => {
            met(error.clone()).but(PreconditionState::Stops, "patchctl history verify tells which are whole")
        }
        Err(_) => met("only root can read the journals".to_owned()).unchecked(),
    }
}

fn configuration(facts: &Facts) -> Precondition {
    let met = |finding: String| Precondition::met("configuration", "configuration", finding);
    match &facts.checks {
        Ok(0) => met("sound and root's alone; no health checks of your own".to_owned()),
        Ok(number) => met(format!("sound and root's alone; health checks of your own: {number}")),
        Err(error) => {
            met(error.clone()).but(PreconditionState::Stops, "health checks have to belong to root alone")
        }
    }
}

fn recover_unit(facts: &Facts) -> Precondition {
    let met = |finding: &str| Precondition::met("recovery", "recovery at boot", finding);
    match facts.recover_unit {
        UnitState::Enabled => met("patchctl-recover.service is enabled"),
        _ if facts.is_live && !facts.has_systemd => {
            met("no systemd: after a power cut patchctl recover has to be called")
                .but(PreconditionState::Attention, "call it from the host's own boot scripts")
        }
        UnitState::Installed => met("patchctl-recover.service is there and not enabled")
            .but(PreconditionState::Attention, "systemctl enable patchctl-recover.service"),
        UnitState::Absent => met(
            "patchctl-recover.service is not installed: each run brings a unit of its own for the next boot",
        )
        .but(
            PreconditionState::Attention,
            "install packaging/systemd/patchctl-recover.service and enable it",
        ),
    }
}

/// What a rehearsal needs stops a run only where the policy wants one.
fn rehearsal(facts: &Facts) -> Precondition {
    let met = |finding: String| Precondition::met("rehearsal", "rehearsal", finding);
    let rehearsals = &facts.rehearsals;
    if let Some(litter) = &rehearsals.litter {
        return met(format!("one was cut off and left {litter}"))
            .but(PreconditionState::Attention, "patchctl recover removes it");
    }
    match (&rehearsals.obstacle, &rehearsals.unbootable) {
        (None, Some(why)) => {
            met(format!("policy.rehearsal_boot wants clones booted, and none can be: {why}"))
                .but(PreconditionState::Attention, "mend that, or take policy.rehearsal_boot out")
        }
        (None, None) => met("a plan can be tried in a clone of this host".to_owned()),
        (Some(obstacle), _) if rehearsals.required => {
            met(format!("policy.require_rehearsal wants one, and there can be none: {obstacle}"))
                .but(PreconditionState::Stops, "mend that, or take policy.require_rehearsal out")
        }
        (Some(obstacle), _) => met(format!("not possible here: {obstacle}"))
            .but(PreconditionState::Attention, "patchctl rehearse would refuse; an apply does not need it"),
    }
}

fn snapshot(facts: &Facts) -> Precondition {
    let met = |finding: String| Precondition::met("snapshot", "snapshot", finding);
    let choice = &facts.snapshot;
    let protection = &choice.protection;
    let outside = protection.does_not_cover.join(", ");
    if choice.provider.is_some() {
        let outside = if outside.is_empty() { String::new() } else { format!("; not {outside}") };
        return met(format!("{}: covers {}{outside}", protection.provider, protection.covers.join(", ")));
    }
    let Some((name, Unfit(reason))) = choice.unfit.first() else {
        return met(format!(
            "none is wanted (snapshot.provider): the package archives do not cover {outside}"
        ));
    };
    let alone = format!("none ({reason}): the package archives do not cover {outside}");
    match facts.snapshot_wanted {
        SnapshotChoice::Auto | SnapshotChoice::Packages => met(alone),
        _ => met(format!("snapshot.provider is {name}, which cannot protect this host: {reason}"))
            .but(PreconditionState::Stops, "mend that, or set provider = \"auto\" in [snapshot]"),
    }
}
