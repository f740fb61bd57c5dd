//! The administrator writes down what may be patched and when; every decision names the file and line behind it.

use chrono::{Datelike, Days, Timelike, Utc};
use serde_json::Value;

use super::records::{assert_says, refused_unchanged, report_of_run};
use super::watch::{document, import_tracker};
use crate::lab::debian::{self, DebianRoot};
use crate::lab::namespace::Ran;

const CONFIGURATION: &str = "etc/patchctl/patchctl.toml";

/// A root with two pending security updates and this configuration.
fn configured(text: &str) -> Option<DebianRoot> {
    let root = debian::small_with(&["lab-plain", "lab-conf"])?;
    root.shell("mkdir -p /etc/patchctl").expect_code(0);
    root.write(CONFIGURATION, text);
    Some(root)
}

/// A weekly window that opens in three days.
fn closed_window() -> String {
    let day = Utc::now().date_naive().checked_add_days(Days::new(3)).expect("a day").weekday();
    format!("[[policy.window]]\ndays = [\"{day}\"]\nstart = \"02:00\"\nduration = \"4h\"\n")
}

/// A freeze around today.
fn freeze(allow: &str) -> String {
    let day = |offset: u64| Utc::now().date_naive().checked_add_days(Days::new(offset)).expect("a day");
    format!(
        "[[policy.freeze]]\nfrom = \"2026-01-01\"\nto = \"{}\"\nreason = \"year end\"\nallow = [{allow}]\n",
        day(3)
    )
}

fn preview(root: &DebianRoot, arguments: &[&str]) -> Value {
    let verb = ["patchctl", "policy", "preview", "--format", "json"];
    document(&root.run(&[&verb[..], arguments].concat()).expect_code(0), "policy-preview-1.json")
}

fn names<'v>(list: &'v Value, key: &str) -> Vec<&'v str> {
    list.as_array().into_iter().flatten().filter_map(|item| item[key].as_str()).collect()
}

/// What a run of `apply --yes` says that must be refused by policy, and change nothing.
fn refused_by_policy(root: &DebianRoot) -> Ran {
    refused_unchanged(root, &["patchctl", "apply", "--yes"], 8)
}

#[test]
fn a_closed_window_refuses_names_the_next_opening_and_can_be_set_aside_with_a_reason() {
    let Some(root) = configured(&closed_window()) else { return };
    let refused = refused_by_policy(&root);
    assert_says(&refused, "no maintenance window is open");
    assert_says(&refused, "(/etc/patchctl/patchctl.toml, line 1)");
    assert_says(&refused, "the next window opens");
    let whole_days = if Utc::now().hour() < 2 { 3 } else { 2 };
    assert_says(&refused, &format!("02:00 UTC (in {whole_days} days)"));
    root.run(&["patchctl", "apply", "--dry-run"]).expect_code(0);
    let without_reason = ["patchctl", "apply", "--yes", "--override", "window"];
    refused_unchanged(&root, &without_reason, 2);
    let preview = preview(&root, &[]);
    assert_eq!(preview["window"]["state"], "closed");
    assert_eq!(preview["openings"].as_array().map(Vec::len), Some(3));
    let applied = root.run(&[&without_reason[..], &["--reason", "a hole burns"]].concat()).expect_code(0);
    assert_says(&applied, "window set aside: a hole burns");
    assert_eq!(root.installed("lab-plain").as_deref(), Some("2.0"));
    let report = report_of_run(&root, "0001");
    assert_eq!(report["policy"]["overrides"][0]["rule"], "window");
    assert_eq!(report["policy"]["overrides"][0]["reason"], "a hole burns");
}

#[test]
fn nothing_begins_that_may_not_be_over_when_the_window_closes() {
    let today = Utc::now().weekday();
    let yesterday = today.pred();
    let text = format!(
        "[[policy.window]]\ndays = [\"{yesterday}\", \"{today}\"]\nstart = \"00:00\"\nduration = \"47h\"\n\
         [health]\ndeadline = \"50h\"\n"
    );
    let Some(root) = configured(&text) else { return };
    let refused = refused_by_policy(&root);
    assert_says(&refused, "the window closes in");
    assert_says(&refused, "3000 min to watch the host");
    root.write(CONFIGURATION, &text.replace("50h", "5m"));
    root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
}

#[test]
fn a_freeze_holds_what_it_does_not_let_through() {
    let Some(root) = configured(&freeze("\"package:lab-conf\"")) else { return };
    let plan = root.run(&["patchctl", "plan"]).expect_code(0);
    assert_says(&plan, "frozen: until");
    assert_says(&plan, "year end (/etc/patchctl/patchctl.toml, line 1)");
    root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    let installed = |name: &str| root.installed(name).unwrap_or_default();
    assert_eq!((installed("lab-plain").as_str(), installed("lab-conf").as_str()), ("1.0", "2.0"));
    assert_says(&refused_by_policy(&root), "--override freeze");
    let preview = preview(&root, &["--as-of", "2027-06-01T00:00:00Z"]);
    assert_eq!(names(&preview["patch"], "package"), ["lab-plain"]);
    let aside = ["patchctl", "apply", "--yes", "--override", "freeze", "--reason", "asked by the owner"];
    root.run(&aside).expect_code(0);
    assert_eq!(installed("lab-plain"), "2.0");
}

#[test]
fn a_patch_waits_for_its_delay_from_when_it_was_first_seen_and_no_scan_resets_that() {
    let Some(root) = configured("[policy.approval_delay]\nmedium = \"3d\"\n") else { return };
    root.run(&["patchctl", "scan"]).expect_code(0);
    let applied = root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    assert_says(&applied, "waits for its approval delay: medium: waits until");
    assert_says(&applied, "(/etc/patchctl/patchctl.toml, line 2)");
    assert_eq!(root.installed("lab-plain").as_deref(), Some("1.0"));
    let held = |offset: u64| {
        let day = Utc::now().date_naive().checked_add_days(Days::new(offset)).expect("a day");
        let shown = preview(&root, &["--no-refresh", "--as-of", &day.to_string()]);
        shown["held"].as_array().map_or(0, Vec::len)
    };
    root.run(&["patchctl", "scan"]).expect_code(0);
    assert_eq!((held(2), held(4)), (2, 0));
    let urgent = ["patchctl", "apply", "--yes", "--override", "approval", "--reason", "tested by hand"];
    root.run(&urgent).expect_code(0);
    assert_eq!(root.installed("lab-plain").as_deref(), Some("2.0"));
}

#[test]
fn a_block_holds_a_patch_until_a_newer_one_is_offered_or_it_is_removed() {
    let Some(root) = configured("") else { return };
    let block =
        ["patchctl", "block", "lab-plain", "--until", "newer", "--reason", "breaks", "--owner", "anna"];
    let written = root.run(&block).expect_code(0);
    assert_says(&written, "written: /etc/patchctl/blocks.d/lab-plain_2.0.toml");
    refused_unchanged(&root, &block, 2);
    let plan = root.run(&["patchctl", "plan"]).expect_code(0);
    assert_says(&plan, "blocked: lab-plain 2.0: breaks (until a newer version is offered");
    assert_says(&plan, "(/etc/patchctl/blocks.d/lab-plain_2.0.toml, line 1)");
    root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    assert_eq!(root.installed("lab-plain").as_deref(), Some("1.0"));
    root.write(
        "etc/patchctl/blocks.d/lab-plain_2.0.toml",
        &root.read("etc/patchctl/blocks.d/lab-plain_2.0.toml").replace("\"2.0\"", "\"1.5\""),
    );
    assert_eq!(names(&preview(&root, &[])["patch"], "package"), ["lab-plain"], "2.0 is newer than 1.5");
    root.run(&["patchctl", "unblock", "lab-plain"]).expect_code(0);
    refused_unchanged(&root, &["patchctl", "unblock", "lab-plain"], 2);
    root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    assert_eq!(root.installed("lab-plain").as_deref(), Some("2.0"));
}

#[test]
fn a_waiver_takes_findings_out_of_the_counts_until_it_expires() {
    let Some(root) = configured("") else { return };
    import_tracker(&root);
    let scan = |arguments: &[&str]| {
        let verb = ["patchctl", "scan", "--no-save", "--format", "json"];
        document(&root.run(&[&verb[..], arguments].concat()), "report-1.json")
    };
    let before = scan(&[]);
    let ends = Utc::now().date_naive().checked_add_days(Days::new(9)).expect("a day").to_string();
    let waive = ["patchctl", "waive", "lab-plain", "--kind", "mitigated", "--reason", "no route to it"];
    let waive = [&waive[..], &["--approved-by", "bert", "--expires"]].concat();
    refused_unchanged(&root, &[&waive[..], &["2020-01-01"]].concat(), 2);
    refused_unchanged(&root, &waive[..waive.len() - 3], 2);
    root.run(&[&waive[..], &[ends.as_str()]].concat()).expect_code(0);
    let waived = scan(&[]);
    let open = |report: &Value| report["summary"]["open_vulnerabilities"].as_u64().expect("a count");
    let number = waived["summary"]["open_ends"]["waived"].as_u64().expect("a count");
    assert!(number > 0 && open(&waived) < open(&before), "{} {}", waived["summary"], before["summary"]);
    let counted = scan(&["--summary"]);
    assert_eq!(counted["summary"], waived["summary"], "counts alone say the same");
    assert_eq!(waived["policy"]["remarks"].as_array().map(Vec::len), Some(1), "{}", waived["policy"]);
    let told = root.run(&["patchctl", "scan", "--no-save"]).expect_code(0);
    assert_says(
        &told,
        "waiver lab-plain ends in 9 days, approved by bert (/etc/patchctl/waivers.d/lab-plain.toml",
    );
    let plan = root.run(&["patchctl", "plan"]).expect_code(0);
    assert_says(&plan, "waived: mitigated: no route to it (approved by bert");
    let later = Utc::now().date_naive().checked_add_days(Days::new(10)).expect("a day").to_string();
    let expired = scan(&["--no-refresh", "--as-of", &later]);
    assert_eq!(expired["summary"]["open_ends"]["waived"], 0);
    assert_eq!(open(&expired), open(&before), "what was waived is open again");
}

#[test]
fn every_value_is_shown_with_the_file_and_line_that_it_came_from() {
    let Some(root) = configured("[policy]\nminimum_severity = \"low\"\n") else { return };
    root.shell("mkdir /etc/patchctl/conf.d").expect_code(0);
    root.write(
        "etc/patchctl/conf.d/50-ring.toml",
        "[host]\nring = \"early\"\n\n[policy]\nrings = [\"canary:5\", \"early:95:2d\"]\n",
    );
    let shown = root.run(&["patchctl", "policy", "show", "--format", "json"]).expect_code(0);
    let shown = document(&shown, "policy-1.json");
    let value = |key: &str| {
        let found = shown["values"].as_array().into_iter().flatten().find(|value| value["key"] == key);
        found.unwrap_or_else(|| panic!("{key} is not shown")).clone()
    };
    assert_eq!(value("policy.minimum_severity")["place"]["line"], 2);
    assert_eq!(value("policy.rings")["value"], "canary:5, early:95:2d");
    assert_eq!(value("policy.rings")["place"]["file"], "/etc/patchctl/conf.d/50-ring.toml");
    assert_eq!(value("policy.removals")["place"], Value::Null);
    assert_eq!(shown["ring"], "early");
    let text = root.run(&["patchctl", "policy"]).expect_code(0);
    assert_says(&text, "policy.minimum_severity low (/etc/patchctl/patchctl.toml, line 2)");
    assert_says(&text, "policy.removals refuse (default)");
    let plan = root.run(&["patchctl", "plan"]).expect_code(0);
    assert_says(&plan, "ring early: waits until");
}

#[test]
fn packages_repositories_and_new_packages_can_be_ruled_out() {
    let Some(root) = configured("[policy.packages]\nnever = [\"lab-pl*\"]\n") else { return };
    let plan = root.run(&["patchctl", "plan"]).expect_code(0);
    assert_says(
        &plan,
        "left out by policy: policy.packages.never names lab-pl* (/etc/patchctl/patchctl.toml, line 2)",
    );
    assert_eq!(names(&preview(&root, &[])["patch"], "package"), ["lab-conf"]);
    root.write(CONFIGURATION, "[policy]\norigins = [\"Elsewhere:*\"]\n");
    let plan = root.run(&["patchctl", "plan"]).expect_code(0);
    assert_says(&plan, "which policy.origins does not name (/etc/patchctl/patchctl.toml, line 2)");
    assert_eq!(names(&preview(&root, &[])["patch"], "package"), Vec::<&str>::new());
}

#[test]
fn rings_need_a_machine_id_or_a_name() {
    let Some(root) = configured("[policy]\nrings = [\"canary:5\", \"main:95\"]\n") else { return };
    root.shell("rm -f /etc/machine-id").expect_code(0);
    let ran = refused_unchanged(&root, &["patchctl", "apply", "--yes"], 2);
    assert_says(&ran, "/etc/patchctl/patchctl.toml, line 2: rings are found by the machine id");
    root.write("etc/machine-id", "0123456789abcdef0123456789abcdef\n");
    let ring = preview(&root, &[])["ring"].as_str().map(str::to_owned).expect("a ring");
    assert!(["canary", "main"].contains(&ring.as_str()));
}
