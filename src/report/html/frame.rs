//! The frame of a page: head, policy, title, navigation, foot.

use std::io::{self, Write};

use super::super::schema::Report;
use super::part::text;
use crate::model::digest::Sha256;
use crate::model::kernel::Kernels;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// What stands at the head of a page; all of it finished.
pub(super) struct Page {
    /// The title of the window.
    pub(super) title: String,
    /// What kind of report it is.
    pub(super) brand: String,
    /// The heading.
    pub(super) heading: String,
    /// What tells it from others of its kind.
    pub(super) about: String,
    /// The sections, by mark and name.
    pub(super) places: Vec<(&'static str, &'static str)>,
}

impl Page {
    /// The page of one report, with or without a history around it.
    pub(super) fn of(report: &Report, has_history: bool) -> Self {
        let heading = report.host.as_ref().map_or_else(|| "unknown host".to_owned(), |host| text(&host.name));
        let command = text(&report.command);
        Self {
            title: format!("{heading}: {command} of {} · patchctl", report.finished.format("%Y-%m-%d")),
            brand: format!("{command} report"),
            about: about(report),
            places: places(report, has_history),
            heading,
        }
    }
}

/// Writes everything before the first section.
pub(super) fn begin(page: &Page, out: &mut dyn Write) -> io::Result<()> {
    let (style, script) = (source_digest(STYLE), source_digest(SCRIPT));
    writeln!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src {style}; \
         script-src {script}; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>",
        page.title
    )?;
    writeln!(out, "<a class=\"skip\" href=\"#main\">Skip to the report</a>\n<header class=\"top\">")?;
    writeln!(out, "<p class=\"brand\">patchctl <span>{}</span></p>\n<h1>{}</h1>", page.brand, page.heading)?;
    writeln!(out, "<p class=\"about\">{}</p>", page.about)?;
    write!(out, "<nav aria-label=\"Sections\"><ul>")?;
    for (id, name) in &page.places {
        write!(out, "<li><a href=\"#{id}\">{name}</a></li>")?;
    }
    writeln!(out, "</ul></nav>\n</header>\n<main id=\"main\">")
}

/// System, kernel, time: what tells one report from another.
fn about(report: &Report) -> String {
    let mut parts = Vec::new();
    if let Some(host) = &report.host {
        parts.push(text(&host.distribution.title()));
        parts.extend(kernel(&host.kernel));
        if host.root != "/" {
            parts.push(format!("root {}", text(&host.root)));
        }
    }
    let finished = report.finished;
    parts.push(format!(
        "<time datetime=\"{}\">{}</time>",
        finished.format("%Y-%m-%dT%H:%M:%SZ"),
        finished.format("%Y-%m-%d %H:%M UTC")
    ));
    parts.extend(report.run_id.map(|run| format!("run {run}")));
    parts.join(" <span aria-hidden=\"true\">·</span> ")
}

fn kernel(kernels: &Kernels) -> Option<String> {
    let running = text(kernels.running.as_deref()?);
    let next = kernels.next_boot.as_deref().filter(|_| kernels.reboot_pending());
    Some(match next {
        Some(next) => format!("kernel {running}, {} after a reboot", text(next)),
        None => format!("kernel {running}"),
    })
}

fn places(report: &Report, has_history: bool) -> Vec<(&'static str, &'static str)> {
    let places = [
        (("overview", "Overview"), true),
        (("history", "History"), has_history),
        (("run", "Run"), report.transaction.is_some()),
        (("rehearsal", "Rehearsal"), report.rehearsal.is_some()),
        (("plan", "Plan"), report.plan.is_some()),
        (("findings", "Findings"), report.findings.is_some()),
        (("evidence", "Evidence"), true),
    ];
    places.into_iter().filter(|(_, is_there)| *is_there).map(|(place, _)| place).collect()
}

/// Writes everything after the last section; `origin` says what wrote it, from what.
pub(super) fn end(origin: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "</main>\n<footer><p>Written by {origin}. Times are UTC. This file holds the names of open holes: keep it where \
         the reports are kept.</p></footer>\n<script>{SCRIPT}</script>\n</body>\n</html>"
    )
}

/// The digest of an inline text as a policy names it (CSP 3, "hash-source").
fn source_digest(content: &str) -> String {
    format!("'sha256-{}'", base64(Sha256::of(content.as_bytes()).as_bytes()))
}

/// Base64 with padding (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let at = |place: usize| u32::from(group.get(place).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= group.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The test vectors of RFC 4648, section 10.
    #[test]
    fn base64_is_that_of_the_rfc() {
        let vectors = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"];
        for (length, expected) in vectors.iter().enumerate() {
            assert_eq!(base64(&b"foobar"[..length]), *expected);
        }
    }

    #[test]
    fn nothing_inline_ends_its_element() {
        assert!(!STYLE.contains("</") && !SCRIPT.contains("</"));
        assert!(STYLE.is_ascii() && SCRIPT.is_ascii());
    }
}
