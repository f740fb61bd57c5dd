//! CSAF 2.0 documents, advisories and VEX alike: what a vendor says of each product becomes statements.
//!
//! | `product_status` | our state |
//! |---|---|
//! | `fixed`, `first_fixed`, `recommended` | fixed, below the product's version |
//! | `known_affected` with `no_fix_planned` "Out of support scope" | end of life |
//! | `known_affected` with another `no_fix_planned` ("Will not fix") | ignored |
//! | `known_affected` with `none_available` "Fix deferred", or `fix_planned` | postponed |
//! | `known_affected` with `none_available` "Under investigation" | under investigation |
//! | other `known_affected`; `first_affected`, `last_affected` from and up to the version | open |
//! | `known_not_affected` | not affected; with a version, that version only |
//! | `under_investigation` | under investigation |
//!
//! What differs between vendors, how a product names a package and which host a platform is, is a [`Vendor`]'s.

mod products;
mod wire;

use std::borrow::Cow;
use std::collections::HashMap;

use self::products::Products;
use self::wire::{Document, Remediation, Status, Vulnerability};
use super::dates::read_date;
use super::identifiers::is_advisory;
use super::json::{Text, json};
use super::rpm_packages::{NamedPackage, is_left_out, rows, severity};
use super::{FeedError, Rows};
use crate::model::advisory::{Advisory, Affected, Subject, VendorState};
use crate::model::distro::Distribution;
use crate::model::vulnerability::CveId;

pub(super) use self::products::Place;
pub(super) use self::wire::Product;

/// Longest words of a vendor that are kept as a note, in bytes.
const LONGEST_NOTE: usize = 200;

/// How one vendor fills the documents.
pub(super) trait Vendor {
    /// Returns the name of the feed.
    fn name(&self) -> &'static str;

    /// Tells which part of a release a platform is.
    fn part<'a>(&self, platform: &Product<'a>, release: &Distribution) -> Part<'a>;

    /// Returns the package that a product is; none for what is no rpm. Whether a version has to be in it depends on what
    /// the document says of it.
    ///
    /// # Errors
    /// It should be one and cannot be read.
    fn component<'a>(
        &self,
        place: &Place<'_, 'a>,
        has_version: bool,
    ) -> Result<Option<Component<'a>>, String>;
}

/// The part of a release that a statement holds for.
pub(super) enum Part<'a> {
    /// All of it.
    Whole,
    /// Hosts with that product or repository.
    Channel(Cow<'a, str>),
    /// Another release.
    Elsewhere,
}

/// A package as a document names it.
pub(super) struct Component<'a> {
    /// By which name it is matched.
    pub(super) subject: Subject,
    pub(super) name: Cow<'a, str>,
    /// `epoch:version-release`; absent where all versions are meant.
    pub(super) version: Option<Cow<'a, str>>,
    /// Empty where none is told.
    pub(super) architecture: Cow<'a, str>,
    /// `name:stream`
    pub(super) module: Option<Cow<'a, str>>,
    /// What the statement must add.
    pub(super) note: Option<Cow<'a, str>>,
}

/// Reads one document and adds what it states about the release.
///
/// # Errors
/// It is no CSAF document.
pub(super) fn read<'a>(
    vendor: &dyn Vendor,
    content: &'a [u8],
    release: &Distribution,
    found: &mut Rows<'a>,
) -> Result<(), FeedError> {
    let document: Document<'a> = json(vendor.name(), content)?;
    found.entries += 1;
    let id = &document.document.tracking.id;
    if !is_advisory(id) && CveId::parse(id).is_none() {
        let shown: String = id.chars().take(80).collect();
        found.unread.add(&shown, "tracking: id: no identifier of an advisory or a CVE");
        return Ok(());
    }
    if !document.document.category.starts_with("csaf_") {
        found.unread.add(id, "category: neither an advisory nor a VEX document");
        return Ok(());
    }
    let products = Products::new(&document.product_tree);
    let mut reader = Reader { vendor, release, products, found };
    let mut groups: Vec<(&Vulnerability<'a>, Advisory<'a>)> = Vec::new();
    for vulnerability in &document.vulnerabilities {
        let alike = groups.iter_mut().find(|(first, _)| is_alike(first, vulnerability));
        match alike {
            Some((_, advisory)) => add(advisory, vulnerability),
            None => groups.push((vulnerability, reader.advisory(&document, vulnerability))),
        }
    }
    let stated = groups.into_iter().map(|(_, advisory)| advisory);
    found.advisories.extend(stated.filter(|advisory| !advisory.affected.is_empty()));
    Ok(())
}

/// Vulnerabilities of which the same is said are one statement. What is open has reasons of its own.
fn is_alike(first: &Vulnerability<'_>, other: &Vulnerability<'_>) -> bool {
    let is_settled =
        |status: &Status<'_>| status.known_affected.is_empty() && status.known_not_affected.is_empty();
    is_settled(&first.product_status) && first.product_status == other.product_status
}

fn add<'a>(advisory: &mut Advisory<'a>, vulnerability: &Vulnerability<'a>) {
    if CveId::parse(&vulnerability.cve).is_some() && !advisory.vulnerabilities.contains(&vulnerability.cve) {
        advisory.vulnerabilities.push(vulnerability.cve.clone());
    }
    advisory.cvss_tenths = advisory.cvss_tenths.max(cvss_tenths(vulnerability));
}

fn cvss_tenths(vulnerability: &Vulnerability<'_>) -> Option<u8> {
    let scores = vulnerability.scores.iter();
    let base = scores
        .filter_map(|score| score.cvss_v3.as_ref().or(score.cvss_v2.as_ref()))
        .map(|cvss| cvss.base_score);
    // A base score has one decimal (CVSS 3.1, section 7), so ten times of it is whole.
    base.filter(|score| (0.0..=10.0).contains(score)).map(|score| (score * 10.0).round() as u8).max()
}

struct Reader<'r, 't, 'a> {
    vendor: &'r dyn Vendor,
    release: &'r Distribution,
    products: Products<'t, 'a>,
    found: &'r mut Rows<'a>,
}

impl<'a> Reader<'_, '_, 'a> {
    fn advisory(&mut self, document: &Document<'a>, vulnerability: &Vulnerability<'a>) -> Advisory<'a> {
        let head = &document.document;
        let id = head.tracking.id.clone();
        let affected = rows(self.packages(&id, vulnerability));
        let mut advisory = Advisory {
            vulnerabilities: Vec::new(),
            severity: severity(&head.aggregate_severity.text),
            cvss_tenths: None,
            published: read_date(&head.tracking.initial_release_date),
            affected,
            id,
        };
        add(&mut advisory, vulnerability);
        advisory
    }

    fn packages(&mut self, id: &str, vulnerability: &Vulnerability<'a>) -> Vec<NamedPackage<'a>> {
        let Vulnerability { product_status: status, remediations, flags, .. } = vulnerability;
        let outlook = by_product(remediations.iter().filter(|remedy| is_outlook(remedy)), |r| &r.product_ids);
        let reasons = by_product(flags.iter(), |flag| &flag.product_ids);
        let affected = |product: &str| match outlook.get(product) {
            Some(remedy) => (outlook_state(remedy), Some(remedy.details.clone())),
            None => (VendorState::Open, None),
        };
        let harmless =
            |product: &str| (VendorState::NotAffected, reasons.get(product).map(|flag| flag.label.clone()));
        let fixes = by_product(remediations.iter().filter(|remedy| remedy.category == "vendor_fix"), |r| {
            &r.product_ids
        });
        let fixed =
            |product: &str| (VendorState::Fixed, fixes.get(product).and_then(|fix| advisory_of(fix, id)));
        let open = |_: &str| (VendorState::Open, None);
        let unclear = |_: &str| (VendorState::UnderInvestigation, None);
        let lists: [(&[Text<'a>], Bound, &dyn Fn(&str) -> (VendorState, Option<Cow<'a, str>>)); 8] = [
            (&status.fixed, Bound::Fixed, &fixed),
            (&status.first_fixed, Bound::Fixed, &fixed),
            (&status.recommended, Bound::Fixed, &fixed),
            (&status.known_affected, Bound::Exact, &affected),
            (&status.first_affected, Bound::From, &open),
            (&status.last_affected, Bound::UpTo, &open),
            (&status.known_not_affected, Bound::Exact, &harmless),
            (&status.under_investigation, Bound::Exact, &unclear),
        ];
        let mut packages = Vec::new();
        for (products, bound, state) in lists {
            for Text(product) in products {
                match self.package(product, bound, state(product)) {
                    Ok(package) => packages.extend(package),
                    Err(reason) => self.found.unread.add(&format!("{id}: {product}"), reason),
                }
            }
        }
        packages
    }

    /// Returns the statement about a product; none where it is about another release, or about no package of rpm.
    fn package(
        &self,
        product: &str,
        bound: Bound,
        (state, words): (VendorState, Option<Cow<'a, str>>),
    ) -> Result<Option<NamedPackage<'a>>, String> {
        let Some(place) = self.products.place(product)? else { return Ok(None) };
        let channel = match self.vendor.part(place.platform, self.release) {
            Part::Elsewhere => return Ok(None),
            Part::Whole => None,
            Part::Channel(channel) => Some(channel),
        };
        let Some(component) = self.vendor.component(&place, bound == Bound::Fixed)? else { return Ok(None) };
        if is_left_out(&component.name, &component.architecture) {
            return Ok(None);
        }
        let mut statement =
            Affected { subject: component.subject, ..Affected::source(component.name, state) };
        statement.scope.channel = channel;
        statement.scope.module = component.module;
        statement.note =
            component.note.or(words).filter(|words| !words.is_empty() && words.len() <= LONGEST_NOTE);
        let range = &mut statement.range;
        match (bound, component.version) {
            (Bound::Fixed, None) => return Err("called fixed without a version".to_owned()),
            (Bound::Fixed, version) => range.fixed = version,
            (Bound::From, version) => range.introduced = version,
            (Bound::UpTo, version) => range.last_affected = version,
            (Bound::Exact, version) => (range.introduced, range.last_affected) = (version.clone(), version),
        }
        let architecture = Some(component.architecture).filter(|name| !name.is_empty());
        Ok(Some(NamedPackage { architecture: architecture.unwrap_or(Cow::Borrowed("noarch")), statement }))
    }
}

/// What the version of a product bounds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bound {
    Fixed,
    From,
    UpTo,
    Exact,
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
fn is_outlook(remediation: &Remediation<'_>) -> bool {
    matches!(remediation.category.as_ref(), "no_fix_planned" | "none_available" | "fix_planned")
}

/// The advisory that a fix came with, where it is another document than this one: the last part of its address.
fn advisory_of<'a>(fix: &Remediation<'a>, id: &str) -> Option<Cow<'a, str>> {
    let (_, name) = fix.url.rsplit_once('/')?;
    (is_advisory(name) && name != id).then(|| Cow::Owned(name.to_owned()))
}

fn outlook_state(remediation: &Remediation<'_>) -> VendorState {
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
