//! One screen about the host: what burns, what is due, what ran last.

use super::sheet::{Sheet, Tone, Word};
use super::{feeds, header, history, scan, words};
use crate::model::feed::FeedState;
use crate::model::summary::Summary;
use crate::report::documents::StatusDocument;

/// Renders the status of a host.
pub(super) fn render(document: &StatusDocument, sheet: &mut Sheet<'_>) {
    sheet.items("", &header::identity(&document.host));
    if let Some(run) = &document.open_run {
        header::alert(&format!("run {} was interrupted and is still open", run.run), sheet);
    }
    if let Some(reason) = &document.reboot {
        header::alert(&format!("reboot due: {reason}"), sheet);
    }
    sheet.gap();
    findings(document, sheet);
    sheet.gap();
    feeds::table(&document.feeds, sheet);
    if let Some(run) = &document.last_run {
        sheet.gap();
        history::entry(run, sheet);
    }
    sheet.gap();
    header::next(next_command(document), sheet);
}

fn findings(document: &StatusDocument, sheet: &mut Sheet<'_>) {
    let (Some(time), Some(summary)) = (document.scanned, &document.summary) else {
        header::alert("never scanned: nothing is known about this host", sheet);
        return;
    };
    if summary.open_vulnerabilities == 0 {
        scan::nothing_open(summary, scan::level(document.completeness.as_ref()), sheet);
    } else {
        scan::opened(summary, scan::level(document.completeness.as_ref()), sheet);
    }
    deadlines(summary, sheet);
    let age = header::moment(time, sheet);
    sheet.prose(" ", &[Word::new(format!("scanned {age}"), Tone::Dim)]);
    if document.changed_since_scan {
        header::alert("packages have changed since that scan", sheet);
    }
}

fn deadlines(summary: &Summary, sheet: &mut Sheet<'_>) {
    let unknown = summary.with_verdict(crate::model::finding::Verdict::Unknown);
    let items: Vec<Word> = [
        (summary.known_exploited, "exploited in the wild", Tone::Alarm),
        (summary.overdue, "overdue", Tone::Bad),
        (summary.installable, "can be closed now", Tone::Good),
        (unknown, "unknown", Tone::Warn),
        (summary.restarts_required, "services on old code", Tone::Warn),
    ]
    .into_iter()
    .filter(|(number, ..)| *number > 0)
    .map(|(number, text, tone)| Word::new(format!("{} {text}", words::thousands(number)), tone))
    .collect();
    if !items.is_empty() {
        sheet.items(" ", &items);
    }
}

fn next_command(document: &StatusDocument) -> &'static str {
    let can_close = document.summary.as_ref().is_some_and(|summary| summary.installable > 0);
    if document.open_run.is_some() {
        "patchctl recover"
    } else if document.scanned.is_none() || document.changed_since_scan {
        "patchctl scan"
    } else if document.feeds.iter().any(|feed| feed.state != FeedState::Fresh) {
        "patchctl feeds refresh"
    } else if can_close {
        "patchctl plan"
    } else if document.reboot.is_some() {
        "systemctl reboot"
    } else {
        "patchctl scan"
    }
}
