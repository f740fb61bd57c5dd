//! One statement of an index, read field by field where it lies: a lookup copies and allocates nothing.

use std::fmt;

use chrono::{DateTime, Utc};

use super::Index;
use super::format::{self, BOUNDS, DETAILS, ROW, bounds, details, long_at, number_at, row, short_at};
use crate::model::advisory::VendorState;
use crate::model::severity::Severity;
use crate::model::version::VersionScheme;
use crate::model::vulnerability::Identifier;

/// What a vendor states about one package. The index checked it when it was opened.
#[derive(Clone, Copy)]
pub struct Statement<'a> {
    index: &'a Index,
    name: &'a str,
    row: &'a [u8; ROW],
}

impl<'a> Statement<'a> {
    pub(super) fn new(index: &'a Index, name: &'a str, row: &'a [u8; ROW]) -> Self {
        Self { index, name, row }
    }

    /// Returns the package it speaks about.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// Returns the order of its versions.
    pub fn scheme(&self) -> VersionScheme {
        self.index.provenance().scheme
    }

    /// Returns the vendor's identifier.
    pub fn id(&self) -> Identifier<'a> {
        self.identifier().unwrap_or(Identifier::Text(""))
    }

    /// Tells whether another statement of the same index has the same identifier: an index stores each text once.
    pub fn has_same_id(&self, other: &Self) -> bool {
        let bits = |statement: &Self| long_at(statement.row, row::ID);
        bits(self) == bits(other)
    }

    /// Returns the vulnerabilities it is about.
    pub fn vulnerabilities(&self) -> impl Iterator<Item = Identifier<'a>> + use<'a> {
        let (own, list) = match self.list() {
            None => (Some(self.id()), 0..0),
            Some(list) => (None, list),
        };
        let index = self.index;
        own.into_iter().chain(list.filter_map(move |at| index.vulnerability(at)))
    }

    /// Returns the vendor's triage state of the versions within the range.
    pub fn state(&self) -> VendorState {
        format::state(self.row[row::STATE]).unwrap_or(VendorState::Undetermined)
    }

    /// Returns how bad the vendor calls it.
    pub fn severity(&self) -> Severity {
        format::severity(self.row[row::SEVERITY]).unwrap_or(Severity::Unknown)
    }

    /// Returns the CVSS base score, where the feed tells one.
    pub fn cvss(&self) -> Option<f64> {
        let tenths = self.details()?[details::CVSS];
        (tenths != format::NO_CVSS).then(|| f64::from(tenths) / 10.0)
    }

    /// Returns when the vendor published it.
    pub fn published(&self) -> Option<DateTime<Utc>> {
        let seconds = number_at(self.details()?, details::PUBLISHED).filter(|seconds| *seconds != 0)?;
        DateTime::from_timestamp(i64::from(seconds), 0)
    }

    /// Returns the first version with the fix.
    pub fn fixed(&self) -> Option<&'a str> {
        self.index.text(self.row, row::FIXED).filter(|text| !text.is_empty())
    }

    /// Returns the vendor's own words behind the state.
    pub fn note(&self) -> Option<&'a str> {
        self.index.text(self.details()?, details::NOTE).filter(|text| !text.is_empty())
    }

    /// Tells whether it has any of the bounds below; most statements have none.
    pub fn has_bounds(&self) -> bool {
        number_at(self.row, row::BOUNDS) != Some(0)
    }

    /// Returns the first affected version.
    pub fn introduced(&self) -> Option<&'a str> {
        self.bound(bounds::INTRODUCED)
    }

    /// Returns the last affected version.
    pub fn last_affected(&self) -> Option<&'a str> {
        self.bound(bounds::LAST_AFFECTED)
    }

    /// Returns the only architecture it speaks about.
    pub fn architecture(&self) -> Option<&'a str> {
        self.bound(bounds::ARCHITECTURE)
    }

    /// Returns the only module stream it speaks about, as `name:stream`.
    pub fn module(&self) -> Option<&'a str> {
        self.bound(bounds::MODULE)
    }

    /// Returns the only product, repository or minor release it speaks about.
    pub fn channel(&self) -> Option<&'a str> {
        self.bound(bounds::CHANNEL)
    }

    /// Tells whether everything that it points to is there.
    pub(super) fn is_sound(&self) -> bool {
        let words = format::state(self.row[row::STATE]).is_some()
            && format::severity(self.row[row::SEVERITY]).is_some();
        words
            && self.index.holds_text(self.row, row::FIXED)
            && self.identifier().is_some()
            && self.details_are_sound()
            && self.bounds_are_sound()
    }

    fn details_are_sound(&self) -> bool {
        if number_at(self.row, row::DETAILS) == Some(0) {
            return true;
        }
        let list_is_there = self
            .list()
            .is_none_or(|list| list.is_empty() || self.index.vulnerability(list.end - 1).is_some());
        let note_is_there = |entry| self.index.holds_text(entry, details::NOTE);
        list_is_there && self.details().is_some_and(|entry| note_is_there(entry))
    }

    fn bounds_are_sound(&self) -> bool {
        let offsets = [
            bounds::INTRODUCED,
            bounds::LAST_AFFECTED,
            bounds::ARCHITECTURE,
            bounds::MODULE,
            bounds::CHANNEL,
        ];
        match number_at(self.row, row::BOUNDS) {
            Some(0) => true,
            _ => self
                .bounds()
                .is_some_and(|entry| offsets.into_iter().all(|at| self.index.holds_text(entry, at))),
        }
    }

    fn identifier(&self) -> Option<Identifier<'a>> {
        self.index.identifier(long_at(self.row, row::ID)?)
    }

    /// Where the vulnerabilities are listed; `None` where the identifier is the only one.
    fn list(&self) -> Option<std::ops::Range<usize>> {
        let entry = self.details()?;
        let count =
            short_at(entry, details::VULNERABILITIES).filter(|count| *count != format::OWN_IDENTIFIER)?;
        let first = number_at(entry, details::FIRST_VULNERABILITY)? as usize;
        Some(first..first.saturating_add(usize::from(count)))
    }

    fn bound(&self, at: usize) -> Option<&'a str> {
        self.index.text(self.bounds()?, at).filter(|text| !text.is_empty())
    }

    /// The entry of details; a statement about its own identifier alone has none.
    fn details(&self) -> Option<&'a [u8; DETAILS]> {
        let entry = number_at(self.row, row::DETAILS)?.checked_sub(1)?;
        self.index.details(entry as usize)
    }

    /// The entry of bounds; most statements have none.
    fn bounds(&self) -> Option<&'a [u8; BOUNDS]> {
        let entry = number_at(self.row, row::BOUNDS)?.checked_sub(1)?;
        self.index.bounds(entry as usize)
    }
}

impl fmt::Debug for Statement<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {:?} fixed {:?}", self.name, self.id(), self.state(), self.fixed())
    }
}
