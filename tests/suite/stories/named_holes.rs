//! A hole that is named is closed by the version that the package manager's own verb for it would choose: the lowest one with
//! dnf, whatever else is newer.

use std::fs;

use super::dnf_plans::{actions, changes, planned};
use crate::lab::rpm_root::{self, BASE, RpmRoot, UPDATES};
use crate::lab::{dnf5_root, zypp_root};

const FIRST: &str = "LABSA-2026:9015";
const FIRST_HOLE: &str = "CVE-2026-21015";

/// Versions 1.5 and 2.0 of the installed package are updates; each closes a hole of its own. Returns the advisory of the
/// last one and its hole.
fn announce(root: &RpmRoot, refresh: &[&str]) -> (String, String) {
    let archive = "lab-steps-1.5-1.noarch.rpm";
    fs::rename(root.path(BASE).join(archive), root.path(UPDATES).join(archive)).expect("it is in the base");
    let all = rpm_root::announcements();
    let last = all.lines().find(|line| line.contains("package name=\"lab-steps\"")).expect("it is announced");
    let between = |from: &str, to: &str| {
        let (_, rest) = last.split_once(from).expect("an announcement has it");
        rest.split(to).next().unwrap_or_default().to_owned()
    };
    let (advisory, hole) = (between("<id>", "</id>"), between(" id=\"", "\""));
    let first = last.replace("2.0", "1.5").replace(&advisory, FIRST).replace(&hole, FIRST_HOLE);
    rpm_root::publish(&root.path("/"), BASE, "");
    rpm_root::publish(&root.path("/"), UPDATES, &all.replace("</updates>", &format!("{first}\n</updates>")));
    root.run(refresh).expect_code(0);
    (advisory, hole)
}

/// Returns the version of the one change of a plan.
#[track_caller]
fn version_for(root: &RpmRoot, asked: &[&str]) -> String {
    let plan = planned(root, asked);
    let told = changes(&plan);
    assert_eq!(told.len(), 1, "{told:?}");
    told[0].strip_prefix("upgrade lab-steps rpm:1.0-1 rpm:").unwrap_or_else(|| panic!("{told:?}")).to_owned()
}

/// Returns which of the two newer versions a dry run of the package manager's own verb names.
#[track_caller]
fn chosen(root: &RpmRoot, verb: &str) -> String {
    let said = root.shell(verb).said();
    let named: Vec<&str> = ["1.5-1", "2.0-1"].into_iter().filter(|version| said.contains(version)).collect();
    assert_eq!(named.len(), 1, "{verb}: {said}");
    named[0].to_owned()
}

fn names_closed(root: &RpmRoot, asked: &[&str]) -> Vec<String> {
    let plan = planned(root, asked);
    let closes = actions(&plan).into_iter().flat_map(|action| action["closes"].as_array().cloned().unwrap());
    closes.map(|name| name.as_str().unwrap().to_owned()).collect()
}

/// The words of dnf 4 and dnf 5 for the same: everything but the list of advisories.
fn dnf_takes_the_lowest(root: &RpmRoot, dnf: &str, minimal: &str) {
    let (advisory, hole) = announce(root, &[dnf, "-y", "--refresh", "makecache"]);
    for (asked, by_dnf) in [(FIRST, FIRST), (&advisory, &advisory)] {
        let own = chosen(root, &minimal.replace("ID", by_dnf));
        assert_eq!(version_for(root, &["--advisory", asked]), own, "{asked}");
    }
    assert_eq!(version_for(root, &["--cve", FIRST_HOLE]), "1.5-1");
    assert_eq!(names_closed(root, &["--cve", FIRST_HOLE]), [FIRST_HOLE]);
    assert_eq!(version_for(root, &["--cve", &format!("{FIRST_HOLE},{hole}")]), "2.0-1");
    assert_eq!(version_for(root, &["--package", "lab-steps"]), "2.0-1");
    // What may not be taken is no choice: the next one that closes it comes.
    let configuration = root.read("etc/dnf/dnf.conf");
    root.write("etc/dnf/dnf.conf", &format!("{configuration}excludepkgs=lab-steps-1.5*\n"));
    assert_eq!(version_for(root, &["--cve", FIRST_HOLE]), "2.0-1");
    root.write("etc/dnf/dnf.conf", &configuration);
    root.run(&["patchctl", "apply", "--yes", "--no-refresh", "--cve", FIRST_HOLE]).expect_code(0);
    assert!(root.builds().contains(&"lab-steps-1.5-1.noarch".to_owned()), "{:?}", root.builds());
    let scanned = root.run(&["patchctl", "scan", "--format", "json", "--package", "lab-steps"]).stdout;
    assert!(scanned.contains(&hole) && !scanned.contains(&format!("\"{FIRST_HOLE}\"")), "{scanned}");
    root.run(&["patchctl", "rollback", "--yes"]).expect_code(0);
    assert!(root.builds().contains(&"lab-steps-1.0-1.noarch".to_owned()), "{:?}", root.builds());
}

#[test]
fn dnf_takes_the_lowest_version_that_closes_them() {
    let Some(root) = rpm_root::with(&["lab-steps"]) else { return };
    dnf_takes_the_lowest(&root, "dnf", "dnf -C --assumeno upgrade-minimal --advisory=ID");
}

#[test]
fn dnf5_takes_the_lowest_version_that_closes_them() {
    let Some(root) = dnf5_root::with(&["lab-steps"]) else { return };
    dnf_takes_the_lowest(&root, "dnf5", "dnf5 -C --assumeno upgrade --minimal --advisories=ID");
}

/// zypper's patches are dependencies on at least a version, and its solver brings the newest that it may.
#[test]
fn zypper_takes_what_its_own_patch_would() {
    let Some(root) = zypp_root::with(&["lab-steps"]) else { return };
    let (_, hole) = announce(&root, &["zypper", "--non-interactive", "refresh", "--force"]);
    for hole in [FIRST_HOLE, &hole] {
        let verb = format!("zypper --non-interactive --no-refresh patch --dry-run --details --cve={hole}");
        assert_eq!(version_for(&root, &["--cve", hole]), chosen(&root, &verb), "{hole}");
    }
}
