//! Statements with bounds, and several statements of one identifier.

use super::*;

#[test]
fn a_range_of_versions_has_a_place_for_each() {
    let mut ranged = row("a1", "CVE-2026-0001", VendorState::Open);
    ranged.affected[0].range.introduced = Some("2".into());
    ranged.affected[0].range.last_affected = Some("4".into());
    let verdict = |at: &str, rows: &[Advisory<'static>]| {
        let mut scene = Scene::new(vec![package("a1", "a1", at)], rows.to_vec());
        scene.detail = Detail::All;
        scene.only().verdict
    };
    let rows = [ranged.clone()];
    let found: Vec<_> = ["1", "2", "4", "5"].map(|at| verdict(at, &rows)).into();
    assert_eq!(
        found,
        [Verdict::NotAffected, Verdict::VulnerableNoFix, Verdict::VulnerableNoFix, Verdict::NotAffected]
    );
    ranged.affected[0].state = VendorState::Unconfirmed;
    assert_eq!(verdict("5", &[ranged]), Verdict::Unknown, "arch-security-tracker 237");
}

#[test]
fn grype_970_fixed_broken_again_and_fixed_is_unknown_between() {
    let first = fixed("jenkins", "CVE-2022-20612", "2.319.2");
    let mut between = row("jenkins", "CVE-2022-20612", VendorState::Undetermined);
    between.affected[0].range.introduced = Some("2.319.2".into());
    between.affected[0].range.fixed = Some("2.332.1".into());
    let verdict = |at: &str| {
        let mut scene =
            Scene::new(vec![package("jenkins", "jenkins", at)], vec![first.clone(), between.clone()]);
        scene.detail = Detail::All;
        scene.only().verdict
    };
    assert_eq!(
        ["2.319.1", "2.325", "2.332.1"].map(verdict),
        [Verdict::Vulnerable, Verdict::Unknown, Verdict::Fixed]
    );
}

#[test]
fn vuls_2645_a_fix_for_subscribers_is_no_update_and_counts_where_it_is_installed() {
    let mut paid = fixed("a1", "CVE-2026-0001", "1.0-1ubuntu1+esm2");
    paid.affected[0].state = VendorState::NeedsEntitlement;
    paid.affected[0].scope.channel = Some("esm-infra".into());
    let free = row("a1", "CVE-2026-0001", VendorState::Open);
    let verdict = |at: &str| {
        let mut scene = Scene::new(vec![package("a1", "a1", at)], vec![free.clone(), paid.clone()]);
        scene.inventory.distribution = Distribution::new("ubuntu", "18.04", "bionic");
        scene.detail = Detail::All;
        let finding = scene.only();
        (finding.verdict, finding.vendor_state)
    };
    assert_eq!(verdict("1.0-1").0, Verdict::VulnerableNoFix);
    assert_eq!(verdict("1.0-1+esm2").0, Verdict::Fixed);
}
