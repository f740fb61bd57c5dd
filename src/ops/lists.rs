//! The package manager's own lists brought up to date, for the verbs that change the host or are asked for it.
//!
//! This is the one thing that patchctl changes outside its own folders before a run's first change (product design,
//! section 5). A scan never does.

use std::time::Duration;

use super::context::Context;
use super::request::Refresh;
use super::runs;
use crate::host::facts;
use crate::model::distro::Distribution;
use crate::model::failure::Failure;
use crate::observe::Event;

/// As long as a feed may take that is asked for by name: a slow line with many repositories gets there.
const TIME_LIMIT: Duration = Duration::from_secs(600);

/// Brings the lists of the running system up to date and returns what could not be, in the package manager's words.
/// Does nothing on another root, for other users than root, and where no refresh is wanted.
///
/// # Errors
/// There is no package manager for the distribution, or another tool holds the lock of the lists for too long.
pub fn refresh(context: &Context<'_>, distribution: &Distribution) -> Result<Vec<String>, Failure> {
    if !context.layout.is_live() || !facts::is_root() || context.invocation.refresh != Refresh::WhenDue {
        return Ok(Vec::new());
    }
    let manager = context.package_manager(distribution)?;
    let _lock = runs::take_lists_lock(context, manager.records())?;
    let detail = format!("what the repositories of {} offer", manager.name());
    context.observer.event(&Event::StageBegan { stage: "lists", detail });
    let problems = manager.refresh_lists(TIME_LIMIT).unwrap_or_else(|error| vec![error.to_string()]);
    context.observer.event(&Event::StageLeft { stage: "lists" });
    for problem in &problems {
        context.observer.event(&Event::Note(format!("the lists are not all up to date: {problem}")));
    }
    Ok(problems)
}
