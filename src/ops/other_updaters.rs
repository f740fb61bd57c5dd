//! Other programs that install updates by themselves: named beside a schedule, or switched off with it and on again without it.

use serde::{Deserialize, Serialize};

use super::context::Context;
use super::doctor::rivals;
use super::{records, runs};
use crate::apply::systemd;
use crate::config::choice::Permission;
use crate::host::storage;
use crate::model::failure::{Failure, FailureKind};

/// Name of [`SwitchedOff`].
const SCHEMA: &str = "patchctl.switched-off/1";

/// The units that a schedule switched off, to be switched on again when it goes.
#[derive(Debug, Serialize, Deserialize)]
struct SwitchedOff {
    schema: String,
    units: Vec<String>,
}

/// Switches off what the policy does not want beside patchctl. Each unit is written down before it is touched.
///
/// # Errors
/// The record cannot be written, or a unit stays on.
pub(super) fn switch_off(context: &Context<'_>) -> Result<(), Failure> {
    let units = installing(context);
    if context.settings.policy.other_updaters == Permission::Allow
        || units.is_empty()
        || !systemd::is_running()
    {
        return Ok(());
    }
    let mut off = load(context)?;
    off.extend(
        units.iter().map(|unit| (*unit).to_owned()).filter(|unit| !off.contains(unit)).collect::<Vec<_>>(),
    );
    // Names always have a JSON form.
    let json = serde_json::to_vec(&SwitchedOff { schema: SCHEMA.to_owned(), units: off }).unwrap_or_default();
    runs::prepare(&context.layout)
        .and_then(|()| storage::replace(&context.layout.switched_off(), &json, storage::PRIVATE))
        .map_err(runs::state_unwritable)?;
    systemd::switch_off(&units);
    match installing(context).as_slice() {
        [] => Ok(()),
        left => {
            let message =
                format!("policy.other_updaters is refuse, and {} stays switched on", left.join(", "));
            Err(Failure::new(FailureKind::Host, message)
                .hint(format!("systemctl disable --now {}", left.join(" "))))
        }
    }
}

/// Switches on again what [`switch_off`] switched off.
///
/// # Errors
/// The record cannot be read, or systemd refuses: then it stays, to be tried again.
pub(super) fn switch_on_again(context: &Context<'_>) -> Result<(), Failure> {
    let off = load(context)?;
    if off.is_empty() || !systemd::is_running() {
        return Ok(());
    }
    let units: Vec<&str> = off.iter().map(String::as_str).collect();
    systemd::switch_on(&units).map_err(|words| {
        let message = format!("{} cannot be switched on again: {words}", units.join(", "));
        Failure::new(FailureKind::Host, message).hint(format!("systemctl enable --now {}", units.join(" ")))
    })?;
    storage::remove_file(&context.layout.switched_off()).map_err(runs::state_unwritable)
}

/// Tells what installs packages beside patchctl, and what was switched off for it.
pub(super) fn remarks(context: &Context<'_>) -> Vec<String> {
    let on = installing(context).into_iter().map(|unit| {
        format!(
            "{unit} installs packages by itself too: systemctl disable --now {unit}, or policy.other_updaters = \"refuse\""
        )
    });
    let off = load(context).unwrap_or_default().into_iter();
    on.chain(off.map(|unit| format!("{unit} is switched off; patchctl schedule remove switches it on again")))
        .collect()
}

fn installing(context: &Context<'_>) -> Vec<&'static str> {
    rivals::find(context.layout.root(), context.layout.is_live()).installing().collect()
}

fn load(context: &Context<'_>) -> Result<Vec<String>, Failure> {
    let kept: Option<SwitchedOff> = records::state(&context.layout.switched_off(), SCHEMA)?;
    Ok(kept.map(|kept| kept.units).unwrap_or_default())
}
