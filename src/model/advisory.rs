//! What a vendor states about vulnerabilities in its packages.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
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
    /// Affected; the fix will ride along with a later one, or is deferred.
    Postponed,
    /// Affected; the vendor will not fix it in this release.
    Ignored,
    /// The package has no security support in this release: no fix ever.
    EndOfLife,
    /// Nobody has checked yet.
    Undetermined,
    /// The vendor is looking into it.
    UnderInvestigation,
    /// A version has the fix, and only a subscription gives access to it.
    NeedsEntitlement,
    /// One version is known to be affected; nobody confirmed anything about later ones.
    Unconfirmed,
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
            Self::UnderInvestigation => "under investigation by the vendor",
            Self::NeedsEntitlement => "fixed, for subscribers only",
            Self::Unconfirmed => "not confirmed for this version",
        }
    }
}

/// By which name of an installed package a statement is matched (feeds design, rule 1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// The source package and its version.
    #[default]
    Source,
    /// The binary package and its version.
    Binary,
    /// Every source package whose name begins so; no version is compared.
    SourcePrefix,
}

/// For which part of a release a statement holds. What is absent does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Scope<'a> {
    /// Only packages of this architecture.
    pub architecture: Option<Cow<'a, str>>,
    /// Only packages of this module stream, as `name:stream`.
    pub module: Option<Cow<'a, str>>,
    /// Only hosts that use this product, repository or minor release, in the vendor's words.
    pub channel: Option<Cow<'a, str>>,
}

/// The versions that a statement speaks about: `introduced <= version`, and `version < fixed` or
/// `version <= last_affected`. A bound that is absent does not limit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct VersionRange<'a> {
    /// The first affected version; versions before it never had the hole.
    pub introduced: Option<Cow<'a, str>>,
    /// The first version with the fix.
    pub fixed: Option<Cow<'a, str>>,
    /// The last affected version, where the vendor names it instead of a fixed one.
    pub last_affected: Option<Cow<'a, str>>,
}

/// One package of an advisory. The state is that of the versions within the range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Affected<'a> {
    /// By which name it is matched.
    pub subject: Subject,
    /// The package.
    pub name: Cow<'a, str>,
    /// The vendor's triage state for the release.
    pub state: VendorState,
    /// The versions it speaks about.
    pub range: VersionRange<'a>,
    /// The part of the release it holds for.
    pub scope: Scope<'a>,
    /// The vendor's own words behind the state, where it gave some.
    pub note: Option<Cow<'a, str>>,
}

impl<'a> Affected<'a> {
    /// A source package in a state, without any version.
    pub fn source(name: impl Into<Cow<'a, str>>, state: VendorState) -> Self {
        Self {
            subject: Subject::Source,
            name: name.into(),
            state,
            range: VersionRange::default(),
            scope: Scope::default(),
            note: None,
        }
    }

    /// A binary package in a state, without any version.
    pub fn binary(name: impl Into<Cow<'a, str>>, state: VendorState) -> Self {
        Self { subject: Subject::Binary, ..Self::source(name, state) }
    }

    /// The same with the first version that has the fix.
    #[must_use]
    pub fn fixed_in(mut self, version: impl Into<Cow<'a, str>>) -> Self {
        self.range.fixed = Some(version.into());
        self
    }
}

/// What a vendor states: one identifier, the vulnerabilities behind it, and the packages of one release.
///
/// Borrows its texts from the content of the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advisory<'a> {
    /// The vendor's identifier: an advisory's (`RHSA-…`), a CVE, or a tracker's own (`TEMP-…`).
    pub id: Cow<'a, str>,
    /// The vulnerabilities it is about; a CVE as identifier stands here too. Names of other kinds (`XSA-…`) may be
    /// among them.
    pub vulnerabilities: Vec<Cow<'a, str>>,
    /// How bad the vendor calls it.
    pub severity: Severity,
    /// CVSS base score in tenths, 0 to 100, where the feed tells one.
    pub cvss_tenths: Option<u8>,
    /// When the vendor published it first.
    pub published: Option<DateTime<Utc>>,
    /// The packages of the release that it speaks about.
    pub affected: Vec<Affected<'a>>,
}

/// Makes a text independent of the content it was read from.
fn owned(text: Cow<'_, str>) -> Cow<'static, str> {
    Cow::Owned(text.into_owned())
}

impl Affected<'_> {
    /// Copies its texts, so that it outlives the content it was read from.
    pub fn into_owned(self) -> Affected<'static> {
        let Self { subject, name, state, range, scope, note } = self;
        Affected {
            subject,
            name: owned(name),
            state,
            range: VersionRange {
                introduced: range.introduced.map(owned),
                fixed: range.fixed.map(owned),
                last_affected: range.last_affected.map(owned),
            },
            scope: Scope {
                architecture: scope.architecture.map(owned),
                module: scope.module.map(owned),
                channel: scope.channel.map(owned),
            },
            note: note.map(owned),
        }
    }
}

impl Advisory<'_> {
    /// Copies its texts, so that it outlives the content it was read from.
    pub fn into_owned(self) -> Advisory<'static> {
        let Self { id, vulnerabilities, severity, cvss_tenths, published, affected } = self;
        // The list is collected in the place of the borrowed one and would keep its spare room: a sixth of the memory of
        // a large archive (measured: 128 against 107 MiB).
        let mut affected: Vec<_> = affected.into_iter().map(Affected::into_owned).collect();
        affected.shrink_to_fit();
        Advisory {
            id: owned(id),
            vulnerabilities: vulnerabilities.into_iter().map(owned).collect(),
            severity,
            cvss_tenths,
            published,
            affected,
        }
    }
}
