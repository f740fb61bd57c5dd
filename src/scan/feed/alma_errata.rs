//! AlmaLinux's errata file: the only one of its publications that tells modules, architectures and dates at once.
//!
//! | vendor's word | our state |
//! |---|---|
//! | a package of an erratum of type `security`, or of any that names CVEs | fixed, below its version |
//! | a package of another erratum (bug fix, enhancement) | no statement, counted only |
//!
//! A build of a module (`.module_el8…`) holds for the stream that `modules` names for its architecture only
//! (AlmaLinux/build-system issue 304); where they name several or none, the stream is that of the title, else untold.
//! The errata lack CVEs at times that Red Hat's advisory has (AlmaLinux/build-system issue 511) and come late (464):
//! what is missing here cannot be told.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};

use super::content::json;
use super::dates::since_1970;
use super::identifiers::is_advisory;
use super::joined::Joined;
use super::rpm_packages::{
    NamedPackage, STREAM_UNTOLD, is_left_out, is_modular, is_name, module_of_title, rows, severity,
    version_of,
};
use super::{AdvisoryFeed, FeedError, PublishedSource, Rows};
use crate::model::advisory::{Advisory, Affected, VendorState};
use crate::model::distro::Distribution;
use crate::model::vulnerability::CveId;

const NAME: &str = "alma-errata";

/// The feed of AlmaLinux.
#[derive(Clone, Copy, Debug)]
pub struct AlmaErrata;

impl AdvisoryFeed for AlmaErrata {
    fn name(&self) -> &'static str {
        NAME
    }

    fn covers(&self, distribution: &Distribution) -> bool {
        distribution.id == "almalinux"
    }

    fn published(&self, distribution: &Distribution) -> Vec<PublishedSource> {
        let major = distribution.version.split('.').next().unwrap_or_default();
        let location = format!("https://errata.almalinux.org/{major}/errata.full.json");
        vec![PublishedSource { name: NAME.to_owned(), location }]
    }

    fn parse<'a>(&self, content: &'a [u8], _: &Distribution) -> Result<Rows<'a>, FeedError> {
        let file: File<'a> = json(NAME, content)?;
        let mut rows = Rows { entries: file.errata.len() as u64, ..Rows::default() };
        let mut joined = Joined::default();
        for reading in file.errata {
            reading.unread.iter().for_each(|(place, reason)| rows.unread.add(place, reason));
            reading.advisory.into_iter().for_each(|advisory| joined.keep(advisory));
        }
        rows.advisories = joined.into_advisories();
        Ok(rows)
    }
}

/// The file as it is written.
#[derive(Deserialize)]
struct File<'a> {
    #[serde(rename = "data", borrow)]
    errata: Vec<Reading<'a>>,
}

/// What one erratum gave. It is made as soon as the erratum is read, so that the file is never held a second time.
struct Reading<'a> {
    advisory: Option<Advisory<'a>>,
    /// Places and reasons.
    unread: Vec<(String, String)>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Reading<'a> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        Erratum::deserialize(reader).map(Self::of)
    }
}

#[derive(Deserialize)]
struct Erratum<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    issued_date: i64,
    #[serde(borrow, default)]
    severity: Cow<'a, str>,
    #[serde(borrow, default)]
    title: Cow<'a, str>,
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    packages: Vec<Package<'a>>,
    #[serde(borrow, default)]
    modules: Vec<Module<'a>>,
    #[serde(borrow, default)]
    references: Vec<Reference<'a>>,
}

#[derive(Deserialize)]
struct Package<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    epoch: Cow<'a, str>,
    #[serde(borrow)]
    version: Cow<'a, str>,
    #[serde(borrow)]
    release: Cow<'a, str>,
    #[serde(borrow)]
    arch: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Module<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    stream: Cow<'a, str>,
    #[serde(borrow)]
    arch: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Reference<'a> {
    #[serde(borrow, default)]
    id: Cow<'a, str>,
    #[serde(rename = "type", borrow, default)]
    kind: Cow<'a, str>,
}

impl<'a> Reading<'a> {
    fn of(erratum: Erratum<'a>) -> Self {
        let mut unread = Vec::new();
        if !is_advisory(&erratum.id) {
            let place: String = erratum.id.chars().take(80).collect();
            return Self {
                advisory: None,
                unread: vec![(place, "id: no identifier of an erratum".to_owned())],
            };
        }
        let is_cve =
            |reference: &&Reference<'a>| reference.kind == "cve" && CveId::parse(&reference.id).is_some();
        let mut vulnerabilities: Vec<_> =
            erratum.references.iter().filter(is_cve).map(|reference| reference.id.clone()).collect();
        vulnerabilities.sort_unstable();
        vulnerabilities.dedup();
        if erratum.kind != "security" && vulnerabilities.is_empty() {
            return Self { advisory: None, unread };
        }
        let published = since_1970(erratum.issued_date);
        if published.is_none() {
            let reason = format!("issued_date: no date: {}; kept without", erratum.issued_date);
            unread.push((erratum.id.to_string(), reason));
        }
        let mut packages = Vec::with_capacity(erratum.packages.len());
        for package in erratum.packages.iter().filter(|package| !is_left_out(&package.name, &package.arch)) {
            match named(package, &erratum) {
                Ok(named) => packages.push(named),
                Err(reason) => unread.push((erratum.id.to_string(), reason)),
            }
        }
        let (severity, affected) = (severity(&erratum.severity), rows(packages));
        let advisory =
            Advisory { id: erratum.id, vulnerabilities, severity, cvss_tenths: None, published, affected };
        Self { advisory: Some(advisory), unread }
    }
}

fn named<'a>(package: &Package<'a>, erratum: &Erratum<'a>) -> Result<NamedPackage<'a>, String> {
    if !is_name(&package.name) {
        return Err(format!(
            "packages: name: no package: {:?}",
            package.name.chars().take(80).collect::<String>()
        ));
    }
    let in_package = |reason| format!("packages: {}: {reason}", package.name);
    let fixed = version_of(&package.epoch, &package.version, &package.release).map_err(in_package)?;
    let mut statement = Affected::binary(package.name.clone(), VendorState::Fixed);
    if is_modular(&fixed) {
        statement.scope.module = module_of(&package.arch, erratum);
        if statement.scope.module.is_none() {
            statement.note = Some(Cow::Borrowed(STREAM_UNTOLD));
        }
    }
    statement.range.fixed = Some(fixed);
    Ok(NamedPackage { architecture: package.arch.clone(), statement })
}

/// Returns the module of the erratum for an architecture: 32-bit packages come with the module of the 64-bit machine.
/// The module with the packages for developers (`mariadb-devel`) is not another one. Where that leaves none or
/// several, the title may tell.
fn module_of<'a>(architecture: &str, erratum: &Erratum<'a>) -> Option<Cow<'a, str>> {
    let machine = if architecture == "i686" { "x86_64" } else { architecture };
    let is_of_machine = |module: &&Module<'a>| machine == "noarch" || module.arch == machine;
    let mut names: Vec<_> = erratum
        .modules
        .iter()
        .filter(is_of_machine)
        .map(|module| (module.name.strip_suffix("-devel").unwrap_or(&module.name), module.stream.as_ref()))
        .collect();
    names.sort_unstable();
    names.dedup();
    match names.as_slice() {
        [(name, stream)] => Some(Cow::Owned(format!("{name}:{stream}"))),
        _ => module_of_title(&erratum.title).map(Cow::Owned),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::severity::Severity;

    const EXCERPT: &str = include_str!("../../../tests/fixtures/alma-errata/errata.full.json");

    fn release() -> Distribution {
        Distribution::new("almalinux", "8.10", "")
    }

    fn parse(content: &str) -> Rows<'_> {
        AlmaErrata.parse(content.as_bytes(), &release()).expect("the excerpt is whole")
    }

    fn with(from: &str, to: &str) -> String {
        assert!(EXCERPT.contains(from), "{from}");
        EXCERPT.replace(from, to)
    }

    #[test]
    fn bug_fix_is_counted_and_the_security_erratum_gives_rows_by_stream() {
        let rows = parse(EXCERPT);
        assert_eq!((rows.entries, rows.advisories.len(), rows.unread.count), (2, 1, 0));
        let advisory = &rows.advisories[0];
        assert_eq!((advisory.id.as_ref(), advisory.severity), ("ALSA-2019:3708", Severity::Medium));
        assert_eq!(advisory.published.map(|date| date.timestamp()), Some(1_572_983_623));
        assert!(advisory.vulnerabilities.iter().any(|cve| cve == "CVE-2019-2510"));
        let streams: std::collections::BTreeSet<_> =
            advisory.affected.iter().map(|row| row.scope.module.as_deref()).collect();
        assert!(streams.contains(&Some("mariadb:10.3")) && !streams.contains(&None), "{streams:?}");
    }

    #[test]
    fn build_system_304_the_stream_is_that_of_the_architecture_and_32_bit_comes_with_64() {
        let rows = parse(EXCERPT);
        let judy = |fixed: &str| {
            let row =
                rows.advisories[0].affected.iter().find(|row| row.range.fixed.as_deref() == Some(fixed));
            row.expect("in it").scope.module.as_deref().map(str::to_owned)
        };
        assert_eq!(judy("1.0.5-18.module_el8.5.0+2632+14ced695").as_deref(), Some("mariadb:10.3"));
        assert_eq!(judy("1.0.5-18.module_el8.3.0+2028+5e3224e9").as_deref(), Some("mariadb:10.3"));
    }

    #[test]
    fn what_cannot_be_read_is_counted_and_named() {
        let bad_id = with("\"ALSA-2019:3708\"", "\"403 Forbidden\"");
        let rows = parse(&bad_id);
        assert_eq!((rows.advisories.len(), rows.unread.count), (0, 1));
        assert_eq!(rows.unread.first, ["403 Forbidden: id: no identifier of an erratum"]);
        let bad_date = with("1572983623", "-5");
        assert_eq!(parse(&bad_date).unread.first, ["ALSA-2019:3708: issued_date: no date: -5; kept without"]);
        let bad_version = with("\"18.module_el8.5.0+2632+14ced695\"", "\"18 rm\"");
        let rows = parse(&bad_version);
        assert_eq!((rows.advisories.len(), rows.unread.count), (1, 1));
        assert!(
            rows.unread.first[0].contains("ALSA-2019:3708: packages: Judy: release: "),
            "{:?}",
            rows.unread
        );
    }

    #[test]
    fn what_is_no_errata_file_is_refused_with_its_place() {
        let fault = |content: &str| {
            AlmaErrata.parse(content.as_bytes(), &release()).expect_err("refused").to_string()
        };
        assert!(fault(" ").contains("empty"));
        assert!(fault("<html>").contains("web page"));
        assert!(fault("invalid").contains("line 1"));
        assert!(fault("{}").contains("data"));
        assert!(fault(&EXCERPT[..900]).contains("line"));
        let wrong = with("1572983623", "\"yesterday\"");
        assert!(fault(&wrong).contains("yesterday"), "{}", fault(&wrong));
    }

    #[test]
    fn the_address_is_that_of_the_release() {
        let published = AlmaErrata.published(&release());
        assert_eq!(published[0].location, "https://errata.almalinux.org/8/errata.full.json");
        assert!(AlmaErrata.covers(&release()));
    }

    proptest! {
        #[test]
        fn no_damage_makes_the_parser_panic(at in 0..EXCERPT.len(), byte in any::<u8>(), cut in any::<bool>()) {
            let mut bytes = EXCERPT.as_bytes().to_vec();
            bytes[at] = byte;
            bytes.truncate(if cut { at } else { bytes.len() });
            let _ = AlmaErrata.parse(&bytes, &release());
        }
    }
}
