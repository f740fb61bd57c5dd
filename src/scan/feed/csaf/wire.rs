//! The parts of a CSAF 2.0 document that matter, as they are written (OASIS CSAF 2.0, section 3).

use std::borrow::Cow;

use serde::Deserialize;

use super::super::content::Text;

#[derive(Deserialize)]
pub(super) struct Document<'a> {
    #[serde(borrow)]
    pub(super) document: Head<'a>,
    #[serde(borrow, default)]
    pub(super) product_tree: Tree<'a>,
    #[serde(borrow, default)]
    pub(super) vulnerabilities: Vec<Vulnerability<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Head<'a> {
    #[serde(borrow)]
    pub(super) category: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) aggregate_severity: Words<'a>,
    #[serde(borrow)]
    pub(super) tracking: Tracking<'a>,
}

#[derive(Default, Deserialize)]
pub(super) struct Words<'a> {
    #[serde(borrow, default)]
    pub(super) text: Cow<'a, str>,
}

#[derive(Deserialize)]
pub(super) struct Tracking<'a> {
    #[serde(borrow)]
    pub(super) id: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) initial_release_date: Cow<'a, str>,
}

#[derive(Default, Deserialize)]
pub(super) struct Tree<'a> {
    #[serde(borrow, default)]
    pub(super) branches: Vec<Branch<'a>>,
    #[serde(borrow, default)]
    pub(super) full_product_names: Vec<Product<'a>>,
    #[serde(borrow, default)]
    pub(super) relationships: Vec<Relationship<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Branch<'a> {
    #[serde(borrow, default)]
    pub(super) branches: Vec<Branch<'a>>,
    #[serde(borrow)]
    pub(super) product: Option<Product<'a>>,
}

/// A product: a platform, a module or a package.
#[derive(Deserialize)]
pub(in super::super) struct Product<'a> {
    #[serde(borrow)]
    pub(in super::super) product_id: Cow<'a, str>,
    /// For people; packages have `name-epoch:version-release.architecture` there.
    #[serde(borrow)]
    pub(in super::super) name: Cow<'a, str>,
    #[serde(rename = "product_identification_helper", borrow, default)]
    pub(in super::super) helper: Helper<'a>,
}

/// The names of a product in other systems; empty where none is given.
#[derive(Default, Deserialize)]
pub(in super::super) struct Helper<'a> {
    #[serde(borrow, default)]
    pub(in super::super) cpe: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(in super::super) purl: Cow<'a, str>,
}

#[derive(Deserialize)]
pub(super) struct Relationship<'a> {
    #[serde(borrow)]
    pub(super) full_product_name: Product<'a>,
    #[serde(borrow)]
    pub(super) product_reference: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) relates_to_product_reference: Cow<'a, str>,
}

#[derive(Deserialize)]
pub(super) struct Vulnerability<'a> {
    #[serde(borrow, default)]
    pub(super) cve: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) product_status: Status<'a>,
    #[serde(borrow, default)]
    pub(super) remediations: Vec<Remediation<'a>>,
    #[serde(borrow, default)]
    pub(super) flags: Vec<Flag<'a>>,
    #[serde(default)]
    pub(super) scores: Vec<Score>,
}

/// Identifiers of products by what is said of them.
#[derive(Default, Deserialize, PartialEq, Eq)]
pub(super) struct Status<'a> {
    #[serde(borrow, default)]
    pub(super) fixed: Vec<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) first_fixed: Vec<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) recommended: Vec<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) known_affected: Vec<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) first_affected: Vec<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) last_affected: Vec<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) known_not_affected: Vec<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) under_investigation: Vec<Text<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Remediation<'a> {
    #[serde(borrow)]
    pub(super) category: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) details: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) url: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) product_ids: Vec<Text<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Flag<'a> {
    #[serde(borrow)]
    pub(super) label: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) product_ids: Vec<Text<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Score {
    pub(super) cvss_v3: Option<Cvss>,
    pub(super) cvss_v2: Option<Cvss>,
}

#[derive(Deserialize)]
pub(super) struct Cvss {
    #[serde(rename = "baseScore")]
    pub(super) base_score: f64,
}
