//! Findings against what the families' own tools say of the same data on the same host.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::lab::rpm_root;

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

#[test]
fn open_findings_of_updateinfo_are_what_dnf_lists_as_security_updates() {
    let fixtures =
        ["lab-plain", "lab-program", "lab-library", "lab-grows", "lab-epoch", "lab-kernel", "lab-conf"];
    let Some(root) = rpm_root::with(&fixtures) else { return };
    let of_dnf = root.run(&["dnf", "-q", "-C", "updateinfo", "list", "--updates", "--security"]);
    let of_dnf: BTreeSet<_> = of_dnf.expect_code(0).stdout.lines().filter_map(listed).collect();
    let report = root.run(&["patchctl", "scan", "--format", "json"]);
    let report: Value = serde_json::from_str(&report.stdout).unwrap_or_else(|e| panic!("{e}: {report}"));
    let findings = report["findings"].as_array().unwrap();
    let open = findings.iter().filter(|finding| finding["verdict"] == "vulnerable");
    let of_patchctl: BTreeSet<_> = open.map(found).collect();
    assert!(!of_dnf.is_empty());
    assert_eq!(of_patchctl, of_dnf);
}
