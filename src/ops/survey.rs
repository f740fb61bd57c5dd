//! What is there and what is known about it: the first half of every verb.

use std::collections::HashMap;
use std::time::Duration;

use super::context::{Context, FirstSeen};
use super::ledger;
use crate::model::assessment::Assessment;
use crate::model::digest::Sha256;
use crate::model::failure::{Failure, FailureKind};
use crate::model::feed::{FeedStamp, SourceSettings};
use crate::model::finding::NotCovered;
use crate::model::offer::RepositoryView;
use crate::model::package::{InstalledPackage, Inventory};
use crate::model::severity::Exposure;
use crate::scan::assess::{AssessInput, Detail, FeedIndex, assess};
use crate::scan::feed::repository::{self, RepositoryError};
use crate::scan::index::Index;
use crate::scan::inventory::{self, DpkgDistribution, InventoryError};
use crate::scan::refresh::{self, RefreshMode, RefreshRequest};

/// The longest that one feed may take while somebody waits for a scan.
const PATIENCE: Duration = Duration::from_secs(60);

/// Everything known about a root.
pub struct Survey {
    /// What is installed.
    pub inventory: Inventory,
    /// What the repositories offer.
    pub view: RepositoryView,
    /// What follows.
    pub assessment: Assessment,
    /// The compiled advisories, by feed.
    pub indexes: Vec<(String, Index)>,
    /// When findings were first seen.
    pub first_seen: FirstSeen,
}

/// Reads the inventory of the root.
///
/// # Errors
/// The distribution is not known, or the package database cannot be read.
pub fn inventory(context: &Context<'_>) -> Result<Inventory, Failure> {
    let inventory = inventory::read(context.layout.root(), context.layout.is_live()).map_err(unreadable)?;
    if DpkgDistribution::of(&inventory.distribution).is_none() {
        let title = inventory.distribution.title();
        return Err(Failure::new(FailureKind::Host, format!("{title} is not a distribution that patchctl has advisories for"))
            .hint("its packages are not judged by another distribution's advisories; this patchctl knows debian and ubuntu"));
    }
    Ok(inventory)
}

fn unreadable(error: InventoryError) -> Failure {
    let kind = match error {
        InventoryError::Parse { .. } => FailureKind::HostUnclean,
        _ => FailureKind::Host,
    };
    Failure::new(kind, "the package database cannot be read")
        .caused_by(error)
        .hint("dpkg --audit tells what dpkg itself thinks of it")
}

/// Reads, refreshes and judges everything.
///
/// # Errors
/// The package database or apt's lists cannot be read. A feed that fails is told in the assessment.
pub fn survey(context: &Context<'_>, detail: Detail) -> Result<Survey, Failure> {
    let inventory = inventory(context)?;
    let sources = context.sources(&inventory.distribution);
    let stamps = stamps(context, &inventory, &sources, context.refresh_mode());
    let view = repository::view(&context.layout, &inventory, &context.clock).map_err(lists_unreadable)?;
    let not_covered = repository::foreign(&inventory, &view);
    let indexes = indexes(context, &inventory, &sources);
    let first_seen = ledger::first_seen(&context.layout);
    let assessment = judge(
        context,
        &Judged {
            inventory: &inventory,
            view: &view,
            not_covered: &not_covered,
            stamps: &stamps,
            sources: &sources,
            indexes: &indexes,
            first_seen: &first_seen,
            detail,
        },
    );
    Ok(Survey { inventory, view, assessment, indexes, first_seen })
}

/// Brings feeds up to date and tells their state.
pub fn stamps(
    context: &Context<'_>,
    inventory: &Inventory,
    sources: &[SourceSettings],
    mode: RefreshMode,
) -> Vec<FeedStamp> {
    refresh::refresh(RefreshRequest {
        layout: &context.layout,
        clock: &context.clock,
        environment: &context.environment,
        distribution: &inventory.distribution,
        sources,
        mode,
        every: context.settings.feeds.refresh,
        patience: PATIENCE,
        accept_older: &[],
    })
}

fn lists_unreadable(error: RepositoryError) -> Failure {
    Failure::new(FailureKind::MalformedFeed, "what the repositories offer cannot be read")
        .caused_by(error)
        .hint("apt-get update fetches the lists anew")
}

/// Opens the index of every feed; one that cannot be had is told by the feed's stamp.
fn indexes(context: &Context<'_>, inventory: &Inventory, sources: &[SourceSettings]) -> Vec<(String, Index)> {
    let load = |source: &SourceSettings| {
        let index = refresh::load_index(&context.layout, &source.name, &inventory.distribution.codename)
            .ok()
            .flatten()?;
        Some((source.name.clone(), index))
    };
    sources.iter().filter_map(load).collect()
}

struct Judged<'a> {
    inventory: &'a Inventory,
    view: &'a RepositoryView,
    not_covered: &'a [NotCovered],
    stamps: &'a [FeedStamp],
    sources: &'a [SourceSettings],
    indexes: &'a [(String, Index)],
    first_seen: &'a FirstSeen,
    detail: Detail,
}

fn judge(context: &Context<'_>, judged: &Judged<'_>) -> Assessment {
    let indexes: Vec<FeedIndex<'_>> =
        judged.indexes.iter().map(|(feed, index)| FeedIndex { feed, index }).collect();
    assess(AssessInput {
        inventory: judged.inventory,
        view: judged.view,
        indexes: &indexes,
        not_covered: judged.not_covered,
        stamps: judged.stamps,
        sources: judged.sources,
        settings: &context.assessment_settings(),
        now: context.now(),
        exposure: &|_| Exposure::Installed,
        first_seen: judged.first_seen,
        detail: judged.detail,
    })
}

/// Reads the inventory's packages by name, for messages.
pub fn installed<'a>(inventory: &'a Inventory, name: &str) -> Option<&'a InstalledPackage> {
    inventory.named(name).next()
}

/// A digest for each feed, to name what a plan was made from.
pub fn feed_digests(stamps: &[FeedStamp]) -> HashMap<&str, Option<Sha256>> {
    stamps.iter().map(|stamp| (stamp.name.as_str(), stamp.sha256)).collect()
}
