//! `report`: a stored report, to be written in another form.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::context::Context;
use super::past::{self, Past};
use super::records::{self, Keeper};
use super::request::ReportSubject;
use super::{history, runs};
use crate::host::storage::{self, FileStamp};
use crate::model::failure::{Failure, FailureKind, in_one_line};
use crate::observe::Event;
use crate::report::background::{Background, Survey};
use crate::report::documents::Identity;
use crate::report::format::Format;
use crate::report::lifetimes::{Closure, Lifetimes, Look};
use crate::report::period::{PERIOD_SCHEMA, Period};
use crate::report::schema::Report;
use crate::report::text::{Rendering, Style};

/// Runs that a page tells of: a plot of more would be a smear.
const REMEMBERED: usize = 60;
/// Bytes of stored reports that are read for a history: a year of daily scans with 1,000 findings each (about 0.6 MB a
/// report).
const BYTES_READ: u64 = 256 << 20;

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
    let own = runs::known(&context.layout);
    let newest = &own[own.len().saturating_sub(REMEMBERED)..];
    let runs = newest.iter().map(|run| history::entry(context, *run));
    let (mut surveys, mut closures) = lifetimes(context);
    surveys.retain(|survey| survey.at <= report.finished);
    closures.retain(|closure| closure.closed <= report.finished);
    Background { runs: runs.filter(|run| run.started <= report.finished).collect(), surveys, closures }
}

/// Reads what every stored report of the whole host says of its holes, oldest first, the newest up to a sum of bytes, after
/// what is left of those that were pruned. One that cannot be read is left out.
fn lifetimes(context: &Context<'_>) -> (Vec<Survey>, Vec<Closure>) {
    let stored = storage::list(&context.layout.reports()).unwrap_or_default();
    let surveys = stored.into_iter().filter(|path| is_survey(path));
    let mut files: Vec<(FileStamp, PathBuf)> = surveys.map(|path| (storage::stamp(&path), path)).collect();
    files.sort_by_key(|(stamp, _)| std::cmp::Reverse(stamp.written()));
    let mut bytes = 0;
    let within = files.into_iter().take_while(|(stamp, _)| {
        bytes += stamp.size;
        bytes <= BYTES_READ
    });
    // Read twice, so that no more than one of them is held at a time. Of two that ended in the same second the order of
    // writing tells.
    let mut dated: Vec<(DateTime<Utc>, FileStamp, PathBuf)> =
        within.filter_map(|(stamp, path)| Some((parsed::<Ended>(&path)?.finished, stamp, path))).collect();
    dated.sort_by_key(|(finished, stamp, _)| (*finished, stamp.written()));
    let mut lifetimes = Lifetimes::default();
    dated.iter().filter_map(|(_, _, path)| parsed::<Look>(path)).for_each(|look| lifetimes.add(look));
    let (surveys, closures) = lifetimes.ended();
    let mut past = past::read(&context.layout).unwrap_or_else(|failure| {
        context.observer.event(&Event::Note(in_one_line(&failure)));
        Past::default()
    });
    past.surveys.extend(surveys);
    past.closures.extend(closures);
    (past.surveys, past.closures)
}

/// When a stored report ended; the rest of it is skipped.
#[derive(Deserialize)]
struct Ended {
    finished: DateTime<Utc>,
}

/// Reads what is wanted of a stored report; `None` where it cannot be read.
pub(super) fn parsed<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&storage::read(path).ok()?).ok()
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
    let runs = runs::list(&context.layout)?.into_iter().map(|run| history::entry(context, run));
    let runs: Vec<_> = runs.filter(|run| is_within(run.started)).collect();
    let (mut surveys, mut closures) = lifetimes(context);
    surveys.retain(|survey| is_within(survey.at));
    closures.retain(|closure| is_within(closure.closed));
    if surveys.is_empty() && runs.is_empty() {
        let days = context.settings.retention.days;
        return Err(Failure::new(FailureKind::Usage, "nothing is stored of this period")
            .hint(format!("reports are kept for {days} days (retention.days)")));
    }
    let stored = Background { runs, surveys, closures };
    let identity = Identity::of(PERIOD_SCHEMA, context.now());
    Ok(Period::of(identity, (since, until), context.host_name(), stored))
}

/// Scans and runs judge the whole host; a plan is made of a part, and so are reports whose name says `aside`.
pub(super) fn is_survey(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let name = name.strip_prefix("scan-").unwrap_or(name);
    // Signatures lie beside them.
    name.starts_with(|first: char| first.is_ascii_digit()) && name.ends_with(".json")
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
