//! CycloneDX 1.6: what is installed, what is known to be wrong with it, and what was found out about that
//! (<https://cyclonedx.org/docs/1.6/json/>).

use std::borrow::Cow;
use std::collections::HashSet;
use std::io::{self, Write};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::{Value, json};

use super::json::{self, Each, Layout};
use super::purl::purl;
use super::schema::Report;
use super::statement::{Statement, Statements};
use crate::model::distro::Distribution;
use crate::model::finding::{Finding, Verdict};
use crate::model::package::{Architecture, PackageName, SourcePackage};
use crate::model::severity::Severity;
use crate::model::version::Version;
use crate::model::vulnerability::CveId;

/// Writes the report as one bill of materials with its vulnerabilities.
///
/// # Errors
/// `out` cannot be written.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let distribution = report.host.as_ref().map(|host| &host.distribution);
    let statements = Statements::of(report);
    let packages = packages(report);
    let bill = Bill {
        format: "CycloneDX",
        spec_version: "1.6",
        serial_number: serial_number(report),
        version: 1,
        metadata: metadata(report),
        components: Each(|| packages.iter().map(|package| component(distribution, package))),
        vulnerabilities: Each(|| {
            statements.iter().filter_map(|statement| vulnerability(distribution, &statement))
        }),
    };
    json::write(&bill, Layout::Indented, out)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Bill<C: Serialize, V: Serialize> {
    #[serde(rename = "bomFormat")]
    format: &'static str,
    spec_version: &'static str,
    serial_number: String,
    version: u32,
    metadata: Value,
    components: C,
    vulnerabilities: V,
}

/// A serial number that is the same for the same report: a UUID of version 8 (RFC 9562, 5.8) from a digest.
fn serial_number(report: &Report) -> String {
    let mut bytes = *report.identity().as_bytes();
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("urn:uuid:{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

fn metadata(report: &Report) -> Value {
    let tool = json!({ "type": "application", "name": "patchctl", "version": report.tool_version });
    let mut metadata = json!({ "timestamp": time(report.finished), "tools": { "components": [tool] } });
    if let Some(host) = &report.host {
        let distribution = &host.distribution;
        metadata["component"] = json!({
            "type": "operating-system",
            "bom-ref": "host",
            "name": distribution.id,
            "version": distribution.point_release.as_deref().unwrap_or(&distribution.version),
            "properties": [
                { "name": "patchctl:host", "value": host.name },
                { "name": "patchctl:root", "value": host.root },
            ],
        });
    }
    let told = [("patchctl:outcome", json!(report.outcome)), ("patchctl:completeness", level(report))];
    metadata["properties"] =
        told.iter().map(|(name, value)| json!({ "name": name, "value": value.as_str() })).collect();
    metadata
}

fn level(report: &Report) -> Value {
    report.completeness.as_ref().map_or("incomplete".into(), |completeness| json!(completeness.level))
}

/// An installed package, from the list of packages or from a finding that names one that is no longer in it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Installed<'r> {
    name: &'r PackageName,
    architecture: &'r Architecture,
    version: &'r Version,
    source: &'r SourcePackage,
}

/// Returns every package once, in the order of the report.
fn packages(report: &Report) -> Vec<Installed<'_>> {
    let listed = report.packages.iter().flatten().map(|package| Installed {
        name: &package.name,
        architecture: &package.architecture,
        version: &package.version,
        source: &package.source,
    });
    let found = report.findings.iter().flatten().map(|finding| Installed {
        name: &finding.package.name,
        architecture: &finding.package.architecture,
        version: &finding.package.version,
        source: &finding.package.source,
    });
    let mut seen = HashSet::new();
    let key = |package: &Installed<'_>| {
        (package.name.clone(), package.architecture.clone(), package.version.clone())
    };
    listed.chain(found).filter(|package| seen.insert(key(package))).collect()
}

fn component(distribution: Option<&Distribution>, package: &Installed<'_>) -> Value {
    let url = purl(distribution, package.name, package.architecture, package.version);
    json!({
        "type": "library",
        "bom-ref": url,
        "name": package.name,
        "version": package.version.as_str(),
        "purl": url,
        "properties": [
            { "name": "patchctl:source", "value": package.source.name },
            { "name": "patchctl:source-version", "value": package.source.version.as_str() },
        ],
    })
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Vulnerability<'r> {
    bom_ref: String,
    id: Cow<'r, str>,
    source: Value,
    ratings: Vec<Value>,
    description: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    published: Option<String>,
    analysis: Value,
    affects: Vec<Value>,
    properties: Vec<Value>,
}

fn vulnerability<'r>(
    distribution: Option<&Distribution>,
    statement: &Statement<'_, 'r>,
) -> Option<Vulnerability<'r>> {
    let worst = statement.worst()?;
    Some(Vulnerability {
        bom_ref: format!("{}#{}", statement.name(), statement.verdict.word().replace([' ', ','], "-")),
        id: statement.name(),
        source: source(&statement.name(), worst),
        ratings: ratings(worst),
        description: &worst.reason,
        published: worst.published.map(time),
        analysis: analysis(statement, worst),
        affects: affects(distribution, statement),
        properties: properties(worst),
    })
}

fn source(id: &str, finding: &Finding) -> Value {
    let mut source = json!({ "name": finding.feed });
    if CveId::parse(id).is_some() {
        source["url"] = format!("https://www.cve.org/CVERecord?id={id}").into();
    }
    source
}

/// The vendor's word, and the number where there is one. CycloneDX has `info` for what the vendor calls negligible.
fn ratings(finding: &Finding) -> Vec<Value> {
    let word = match finding.severity {
        Severity::Negligible => "info",
        other => other.word(),
    };
    let score = finding.cvss.map(|score| json!({ "score": score, "severity": word, "method": "other" }));
    vec![score.unwrap_or_else(|| json!({ "severity": word }))]
}

fn analysis(statement: &Statement<'_, '_>, worst: &Finding) -> Value {
    let state = match statement.verdict {
        Verdict::Vulnerable | Verdict::VulnerableNoFix | Verdict::MitigatedLive => "exploitable",
        Verdict::Unknown => "in_triage",
        Verdict::Fixed => "resolved",
        Verdict::NotAffected => "not_affected",
    };
    let mut detail = statement.verdict.word().to_owned();
    if let Some(hold) = worst.disposition.as_ref().and_then(|disposition| disposition.reason) {
        detail = format!("{detail}; held: {}", hold.words());
    }
    let mut analysis = json!({ "state": state, "detail": detail });
    if statement.findings().any(Finding::is_installable) {
        analysis["response"] = json!(["update"]);
    }
    analysis
}

/// CycloneDX wants each affected component once.
fn affects(distribution: Option<&Distribution>, statement: &Statement<'_, '_>) -> Vec<Value> {
    let status = match statement.verdict {
        Verdict::Vulnerable | Verdict::VulnerableNoFix | Verdict::MitigatedLive => "affected",
        Verdict::Unknown => "unknown",
        Verdict::Fixed | Verdict::NotAffected => "unaffected",
    };
    let mut seen = HashSet::new();
    let packages = statement.findings().map(|finding| &finding.package);
    let once =
        packages.filter(|package| seen.insert((&package.name, &package.architecture, &package.version)));
    once.map(|package| {
        let url = purl(distribution, &package.name, &package.architecture, &package.version);
        json!({ "ref": url, "versions": [{ "version": package.version.as_str(), "status": status }] })
    })
    .collect()
}

fn properties(finding: &Finding) -> Vec<Value> {
    let mut told = vec![
        ("patchctl:priority", finding.priority.score.to_string()),
        ("patchctl:known-exploited", finding.known_exploited.to_string()),
    ];
    let optional = [
        ("patchctl:fixed-version", finding.fixed_version.as_ref().map(ToString::to_string)),
        ("patchctl:due", finding.due.map(|due| due.to_string())),
        ("patchctl:first-seen", finding.first_seen.map(time)),
    ];
    told.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value?))));
    told.into_iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
