//! SUSE and openSUSE.

use super::{Host, NOTHING, fixture};

/// A document of SUSE: one kernel is fixed for a product with that CPE.
fn fixed_for(title: &str, cpe: &str, version: &str) -> String {
    let package = format!("kernel-default-{version}.x86_64");
    format!(
        r#"{{"document": {{"category": "csaf_vex", "tracking": {{"id": "CVE-2026-0001", "initial_release_date":
        "2026-01-01T00:00:00Z"}}, "aggregate_severity": {{"text": "important"}}}}, "product_tree": {{"branches": [
        {{"branches": [
        {{"category": "product_name", "product": {{"name": "{title}", "product_id": "{title}",
        "product_identification_helper": {{"cpe": "{cpe}"}}}}}},
        {{"category": "product_version", "product": {{"name": "{package}", "product_id": "{package}"}}}}]}}],
        "relationships": [{{"full_product_name": {{"name": "x", "product_id": "{title}:{package}"}},
        "product_reference": "{package}", "relates_to_product_reference": "{title}"}}]}},
        "vulnerabilities": [{{"cve": "CVE-2026-0001", "product_status": {{"recommended": ["{title}:{package}"]}}}}]}}"#
    )
}

const SP2: (&str, &str) = ("SUSE Linux Enterprise Server 15 SP2", "cpe:/o:suse:sles:15:sp2");

#[test]
fn wazuh_9091_a_fix_for_one_service_pack_says_nothing_about_another() {
    let content = fixed_for(SP2.0, SP2.1, "5.3.18-24.1");
    let of = |version| Host::rpm(("sles", version), &["kernel-default 4.12.14-197.1"]);
    assert_eq!(of("15.1").verdicts("suse-csaf", &content), NOTHING);
    assert_eq!(of("15.2").verdicts("suse-csaf", &content), ["kernel-default CVE-2026-0001: vulnerable"]);
}

#[test]
fn grype_2812_grype_3142_packages_of_a_module_are_judged_where_the_host_has_it() {
    let module = "SUSE Linux Enterprise Module for Basesystem 15 SP5";
    let content = fixed_for(module, "cpe:/o:suse:sle-module-basesystem:15:sp5", "5.14.21-150500.55.1");
    let host = || Host::rpm(("sles", "15.5"), &["kernel-default 5.14.21-150500.53.2"]);
    assert_eq!(
        host().using(&[module]).verdicts("suse-csaf", &content),
        ["kernel-default CVE-2026-0001: vulnerable"]
    );
    let other = "SUSE Linux Enterprise Server 15 SP5";
    assert_eq!(host().using(&[other]).verdicts("suse-csaf", &content), NOTHING);
    assert_eq!(host().verdicts("suse-csaf", &content), ["kernel-default CVE-2026-0001: unknown"]);
}

#[test]
fn wazuh_27924_vuls_2539_opensuse_takes_nothing_from_the_enterprise_products() {
    let content = fixed_for(SP2.0, SP2.1, "5.3.18-24.1");
    for version in ["15.2", "16.0"] {
        let host = Host::rpm(("opensuse-leap", version), &["kernel-default 4.12.14-197.1"]);
        assert_eq!(host.verdicts("suse-csaf", &content), NOTHING, "{version}");
    }
}

#[test]
fn the_title_of_an_error_page_is_no_advisory() {
    let host = Host::rpm(("sled", "12"), &["kernel-default 3.12-1"]);
    assert_eq!(host.verdicts("suse-csaf", fixture("suse-csaf/suse-su-403.json")), NOTHING);
}
