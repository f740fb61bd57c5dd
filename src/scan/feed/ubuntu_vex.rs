//! Ubuntu's OpenVEX documents: why a package is not affected, or will not be fixed, which its OSV records leave out.
//!
//! | status, and what stands beside it | our state |
//! |---|---|
//! | `not_affected` | not affected |
//! | `not_affected` with `component_not_present`: the release has no such package | no statement; counted |
//! | `affected`, "needs fixing" | open |
//! | `affected`, "decided to not fix it" | ignored |
//! | `affected`, "no longer supported" | end of life |
//! | `under_investigation` | under investigation |
//! | `fixed` | undetermined below the named version, fixed from there on |
//!
//! The version of a product is the one of the day the document was made, so a fixed package may have had its fix for
//! long (CVE-2023-38545: `7.81.0-1ubuntu1.24` for a fix in `7.81.0-1ubuntu1.14`). The first fixed version is in the OSV
//! records. Only source packages are read; each binary package repeats its source. A statement about an ESM build
//! holds for the whole release unless the document also speaks about the archive's; one about FIPS and other lines
//! holds for hosts that use them.

use std::borrow::Cow;

use serde::Deserialize;

use super::container::{Documents, documents};
use super::content::{Text, is_word};
use super::dates::read_date;
use super::joined::Joined;
use super::ubuntu_product::{UbuntuProduct, is_esm};
use super::{AdvisoryFeed, FeedError, PublishedSource, Rows, json_records};
use crate::model::advisory::{Advisory, Affected, VendorState};
use crate::model::distro::Distribution;
use crate::model::severity::Severity;
use crate::model::version::Version;
use crate::model::vulnerability::CveId;

const NAME: &str = "ubuntu-vex";
/// The note of a version with the fix that need not be the first one.
const NOT_THE_FIRST: &str = "the vendor names a version with the fix, not the first one";

/// The VEX documents of Ubuntu.
#[derive(Clone, Copy, Debug)]
pub struct UbuntuVex;

/// One document.
#[derive(Deserialize)]
struct Vex<'a> {
    #[serde(borrow)]
    statements: Vec<Statement<'a>>,
}

#[derive(Deserialize)]
struct Statement<'a> {
    #[serde(borrow)]
    vulnerability: Vulnerability<'a>,
    #[serde(borrow, default)]
    timestamp: Text<'a>,
    #[serde(borrow)]
    products: Vec<Product<'a>>,
    #[serde(borrow)]
    status: Text<'a>,
    #[serde(borrow, default)]
    justification: Text<'a>,
    #[serde(borrow, default)]
    action_statement: Text<'a>,
    #[serde(borrow, default)]
    status_notes: Text<'a>,
}

#[derive(Deserialize)]
struct Vulnerability<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow, default)]
    aliases: Vec<Text<'a>>,
}

#[derive(Deserialize)]
struct Product<'a> {
    #[serde(borrow, rename = "@id")]
    id: Text<'a>,
}

impl AdvisoryFeed for UbuntuVex {
    fn name(&self) -> &'static str {
        NAME
    }

    fn covers(&self, distribution: &Distribution) -> bool {
        distribution.id == "ubuntu"
    }

    /// Nothing: the documents name every binary package of every architecture, and all of them together have many
    /// gigabytes. An administrator may ask for some.
    fn published(&self, _: &Distribution) -> Vec<PublishedSource> {
        Vec::new()
    }

    fn is_archive(&self) -> bool {
        true
    }

    fn parse<'a>(&self, content: &'a [u8], release: &Distribution) -> Result<Rows<'a>, FeedError> {
        self.parse_archive(documents(content).map_err(|error| error.into_feed_error(NAME))?, release)
    }

    fn parse_archive<'a>(
        &self,
        documents: Documents<'a>,
        release: &Distribution,
    ) -> Result<Rows<'a>, FeedError> {
        let (mut rows, mut joined) = (Rows::default(), Joined::default());
        for document in documents {
            let document = document.map_err(|error| error.into_feed_error(NAME))?;
            if !document.is_json() {
                continue;
            }
            let mut keep = |vex: Vex<'_>| {
                read(vex, release, &mut rows).into_iter().for_each(|advisory| joined.keep(advisory));
            };
            json_records::read(NAME, &document.content, &mut keep)
                .map_err(|error| error.in_document(NAME, &document.name))?;
        }
        rows.advisories = joined.into_advisories();
        Ok(rows)
    }
}

/// Reads one document. Its names are copied: they are a small part of it, between the names of binary packages.
fn read(vex: Vex<'_>, release: &Distribution, rows: &mut Rows<'_>) -> Vec<Advisory<'static>> {
    let in_archive: Vec<String> =
        vex.statements.iter().flat_map(|statement| archive_names(statement, release)).collect();
    let mut advisories = Vec::new();
    for statement in &vex.statements {
        rows.entries += 1;
        let id = statement.vulnerability.name.0.as_ref();
        if CveId::parse(id).is_none() && !(id.starts_with("USN-") && is_word(id)) {
            let reason = format!("neither a CVE nor a notice: {:?}", shortened(id));
            rows.unread.add("vulnerability: name", reason);
            continue;
        }
        match advisory(statement, release, &in_archive) {
            Ok(advisory) if advisory.affected.is_empty() => {}
            Ok(advisory) => advisories.push(advisory),
            Err(reason) => rows.unread.add(id, reason),
        }
    }
    advisories
}

/// The source packages of the release that a statement names.
fn sources<'s>(
    statement: &'s Statement<'_>,
    release: &Distribution,
) -> impl Iterator<Item = UbuntuProduct<'s>> {
    let products = statement.products.iter().filter_map(|product| UbuntuProduct::parse(&product.id.0));
    products.filter(|product| {
        product.architecture == "source"
            && !release.codename.is_empty()
            && product.release == Some(release.codename.as_str())
    })
}

fn archive_names(statement: &Statement<'_>, release: &Distribution) -> Vec<String> {
    let archive = sources(statement, release).filter(|product| product.channel.is_none());
    archive.map(|product| product.name.to_owned()).collect()
}

fn advisory(
    statement: &Statement<'_>,
    release: &Distribution,
    in_archive: &[String],
) -> Result<Advisory<'static>, String> {
    let state = state(statement)?;
    let mut affected = Vec::new();
    for product in sources(statement, release) {
        let Some(state) = state else { continue };
        if !is_word(product.name) {
            return Err("products: not the name of a package".to_owned());
        }
        let mut row = Affected::source(product.name.to_owned(), state);
        row.note = note(statement);
        if statement.status.0 == "fixed" {
            let version = product.version.unwrap_or_default();
            Version::deb(version).map_err(|error| format!("{}: {error}", product.name))?;
            row = row.fixed_in(version.to_owned());
            row.note = Some(Cow::Borrowed(NOT_THE_FIRST));
        }
        let is_alone = !in_archive.iter().any(|name| name == product.name);
        let channel = product.channel.filter(|channel| !(is_esm(channel) && is_alone));
        row.scope.channel = channel.map(|channel| Cow::Owned(channel.to_owned()));
        affected.push(row);
    }
    let Vulnerability { name, aliases } = &statement.vulnerability;
    let cves = [name].into_iter().chain(aliases).filter(|name| CveId::parse(&name.0).is_some());
    let owned = |text: &Text<'_>| Cow::Owned(text.0.clone().into_owned());
    Ok(Advisory {
        id: owned(name),
        vulnerabilities: cves.map(owned).collect(),
        severity: severity(&statement.status_notes.0),
        cvss_tenths: None,
        published: read_date(&statement.timestamp.0),
        affected,
    })
}

/// The state that a statement means; none where it is about no package of the release. The openings of the action
/// statements are the four that Canonical writes.
fn state(statement: &Statement<'_>) -> Result<Option<VendorState>, String> {
    let action = &statement.action_statement.0;
    match statement.status.0.as_ref() {
        "not_affected" if statement.justification.0 == "component_not_present" => Ok(None),
        "not_affected" => Ok(Some(VendorState::NotAffected)),
        "under_investigation" => Ok(Some(VendorState::UnderInvestigation)),
        "fixed" => Ok(Some(VendorState::Undetermined)),
        "affected" if action.contains("decided to not fix it") => Ok(Some(VendorState::Ignored)),
        "affected" if action.contains("is no longer supported") => Ok(Some(VendorState::EndOfLife)),
        "affected" => Ok(Some(VendorState::Open)),
        other => Err(format!("status: not a status of OpenVEX: {:?}", shortened(other))),
    }
}

/// Returns the beginning of a text for a message.
fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

/// The vendor's reason in one word, or the beginning of what it says.
fn note(statement: &Statement<'_>) -> Option<Cow<'static, str>> {
    /// Longest note that is kept: the reason comes first, and some go on for a page.
    const LONGEST: usize = 200;
    let texts = [&statement.justification, &statement.action_statement, &statement.status_notes];
    let text = texts.into_iter().find(|text| !text.0.is_empty())?;
    Some(Cow::Owned(text.0.chars().take(LONGEST).collect()))
}

/// `Ubuntu Security Team classified this CVE as of Medium priority.`
fn severity(notes: &str) -> Severity {
    let word =
        notes.split_once("classified this CVE as of ").and_then(|(_, rest)| rest.split_once(" priority"));
    match word.map(|(word, _)| word.to_ascii_lowercase()).as_deref() {
        Some("negligible") => Severity::Negligible,
        Some("low") => Severity::Low,
        Some("medium") => Severity::Medium,
        Some("high") => Severity::High,
        Some("critical") => Severity::Critical,
        _ => Severity::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::feed::decompress::decompress;

    const CURL: &[u8] = include_bytes!("../../../tests/fixtures/ubuntu-vex/CVE-2023-38545.json.zst");
    const CRYPT: &[u8] = include_bytes!("../../../tests/fixtures/ubuntu-vex/CVE-2016-20013.json.zst");
    const ARCHIVE: &[u8] = include_bytes!("../../../tests/fixtures/ubuntu-vex/vex-all.tar.xz");

    type Row = (String, VendorState, Option<String>, Option<String>);

    /// Identifiers and rows (name, state, fixed version, channel) of a capture for one release.
    fn rows(packed: &[u8], codename: &str) -> (u64, Vec<(String, Vec<Row>)>) {
        let content = decompress(packed, 1 << 24).expect("whole");
        let rows = UbuntuVex.parse(&content, &Distribution::new("ubuntu", "", codename)).expect("whole");
        assert_eq!(rows.unread.count, 0, "{:?}", rows.unread.first);
        let row = |row: Affected<'_>| {
            let (fixed, channel) = (row.range.fixed, row.scope.channel);
            (row.name.into_owned(), row.state, fixed.map(Cow::into_owned), channel.map(Cow::into_owned))
        };
        let show = |advisory: Advisory<'_>| {
            (advisory.id.into_owned(), advisory.affected.into_iter().map(row).collect())
        };
        (rows.entries, rows.advisories.into_iter().map(show).collect())
    }

    fn row(name: &str, state: VendorState, fixed: Option<&str>, channel: Option<&str>) -> Row {
        (name.to_owned(), state, fixed.map(str::to_owned), channel.map(str::to_owned))
    }

    #[test]
    fn archive_and_esm_of_a_release_keep_their_own_states() {
        let (entries, found) = rows(CURL, "xenial");
        assert_eq!(entries, 3);
        let expected = vec![
            row("curl", VendorState::EndOfLife, None, None),
            row("curl", VendorState::NotAffected, None, Some("esm-infra")),
        ];
        assert_eq!(found, [("CVE-2023-38545".to_owned(), expected)]);
    }

    #[test]
    fn esm_without_the_archive_speaks_for_the_whole_release() {
        let (_, found) = rows(CURL, "focal");
        assert_eq!(found[0].1, [row("curl", VendorState::NotAffected, None, None)]);
    }

    #[test]
    fn version_of_a_fixed_package_is_not_taken_for_the_first_one() {
        let (_, found) = rows(CURL, "jammy");
        let version = Some("7.81.0-1ubuntu1.24");
        assert_eq!(found[0].1, [row("curl", VendorState::Undetermined, version, None)]);
    }

    #[test]
    fn decision_not_to_fix_is_kept_and_a_package_that_is_not_there_is_no_statement() {
        let (_, found) = rows(CRYPT, "noble");
        let rows = &found[0].1;
        assert!(rows.contains(&row("glibc", VendorState::Ignored, None, None)), "{rows:?}");
        assert!(rows.iter().all(|row| row.0 != "zabbix"), "{rows:?}");
    }

    #[test]
    fn archive_of_early_documents_is_read() {
        let (entries, found) = rows(ARCHIVE, "jammy");
        let ids: Vec<&str> = found.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!((entries, ids), (3, vec!["CVE-2025-0167", "USN-7372-1"]));
        assert_eq!(found[0].1, [row("curl", VendorState::Open, None, None)]);
    }

    #[test]
    fn unknown_status_and_odd_names_are_counted() {
        let statement = |name: &str, status: &str| {
            format!(
                r#"{{"statements": [{{"vulnerability": {{"name": "{name}"}}, "status": "{status}",
                    "products": [{{"@id": "pkg:deb/ubuntu/p@1?arch=source&distro=jammy"}}]}}]}}"#
            )
        };
        for content in [statement("CVE-2024-0001", "maybe"), statement("403 Forbidden", "affected")] {
            let release = Distribution::new("ubuntu", "22.04", "jammy");
            let rows = UbuntuVex.parse(content.as_bytes(), &release).expect("well formed");
            assert_eq!((rows.advisories.len(), rows.unread.count), (0, 1), "{content}");
        }
        assert_eq!(
            severity("x. Ubuntu Security Team classified this CVE as of Medium priority."),
            Severity::Medium
        );
    }
}
