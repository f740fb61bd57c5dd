//! What begins by itself on a host.

use super::header;
use super::sheet::{Sheet, Tone, Word, left};
use super::style::Detail;
use crate::report::schedule::{FileState, Method, ScheduleDocument};

/// Renders the schedule of a host.
pub(super) fn render(document: &ScheduleDocument, sheet: &mut Sheet<'_>) {
    let by = match document.method {
        Method::Systemd => "systemd",
        Method::Cron => "cron: there is no systemd here",
    };
    sheet.fact("started by", &[Word::plain(by)]);
    for time in &document.times {
        sheet.fact("when", &[Word::plain(time.as_str())]);
    }
    sheet.gap();
    for file in &document.files {
        let (state, tone) = state(file.state);
        sheet.line(&[Word::new(format!(" {}  ", left(state, 9)), tone), Word::plain(file.path.as_str())]);
        if sheet.style().detail == Detail::All {
            for line in file.text.lines() {
                sheet.line(&[Word::new(format!("            {line}"), Tone::Dim)]);
            }
        }
    }
    if !document.remarks.is_empty() {
        sheet.gap();
    }
    for remark in &document.remarks {
        header::alert(remark, sheet);
    }
    sheet.gap();
    let is_there = |state: FileState| matches!(state, FileState::Current | FileState::Written);
    let is_removed = document.files.iter().any(|file| file.state == FileState::Removed);
    let is_whole = document.files.iter().all(|file| is_there(file.state));
    header::next(
        if is_whole || is_removed { "patchctl policy preview" } else { "patchctl schedule install" },
        sheet,
    );
}

fn state(state: FileState) -> (&'static str, Tone) {
    match state {
        FileState::Absent => ("absent", Tone::Dim),
        FileState::Current => ("in place", Tone::Good),
        FileState::Different => ("DIFFERENT", Tone::Warn),
        FileState::Written => ("written", Tone::Good),
        FileState::Removed => ("removed", Tone::Plain),
    }
}
