//! Red Hat, its rebuilds, Fedora, Oracle and Amazon.

use patchctl::model::distro::Distribution;
use patchctl::model::severity::Severity;

use super::super::one_feed::feed;
use super::{Host, NOTHING, fixture};

/// An update of updateinfo.xml; each package as `name epoch version release architecture` and what stands within it.
fn update(id: &str, head: &str, packages: &[(&str, &str)]) -> String {
    let package = |(text, inner): &(&str, &str)| {
        let words: Vec<&str> = text.split(' ').collect();
        let [name, epoch, version, release, architecture] = words[..] else { panic!("{text}") };
        format!(
            "<package name='{name}' epoch='{epoch}' version='{version}' release='{release}' \
             arch='{architecture}'>{inner}</package>"
        )
    };
    let packages: String = packages.iter().map(package).collect();
    format!(
        "<?xml version='1.0'?><updates><update type='security'><id>{id}</id>{head}<issued date='2026-01-01 \
         00:00:00'/><references><reference type='cve' id='CVE-2026-0001'/></references><pkglist><collection>\
         {packages}</collection></pkglist></update></updates>"
    )
}

/// A record of OSV about one package of AlmaLinux 8.
fn alma(name: &str, fixed: &str, summary: &str) -> String {
    format!(
        r#"{{"id": "ALSA-2024:0001", "modified": "2026-01-01T00:00:00Z", "summary": "{summary}", "related":
        ["CVE-2026-0001"], "affected": [{{"package": {{"ecosystem": "AlmaLinux:8", "name": "{name}"}}, "ranges":
        [{{"type": "ECOSYSTEM", "events": [{{"introduced": "0"}}, {{"fixed": "{fixed}"}}]}}]}}]}}"#
    )
}

const ALMA: (&str, &str) = ("almalinux", "8.9");

#[test]
fn trivy_1588_a_fix_of_another_module_stream_says_nothing() {
    let host = Host::rpm(ALMA, &["nodejs 1:16.20.2-1.module_el8.8.0+52+32ab9be2 nodejs:16:8080:a"]);
    let of = |stream: &str, fixed: &str| {
        host.verdicts("osv", alma("nodejs", fixed, &format!("Important: nodejs:{stream} security update")))
    };
    assert_eq!(of("18", "1:18.17.1-1.module_el8.8.0+55+d92d1fc4"), NOTHING);
    assert_eq!(of("16", "1:16.20.2-2.module_el8.8.0+53+88e8b4a1"), ["nodejs ALSA-2024:0001: vulnerable"]);
}

#[test]
fn vuls_1968_a_module_build_without_a_label_is_unknown() {
    let host = Host::rpm(ALMA, &["runc 4:1.1.4-1.module_el8.8.0+3470+252b1910"]);
    let record = alma("runc", "4:1.1.12-1.module_el8.9.0+3706+885c732e", "container-tools:rhel8 update");
    assert_eq!(host.verdicts("osv", record), ["runc ALSA-2024:0001: unknown"]);
}

#[test]
fn wazuh_28477_a_module_build_says_nothing_about_a_plain_one() {
    let host = Host::rpm(ALMA, &["jss 4.9.4-1.el8"]);
    let record = alma("jss", "4.9.8-1.module_el8.9.0+3709+1a2b3c4d", "Important: pki-core:10.6 update");
    assert_eq!(host.verdicts("osv", record), NOTHING);
}

#[test]
fn almalinux_build_system_304_trivy_1053_builds_of_red_hat_say_nothing_about_rebuilds() {
    assert!(!feed("redhat-csaf").covers(&Distribution::new("almalinux", "8.9", "")));
    let host = Host::rpm(ALMA, &["nodejs 1:16.20.2-1.module_el8.8.0+52+32ab9be2 nodejs:16:8080:a"]);
    let record = alma("nodejs", "1:16.20.2-2.module+el8.9.0+18724+20190c23", "nodejs:16 update")
        .replace("AlmaLinux:8", "Red Hat:enterprise_linux:8::appstream");
    assert_eq!(host.verdicts("osv", record), NOTHING);
}

#[test]
fn almalinux_build_system_511_an_advisory_without_its_cves_is_still_one() {
    let content = update("ALSA-2024:0001", "", &[("bash 0 5 2.el8 x86_64", "")])
        .replace("<reference type='cve' id='CVE-2026-0001'/>", "");
    let finding = Host::rpm(ALMA, &["bash 5-1.el8"]).findings("updateinfo", content.as_bytes()).remove(0);
    assert_eq!((finding.cves.len(), finding.identifiers().next()), (0, Some("ALSA-2024:0001")));
}

#[test]
fn peridot_79_without_an_element_the_title_tells_the_module() {
    let host =
        Host::rpm(("rocky", "8.9"), &["python2 2.7.18-1.module+el8.4.0+403+9ae17a31 python27:2.7:1:a"]);
    let of = |title: &str| {
        let package = ("python2 0 2.7.18 2.module+el8.4.0+403+9ae17a31 x86_64", "");
        host.verdicts("updateinfo", update("RLSA-2022:1821", &format!("<title>{title}</title>"), &[package]))
    };
    assert_eq!(of("Moderate: python27:2.7 security update"), ["python2 RLSA-2022:1821: vulnerable"]);
    assert_eq!(of("Moderate: python36:3.6 security update"), NOTHING);
    assert_eq!(of("Moderate: python security update"), ["python2 RLSA-2022:1821: unknown"]);
}

#[test]
fn vuln_list_update_130_a_severity_with_its_prefix_is_a_severity() {
    let head = "<severity>SEVERITY_MODERATE</severity>";
    let content = update("RLSA-2022:1821", head, &[("bash 0 5 2.el8 x86_64", "")]);
    let findings = Host::rpm(("rocky", "8.9"), &["bash 5-1.el8"]).findings("updateinfo", content.as_bytes());
    assert_eq!(findings[0].severity, Severity::Medium);
}

#[test]
fn synapse_ce_1019_only_the_cves_that_a_title_begins_with_are_fixed() {
    let reference = "<reference type='bugzilla' id='1' title='CVE-2026-0001 bash: as in CVE-2014-6271'/>";
    let content = update("FEDORA-2026-4a08954c02", "", &[("bash 0 5 2.fc39 x86_64", "")])
        .replace("<reference type='cve' id='CVE-2026-0001'/>", reference);
    let findings = Host::rpm(("fedora", "39"), &["bash 5-1.fc39"]).findings("updateinfo", content.as_bytes());
    assert_eq!(*findings[0].cves, ["CVE-2026-0001"]);
}

const KERNEL: [&str; 1] = ["kernel 5.15.0-1.amzn2"];

#[test]
fn vuln_list_update_267_goval_dictionary_249_goval_dictionary_328_extras_are_judged_where_they_are_enabled() {
    let content = fixture("updateinfo/amazon-2-kernel-5.15.xml");
    let host = || Host::rpm(("amzn", "2"), &KERNEL);
    let expected = |verdict: &str| [format!("kernel ALAS2KERNEL-5.15-2022-001: {verdict}")];
    assert_eq!(host().using(&["kernel-5.15"]).verdicts("updateinfo", &content), expected("vulnerable"));
    assert_eq!(host().using(&["docker"]).verdicts("updateinfo", &content), NOTHING);
    assert_eq!(host().verdicts("updateinfo", &content), expected("unknown"));
}

#[test]
fn trivy_736_trivy_745_trivy_1967_anchore_engine_1357_vuls_1227_vuls_2003_flavours_are_lines_of_their_own() {
    let of = |installed: &str, fixed: &str| {
        let content = update("ELSA-2021-9151", "", &[(&format!("openssl {fixed} x86_64"), "")]);
        Host::rpm(("ol", "8.4"), &[&format!("openssl {installed}")]).verdicts("updateinfo", content)
    };
    let vulnerable = ["openssl ELSA-2021-9151: vulnerable"];
    assert_eq!(of("1:1.1.1g-15.el8_3", "2 1.1.1g 15.ksplice1.el8_3"), NOTHING);
    assert_eq!(of("2:1.1.1g-12.ksplice1.el8_3", "2 1.1.1g 15.ksplice1.el8_3"), vulnerable);
    assert_eq!(of("10:3.6.16-4.el8_fips", "0 3.6.16 5.el8"), NOTHING);
    assert_eq!(of("10:3.6.16-4.el8_fips", "10 3.6.16 5.el8_fips"), vulnerable);
}

#[test]
fn trivy_db_221_the_number_behind_ksplice_is_no_flavour() {
    let content = update("ELSA-2021-1", "", &[("glibc 2 2.17 326.0.9.ksplice2.el7_9 x86_64", "")]);
    let host = Host::rpm(("ol", "7.9"), &["glibc 2:2.17-157.ksplice1.el7_3.4"]);
    assert_eq!(host.verdicts("updateinfo", content), ["glibc ELSA-2021-1: vulnerable"]);
}

#[test]
fn vunnel_1223_versions_of_another_architecture_say_nothing() {
    let both =
        [("rsyslog 0 8.24.0 57.0.4.el7_9.3 aarch64", ""), ("rsyslog 0 8.24.0 57.0.1.el7_9.3 x86_64", "")];
    let content = update("ELSA-2022-4803", "", &both);
    let host = Host::rpm(("ol", "7.9"), &["rsyslog 8.24.0-57.0.1.el7_9.3"]);
    assert_eq!(host.verdicts("updateinfo", content), ["rsyslog ELSA-2022-4803: fixed"]);
}

/// curl of RHEL 9 by the real VEX document, which has fixes for several minor releases.
fn curl(installed: &str) -> Vec<String> {
    Host::rpm(("rhel", "9.3"), &[&format!("curl {installed}")])
        .verdicts("redhat-csaf", fixture("redhat-csaf/cve-2023-38545.json"))
}

#[test]
fn goval_dictionary_85_fixes_of_extended_support_are_not_for_the_main_line() {
    assert_eq!(curl("7.76.1-26.el9_3.1"), ["curl CVE-2023-38545: vulnerable"]);
    assert_eq!(curl("7.76.1-26.el9_3.2"), ["curl CVE-2023-38545: fixed"]);
    // Older than the fix of 9.3, newer than that of 9.0 for those who pay for it.
    assert_eq!(curl("7.76.1-20.el9"), ["curl CVE-2023-38545: vulnerable"]);
}

#[test]
fn wazuh_6277_what_the_vendor_calls_not_affected_is_not_affected() {
    let host = Host::rpm(("rhel", "8.9"), &["curl 7.61.1-33.el8"]);
    assert_eq!(
        host.verdicts("redhat-csaf", fixture("redhat-csaf/cve-2023-38545.json")),
        ["curl CVE-2023-38545: not affected"]
    );
}

#[test]
fn vuls_2198_the_order_of_documents_changes_nothing() {
    let documents = ["cve-2023-38545.json", "rhsa-2025_0002.json"]
        .map(|name| (name, fixture(&format!("redhat-csaf/{name}"))));
    let archive = |documents: &[&(&str, Vec<u8>)]| {
        let mut archive = tar::Builder::new(Vec::new());
        for (name, content) in documents {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            archive.append_data(&mut header, name, content.as_slice()).unwrap();
        }
        archive.into_inner().unwrap()
    };
    let host = Host::rpm(("rhel", "9.3"), &["curl 7.76.1-20.el9", "libcurl 7.76.1-20.el9"]);
    let [first, second] = &documents;
    let one_way = host.verdicts("redhat-csaf", archive(&[first, second]));
    assert_eq!(one_way, host.verdicts("redhat-csaf", archive(&[second, first])));
    assert!(!one_way.is_empty());
}

#[test]
fn wazuh_36985_packages_of_other_vendors_are_not_judged() {
    let content = update("RLSA-2024:0001", "", &[("nginx 1 1.26.0 1.el9 x86_64", "")]);
    let vendors = ["Rocky Enterprise Software Foundation", "NGINX Packaging"];
    let host =
        Host::rpm(("rocky", "9.4"), &["bash 5-1.el9", "nginx 1:1.24.0-1.el9.ngx"]).of_vendors(&vendors);
    assert_eq!(host.verdicts("updateinfo", content), NOTHING);
}
