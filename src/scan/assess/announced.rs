//! Which advisory announced the fix of a statement: a feed of names and dates beside the feed that decides.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::FeedIndex;
use super::origin::Matched;
use crate::model::advisory::Subject;
use crate::model::vulnerability::Identifier;
use crate::scan::index::Statement;

/// An advisory's name and date.
type Announcement = (Arc<str>, Option<DateTime<Utc>>);

/// The advisories about one source package, by the vulnerabilities they fix.
#[derive(Debug, Default)]
pub(super) struct Announcements<'a> {
    by_vulnerability: HashMap<Identifier<'a>, Announcement>,
}

impl<'a> Announcements<'a> {
    /// Collects what was announced about the source of a group. Of several advisories for one vulnerability the first
    /// published one counts: later editions repair it.
    pub(super) fn about(feeds: &[FeedIndex<'a>], group: &[Matched<'_>]) -> Self {
        let mut found = Self::default();
        let Some(first) = group.first().filter(|first| first.subject == Subject::Source) else {
            return found;
        };
        for statement in feeds.iter().flat_map(|feed| feed.index.lookup(Subject::Source, &first.name)) {
            let announcement = (Arc::from(statement.id().to_string()), statement.published());
            for vulnerability in statement.vulnerabilities() {
                let known =
                    found.by_vulnerability.entry(vulnerability).or_insert_with(|| announcement.clone());
                if announcement.1.is_some() && (known.1.is_none() || announcement.1 < known.1) {
                    *known = announcement.clone();
                }
            }
        }
        found
    }

    /// Returns the advisory that announced the fix of a statement.
    pub(super) fn of(&self, statement: &Statement<'_>) -> Option<Announcement> {
        if self.by_vulnerability.is_empty() || statement.fixed().is_none() {
            return None;
        }
        statement.vulnerabilities().find_map(|name| self.by_vulnerability.get(&name)).cloned()
    }
}
