//! One package against one statement: which rule applies, the verdict that follows, and the sentence for people.

use std::cmp::Ordering;

use super::origin::{Matched, is_certain};
use super::scope::{Concern, InUse, concern};
use crate::model::advisory::VendorState;
use crate::model::finding::Verdict;
use crate::model::version::compare_text;
use crate::scan::index::Statement;

/// The rule that decides about a package and a statement. The order of the rules is that of [`rule`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The version is of another line than the release's.
    ForeignVersion,
    /// The release never had the hole.
    NeverAffected,
    /// It holds for a product or repository only, and nobody knows which ones the host uses.
    ChannelUnknown,
    /// It holds for one module stream, and the one of the package is not recorded.
    StreamUnknown,
    /// A version is compared, but the files on disk are of no certain version.
    UncertainFiles,
    /// The two versions have no order.
    NotComparable,
    /// The installed version is older than the first affected one.
    BeforeIntroduced,
    /// The installed version does not sort before the fixed one.
    AtLeastFixed,
    /// The installed version is newer than the last affected one.
    BeyondLastAffected,
    /// An older version is known to be affected, and nobody confirmed it for the installed one.
    Unconfirmed,
    /// The vendor has not checked.
    NotChecked,
    /// The installed version sorts before the fixed one.
    OlderThanFixed,
    /// The same of the running kernel, where a live patch closes the hole in memory and the next kernel has the fix.
    PatchedInMemory,
    /// It sorts before a fixed one that only subscribers get.
    SubscribersOnly,
    /// The vendor calls it fixed and names no version.
    FixWithoutVersion,
    /// The vendor has no fix in the release.
    NoFix,
}

/// Where an installed version lies in the range that a statement speaks about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Before,
    Within,
    AtLeastFixed,
    Beyond,
}

/// Decides which rule applies; `None` where the statement speaks about something else.
pub fn rule(package: &Matched<'_>, statement: &Statement<'_>, in_use: InUse<'_>) -> Option<Rule> {
    if package.is_meta {
        return None;
    }
    let state = statement.state();
    match concern(package, statement, in_use) {
        _ if is_paid_fix(statement) => {}
        Concern::Yes => {}
        Concern::No => return None,
        Concern::Unclear(rule) => return Some(rule),
    }
    if package.foreign_version {
        return Some(Rule::ForeignVersion);
    }
    if state == VendorState::NotAffected {
        // Said of one build only (Red Hat's advisories do), it is no statement about another.
        return match place(package, statement) {
            Ok(Place::Within) => Some(Rule::NeverAffected),
            Ok(_) => None,
            Err(rule) => Some(rule),
        };
    }
    Some(match place(package, statement) {
        Err(rule) => rule,
        Ok(Place::Before) => Rule::BeforeIntroduced,
        Ok(Place::AtLeastFixed) => Rule::AtLeastFixed,
        Ok(Place::Beyond) if state == VendorState::Unconfirmed => Rule::Unconfirmed,
        Ok(Place::Beyond) => Rule::BeyondLastAffected,
        Ok(Place::Within) => within(package, statement, in_use),
    })
}

/// Tells whether a statement names a fix of the package itself that only subscribers get: it then tells every host of the
/// hole. Ubuntu's `esm…` archives rebuild the packages of the release; its others (FIPS, real-time) hold builds of their
/// own, which say nothing about the release's (anchore/grype issue 3544).
fn is_paid_fix(statement: &Statement<'_>) -> bool {
    let rebuilds_the_release = |channel: &str| channel.starts_with("esm");
    statement.state() == VendorState::NeedsEntitlement && statement.channel().is_none_or(rebuilds_the_release)
}

/// The rule for a version that the statement speaks about.
fn within(package: &Matched<'_>, statement: &Statement<'_>, in_use: InUse<'_>) -> Rule {
    match (statement.state(), statement.fixed()) {
        (VendorState::Undetermined | VendorState::UnderInvestigation, _) => Rule::NotChecked,
        (VendorState::Fixed, Some(_)) => Rule::OlderThanFixed,
        (VendorState::Fixed, None) => Rule::FixWithoutVersion,
        (VendorState::NeedsEntitlement, _) if concern(package, statement, in_use) == Concern::Yes => {
            Rule::OlderThanFixed
        }
        (VendorState::NeedsEntitlement, _) => Rule::SubscribersOnly,
        _ => Rule::NoFix,
    }
}

fn place(package: &Matched<'_>, statement: &Statement<'_>) -> Result<Place, Rule> {
    let installed = package.version.as_str();
    let compare = |bound: &str| -> Result<Ordering, Rule> {
        if !is_certain(package.package) {
            return Err(Rule::UncertainFiles);
        }
        let is_of_one_family = package.version.scheme() == statement.scheme();
        let order = is_of_one_family.then(|| compare_text(statement.scheme(), installed, bound)).flatten();
        order.ok_or(Rule::NotComparable)
    };
    if statement.has_bounds() {
        if let Some(introduced) = statement.introduced()
            && compare(introduced)?.is_lt()
        {
            return Ok(Place::Before);
        }
        if let Some(last) = statement.last_affected()
            && compare(last)?.is_gt()
        {
            return Ok(Place::Beyond);
        }
    }
    match statement.fixed() {
        Some(fixed) if compare(fixed)?.is_ge() => Ok(Place::AtLeastFixed),
        _ => Ok(Place::Within),
    }
}

impl Rule {
    /// Returns the verdict that follows.
    pub fn verdict(self) -> Verdict {
        match self {
            Self::OlderThanFixed => Verdict::Vulnerable,
            Self::PatchedInMemory => Verdict::MitigatedLive,
            Self::NoFix | Self::SubscribersOnly => Verdict::VulnerableNoFix,
            Self::AtLeastFixed => Verdict::Fixed,
            Self::NeverAffected | Self::BeforeIntroduced | Self::BeyondLastAffected => Verdict::NotAffected,
            Self::ForeignVersion
            | Self::ChannelUnknown
            | Self::StreamUnknown
            | Self::NotChecked
            | Self::UncertainFiles
            | Self::NotComparable
            | Self::Unconfirmed
            | Self::FixWithoutVersion => Verdict::Unknown,
        }
    }

    /// Returns how much a rule weighs when several statements of one identifier meet one package; the heaviest
    /// decides. A hole with a fix comes first. That a fix of one product or for subscribers is in outweighs an open
    /// statement about the release; that a fix of another line of versions is in does not.
    pub(super) fn weight(self, statement: &Statement<'_>) -> u8 {
        let is_special = statement.state() == VendorState::NeedsEntitlement || statement.channel().is_some();
        match self.verdict() {
            Verdict::Vulnerable | Verdict::MitigatedLive => 6,
            Verdict::Fixed if is_special => 5,
            Verdict::VulnerableNoFix => 4,
            Verdict::Unknown => 3,
            Verdict::Fixed => 2,
            Verdict::NotAffected => 1,
        }
    }
}
