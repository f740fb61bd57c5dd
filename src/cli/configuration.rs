//! Which configuration a call reads, and where its files are.

use std::path::{Path, PathBuf};

use super::args::Verb;
use crate::config::error::ConfigurationError;
use crate::config::layout::Layout;
use crate::config::load::{self, Loaded};
use crate::config::rules::Written;
use crate::host::clock::Clock;
use crate::host::environment::Environment;
use crate::host::facts;
use crate::model::decision::Selection;
use crate::model::failure::{Failure, FailureKind};
use crate::ops::central::{self, Pull};
use crate::ops::context::Context;
use crate::ops::request::{Invocation, Refresh};
use crate::ops::{host_bundle, rules};

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
        Verb::Apply(args) if args.bundle.is_some() => Ok(loaded),
        Verb::Scan(_) | Verb::Plan(_) | Verb::Apply(_) if invocation.as_of.is_none() => central::renew(
            Pull { layout, clock, environment, file, brought: None },
            loaded,
            invocation.refresh,
        ),
        _ => Ok(loaded),
    }
}

/// Takes the bundle of `apply --bundle` in, and reads the configuration as it is with the policy that it brought. A sealed plan
/// for this host takes the place of the bundle, unless something else was asked for.
pub(super) fn take_bundle(context: &mut Context<'_>, verb: &mut Verb) -> anyhow::Result<()> {
    let Verb::Apply(args) = verb else { return Ok(()) };
    let Some(file) = args.bundle.take() else { return Ok(()) };
    context.invocation.refresh = Refresh::Offline;
    let plan = host_bundle::take_in(context, &file)?;
    let asks_for_all = Selection::from(args.selection.clone()).is_everything() && !args.all_updates;
    args.plan = plan.filter(|_| asks_for_all && !args.allow_removals);
    let file = context.invocation.configuration.as_deref();
    let loaded = load::load(&context.layout, file, facts::user_id())?;
    let (blocks, waivers) = (context.rules.blocks.clone(), context.rules.waivers.clone());
    context.rules = rules::assemble(&loaded, Written { blocks, waivers });
    context.settings = loaded.settings;
    context.central = loaded.central;
    Ok(())
}
