//! What is there and what is known about it: the first half of every verb.

use std::time::Duration;

use super::context::Context;
use super::exposure::{self, Exposures};
use super::{clock, ledger, offers, rules};
use crate::config::layout::Layout;
use crate::model::assessment::Assessment;
use crate::model::distro::{Distribution, PackageFamily, known_ids};
use crate::model::failure::{Failure, FailureKind};
use crate::model::feed::{FeedRole, FeedStamp, SourceSettings};
use crate::model::finding::{FindingPackage, NotCovered};
use crate::model::first_seen::FirstSeen;
use crate::model::offer::RepositoryView;
use crate::model::package::{InstalledPackage, Inventory, PackageKey};
use crate::model::severity::Exposure;
use crate::model::summary::Summary;
use crate::observe::Event;
use crate::scan::assess::{AssessInput, Channels, Detail, FeedIndex, InUse, assess, count, exposed, origin};
use crate::scan::channels;
use crate::scan::feed::pacman_repository;
use crate::scan::feed::registry::FEEDS;
use crate::scan::feed::repository;
use crate::scan::index::{Index, ThreatIndex, Wanted};
use crate::scan::inventory::{self, InventoryError};
use crate::scan::refresh::{self, RefreshMode, RefreshRequest, ThreatsOf};
use crate::scan::vendors;
use crate::threads;

/// The longest that one feed may take while somebody waits for a scan.
const PATIENCE: Duration = Duration::from_secs(60);
/// The longest that one feed may take when it is asked for by name.
pub const PATIENCE_ASKED: Duration = Duration::from_secs(600);

/// What a root is judged from.
pub struct Ground {
    /// What is installed.
    pub inventory: Inventory,
    /// What the repositories offer.
    pub view: RepositoryView,
    /// When findings were first seen.
    pub first_seen: FirstSeen,
    not_covered: Vec<NotCovered>,
    stamps: Vec<FeedStamp>,
    sources: Vec<SourceSettings>,
    indexes: Vec<NamedIndex>,
    announcements: Vec<NamedIndex>,
    threats: Option<ThreatIndex>,
    channels: Option<Vec<String>>,
}

/// How much of the compiled advisories is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// What they say about installed packages: that is a judgement made from.
    Installed,
    /// All of them: a question may be about what is not installed.
    Everything,
}

/// The compiled advisories of one source.
struct NamedIndex {
    source: String,
    index: Index,
}

/// A root and what follows.
pub struct Survey {
    /// What is installed.
    pub inventory: Inventory,
    /// What the repositories offer.
    pub view: RepositoryView,
    /// When findings were first seen.
    pub first_seen: FirstSeen,
    /// What follows.
    pub assessment: Assessment,
    /// What could not be brought up to date before: a result without it is incomplete.
    pub not_refreshed: Vec<String>,
    /// Why the clock of this host cannot be believed.
    pub clock_doubt: Option<String>,
}

/// Reads the inventory of the root.
///
/// # Errors
/// The distribution is not known, or the package database cannot be read.
pub fn inventory(context: &Context<'_>) -> Result<Inventory, Failure> {
    let inventory = inventory::read(context.layout.root(), context.layout.is_live()).map_err(unreadable)?;
    if has_feed(&inventory.distribution) { Ok(inventory) } else { Err(without_feed(&inventory)) }
}

/// Derivatives are not covered by the feeds of what they are made of: they rebuild its packages.
fn has_feed(distribution: &Distribution) -> bool {
    FEEDS.iter().any(|feed| feed.covers(distribution))
}

fn without_feed(inventory: &Inventory) -> Failure {
    let (title, count) = (inventory.distribution.title(), inventory.packages.len());
    let covered: Vec<&str> = known_ids().filter(|id| has_feed(&Distribution::new(id, "", ""))).collect();
    let message =
        format!("no advisory feed speaks about {title}: none of its {count} packages can be judged");
    let known = covered.join(", ");
    Failure::new(FailureKind::Host, message).hint(format!(
        "they are not judged by another distribution's advisories; this patchctl knows {known}"
    ))
}

fn unreadable(error: InventoryError) -> Failure {
    let kind = if error.is_damage() { FailureKind::HostUnclean } else { FailureKind::Host };
    let way_out = error.way_out();
    let what = match error {
        InventoryError::Distribution { .. } => "this root cannot be judged",
        _ => "the package database cannot be read",
    };
    Failure::new(kind, what).caused_by(error).hint(way_out)
}

/// The packages that the distribution's advisories do not speak about: dpkg's and pacman's repositories tell them, the
/// other families' databases.
fn foreign(inventory: &Inventory, view: &RepositoryView, sources: &[SourceSettings]) -> Vec<NotCovered> {
    match inventory.distribution.family() {
        Some(PackageFamily::Dpkg) => repository::foreign(inventory, view),
        Some(PackageFamily::Pacman) => pacman_repository::foreign(inventory, view),
        _ => vendors::foreign(inventory, sources),
    }
}

/// Reads and refreshes everything that a verdict needs.
///
/// # Errors
/// The package database or apt's lists cannot be read. A feed that fails is told by its stamp.
pub fn ground(context: &Context<'_>, reach: Reach) -> Result<Ground, Failure> {
    let layout = &context.layout;
    let inventory = inventory(context)?;
    let first_seen = ledger::first_seen(layout)?;
    let sources = context.sources(&inventory.distribution);
    let stamps = stamps(context, &inventory, &sources, (context.refresh_mode(), &[]));
    let view = offers::view(context, &inventory)?;
    let (release, installed) = (&inventory.distribution, origin::names(&inventory));
    let wanted = match reach {
        Reach::Installed => Wanted::Names(&installed),
        Reach::Everything => Wanted::All,
    };
    let of_role = |role, wanted| indexes(layout, (&sources, role), release, wanted);
    let indexes = of_role(FeedRole::Verdicts, wanted);
    let whole = || of_role(FeedRole::Verdicts, Wanted::All).into_iter().map(|named| named.index).collect();
    let contents = indexes.iter().map(|named| named.index.provenance().content).collect();
    let threats = refresh::load_threats(layout, &sources, release, ThreatsOf { contents, all: &whole });
    Ok(Ground {
        not_covered: foreign(&inventory, &view, &sources),
        announcements: of_role(FeedRole::Names, wanted),
        indexes,
        threats,
        channels: channels::of(context.layout.root(), &inventory.distribution),
        first_seen,
        inventory,
        view,
        stamps,
        sources,
    })
}

/// Reads, refreshes and judges everything.
///
/// # Errors
/// As [`ground`].
pub fn survey(context: &Context<'_>) -> Result<Survey, Failure> {
    let layout = &context.layout;
    let (reachable, ground) =
        threads::both(|| exposure::reachable(layout), || ground(context, Reach::Installed));
    let (ground, reachable) = (ground?, reachable.unwrap_or_else(|| exposure::reachable(layout)));
    let exposures = exposure::exposure(&ground.inventory, layout, &reachable);
    let mut assessment = ground.judged(context, &exposures, |input| assess(*input));
    rules::mark_waived(context, &mut assessment.findings);
    Ok(ground.surveyed(context, assessment))
}

/// Reads, refreshes and judges everything as if nothing ran here. No decision depends on what runs, and looking at it takes
/// its time: [`Survey::expose`] ranks the findings by it afterwards.
///
/// # Errors
/// As [`ground`].
pub fn at_rest(context: &Context<'_>) -> Result<Survey, Failure> {
    let ground = ground(context, Reach::Installed)?;
    let mut assessment = ground.judged(context, &Exposures::default(), |input| assess(*input));
    rules::mark_waived(context, &mut assessment.findings);
    Ok(ground.surveyed(context, assessment))
}

impl Survey {
    /// Ranks the findings of a survey [`at_rest`] by what runs here.
    pub fn expose(&mut self, context: &Context<'_>, exposures: &Exposures) {
        let exposure = |package: &FindingPackage| {
            let key = PackageKey { name: package.name.clone(), architecture: package.architecture.clone() };
            let installed = self.inventory.find(&key);
            installed.map_or(Exposure::Installed, |installed| exposures.of(installed.source.name.as_str()))
        };
        let findings = std::mem::take(&mut self.assessment.findings);
        self.assessment.findings = exposed(findings, exposure, context.settings.criticality);
    }
}

/// Reads, refreshes and judges everything, and counts instead of making findings. Counts do not depend on what runs.
///
/// # Errors
/// As [`ground`].
pub fn counted(context: &Context<'_>) -> Result<(Survey, Summary), Failure> {
    let ground = ground(context, Reach::Installed)?;
    let (summary, assessment) = ground.judged(context, &Exposures::default(), |input| count(*input));
    Ok((ground.surveyed(context, assessment), summary))
}

impl Ground {
    /// Puts a judgement beside what it was made from. By a clock that cannot be believed nothing is whole.
    fn surveyed(self, context: &Context<'_>, mut assessment: Assessment) -> Survey {
        let clock_doubt = clock::doubt(context, &assessment.feeds);
        if let Some(doubt) = &clock_doubt {
            assessment.completeness.lack(doubt.clone());
        }
        let Self { inventory, view, first_seen, .. } = self;
        Survey { inventory, view, first_seen, assessment, not_refreshed: Vec::new(), clock_doubt }
    }

    /// Hands everything to a pure judgement.
    pub fn judged<T>(
        &self,
        context: &Context<'_>,
        exposures: &Exposures,
        judgement: impl FnOnce(&AssessInput<'_>) -> T,
    ) -> T {
        let (indexes, announcements) = (borrowed(&self.indexes), borrowed(&self.announcements));
        judgement(&AssessInput {
            inventory: &self.inventory,
            view: &self.view,
            indexes: &indexes,
            announcements: &announcements,
            threats: self.threats.as_ref(),
            in_use: InUse {
                channels: self.channels.as_deref().map_or(Channels::Unknown, Channels::Known),
                modules: &self.inventory.enabled_modules,
            },
            not_covered: &self.not_covered,
            stamps: &self.stamps,
            sources: &self.sources,
            settings: &context.assessment_settings(),
            now: context.now(),
            exposure: &|source| exposures.of(source),
            first_seen: &self.first_seen,
            detail: Detail::Open,
        })
    }
}

/// Brings feeds up to date and tells their state; of those named in `accept_older`, older or smaller content is taken.
pub fn stamps(
    context: &Context<'_>,
    inventory: &Inventory,
    sources: &[SourceSettings],
    (mode, accept_older): (RefreshMode, &[String]),
) -> Vec<FeedStamp> {
    if mode != RefreshMode::Never {
        let names: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
        context.observer.event(&Event::StageBegan { stage: "feeds", detail: names.join(", ") });
    }
    let stamps = refresh::refresh(RefreshRequest {
        layout: &context.layout,
        clock: &context.clock,
        environment: &context.environment,
        distribution: &inventory.distribution,
        inventory,
        sources,
        mode,
        every: context.settings.feeds.refresh,
        patience: if mode == RefreshMode::Now { PATIENCE_ASKED } else { PATIENCE },
        accept_older,
    });
    context.observer.event(&Event::StageLeft { stage: "feeds" });
    stamps
}

/// Opens the index of every source of a role; one that cannot be had is told by the source's stamp.
fn indexes(
    layout: &Layout,
    (sources, role): (&[SourceSettings], FeedRole),
    release: &Distribution,
    wanted: Wanted<'_>,
) -> Vec<NamedIndex> {
    let load = |source: &SourceSettings| {
        let index = refresh::load_index_for(layout, source, release, wanted).ok().flatten()?;
        Some(NamedIndex { source: source.name.clone(), index })
    };
    sources.iter().filter(|source| source.role == role).filter_map(load).collect()
}

fn borrowed(indexes: &[NamedIndex]) -> Vec<FeedIndex<'_>> {
    indexes.iter().map(|named| FeedIndex { feed: &named.source, index: &named.index }).collect()
}

/// Reads the inventory's packages by name, for messages.
pub fn installed<'a>(inventory: &'a Inventory, name: &str) -> Option<&'a InstalledPackage> {
    inventory.named(name).next()
}
