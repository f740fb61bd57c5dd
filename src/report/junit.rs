//! JUnit XML for pipelines that show tests: what is open fails, what is waived is skipped, what nobody can tell is an error, and so is a result that
//! is not whole. There is no standard; the form is Jenkins' (its `junit-10.xsd` is among the fixtures).

use std::io::{self, Write};

use super::schema::Report;
use super::words;
use super::xml::escaped;
use crate::model::feed::CompletenessLevel;
use crate::model::finding::{Finding, Verdict};

/// Writes the report as one test suite.
///
/// # Errors
/// `out` cannot be written.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let findings = report.findings.as_deref().unwrap_or_default();
    let failures =
        findings.iter().filter(|finding| finding.verdict.is_open() && !finding.is_waived()).count();
    let skipped = findings.iter().filter(|finding| finding.verdict.is_open() && finding.is_waived()).count();
    let unknown = findings.iter().filter(|finding| finding.verdict == Verdict::Unknown).count();
    let errors = unknown + usize::from(report.error.is_some()) + usize::from(!is_whole(report));
    let tests = findings.len() + 2;
    let seconds = (report.finished - report.started).num_milliseconds().clamp(0, 999_999) as f64 / 1000.0;
    let host = escaped(report.host.as_ref().map_or("unknown", |host| &host.name));
    let command = escaped(&report.command);
    let time = report.finished.format("%Y-%m-%dT%H:%M:%S");
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        out,
        "<testsuites name=\"patchctl\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\">"
    )?;
    writeln!(
        out,
        "  <testsuite name=\"patchctl {command}\" hostname=\"{host}\" timestamp=\"{time}\" time=\"{seconds:.3}\" \
         tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\">"
    )?;
    outcome(report, out)?;
    completeness(report, out)?;
    for finding in findings {
        testcase(finding, out)?;
    }
    writeln!(out, "  </testsuite>\n</testsuites>")
}

fn is_whole(report: &Report) -> bool {
    report.completeness.as_ref().is_some_and(|completeness| completeness.level == CompletenessLevel::Full)
}

fn outcome(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let problem = report.error.as_ref().map(|error| ("error", "failed", error.message.clone()));
    case(out, ("patchctl", &report.command), problem)
}

fn completeness(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let reasons = report.completeness.as_ref().map(|completeness| completeness.reasons.join("; "));
    let reasons = reasons.filter(|text| !text.is_empty()).unwrap_or_else(|| "nothing is known".to_owned());
    let problem = (!is_whole(report)).then_some(("error", "incomplete", reasons));
    case(out, ("patchctl", "every feed was there and fresh"), problem)
}

fn testcase(finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    let names: Vec<&str> = finding.identifiers().collect();
    let names = if names.is_empty() { finding.advisory.to_string() } else { names.join(" ") };
    let name = format!("{names} ({})", words::severity(finding.severity));
    let class = format!("{}.{}", finding.package.source.name, finding.package.name);
    let problem = match finding.verdict {
        Verdict::Vulnerable | Verdict::VulnerableNoFix if finding.is_waived() => Some("skipped"),
        Verdict::Vulnerable | Verdict::VulnerableNoFix => Some("failure"),
        Verdict::Unknown => Some("error"),
        Verdict::MitigatedLive | Verdict::Fixed | Verdict::NotAffected => None,
    };
    case(out, (&class, &name), problem.map(|kind| (kind, finding.verdict.word(), told(finding))))
}

fn told(finding: &Finding) -> String {
    let version = &finding.package.version;
    let remedy = match &finding.candidate {
        Some(candidate) if finding.is_installable() => {
            format!("; {} can be installed now", candidate.version)
        }
        _ => String::new(),
    };
    let due = finding.due.map_or_else(String::new, |due| format!("; due {due}"));
    format!("installed {version}: {}{remedy}{due}", finding.reason)
}

/// Writes one test case with at most one problem: its element, its kind and its words.
fn case(
    out: &mut dyn Write,
    (class, name): (&str, &str),
    problem: Option<(&str, &str, String)>,
) -> io::Result<()> {
    write!(out, "    <testcase classname=\"{}\" name=\"{}\"", escaped(class), escaped(name))?;
    match problem {
        None => writeln!(out, "/>"),
        Some((element, kind, words)) => {
            let (kind, words) = (escaped(kind), escaped(&words));
            writeln!(out, ">\n      <{element} type=\"{kind}\" message=\"{words}\"/>\n    </testcase>")
        }
    }
}
