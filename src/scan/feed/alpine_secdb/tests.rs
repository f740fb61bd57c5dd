//! The quirks of the database, on real excerpts.

use super::*;

const XEN: &str = include_str!("../../../../tests/fixtures/alpine-secdb/v3.11-main.json");
const COMMUNITY: &str = include_str!("../../../../tests/fixtures/alpine-secdb/v3.10-community.json");
const EDGE: &str = include_str!("../../../../tests/fixtures/alpine-secdb/edge-main.json");
const NOTHING: &str = include_str!("../../../../tests/fixtures/alpine-secdb/v3.3-community.yaml");
const YAML: &str = include_str!("../../../../tests/fixtures/alpine-secdb/v3.8-main-excerpt.yaml");
const WOLFI: &str = include_str!("../../../../tests/fixtures/alpine-secdb/wolfi.json");

fn release(id: &str, version: &str) -> Distribution {
    Distribution::new(id, version, "")
}

fn parse<'a>(content: &'a str, version: &str) -> Rows<'a> {
    AlpineSecdb.parse(content.as_bytes(), &release("alpine", version)).expect("the excerpt is whole")
}

fn fault(content: &str) -> String {
    AlpineSecdb.parse(content.as_bytes(), &release("alpine", "3.8.5")).expect_err("refused").to_string()
}

fn of<'r, 'a>(rows: &'r Rows<'a>, package: &str, id: &str) -> &'r Advisory<'a> {
    let is_it = |advisory: &&Advisory<'a>| advisory.id == id && advisory.affected[0].name == package;
    rows.advisories.iter().find(is_it).expect(id)
}

fn states<'r>(advisory: &'r Advisory<'_>) -> Vec<(VendorState, Option<&'r str>, Option<&'r str>)> {
    let row =
        |row: &'r Affected<'_>| (row.state, row.range.introduced.as_deref(), row.range.fixed.as_deref());
    advisory.affected.iter().map(row).collect()
}

fn database(fixes: &str) -> String {
    format!(
        r#"{{"distroversion": "v3.8", "packages": [{{"pkg": {{"name": "p", "secfixes": {{{fixes}}}}}}}]}}"#
    )
}

#[test]
fn json_gives_a_statement_an_identifier() {
    let rows = parse(COMMUNITY, "3.10.2");
    assert_eq!((rows.entries, rows.advisories.len(), rows.unread.count), (9, 9, 0));
    let advisory = of(&rows, "chicken", "CVE-2016-6831");
    assert_eq!(states(advisory), [(VendorState::Fixed, None, Some("4.11.1-r0"))]);
    assert_eq!(advisory.affected[0].subject, crate::model::advisory::Subject::Source);
    assert_eq!(advisory.vulnerabilities, ["CVE-2016-6831"]);
}

#[test]
fn yaml_gives_the_same_statements_as_json() {
    let yaml = "---\ndistroversion: v3.8\nreponame: main\npackages:\n  - pkg:\n      name: p\n      secfixes:\n\
                \x20       1.10-r0:\n          - CVE-2020-0001 XSA-1\n        \"0\":\n        - CVE-2020-0002\n";
    let json = database(r#""1.10-r0": ["CVE-2020-0001 XSA-1"], "0": ["CVE-2020-0002"]"#);
    assert_eq!(parse(yaml, "3.8"), parse(&json, "3.8"));
    assert_eq!(parse(NOTHING, "3.3.3"), Rows::default());
}

#[test]
fn version_zero_says_never_affected_and_is_no_version() {
    let rows = parse(YAML, "3.8.5");
    assert_eq!(states(of(&rows, "db", "CVE-2016-0682")), [(VendorState::NotAffected, None, None)]);
    let content = database(r#""0": ["CVE-2020-0001"], "1.2-r0": ["CVE-2020-0001"]"#);
    let rows = parse(&content, "3.8");
    assert_eq!(states(&rows.advisories[0]), [(VendorState::Undetermined, None, Some("1.2-r0"))]);
}

#[test]
fn several_identifiers_in_an_entry_are_names_of_one_another() {
    let rows = parse(YAML, "3.8.5");
    assert_eq!(of(&rows, "xen", "CVE-2016-7777").vulnerabilities, ["CVE-2016-7777", "XSA-190"]);
    let content =
        database(r#""1-r0": ["CVE-2020-0001 CVE-2020-0002 XSA-9", "XSA-10", "CVE-2020-0003 (was dropped)"]"#);
    let rows = parse(&content, "3.8");
    let ids: Vec<_> = rows.advisories.iter().map(|advisory| advisory.vulnerabilities.join(" ")).collect();
    assert_eq!(ids, ["CVE-2020-0001 XSA-9", "CVE-2020-0002 XSA-9", "CVE-2020-0003", "XSA-10"]);
    assert_eq!((rows.entries, rows.unread.count), (3, 0));
}

#[test]
fn vulnerablecode_915_versions_and_words_outside_the_grammar_are_counted_as_unread() {
    let rows = parse(XEN, "3.11.6");
    assert_eq!((rows.entries, rows.unread.count), (5, 1));
    assert_eq!(rows.unread.first, ["xen 4.10-1-r1: the version has no order among others"]);
    assert_eq!(states(of(&rows, "xen", "XSA-252")), [(VendorState::Fixed, None, Some("4.10-1-r1"))]);
    let advisory = of(&rows, "xen", "CVE-2018-7540");
    assert_eq!(states(advisory), [(VendorState::Fixed, None, Some("4.10.0-r2"))]);
    let content =
        database(r#""1.6_rc1-r0": ["CVE-????-????? XSA-9"], "1 6": ["CVE-2020-0001"], "1-r0": null"#);
    let rows = parse(&content, "3.8");
    assert_eq!((rows.advisories.len(), rows.entries, rows.unread.count), (1, 2, 3), "{:?}", rows.unread);
}

#[test]
fn a_fix_in_a_version_without_order_is_kept_and_never_taken_for_safe() {
    let content = database(
        r#""6.6.2p1-r0": ["CVE-2020-7247"], "2.7.16-33": ["CVE-2020-0001"], "3-r0": ["CVE-2020-0001"]"#,
    );
    let rows = parse(&content, "3.8");
    assert_eq!(states(of(&rows, "p", "CVE-2020-7247")), [(VendorState::Fixed, None, Some("6.6.2p1-r0"))]);
    assert_eq!(states(of(&rows, "p", "CVE-2020-0001")), [(VendorState::Fixed, None, Some("3-r0"))]);
    assert_eq!(rows.unread.count, 2);
}

#[test]
fn grype_970_fixed_broken_again_and_fixed_is_unknown_between_the_lowest_and_the_highest() {
    let content = database(
        r#""2.332.1-r0": ["CVE-2022-20612"], "2.319.2-r0": ["CVE-2022-20612"], "2.320-r0": ["CVE-2022-20612"]"#,
    );
    let rows = parse(&content, "3.8");
    assert_eq!(
        states(&rows.advisories[0]),
        [
            (VendorState::Fixed, None, Some("2.319.2-r0")),
            (VendorState::Undetermined, Some("2.319.2-r0"), Some("2.332.1-r0")),
        ]
    );
    assert!(rows.advisories[0].affected[1].note.is_some());
    let content = database(r#""1.10-r0": ["CVE-2020-0001", "CVE-2020-0001"], "1.10-r0": ["CVE-2020-0001"]"#);
    assert_eq!(states(&parse(&content, "3.8").advisories[0]), [(VendorState::Fixed, None, Some("1.10-r0"))]);
}

#[test]
fn grype_964_edge_and_releases_ask_for_their_own_branch() {
    let locations = |id: &str, version: &str| -> Vec<String> {
        let published = AlpineSecdb.published(&release(id, version));
        published.into_iter().map(|source| format!("{} {}", source.name, source.location)).collect()
    };
    assert_eq!(
        locations("alpine", "3.20.3"),
        [
            "alpine-secdb-main https://secdb.alpinelinux.org/v3.20/main.json",
            "alpine-secdb-community https://secdb.alpinelinux.org/v3.20/community.json",
        ]
    );
    assert_eq!(locations("alpine", "3.17_alpha20220809").len(), 2);
    assert!(locations("alpine", "3.17_alpha20220809")[0].ends_with("/edge/main.json"));
    assert_eq!(
        locations("alpine", "3.2.3"),
        ["alpine-secdb-main https://secdb.alpinelinux.org/v3.2/main.json"]
    );
    assert_eq!(locations("alpine", ""), Vec::<String>::new());
    assert_eq!(locations("wolfi", "20230201"), ["alpine-secdb https://packages.wolfi.dev/os/security.json"]);
    assert_eq!(parse(EDGE, "3.21_alpha20240807").advisories.len(), 3);
}

#[test]
fn a_database_of_another_branch_is_refused() {
    let text = fault(EDGE);
    assert!(text.contains("line 15") && text.contains("for branch edge, and v3.8 is wanted"), "{text}");
    assert!(fault(WOLFI).contains("for branch none"));
    let wolfi = release("wolfi", "20230201");
    let rows = AlpineSecdb.parse(WOLFI.as_bytes(), &wolfi).expect("whole");
    assert_eq!(states(of(&rows, "coreutils", "CVE-2016-2781")), [(VendorState::NotAffected, None, None)]);
    assert!(AlpineSecdb.parse(EDGE.as_bytes(), &wolfi).is_err());
}

#[test]
fn what_is_no_database_is_refused_with_place_and_field() {
    assert!(fault(" ").contains("empty"));
    assert!(fault("<html>").contains("web page"));
    assert!(fault("{}").contains("packages"));
    assert!(fault(&XEN[..500]).contains("line"));
    let text = fault(&database(r#""1-r0": [3]"#));
    assert!(text.contains("packages[0].pkg.secfixes"), "{text}");
    assert!(fault("distroversion: v3.8\n").contains("packages"));
    assert!(fault("packages:\n  - pkg:\n      secfixes:\n").contains("name"));
    assert!(fault("packages: 3\n").contains("packages: a list is expected"));
    assert!(fault("a: &x [1]\npackages: *x\n").contains("line 1"));
    assert!(fault(&format!("a: {}{}\n", "[".repeat(500), "]".repeat(500))).contains("line 1"));
    assert!(fault(&format!("a: {}{}\n", "[".repeat(100), "]".repeat(100))).contains("nested"));
    assert!(fault(YAML.trim_end()).contains("breaks off"));
}
