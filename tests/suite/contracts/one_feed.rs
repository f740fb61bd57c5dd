//! A root judged by one content of one feed.

use std::path::Path;

use patchctl::model::assessment::{AssessmentSettings, DueDays};
use patchctl::model::digest::Sha256;
use patchctl::model::finding::NotCovered;
use patchctl::model::first_seen::FirstSeen;
use patchctl::model::offer::RepositoryView;
use patchctl::model::package::Inventory;
use patchctl::model::severity::{Criticality, Exposure, Severity};
use patchctl::scan::assess::{AssessInput, Channels, Detail, FeedIndex, InUse};
use patchctl::scan::channels;
use patchctl::scan::feed::AdvisoryFeed;
use patchctl::scan::feed::registry::FEEDS;
use patchctl::scan::index::{Index, Provenance, build};

/// Returns the feed of that name.
pub fn feed(name: &str) -> &'static dyn AdvisoryFeed {
    *FEEDS.iter().find(|feed| feed.name() == name).expect("a format that is known")
}

/// What a root is judged from.
pub struct Ground<'a> {
    pub inventory: &'a Inventory,
    pub view: &'a RepositoryView,
    pub not_covered: &'a [NotCovered],
    /// Where nothing is said, those of a root without files.
    pub channels: Option<&'a [String]>,
}

impl Ground<'_> {
    /// Reads and compiles the content, and hands everything to a judgement, with the number of statements.
    pub fn with<T>(
        &self,
        feed: &dyn AdvisoryFeed,
        content: &[u8],
        act: impl FnOnce(AssessInput<'_>, usize) -> T,
    ) -> T {
        let distribution = &self.inventory.distribution;
        let rows =
            feed.parse(content, distribution).unwrap_or_else(|error| panic!("{}: {error}", feed.name()));
        let statements = rows.advisories.iter().map(|advisory| advisory.affected.len()).sum();
        let scheme = distribution.version_scheme();
        let provenance = Provenance { content: Sha256::of(content), published: None, scheme };
        let index = Index::open(&build(&rows.advisories, provenance).unwrap()).unwrap();
        let usual = channels::of(Path::new("/nonexistent"), distribution);
        let channels = self.channels.or(usual.as_deref());
        let settings = AssessmentSettings {
            criticality: Criticality::Normal,
            due: DueDays::default(),
            minimum_severity: Severity::Negligible,
        };
        let input = AssessInput {
            inventory: self.inventory,
            view: self.view,
            indexes: &[FeedIndex { feed: feed.name(), index: &index }],
            announcements: &[],
            threats: None,
            in_use: InUse {
                channels: channels.map_or(Channels::Unknown, Channels::Known),
                modules: &self.inventory.enabled_modules,
            },
            not_covered: self.not_covered,
            stamps: &[],
            sources: &[],
            settings: &settings,
            now: chrono::DateTime::from_timestamp(1_790_000_000, 0).unwrap(),
            exposure: &|_| Exposure::Installed,
            first_seen: &FirstSeen::default(),
            detail: Detail::All,
        };
        act(input, statements)
    }
}
