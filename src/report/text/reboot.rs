//! What becomes of a reboot.

use super::header;
use super::rules::time;
use super::sheet::{Sheet, Tone, Word};
use crate::report::reboot::{RebootDocument, RebootState};

/// Renders what becomes of a reboot.
pub(super) fn render(document: &RebootDocument, sheet: &mut Sheet<'_>) {
    let tick = sheet.style().tick();
    let (mark, text, tone) = match &document.state {
        RebootState::NotDue => (tick, "no reboot is due".to_owned(), Tone::Good),
        RebootState::Cancelled => (tick, "the reboot is called off; it is still due".to_owned(), Tone::Warn),
        RebootState::OutsideWindow { next: Some(next) } => {
            ("!", format!("the reboot waits for the next window: {}", time(*next)), Tone::Warn)
        }
        RebootState::OutsideWindow { next: None } => {
            ("!", "the reboot waits for a window, and none opens any more".to_owned(), Tone::Bad)
        }
        RebootState::People { until, .. } => {
            ("!", format!("the reboot waits for people, not longer than until {}", time(*until)), Tone::Warn)
        }
        RebootState::Busy { with } => ("!", format!("the reboot waits: {with}"), Tone::Warn),
        RebootState::Rebooting => (tick, "the system goes down for the reboot now".to_owned(), Tone::Warn),
    };
    sheet.prose(&format!(" {mark} "), &[Word::new(text, tone)]);
    if let RebootState::People { people, .. } = &document.state {
        let named = if people.is_empty() { "nobody can tell who".to_owned() } else { people.join(", ") };
        sheet.fact("logged in", &[Word::plain(named)]);
    }
    if let Some(reason) = &document.reason {
        sheet.fact("due because", &[Word::plain(reason.as_str())]);
    }
    let waits =
        !matches!(document.state, RebootState::NotDue | RebootState::Cancelled | RebootState::Rebooting);
    if waits && !document.goes_on {
        header::alert("nothing on this host looks after it by itself", sheet);
    }
    sheet.gap();
    let next = match document.state {
        RebootState::NotDue | RebootState::Rebooting => "patchctl status",
        _ if waits && document.goes_on => "patchctl reboot --cancel",
        _ => "patchctl reboot",
    };
    header::next(next, sheet);
}
