//! A run that takes longer than runs before it: no batch begins that might not be over when the window closes.

use chrono::{Datelike, TimeDelta, Timelike, Utc};
use serde_json::{Value, json};

use super::records::assert_says;
use crate::lab::debian::{self, DebianRoot};
use crate::lab::handmade::all_pending;

/// One more than a batch holds.
const COUNT: usize = 21;

/// What follows the batches may take this long.
const TRIAL: i64 = 60;

/// A window that closes so many seconds from now; all others are left to the defaults.
fn closing_in(root: &DebianRoot, seconds: i64) {
    let now = Utc::now();
    // A window begins with a minute.
    let opened = now - TimeDelta::minutes(2);
    let start = opened.with_second(0).expect("every minute has a first second");
    let length = (now - start).num_seconds() + seconds;
    let text = format!(
        "[health]\ndeadline = \"{TRIAL}s\"\n[[policy.window]]\ndays = [\"{}\"]\nstart = \"{:02}:{:02}\"\nduration = \"{length}s\"\n",
        start.weekday(),
        start.hour(),
        start.minute()
    );
    root.write("etc/patchctl/patchctl.toml", &text);
}

/// A run before this one, in which every package took no time: what patchctl expects now.
fn quick_run_before(root: &DebianRoot, names: &[&str]) {
    let observed: Vec<Value> =
        names.iter().map(|name| json!({"name": name, "architecture": "amd64", "clean": true})).collect();
    let transaction = json!({
        "phase": "commit", "started": "2026-11-01T02:00:00Z", "finished": "2026-11-01T02:00:01Z", "provider": "packages",
        "steps": [{"ordinal": 1, "outcome": "new", "observed": observed, "seconds": 0.02}],
    });
    root.write("var/lib/patchctl/runs/0001/report.json", &json!({"transaction": transaction}).to_string());
}

#[test]
fn a_batch_that_might_not_be_over_in_time_is_not_begun_and_all_goes_back() {
    let Some(root) = debian::small() else { return };
    let names: Vec<String> = (0..COUNT).map(|number| format!("lab-many-{number:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    all_pending(&root, &names, |name| if name == "lab-many-00" { "sleep 22" } else { "" });
    quick_run_before(&root, &names);
    closing_in(&root, TRIAL + 20);
    let ran = root.run(&["patchctl", "apply", "--yes"]).expect_code(3);
    assert_says(&ran, "the window closes in 1 min, and what is left to do may need 2 min");
    assert!(names.iter().all(|name| root.installed(name).as_deref() == Some("1.0")), "{ran}");
    closing_in(&root, 7_200);
    let ran = root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    assert!(
        names.iter().all(|name| root.installed(name).as_deref() == Some("2.0")),
        "nothing is to blame: {ran}"
    );
}
