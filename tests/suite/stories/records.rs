//! What a run leaves behind: reports as a script reads them, and the promise that nothing was changed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;

use crate::lab::debian::DebianRoot;
use crate::lab::namespace::Ran;
use crate::lab::oracle::Manifest;

/// Reads the report of a run, and checks it against the schema that is shipped.
#[track_caller]
pub fn report_of_run(root: &DebianRoot, run: &str) -> Value {
    checked_report(&root.read(&format!("var/lib/patchctl/runs/{run}/report.json")))
}

/// Reads a report, and checks it against the schema that is shipped.
#[track_caller]
pub fn checked_report(text: &str) -> Value {
    let report: Value = serde_json::from_str(text).expect("a report is one JSON document");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/schemas/report-1.json");
    let schema = fs::read_to_string(path).expect("the schema is shipped");
    let schema = serde_json::from_str(&schema).expect("a schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is sound");
    let complaints: Vec<String> = validator.iter_errors(&report).map(|error| error.to_string()).collect();
    assert_eq!(complaints, Vec::<String>::new(), "{text}");
    report
}

/// Returns the permission bits of a path of the root.
pub fn mode(root: &DebianRoot, path: &str) -> u32 {
    let found = fs::symlink_metadata(root.path(path)).unwrap_or_else(|e| panic!("{path}: {e}"));
    found.permissions().mode() & 0o7777
}

/// Runs a command that must end with `code` and leave the host exactly as it was.
#[track_caller]
pub fn refused_unchanged(root: &DebianRoot, arguments: &[&str], code: i32) -> Ran {
    let before = Manifest::of(root);
    let ran = root.run(arguments).expect_code(code);
    assert_eq!(before.diff(&Manifest::of(root)), [], "{ran}");
    ran
}

/// Fails with all that was said when a text is not among it; folded lines count as one.
#[track_caller]
pub fn assert_says(ran: &Ran, text: &str) {
    let said = ran.said().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains(text), "{text:?} is not said by {ran}");
}
