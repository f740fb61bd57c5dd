//! `report`: a stored report, to be written in another form.

use std::io::{self, Write};
use std::path::Path;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::context::Context;
use super::records::{self, Keeper};
use super::request::ReportSubject;
use super::{history, runs};
use crate::host::storage;
use crate::model::failure::{Failure, FailureKind};
use crate::model::summary::Summary;
use crate::report::background::{Background, Survey};
use crate::report::documents::Identity;
use crate::report::format::Format;
use crate::report::period::{Look, PERIOD_SCHEMA, Period};
use crate::report::schema::Report;
use crate::report::text::{Rendering, Style};

/// Earlier reports and runs that a page tells of: a plot of more would be a smear, and reading them takes its time.
const REMEMBERED: usize = 60;

/// A stored report, with the history around it.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Told {
    /// The report.
    pub report: Report,
    /// The history of this host, where the report is its own.
    #[serde(skip)]
    pub background: Background,
}

impl Rendering for Told {
    fn text(&self, style: &Style) -> String {
        self.report.text(style)
    }

    fn form(&self, format: Format, out: &mut dyn Write) -> Option<io::Result<()>> {
        Some(self.report.write(format, &self.background, out))
    }

    fn is_judged(&self) -> bool {
        self.report.findings.is_some()
    }
}

/// Reads the report that is asked for, and for a page the history around it.
///
/// # Errors
/// There is none, or it cannot be read: it is damaged, of another version, or no report.
pub fn anew(context: &Context<'_>, subject: &ReportSubject, format: Option<Format>) -> Result<Told, Failure> {
    let report = stored(context, subject)?;
    let is_own = !matches!(subject, ReportSubject::File(_));
    let background = match format {
        Some(Format::Html) if is_own => background(context, &report),
        _ => Background::default(),
    };
    Ok(Told { report, background })
}

/// Gathers what this host knew up to the report. What cannot be read is left out: the report itself tells enough.
fn background(context: &Context<'_>, report: &Report) -> Background {
    let own = runs::list(&context.layout);
    let newest = &own[own.len().saturating_sub(REMEMBERED)..];
    let runs = newest.iter().map(|run| history::entry(context, *run));
    Background {
        runs: runs.filter(|run| run.started <= report.finished).collect(),
        surveys: surveys(context, report),
    }
}

/// What is read of an earlier report: the rest is skipped.
#[derive(Deserialize)]
struct Counted {
    finished: DateTime<Utc>,
    summary: Summary,
}

fn surveys(context: &Context<'_>, report: &Report) -> Vec<Survey> {
    let mut surveys = every_survey(context);
    surveys.retain(|survey| survey.at <= report.finished);
    surveys.split_off(surveys.len().saturating_sub(REMEMBERED))
}

/// Reads what every stored report of the whole host counted, oldest first. One that cannot be read is left out.
fn every_survey(context: &Context<'_>) -> Vec<Survey> {
    let stored = storage::list(&context.layout.reports()).unwrap_or_default();
    let counted = stored.iter().filter(|path| is_survey(path)).filter_map(|path| {
        let counted: Counted = serde_json::from_slice(&storage::read(path).ok()?).ok()?;
        Some(Survey { at: counted.finished, summary: counted.summary })
    });
    let mut surveys: Vec<Survey> = counted.collect();
    surveys.sort_by_key(|survey| survey.at);
    surveys
}

/// Tells of a period from what is stored.
///
/// # Errors
/// Nothing is stored of it, or it ends before it begins.
pub fn period(
    context: &Context<'_>,
    since: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
) -> Result<Period, Failure> {
    let until = until.unwrap_or_else(|| context.now());
    if since.is_some_and(|since| since > until) {
        return Err(Failure::new(FailureKind::Usage, "the period ends before it begins"));
    }
    let is_within = |time: DateTime<Utc>| time <= until && since.is_none_or(|since| time >= since);
    let runs = runs::list(&context.layout).into_iter().map(|run| history::entry(context, run));
    let runs: Vec<_> = runs.filter(|run| is_within(run.started)).collect();
    let surveys = every_survey(context);
    let within = surveys.iter().filter(|survey| is_within(survey.at));
    let looks: Vec<Look> = within.map(|survey| Look::of(survey.at, &survey.summary)).collect();
    if looks.is_empty() && runs.is_empty() {
        let days = context.settings.retention.days;
        return Err(Failure::new(FailureKind::Usage, "nothing is stored of this period")
            .hint(format!("reports are kept for {days} days (retention.days)")));
    }
    Ok(Period::of(Identity::of(PERIOD_SCHEMA, context.now()), (since, until), (looks, runs)))
}

/// Scans and runs judge the whole host; a plan is made of a part.
fn is_survey(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with("scan-") || name.starts_with(|first: char| first.is_ascii_digit())
}

/// Reads a stored report.
///
/// # Errors
/// As [`anew`].
pub(super) fn stored(context: &Context<'_>, subject: &ReportSubject) -> Result<Report, Failure> {
    match subject {
        ReportSubject::Latest => latest(context),
        ReportSubject::Run(run) => {
            let folder = context.layout.run(*run);
            if !storage::exists(folder.path()) {
                return Err(Failure::new(FailureKind::Usage, format!("there is no run {run}"))
                    .hint("patchctl history lists the runs"));
            }
            records::load(&folder.report())
        }
        ReportSubject::File(path) => records::load_from(path, Keeper::Caller),
    }
}

fn latest(context: &Context<'_>) -> Result<Report, Failure> {
    let path = context.layout.latest_report();
    if !is_there(&path) {
        return Err(Failure::new(FailureKind::Usage, "this host has no report yet")
            .hint("patchctl scan makes one; patchctl report FILE reads one from elsewhere"));
    }
    records::load(&path)
}

/// A link that leads nowhere is there: what it led to was taken away.
fn is_there(path: &Path) -> bool {
    storage::link_target(path).is_ok() || storage::exists(path)
}
