//! What stories look at beside the screen: documents against their schemas, and the programs that were started.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::lab::debian::DebianRoot;
use crate::lab::namespace::{InRoot, Ran};

/// The invented tracker that meets the laboratory's packages in every state.
pub const TRACKER: &str = include_str!("../../fixtures/lab-tracker/every-state.json");

/// Returns the one JSON document on stdout; it must fit the shipped schema of that name.
#[track_caller]
pub fn document(ran: &Ran, schema: &str) -> Value {
    let value: Value =
        serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("not one JSON document ({e}): {ran}"));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/schemas").join(schema);
    let schema: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let faults: Vec<String> =
        validator.iter_errors(&value).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
    assert_eq!(faults, Vec::<String>::new(), "{path:?}");
    value
}

/// Returns a command as the user nobody, who has a home.
pub fn as_nobody(root: &DebianRoot, arguments: &[&str]) -> InRoot {
    root.shell("install -d -o 65534 -g 65534 /tmp/nobody").expect_code(0);
    let user = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];
    root.command(&[&user[..], arguments].concat()).env("HOME", "/tmp/nobody")
}

/// Runs a command and returns every command line that it and its children started, itself left out, and without the
/// step that gives each child a session of its own.
pub fn started(command: InRoot) -> (Ran, Vec<String>) {
    let log = command.machine_path("/tmp/lab-execve");
    let path = log.to_str().unwrap().to_owned();
    let tracer = ["strace", "-f", "-qq", "-s", "200", "-o", &path, "-e", "trace=execve", "-e", "signal=none"];
    let ran = command.traced_by(&tracer).run();
    let said = fs::read_to_string(&log).unwrap();
    let is_start = |line: &&str| {
        line.contains("execve(") && line.contains(" = 0") && !line.contains("execve(\"/usr/bin/setsid\"")
    };
    let lines = said.lines().filter(is_start);
    let programs: Vec<String> = lines.map(str::to_owned).collect();
    let own = programs.iter().position(|line| line.contains("/patchctl\"")).map_or(0, |at| at + 1);
    (ran, programs[own..].to_vec())
}

/// Writes the invented tracker into a root and imports it.
pub fn import_tracker(root: &DebianRoot) {
    root.write("tmp/tracker.json", TRACKER);
    root.run(&["patchctl", "feeds", "import", "/tmp/tracker.json"]).expect_code(0);
}
