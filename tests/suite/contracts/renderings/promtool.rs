//! Prometheus' own tool reads what is written for it: metrics, alerts and what they say of a host, and the questions that
//! the dashboard asks. Grafana itself runs nowhere here.

use std::fs;
use std::path::{Path, PathBuf};

use patchctl::report::format::Format;
use serde_json::Value;

use super::{REPORTS, checked, fixtures, rendered, report};

/// `tests/run` unpacks it there: its package brings the server too, which is not to run on the machine.
fn promtool() -> String {
    let unpacked = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/promtool");
    if unpacked.exists() { unpacked.display().to_string() } else { "promtool".to_owned() }
}

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/monitoring").join(name)
}

#[test]
fn promtool_takes_the_metrics_of_every_report() {
    for name in REPORTS {
        let text = rendered(&report(name), Format::OpenMetrics);
        let Some((taken, said)) = checked(&promtool(), &["check", "metrics"], &text) else { return };
        assert!(taken, "{name}: {said}");
    }
}

#[test]
fn promtool_takes_the_alerts_and_they_say_what_they_are_to_say() {
    let alerts = fixtures().join("monitoring/alerts.yml");
    let arguments = ["test", "rules", alerts.to_str().unwrap()];
    let Some((taken, said)) = checked(&promtool(), &arguments, "") else { return };
    assert!(taken && said.contains("SUCCESS"), "{said}");
}

#[test]
fn promtool_reads_every_question_of_the_dashboard() {
    let dashboard: Value =
        serde_json::from_slice(&fs::read(shipped("patchctl.dashboard.json")).unwrap()).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let questions = panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    let rules: Vec<Value> = questions
        .enumerate()
        .map(|(number, target)| {
            let question = target["expr"].as_str().unwrap().replace("$instance", ".*");
            serde_json::json!({ "record": format!("question_{number}"), "expr": question })
        })
        .collect();
    let file = serde_json::json!({ "groups": [{ "name": "dashboard", "rules": rules }] });
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("dashboard-questions.yml");
    // JSON is YAML.
    fs::write(&path, file.to_string()).unwrap();
    let Some((taken, said)) = checked(&promtool(), &["check", "rules", path.to_str().unwrap()], "") else {
        return;
    };
    assert!(taken && said.contains("15 rules found"), "{said}");
}
