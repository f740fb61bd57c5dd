//! What the report rests on: feeds with their stamps, what no feed covers, the controls it is evidence for, the digests.

use std::io::{self, Write};

use super::super::schema::Report;
use super::super::words::{self, count};
use super::part::{code, end_section, end_table, fact, row, section, table, text};
use crate::model::feed::{Authenticity, FeedStamp, FeedState};
use crate::model::finding::NotCovered;

/// Writes the evidence.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    section(out, "evidence", "Evidence")?;
    feeds(report.feeds.as_deref().unwrap_or_default(), out)?;
    if let Some(coverage) = &report.coverage {
        uncovered(&coverage.not_covered, out)?;
    }
    if let Some(compliance) = report.compliance() {
        table(
            out,
            "Controls that this report is evidence for",
            &["framework", "control", "asks for", "evidence here", "source"],
        )?;
        for control in &compliance.controls {
            row(
                out,
                &[
                    text(&control.framework),
                    text(&control.control),
                    text(&control.asks),
                    text(&control.evidence.join(", ")),
                    format!("<span class=\"small\">{}</span>", text(&control.source)),
                ],
            )?;
        }
        end_table(out)?;
    }
    identity(report, out)?;
    end_section(out)
}

fn feeds(feeds: &[FeedStamp], out: &mut dyn Write) -> io::Result<()> {
    if feeds.is_empty() {
        return Ok(());
    }
    table(out, "Feeds", &["feed", "state", "age", "authenticity", "advisories", "digest", "location"])?;
    for feed in feeds {
        let problem = feed
            .problem
            .as_deref()
            .map_or_else(String::new, |problem| format!("<p class=\"small\">{}</p>", text(problem)));
        let digest = feed.sha256.as_ref().map_or("–".to_owned(), |digest| code(&digest.short()));
        row(
            out,
            &[
                text(&feed.name),
                format!("{}{problem}", state(feed.state)),
                feed.age_seconds.map_or_else(|| "–".to_owned(), words::old),
                feed.authenticity.map_or("–", authenticity).to_owned(),
                words::thousands(feed.advisories),
                digest,
                format!("<span class=\"small\">{}</span>", text(&feed.location)),
            ],
        )?;
    }
    end_table(out)
}

fn state(state: FeedState) -> &'static str {
    match state {
        FeedState::Fresh => "fresh",
        FeedState::Stale => "<strong>stale</strong>",
        FeedState::Suspect => "<strong>suspect</strong>",
        FeedState::Missing => "missing",
    }
}

fn authenticity(authenticity: Authenticity) -> &'static str {
    match authenticity {
        Authenticity::Signed => "signed",
        Authenticity::Tls => "TLS",
        Authenticity::Pinned => "pinned",
        Authenticity::Local => "brought by root",
    }
}

fn uncovered(packages: &[NotCovered], out: &mut dyn Write) -> io::Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    let number = count(packages.len() as u64, "package", "packages");
    writeln!(
        out,
        "<details class=\"card\"><summary>Not covered: {number} that no vendor's advisories speak about, never to \
                   be taken for clean</summary>"
    )?;
    table(out, "Not covered", &["package", "version", "origin"])?;
    for package in packages {
        row(out, &[text(package.name.as_str()), code(package.version.as_str()), text(&package.origin)])?;
    }
    end_table(out)?;
    writeln!(out, "</details>")
}

fn identity(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<dl class=\"facts card\">")?;
    fact(out, "command", code(&format!("patchctl {}", report.command)))?;
    fact(out, "exit code", report.exit_code)?;
    fact(out, "began", report.started.format("%Y-%m-%d %H:%M:%S UTC"))?;
    fact(out, "ended", report.finished.format("%Y-%m-%d %H:%M:%S UTC"))?;
    if let Some(hash) = report.host.as_ref().and_then(|host| host.machine_id_hash.as_ref()) {
        fact(out, "machine", code(&hash.to_string()))?;
    }
    if let Some(path) = report.files.as_ref().and_then(|files| files.report.as_deref()) {
        fact(out, "stored as", code(path))?;
    }
    writeln!(out, "</dl>")
}
