//! The table of advisory feeds. A new vendor is a new file and a line here.

use super::alma_errata::AlmaErrata;
use super::debian_tracker::DebianTracker;
use super::redhat_csaf::RedHatCsaf;
use super::suse_csaf::SuseCsaf;
use super::updateinfo::Updateinfo;
use super::{AdvisoryFeed, PublishedSource};
use crate::model::distro::Distribution;

/// Every advisory feed that patchctl can read.
pub const FEEDS: &[&dyn AdvisoryFeed] = &[&DebianTracker, &Updateinfo, &AlmaErrata, &RedHatCsaf, &SuseCsaf];

/// Returns the feed of that name.
pub fn find(name: &str) -> Option<&'static dyn AdvisoryFeed> {
    FEEDS.iter().copied().find(|feed| feed.name() == name)
}

/// Returns what vendors publish about a distribution's packages, each with the feed that reads it.
pub fn published(
    distribution: &Distribution,
) -> impl Iterator<Item = (&'static dyn AdvisoryFeed, PublishedSource)> {
    let covering = FEEDS.iter().copied().filter(|feed| feed.covers(distribution));
    covering.flat_map(|feed| feed.published(distribution).into_iter().map(move |source| (feed, source)))
}
