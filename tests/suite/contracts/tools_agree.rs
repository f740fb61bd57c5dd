//! Findings against what the families' own tools say of the same data on the same host.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::lab::namespace::try_on_host;
use crate::lab::rpm_root::{self, BASE, RpmRoot, UPDATES};

/// `LABSA-2026:0001 Important/Sec. lab-plain-2.0-1.noarch` as advisory and fixed package.
fn listed(line: &str) -> Option<(String, String)> {
    let mut words = line.split_whitespace();
    let (advisory, _, package) = (words.next()?, words.next()?, words.next()?);
    advisory.starts_with("LABSA-").then(|| (advisory.to_owned(), package.to_owned()))
}

/// The same of a finding; dnf leaves the epoch out.
fn found(finding: &Value) -> (String, String) {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let package = &finding["package"];
    let fixed = text(&finding["fixed_version"]);
    let version = fixed.rsplit(':').next().unwrap();
    let nevra = format!("{}-{version}.{}", text(&package["name"]), text(&package["architecture"]));
    (text(&finding["advisory"]), nevra)
}

const INSTALLED: [&str; 7] =
    ["lab-plain", "lab-program", "lab-library", "lab-grows", "lab-epoch", "lab-kernel", "lab-conf"];

/// What patchctl calls vulnerable, as advisory and fixed package.
fn open_findings(root: &RpmRoot) -> BTreeSet<(String, String)> {
    let report = root.run(&["patchctl", "scan", "--format", "json"]);
    let report: Value = serde_json::from_str(&report.stdout).unwrap_or_else(|e| panic!("{e}: {report}"));
    let findings = report["findings"].as_array().unwrap();
    findings.iter().filter(|finding| finding["verdict"] == "vulnerable").map(found).collect()
}

#[test]
fn open_findings_of_updateinfo_are_what_dnf_lists_as_security_updates() {
    let Some(root) = rpm_root::with(&INSTALLED) else { return };
    let of_dnf = root.run(&["dnf", "-q", "-C", "updateinfo", "list", "--updates", "--security"]);
    let of_dnf: BTreeSet<_> = of_dnf.expect_code(0).stdout.lines().filter_map(listed).collect();
    assert!(!of_dnf.is_empty());
    assert_eq!(open_findings(&root), of_dnf);
}

/// zypper lists patches, not their packages. It runs on the machine and looks at the root.
#[test]
fn open_findings_of_updateinfo_are_what_zypper_lists_as_needed_patches() {
    let Some(root) = rpm_root::with(&INSTALLED) else { return };
    let folder = root.path("/");
    let zypper = |arguments: &[&str]| {
        let own = ["zypper", "--non-interactive", "--no-gpg-checks", "--root", folder.to_str().unwrap()];
        try_on_host(&[&own[..], arguments].concat())
    };
    for repository in [BASE, UPDATES] {
        let address = format!("dir:{}", root.path(repository).display());
        let name = repository.rsplit('/').next().unwrap();
        if let Err(reason) = zypper(&["addrepo", "--no-gpgcheck", &address, name]) {
            assert!(reason.starts_with("cannot start"), "{reason}");
            println!("not run: {reason}");
            return;
        }
    }
    zypper(&["refresh"]).unwrap();
    let table = zypper(&["list-patches", "--category", "security"]).unwrap();
    let words = table.lines().flat_map(|line| line.split('|')).map(str::trim);
    let of_zypper: BTreeSet<&str> = words.filter(|word| word.starts_with("LABSA-")).collect();
    assert!(!of_zypper.is_empty(), "{table}");
    let open = open_findings(&root);
    let advisories: BTreeSet<&str> = open.iter().map(|(advisory, _)| advisory.as_str()).collect();
    assert_eq!(advisories, of_zypper, "{table}");
}
