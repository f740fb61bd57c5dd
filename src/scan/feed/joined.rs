//! Advisories of one identifier that a feed holds several times, as one.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::model::advisory::Advisory;

/// Advisories by identifier, in the order of their first occurrence. One that occurs again, in the collection of
/// another repository or in another edition, is joined to the first: all its packages and vulnerabilities count.
#[derive(Default)]
pub(super) struct Joined<'a> {
    advisories: Vec<Advisory<'a>>,
    places: HashMap<Cow<'a, str>, usize>,
}

impl<'a> Joined<'a> {
    /// Keeps an advisory.
    pub(super) fn keep(&mut self, advisory: Advisory<'a>) {
        let place = *self.places.entry(advisory.id.clone()).or_insert(self.advisories.len());
        let Some(first) = self.advisories.get_mut(place) else {
            self.advisories.push(advisory);
            return;
        };
        for vulnerability in advisory.vulnerabilities {
            if !first.vulnerabilities.contains(&vulnerability) {
                first.vulnerabilities.push(vulnerability);
            }
        }
        for affected in advisory.affected {
            if !first.affected.contains(&affected) {
                first.affected.push(affected);
            }
        }
    }

    /// Returns what was kept.
    pub(super) fn into_advisories(self) -> Vec<Advisory<'a>> {
        self.advisories
    }
}
