//! CSV, one finding or host a line, as RFC 4180 has it: a line of names, CRLF, quotes doubled.
//!
//! A cell that a spreadsheet would execute gets an apostrophe in front (OWASP, "CSV Injection"), and what could break a
//! line or hide text is shown as `\u{…}`.

use std::borrow::Cow;
use std::io::{self, Write};

use chrono::{DateTime, Utc};

use super::fleet::Fleet;
use super::period::Period;
use super::schema::Report;
use super::text::sanitize::{Repertoire, clean};
use crate::model::finding::Finding;

/// The names of the columns.
const COLUMNS: [&str; 27] = [
    "host",
    "verdict",
    "severity",
    "priority",
    "package",
    "architecture",
    "installed",
    "source",
    "source_version",
    "fixed_version",
    "candidate",
    "cves",
    "advisory",
    "announced_in",
    "cvss",
    "epss",
    "known_exploited",
    "published",
    "first_seen",
    "due",
    "days_overdue",
    "exposure",
    "decision",
    "hold_reason",
    "state_after",
    "feed",
    "reason",
];

/// Writes the findings of a report.
///
/// # Errors
/// `out` cannot be written.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    line(out, COLUMNS.iter().map(|name| Cow::Borrowed(*name)))?;
    let host = report.host.as_ref().map_or("", |host| &host.name);
    for finding in report.findings.iter().flatten() {
        line(out, cells(host, finding).into_iter())?;
    }
    Ok(())
}

/// Writes the hosts of a fleet, one a line.
///
/// # Errors
/// `out` cannot be written.
pub(super) fn hosts(fleet: &Fleet, out: &mut dyn Write) -> io::Result<()> {
    const COLUMNS: [&str; 13] = [
        "host",
        "state",
        "completeness",
        "open",
        "overdue",
        "known_exploited",
        "closable_now",
        "unknown",
        "priority",
        "reboot",
        "release",
        "finished",
        "file",
    ];
    line(out, COLUMNS.iter().map(|name| Cow::Borrowed(*name)))?;
    for host in &fleet.hosts {
        let cells: [Cow<'_, str>; COLUMNS.len()] = [
            host.name.as_str().into(),
            word(&host.state),
            word(&host.completeness),
            host.open.to_string().into(),
            host.overdue.to_string().into(),
            host.known_exploited.to_string().into(),
            host.installable.to_string().into(),
            host.unknown.to_string().into(),
            host.priority.to_string().into(),
            if host.reboot { "yes" } else { "no" }.into(),
            host.release.as_str().into(),
            host.finished.to_rfc3339().into(),
            host.file.as_str().into(),
        ];
        line(out, cells.into_iter())?;
    }
    Ok(())
}

/// Writes the findings that were closed in a period, one a line: the evidence that an auditor samples from.
///
/// # Errors
/// `out` cannot be written.
pub(super) fn closures(period: &Period, out: &mut dyn Write) -> io::Result<()> {
    const COLUMNS: [&str; 9] = [
        "host",
        "finding",
        "severity",
        "published",
        "first_seen",
        "due",
        "closed",
        "days_exposed",
        "in_time",
    ];
    line(out, COLUMNS.iter().map(|name| Cow::Borrowed(*name)))?;
    for closure in &period.closures {
        let time =
            |time: Option<DateTime<Utc>>| Cow::from(time.map_or(String::new(), |time| time.to_rfc3339()));
        let cells: [Cow<'_, str>; COLUMNS.len()] = [
            period.host.as_str().into(),
            closure.id.as_str().into(),
            closure.severity.word().into(),
            time(closure.published),
            time(closure.first_seen),
            closure.due.map_or(String::new(), |due| due.to_string()).into(),
            time(Some(closure.closed)),
            closure.exposed_days().map_or(String::new(), |days| days.to_string()).into(),
            closure.is_late().map_or("", |late| if late { "no" } else { "yes" }).into(),
        ];
        line(out, cells.into_iter())?;
    }
    Ok(())
}

/// Writes one line of cells.
///
/// # Errors
/// `out` cannot be written.
fn line<'c>(out: &mut dyn Write, cells: impl Iterator<Item = Cow<'c, str>>) -> io::Result<()> {
    for (place, text) in cells.enumerate() {
        if place > 0 {
            out.write_all(b",")?;
        }
        out.write_all(cell(&text).as_bytes())?;
    }
    out.write_all(b"\r\n")
}

fn cells<'f>(host: &'f str, finding: &'f Finding) -> [Cow<'f, str>; COLUMNS.len()] {
    let package = &finding.package;
    let disposition = finding.disposition.as_ref();
    [
        host.into(),
        word(&finding.verdict),
        finding.severity.word().into(),
        finding.priority.score.to_string().into(),
        package.name.as_str().into(),
        package.architecture.as_str().into(),
        package.version.as_str().into(),
        package.source.name.as_str().into(),
        package.source.version.as_str().into(),
        finding.fixed_version.as_ref().map_or("", |version| version.as_str()).into(),
        finding.candidate.as_ref().map_or("", |candidate| candidate.version.as_str()).into(),
        finding.cves.join(" ").into(),
        Cow::Borrowed(&*finding.advisory),
        finding.announced_in.as_deref().unwrap_or_default().into(),
        optional(finding.cvss),
        optional(finding.epss),
        if finding.known_exploited { "yes" } else { "no" }.into(),
        optional(finding.published.map(|time| time.to_rfc3339())),
        optional(finding.first_seen.map(|time| time.to_rfc3339())),
        optional(finding.due),
        optional(finding.days_overdue),
        word(&finding.exposure),
        disposition.map_or("".into(), |disposition| word(&disposition.decision)),
        disposition.and_then(|disposition| disposition.reason).map_or("", |reason| reason.words()).into(),
        finding.state_after.map_or("".into(), |state| word(&state)),
        Cow::Borrowed(&*finding.feed),
        Cow::Borrowed(&*finding.reason),
    ]
}

fn optional<T: ToString>(value: Option<T>) -> Cow<'static, str> {
    value.map_or(Cow::Borrowed(""), |value| value.to_string().into())
}

/// The word that JSON has for a value.
fn word(value: &impl serde::Serialize) -> Cow<'static, str> {
    let json = serde_json::to_value(value).unwrap_or_default();
    json.as_str().unwrap_or_default().to_owned().into()
}

/// Writes a text as one cell. Anything but plain names and numbers stands in quotes, so that no locale's separator
/// splits it.
fn cell(text: &str) -> Cow<'_, str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-:+~".contains(&byte);
    let first = text.chars().next();
    // `=`, `+`, `-` and `@` begin a formula, in full width too (OWASP names them, with tab and return, which are never left).
    let is_formula = first.is_some_and(|c| "=+-@\u{ff1d}\u{ff0b}\u{ff0d}\u{ff20}".contains(c));
    if !is_formula && text.bytes().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let guard = if is_formula { "'" } else { "" };
    format!("\"{guard}{}\"", clean(text, Repertoire::Unicode).replace('"', "\"\"")).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_never_executed() {
        for (text, expected) in [
            ("7.88.1-10+deb12u15", "7.88.1-10+deb12u15"),
            ("", ""),
            ("a,b", "\"a,b\""),
            ("a;b", "\"a;b\""),
            ("say \"yes\"", "\"say \"\"yes\"\"\""),
            ("=cmd|'/c calc'!A0", "\"'=cmd|'/c calc'!A0\""),
            ("+1", "\"'+1\""),
            ("-1+1", "\"'-1+1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\u{ff1d}1", "\"'\u{ff1d}1\""),
            ("\t=1\r\n", "\"\\u{9}=1\\u{d}\\u{a}\""),
        ] {
            assert_eq!(cell(text), expected, "{text:?}");
        }
    }
}
