//! SUSE's CSAF documents: notices (SUSE-SU, openSUSE-SU) and VEX (one for each CVE).
//!
//! States are those of [`super::csaf`]; SUSE says `recommended` for what is fixed. Packages are binary ones everywhere.
//! A platform is a base product with its service pack, or a module, an extension or a long-term contract of it, each
//! with packages of its own: what is not the base product itself is the channel of its statements, in SUSE's words
//! (`SUSE Linux Enterprise Module for Basesystem 15 SP6`). Without the service pack a fix for SP2 was held against the
//! kernel of SP1 (wazuh issue 9091). SUSE's OVAL leaves service packs out at times and its CVRF says the same as CSAF,
//! so neither is read.

use std::borrow::Cow;

use super::container::Documents;
use super::csaf::{Component, Part, Place, Product, Vendor, read, read_archive};
use super::rpm_packages::{is_name, version_of};
use super::{Addressing, AdvisoryFeed, ArchivePlace, FeedError, PublishedSource, Rows};
use crate::model::advisory::Subject;
use crate::model::distro::Distribution;
use crate::model::version::rpm::Nevra;

const NAME: &str = "suse-csaf";
/// The machine types that SUSE builds or has built for.
const MACHINES: [&str; 17] = [
    "noarch", "x86_64", "aarch64", "ppc64le", "s390x", "i586", "i686", "ppc64", "ppc", "s390", "ia64",
    "armv7l", "armv7hl", "armv6hl", "riscv64", "src", "nosrc",
];
/// os-release's identifier, and how the CPE of that base product spells it.
const BASE_PRODUCTS: [(&str, &str); 8] = [
    ("sles", "sles"),
    ("sles", "suse_sles"),
    ("sled", "sled"),
    ("sles_sap", "sles_sap"),
    ("sle_hpc", "sle_hpc"),
    ("sle-micro", "sle-micro"),
    ("sle-micro", "suse-microos"),
    ("sl-micro", "sl-micro"),
];

/// The feed of SUSE's security team.
#[derive(Clone, Copy, Debug)]
pub struct SuseCsaf;

impl AdvisoryFeed for SuseCsaf {
    fn name(&self) -> &'static str {
        NAME
    }

    fn covers(&self, distribution: &Distribution) -> bool {
        let id = distribution.id.as_str();
        id.starts_with("opensuse-") || BASE_PRODUCTS.iter().any(|(own, _)| *own == id)
    }

    fn published(&self, _: &Distribution) -> Vec<PublishedSource> {
        let location = "https://ftp.suse.com/pub/projects/security/csaf-vex/changes.csv";
        vec![PublishedSource { name: NAME.to_owned(), location: location.to_owned() }]
    }

    fn addressing(&self) -> Addressing {
        Addressing::Folder(ArchivePlace::Beside)
    }

    fn is_archive(&self) -> bool {
        true
    }

    fn parse<'a>(&self, content: &'a [u8], release: &Distribution) -> Result<Rows<'a>, FeedError> {
        read(&Suse, content, release)
    }

    fn parse_archive<'a>(
        &self,
        documents: Documents<'a>,
        release: &Distribution,
    ) -> Result<Rows<'a>, FeedError> {
        read_archive(&Suse, documents, release)
    }
}

/// How SUSE fills CSAF documents.
struct Suse;

impl Vendor for Suse {
    fn name(&self) -> &'static str {
        NAME
    }

    fn part<'a>(&self, platform: &Product<'a>, release: &Distribution) -> Part<'a> {
        let cpe: Vec<&str> = platform.helper.cpe.split(':').collect();
        let field = |place: usize| cpe.get(place).copied().unwrap_or_default();
        let (vendor, product, edition) = (field(2), field(3), field(6));
        if let Some(open) = release.id.strip_prefix("opensuse-") {
            // SUSE's data for its enterprise products say nothing about openSUSE (wazuh issue 27924).
            let is_rolling = field(4).is_empty();
            let is_own = vendor == "opensuse" && product == open;
            return match is_own && (is_rolling || field(4) == release.version) {
                true => Part::Whole,
                false => Part::Elsewhere,
            };
        }
        if vendor != "suse" || !is_version(field(4), field(5), &release.version) {
            return Part::Elsewhere;
        }
        match edition.is_empty() && BASE_PRODUCTS.contains(&(release.id.as_str(), product)) {
            true => Part::Whole,
            false => Part::Channel(platform.name.clone()),
        }
    }

    fn component<'a>(
        &self,
        place: &Place<'_, 'a>,
        has_version: bool,
    ) -> Result<Option<Component<'a>>, String> {
        let text = place.package.name.as_ref();
        let nevra = Nevra::parse(text).filter(|nevra| MACHINES.contains(&nevra.architecture));
        let (name, version, architecture) = match (nevra, has_version) {
            (Some(nevra), _) => {
                let version = version_of(nevra.epoch.unwrap_or_default(), nevra.version, nevra.release)?;
                (nevra.name, Some(version), nevra.architecture)
            }
            (None, true) => {
                let (rest, release) = text.rsplit_once('-').ok_or("no version in the name")?;
                let (name, version) = rest.rsplit_once('-').ok_or("no version in the name")?;
                (name, Some(version_of("", version, release)?), "")
            }
            (None, false) => (text, None, ""),
        };
        if !is_name(name) {
            return Err("no name of a package".to_owned());
        }
        Ok(Some(Component {
            subject: Subject::Binary,
            name: Cow::Owned(name.to_owned()),
            version,
            architecture: Cow::Owned(architecture.to_owned()),
            module: None,
            note: None,
        }))
    }
}

/// Tells whether version and update of a CPE (`15`, `sp6`) are those of a release as os-release writes them (`15.6`).
fn is_version(version: &str, update: &str, release: &str) -> bool {
    let (major, minor) = release.split_once('.').unwrap_or((release, ""));
    let is_pack = match update.strip_prefix("sp") {
        Some(pack) => pack == minor,
        None => update == release || (update.is_empty() && (minor.is_empty() || minor == "0")),
    };
    (version == release && update.is_empty()) || (version == major && is_pack)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::advisory::VendorState;

    const VEX: &str = include_str!("../../../tests/fixtures/suse-csaf/cve-2023-5568.json");
    const NOTICE: &str = include_str!("../../../tests/fixtures/suse-csaf/suse-su-2015_0011-2.json");
    const FORBIDDEN: &str = include_str!("../../../tests/fixtures/suse-csaf/suse-su-403.json");
    const EMPTY: &str = include_str!("../../../tests/fixtures/suse-csaf/cve-1999-0003.json");

    fn release(id: &str, version: &str) -> Distribution {
        Distribution::new(id, version, "")
    }

    fn parse<'a>(content: &'a str, id: &str, version: &str) -> Rows<'a> {
        SuseCsaf.parse(content.as_bytes(), &release(id, version)).expect("the document is whole")
    }

    fn told(rows: &Rows<'_>) -> Vec<String> {
        let affected = rows.advisories.iter().flat_map(|advisory| &advisory.affected);
        affected
            .map(|row| {
                let fixed = row.range.fixed.as_deref().unwrap_or("-");
                let channel = row.scope.channel.as_deref().unwrap_or("whole");
                format!("{} {:?} {fixed} {channel}", row.name, row.state)
            })
            .collect()
    }

    #[test]
    fn wazuh_9091_statements_are_for_the_service_pack_of_the_host_only() {
        let rows = parse(VEX, "sles", "15.5");
        assert!(!rows.advisories.is_empty() && rows.unread.count == 0, "{:?}", rows.unread);
        for row in &rows.advisories[0].affected {
            let channel = row.scope.channel.as_deref().unwrap_or_default();
            assert!(channel.contains("15 SP5"), "{channel}");
            assert_eq!((row.state, &row.range.fixed), (VendorState::NotAffected, &None));
        }
        assert!(
            told(&rows).iter().any(|row| {
                row == "samba NotAffected - SUSE Linux Enterprise Module for Basesystem 15 SP5"
            })
        );
        assert_eq!(parse(VEX, "sles", "15.6").advisories.len(), 0);
    }

    #[test]
    fn versions_without_an_architecture_are_read_and_the_base_product_is_the_whole_release() {
        assert_eq!(
            told(&parse(VEX, "sl-micro", "6.0")),
            ["samba-client-libs Fixed 4.19.4+git.339.acf1ccaa02-1.22 whole"]
        );
        assert_eq!(
            told(&parse(VEX, "opensuse-tumbleweed", "20240801")),
            [
                "ctdb Fixed 4.19.2+git.322.7e9201cef5-1.1 whole",
                "ctdb-pcp-pmda Fixed 4.19.2+git.322.7e9201cef5-1.1 whole",
            ]
        );
    }

    #[test]
    fn wazuh_27924_opensuse_takes_nothing_from_the_enterprise_products() {
        assert_eq!(parse(VEX, "opensuse-leap", "15.5").advisories.len(), 0);
    }

    #[test]
    fn a_notice_gives_one_row_for_all_architectures_and_all_its_cves() {
        let rows = parse(NOTICE, "sles", "11.2");
        assert_eq!(rows.advisories.len(), 1);
        assert_eq!(rows.advisories[0].id, "SUSE-SU-2015:0011-2");
        assert_eq!(rows.advisories[0].vulnerabilities.len(), 2);
        assert_eq!(
            told(&rows),
            [
                "bind Fixed 9.9.4P2-0.6.1 whole",
                "bind Fixed 9.9.4P2-0.6.1 SUSE Linux Enterprise Server 11 SP2-LTSS",
                "bind Fixed 9.9.4P2-0.6.1 SUSE Linux Enterprise Server for SAP Applications 11 SP2",
            ]
        );
    }

    #[test]
    fn the_error_page_that_became_a_notice_is_counted_and_states_nothing() {
        let rows = parse(FORBIDDEN, "sled", "12");
        assert_eq!((rows.advisories.len(), rows.unread.count), (0, 1));
        assert!(rows.unread.first[0].starts_with("SUSE-SU-403: "), "{:?}", rows.unread);
    }

    #[test]
    fn a_document_without_products_states_nothing() {
        let rows = parse(EMPTY, "sles", "15.5");
        assert_eq!((rows.advisories.len(), rows.unread.count, rows.entries), (0, 0, 1));
    }

    #[test]
    fn releases_are_told_by_version_and_service_pack() {
        for (version, update, release) in [
            ("15", "sp6", "15.6"),
            ("12", "", "12"),
            ("12", "", "12.0"),
            ("5.5", "", "5.5"),
            ("16", "16.0", "16.0"),
        ] {
            assert!(is_version(version, update, release), "{version} {update} {release}");
        }
        for (version, update, release) in [
            ("15", "sp6", "15.5"),
            ("15", "", "15.5"),
            ("15", "sp6", "15"),
            ("12", "sp6", "15.6"),
            ("", "", "15"),
        ] {
            assert!(!is_version(version, update, release), "{version} {update} {release}");
        }
    }

    proptest! {
        #[test]
        fn no_damage_makes_the_parser_panic(at in 0..NOTICE.len(), byte in any::<u8>(), cut in any::<bool>()) {
            let mut bytes = NOTICE.as_bytes().to_vec();
            bytes[at] = byte;
            bytes.truncate(if cut { at } else { bytes.len() });
            let _ = SuseCsaf.parse(&bytes, &release("sles", "11.2"));
        }
    }
}
