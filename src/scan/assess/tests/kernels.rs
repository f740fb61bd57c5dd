//! Kernels: signed ones by the source that advisories name, and those that run, boot next or are left over.

use super::*;
use crate::model::kernel::KernelRole;

#[test]
fn signed_kernels_are_judged_as_linux_and_named_by_their_role() {
    let image = |release: &str, at: &str| {
        let mut image = package(&format!("linux-image-{release}"), "linux-signed-amd64", at);
        image.source.version = version(&at.replace('-', "+"));
        image
    };
    let packages = vec![
        image("6.1.0-40-amd64", "6.1.1-1"),
        image("6.1.0-41-amd64", "6.1.2-1"),
        image("6.1.0-42-amd64", "6.1.3-1"),
    ];
    let mut scene = Scene::new(packages, vec![fixed("linux", "CVE-2026-0001", "6.1.3-1")]);
    scene.inventory.kernels = Kernels {
        running: Some("6.1.0-41-amd64".into()),
        next_boot: Some("6.1.0-42-amd64".into()),
        leftover: vec!["6.1.0-40-amd64".into()],
        ..Kernels::default()
    };
    let findings = scene.assess().findings;
    assert_eq!(findings.len(), 2);
    assert!(findings[0].reason.ends_with("leftover kernel, neither running nor booted next"));
    assert!(findings[1].reason.ends_with("fixed kernel installed, reboot"));
    assert_eq!(findings.iter().map(|finding| finding.closed_by_reboot).collect::<Vec<_>>(), [false, true]);
    assert_eq!(findings[1].package.source.name.as_str(), "linux");
}

#[test]
fn kernels_of_another_series_have_a_source_of_their_own() {
    let root = Scene::new(Vec::new(), Vec::new()).inventory;
    let meta = package("linux-image-6.12-amd64", "linux-signed-6.12-amd64", "6.12.1-1~deb12u1");
    assert_eq!(origin::matched(&meta, Subject::Source, &root).name, "linux-6.12");
    let arm = package("linux-image-arm64", "linux-signed-arm64", "6.1.1-1");
    let arm = origin::matched(&arm, Subject::Source, &root);
    assert_eq!((arm.name.as_ref(), arm.kernel), ("linux", None));
}

#[test]
fn kernels_of_ubuntu_are_judged_under_linux_and_meta_packages_not_at_all() {
    let rows = vec![
        fixed("linux", "CVE-2024-1086", "5.15.0-101.111"),
        fixed("linux-hwe-6.5", "CVE-2024-1086", "6.5.0-21.21~22.04.1"),
        fixed("linux-meta", "CVE-2024-1086", "5.15.0-101.111"),
    ];
    let packages = vec![
        package("linux-image-5.15.0-69-generic", "linux-signed", "5.15.0-69.76"),
        package("linux-image-6.5.0-14-generic", "linux-signed-hwe-6.5", "6.5.0-14.14~22.04.1"),
        package("linux-image-virtual", "linux-meta", "5.15.0.69.67"),
    ];
    let mut scene = Scene::new(packages, rows);
    scene.inventory.distribution = Distribution::new("ubuntu", "22.04", "jammy");
    let found = scene.assess().findings;
    let told: Vec<_> =
        found.iter().map(|f| (f.package.name.as_str(), f.package.source.name.as_str())).collect();
    assert_eq!(
        told,
        [("linux-image-5.15.0-69-generic", "linux"), ("linux-image-6.5.0-14-generic", "linux-hwe-6.5")]
    );
}

#[test]
fn versions_with_the_name_of_ubuntu_are_its_own_there_and_foreign_to_debian() {
    let of = |distribution: Distribution, at: &str| {
        let rows = vec![fixed("cups", "CVE-2024-0001", "2.4.1op1-1ubuntu4.8")];
        let mut scene = Scene::new(vec![package("cups", "cups", at)], rows);
        scene.inventory.distribution = distribution;
        scene.only().verdict
    };
    let (ubuntu, debian) =
        (Distribution::new("ubuntu", "22.04", "jammy"), Distribution::new("debian", "12", "bookworm"));
    assert_eq!(of(ubuntu.clone(), "2.4.1op1-1ubuntu4.7"), Verdict::Vulnerable);
    assert_eq!(of(ubuntu, "2.4.1op1-1ubuntu4.7~ppa1"), Verdict::Unknown);
    assert_eq!(of(debian, "2.4.1op1-1ubuntu4.7"), Verdict::Unknown);
}

/// Three installed kernels of one name and architecture.
fn three_kernels() -> Scene {
    let kernel = |release: &str| {
        let version = Version::rpm(&format!("5.14.0-{release}")).expect("a version");
        InstalledPackage {
            architecture: "x86_64".into(),
            source: SourcePackage { name: "kernel".into(), version: version.clone() },
            version,
            ..package("kernel-core", "kernel", "1")
        }
    };
    let packages = ["70.13.1.el9_0", "362.el9", "503.el9"].map(kernel).to_vec();
    let row = Affected::binary("kernel-core", VendorState::Fixed).fixed_in("5.14.0-427.el9");
    let advisory = Advisory { affected: vec![row], ..row_of_kernel() };
    let mut scene = Scene::new(packages, vec![advisory]);
    scene.inventory.distribution = Distribution::new("almalinux", "9.4", "");
    scene.inventory.kernels = Kernels {
        running: Some("5.14.0-362.el9.x86_64".into()),
        next_boot: Some("5.14.0-503.el9.x86_64".into()),
        leftover: vec!["5.14.0-70.13.1.el9_0.x86_64".into()],
        ..Kernels::default()
    };
    scene
}

fn row_of_kernel() -> Advisory<'static> {
    row("kernel", "ALSA-2024:2394", VendorState::Fixed)
}

#[test]
fn wazuh_32735_vuls_540_kernels_of_rpm_side_by_side_are_told_apart() {
    let mut findings = three_kernels().assess().findings;
    findings.sort_by_key(|finding| finding.closed_by_reboot);
    let told: Vec<_> = findings
        .iter()
        .map(|finding| (finding.id.as_str(), finding.closed_by_reboot, finding.reason.rsplit("; ").next()))
        .collect();
    assert_eq!(
        told,
        [
            (
                "debian-tracker/ALSA-2024:2394/kernel-core:x86_64=5.14.0-70.13.1.el9_0",
                false,
                Some("leftover kernel, neither running nor booted next")
            ),
            (
                "debian-tracker/ALSA-2024:2394/kernel-core:x86_64=5.14.0-362.el9",
                true,
                Some("fixed kernel installed, reboot")
            ),
        ]
    );
}

#[test]
fn a_kernel_keeps_its_first_day_when_a_newer_one_is_installed_beside_it() {
    let mut scene = three_kernels();
    let day = now() - TimeDelta::days(40);
    let finding = scene.assess().findings.remove(0);
    scene.first_seen.note(&finding, day);
    assert!(scene.assess().findings.iter().all(|finding| finding.first_seen == Some(day)));
}

#[test]
fn tools_of_the_kernel_are_no_kernel() {
    let root = three_kernels().inventory;
    let role = |name: &str| {
        let tools = InstalledPackage { name: name.into(), ..root.packages[0].clone() };
        origin::matched(&tools, Subject::Binary, &root).kernel
    };
    assert_eq!(role("kernel-tools"), None);
    assert_eq!(role("kernel-modules"), Some(KernelRole::Leftover));
}

/// The verdict about the running one of three kernels, whose hole is CVE-2022-36946.
fn with_live_patches(modules: &[&str], package: Option<(&str, &str)>) -> Finding {
    let mut scene = three_kernels();
    let hole = || vec!["CVE-2022-36946".into()];
    scene.rows[0].vulnerabilities = hole();
    scene.inventory.kernels.live_patches = modules.iter().map(|module| (*module).to_owned()).collect();
    if let Some((name, at)) = package {
        let version = Version::rpm(at).expect("a version");
        let source = SourcePackage { name: name.into(), version: version.clone() };
        let patch =
            InstalledPackage { name: name.into(), version, source, ..scene.inventory.packages[0].clone() };
        scene.inventory.packages.push(patch);
        let at = if name.starts_with("kpatch") { "1-2.el9" } else { "3-150500.2.1" };
        let row = Affected::binary(name.to_owned(), VendorState::Fixed).fixed_in(at);
        let advisory = row_of_kernel();
        scene.rows.push(Advisory {
            id: "RHSA-1:2".into(),
            vulnerabilities: hole(),
            affected: vec![row],
            ..advisory
        });
    }
    let mut findings = scene.assess().findings;
    findings.retain(|finding| finding.id.ends_with("kernel-core:x86_64=5.14.0-362.el9"));
    findings.remove(0)
}

#[test]
fn mql_10976_a_hole_that_a_module_names_is_closed_in_the_running_kernel() {
    let finding = with_live_patches(&["livepatch_CVE_2022_36946"], None);
    assert_eq!((finding.verdict, finding.closed_by_reboot), (Verdict::MitigatedLive, true));
    assert!(
        finding.reason.contains("a live patch closes the hole in the running kernel"),
        "{}",
        finding.reason
    );
    let other = with_live_patches(&["livepatch_CVE_2022_0001"], None);
    assert_eq!(other.verdict, Verdict::Vulnerable);
}

#[test]
fn mql_10976_a_package_of_kpatch_closes_what_its_version_fixes_once_its_module_is_loaded() {
    let name = "kpatch-patch-5_14_0-362";
    let of = |module: &str, at: &str| with_live_patches(&[module], Some((name, at))).verdict;
    assert_eq!(of("kpatch_5_14_0_362_1_2", "1-2.el9"), Verdict::MitigatedLive);
    assert_eq!(of("kpatch_5_14_0_362_1_1", "1-2.el9"), Verdict::Vulnerable, "an older module is loaded");
    assert_eq!(of("kpatch_5_14_0_362_1_1", "1-1.el9"), Verdict::Vulnerable, "it does not fix that");
    assert_eq!(of("livepatch_13", "1-2.el9"), Verdict::Vulnerable, "nobody knows what it closes");
}

/// The names are those of SUSE's documentation and of `klp -v patches`; the kernel is the one of this scene.
#[test]
fn a_live_patch_of_suse_closes_what_its_version_fixes_for_the_kernel_that_runs() {
    let running = three_kernels().inventory.kernels.running.expect("one runs").replace('.', "_");
    let own = format!("kernel-livepatch-{running}");
    let of = |name: &str, module: &str, at: &str| with_live_patches(&[module], Some((name, at))).verdict;
    assert_eq!(of(&own, "livepatch_3_150500_2_1", "3-150500.2.1"), Verdict::MitigatedLive);
    assert_eq!(
        of(&own, "livepatch_2_150500_2_1", "3-150500.2.1"),
        Verdict::Vulnerable,
        "an older module is loaded"
    );
    assert_eq!(
        of(&own, "livepatch_2_150500_2_1", "2-150500.2.1"),
        Verdict::Vulnerable,
        "it does not fix that"
    );
    let other = "kernel-livepatch-5_14_21-150500_55_19-default";
    assert_eq!(of(other, "livepatch_3_150500_2_1", "3-150500.2.1"), Verdict::Vulnerable, "another kernel's");
}

#[test]
fn a_module_of_ubuntu_closes_what_its_notice_and_earlier_ones_say() {
    let verdict = |module: &str| {
        let mut scene = three_kernels();
        let hole = || vec!["CVE-2022-36946".into()];
        scene.rows[0].vulnerabilities = hole();
        scene.inventory.kernels.live_patches = vec![module.to_owned()];
        let row = Affected::binary("lkp_Ubuntu_5_14_0_generic", VendorState::Fixed).fixed_in("104");
        let notice = row_of_kernel();
        scene.rows.push(Advisory {
            id: "LSN-0104-1".into(),
            vulnerabilities: hole(),
            affected: vec![row],
            ..notice
        });
        let mut findings = scene.assess().findings;
        findings.retain(|finding| finding.id.ends_with("kernel-core:x86_64=5.14.0-362.el9"));
        findings.remove(0).verdict
    };
    assert_eq!(verdict("lkp_Ubuntu_5_14_0_362_1_generic_104"), Verdict::MitigatedLive);
    assert_eq!(verdict("lkp_Ubuntu_5_14_0_362_1_generic_110"), Verdict::MitigatedLive, "they are cumulative");
    assert_eq!(
        verdict("lkp_Ubuntu_5_14_0_362_1_generic_99"),
        Verdict::Vulnerable,
        "an older module is loaded"
    );
    assert_eq!(verdict("lkp_Ubuntu_5_14_0_362_1_aws_104"), Verdict::Vulnerable, "another series");
}

#[test]
fn without_a_fixed_kernel_to_boot_a_live_patch_makes_no_update_needless() {
    let mut scene = three_kernels();
    scene.rows[0].vulnerabilities = vec!["CVE-2022-36946".into()];
    scene.inventory.packages.pop();
    scene.inventory.kernels.next_boot = scene.inventory.kernels.running.clone();
    scene.inventory.kernels.live_patches = vec!["livepatch_CVE_2022_36946".into()];
    assert!(scene.assess().findings.iter().all(|finding| finding.verdict == Verdict::Vulnerable));
}
