//! `feeds`: what the advisories come from.

use std::path::Path;

use super::context::Context;
use super::request::FeedsRequest;
use super::{bundle, lists, offers, survey, verify};
use crate::host::storage;
use crate::model::failure::{Failure, FailureKind};
use crate::model::feed::{FeedRole, FeedStamp, FeedState, SourceSettings};
use crate::model::package::Inventory;
use crate::observe::Event;
use crate::report::documents::{FEEDS_SCHEMA, FeedsAction, FeedsDocument, Identity};
use crate::scan::refresh::bundle::is_bundle;
use crate::scan::refresh::{self, RefreshMode, RefreshRequest};

/// Lists, refreshes, exports, imports or verifies feeds.
///
/// # Errors
/// The content of an import is refused, or verification finds damage.
pub fn feeds(context: &Context<'_>, request: &FeedsRequest) -> Result<FeedsDocument, Failure> {
    let inventory = survey::inventory(context)?;
    let sources = context.sources(&inventory.distribution);
    let not_asked = || survey::stamps(context, &inventory, &sources, (RefreshMode::Never, &[]));
    let mut proofs = Vec::new();
    let (action, mut feeds) = match request {
        FeedsRequest::List => (FeedsAction::List, not_asked()),
        FeedsRequest::Refresh { accept_older } => {
            (FeedsAction::Refresh, refresh(context, &inventory, (&sources, accept_older))?)
        }
        FeedsRequest::Export { bundle, sign_with } => {
            bundle::export((context, &inventory, &sources), bundle, sign_with.as_deref())?;
            (FeedsAction::Export, not_asked())
        }
        FeedsRequest::Import { file, name, accept_older } => {
            // What is not there is told by whoever reads it.
            let file = &storage::canonical(file).unwrap_or_else(|_| file.clone());
            let wanted = Import { file, name: name.as_deref(), accept_older: *accept_older };
            match is_bundle(file) {
                true => bundle::import((context, &inventory, &sources), &wanted)?,
                false => import(context, &inventory, (&sources, &wanted))?,
            }
            (FeedsAction::Import, not_asked())
        }
        FeedsRequest::Verify => {
            proofs = verify::verify(context, &inventory, &sources)?;
            (FeedsAction::Verify, not_asked())
        }
    };
    if let Ok(view) = offers::view(context, &inventory) {
        feeds.extend(view.stamps.into_iter().map(|stamp| verify::with_signer(stamp, &proofs)));
    }
    Ok(FeedsDocument { identity: Identity::of(FEEDS_SCHEMA, context.now()), action, feeds })
}

/// Fetches the feeds, and as root the lists of the package manager. One that fails keeps no other from being fetched.
fn refresh(
    context: &Context<'_>,
    inventory: &Inventory,
    (sources, accept_older): (&[SourceSettings], &[String]),
) -> Result<Vec<FeedStamp>, Failure> {
    if let Some(unknown) = accept_older.iter().find(|name| !sources.iter().any(|s| s.name == **name)) {
        return Err(no_such_feed(unknown, sources));
    }
    let feeds = survey::stamps(context, inventory, sources, (RefreshMode::Now, accept_older));
    let lists = lists::refresh(context, &inventory.distribution)?;
    let deciding: Vec<&FeedStamp> = feeds.iter().filter(|stamp| is_needed(stamp, sources)).collect();
    for stamp in feeds.iter().filter(|stamp| !is_needed(stamp, sources)) {
        if let Some(problem) = &stamp.problem {
            let note = format!("{} is not refreshed, and decides nothing: {problem}", stamp.name);
            context.observer.event(&Event::Note(note));
        }
    }
    told(&deciding, &lists)?;
    Ok(feeds)
}

/// A refresh has not failed where only what is not needed cannot be had.
fn is_needed(stamp: &FeedStamp, sources: &[SourceSettings]) -> bool {
    sources.iter().find(|source| source.name == stamp.name).is_none_or(SourceSettings::is_needed)
}

pub(super) fn no_such_feed(name: &str, sources: &[SourceSettings]) -> Failure {
    Failure::new(FailureKind::Usage, format!("there is no feed named {name}"))
        .hint(format!("feeds of this host: {}", names(sources)))
}

fn names(sources: &[SourceSettings]) -> String {
    sources.iter().map(|source| source.name.as_str()).collect::<Vec<_>>().join(", ")
}

pub(super) fn request<'a>(
    context: &'a Context<'_>,
    inventory: &'a Inventory,
    sources: &'a [SourceSettings],
) -> RefreshRequest<'a> {
    RefreshRequest {
        layout: &context.layout,
        clock: &context.clock,
        environment: &context.environment,
        distribution: &inventory.distribution,
        inventory,
        sources,
        mode: RefreshMode::Now,
        every: context.settings.feeds.refresh,
        patience: survey::PATIENCE_ASKED,
        accept_older: &[],
    }
}

/// A refresh that was asked for and failed is a failure, even if the last good content is still there.
fn told(feeds: &[&FeedStamp], lists: &[String]) -> Result<(), Failure> {
    let failed =
        feeds.iter().filter_map(|stamp| Some(format!("{}: {}", stamp.name, stamp.problem.as_ref()?)));
    let failed: Vec<String> = failed.collect();
    let lists = lists.iter().map(|problem| format!("lists: {problem}"));
    let all: Vec<String> = failed.iter().cloned().chain(lists).collect();
    if all.is_empty() {
        return Ok(());
    }
    let of_state = |state| feeds.iter().any(|stamp| stamp.state == state);
    let kind = if of_state(FeedState::Missing) {
        FailureKind::MissingFeed
    } else if of_state(FeedState::Suspect) {
        FailureKind::MalformedFeed
    } else {
        FailureKind::StaleFeed
    };
    let mut failure = Failure::new(kind, format!("not refreshed: {}", all.join("; ")));
    if !failed.is_empty() {
        failure = failure.hint(
            "without a way to the vendor: patchctl feeds export BUNDLE elsewhere, feeds import BUNDLE here",
        );
    }
    Err(failure)
}

/// A file that is to become the content of a feed.
pub(super) struct Import<'a> {
    pub(super) file: &'a Path,
    pub(super) name: Option<&'a str>,
    pub(super) accept_older: bool,
}

fn import(
    context: &Context<'_>,
    inventory: &Inventory,
    (sources, import): (&[SourceSettings], &Import<'_>),
) -> Result<(), Failure> {
    let source = meant(sources, import.name)?;
    let accepted = [source.name.clone()];
    let mut request = request(context, inventory, sources);
    request.accept_older = if import.accept_older { &accepted } else { &[] };
    refresh::import_file(&request, source, import.file).map(|_| ()).map_err(|error| {
        let hint = if error.is_acceptable() {
            format!("believe it all the same: patchctl feeds import {} --accept-older", import.file.display())
        } else {
            format!("expected is what {} serves, plain or compressed", source.location)
        };
        let message = format!("{} is not taken in; the last good content stays", import.file.display());
        Failure::new(FailureKind::MalformedFeed, message).caused_by(error).hint(hint)
    })
}

fn meant<'a>(sources: &'a [SourceSettings], name: Option<&str>) -> Result<&'a SourceSettings, Failure> {
    match (name, sources) {
        (Some(name), _) => {
            sources.iter().find(|source| source.name == name).ok_or_else(|| no_such_feed(name, sources))
        }
        (None, _) => the_deciding_one(sources).ok_or_else(|| {
            Failure::new(FailureKind::Usage, "several feeds could be meant")
                .hint(format!("say which: patchctl feeds import FILE --name NAME ({})", names(sources)))
        }),
    }
}

/// Without a name the one feed is meant that decides what is vulnerable.
fn the_deciding_one(sources: &[SourceSettings]) -> Option<&SourceSettings> {
    let mut deciding = sources.iter().filter(|source| source.role == FeedRole::Verdicts);
    deciding.next().filter(|_| deciding.next().is_none())
}
