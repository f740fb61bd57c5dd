//! What a vendor states about one vulnerability in one of its source packages.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::severity::Severity;

/// The vendor's own triage state, kept apart because each asks for another reaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum VendorState {
    /// A version of this release has the fix.
    Fixed,
    /// This release was never affected.
    NotAffected,
    /// Affected, no fix yet.
    Open,
    /// Affected; no separate advisory is planned, a point release may bring the fix.
    NoAdvisory,
    /// Affected; the fix will ride along with a later one.
    Postponed,
    /// Affected; the vendor will not fix it in this release.
    Ignored,
    /// The package has no security support in this release: no fix ever.
    EndOfLife,
    /// Nobody has checked yet.
    Undetermined,
}

impl VendorState {
    /// Returns how people read it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::NotAffected => "not affected",
            Self::Open => "open, no fix yet",
            Self::NoAdvisory => "no advisory planned, a point release may fix it",
            Self::Postponed => "fix postponed",
            Self::Ignored => "will not be fixed in this release",
            Self::EndOfLife => "no security support in this release",
            Self::Undetermined => "not yet checked by the vendor",
        }
    }
}

/// One row of a feed for one release: a source package and what the vendor says of one vulnerability in it.
///
/// Borrows its texts where it is read from an index, so that a lookup allocates nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advisory<'a> {
    /// The vendor's identifier: a CVE, or the tracker's own (`TEMP-…`).
    pub id: Cow<'a, str>,
    /// The source package it speaks about.
    pub source: Cow<'a, str>,
    /// The vendor's triage state for this release.
    pub state: VendorState,
    /// The first fixed source version, with [`VendorState::Fixed`] only.
    pub fixed_version: Option<Cow<'a, str>>,
    /// How bad the vendor calls it.
    pub severity: Severity,
    /// The vendor's own words behind the state, where it gave some.
    pub note: Option<Cow<'a, str>>,
}
