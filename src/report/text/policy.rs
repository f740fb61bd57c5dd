//! Policy: what it had to say about a report.

use super::sheet::{Sheet, Tone, Word};
use crate::report::schema::Report;

/// Renders what was set aside, and rules that need attention; nothing where there is nothing to tell.
pub(super) fn notes(report: &Report, sheet: &mut Sheet<'_>) {
    let Some(policy) = &report.policy else { return };
    for set_aside in &policy.overrides {
        let text = format!("{} set aside: {}", set_aside.rule, set_aside.reason);
        sheet.prose(" ! ", &[Word::new(text, Tone::Warn)]);
    }
    for remark in &policy.remarks {
        sheet.prose(" ! ", &[Word::new(remark.as_str(), Tone::Warn)]);
    }
}
