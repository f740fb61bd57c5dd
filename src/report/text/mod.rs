//! Text for people: pure renderings of reports and documents at a given width, with or without colour.

mod bundle;
mod doctor;
mod feeds;
mod fleet;
mod header;
mod health;
mod history;
mod period;
mod plan;
mod policy;
mod preview;
mod reboot;
mod rehearsal;
mod restart;
mod rules;
mod run;
pub mod sanitize;
mod scan;
mod schedule;
mod sheet;
mod status;
mod style;
mod why;

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;

pub use style::{Detail, Style};

use std::io::{self, Write};

use self::sheet::Sheet;
use super::background::Background;
use super::comparison::ReportDifference;
use super::doctor::DoctorDocument;
use super::documents::{
    DetachedDocument, FeedsDocument, HistoryDocument, NeedsRestartDocument, PlanDifference, RollbackPreview,
    StatusDocument, WhyDocument,
};
use super::fleet::Fleet;
use super::format::Format;
use super::period::Period;
use super::reboot::RebootDocument;
use super::rules::{PolicyDocument, PolicyPreview, RuleChange};
use super::schedule::ScheduleDocument;
use super::schema::Report;
use super::{group, words};
use crate::model::outcome::Outcome;
use crate::model::plan::PatchPlan;
use crate::report::bundle::BundleDocument;

/// A remark that keeps to the width of the style: `lead` stands before it, and its width indents what is wrapped.
pub fn remark(lead: &str, text: &str, style: &Style) -> String {
    let mut sheet = Sheet::new(style);
    sheet.prose(lead, &[sheet::Word::plain(text)]);
    sheet.into_text()
}

/// Something that can be told to people.
pub trait Rendering {
    /// Returns the text, each line within the width of the style, the last one saying what to do next.
    fn text(&self, style: &Style) -> String;

    /// Writes it in a form for other programs; `None` where it has no such form.
    fn form(&self, _format: Format, _out: &mut dyn Write) -> Option<io::Result<()>> {
        None
    }

    /// Tells whether anything was judged: a list of findings without any means nothing otherwise.
    fn is_judged(&self) -> bool {
        true
    }
}

/// A run is told as a run, a plan as a plan, anything else as a scan. A report that has nothing but an error gives
/// no text: the error is told on its own.
impl Rendering for Report {
    fn text(&self, style: &Style) -> String {
        // A scan that only counts has a summary and no findings.
        if let Some(rehearsal) = &self.rehearsal {
            return written(style, |sheet| rehearsal::render(self, rehearsal, sheet));
        }
        written(style, |sheet| match (&self.transaction, &self.plan, &self.summary) {
            (Some(transaction), ..) => run::render(self, transaction, sheet),
            (None, Some(plan), _) => plan::render(self, plan, sheet),
            (None, None, Some(_)) => scan::render(self, sheet),
            (None, None, None) if self.outcome == Outcome::NothingToDo => {
                run::nothing_to_do(&self.command, sheet)
            }
            (None, None, None) if self.outcome == Outcome::Recovered => run::mended(sheet),
            (None, None, None) => {}
        })
    }

    fn form(&self, format: Format, out: &mut dyn Write) -> Option<io::Result<()>> {
        Some(self.write(format, &Background::default(), out))
    }

    fn is_judged(&self) -> bool {
        self.findings.is_some()
    }
}

impl Rendering for PatchPlan {
    fn text(&self, style: &Style) -> String {
        written(style, |sheet| plan::body(self, sheet))
    }
}

impl Rendering for WhyDocument {
    fn text(&self, style: &Style) -> String {
        written(style, |sheet| why::render(self, sheet))
    }
}

impl Rendering for HistoryDocument {
    fn text(&self, style: &Style) -> String {
        written(style, |sheet| history::render(self, sheet))
    }
}

impl Rendering for StatusDocument {
    fn text(&self, style: &Style) -> String {
        written(style, |sheet| status::render(self, sheet))
    }
}

impl Rendering for NeedsRestartDocument {
    fn text(&self, style: &Style) -> String {
        written(style, |sheet| restart::render(self, sheet))
    }
}

impl Rendering for DoctorDocument {
    fn text(&self, style: &Style) -> String {
        written(style, |sheet| doctor::render(self, sheet))
    }
}

impl Rendering for DetachedDocument {
    fn text(&self, style: &Style) -> String {
        written(style, |sheet| run::detached(self, sheet))
    }
}

impl Rendering for FeedsDocument {
    fn text(&self, style: &Style) -> String {
        written(style, |sheet| feeds::render(self, sheet))
    }
}

impl Rendering for RollbackPreview {
    fn text(&self, style: &Style) -> String {
        written(style, |sheet| preview::render(self, sheet))
    }
}

impl Rendering for PlanDifference {
    fn text(&self, style: &Style) -> String {
        written(style, |sheet| preview::difference(self, sheet))
    }
}

impl Rendering for PolicyDocument {
    fn text(&self, style: &Style) -> String {
        written(style, |sheet| rules::policy(self, sheet))
    }
}

impl Rendering for PolicyPreview {
    fn text(&self, style: &Style) -> String {
        written(style, |sheet| rules::preview(self, sheet))
    }
}

impl Rendering for RuleChange {
    fn text(&self, style: &Style) -> String {
        written(style, |sheet| rules::change(self, sheet))
    }
}

impl Rendering for ScheduleDocument {
    fn text(&self, style: &Style) -> String {
        written(style, |sheet| schedule::render(self, sheet))
    }
}

impl Rendering for RebootDocument {
    fn text(&self, style: &Style) -> String {
        written(style, |sheet| reboot::render(self, sheet))
    }
}

impl Rendering for BundleDocument {
    fn text(&self, style: &Style) -> String {
        written(style, |sheet| bundle::render(self, sheet))
    }
}

impl Rendering for ReportDifference {
    fn text(&self, style: &Style) -> String {
        written(style, |sheet| fleet::difference(self, sheet))
    }
}

impl Rendering for Period {
    fn text(&self, style: &Style) -> String {
        written(style, |sheet| period::render(self, sheet))
    }

    fn form(&self, format: Format, out: &mut dyn Write) -> Option<io::Result<()>> {
        self.write(format, out)
    }
}

impl Rendering for Fleet {
    fn text(&self, style: &Style) -> String {
        written(style, |sheet| fleet::render(self, sheet))
    }

    fn form(&self, format: Format, out: &mut dyn Write) -> Option<io::Result<()>> {
        self.write(format, out)
    }
}

fn written(style: &Style, write: impl FnOnce(&mut Sheet<'_>)) -> String {
    let style = style.clone().within_limits();
    let mut sheet = Sheet::new(&style);
    write(&mut sheet);
    sheet.into_text()
}
