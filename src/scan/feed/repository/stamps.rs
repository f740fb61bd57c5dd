//! What is said of each repository itself: its date, its age, and whether it is still good today.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::lists::Repository;
use crate::model::feed::{Authenticity, FeedStamp, FeedState};

/// A stamp, with what its state depends on when the day changes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::scan::feed) struct DatedStamp {
    stamp: FeedStamp,
    /// `Origin` of the release file; empty where it names none.
    vendor: String,
    valid_until: Option<DateTime<Utc>>,
    /// The administrator told apt not to look at the date above.
    ignores_expiry: bool,
}

impl DatedStamp {
    /// Makes the stamp of a repository; `left_out` counts offers that no SHA-256 vouches for.
    pub(super) fn new(repository: &Repository, ignores_expiry: bool, left_out: usize) -> Self {
        let location = repository.source.release_folder();
        let mut stamp = FeedStamp::missing(name_of(repository), location);
        let Some(fetched) = &repository.fetched else {
            if repository.has_lists() {
                (stamp.authenticity, stamp.state) = (Some(Authenticity::Local), FeedState::Fresh);
                stamp.problem = Some("has no release file: neither signed nor dated".to_owned());
            } else {
                stamp.problem = Some("enabled, but never fetched".to_owned());
            }
            return Self { stamp, vendor: String::new(), valid_until: None, ignores_expiry };
        };
        stamp.published = fetched.release.date;
        stamp.fetched = fetched.at;
        stamp.sha256 = Some(fetched.sha256);
        stamp.authenticity = Some(fetched.authenticity);
        stamp.state = FeedState::Fresh;
        if left_out > 0 {
            stamp.problem = Some(format!("{left_out} offers without a SHA-256 are left out"));
        }
        let ignores_expiry = ignores_expiry || repository.source.ignores_expiry;
        let (vendor, valid_until) = (fetched.release.origin.clone(), fetched.release.valid_until);
        Self { stamp, vendor, valid_until, ignores_expiry }
    }

    /// The latest time at which this content is known to have been the vendor's.
    fn dated(&self) -> Option<DateTime<Utc>> {
        self.stamp.published.max(self.stamp.fetched)
    }

    /// Judges the stamp at a time; `dated` is when its content was last known to be the vendor's.
    fn at(&self, dated: Option<DateTime<Utc>>, now: DateTime<Utc>) -> FeedStamp {
        let mut stamp = self.stamp.clone();
        stamp.age_seconds = dated.map(|date| (now - date).num_seconds());
        let Some(valid_until) = self.valid_until.filter(|end| *end < now) else { return stamp };
        let end = valid_until.format("%Y-%m-%d %H:%M UTC");
        if self.ignores_expiry {
            stamp.problem = Some(format!("expired on {end}; apt is configured not to look at that"));
        } else {
            stamp.state = FeedState::Stale;
            stamp.problem = Some(format!("expired on {end}"));
        }
        stamp
    }
}

/// Judges stamps at a time.
///
/// apt asks for all suites at once and leaves a release file that did not change as it is, with its old date: a frozen
/// suite is as young as the youngest one of the same vendor. That it is still good is decided by its own expiry alone.
pub(super) fn at(stamps: &[DatedStamp], now: DateTime<Utc>) -> Vec<FeedStamp> {
    let dated = |stamp: &DatedStamp| {
        let same = |other: &&DatedStamp| !other.vendor.is_empty() && other.vendor == stamp.vendor;
        stamps.iter().filter(same).filter_map(DatedStamp::dated).max().or_else(|| stamp.dated())
    };
    stamps.iter().map(|stamp| stamp.at(dated(stamp), now)).collect()
}

/// `apt:bookworm-security` for a distribution, `apt:deb.example.org/stable` for other vendors.
pub(super) fn name_of(repository: &Repository) -> String {
    let suite = repository.source.suite.trim_end_matches('/');
    match &repository.fetched {
        Some(fetched) if is_distribution(&fetched.release.origin) => {
            format!("apt:{}", fetched.release.pocket())
        }
        _ => {
            let host = host_of(&repository.source.uri);
            format!("apt:{host}/{suite}").trim_end_matches('/').to_owned()
        }
    }
}

/// The vendors whose own advisories speak about their packages. `Debian Backports` and the like are not among them:
/// the stable advisories do not speak about those.
pub(super) fn is_distribution(vendor: &str) -> bool {
    ["Debian", "Ubuntu", "UbuntuESM", "UbuntuESMApps"].contains(&vendor)
}

/// Returns the host of an address, or its path where there is none.
pub(super) fn host_of(uri: &str) -> &str {
    match uri.split_once("://") {
        Some((_, rest)) if !rest.starts_with('/') => rest.split('/').next().unwrap_or(rest),
        Some((_, rest)) => rest.trim_end_matches('/'),
        None => uri.split_once(':').map_or(uri, |(_, path)| path.trim_end_matches('/')),
    }
}
