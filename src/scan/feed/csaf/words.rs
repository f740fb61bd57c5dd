//! What a document says of a product: the list it stands in, and the remediations and flags that name it.

use std::borrow::Cow;
use std::collections::HashMap;

use super::super::content::Text;
use super::super::identifiers::is_advisory;
use super::wire::{Flag, Remediation, Status, Vulnerability};
use crate::model::advisory::{VendorState, VersionRange};

/// The lists of `product_status`, as far as they differ for a host.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    Fixed,
    Affected,
    AffectedFrom,
    AffectedUpTo,
    NotAffected,
    LookedAt,
}

/// What the version of a product bounds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    Fixed,
    From,
    UpTo,
    Exact,
}

/// What is said of one product.
pub(super) struct Saying<'a> {
    pub(super) state: VendorState,
    pub(super) bound: Bound,
    /// The vendor's words behind it.
    pub(super) note: Option<Cow<'a, str>>,
}

/// Remediations and flags by product.
pub(super) struct VendorWords<'v, 'a> {
    /// The document.
    id: &'v str,
    /// What will become of a product that is affected.
    outlook: HashMap<&'v str, &'v Remediation<'a>>,
    fixes: HashMap<&'v str, &'v Remediation<'a>>,
    flags: HashMap<&'v str, &'v Flag<'a>>,
}

impl<'a> Status<'a> {
    pub(super) fn lists(&self) -> [(&[Text<'a>], Says); 8] {
        [
            (&self.fixed, Says::Fixed),
            (&self.first_fixed, Says::Fixed),
            (&self.recommended, Says::Fixed),
            (&self.known_affected, Says::Affected),
            (&self.first_affected, Says::AffectedFrom),
            (&self.last_affected, Says::AffectedUpTo),
            (&self.known_not_affected, Says::NotAffected),
            (&self.under_investigation, Says::LookedAt),
        ]
    }
}

impl<'v, 'a> VendorWords<'v, 'a> {
    pub(super) fn of(id: &'v str, vulnerability: &'v Vulnerability<'a>) -> Self {
        let Vulnerability { remediations, flags, .. } = vulnerability;
        let is_fix = |remedy: &&Remediation<'_>| remedy.category == "vendor_fix";
        Self {
            id,
            outlook: by_product(remediations.iter().filter(is_outlook), |remedy| &remedy.product_ids),
            fixes: by_product(remediations.iter().filter(is_fix), |remedy| &remedy.product_ids),
            flags: by_product(flags.iter(), |flag| &flag.product_ids),
        }
    }

    pub(super) fn saying(&self, says: Says, product: &str) -> Saying<'a> {
        let (state, bound, note) = match (says, self.outlook.get(product)) {
            (Says::Fixed, _) => (VendorState::Fixed, Bound::Fixed, self.advisory_of_fix(product)),
            (Says::Affected, Some(remedy)) => (outlook(remedy), Bound::Exact, Some(remedy.details.clone())),
            (Says::Affected, None) => (VendorState::Open, Bound::Exact, None),
            (Says::AffectedFrom, _) => (VendorState::Open, Bound::From, None),
            (Says::AffectedUpTo, _) => (VendorState::Open, Bound::UpTo, None),
            (Says::NotAffected, _) => {
                let reason = self.flags.get(product).map(|flag| flag.label.clone());
                (VendorState::NotAffected, Bound::Exact, reason)
            }
            (Says::LookedAt, _) => (VendorState::UnderInvestigation, Bound::Exact, None),
        };
        Saying { state, bound, note }
    }

    /// The advisory that a fix came with, where it is another document than this one: the last part of its address.
    fn advisory_of_fix(&self, product: &str) -> Option<Cow<'a, str>> {
        let (_, name) = self.fixes.get(product)?.url.rsplit_once('/')?;
        (is_advisory(name) && name != self.id).then(|| Cow::Owned(name.to_owned()))
    }
}

impl Bound {
    /// # Errors
    /// A fix without a version, which would be one for nobody.
    pub(super) fn range<'a>(self, version: Option<Cow<'a, str>>) -> Result<VersionRange<'a>, String> {
        let none = VersionRange::default();
        match self {
            Self::Fixed if version.is_none() => Err("called fixed without a version".to_owned()),
            Self::Fixed => Ok(VersionRange { fixed: version, ..none }),
            Self::From => Ok(VersionRange { introduced: version, ..none }),
            Self::UpTo => Ok(VersionRange { last_affected: version, ..none }),
            Self::Exact => Ok(VersionRange { introduced: version.clone(), last_affected: version, ..none }),
        }
    }
}

fn by_product<'v, 'a: 'v, T>(
    entries: impl Iterator<Item = &'v T>,
    products: impl Fn(&'v T) -> &'v Vec<Text<'a>>,
) -> HashMap<&'v str, &'v T> {
    entries
        .flat_map(|entry| products(entry).iter().map(move |Text(product)| (product.as_ref(), entry)))
        .collect()
}

/// Tells whether a remediation says what will become of a product that is affected; workarounds do not.
fn is_outlook(remediation: &&Remediation<'_>) -> bool {
    matches!(remediation.category.as_ref(), "no_fix_planned" | "none_available" | "fix_planned")
}

fn outlook(remediation: &Remediation<'_>) -> VendorState {
    let words = remediation.details.to_ascii_lowercase();
    match remediation.category.as_ref() {
        "no_fix_planned" if words.contains("out of support") => VendorState::EndOfLife,
        "no_fix_planned" => VendorState::Ignored,
        "fix_planned" => VendorState::Postponed,
        _ if words.contains("deferred") => VendorState::Postponed,
        _ if words.contains("under investigation") => VendorState::UnderInvestigation,
        _ => VendorState::Open,
    }
}
