//! Reports on disk: written for every verb, atomically, readable by their owner alone.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::context::Context;
use super::{clock, retention, runs, signature};
use crate::apply::journal::{self, Event as JournalEvent, Journal};
use crate::config::layout::{Layout, RunFolder};
use crate::host::storage::{self, StorageError};
use crate::host::{facts, names};
use crate::model::exit_code::{ExitCode, outcome_of};
use crate::model::failure::{Failure, FailureKind, in_one_line};
use crate::model::feed::CompletenessLevel;
use crate::model::outcome::Outcome;
use crate::model::run::RunId;
use crate::observe::Event;
use crate::report::compliance::Compliance;
use crate::report::motd::PublicSummary;
use crate::report::schema::{REPORT_SCHEMA, Report, ReportError, ReportFiles};

/// Says which run a report is of, and where it will be found.
pub fn name_run(context: &Context<'_>, report: &mut Report, run: RunId) {
    report.run_id = Some(run);
    let path = link_of(&context.layout, run).display().to_string();
    report.files = Some(ReportFiles { report: Some(path), plan: None });
}

fn link_of(layout: &Layout, run: RunId) -> PathBuf {
    layout.reports().join(format!("{run}.json"))
}

/// Ends a report: outcome, code and time.
pub fn conclude(context: &Context<'_>, report: &mut Report, outcome: Outcome, code: ExitCode) {
    report.outcome = outcome;
    report.exit_code = code.number();
    report.finished = context.now();
    report.compliance = Compliance::of(report);
}

/// Ends the report of a verb that found nothing to do. Where something is missing, nobody knows whether that is true.
pub fn conclude_without_work(context: &Context<'_>, report: &mut Report) {
    let level = report.completeness.as_ref().map(|completeness| completeness.level);
    let outcome = match level {
        Some(CompletenessLevel::Incomplete) => Outcome::Incomplete,
        _ => Outcome::NothingToDo,
    };
    conclude(context, report, outcome, ExitCode::of(outcome, None));
}

/// Ends a report with a failure: the kind decides outcome and code.
pub fn fail(context: &Context<'_>, report: &mut Report, failure: &Failure) {
    report.error = Some(error_of(failure));
    conclude(context, report, outcome_of(failure.kind()), failure.kind().into());
}

/// Puts a failure with its causes into the words of a report.
pub fn error_of(failure: &Failure) -> ReportError {
    ReportError { kind: failure.kind(), message: in_one_line(failure), hints: failure.hints().to_vec() }
}

/// Stores the report of a verb that is no run, and points `latest.json` at it unless it is about another root or
/// another time.
///
/// # Errors
/// It cannot be written.
pub fn store(context: &Context<'_>, report: &Report) -> Result<PathBuf, StorageError> {
    if !context.layout.is_live() || context.invocation.as_of.is_some() {
        return store_aside(context, report);
    }
    let path = keep(context, report, &report.command)?;
    point_latest(&context.layout, &path)?;
    Ok(path)
}

/// What the name of a report says that is no answer to how the host stands.
const ASIDE: &str = "aside";

/// Stores a report that tells only a part: it is no answer to how the host stands, and its name says so.
///
/// # Errors
/// It cannot be written.
pub fn store_aside(context: &Context<'_>, report: &Report) -> Result<PathBuf, StorageError> {
    keep(context, report, &format!("{}-{ASIDE}", report.command))
}

fn keep(context: &Context<'_>, report: &Report, kind: &str) -> Result<PathBuf, StorageError> {
    runs::prepare(&context.layout)?;
    let name = format!("{kind}-{}.json", report.started.format(retention::TIME_IN_NAME));
    let path = context.layout.reports().join(name);
    write(context, &path, report)?;
    clock::remember(context, report.feeds.as_deref().unwrap_or_default());
    let days = context.settings.retention.days;
    retention::prune_reports(&context.layout, days, context.clock.real())?;
    retention::prune_plans(&context.layout, days, context.clock.real())?;
    retention::sweep_left_behind(&context.layout, context.clock.real())?;
    Ok(path)
}

/// Stores the report of a run in the run's folder, links it among the reports, and points `latest.json` at it.
///
/// # Errors
/// It cannot be written.
pub fn store_run(context: &Context<'_>, report: &Report) -> Result<PathBuf, StorageError> {
    let Some(run) = report.run_id else { return store(context, report) };
    let path = context.layout.run(run).report();
    write(context, &path, report)?;
    list_run(&context.layout, run, &path)?;
    point_latest(&context.layout, &path)?;
    note_digest(context, &context.layout.run(run));
    Ok(path)
}

/// Notes the digest of a report in the journal of its run, once that is over, so that a later change of it shows.
fn note_digest(context: &Context<'_>, folder: &RunFolder) {
    let noted = journal::replay(&folder.journal()).and_then(|replay| {
        let digest = storage::digest(&folder.report()).ok().filter(|_| replay.phase.is_final());
        let Some(sha256) = digest.filter(|digest| replay.report() != Some(*digest)) else { return Ok(()) };
        let (mut journal, _) = Journal::resume(&folder.journal(), context.clock)?;
        journal.write(JournalEvent::ReportStored { sha256 })
    });
    // Without the note the report is as good, and a change of it does not show.
    if let Err(error) = noted {
        context.observer.event(&Event::Note(format!("the report is stored and not sealed: {error}")));
    }
}

/// Stores the report of a run among the records of another root, with links as that root will see them.
///
/// # Errors
/// It cannot be written.
pub fn store_in(context: &Context<'_>, layout: &Layout, report: &Report) -> Result<PathBuf, StorageError> {
    let Some(run) = report.run_id else { return store(context, report) };
    let path = layout.run(run).report();
    replace(context, &path, report)?;
    let as_booted = Layout::system(Path::new("/")).run(run).report();
    list_run(layout, run, &as_booted)?;
    point_latest(layout, &as_booted)?;
    note_digest(context, &layout.run(run));
    Ok(path)
}

/// Links the report of a run, and its signature, among the reports.
fn list_run(layout: &Layout, run: RunId, report: &Path) -> Result<(), StorageError> {
    let link = link_of(layout, run);
    storage::replace_link(&link, report)?;
    match storage::exists(&signature::of(&layout.run(run).report())) {
        true => storage::replace_link(&signature::of(&link), &signature::of(report)),
        false => signature::forget(&link),
    }
}

/// Replaces a report, and signs it where a key is configured. One that is not signed is stored all the same.
fn replace(context: &Context<'_>, path: &Path, report: &Report) -> Result<(), StorageError> {
    signature::forget(path)?;
    // Strings, numbers and lists always have a JSON form.
    storage::replace(path, &serde_json::to_vec(report).unwrap_or_default(), storage::PRIVATE)?;
    if let Some(key) = &context.settings.report.sign_with
        && let Err(failure) = signature::sign(path, key)
    {
        context.observer.event(&Event::Note(in_one_line(&failure)));
    }
    Ok(())
}

fn write(context: &Context<'_>, path: &Path, report: &Report) -> Result<(), StorageError> {
    replace(context, path, report)?;
    if facts::is_root() && context.layout.is_live() { share(context, path) } else { Ok(()) }
}

/// Lets the group of `report.group` read reports and pass through the folders that lead to them; nothing else in
/// these folders can be read by it. Without a group, only root may.
fn share(context: &Context<'_>, report: &Path) -> Result<(), StorageError> {
    let group = context.settings.report.group.as_deref().and_then(|name| {
        let found = names::group(name);
        if found.is_none() {
            let note = format!("there is no group {name} (report.group): reports stay with root");
            context.observer.event(&Event::Note(note));
        }
        found
    });
    let rights = |shared: u32, private: u32| if group.is_some() { shared } else { private };
    let layout = &context.layout;
    let mut folders = vec![
        (layout.state().to_owned(), rights(0o750, 0o700)),
        (layout.reports(), rights(0o750, 0o700)),
        (layout.runs(), rights(0o710, 0o700)),
    ];
    folders.extend(
        report
            .parent()
            .filter(|folder| **folder != layout.reports())
            .map(|folder| (folder.to_owned(), rights(0o710, 0o700))),
    );
    folders.push((report.to_owned(), rights(0o640, storage::PRIVATE)));
    for (path, mode) in folders {
        storage::set_owner_and_mode(&path, 0, group.unwrap_or_default(), mode)?;
    }
    Ok(())
}

fn point_latest(layout: &Layout, report: &Path) -> Result<(), StorageError> {
    storage::replace_link(&layout.latest_report(), report)
}

/// Writes the summary that everybody may read. Only root has a place for it that others trust.
pub fn publish_summary(context: &Context<'_>, report: &Report) {
    if !facts::is_root() || !context.layout.is_live() || context.invocation.as_of.is_some() {
        return;
    }
    let json = serde_json::to_vec(&PublicSummary::of(report)).unwrap_or_default();
    // A summary that cannot be written is missed by nobody who has the report.
    let _ = storage::create_folder(context.layout.volatile(), 0o755)
        .and_then(|()| storage::replace(&context.layout.summary(), &json, storage::PUBLIC));
}

/// Whose file is read: what is wrong with it is told accordingly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeper {
    /// patchctl keeps it: damage is damage of this host's history.
    Patchctl,
    /// The caller named it.
    Caller,
}

/// The largest report that is read: that of 30,000 packages and 80,000 findings has 60 MB.
const LARGEST_REPORT: u64 = 1 << 30;

/// Reads a report of patchctl's own.
///
/// # Errors
/// It is missing, damaged, no report, or of another version.
pub fn load(path: &Path) -> Result<Report, Failure> {
    load_from(path, Keeper::Patchctl)
}

/// Reads a report.
///
/// # Errors
/// It is missing, damaged, no report, or of another version.
pub fn load_from(path: &Path, keeper: Keeper) -> Result<Report, Failure> {
    let damage = match keeper {
        Keeper::Patchctl => FailureKind::StateCorrupt,
        Keeper::Caller => FailureKind::Usage,
    };
    let bytes = storage::read_at_most(path, LARGEST_REPORT).map_err(|error| {
        let (kind, told) = match error.is_not_found() {
            true => (FailureKind::Usage, "there is no report"),
            false => (damage, "cannot read the report"),
        };
        Failure::new(kind, format!("{told} {}", path.display())).caused_by(error)
    })?;
    let read = serde_json::from_slice::<Report>(&bytes);
    match read.ok().filter(|report| report.schema == REPORT_SCHEMA) {
        Some(report) => Ok(report),
        None => Err(Failure::new(damage, format!("{}: {}", path.display(), what_is_wrong(&bytes)))),
    }
}

/// Says why these bytes are no report that this version reads: it is looked at again only then.
fn what_is_wrong(bytes: &[u8]) -> String {
    let named = match serde_json::from_slice::<Named>(bytes) {
        Ok(named) => named.schema,
        Err(error) if error.is_data() => {
            return "JSON, and not a report of patchctl (no \"schema\")".to_owned();
        }
        Err(error) => return format!("damaged, or no JSON: {error}"),
    };
    let (kind, version) = named.split_once('/').unwrap_or((&named, ""));
    match (kind, named.as_str()) {
        (_, REPORT_SCHEMA) => {
            let reader = &mut serde_json::Deserializer::from_slice(bytes);
            let error = serde_path_to_error::deserialize::<_, Report>(reader).err();
            error.map_or_else(String::new, |error| format!("damaged at {}: {}", error.path(), error.inner()))
        }
        ("patchctl.report", _) => {
            let version: String = version.chars().take(20).collect();
            format!("of schema version {version}; this patchctl reads {REPORT_SCHEMA}")
        }
        _ => format!("a {:?}, not a report ({REPORT_SCHEMA})", named.chars().take(60).collect::<String>()),
    }
}

/// The name that every document of patchctl's own state begins with.
#[derive(Deserialize)]
struct Named {
    schema: String,
}

/// Reads a document of patchctl's own state; `None` where there is none yet.
///
/// # Errors
/// It cannot be read, is damaged, or was written by another version of patchctl.
pub(super) fn state<T: DeserializeOwned>(path: &Path, schema: &str) -> Result<Option<T>, Failure> {
    let refused = |reason: String| {
        let message = format!("{} cannot be used: {reason}", path.display());
        Failure::new(FailureKind::StateCorrupt, message).hint(format!(
            "nothing was changed; look at it, then move it away: mv {0} {0}.damaged",
            path.display()
        ))
    };
    let bytes = storage::read_if_present(path).map_err(|error| refused(error.to_string()))?;
    let Some(bytes) = bytes else { return Ok(None) };
    // As patchctl writes it the name comes first: a large document need not be read twice for it.
    if !bytes.starts_with(format!("{{\"schema\":\"{schema}\"").as_bytes()) {
        let named: Named = serde_json::from_slice(&bytes).map_err(|error| refused(error.to_string()))?;
        if named.schema != schema {
            return Err(refused(format!("it is {}, and this patchctl reads {schema}", named.schema)));
        }
    }
    serde_json::from_slice(&bytes).map(Some).map_err(|error| refused(error.to_string()))
}
