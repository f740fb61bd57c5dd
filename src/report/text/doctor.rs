//! Every precondition of a run: one line each, and below it what to do.

use super::header;
use super::sheet::{Sheet, Tone, Word, left};
use super::words;
use crate::report::doctor::{DoctorDocument, Precondition, PreconditionState};

/// Columns of the names, the longest of which is `room for a kernel`.
const NAMES: usize = 18;

/// Renders the answer of `doctor`.
pub(super) fn render(document: &DoctorDocument, sheet: &mut Sheet<'_>) {
    sheet.items("", &header::identity(&document.host));
    sheet.gap();
    for precondition in &document.preconditions {
        line(precondition, sheet);
    }
    sheet.gap();
    verdict(document, sheet);
    sheet.gap();
    header::next(next_command(document), sheet);
}

fn line(precondition: &Precondition, sheet: &mut Sheet<'_>) {
    let (mark, tone) = match precondition.state {
        PreconditionState::Met => (sheet.style().tick(), Tone::Good),
        PreconditionState::Attention => ("!", Tone::Warn),
        PreconditionState::Stops => (sheet.style().cross(), Tone::Bad),
        PreconditionState::NotChecked => ("?", Tone::Warn),
    };
    let lead = format!(" {mark} {}", left(&precondition.name, NAMES));
    let tone = if precondition.state == PreconditionState::Met { Tone::Plain } else { tone };
    sheet.prose(&lead, &[Word::new(precondition.finding.as_str(), tone)]);
    if let Some(fix) = &precondition.fix {
        let lead = " ".repeat(NAMES + 3);
        sheet.prose(&lead, &[Word::new(format!("{} {fix}", sheet.style().arrow()), Tone::Strong)]);
    }
}

fn verdict(document: &DoctorDocument, sheet: &mut Sheet<'_>) {
    let count = |state| document.count(state) as u64;
    let stops = count(PreconditionState::Stops);
    let mut items = vec![match stops {
        0 => Word::new("nothing stops an apply", Tone::Good),
        1 => Word::new("1 thing would stop an apply", Tone::Bad),
        _ => Word::new(format!("{stops} things would stop an apply"), Tone::Bad),
    }];
    for (number, text, tone) in [
        (count(PreconditionState::Attention), "to know or decide", Tone::Warn),
        (count(PreconditionState::NotChecked), "not checked", Tone::Warn),
    ] {
        if number > 0 {
            items.push(Word::new(format!("{} {text}", words::thousands(number)), tone));
        }
    }
    sheet.items(" ", &items);
}

fn next_command(document: &DoctorDocument) -> &'static str {
    if document.count(PreconditionState::Stops) > 0 { "patchctl doctor" } else { "patchctl plan" }
}
