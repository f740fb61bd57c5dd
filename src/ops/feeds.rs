//! `feeds`: what the advisories come from.

use std::path::Path;
use std::time::Duration;

use super::context::Context;
use super::request::FeedsRequest;
use super::survey;
use crate::model::failure::{Failure, FailureKind};
use crate::model::feed::{FeedStamp, FeedState, SourceSettings};
use crate::model::package::Inventory;
use crate::report::documents::{FEEDS_SCHEMA, FeedsAction, FeedsDocument, Identity};
use crate::scan::feed::repository;
use crate::scan::refresh::{self, RefreshMode, RefreshRequest};

/// The longest that one feed may take when it is asked for by name.
const PATIENCE: Duration = Duration::from_secs(600);

/// Lists, refreshes, imports or verifies feeds.
///
/// # Errors
/// The content of an import is refused, or verification finds damage.
pub fn feeds(context: &Context<'_>, request: &FeedsRequest) -> Result<FeedsDocument, Failure> {
    let inventory = survey::inventory(context)?;
    let sources = context.sources(&inventory.distribution);
    let action = match request {
        FeedsRequest::List => FeedsAction::List,
        FeedsRequest::Refresh => FeedsAction::Refresh,
        FeedsRequest::Import { file, name } => {
            import(context, &inventory, (&sources, file, name.as_deref()))?;
            FeedsAction::Import
        }
        FeedsRequest::Verify => {
            verify(context, &inventory, &sources)?;
            FeedsAction::Verify
        }
    };
    let mode = if action == FeedsAction::Refresh { RefreshMode::Now } else { RefreshMode::Never };
    let mut feeds = survey::stamps(context, &inventory, &sources, mode);
    if action == FeedsAction::Refresh {
        told(&feeds)?;
    }
    if let Ok(view) = repository::view(&context.layout, &inventory, &context.clock) {
        feeds.extend(view.stamps);
    }
    Ok(FeedsDocument { identity: Identity::of(FEEDS_SCHEMA, context.now()), action, feeds })
}

fn request<'a>(
    context: &'a Context<'_>,
    inventory: &'a Inventory,
    sources: &'a [SourceSettings],
) -> RefreshRequest<'a> {
    RefreshRequest {
        layout: &context.layout,
        clock: &context.clock,
        environment: &context.environment,
        distribution: &inventory.distribution,
        sources,
        mode: RefreshMode::Now,
        every: context.settings.feeds.refresh,
        patience: PATIENCE,
        accept_older: &[],
    }
}

/// A refresh that was asked for and failed is a failure, even if the last good content is still there.
fn told(feeds: &[FeedStamp]) -> Result<(), Failure> {
    let failed: Vec<String> = feeds
        .iter()
        .filter_map(|stamp| Some(format!("{}: {}", stamp.name, stamp.problem.as_ref()?)))
        .collect();
    if failed.is_empty() {
        return Ok(());
    }
    let kind = if feeds.iter().any(|stamp| stamp.state == FeedState::Missing) {
        FailureKind::MissingFeed
    } else {
        FailureKind::StaleFeed
    };
    Err(Failure::new(kind, format!("not refreshed: {}", failed.join("; ")))
        .hint("without a way to the vendor: fetch the file elsewhere and patchctl feeds import FILE"))
}

fn import(
    context: &Context<'_>,
    inventory: &Inventory,
    (sources, file, name): (&[SourceSettings], &Path, Option<&str>),
) -> Result<(), Failure> {
    let known = || sources.iter().map(|source| source.name.as_str()).collect::<Vec<_>>().join(", ");
    let source = match name {
        Some(name) => sources.iter().find(|source| source.name == name).ok_or_else(|| {
            Failure::new(FailureKind::Usage, format!("there is no feed named {name}"))
                .hint(format!("feeds of this host: {}", known()))
        })?,
        None => match sources {
            [only] => only,
            _ => {
                return Err(Failure::new(FailureKind::Usage, "several feeds could be meant")
                    .hint(format!("say which: patchctl feeds import FILE --name NAME ({})", known())));
            }
        },
    };
    refresh::import_file(&request(context, inventory, sources), source, file).map(|_| ()).map_err(|error| {
        Failure::new(
            FailureKind::MalformedFeed,
            format!("{} is not taken in; the last good content stays", file.display()),
        )
        .caused_by(error)
        .hint(format!("expected is what {} serves, plain or compressed", source.location))
    })
}

fn verify(context: &Context<'_>, inventory: &Inventory, sources: &[SourceSettings]) -> Result<(), Failure> {
    let checks = refresh::verify(&request(context, inventory, sources));
    for check in checks {
        if let Err(error) = check.result {
            return Err(Failure::new(
                FailureKind::MalformedFeed,
                format!("the stored content of {} cannot be used", check.name),
            )
            .caused_by(error)
            .hint("fetch it anew: patchctl feeds refresh"));
        }
    }
    Ok(())
}
