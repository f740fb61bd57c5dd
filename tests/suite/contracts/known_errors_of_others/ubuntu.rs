//! Ubuntu: what only subscribers get, and kernels.

use super::{Host, NOTHING, fixture};

const BIONIC: (&str, &str, &str) = ("ubuntu", "18.04", "bionic");

/// openssl of bionic, judged by the real record of CVE-2024-0727.
fn openssl(version: &str, channels: &[&str]) -> Vec<String> {
    let host = Host::dpkg(BIONIC, &[&format!("libssl1.1 {version} openssl")]).using(channels);
    host.verdicts("osv", fixture("osv/UBUNTU-CVE-2024-0727.json"))
}

#[test]
fn vuls_2645_trivy_1663_trivy_3701_without_a_subscription_its_fix_is_no_update() {
    let expected = ["libssl1.1 UBUNTU-CVE-2024-0727: vulnerable, no fix"];
    assert_eq!(openssl("1.1.1-1ubuntu2.1~18.04.23", &[]), expected);
}

#[test]
fn grype_2784_trivy_8978_with_a_subscription_it_is_one() {
    let expected = ["libssl1.1 UBUNTU-CVE-2024-0727: vulnerable"];
    assert_eq!(openssl("1.1.1-1ubuntu2.1~18.04.23+esm3", &["esm-infra"]), expected);
}

#[test]
fn trivy_4171_an_installed_fix_for_subscribers_counts_whoever_asks() {
    let expected = ["libssl1.1 UBUNTU-CVE-2024-0727: fixed"];
    assert_eq!(openssl("1.1.1-1ubuntu2.1~18.04.23+esm4", &["esm-infra"]), expected);
    assert_eq!(openssl("1.1.1-1ubuntu2.1~18.04.23+esm4", &[]), expected);
}

#[test]
fn grype_3544_grype_3546_builds_for_certified_cryptography_say_nothing_about_others() {
    let host = Host::dpkg(("ubuntu", "22.04", "jammy"), &["libssl3 3.0.2-0ubuntu1.14 openssl"]).using(&[]);
    let expected = ["libssl3 UBUNTU-CVE-2024-0727: fixed"];
    assert_eq!(host.verdicts("osv", fixture("osv/UBUNTU-CVE-2024-0727.json")), expected);
}

/// A record about kernels of jammy.
fn of_kernels(sources: &[(&str, &str)]) -> String {
    let affected: Vec<String> = sources
        .iter()
        .map(|(name, fixed)| {
            format!(
                r#"{{"package": {{"ecosystem": "Ubuntu:22.04:LTS", "name": "{name}"}}, "ranges": [{{"type":
                "ECOSYSTEM", "events": [{{"introduced": "0"}}, {{"fixed": "{fixed}"}}]}}]}}"#
            )
        })
        .collect();
    format!(
        r#"{{"id": "USN-6000-1", "modified": "2026-01-01T00:00:00Z", "upstream": ["CVE-2024-1086"],
        "affected": [{}]}}"#,
        affected.join(", ")
    )
}

#[test]
fn wazuh_36232_meta_packages_of_kernels_have_no_holes_and_signed_images_do() {
    let host = Host::dpkg(
        ("ubuntu", "22.04", "jammy"),
        &[
            "linux-image-5.15.0-69-generic 5.15.0-69.76 linux-signed",
            "linux-image-6.5.0-14-generic 6.5.0-14.14~22.04.1 linux-signed-hwe-6.5",
            "linux-image-generic 5.15.0.69.67 linux-meta",
        ],
    )
    .using(&[]);
    let record = of_kernels(&[
        ("linux", "5.15.0-101.111"),
        ("linux-hwe-6.5", "6.5.0-21.21~22.04.1"),
        ("linux-meta", "5.15.0.101.98"),
    ]);
    assert_eq!(
        host.verdicts("osv", record),
        [
            "linux-image-5.15.0-69-generic USN-6000-1: vulnerable",
            "linux-image-6.5.0-14-generic USN-6000-1: vulnerable",
        ]
    );
}

#[test]
fn sec_cvescan_57_a_livepatch_notice_is_never_an_update_of_a_package() {
    let host = Host::dpkg(
        ("ubuntu", "22.04", "jammy"),
        &["linux-image-5.15.0-69-generic 5.15.0-69.76 linux-signed"],
    );
    let record = of_kernels(&[("linux", "5.15.0-101.111")]).replace("USN-6000-1", "LSN-0103-1");
    assert_eq!(host.verdicts("osv", record), NOTHING);
}
