//! A history in plots: of a page and of a period, from made surveys and closures around a report of a real run.

use std::collections::BTreeSet;
use std::fs;

use chrono::{DateTime, Duration, Utc};
use patchctl::model::run::RunId;
use patchctl::model::severity::Severity;
use patchctl::model::summary::Summary;
use patchctl::model::transaction::Phase;
use patchctl::report::background::{Background, Survey};
use patchctl::report::documents::{Identity, RunEntry};
use patchctl::report::format::Format;
use patchctl::report::lifetimes::Closure;
use patchctl::report::period::{PERIOD_SCHEMA, Period};

use super::browser::{browsed, with_script};
use super::{fixtures, report};

/// Days that the history is long.
const DAYS: i64 = 60;
/// Days on which a run closed something, from the first one on.
const RUNS: [i64; 6] = [4, 11, 18, 32, 46, 58];

fn now() -> DateTime<Utc> {
    report("scan").finished
}

/// Sixty daily scans: holes come every day, and a run closes most of them.
fn background() -> Background {
    let begin = now() - Duration::days(DAYS);
    let mut open = 34;
    let survey = |day: i64| {
        open += 1 + (day * 7) % 3;
        if RUNS.contains(&day) {
            open -= open * 2 / 3;
        }
        let overdue = if (20..32).contains(&day) { 3 } else { 0 };
        let summary = Summary { open_vulnerabilities: open as u64, overdue, ..Summary::default() };
        Survey { at: begin + Duration::days(day), summary, dated: open as u64 / 2 }
    };
    let surveys = (0..DAYS).map(survey).collect();
    let closures =
        RUNS.iter().flat_map(|day| (0..9).map(|number| closure(begin + Duration::days(*day), number)));
    let runs = RUNS.iter().zip(1..).map(|(day, number)| run(number, begin + Duration::days(*day)));
    Background { runs: runs.collect(), surveys, closures: closures.collect() }
}

fn closure(closed: DateTime<Utc>, number: i64) -> Closure {
    const SEVERITIES: [Severity; 4] = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];
    let place = number as usize % SEVERITIES.len();
    let seen = closed - Duration::days(1 + number * number * (place as i64 + 1) / 3);
    Closure {
        id: format!("debian-tracker/CVE-2026-{}{number}/lab-plain", closed.format("%j")),
        severity: SEVERITIES[place],
        published: Some(seen - Duration::days(number * 4)),
        first_seen: Some(seen),
        due: Some((seen + Duration::days(14)).date_naive()),
        closed,
    }
}

fn run(number: u32, started: DateTime<Utc>) -> RunEntry {
    RunEntry {
        run: RunId::new(number),
        command: "apply".to_owned(),
        started,
        finished: Some(started + Duration::minutes(2)),
        phase: if number == 3 { Phase::Returned } else { Phase::Commit },
        outcome: None,
        packages: 9,
        closed: 9,
        security: 9,
        problem: None,
    }
}

fn period() -> Period {
    let mut identity = Identity::of(PERIOD_SCHEMA, now());
    identity.tool_version = report("scan").tool_version;
    Period::of(identity, (Some(now() - Duration::days(DAYS)), now()), "lab".to_owned(), background())
}

/// The page of a scan that ends up with some findings due, and the forms of a period.
fn everything() -> Vec<(&'static str, String)> {
    let mut scan = report("scan");
    for (finding, days) in scan.findings.as_mut().unwrap().iter_mut().zip([-3, 2, 2, 6, 13, 25, 25, 60]) {
        finding.due = Some((now() + Duration::days(days)).date_naive());
    }
    let counts = scan.summary.as_mut().unwrap();
    (counts.overdue, counts.due_soon) = (1, 3);
    let mut page = Vec::new();
    scan.write(Format::Html, &background(), &mut page).unwrap();
    let form = |format| {
        let mut bytes = Vec::new();
        period().write(format, &mut bytes).expect("the form is there").unwrap();
        String::from_utf8(bytes).unwrap()
    };
    vec![
        ("history.html", String::from_utf8(page).unwrap()),
        ("period.html", form(Format::Html)),
        ("period.csv", form(Format::Csv)),
        ("period.md", form(Format::Markdown)),
    ]
}

#[test]
fn plots_and_periods_are_the_golden_ones() {
    for (name, text) in everything() {
        let path = fixtures().join("renderings").join(name);
        assert!(
            fs::read_to_string(&path).unwrap_or_default() == text,
            "{} differs: write it with `cargo test --test suite -- --ignored write_golden_history` and read the difference",
            path.display()
        );
    }
    for format in Format::ALL {
        let has_form = matches!(format, Format::Html | Format::Csv | Format::Markdown);
        assert_eq!(period().write(format, &mut Vec::new()).is_some(), has_form, "{format:?}");
    }
}

#[test]
#[ignore = "writes the golden plots anew, to be read in the difference"]
fn write_golden_history() {
    for (name, text) in everything() {
        fs::write(fixtures().join("renderings").join(name), text).unwrap();
    }
}

/// What a screen reader gets of each plot: a name and a description, the numbers as a table, and no mark without a word.
#[test]
fn every_plot_can_be_read_aloud() {
    let script = "const told = Array.from(document.querySelectorAll('figure.plot')).map((figure) => {\
          const drawing = figure.querySelector('svg[role=img]');\
          const names = drawing.getAttribute('aria-labelledby').split(' ').map((id) => document.getElementById(id));\
          const fits = Array.from(drawing.querySelectorAll('text')).every((text) => {\
            const box = text.getBBox(), whole = drawing.viewBox.baseVal;\
            return box.x >= 0 && box.x + box.width <= whole.width && box.y + box.height <= whole.height;\
          });\
          const rows = figure.querySelectorAll('tbody tr').length || document.querySelectorAll('#history tbody tr').length;\
          return names.every((name) => name && name.textContent.length > 3) && fits && rows > 0\
            ? names[0].textContent : `BAD ${figure.textContent} ${fits} ${rows}`;\
        });\
        const ids = Array.from(document.querySelectorAll('[id]')).map((element) => element.id);\
        document.body.dataset.told = told.join('|') + '|' + (new Set(ids).size === ids.length);";
    let all: BTreeSet<&str> = [
        "Open findings by severity and age",
        "Down to the due dates",
        "Open vulnerabilities over time",
        "Exposure window: days from published to fixed",
        "Patch latency: from first seen here to closed",
        "Runs",
        "true",
    ]
    .into();
    let page = everything().swap_remove(0).1;
    let Some(seen) = browsed("history", &with_script(&page, script)) else { return };
    let told = seen.split("data-told=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
    assert_eq!(told.split('|').collect::<BTreeSet<_>>(), all, "{told}");
}
