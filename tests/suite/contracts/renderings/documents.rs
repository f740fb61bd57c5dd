//! Each form against its official schema, or against a parser that people really use.

use std::fs;

use jsonschema::{Registry, Validator};
use patchctl::report::format::Format;
use patchctl::report::schema::Report;
use serde_json::Value;

use super::{REPORTS, checked, fixtures, rendered, report};

fn schema(file: &str) -> Value {
    serde_json::from_slice(&fs::read(fixtures().join("schemas").join(file)).unwrap()).unwrap()
}

fn assert_valid(validator: &Validator, value: &Value, about: &str) {
    let faults: Vec<String> = validator
        .iter_errors(value)
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .take(5)
        .collect();
    assert!(faults.is_empty(), "{about}: {faults:#?}");
}

/// Proves a document against the SARIF 2.1.0 schema.
pub(super) fn assert_sarif(value: &Value, about: &str) {
    let mut schema = schema("sarif-2.1.0.json");
    // The published pattern is no regular expression of ECMA-262 with Unicode: a closing bracket stands alone.
    for object in ["run", "toolComponent"] {
        let language = &mut schema["definitions"][object]["properties"]["language"];
        language["pattern"] = "^[a-zA-Z]{2}(-[a-zA-Z]{2})?$".into();
    }
    assert_valid(&jsonschema::options().should_validate_formats(true).build(&schema).unwrap(), value, about);
}

/// Proves a document against the CycloneDX 1.6 schema, with the two schemas that it refers to.
pub(in crate::contracts) fn assert_cyclonedx(value: &Value, about: &str) {
    let registry = ["spdx.SNAPSHOT.schema.json", "jsf-0.82.SNAPSHOT.schema.json"]
        .iter()
        .fold(Registry::new(), |registry, file| {
            registry.add(format!("http://cyclonedx.org/schema/{file}"), schema(file)).unwrap()
        });
    let registry = registry.prepare().unwrap();
    let schema = schema("bom-1.6.SNAPSHOT.schema.json");
    let options = jsonschema::options().with_registry(&registry).should_validate_formats(true);
    assert_valid(&options.build(&schema).unwrap(), value, about);
}

/// Proves what the OpenVEX specification demands of each statement, and the whole schema where a copy of it is at hand.
pub(super) fn assert_openvex(value: &Value, about: &str) {
    assert_eq!(value["@context"], "https://openvex.dev/ns/v0.2.0", "{about}");
    for key in ["@id", "author", "timestamp", "tooling"] {
        assert!(value[key].is_string(), "{about}: {key}");
    }
    for statement in value["statements"].as_array().unwrap() {
        let status = statement["status"].as_str().unwrap();
        assert!(
            ["affected", "not_affected", "fixed", "under_investigation"].contains(&status),
            "{statement}"
        );
        assert!(
            statement["vulnerability"]["name"].as_str().is_some_and(|name| !name.is_empty()),
            "{statement}"
        );
        assert!(statement["products"].as_array().is_some_and(|all| !all.is_empty()), "{statement}");
        assert_eq!(status == "affected", statement["action_statement"].is_string(), "{statement}");
        assert_eq!(status == "not_affected", statement["impact_statement"].is_string(), "{statement}");
    }
    let shared = std::env::var_os("PATCHCTL_TEST_SHARED")
        .map(|folder| std::path::PathBuf::from(folder).join("schemas/openvex_json_schema_0.2.0.json"));
    match shared.and_then(|path| fs::read(path).ok()) {
        Some(bytes) if value["statements"] != Value::Array(Vec::new()) => {
            let schema: Value = serde_json::from_slice(&bytes).unwrap();
            let options = jsonschema::options().should_validate_formats(true);
            assert_valid(&options.build(&schema).unwrap(), value, about);
        }
        Some(_) => {}
        None => println!("not run: the OpenVEX schema is not in PATCHCTL_TEST_SHARED/schemas"),
    }
}

fn json(report: &Report, format: Format) -> Value {
    serde_json::from_str(&rendered(report, format)).unwrap()
}

#[test]
fn sarif_fits_the_official_schema_and_its_rules_are_those_of_its_results() {
    for name in REPORTS {
        let log = json(&report(name), Format::Sarif);
        assert_sarif(&log, name);
        let run = &log["runs"][0];
        for result in run["results"].as_array().unwrap() {
            let rule = &run["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().unwrap() as usize];
            assert_eq!(rule["id"], result["ruleId"], "{name}");
        }
        assert_eq!(run["invocations"][0]["executionSuccessful"], name != "refused");
    }
}

#[test]
fn cyclonedx_fits_the_official_schema_and_refers_to_what_it_lists() {
    for name in REPORTS {
        let bill = json(&report(name), Format::CycloneDx);
        assert_cyclonedx(&bill, name);
        let components: Vec<&Value> =
            bill["components"].as_array().unwrap().iter().map(|c| &c["bom-ref"]).collect();
        let vulnerabilities = bill["vulnerabilities"].as_array().unwrap();
        for affected in vulnerabilities.iter().flat_map(|v| v["affects"].as_array().unwrap()) {
            assert!(components.contains(&&affected["ref"]), "{name}: {affected}");
        }
        let mut marks: Vec<String> = vulnerabilities.iter().map(|v| v["bom-ref"].to_string()).collect();
        marks.sort();
        marks.dedup();
        assert_eq!(marks.len(), vulnerabilities.len(), "{name}: every bom-ref once");
    }
}

#[test]
fn openvex_states_what_its_specification_demands() {
    for name in REPORTS {
        assert_openvex(&json(&report(name), Format::OpenVex), name);
    }
}

#[test]
fn the_report_itself_comes_back_as_it_was() {
    for name in REPORTS {
        let report = report(name);
        let back: Report = serde_json::from_str(&rendered(&report, Format::Json)).unwrap();
        assert_eq!(back, report, "{name}");
    }
}

#[test]
fn junit_fits_the_schema_of_jenkins() {
    let schema = fixtures().join("schemas/junit-10.xsd");
    for name in REPORTS {
        let arguments = ["--noout", "--nonet", "--schema", schema.to_str().unwrap(), "-"];
        let Some((valid, said)) = checked("xmllint", &arguments, &rendered(&report(name), Format::Junit))
        else {
            return;
        };
        assert!(valid, "{name}: {said}");
    }
}

#[test]
fn metrics_are_read_by_the_parsers_of_prometheus() {
    let script = "import sys\n\
        from prometheus_client.openmetrics.parser import text_string_to_metric_families as new\n\
        from prometheus_client.parser import text_string_to_metric_families as old\n\
        text = sys.stdin.read()\n\
        count = lambda families: sum(len(family.samples) for family in families)\n\
        print(count(new(text)), count(old(text)))\n";
    for name in REPORTS {
        let text = rendered(&report(name), Format::OpenMetrics);
        assert!(text.ends_with("# EOF\n"), "{name}");
        // Debian's own interpreter: the package is not seen by others.
        let Some((read, said)) = checked("/usr/bin/python3", &["-c", script], &text) else { return };
        if said.contains("No module named") {
            assert!(std::env::var_os("CI").is_none(), "{said}");
            println!("not run: python3-prometheus-client is not installed");
            return;
        }
        let samples = text.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!((read, said.trim()), (true, format!("{samples} {samples}").as_str()), "{name}: {said}");
    }
}

#[test]
fn csv_is_read_by_another_reader_line_for_line() {
    let script = "import csv, sys, io\n\
        text = io.TextIOWrapper(sys.stdin.buffer, encoding='utf-8', newline='')\n\
        rows = list(csv.reader(text, strict=True))\n\
        print(len(rows), *sorted({len(row) for row in rows}))\n";
    for name in ["scan", "patched"] {
        let report = report(name);
        let text = rendered(&report, Format::Csv);
        let Some((read, said)) = checked("/usr/bin/python3", &["-c", script], &text) else { return };
        let rows = report.findings.iter().flatten().count() + 1;
        assert_eq!((read, said.trim()), (true, format!("{rows} 27").as_str()), "{name}");
        assert_eq!(
            text.matches("\r\n").count(),
            text.matches('\n').count(),
            "{name}: every line ends in CRLF"
        );
    }
}

/// Every name of ours in an expression is one that is written.
fn assert_written(expressions: &[String], written: &str) -> usize {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = expressions.iter().flat_map(|line| line.split(|c| !is_part(c)));
    let names: Vec<&str> = words.filter(|word| word.starts_with("patchctl_")).collect();
    for name in &names {
        assert!(written.contains(&format!("# TYPE {name} gauge\n")), "{name}");
    }
    names.len()
}

#[test]
fn shipped_alerts_and_the_dashboard_speak_about_metrics_that_are_written() {
    let shipped = |name: &str| {
        let path = format!("{}/packaging/monitoring/{name}", env!("CARGO_MANIFEST_DIR"));
        fs::read_to_string(&path).unwrap()
    };
    let written = rendered(&report("scan"), Format::OpenMetrics);
    let rules = shipped("patchctl.rules.yml");
    let expressions: Vec<String> =
        rules.lines().filter_map(|line| line.trim().strip_prefix("expr: ")).map(str::to_owned).collect();
    assert_eq!(assert_written(&expressions, &written), 5, "{rules}");
    let dashboard: Value = serde_json::from_str(&shipped("patchctl.dashboard.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    let expressions: Vec<String> =
        targets.map(|target| target["expr"].as_str().unwrap().to_owned()).collect();
    assert_eq!(assert_written(&expressions, &written), 15, "{expressions:#?}");
    for expression in &expressions {
        let labels = expression.split('{').skip(1).flat_map(|rest| rest.split('}').next());
        for label in labels.flat_map(|labels| labels.split(',')) {
            let name = label.split(['=', '~']).next().unwrap();
            // The collector adds the instance; the others are ours.
            assert!(name == "instance" || written.contains(&format!("{{{name}=\"")), "{expression}");
        }
    }
    let query = dashboard["templating"]["list"][1]["query"]["query"].as_str().unwrap().to_owned();
    assert_eq!(assert_written(&[query], &written), 1);
}

/// The page of `report` shows how jq is used; each line is run on the report of a real run.
#[test]
fn the_examples_for_jq_work_on_a_real_report() {
    let pages = patchctl::cli::generate::help_pages();
    let page = &pages.iter().find(|(name, _)| name == "patchctl report --help").expect("report has a page").1;
    let examples: Vec<&str> = page.lines().filter_map(|line| line.trim().strip_prefix("jq ")).collect();
    assert!(examples.len() >= 5, "{page}");
    let stored = fs::read_to_string(fixtures().join("reports/patched.json")).unwrap();
    for example in examples {
        let filter = example.trim_start_matches(['-', 'r', 'e', ' ']).trim_matches('\'');
        let Some((sound, said)) = checked("jq", &["-r", filter], &stored) else { return };
        assert!(sound && !said.trim().is_empty(), "{example}: {said}");
        println!("{example}\n{said}");
    }
}
