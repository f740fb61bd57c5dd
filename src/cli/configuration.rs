//! Which configuration a call reads, and where its files are.

use std::path::{Path, PathBuf};

use super::args::Verb;
use crate::config::error::ConfigurationError;
use crate::config::layout::Layout;
use crate::config::load::{self, Loaded};
use crate::host::clock::Clock;
use crate::host::environment::Environment;
use crate::host::facts;
use crate::model::failure::{Failure, FailureKind};
use crate::ops::central::{self, Pull};
use crate::ops::request::Invocation;

/// Root has the system's folders; everybody else has their own.
pub(super) fn layout(invocation: &Invocation, environment: &Environment) -> Result<Layout, Failure> {
    let root = facts::absolute(&invocation.root)
        .map_err(|error| Failure::new(FailureKind::Usage, "the root cannot be used").caused_by(error))?;
    if facts::is_root() {
        return Ok(Layout::system(&root));
    }
    Layout::user(&root, environment).ok_or_else(|| {
        Failure::new(
            FailureKind::Usage,
            "there is no place for cache and reports: neither HOME nor XDG folders are set",
        )
    })
}

/// `--config`, or for other users than root `PATCHCTL_CONFIG`.
pub(super) fn file(invocation: &Invocation, environment: &Environment) -> Option<PathBuf> {
    let from_environment = || environment.configuration.clone().filter(|_| !facts::is_root());
    invocation.configuration.clone().or_else(from_environment)
}

/// Reads the configuration, for verbs that decide with the central policy as it is now.
pub(super) fn load(
    (verb, invocation): (&Verb, &Invocation),
    (layout, file): (&Layout, Option<&Path>),
    (clock, environment): (&Clock, &Environment),
) -> Result<Loaded, ConfigurationError> {
    let loaded = load::load(layout, file, facts::user_id())?;
    match verb {
        Verb::Scan(_) | Verb::Plan(_) | Verb::Apply(_) if invocation.as_of.is_none() => {
            central::renew(Pull { layout, clock, environment, file }, loaded, invocation.refresh)
        }
        _ => Ok(loaded),
    }
}
