//! SARIF 2.1.0 for code scanning and its like: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>.
//!
//! A rule is a vendor's statement, a result one finding. What a viewer would take for markup in a message is escaped as
//! the standard says (3.11.5 braces, 3.11.6 brackets).

use std::collections::HashMap;
use std::io::{self, Write};

use chrono::SecondsFormat;
use serde::Serialize;
use serde_json::{Value, json};

use super::json::{self, Each, Layout};
use super::purl::purl;
use super::schema::Report;
use super::text::sanitize::{Repertoire, clean};
use crate::model::decision::HoldReason;
use crate::model::distro::PackageFamily;
use crate::model::finding::{Finding, Verdict};
use crate::model::severity::Severity;
use crate::model::vulnerability::CveId;

/// Where the schema of this version is published.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// Writes the report as one SARIF log with one run.
///
/// # Errors
/// `out` cannot be written.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let findings = report.findings.as_deref().unwrap_or_default();
    let rules = Rules::of(findings);
    let database = database(report);
    let log = Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [Run {
            tool: Tool { driver: driver(report, Each(|| rules.in_order.iter().map(|first| rule(first)))) },
            automation_details: json!({ "id": format!("patchctl/{}/", host(report)) }),
            invocations: [invocation(report)],
            results: Each(|| findings.iter().map(|finding| result(report, finding, (&rules, database)))),
        }],
    };
    json::write(&log, Layout::Indented, out)
}

#[derive(Serialize)]
struct Log<R: Serialize> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [R; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<D: Serialize, R: Serialize> {
    tool: Tool<D>,
    automation_details: Value,
    invocations: [Value; 1],
    results: R,
}

#[derive(Serialize)]
struct Tool<D: Serialize> {
    driver: D,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver<'r, R: Serialize> {
    name: &'static str,
    version: &'r str,
    information_uri: &'static str,
    rules: R,
}

fn driver<R: Serialize>(report: &Report, rules: R) -> Driver<'_, R> {
    let information_uri = env!("CARGO_PKG_REPOSITORY");
    Driver { name: "patchctl", version: &report.tool_version, information_uri, rules }
}

fn host(report: &Report) -> &str {
    report.host.as_ref().map_or("unknown", |host| &host.name)
}

/// The vendor's statements that the findings refer to, each by the finding that names it first.
struct Rules<'r> {
    in_order: Vec<&'r Finding>,
    places: HashMap<&'r str, usize>,
}

impl<'r> Rules<'r> {
    fn of(findings: &'r [Finding]) -> Self {
        let mut rules = Self { in_order: Vec::new(), places: HashMap::new() };
        for finding in findings {
            rules.places.entry(&finding.advisory).or_insert_with(|| {
                rules.in_order.push(finding);
                rules.in_order.len() - 1
            });
        }
        rules
    }
}

fn rule(first: &Finding) -> Value {
    let id = &*first.advisory;
    let text = match first.is_unnamed() {
        true => "A security update is pending; no feed names what it closes".to_owned(),
        false => format!("{id} in {}", first.package.source.name),
    };
    let mut rule = json!({
        "id": id,
        "shortDescription": { "text": message(&text) },
        "defaultConfiguration": { "level": level(first.severity) },
        "properties": { "tags": ["security", "vulnerability"] },
    });
    if CveId::parse(id).is_some() {
        rule["helpUri"] = format!("https://www.cve.org/CVERecord?id={id}").into();
    }
    if let Some(score) = security_severity(first) {
        rule["properties"]["security-severity"] = score.into();
    }
    rule
}

/// The number by which code scanning sorts: CVSS, or the middle of the range that the vendor's word has there (above 9.0
/// critical, 7.0 to 8.9 high, 4.0 to 6.9 medium, 0.1 to 3.9 low: GitHub, "SARIF support for code scanning").
fn security_severity(finding: &Finding) -> Option<String> {
    let of_word = match finding.severity {
        Severity::Critical => Some(9.5),
        Severity::High => Some(8.0),
        Severity::Medium => Some(5.5),
        Severity::Low | Severity::Negligible => Some(2.0),
        Severity::Unknown => None,
    };
    finding.cvss.or(of_word).map(|score| format!("{score:.1}"))
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium | Severity::Unknown => "warning",
        Severity::Low | Severity::Negligible => "note",
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultObject<'r> {
    rule_id: &'r str,
    rule_index: usize,
    kind: &'static str,
    level: &'static str,
    message: Message,
    locations: [Value; 1],
    partial_fingerprints: Value,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suppressions: Vec<Value>,
    properties: Value,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

fn result<'r>(
    report: &Report,
    finding: &'r Finding,
    (rules, database): (&Rules<'_>, &str),
) -> ResultObject<'r> {
    let kind = match finding.verdict {
        Verdict::Vulnerable | Verdict::VulnerableNoFix => "fail",
        Verdict::Unknown | Verdict::MitigatedLive => "review",
        Verdict::Fixed => "pass",
        Verdict::NotAffected => "notApplicable",
    };
    ResultObject {
        rule_id: &finding.advisory,
        rule_index: rules.places.get(&*finding.advisory).copied().unwrap_or_default(),
        kind,
        // Only what failed has a level (3.27.10).
        level: if kind == "fail" { level(finding.severity) } else { "none" },
        message: Message { text: message(&sentence(finding)) },
        locations: [location(report, finding, database)],
        partial_fingerprints: json!({ "patchctlFinding/v1": finding.id }),
        suppressions: suppressions(finding),
        properties: properties(finding),
    }
}

/// A waiver is a suppression outside the code (3.35): what stands in a rule of the administrator.
fn suppressions(finding: &Finding) -> Vec<Value> {
    let causes = finding.disposition.iter().flat_map(|disposition| &disposition.cause_chain);
    let waivers = causes.filter(|cause| cause.reason == HoldReason::Waived);
    waivers
        .map(|cause| json!({ "kind": "external", "status": "accepted", "justification": message(&cause.detail) }))
        .collect()
}

fn sentence(finding: &Finding) -> String {
    let package = &finding.package;
    let names: Vec<&str> = finding.identifiers().collect();
    let names = if names.is_empty() { finding.advisory.to_string() } else { names.join(", ") };
    let remedy = match (&finding.candidate, finding.is_installable()) {
        (Some(candidate), true) => format!(" Version {} can be installed now.", candidate.version),
        _ => String::new(),
    };
    let (name, version, verdict) = (&package.name, &package.version, finding.verdict.word());
    format!("{names}: {name} {version} is {verdict}. {}.{remedy}", finding.reason)
}

/// A package has no line in a source file: the package database stands for the place, as code scanning wants one.
fn location(report: &Report, finding: &Finding, database: &str) -> Value {
    let package = &finding.package;
    let distribution = report.host.as_ref().map(|host| &host.distribution);
    json!({
        "physicalLocation": { "artifactLocation": { "uri": database }, "region": { "startLine": 1 } },
        "logicalLocations": [{
            "name": package.name,
            "kind": "package",
            "fullyQualifiedName": purl(distribution, &package.name, &package.architecture, &package.version),
        }],
    })
}

fn database(report: &Report) -> &'static str {
    match report.host.as_ref().and_then(|host| host.distribution.family()) {
        Some(PackageFamily::Rpm) => "var/lib/rpm",
        Some(PackageFamily::Apk) => "lib/apk/db/installed",
        Some(PackageFamily::Pacman) => "var/lib/pacman/local",
        Some(PackageFamily::Dpkg) | None => "var/lib/dpkg/status",
    }
}

fn properties(finding: &Finding) -> Value {
    let mut properties = json!({
        "verdict": finding.verdict,
        "severity": finding.severity,
        "cves": finding.cves,
        "installed": finding.package.version.as_str(),
        "knownExploited": finding.known_exploited,
        "priority": finding.priority.score,
    });
    let optional = [
        ("fixedVersion", finding.fixed_version.as_ref().map(|version| Value::from(version.as_str()))),
        ("due", finding.due.map(|date| Value::from(date.to_string()))),
        ("stateAfter", finding.state_after.map(|state| json!(state))),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            properties[name] = value;
        }
    }
    properties
}

/// What patchctl itself had to say: the failure, and what is missing from a result that is not whole.
fn invocation(report: &Report) -> Value {
    let error = report.error.iter().map(|error| notification("error", &error.message));
    let reasons = report.completeness.iter().flat_map(|completeness| &completeness.reasons);
    let notifications: Vec<Value> =
        error.chain(reasons.map(|reason| notification("warning", reason))).collect();
    json!({
        "executionSuccessful": report.error.is_none(),
        "exitCode": report.exit_code,
        "startTimeUtc": report.started.to_rfc3339_opts(SecondsFormat::Secs, true),
        "endTimeUtc": report.finished.to_rfc3339_opts(SecondsFormat::Secs, true),
        "toolExecutionNotifications": notifications,
    })
}

fn notification(level: &str, text: &str) -> Value {
    json!({ "level": level, "message": { "text": message(text) } })
}

/// Returns a text that a viewer shows as it is: no placeholder, no link.
fn message(text: &str) -> String {
    let mut shown = String::with_capacity(text.len() + 8);
    for c in clean(text, Repertoire::Unicode).chars() {
        match c {
            '{' | '}' => shown.extend([c, c]),
            '\\' | '[' | ']' => shown.extend(['\\', c]),
            c => shown.push(c),
        }
    }
    shown
}
