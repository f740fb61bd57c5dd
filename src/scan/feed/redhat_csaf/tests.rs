use proptest::prelude::*;

use super::*;
use crate::model::advisory::Advisory;
use crate::model::severity::Severity;

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../../../../tests/fixtures/redhat-csaf/", $name))
    };
}

const MODULE: &str = fixture!("rhsa-2025_0002.json");
const CURL: &str = fixture!("cve-2023-38545.json");

fn release(version: &str) -> Distribution {
    Distribution::new("rhel", version, "")
}

fn parse<'a>(content: &'a str, version: &str) -> Rows<'a> {
    RedHatCsaf.parse(content.as_bytes(), &release(version)).expect("the document is whole")
}

/// One line for each statement: package, state, versions, module, channel, note.
fn told(advisory: &Advisory<'_>) -> Vec<String> {
    let part = |text: &Option<Cow<'_, str>>, sign: &str| {
        text.as_deref().map(|text| format!(" {sign}{text}")).unwrap_or_default()
    };
    let tell = |row: &crate::model::advisory::Affected<'_>| {
        let (range, scope) = (&row.range, &row.scope);
        [
            format!("{:?} {} {:?}", row.subject, row.name, row.state),
            part(&range.introduced, ">="),
            part(&range.last_affected, "<="),
            part(&range.fixed, "<"),
            part(&scope.architecture, "arch "),
            part(&scope.module, "module "),
            part(&scope.channel, ""),
            part(&row.note, "# "),
        ]
        .concat()
    };
    advisory.affected.iter().map(tell).collect()
}

#[test]
fn packages_of_a_module_are_found_through_the_relationships() {
    let rows = parse(MODULE, "8.4");
    assert_eq!((rows.entries, rows.advisories.len(), rows.unread.count), (1, 1, 0));
    let advisory = &rows.advisories[0];
    assert_eq!((advisory.id.as_ref(), advisory.severity), ("RHSA-2025:0002", Severity::High));
    assert_eq!(
        (advisory.vulnerabilities.as_slice(), advisory.cvss_tenths),
        (&[Cow::Borrowed("CVE-2024-53899")][..], Some(78))
    );
    assert_eq!(
        advisory.published.map(|date| date.to_rfc3339()).as_deref(),
        Some("2025-01-01T09:32:24+00:00")
    );
    let scipy = "python3-scipy Fixed <1.0.0-20.module+el8.1.0+3334+5cb623d7 module python36:3.6";
    assert_eq!(
        told(advisory),
        [
            format!("Binary {scipy} cpe:/a:redhat:rhel_aus:8.4::appstream"),
            format!("Binary {scipy} cpe:/a:redhat:rhel_e4s:8.4::appstream"),
            format!("Binary {scipy} cpe:/a:redhat:rhel_tus:8.4::appstream"),
        ]
    );
    assert_eq!(parse(MODULE, "9.4").advisories.len(), 0);
}

#[test]
fn fix_and_harmless_builds_of_one_advisory_are_kept_apart_by_cve() {
    let rows = parse(fixture!("rhsa-2025_23414.json"), "6.10");
    assert_eq!((rows.advisories.len(), rows.unread.count), (2, 0));
    let [first, second] = &rows.advisories[..] else { panic!("two") };
    assert_eq!(
        (first.vulnerabilities.join(" "), second.vulnerabilities.join(" ")),
        ("CVE-2021-25220".to_owned(), "CVE-2025-40778".to_owned())
    );
    assert_eq!(
        told(first),
        [
            "Binary bind Fixed <32:9.8.2-0.68.rc1.el6_10.17 cpe:/o:redhat:rhel_els:6",
            "Binary bind-chroot NotAffected >=32:9.8.2-0.68.rc1.el6_10.17 <=32:9.8.2-0.68.rc1.el6_10.17 \
         cpe:/o:redhat:rhel_els:6 # vulnerable_code_not_present",
        ]
    );
}

#[test]
fn vex_names_the_fix_of_each_stream_with_its_advisory() {
    let rows = parse(CURL, "9.3");
    let advisory = &rows.advisories[0];
    assert_eq!(
        (advisory.id.as_ref(), advisory.severity, advisory.cvss_tenths),
        ("CVE-2023-38545", Severity::High, Some(81))
    );
    let found = told(advisory);
    for expected in [
        "Binary curl Fixed <7.76.1-14.el9_0.9 cpe:/o:redhat:rhel_eus:9.0::baseos # RHSA-2023:5700",
        "Binary curl Fixed <7.76.1-23.el9_2.4 cpe:/o:redhat:enterprise_linux:9::baseos # RHSA-2023:5763",
        "Binary curl Fixed <7.76.1-26.el9_3.2 cpe:/o:redhat:enterprise_linux:9::baseos # RHSA-2023:6745",
    ] {
        assert!(found.iter().any(|row| row == expected), "{expected} in {found:#?}");
    }
    let eight = parse(CURL, "8.9");
    assert_eq!(told(&eight.advisories[0]), ["Source curl NotAffected # vulnerable_code_not_present"]);
}

#[test]
fn every_reason_for_no_fix_is_a_state_of_its_own() {
    let content = fixture!("cve-2023-0049.json");
    for (version, expected) in [
        ("6.10", "Source vim EndOfLife # Out of support scope"),
        ("7.9", "Source vim Ignored # Will not fix"),
        ("8.9", "Source vim Ignored # Will not fix"),
        ("9.3", "Source vim Ignored # Will not fix"),
    ] {
        assert_eq!(told(&parse(content, version).advisories[0]), [expected], "{version}");
    }
    for (words, category, state) in [
        ("Affected", "none_available", "Open"),
        ("Fix deferred", "none_available", "Postponed"),
        ("Under investigation", "none_available", "UnderInvestigation"),
        ("Later", "fix_planned", "Postponed"),
    ] {
        let changed = content.replace("Will not fix", words).replace("no_fix_planned", category);
        let rows = parse(&changed, "9.3");
        assert_eq!(told(&rows.advisories[0]), [format!("Source vim {state} # {words}")]);
    }
    let silent = content.replace("no_fix_planned", "workaround");
    assert_eq!(told(&parse(&silent, "9.3").advisories[0]), ["Source vim Open"]);
    let looked_at = content.replace("known_affected", "under_investigation");
    assert_eq!(told(&parse(&looked_at, "9.3").advisories[0]), ["Source vim UnderInvestigation"]);
}

#[test]
fn sources_that_are_not_affected_are_said_so_for_the_whole_release() {
    let rows = parse(fixture!("cve-2023-0030.json"), "9.3");
    assert_eq!(
        told(&rows.advisories[0]),
        [
            "Source kernel NotAffected # vulnerable_code_not_present",
            "Source kernel-rt NotAffected # vulnerable_code_not_present",
        ]
    );
}

#[test]
fn modules_of_unfixed_packages_are_read_from_names_and_from_package_urls() {
    let rows = parse(fixture!("cve-2023-1017.json"), "8.6");
    let found = told(&rows.advisories[0]);
    assert_eq!(rows.unread.count, 2, "the excerpt lacks the module's own relationship: {:?}", rows.unread);
    assert_eq!(
        found,
        [
            format!(
                "Binary SLOF Fixed <20210217-1.module+el8.6.0+14480+c0a3aa0f cpe:/a:redhat:rhel_eus:8.6::appstream # \
             {STREAM_UNTOLD}"
            ),
            "Source libtpms Open module virt:rhel".to_owned(),
            "Source libtpms Open module virt:8.2 cpe:/a:redhat:advanced_virtualization:8::el8".to_owned(),
            "Source libtpms Open module virt:8.3 cpe:/a:redhat:advanced_virtualization:8::el8".to_owned(),
            "Source libtpms Open module virt:av cpe:/a:redhat:advanced_virtualization:8::el8".to_owned(),
        ]
    );
    let rows = parse(fixture!("cve-2024-24786-illegal-module.json"), "8.9");
    assert_eq!(told(&rows.advisories[0]), ["Source go-toolset Open module go-toolset:rhel8"]);
}

#[test]
fn a_module_without_a_stream_is_counted_and_the_rest_is_read() {
    let rows = parse(fixture!("cve-2024-24786-bad-rpmmod.json"), "10.0");
    assert_eq!(rows.unread.count, 1);
    assert_eq!(
        rows.unread.first,
        [
            "CVE-2024-24786: AppStream-10:firefox-flatpak-0:128.0-1.el10.src: purl: rpmmod: a module without a stream"
        ]
    );
    assert_eq!(
        told(&rows.advisories[0]),
        [
            "Binary cri-tools Fixed <1.29.0-3.1.el9 cpe:/a:redhat:enterprise_linux:10::appstream # RHSA-2024:0000",
            "Binary good-pkg Open >=1.0.0-1.el10 <=1.0.0-1.el10 cpe:/a:redhat:enterprise_linux:10::appstream",
        ]
    );
}

#[test]
fn containers_and_products_without_packages_state_nothing_about_a_host() {
    let rows = parse(fixture!("cve-2022-38752.json"), "8.9");
    assert_eq!((rows.unread.count, rows.entries), (0, 1));
    let names: Vec<_> = rows.advisories.iter().flat_map(|advisory| &advisory.affected).collect();
    assert!(names.iter().all(|row| !row.name.contains('/')), "{names:?}");
    let all_products = parse(fixture!("cve-2026-0006.json"), "9.3");
    assert_eq!((all_products.advisories.len(), all_products.unread.count), (0, 0));
}

#[test]
fn identifiers_that_lead_nowhere_or_in_a_circle_are_counted() {
    let content = fixture!("cve-2023-0030.json");
    let dangling =
        content.replacen("\"product_reference\": \"kernel\"", "\"product_reference\": \"gone\"", 9);
    let rows = parse(&dangling, "9.3");
    assert!(rows.unread.count > 0 && rows.unread.first[0].contains("the product tree lacks the component"));
    let circle = content.replace(
        "\"relates_to_product_reference\": \"red_hat_enterprise_linux_9\"",
        "\"relates_to_product_reference\": \"red_hat_enterprise_linux_9:kernel\"",
    );
    let rows = parse(&circle, "9.3");
    assert!(rows.unread.first.iter().any(|reason| reason.contains("in a circle")), "{:?}", rows.unread);
}

#[test]
fn what_is_no_such_document_is_refused_with_its_place() {
    let fault =
        |content: &str| RedHatCsaf.parse(content.as_bytes(), &release("9")).expect_err("refused").to_string();
    assert!(fault("").contains("empty"));
    assert!(fault("<html>").contains("web page"));
    assert!(fault("{}").contains("missing field `document`"));
    assert!(fault(&CURL[..700]).contains("line "));
    let bomb = format!("{{\"product_tree\": {{\"branches\": {}", "[{\"branches\": ".repeat(200));
    assert!(fault(&bomb).contains("malformed at line 1"), "{}", fault(&bomb));
    let renamed = CURL.replace("\"id\": \"CVE-2023-38545\"", "\"id\": \"403 Forbidden\"");
    let rows = parse(&renamed, "9.3");
    assert_eq!((rows.advisories.len(), rows.unread.count), (0, 1));
    assert!(rows.unread.first[0].starts_with("403 Forbidden: tracking: id: "));
    let other = CURL.replace("\"csaf_vex\"", "\"informational\"");
    assert_eq!(parse(&other, "9.3").unread.count, 1);
}

proptest! {
    #[test]
    fn no_damage_makes_the_parser_panic(at in 0..MODULE.len(), byte in any::<u8>(), cut in any::<bool>()) {
        let mut bytes = MODULE.as_bytes().to_vec();
        bytes[at] = byte;
        bytes.truncate(if cut { at } else { bytes.len() });
        let _ = RedHatCsaf.parse(&bytes, &release("8.4"));
    }

    #[test]
    fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = RedHatCsaf.parse(&bytes, &release("8.4"));
    }
}
