//! An auditor and a pipeline read what a host has stored: every form, from the host's own reports, and nothing else.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::watch::import_tracker;
use crate::lab::debian;

/// Where the reports of real runs are that the contracts render (see its README).
const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/reports");

/// Packages that are kept of a fixture's list: those that findings name, and a few more.
const FEW: usize = 12;

#[test]
#[ignore = "takes the reports of a scan, a run and a way back in the laboratory as fixtures"]
fn write_report_fixtures() {
    let Some(root) =
        debian::small_with(&["lab-plain", "lab-conf", "lab-generates", "lab-trigger", "lab-service"])
    else {
        return;
    };
    import_tracker(&root);
    let take = |name: &str, arguments: &[&str]| {
        let ran = root.run(&[&["patchctl", "--format", "json"], arguments].concat());
        let mut report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {ran}"));
        shorten(&mut report);
        let text = serde_json::to_string_pretty(&report).unwrap() + "\n";
        fs::write(Path::new(FIXTURES).join(name), text).unwrap();
    };
    fs::create_dir_all(FIXTURES).unwrap();
    take("scan.json", &["scan"]);
    take("planned.json", &["plan"]);
    take("patched.json", &["apply", "--yes"]);
    take("taken-back.json", &["rollback", "--yes"]);
    take("refused.json", &["rollback", "--yes", "9999"]);
}

fn shorten(report: &mut Value) {
    let named: Vec<Value> =
        report["findings"].as_array().into_iter().flatten().map(|f| f["package"]["name"].clone()).collect();
    if let Some(packages) = report.get_mut("packages").and_then(Value::as_array_mut) {
        let mut others = 0;
        packages.retain(|package| {
            others += 1;
            named.contains(&package["name"]) || others <= FEW
        });
    }
}
