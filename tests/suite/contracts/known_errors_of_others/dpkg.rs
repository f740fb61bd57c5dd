//! Debian.

use patchctl::model::advisory::VendorState;
use patchctl::model::finding::Verdict;
use patchctl::model::severity::Severity;
use patchctl::scan::inventory::dpkg_status;

use super::{Host, NOTHING};

/// The tracker's words about one source and identifier in bookworm.
fn tracker(source: &str, state: &str) -> String {
    format!(r#"{{"{source}": {{"CVE-2026-0001": {{"releases": {{"bookworm": {state}}}}}}}}}"#)
}

fn fixed_in(source: &str, version: &str) -> String {
    let state = format!(
        r#"{{"status": "resolved", "fixed_version": "{version}", "urgency": "medium", "repositories": {{}}}}"#
    );
    tracker(source, &state)
}

/// A record of OSV about the package `a1` in Debian 12.
fn osv(id: &str, events: &str) -> String {
    format!(
        r#"{{"id": "{id}", "modified": "2026-01-01T00:00:00Z", "upstream": ["CVE-2026-0001"], "affected":
        [{{"package": {{"ecosystem": "Debian:12", "name": "a1"}}, "ranges":
        [{{"type": "ECOSYSTEM", "events": [{events}]}}]}}]}}"#
    )
}

#[test]
fn fivenines_agent_138_syft_4231_anchore_engine_169_fanal_126_remaining_configuration_is_no_package() {
    let status = "Package: a1\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 1\n\n";
    let packages = dpkg_status::parse(status.as_bytes(), "status").unwrap();
    let host = Host::new(("debian", "12", "bookworm"), packages);
    assert_eq!(host.verdicts("debian-tracker", fixed_in("a1", "2")), NOTHING);
}

#[test]
fn fivenines_agent_139_files_of_a_half_configured_package_are_there() {
    for (state, verdict) in [
        ("install ok half-configured", "vulnerable"),
        ("install ok unpacked", "vulnerable"),
        ("install ok triggers-awaited", "vulnerable"),
        ("install reinstreq half-installed", "unknown"),
    ] {
        let status = format!("Package: a1\nStatus: {state}\nArchitecture: amd64\nVersion: 1\n\n");
        let packages = dpkg_status::parse(status.as_bytes(), "status").unwrap();
        let host = Host::new(("debian", "12", "bookworm"), packages);
        let expected = [format!("a1 CVE-2026-0001: {verdict}")];
        assert_eq!(host.verdicts("debian-tracker", fixed_in("a1", "2")), expected, "{state}");
    }
}

#[test]
fn wazuh_20961_wazuh_24123_wazuh_27591_without_a_certain_version_nothing_is_decided() {
    let status = "Package: a1\nStatus: install reinstreq half-installed\nArchitecture: amd64\nVersion: 3\n\n";
    let packages = dpkg_status::parse(status.as_bytes(), "status").unwrap();
    let host = Host::new(("debian", "12", "bookworm"), packages);
    let finding = host.findings("debian-tracker", fixed_in("a1", "2").as_bytes()).remove(0);
    assert_eq!(finding.verdict, Verdict::Unknown);
    assert!(finding.reason.contains("no certain version"), "{}", finding.reason);
}

#[test]
fn trivy_4102_zlib_843_what_is_not_built_is_negligible_and_asks_for_nothing() {
    let host = Host::debian(&["zlib1g 1:1.2.13.dfsg-1 zlib"]);
    let state = r#"{"status": "open", "urgency": "unimportant", "repositories": {}}"#;
    let finding = host.findings("debian-tracker", tracker("zlib", state).as_bytes()).remove(0);
    assert_eq!((finding.severity, finding.due), (Severity::Negligible, None));
}

#[test]
fn trivy_3194_trivy_db_264_a_release_that_is_not_listed_is_not_affected_by_others() {
    let host = Host::dpkg(("debian", "9", "stretch"), &["a1 1"]);
    assert_eq!(host.verdicts("debian-tracker", fixed_in("a1", "2")), NOTHING);
}

#[test]
fn trivy_1610_testing_is_judged_by_its_own_name_and_by_no_other() {
    let content = r#"{"a1": {"CVE-2026-0001": {"releases": {
        "sid": {"status": "resolved", "fixed_version": "3", "urgency": "low", "repositories": {}},
        "forky": {"status": "open", "urgency": "low", "repositories": {}}}}}}"#;
    let of = |codename| Host::dpkg(("debian", "", codename), &["a1 1"]).verdicts("debian-tracker", content);
    assert_eq!(of("forky"), ["a1 CVE-2026-0001: vulnerable, no fix"]);
    assert_eq!(of("sid"), ["a1 CVE-2026-0001: vulnerable"]);
    assert_eq!(of("bookworm"), NOTHING);
}

#[test]
fn osv_dev_2471_an_advisory_that_did_not_touch_stable_states_nothing() {
    let list = "[29 Mar 2024] DSA-5649-1 xz-utils - security update\n\t{CVE-2024-3094}\n\tNOTE: backdoor\n";
    let host = Host::debian(&["liblzma5 5.4.1-0.2 xz-utils"]);
    assert_eq!(host.verdicts("debian-lists", list), NOTHING);
}

#[test]
fn osv_dev_1698_osv_schema_189_words_of_the_lists_are_no_versions() {
    let host = Host::debian(&["a1 1"]);
    let verdict = |word: &str| {
        let events = format!(r#"{{"introduced": "0"}}, {{"fixed": "{word}"}}"#);
        host.verdicts("osv", osv("DSA-1-1", &events))
    };
    assert_eq!(verdict("<unfixed>"), ["a1 DSA-1-1: vulnerable, no fix"]);
    assert_eq!(verdict("<not-affected>"), ["a1 DSA-1-1: not affected"]);
}

#[test]
fn osv_dev_630_the_end_of_support_is_no_fix_and_is_called_so() {
    let events = r#"{"introduced": "0"}, {"fixed": "<end-of-life>"}"#;
    let finding = Host::debian(&["a1 1"]).findings("osv", osv("DSA-1-1", events).as_bytes()).remove(0);
    assert_eq!(
        (finding.verdict, finding.vendor_state),
        (Verdict::VulnerableNoFix, Some(VendorState::EndOfLife))
    );
}

#[test]
fn osv_dev_4230_a_release_that_never_had_the_hole_is_not_affected_and_not_fixed_in_0() {
    let finding =
        Host::debian(&["a1 1"]).findings("debian-tracker", fixed_in("a1", "0").as_bytes()).remove(0);
    assert_eq!((finding.verdict, finding.fixed_version), (Verdict::NotAffected, None));
}

#[test]
fn osv_dev_4978_an_update_of_the_security_pocket_is_told_before_its_advisory() {
    let host = Host::debian(&["a1 1"]).offered("a1", "2");
    assert_eq!(
        host.verdicts("debian-tracker", fixed_in("b1", "2")),
        ["a1 pending-security-update: vulnerable"]
    );
}

#[test]
fn wazuh_36985_wazuh_27597_patchman_344_backports_and_other_publishers_are_unknown() {
    for version in ["3-1~bpo12+1", "1-1nodesource1", "1-1.pgdg120+1", "3-1+rpt1", "3-1ubuntu4"] {
        let host = Host::debian(&[&format!("a1 {version}")]);
        let expected = ["a1 CVE-2026-0001: unknown"];
        assert_eq!(host.verdicts("debian-tracker", fixed_in("a1", "2")), expected, "{version}");
    }
}

#[test]
fn trivy_403_a_rebuild_is_the_version_it_was_built_of() {
    let host = Host::debian(&["a1 1.0-1+b2"]);
    assert_eq!(host.verdicts("debian-tracker", fixed_in("a1", "1.0-1")), ["a1 CVE-2026-0001: fixed"]);
    let fixed = fixed_in("a1", "1.0-1+deb12u1");
    assert_eq!(host.verdicts("debian-tracker", fixed), ["a1 CVE-2026-0001: vulnerable"]);
}

#[test]
fn trivy_db_70_the_tracker_names_the_version_with_the_fix() {
    let host = Host::debian(&["irssi 1.0.7-1~deb9u2"]);
    let fixed = fixed_in("irssi", "1.0.7-1~deb9u2");
    assert_eq!(host.verdicts("debian-tracker", fixed), ["irssi CVE-2026-0001: fixed"]);
}

#[test]
fn vuls_540_openvas_scanner_280_wazuh_32735_kernels_that_run_boot_and_lie_about_are_told_apart() {
    let mut host = Host::debian(&[
        "linux-image-6.1.0-40-amd64 6.1.1-1 linux-signed-amd64 6.1.1+1",
        "linux-image-6.1.0-41-amd64 6.1.2-1 linux-signed-amd64 6.1.2+1",
        "linux-image-6.1.0-42-amd64 6.1.3-1 linux-signed-amd64 6.1.3+1",
    ]);
    host.inventory.kernels.running = Some("6.1.0-41-amd64".to_owned());
    host.inventory.kernels.next_boot = Some("6.1.0-42-amd64".to_owned());
    host.inventory.kernels.leftover = vec!["6.1.0-40-amd64".to_owned()];
    let findings = host.findings("debian-tracker", fixed_in("linux", "6.1.3-1").as_bytes());
    let told: Vec<_> = findings
        .iter()
        .map(|finding| (finding.verdict, finding.closed_by_reboot, finding.reason.contains("leftover")))
        .collect();
    assert_eq!(
        told,
        [
            (Verdict::Vulnerable, false, true),
            (Verdict::Vulnerable, true, false),
            (Verdict::Fixed, false, false)
        ]
    );
}
