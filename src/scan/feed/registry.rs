//! The table of advisory feeds. A new vendor is a new file and a line here.

use super::AdvisoryFeed;
use super::debian_tracker::DebianTracker;
use crate::model::distro::Distribution;

/// Every advisory feed that patchctl can read.
pub const FEEDS: &[&dyn AdvisoryFeed] = &[&DebianTracker];

/// Returns the feed of that name.
pub fn find(name: &str) -> Option<&'static dyn AdvisoryFeed> {
    FEEDS.iter().copied().find(|feed| feed.name() == name)
}

/// Returns the feeds that speak about a distribution's packages.
pub fn covering(distribution: &Distribution) -> impl Iterator<Item = &'static dyn AdvisoryFeed> {
    FEEDS.iter().copied().filter(|feed| feed.covers(distribution))
}
