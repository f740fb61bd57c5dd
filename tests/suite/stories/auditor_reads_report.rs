//! An auditor and a pipeline read what a host has stored: every form, from the host's own reports, and nothing else.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::watch::{document, import_tracker};
use crate::lab::debian::{self, DebianRoot};

/// Where the reports of real runs are that the contracts render (see its README).
const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/reports");

/// Packages that are kept of a fixture's list: those that findings name, and a few more.
const FEW: usize = 12;

/// Fixtures that the invented tracker speaks about.
const JUDGED: [&str; 5] = ["lab-plain", "lab-conf", "lab-generates", "lab-trigger", "lab-service"];

fn judged() -> Option<DebianRoot> {
    let root = debian::small_with(&JUDGED)?;
    import_tracker(&root);
    Some(root)
}

/// Every form with the words that only it begins with.
const FORMS: [(&str, &str); 10] = [
    ("text", "lab"),
    ("json", "{\n  \"schema\": \"patchctl.report/1\""),
    ("html", "<!doctype html>"),
    ("sarif", "{\n  \"$schema\": \"https://docs.oasis-open.org/sarif/"),
    ("junit", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites"),
    ("cyclonedx", "{\n  \"bomFormat\": \"CycloneDX\""),
    ("openvex", "{\n  \"@context\": \"https://openvex.dev/ns/v0.2.0\""),
    ("csv", "host,verdict,severity,"),
    ("openmetrics", "# TYPE patchctl_report_info gauge"),
    ("markdown", "## `lab`: "),
];

#[test]
fn every_form_is_had_of_the_newest_report_of_a_run_and_directly() {
    let Some(root) = judged() else { return };
    let ran = root.run(&["patchctl", "report"]).expect_code(2);
    assert!(ran.stderr.contains("no report yet") && ran.stderr.contains("patchctl scan"), "{ran}");
    root.run(&["patchctl", "scan"]).expect_code(0);
    root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    for (form, words) in FORMS {
        for arguments in
            [&["report"][..], &["report", "1"], &["scan", "--no-save"], &["plan"], &["apply", "-n"]]
        {
            let ran = root.run(&[&["patchctl", "--format", form], arguments].concat()).expect_code(0);
            let begins = ran.stdout.starts_with(words) || form == "text";
            assert!(begins && ran.stderr.is_empty(), "{form} {arguments:?}: {ran}");
        }
    }
    let page = root.run(&["patchctl", "report", "1", "--format", "html"]).stdout;
    assert!(page.contains("Runs, newest first") && page.contains("0001 (this report)"), "{page}");
    let ran = root.run(&["patchctl", "status", "--format", "sarif"]).expect_code(2);
    assert!(ran.stderr.contains("text or json") && ran.stdout.is_empty(), "{ran}");
    root.run(&["patchctl", "scan", "--summary", "--format", "csv"]).expect_code(2);
}

#[test]
fn what_is_no_report_is_refused_with_the_reason_and_nothing_is_written() {
    let Some(root) = judged() else { return };
    root.run(&["patchctl", "scan"]).expect_code(0);
    root.run(&["patchctl", "plan", "-o", "/tmp/plan.json"]).expect_code(0);
    let sound = root.run(&["sh", "-c", "cat /var/lib/patchctl/reports/scan-*.json"]).expect_code(0).stdout;
    let files = [
        ("other.json", sound.replacen("patchctl.report/1", "patchctl.report/7", 1), "schema version 7"),
        (
            "verdict.json",
            sound.replacen("\"verdict\":\"vulnerable\"", "\"verdict\":\"fine\"", 1),
            "damaged at findings[0].verdict",
        ),
        ("cut.json", sound[..sound.len() / 2].to_owned(), "damaged, or no JSON"),
        ("list.json", "[1, 2]".to_owned(), "not a report of patchctl"),
        ("empty.json", String::new(), "damaged, or no JSON"),
        ("hostile.json", r#"{"schema": "\u001b[2J\u202ex"}"#.to_owned(), "not a report"),
    ];
    root.write("tmp/out.html", "kept");
    for (name, content, reason) in files {
        root.write(&format!("tmp/{name}"), &content);
        let file = format!("/tmp/{name}");
        let ran = root
            .run(&["patchctl", "report", &file, "--format", "html", "-o", "/tmp/out.html"])
            .expect_code(2);
        assert!(ran.stderr.contains(reason) && ran.stderr.contains(name), "{ran}");
        assert!(ran.stderr.chars().all(|c| c == '\n' || !c.is_control()), "{ran}");
        assert_eq!(root.read("tmp/out.html"), "kept", "{name}");
    }
    for (file, reason) in [
        ("/tmp/plan.json", "patchctl.plan/1"),
        ("/tmp/none.json", "there is no report"),
        ("/tmp", "cannot read"),
    ] {
        let ran = root.run(&["patchctl", "report", file, "--format", "csv"]).expect_code(2);
        assert!(ran.stderr.contains(reason) && ran.stdout.is_empty(), "{ran}");
    }
    let ran = root.run(&["patchctl", "report", "77"]).expect_code(2);
    assert!(ran.stderr.contains("no run 0077"), "{ran}");
}

#[test]
fn an_output_that_cannot_be_written_is_one_error_and_leaves_nothing() {
    let Some(root) = judged() else { return };
    root.run(&["patchctl", "scan"]).expect_code(0);
    for (file, reason) in [("/nowhere/out.html", "/nowhere"), ("/tmp", "/tmp"), ("/dev/full", "space")] {
        let ran = root.run(&["patchctl", "report", "--format", "html", "-o", file]);
        assert!(ran.code != 0 && ran.stdout.is_empty(), "{file}: {ran}");
        assert!(ran.stderr.starts_with("error: ") && ran.stderr.contains(reason), "{file}: {ran}");
    }
    root.run(&["patchctl", "report", "--format", "html", "-o", "/dev/null"]).expect_code(0);
    root.shell("test -c /dev/null && test -c /dev/full").expect_code(0);
    let litter = root.shell("find /tmp / -maxdepth 1 -name '.*.tmp'").expect_code(0);
    assert_eq!(litter.stdout, "", "nothing half-written is left");
    let line = "patchctl report --format json | head -c 1; exit ${PIPESTATUS[0]}";
    root.run(&["bash", "-c", line]).expect_code(0);
}

#[test]
fn two_reports_and_many_are_put_side_by_side() {
    let Some(root) = judged() else { return };
    root.run(&["patchctl", "scan"]).expect_code(0);
    root.shell("mkdir /tmp/all && cp -L /var/lib/patchctl/latest.json /tmp/all/a.json").expect_code(0);
    root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    let ran =
        root.run(&["patchctl", "report", "diff", "/tmp/all/a.json", "1", "--format", "json"]).expect_code(0);
    let difference = document(&ran, "report-diff-1.json");
    let closed: Vec<&Value> =
        difference["closed"].as_array().unwrap().iter().map(|hole| &hole["vulnerability"]).collect();
    assert!(closed.contains(&&Value::from("CVE-2026-10001")), "{closed:?}");
    assert_eq!(difference["opened"], serde_json::json!([]));
    let text = root.run(&["patchctl", "report", "diff", "/tmp/all/a.json", "1"]).expect_code(0).stdout;
    assert!(text.contains("closed") && text.contains("CVE-2026-10001"), "{text}");

    // The same host twice counts once; another host's file is told apart by its name.
    let other = root.read("tmp/all/a.json").replace("\"name\":\"lab\"", "\"name\":\"web-02\"");
    let hash = other.split("\"machine_id_hash\":\"").nth(1).map(|rest| rest[..64].to_owned());
    let other = hash.map_or(other.clone(), |hash| other.replace(&hash, &"0".repeat(64)));
    root.write("tmp/all/b.json", &other);
    root.shell("cp -L /var/lib/patchctl/latest.json /tmp/all/c.json").expect_code(0);
    let fleet = document(
        &root.run(&["patchctl", "report", "merge", "/tmp/all", "--format", "json"]).expect_code(0),
        "fleet-1.json",
    );
    assert_eq!(fleet["hosts"].as_array().unwrap().len(), 2, "{fleet}");
    assert_eq!(fleet["left_out"].as_array().unwrap().len(), 1, "{fleet}");
    assert!(fleet["common"].as_array().unwrap().iter().any(|hole| hole["vulnerability"] == "CVE-2026-10011"));
    assert!(fleet["skew"].as_array().unwrap().iter().any(|skew| skew["package"] == "lab-plain:all"));
    for (form, words) in [("text", "2 hosts"), ("html", "<!doctype html>"), ("csv", "host,state,")] {
        let ran = root.run(&["patchctl", "report", "merge", "/tmp/all", "--format", form]).expect_code(0);
        assert!(ran.stdout.starts_with(words), "{ran}");
    }
    root.write("tmp/all/d.json", "{}");
    let ran = root.run(&["patchctl", "report", "merge", "/tmp/all"]).expect_code(9);
    assert!(ran.stdout.contains("d.json") && ran.stdout.contains("not a report"), "{ran}");
    root.run(&["patchctl", "report", "merge", "/tmp/all", "--format", "sarif"]).expect_code(2);
    let ran = root.run(&["patchctl", "report", "merge", "/nowhere"]).expect_code(2);
    assert!(ran.stderr.contains("/nowhere"), "{ran}");
}

#[test]
fn a_period_and_a_plugin_tell_what_is_stored() {
    let Some(root) = judged() else { return };
    let ran = root.run(&["patchctl", "status", "--nagios"]).expect_code(3);
    assert!(ran.stdout.starts_with("PATCHCTL UNKNOWN - never scanned"), "{ran}");
    root.write("etc/patchctl/conf.d/x.toml", "nonsense");
    let ran = root.run(&["patchctl", "status", "--nagios"]).expect_code(3);
    assert!(ran.stdout.starts_with("PATCHCTL UNKNOWN - ") && ran.stdout.lines().count() == 1, "{ran}");
    root.shell("rm /etc/patchctl/conf.d/x.toml").expect_code(0);
    let ran = root.run(&["patchctl", "report", "--since", "2026-01-01"]).expect_code(2);
    assert!(ran.stderr.contains("nothing is stored of this period"), "{ran}");
    root.run(&["patchctl", "scan"]).expect_code(0);
    let ran = root.run(&["patchctl", "status", "--nagios"]).expect_code(0);
    assert!(ran.stdout.starts_with("PATCHCTL OK - 12 open | open=12;;;0 overdue=0;;0;0"), "{ran}");
    root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    let period =
        root.run(&["patchctl", "report", "--since", "2026-01-01", "--format", "json"]).expect_code(0);
    let period = document(&period, "period-1.json");
    assert_eq!((period["runs"].as_array().unwrap().len(), &period["closed"]), (1, &Value::from(1)));
    let open: Vec<u64> =
        period["looks"].as_array().unwrap().iter().filter_map(|look| look["open"].as_u64()).collect();
    assert_eq!(open, [12, 7]);
    let text = root.run(&["patchctl", "report", "--since", "2026-01-01"]).expect_code(0).stdout;
    assert!(text.contains("12 → 7") || text.contains("12 -> 7"), "{text}");
    root.run(&["patchctl", "report", "--since", "2026-01-01", "--until", "2025-01-01"]).expect_code(2);
    root.run(&["patchctl", "report", "--since", "2026-01-01", "--format", "sarif"]).expect_code(2);
    // What a run closed is told with how long it was open; a scan of a part is no look at the host.
    root.run(&["patchctl", "scan", "--package", "lab-plain"]).expect_code(0);
    let year = root.run(&["date", "+%Y"]).stdout.trim().to_owned();
    let of_year = |format: &str| {
        root.run(&["patchctl", "report", "--period", &year, "--format", format]).expect_code(0).stdout
    };
    let csv = of_year("csv");
    let closed = period["closures"].as_array().unwrap().len();
    assert!(closed > 0 && csv.lines().count() == closed + 1, "{csv}");
    assert!(csv.starts_with("host,finding,severity,") && csv.contains("CVE-2026-10001/lab-plain"), "{csv}");
    assert!(of_year("markdown").contains("| open | 12 | 7 |"), "{}", of_year("markdown"));
    let page = of_year("html");
    assert!(
        page.contains("12 → 7") && page.contains("Exposure window: days from published to fixed"),
        "{page}"
    );
    let page = root.run(&["patchctl", "report", "1", "--format", "html"]).expect_code(0).stdout;
    for plot in ["Open vulnerabilities over time", "Exposure window", "Patch latency"] {
        assert!(page.contains(plot), "{plot}: {page}");
    }
    root.run(&["patchctl", "report", "--period", "2025-13"]).expect_code(2);

    // Counts may be read by a collector that is not root; names of holes may not.
    root.run(&["patchctl", "report", "1", "--format", "openmetrics", "-o", "/tmp/patchctl.prom"])
        .expect_code(0);
    root.run(&["patchctl", "report", "1", "--format", "csv", "-o", "/tmp/patchctl.csv"]).expect_code(0);
    let modes = root.run(&["stat", "-c", "%a", "/tmp/patchctl.prom", "/tmp/patchctl.csv"]).stdout;
    assert_eq!(modes, "644\n600\n");
}

#[test]
fn the_line_at_login_says_how_the_host_stands_and_never_fails() {
    let Some(root) = judged() else { return };
    root.shell("mkdir -p /etc/update-motd.d").expect_code(0);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/motd/60-patchctl");
    fs::copy(script, root.path("etc/update-motd.d/60-patchctl")).unwrap();
    let login = || {
        root.shell("setpriv --reuid 65534 --regid 65534 --clear-groups run-parts --regex=^60-patchctl /etc/update-motd.d")
            .expect_code(0)
    };
    assert_eq!(login().stdout, "");
    root.run(&["patchctl", "scan"]).expect_code(0);
    let ran = login();
    assert!(ran.stdout.starts_with("patchctl: nothing overdue, 12 open, 5 can be closed now"), "{ran}");
    assert!(ran.stdout.ends_with("-> patchctl status\n") && ran.stdout.lines().count() == 1, "{ran}");
    // Neither a broken configuration nor a damaged summary can hold up a login.
    root.write("etc/patchctl/conf.d/x.toml", "nonsense");
    assert!(login().stdout.starts_with("patchctl: nothing overdue, 12 open"));
    for damage in ["{", "{}", "{\"schema\":\"patchctl.summary/9\"}"] {
        root.write("run/patchctl/summary.json", damage);
        let ran = login();
        assert!(ran.stdout.is_empty() && ran.stderr.is_empty(), "{ran}");
    }
}

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
    take("rehearsed.json", &["rehearse"]);
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
