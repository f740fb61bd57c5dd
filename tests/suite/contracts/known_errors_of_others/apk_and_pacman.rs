//! Alpine, Wolfi and Arch.

use patchctl::scan::inventory::apk_installed;

use super::{Host, NOTHING};

/// A host of Alpine; its packages are lines of apk's database.
fn alpine(version: &str, installed: &str) -> Host {
    let packages = apk_installed::parse(installed.as_bytes(), "installed").unwrap();
    Host::new(("alpine", version, ""), packages)
}

fn secdb(branch: &str, name: &str, fixes: &str) -> String {
    format!(
        r#"{{"distroversion": "{branch}", "reponame": "main", "packages":
        [{{"pkg": {{"name": "{name}", "secfixes": {{{fixes}}}}}}}]}}"#
    )
}

const JENKINS: &str = "P:jenkins\nV:2.325-r0\nA:x86_64\no:jenkins\n\n";

#[test]
fn vunnel_1012_the_version_0_says_never_affected() {
    let content = secdb("v3.20", "jenkins", r#""0": ["CVE-2022-0001"]"#);
    assert_eq!(
        alpine("3.20.1", JENKINS).verdicts("alpine-secdb", content),
        ["jenkins CVE-2022-0001: not affected"]
    );
}

#[test]
fn grype_970_fixed_twice_is_unknown_between() {
    let fixes = r#""2.319.2-r0": ["CVE-2022-20612"], "2.332.1-r0": ["CVE-2022-20612"]"#;
    let content = secdb("v3.20", "jenkins", fixes);
    assert_eq!(
        alpine("3.20.1", JENKINS).verdicts("alpine-secdb", content),
        ["jenkins CVE-2022-20612: unknown"]
    );
}

#[test]
fn clair_754_what_is_not_listed_is_not_called_safe() {
    let content = secdb("v3.20", "other", r#""1-r0": ["CVE-2022-0001"]"#);
    assert_eq!(alpine("3.20.1", JENKINS).verdicts("alpine-secdb", content), NOTHING);
}

#[test]
fn vulnerablecode_915_alpine_secdb_2_a_version_that_apk_does_not_know_fixes_nothing() {
    let content = secdb("v3.20", "jenkins", r#""6.6.2p1-r0": ["CVE-2022-0001"]"#);
    assert_eq!(
        alpine("3.20.1", JENKINS).verdicts("alpine-secdb", content),
        ["jenkins CVE-2022-0001: unknown"]
    );
}

#[test]
fn alpine_secdb_1_an_entry_with_several_names_is_about_all_of_them() {
    let content = secdb("v3.20", "jenkins", r#""2.400-r0": ["CVE-2022-0001 XSA-204", "CVE-2022-0002"]"#);
    assert_eq!(
        alpine("3.20.1", JENKINS).verdicts("alpine-secdb", content),
        ["jenkins CVE-2022-0001: vulnerable", "jenkins CVE-2022-0002: vulnerable",]
    );
}

#[test]
fn grype_964_edge_is_judged_by_edge_and_its_packages_on_a_branch_by_nobody() {
    let content = secdb("edge", "jenkins", r#""2.400-r0": ["CVE-2022-0001"]"#);
    assert_eq!(
        alpine("3.17_alpha20220809", JENKINS).verdicts("alpine-secdb", &content),
        ["jenkins CVE-2022-0001: vulnerable"]
    );
    let pinned = JENKINS.replace("o:jenkins\n", "o:jenkins\ns:edge\n");
    let content = secdb("v3.20", "jenkins", r#""2.400-r0": ["CVE-2022-0001"]"#);
    assert_eq!(alpine("3.20.1", &pinned).verdicts("alpine-secdb", content), NOTHING);
}

/// A host of Arch with openssl, judged by one group of its tracker.
fn arch(installed: &str, group: &str) -> Vec<String> {
    let mut host = Host::debian(&["openssl 1"]);
    host.inventory.distribution = patchctl::model::distro::Distribution::new("arch", "", "");
    let version = patchctl::model::version::Version::alpm(installed).unwrap();
    let package = &mut host.inventory.packages[0];
    (package.source.version, package.version) = (version.clone(), version);
    let content = format!(
        r#"[{{"name": "AVG-1", "packages": ["openssl"], "severity": "High", "type": "unknown", "ticket": null,
        "issues": ["CVE-2022-0001"], "advisories": [], {group}}}]"#
    );
    host.verdicts("arch-tracker", content)
}

#[test]
fn arch_security_tracker_237_a_group_that_nobody_closed_is_unknown_for_newer_versions() {
    let open = r#""status": "Vulnerable", "affected": "1.1.1.o-1", "fixed": null"#;
    assert_eq!(arch("3.6.1-1", open), ["openssl AVG-1: unknown"]);
    assert_eq!(arch("1.1.1.o-1", open), ["openssl AVG-1: vulnerable, no fix"]);
}

#[test]
fn vulnerablecode_not_affected_groups_are_not_affected_whatever_their_versions_say() {
    let group = r#""status": "Not affected", "affected": "1.0-1", "fixed": "9.0-1""#;
    assert_eq!(arch("1.0-1", group), ["openssl AVG-1: not affected"]);
}

#[test]
fn arch_testing_a_fix_that_only_testing_has_is_no_update() {
    let group = r#""status": "Testing", "affected": "1.0-1", "fixed": "1.0-2""#;
    assert_eq!(arch("1.0-1", group), ["openssl AVG-1: vulnerable, no fix"]);
    assert_eq!(arch("1.0-2", group), ["openssl AVG-1: fixed"]);
}
