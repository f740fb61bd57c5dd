//! An operator asks what is vulnerable here: every verdict is right, explained, and never greener than it is known.

use std::fs;

use serde_json::Value;

use super::watch::{as_nobody, document, import_tracker, started};
use crate::lab::debian::{self, DebianRoot};
use crate::lab::oracle::Manifest;
use crate::lab::repository::Suite;

/// Fixtures that the invented tracker speaks about.
const JUDGED: [&str; 8] = [
    "lab-plain",
    "lab-conf",
    "lab-generates",
    "lab-trigger",
    "lab-service",
    "lab-source",
    "lab-foreign",
    "lab-activates",
];

fn judged() -> Option<DebianRoot> {
    let root = debian::small_with(&JUDGED)?;
    import_tracker(&root);
    Some(root)
}

/// The verdict and the vendor's state of each finding about an identifier.
fn verdicts(report: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let findings = report["findings"].as_array().unwrap().iter();
    let mut found: Vec<_> = findings
        .filter(|finding| finding["feed"] == "debian-tracker")
        .map(|f| (text(&f["advisory"]), text(&f["verdict"]), text(&f["vendor_state"])))
        .collect();
    found.sort();
    found
}

#[test]
fn a_host_that_never_reached_its_tracker_still_gets_its_pending_security_updates() {
    let Some(root) = debian::small_with(&["lab-plain", "lab-conf", "lab-foreign"]) else { return };
    let ran = as_nobody(&root, &["patchctl", "scan"]).run().expect_code(0);
    for words in ["UPDATES ONLY", "never reached", "2 security updates", "lab-plain", "not covered", "Vendor"]
    {
        assert!(ran.stdout.contains(words), "{words}: {ran}");
    }
    assert!(!ran.stdout.contains("CVE open") && !ran.stdout.contains("pending-security-update"), "{ran}");
    let ran = as_nobody(&root, &["patchctl", "scan", "--format", "json"]).run().expect_code(0);
    let report = document(&ran, "report-1.json");
    assert_eq!(report["completeness"]["level"], "updates-only");
    assert_eq!(report["outcome"], "findings");
    let findings = report["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 2);
    assert!(findings.iter().all(|finding| finding["cves"] == serde_json::json!([])));
    let foreign = report["coverage"]["not_covered"].as_array().unwrap();
    assert!(foreign.iter().any(|package| package["name"] == "lab-foreign" && package["origin"] == "Vendor"));
    assert_eq!(report["summary"]["unnamed"], 2);
}

#[test]
fn every_state_of_the_tracker_gets_its_own_verdict() {
    let Some(root) = judged() else { return };
    let ran = root.run(&["patchctl", "scan", "--format", "json"]).expect_code(0);
    let report = document(&ran, "report-1.json");
    assert_eq!(report["completeness"]["level"], "full", "{}", report["completeness"]);
    let shown = verdicts(&report);
    let shown: Vec<(&str, &str, &str)> =
        shown.iter().map(|(id, verdict, state)| (id.as_str(), verdict.as_str(), state.as_str())).collect();
    assert_eq!(
        shown,
        [
            ("CVE-2026-10001", "vulnerable", "fixed"),
            ("CVE-2026-10011", "vulnerable-no-fix", "open"),
            ("CVE-2026-10012", "vulnerable-no-fix", "no-advisory"),
            ("CVE-2026-10013", "vulnerable-no-fix", "postponed"),
            ("CVE-2026-10014", "vulnerable-no-fix", "ignored"),
            ("CVE-2026-10021", "unknown", "undetermined"),
            ("CVE-2026-10031", "vulnerable-no-fix", "end-of-life"),
            ("CVE-2026-10032", "vulnerable-no-fix", "open"),
            ("CVE-2026-10041", "vulnerable", "fixed"),
            ("CVE-2026-10061", "vulnerable", "fixed"),
            ("TEMP-0000000-AB12CD", "vulnerable-no-fix", "open"),
        ]
    );
    let by_id = |id: &str| {
        let findings = report["findings"].as_array().unwrap();
        findings.iter().find(|finding| finding["advisory"] == id).unwrap().clone()
    };
    assert_eq!(by_id("CVE-2026-10032")["severity"], "negligible");
    assert_eq!(by_id("TEMP-0000000-AB12CD")["cves"], serde_json::json!([]));
    assert_eq!(by_id("CVE-2026-10041")["package"]["source"]["version"], "5.0-1");
    let foreign = report["coverage"]["not_covered"].as_array().unwrap();
    assert!(foreign.iter().any(|package| package["name"] == "lab-foreign"));
}

#[test]
fn why_explains_what_is_open_and_what_is_not() {
    let Some(root) = judged() else { return };
    let why = |subject: &str| root.run(&["patchctl", "why", subject]).expect_code(0).stdout;
    for (subject, words) in [
        ("CVE-2026-10001", &["vulnerable", "1.0 is older than the fixed 2.0", "dpkg's order"][..]),
        ("CVE-2026-10002", &["not affected", "never affected"]),
        ("CVE-2026-10003", &["fixed", "1.0 is not older than the fixed 1.0"]),
        ("CVE-2026-10004", &["no feed speaks about it for this release"]),
        ("CVE-2026-10013", &["fix postponed", "Rides along"]),
        ("CVE-2026-10021", &["unknown", "not yet checked"]),
        ("CVE-2026-10031", &["no security support"]),
        ("CVE-2026-10042", &["lab-source", "5.0-1 is not older than the fixed 5.0-1"]),
        ("CVE-2026-10051", &["concerns lab-foreign"]),
        ("TEMP-0000000-AB12CD", &["lab-service", "open, no fix yet"]),
        ("lab-plain", &["CVE-2026-10001", "CVE-2026-10002", "CVE-2026-10003"]),
        ("lab-src", &["lab-source", "CVE-2026-10041"]),
        ("lab-foreign", &["no feed covers it", "Vendor"]),
        ("lab-nothing", &["not installed"]),
    ] {
        let told = why(subject);
        let flat = told.split_whitespace().collect::<Vec<_>>().join(" ");
        for words in words {
            assert!(flat.contains(words), "why {subject} lacks {words:?}:\n{told}");
        }
    }
    document(&root.run(&["patchctl", "why", "lab-plain", "--format", "json"]), "why-1.json");
}

#[test]
fn without_lists_the_inventory_is_shown_and_the_way_out_named() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    import_tracker(&root);
    root.shell("rm -rf /var/lib/apt/lists/*").expect_code(0);
    let ran = root.run(&["patchctl", "scan"]).expect_code(9);
    let flat = ran.said().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("packages") && flat.contains("apt-get update"), "{ran}");
    let report =
        document(&root.run(&["patchctl", "scan", "--format", "json"]).expect_code(9), "report-1.json");
    assert_eq!(report["outcome"], "incomplete");
    assert!(report["packages"].as_array().unwrap().len() > 80);
    let ran = root.run(&["patchctl", "plan"]).expect_code(9);
    assert!(ran.stderr.contains("apt-get update"), "{ran}");
}

#[test]
fn a_caller_can_fail_on_what_burns_also_when_something_is_missing() {
    let Some(root) = judged() else { return };
    root.run(&["patchctl", "scan", "--fail-on", "high"]).expect_code(100);
    root.run(&["patchctl", "scan", "--fail-on", "critical"]).expect_code(0);
    root.run(&["patchctl", "scan", "--fail-on", "high", "--package", "lab-conf"]).expect_code(0);
    root.repository().publish_expired(Suite::Security);
    root.shell("rm -rf /var/lib/apt/lists/*Vendor* /var/lib/apt/lists/*vendor*").expect_code(0);
    let ran = root.run(&["patchctl", "scan", "--fail-on", "high", "--format", "json"]).expect_code(100);
    assert_eq!(document(&ran, "report-1.json")["outcome"], "incomplete");
}

#[test]
fn every_verb_answers_with_one_document_that_fits_its_schema() {
    let Some(root) = judged() else { return };
    for (arguments, schema) in [
        (&["scan"][..], "report-1.json"),
        (&["why", "CVE-2026-10001"], "why-1.json"),
        (&["plan"], "report-1.json"),
        (&["apply", "--dry-run"], "report-1.json"),
        (&["apply", "--yes"], "report-1.json"),
        (&["history"], "history-1.json"),
        (&["history", "show", "1"], "report-1.json"),
        (&["history", "verify"], "history-1.json"),
        (&["rollback", "--preview"], "rollback-preview-1.json"),
        (&["rollback", "--yes"], "report-1.json"),
        (&["recover"], "report-1.json"),
        (&["status"], "status-1.json"),
        (&["feeds", "list"], "feeds-1.json"),
        (&["feeds", "verify"], "feeds-1.json"),
        (&["feeds", "refresh"], "report-1.json"),
    ] {
        let ran = root.run(&[&["patchctl", "--format", "json"], arguments].concat());
        let value = document(&ran, schema);
        assert_eq!(value["schema"].as_str().unwrap().split('/').nth(1), Some("1"), "{arguments:?}");
    }
    // The refresh found no way to the vendor, and what is not whole is never "nothing to do".
    import_tracker(&root);
    root.run(&["patchctl", "plan", "-o", "/tmp/one.json", "--all-updates"]).expect_code(0);
    root.run(&["patchctl", "plan", "-o", "/tmp/two.json", "--package", "lab-plain"]).expect_code(0);
    let ran = root.run(&["patchctl", "plan", "--diff", "/tmp/one.json", "/tmp/two.json", "--format", "json"]);
    document(&ran, "plan-diff-1.json");
    let plan: Value = serde_json::from_str(&root.read("tmp/one.json")).unwrap();
    assert_eq!(plan["schema"], "patchctl.plan/1");
}

#[test]
fn the_manners_are_those_of_a_good_tool() {
    let Some(root) = judged() else { return };
    let ran = root.run(&["patchctl", "scan", "--summary", "--no-save"]).expect_code(0);
    assert!(ran.stdout.contains("open") && !ran.stdout.contains("lab-plain"), "{ran}");
    assert!(!root.path("var/lib/patchctl/reports").exists(), "--no-save keeps nothing");
    let coloured = root.command(&["patchctl", "scan"]).env("CLICOLOR_FORCE", "1").run();
    assert!(coloured.stdout.contains('\u{1b}'));
    let plain = root.command(&["patchctl", "scan"]).env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1").run();
    assert!(!plain.stdout.contains('\u{1b}') && plain.stderr.is_empty(), "{plain}");
    assert!(plain.stdout.lines().all(|line| line.chars().count() <= 80), "{plain}");
    let piped = root.shell("patchctl scan --format json | head -1; patchctl scan --all | head -1");
    assert_eq!((piped.expect_code(0).stderr.as_str()), "");
    root.run(&["patchctl", "scan", "-o", "/tmp/out.json", "--format", "json"]).expect_code(0);
    let mode = root.run(&["stat", "-c", "%a %s", "/tmp/out.json"]).stdout;
    assert!(mode.starts_with("600 ") && !mode.contains(" 0"), "{mode}");
    root.apt(&["purge", "-y", "lab-*"]).expect_code(0);
    let ran = root.run(&["patchctl", "scan", "-q", "--package", "lab-plain"]).expect_code(0);
    assert_eq!(ran.said(), "", "cron gets no mail when nothing is open");
}

#[test]
fn another_time_can_be_asked_for() {
    let Some(root) = judged() else { return };
    let ran = root.run(&["patchctl", "scan", "--as-of", "2036-01-02", "--format", "json"]).expect_code(9);
    let report = document(&ran, "report-1.json");
    let tracker = report["feeds"].as_array().unwrap().iter().find(|feed| feed["name"] == "debian-tracker");
    assert_eq!(tracker.unwrap()["state"], "stale");
    assert!(report["finished"].as_str().unwrap().starts_with("2036-01-02"));
}

#[test]
fn a_second_scan_starts_no_program_and_a_changed_list_asks_apt_again() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    let scan = || started(root.command(&["patchctl", "scan"]));
    let asks = |programs: &[String]| programs.iter().filter(|line| line.contains("apt-cache")).count();
    let (ran, first) = scan();
    ran.expect_code(0);
    assert_eq!(asks(&first), 1, "{first:?}");
    let (_, second) = scan();
    assert_eq!(second, Vec::<String>::new());
    root.write("etc/apt/preferences.d/pin", "Package: lab-plain\nPin: version 1.0\nPin-Priority: 1001\n");
    let (ran, third) = scan();
    assert_eq!(asks(&third), 1, "{third:?}");
    assert!(ran.stdout.contains("none of them can be closed by an update today"), "a pin is obeyed: {ran}");
}

#[test]
fn looking_changes_nothing_outside_of_patchctls_own_folders() {
    let Some(root) = judged() else { return };
    let before = Manifest::of(&root);
    let lists = || root.shell("ls -lR --time-style=full-iso /var/lib/apt /var/cache/apt /etc").stdout;
    let listed = lists();
    for arguments in [
        &["scan"][..],
        &["why", "lab-plain"],
        &["plan", "--all-updates"],
        &["apply", "--dry-run"],
        &["status"],
        &["history"],
        &["feeds", "list"],
        &["feeds", "verify"],
    ] {
        root.run(&[&["patchctl"], arguments].concat()).expect_code(0);
    }
    as_nobody(&root, &["patchctl", "plan"]).run().expect_code(0);
    assert_eq!(before.diff(&Manifest::of(&root)), []);
    assert_eq!(lists(), listed);
}

#[test]
fn another_root_is_judged_without_privilege_and_without_its_tools() {
    let Some(root) = judged() else { return };
    let folder = "/tmp/image";
    for path in ["var/lib/dpkg", "etc", "var/lib/apt"] {
        root.shell(&format!("mkdir -p {folder}/{path} && cp -a /{path}/. {folder}/{path}/")).expect_code(0);
    }
    root.shell(&format!("cp /usr/lib/os-release {folder}/etc/os-release --remove-destination"))
        .expect_code(0);
    let own = root.run(&["patchctl", "scan", "--format", "json"]).expect_code(0);
    let before = Manifest::of_folder(&root.path(folder));
    root.shell("cp -a /var/cache/patchctl /tmp/cache; chown -R 65534 /tmp/cache").expect_code(0);
    let image = as_nobody(&root, &["patchctl", "scan", "--root", folder, "--format", "json", "--no-save"])
        .env("XDG_CACHE_HOME", "/tmp/elsewhere");
    root.shell("install -d -o 65534 /tmp/elsewhere && mv /tmp/cache /tmp/elsewhere/patchctl").expect_code(0);
    let (image, programs) = started(image);
    let (own, image) = (document(&own, "report-1.json"), document(&image.expect_code(0), "report-1.json"));
    assert_eq!(verdicts(&own), verdicts(&image));
    assert_eq!(programs, Vec::<String>::new());
    assert_eq!(image["host"]["root"], folder);
    assert!(image["findings"].as_array().unwrap().iter().all(|finding| {
        finding["candidate"].is_null() || finding["candidate"]["pins_evaluated"] == false
    }));
    assert_eq!(before.diff(&Manifest::of_folder(&root.path(folder))), []);
    assert!(fs::metadata(root.path("tmp/image/var/lib/patchctl")).is_err());
}

#[test]
fn a_hole_in_what_runs_ranks_above_one_that_only_lies_on_disk() {
    let Some(root) = judged() else { return };
    let scan = root.shell(
        "/usr/sbin/lab-service > /tmp/up & until grep -q lab-service /tmp/up; do sleep 0.05; done
         exec patchctl scan --no-save --format json",
    );
    let report = document(&scan, "report-1.json");
    let exposures = |package: &str| -> Vec<&str> {
        let findings = report["findings"].as_array().expect("a list").iter();
        let about = findings.filter(|finding| finding["package"]["name"] == package);
        about.map(|finding| finding["exposure"].as_str().expect("a word")).collect()
    };
    assert!(exposures("lab-service").iter().all(|word| *word == "running"), "{scan}");
    assert!(!exposures("lab-service").is_empty(), "{scan}");
    assert!(exposures("lab-plain").iter().all(|word| *word == "installed"), "{scan}");
}
