//! Answers for the forms of a report: golden files, the official schemas and parsers, and hostile text in every one.
//!
//! The reports are those of real runs in the laboratory (`tests/fixtures/reports`); the schemas are the publishers'
//! (`tests/fixtures/schemas`), each with its origin.

mod browser;
mod documents;
mod history;
mod hostile;
mod promtool;

pub(super) use self::documents::assert_cyclonedx;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use patchctl::report::background::Background;
use patchctl::report::format::Format;
use patchctl::report::schema::Report;

/// The reports that are rendered.
pub(super) const REPORTS: [&str; 6] = ["scan", "planned", "rehearsed", "patched", "taken-back", "refused"];

fn fixtures() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures"))
}

/// Reads a report of a real run.
pub(super) fn report(name: &str) -> Report {
    let path = fixtures().join(format!("reports/{name}.json"));
    serde_json::from_slice(&fs::read(&path).unwrap())
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Renders a report; every form is UTF-8.
pub(super) fn rendered(report: &Report, format: Format) -> String {
    let mut bytes = Vec::new();
    report.write(format, &Background::default(), &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn golden(name: &str, format: Format) -> PathBuf {
    let ending = match format {
        Format::Json => "report.json",
        Format::Html => "html",
        Format::Sarif => "sarif",
        Format::Junit => "junit.xml",
        Format::CycloneDx => "cdx.json",
        Format::OpenVex => "openvex.json",
        Format::Csv => "csv",
        Format::OpenMetrics => "prom",
        Format::Markdown => "md",
    };
    fixtures().join(format!("renderings/{name}.{ending}"))
}

/// Every report in every form; the full lists of the first stand for those of the others.
fn everything() -> impl Iterator<Item = (&'static str, Format)> {
    let all = Format::ALL.map(|format| ("scan", format));
    let others = REPORTS[1..].iter().flat_map(|name| {
        [Format::Html, Format::Junit, Format::OpenMetrics, Format::Markdown].map(|format| (*name, format))
    });
    all.into_iter().chain(others)
}

#[test]
fn forms_are_the_golden_ones() {
    for (name, format) in everything() {
        let path = golden(name, format);
        let text = rendered(&report(name), format);
        assert!(
            fs::read_to_string(&path).unwrap_or_default() == text,
            "{} differs: write it with `cargo test --test suite -- --ignored write_golden_renderings` and read the \
             difference",
            path.display()
        );
    }
}

#[test]
#[ignore = "writes the golden renderings anew, to be read in the difference"]
fn write_golden_renderings() {
    fs::create_dir_all(fixtures().join("renderings")).unwrap();
    for (name, format) in everything() {
        fs::write(golden(name, format), rendered(&report(name), format)).unwrap();
    }
}

/// Runs a checking tool with a text as its input; `None`, and said so, where the tool is not there.
pub(super) fn checked(program: &str, arguments: &[&str], text: &str) -> Option<(bool, String)> {
    let mut child = match Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
    {
        Ok(child) => child,
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "{program}: {error}");
            println!("not run: {program}: {error}");
            return None;
        }
    };
    let mut input = child.stdin.take().unwrap();
    let text = text.to_owned();
    // What the tool does not want to read any more it has judged already.
    let writer = std::thread::spawn(move || drop(std::io::Write::write_all(&mut input, text.as_bytes())));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let said = [output.stdout, output.stderr].concat();
    Some((output.status.success(), String::from_utf8_lossy(&said).into_owned()))
}
