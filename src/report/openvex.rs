//! OpenVEX 0.2.0: what is true of each vulnerability in the installed packages
//! (<https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md>).
//!
//! The specification wants at least one statement; a host that nothing is known about has none, and the list is empty.

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

/// Writes the report as one OpenVEX document.
///
/// # Errors
/// `out` cannot be written.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let distribution = report.host.as_ref().map(|host| &host.distribution);
    let statements = Statements::of(report);
    let document = Document {
        context: "https://openvex.dev/ns/v0.2.0",
        id: identifier(report),
        author: report.host.as_ref().map_or("patchctl", |host| &host.name),
        role: "Operator of the host",
        timestamp: time(report.finished),
        version: 1,
        tooling: format!("patchctl {}", report.tool_version),
        statements: Each(|| statements.iter().filter_map(|statement| told(distribution, &statement))),
    };
    json::write(&document, Layout::Indented, out)
}

#[derive(Serialize)]
struct Document<'r, S: Serialize> {
    #[serde(rename = "@context")]
    context: &'static str,
    #[serde(rename = "@id")]
    id: String,
    author: &'r str,
    role: &'static str,
    timestamp: String,
    version: u32,
    tooling: String,
    statements: S,
}

/// A name that is the same for the same report.
fn identifier(report: &Report) -> String {
    format!("https://openvex.dev/docs/public/vex-{}", report.identity())
}

#[derive(Serialize)]
struct Told<'r> {
    vulnerability: Value,
    products: Vec<Value>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_notes: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    impact_statement: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action_statement: Option<String>,
}

/// `affected` needs an action, `not_affected` a reason (specification, "Status labels").
fn told<'r>(distribution: Option<&Distribution>, statement: &Statement<'_, 'r>) -> Option<Told<'r>> {
    let worst = statement.worst()?;
    let status = match statement.verdict {
        Verdict::Vulnerable | Verdict::VulnerableNoFix | Verdict::MitigatedLive => "affected",
        Verdict::Unknown => "under_investigation",
        Verdict::Fixed => "fixed",
        Verdict::NotAffected => "not_affected",
    };
    let is_unaffected = status == "not_affected";
    Some(Told {
        vulnerability: json!({ "name": statement.name() }),
        products: products(distribution, statement),
        status,
        status_notes: (!is_unaffected).then_some(&*worst.reason),
        impact_statement: is_unaffected.then_some(&*worst.reason),
        action_statement: (status == "affected").then(|| action(worst)),
    })
}

fn action(finding: &Finding) -> String {
    match (&finding.candidate, finding.verdict) {
        (_, Verdict::MitigatedLive) => "Reboot: the running kernel is patched in memory only.".to_owned(),
        (_, Verdict::VulnerableNoFix) => "There is no fix yet.".to_owned(),
        (Some(candidate), _) if finding.is_installable() => {
            format!("Update {} to {}.", finding.package.name, candidate.version)
        }
        _ => "A fix is known, and no enabled repository offers it.".to_owned(),
    }
}

fn products(distribution: Option<&Distribution>, statement: &Statement<'_, '_>) -> Vec<Value> {
    let mut seen = HashSet::new();
    let packages = statement.findings().map(|finding| &finding.package);
    let once =
        packages.filter(|package| seen.insert((&package.name, &package.architecture, &package.version)));
    once.map(|package| {
        let url = purl(distribution, &package.name, &package.architecture, &package.version);
        json!({ "@id": url, "identifiers": { "purl": url } })
    })
    .collect()
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
