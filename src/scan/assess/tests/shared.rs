//! More packages than one thread judges.

use super::*;

#[test]
fn several_threads_find_the_same_in_the_same_order() {
    const SOURCES: usize = 3 * SHARED_GROUPS;
    let name = |number: usize| format!("source{number:05}");
    let packages = (0..SOURCES).map(|number| package(&format!("lib{number:05}"), &name(number), "1.0-1"));
    let rows = (0..SOURCES).map(|number| Advisory {
        affected: vec![Affected::source(name(number), VendorState::Fixed).fixed_in("1.0-2")],
        ..row("", "CVE-2026-0001", VendorState::Fixed)
    });
    let scene = Scene::new(packages.collect(), rows.collect());
    let found = scene.assess();
    let names = found.findings.iter().map(|finding| finding.package.name.to_string());
    assert!(names.eq((0..SOURCES).map(|number| format!("lib{number:05}"))));
    assert_eq!(found.counts.vulnerable, SOURCES as u64);
    assert_eq!(scene.assess(), found);
}
