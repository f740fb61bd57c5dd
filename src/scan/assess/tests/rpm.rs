//! Hosts of the rpm family, judged by binary package names: module streams, flavours, architectures, channels.

use super::*;
use crate::model::package::{ModuleStream, Provenance as PackageProvenance};

fn installed(name: &str, at: &str, module: Option<&str>) -> InstalledPackage {
    let version = Version::rpm(at).expect("a version");
    let module = module.map(|label| ModuleStream::of_label(label).expect("a label"));
    InstalledPackage {
        architecture: "x86_64".into(),
        source: SourcePackage { name: name.into(), version: version.clone() },
        version,
        provenance: Some(Box::new(PackageProvenance { vendor: None, module, installed_at: None })),
        ..package(name, name, "1")
    }
}

fn fixed_in(name: &'static str, at: &'static str, module: Option<&'static str>) -> Advisory<'static> {
    let mut affected = Affected::binary(name, VendorState::Fixed).fixed_in(at);
    affected.scope.module = module.map(Into::into);
    Advisory { affected: vec![affected], ..row(name, "CVE-2026-0001", VendorState::Fixed) }
}

fn verdicts(package: InstalledPackage, rows: Vec<Advisory<'static>>) -> Vec<Verdict> {
    let mut scene = Scene::new(vec![package], rows);
    scene.inventory.distribution = Distribution::new("almalinux", "9.4", "");
    scene.detail = Detail::All;
    scene.assess().findings.iter().map(|finding| finding.verdict).collect()
}

#[test]
fn vuls_1968_and_trivy_1588_another_module_stream_says_nothing() {
    let node16 = || {
        installed("nodejs", "1:16.20.2-1.module_el9.2.0+52+32ab9be2", Some("nodejs:16:9020020230710:rhel9"))
    };
    let of_18 = fixed_in("nodejs", "1:18.17.1-1.module_el9.2.0+55+d92d1fc4", Some("nodejs:18"));
    let of_16 = fixed_in("nodejs", "1:16.20.2-2.module_el9.2.0+53+88e8b4a1", Some("nodejs:16"));
    assert_eq!(verdicts(node16(), vec![of_18.clone()]), []);
    assert_eq!(verdicts(node16(), vec![of_18, of_16]), [Verdict::Vulnerable]);
}

#[test]
fn a_build_without_label_is_unknown_and_never_safe() {
    let unlabelled = || installed("runc", "4:1.1.4-1.module_el8.8.0+3470+252b1910", None);
    let of_stream =
        fixed_in("runc", "4:1.1.12-1.module_el8.9.0+3706+885c732e", Some("container-tools:rhel8"));
    let of_untold_stream = fixed_in("runc", "4:1.1.12-1.module_el8.9.0+3706+885c732e", None);
    assert_eq!(verdicts(unlabelled(), vec![of_stream]), [Verdict::Unknown]);
    assert_eq!(verdicts(unlabelled(), vec![of_untold_stream]), [Verdict::Unknown]);
}

#[test]
fn wazuh_28477_module_builds_and_plain_builds_are_two_lines() {
    let of_module = fixed_in("jss", "4.9.8-1.module_el8.9.0+3709+1a2b3c4d", Some("pki-core:10.6"));
    assert_eq!(verdicts(installed("jss", "4.9.4-1.el8", None), vec![of_module]), []);
    let plain = fixed_in("perl", "4:5.26.3-422.el8", None);
    let of_stream = installed("perl", "4:5.24.4-405.module_el8.6.0+2767+dfaa4a3c", Some("perl:5.24:1:a"));
    assert_eq!(verdicts(of_stream, vec![plain]), []);
}

#[test]
fn trivy_1967_flavours_of_oracle_are_compared_within_themselves() {
    let ksplice = fixed_in("openssl", "2:1.1.1g-15.ksplice1.el8_3", None);
    assert_eq!(verdicts(installed("openssl", "1:1.1.1g-15.el8_3", None), vec![ksplice.clone()]), []);
    let own = installed("openssl", "2:1.1.1g-12.ksplice1.el8_3", None);
    assert_eq!(verdicts(own, vec![ksplice]), [Verdict::Vulnerable]);
}

#[test]
fn vunnel_1223_another_architecture_says_nothing() {
    let mut arm = fixed_in("rsyslog", "8.24.0-57.0.4.el7_9.3", None);
    arm.affected[0].scope.architecture = Some("aarch64".into());
    assert_eq!(verdicts(installed("rsyslog", "8.24.0-57.el7", None), vec![arm.clone()]), []);
    arm.affected[0].scope.architecture = Some("x86_64".into());
    assert_eq!(verdicts(installed("rsyslog", "8.24.0-57.el7", None), vec![arm]), [Verdict::Vulnerable]);
}

#[test]
fn goval_85_a_fix_of_extended_support_is_unknown_where_nobody_knows_the_repositories() {
    let mut extended = fixed_in("kernel", "5.14.0-284.30.1.el9_2", None);
    extended.affected[0].scope.channel = Some("AppStream-9.2.0.Z.EUS".into());
    assert_eq!(verdicts(installed("kernel", "5.14.0-70.el9", None), vec![extended]), [Verdict::Unknown]);
}
