//! The table of advisory feeds. A new vendor is a new file and a line here.

use super::alpine_secdb::AlpineSecdb;
use super::arch_tracker::ArchTracker;
use super::debian_lists::DebianLists;
use super::debian_security_support::DebianSecuritySupport;
use super::debian_tracker::DebianTracker;
use super::osv::Osv;
use super::updateinfo::Updateinfo;
use super::{AdvisoryFeed, PublishedSource};
use crate::model::distro::Distribution;

/// Every advisory feed that patchctl can read.
#[rustfmt::skip] // One line a feed.
pub const FEEDS: &[&dyn AdvisoryFeed] = &[
    &DebianTracker,
    &DebianLists,
    &DebianSecuritySupport,
    &Osv,
    &Updateinfo,
    &AlpineSecdb,
    &ArchTracker,
];

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
