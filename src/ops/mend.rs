//! An unfinished package database: told by every verb that would change something, mended by `recover`.

use super::context::Context;
use super::{records, runs, survey};
use crate::apply::forward;
use crate::host::storage;
use crate::model::distro::PackageFamily;
use crate::model::exit_code::ExitCode;
use crate::model::failure::{Failure, FailureKind};
use crate::model::outcome::Outcome;
use crate::model::package::{InstalledPackage, Inventory};
use crate::report::schema::Report;

/// Returns the packages that the package manager began and did not finish.
pub fn unfinished(inventory: &Inventory) -> Vec<&InstalledPackage> {
    inventory.packages.iter().filter(|p| !p.state.is_clean() || p.reinstall_required).collect()
}

/// Refuses to walk over an unfinished database.
///
/// # Errors
/// There are unfinished packages; the way out is named.
pub fn refuse_unfinished(inventory: &Inventory) -> Result<(), Failure> {
    let unfinished = unfinished(inventory);
    if unfinished.is_empty() {
        return Ok(());
    }
    let failure = not_clean(&unfinished);
    Err(match by_hand(inventory, &unfinished) {
        Some(hint) => failure.hint(hint),
        None => failure.hint("patchctl recover lets dpkg finish what was begun (dpkg --configure -a)"),
    })
}

/// What a person types where patchctl finishes nothing that others began: pacman refuses to work over a package that is half
/// recorded, and apk runs scripts again that failed before. `None` where dpkg does it by itself.
fn by_hand(inventory: &Inventory, unfinished: &[&InstalledPackage]) -> Option<String> {
    let names: Vec<&str> = unfinished.iter().map(|package| package.name.as_str()).collect();
    let names = names.join(" ");
    match inventory.distribution.family() {
        Some(PackageFamily::Apk) => {
            return Some(format!(
                "install them anew, and run their scripts again: apk fix --reinstall {names}"
            ));
        }
        Some(PackageFamily::Pacman) => {}
        _ => return None,
    }
    let folder =
        |package: &&InstalledPackage| format!("/var/lib/pacman/local/{}-{}", package.name, package.version);
    let folders: Vec<String> = unfinished.iter().map(folder).collect();
    let folders = folders.join(" ");
    Some(format!("install them anew: rm -r {folders} && pacman -S --overwrite '*' {names}"))
}

fn not_clean(unfinished: &[&InstalledPackage]) -> Failure {
    let named = |package: &&InstalledPackage| format!("{} is {}", package.name, package.state.words());
    let names: Vec<String> = unfinished.iter().map(named).collect();
    Failure::new(FailureKind::HostUnclean, format!("the package database is not clean: {}", names.join(", ")))
}

/// Lets dpkg finish what was begun, and proves it from a fresh look.
///
/// # Errors
/// A lock, or packages that are still unfinished; what a person can do is named.
pub fn mend(context: &Context<'_>, report: &mut Report) -> Result<(), Failure> {
    let inventory = survey::inventory(context)?;
    if unfinished(&inventory).is_empty() {
        records::conclude(context, report, Outcome::NothingToDo, ExitCode::Done);
        return Ok(());
    }
    if let Some(hint) = by_hand(&inventory, &unfinished(&inventory)) {
        return Err(not_clean(&unfinished(&inventory)).hint(hint));
    }
    let lock = runs::take_database_lock(context)?;
    runs::prepare(&context.layout).map_err(runs::state_unwritable)?;
    let log = context.layout.mend_log();
    runs::with_tools(context, (&inventory, &[]), |tools| {
        // What it did is read from the database below.
        forward::finish_what_was_begun(tools, &log).map_err(|error| {
            Failure::new(FailureKind::Host, "dpkg cannot be asked to finish what was begun").caused_by(error)
        })
    })?;
    storage::sync_all();
    drop(lock);
    let after = survey::inventory(context)?;
    let left = unfinished(&after);
    if left.is_empty() {
        records::conclude(context, report, Outcome::Recovered, ExitCode::Done);
        return Ok(());
    }
    let names: Vec<&str> = left.iter().map(|package| package.name.as_str()).collect();
    Err(not_clean(&left)
        .hint(format!("what dpkg said: {}", log.display()))
        .hint(format!("install them anew: apt-get install --reinstall {}", names.join(" "))))
}
