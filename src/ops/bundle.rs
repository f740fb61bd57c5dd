//! `feeds export` and `feeds import` of a bundle: the feeds of one host in one file, for hosts without a network.

use std::path::Path;

use super::context::Context;
use super::feeds::{Import, no_such_feed, request};
use super::signature;
use crate::model::failure::{Failure, FailureKind};
use crate::model::feed::SourceSettings;
use crate::model::package::Inventory;
use crate::observe::Event;
use crate::scan::refresh::bundle::{
    BundleError, BundleImport, BundleRequest, NotTaken, export_bundle, import_bundle,
};

/// What a bundle is made from, or made to.
pub(super) type Host<'a, 'c> = (&'a Context<'c>, &'a Inventory, &'a [SourceSettings]);

/// Writes what is here of every feed into one file, signed where a key is named.
pub(super) fn export(
    (context, inventory, sources): Host<'_, '_>,
    bundle: &Path,
    sign_with: Option<&str>,
) -> Result<(), Failure> {
    let exported = export_bundle(&request(context, inventory, sources), bundle, &[]).map_err(|error| {
        let kind = match &error {
            BundleError::Nothing => FailureKind::MissingFeed,
            BundleError::Feed { .. } => FailureKind::MalformedFeed,
            _ => FailureKind::Usage,
        };
        let failure = Failure::new(kind, format!("{} is not written", bundle.display())).caused_by(error);
        match kind {
            FailureKind::Usage => failure,
            _ => failure.hint("fetch the feeds first: patchctl feeds refresh"),
        }
    })?;
    let note = |text| context.observer.event(&Event::Note(text));
    note(format!("{} holds {}", bundle.display(), exported.feeds.join(", ")));
    if !exported.missing.is_empty() {
        note(format!("never fetched, so not in it: {}", exported.missing.join(", ")));
    }
    match sign_with {
        Some(key) => signature::sign(bundle, key),
        None => Ok(()),
    }
}

/// Takes what a bundle holds of this host's feeds through the same trust as content from the network.
pub(super) fn import(host: Host<'_, '_>, import: &Import<'_>) -> Result<(), Failure> {
    let (context, _, sources) = host;
    if let Some(unknown) = import.name.filter(|name| sources.iter().all(|source| source.name != *name)) {
        return Err(no_such_feed(unknown, sources));
    }
    let imported = take(host, import, None)?;
    if !imported.without_use.is_empty() && import.name.is_none() {
        let note = format!("not used on this host: {}", imported.without_use.join(", "));
        context.observer.event(&Event::Note(note));
    }
    if imported.taken.is_empty() {
        let all: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
        let message = format!("{} holds no feed that this host uses", import.file.display());
        return Err(Failure::new(FailureKind::MissingFeed, message)
            .hint(format!("feeds of this host: {}", all.join(", "))));
    }
    Ok(())
}

/// Takes a bundle in, and unpacks what is no feed into a folder where one is given.
pub(super) fn take(
    (context, inventory, sources): Host<'_, '_>,
    import: &Import<'_>,
    payload: Option<&Path>,
) -> Result<BundleImport, Failure> {
    let all: Vec<String> = sources.iter().map(|source| source.name.clone()).collect();
    let mut request = request(context, inventory, sources);
    request.accept_older = if import.accept_older { &all } else { &[] };
    let key = context.settings.feeds.bundle_key.as_deref();
    let bundle = BundleRequest { file: import.file, key, only: import.name, payload };
    let shown = import.file.display();
    let imported = import_bundle(&request, bundle).map_err(|error| {
        Failure::new(
            FailureKind::MalformedFeed,
            format!("{shown} is not taken in; the last good content stays"),
        )
        .caused_by(error)
        .hint(match payload {
            None => "make it anew on a host with a network: patchctl feeds export BUNDLE",
            Some(_) => "make it anew on a host with a network: patchctl bundle create BUNDLE --sign-with KEY",
        })
    })?;
    match imported.not_taken.as_slice() {
        [] => Ok(imported),
        refused => Err(not_taken(&shown.to_string(), refused)),
    }
}

fn not_taken(bundle: &str, refused: &[NotTaken]) -> Failure {
    let told = refused.iter().map(|refused| format!("{}: {}", refused.feed, refused.error.chain()));
    let told: Vec<String> = told.collect();
    let text = format!("not taken in, the last good content stays: {}", told.join("; "));
    let failure = Failure::new(FailureKind::MalformedFeed, text);
    match refused.iter().any(|refused| refused.error.is_acceptable()) {
        true => {
            failure.hint(format!("believe it all the same: patchctl feeds import {bundle} --accept-older"))
        }
        false => failure,
    }
}
