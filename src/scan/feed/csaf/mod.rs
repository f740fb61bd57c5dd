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
mod words;

use std::borrow::Cow;

use self::products::Products;
use self::wire::{Document, Head, Status, Vulnerability};
use self::words::{Bound, Saying, VendorWords};
use super::container::{Documents, documents};
use super::content::{Text, json};
use super::dates::read_date;
use super::identifiers::is_advisory;
use super::rpm_packages::{NamedPackage, is_left_out, rows, severity};
use super::{FeedError, Rows, Unread};
use crate::model::advisory::{Advisory, Affected, Subject};
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
    fn component<'a>(&self, place: &Place<'_, 'a>, has_version: bool) -> Found<'a>;
}

/// A package; none for what is no rpm; or why it cannot be read.
pub(super) type Found<'a> = Result<Option<Component<'a>>, String>;

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

/// Reads one document, or all of an archive in memory, and returns what they state about the release.
///
/// # Errors
/// As [`read_archive`].
pub(super) fn read<'a>(
    vendor: &dyn Vendor,
    content: &'a [u8],
    release: &Distribution,
) -> Result<Rows<'a>, FeedError> {
    let documents = documents(content).map_err(|error| error.into_feed_error(vendor.name()))?;
    read_archive(vendor, documents, release)
}

/// Reads all documents of an archive, and returns what they state about the release.
///
/// # Errors
/// One is no CSAF document, or the archive is damaged.
pub(super) fn read_archive<'a>(
    vendor: &dyn Vendor,
    documents: Documents<'a>,
    release: &Distribution,
) -> Result<Rows<'a>, FeedError> {
    let feed = vendor.name();
    let mut found = Rows::default();
    for document in documents {
        let document = document.map_err(|error| error.into_feed_error(feed))?;
        if !document.is_json() {
            continue;
        }
        found.entries += 1;
        let mut reader = Reader { vendor, release, unread: &mut found.unread };
        let advisories = match document.content {
            Cow::Borrowed(content) => reader.advisories(content),
            Cow::Owned(content) => {
                reader.advisories(&content).map(|own| own.into_iter().map(Advisory::into_owned).collect())
            }
        };
        found.advisories.extend(advisories.map_err(|error| error.in_document(feed, &document.name))?);
    }
    Ok(found)
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

struct Reader<'r> {
    vendor: &'r dyn Vendor,
    release: &'r Distribution,
    unread: &'r mut Unread,
}

impl Reader<'_> {
    fn advisories<'a>(&mut self, content: &'a [u8]) -> Result<Vec<Advisory<'a>>, FeedError> {
        let Document { document: head, product_tree, vulnerabilities } = json(self.vendor.name(), content)?;
        let id = &head.tracking.id;
        if !is_advisory(id) && CveId::parse(id).is_none() {
            let shown: String = id.chars().take(80).collect();
            self.unread.add(&shown, "tracking: id: no identifier of an advisory or a CVE");
            return Ok(Vec::new());
        }
        if !head.category.starts_with("csaf_") {
            self.unread.add(id, "category: neither an advisory nor a VEX document");
            return Ok(Vec::new());
        }
        let products = Products::new(&product_tree);
        let mut groups: Vec<(&Vulnerability<'a>, Advisory<'a>)> = Vec::new();
        for vulnerability in &vulnerabilities {
            match groups.iter_mut().find(|(first, _)| is_alike(first, vulnerability)) {
                Some((_, advisory)) => add(advisory, vulnerability),
                None => groups.push((vulnerability, self.advisory(&head, &products, vulnerability))),
            }
        }
        let stated = groups.into_iter().map(|(_, advisory)| advisory);
        Ok(stated.filter(|advisory| !advisory.affected.is_empty()).collect())
    }

    fn advisory<'a>(
        &mut self,
        head: &Head<'a>,
        products: &Products<'_, 'a>,
        vulnerability: &Vulnerability<'a>,
    ) -> Advisory<'a> {
        let id = head.tracking.id.clone();
        let affected = rows(self.packages(&id, products, vulnerability));
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

    fn packages<'a>(
        &mut self,
        id: &str,
        products: &Products<'_, 'a>,
        vulnerability: &Vulnerability<'a>,
    ) -> Vec<NamedPackage<'a>> {
        let words = VendorWords::of(id, vulnerability);
        let mut packages = Vec::new();
        for (list, says) in vulnerability.product_status.lists() {
            for Text(product) in list {
                match self.package(products, product, words.saying(says, product)) {
                    Ok(package) => packages.extend(package),
                    Err(reason) => self.unread.add(&format!("{id}: {product}"), reason),
                }
            }
        }
        packages
    }

    /// Returns the statement about a product; none where it is about another release, or about no package of rpm.
    fn package<'a>(
        &self,
        products: &Products<'_, 'a>,
        product: &str,
        saying: Saying<'a>,
    ) -> Result<Option<NamedPackage<'a>>, String> {
        let Some(place) = products.place(product)? else { return Ok(None) };
        let channel = match self.vendor.part(place.platform, self.release) {
            Part::Elsewhere => return Ok(None),
            Part::Whole => None,
            Part::Channel(channel) => Some(channel),
        };
        let has_version = saying.bound == Bound::Fixed;
        let Some(component) = self.vendor.component(&place, has_version)? else { return Ok(None) };
        if is_left_out(&component.name, &component.architecture) {
            return Ok(None);
        }
        let mut statement =
            Affected { subject: component.subject, ..Affected::source(component.name, saying.state) };
        statement.scope.channel = channel;
        statement.scope.module = component.module;
        let note = component.note.or(saying.note);
        statement.note = note.filter(|words| !words.is_empty() && words.len() <= LONGEST_NOTE);
        statement.range = saying.bound.range(component.version)?;
        let told = Some(component.architecture).filter(|name| !name.is_empty());
        Ok(Some(NamedPackage { architecture: told.unwrap_or(Cow::Borrowed("noarch")), statement }))
    }
}
