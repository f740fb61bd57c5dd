//! `history`: the runs of this host, and the proof of their journals.

use std::path::{Path, PathBuf};

use super::context::Context;
use super::records;
use super::request::HistoryRequest;
use super::{runs, signature};
use crate::apply::journal::{self, JournalError, Replay, RunKind};
use crate::config::layout::RunFolder;
use crate::host::storage;
use crate::model::digest::Sha256;
use crate::model::failure::{Failure, FailureKind, in_one_line};
use crate::model::run::RunId;
use crate::model::transaction::Phase;
use crate::report::documents::{
    HISTORY_SCHEMA, HistoryDocument, Identity, JournalCheck, RunEntry, SignatureCheck,
};
use crate::report::schema::Report;

/// What `history` answers.
pub enum Answer {
    /// The list, with the result of a check where one was asked for.
    List(Box<HistoryDocument>),
    /// One run.
    Run(Box<Report>),
}

/// Lists the runs, shows one, or proves all journals.
///
/// # Errors
/// There is no such run, its report cannot be read, or a journal cannot be believed (`verify`).
pub fn history(context: &Context<'_>, request: HistoryRequest) -> Result<Answer, Failure> {
    match request {
        HistoryRequest::List => Ok(Answer::List(Box::new(list(context, None)?))),
        HistoryRequest::Show(run) => show(context, run).map(|report| Answer::Run(Box::new(report))),
        HistoryRequest::Verify => {
            let checks = runs::list(&context.layout)?.into_iter().map(|run| check(context, run)).collect();
            let list = list(context, Some(checks))?;
            Ok(Answer::List(Box::new(HistoryDocument { signatures: signatures(context), ..list })))
        }
    }
}

fn list(context: &Context<'_>, verification: Option<Vec<JournalCheck>>) -> Result<HistoryDocument, Failure> {
    let runs = runs::list(&context.layout)?.into_iter().rev().map(|run| entry(context, run)).collect();
    let identity = Identity::of(HISTORY_SCHEMA, context.now());
    Ok(HistoryDocument { identity, runs, verification, signatures: Vec::new() })
}

/// Describes a run from its journal, and from its report where there is one.
pub fn entry(context: &Context<'_>, run: RunId) -> RunEntry {
    let folder = context.layout.run(run);
    let replay = journal::replay(&folder.journal());
    let report = records::load(&folder.report()).ok();
    let plan = super::plan::load(&folder.plan()).ok();
    let (phase, started, finished, problem) = match &replay {
        Ok(replay) => (replay.phase, replay.started(), finished(replay), None),
        Err(error) => (Phase::Operator, None, None, Some(error.to_string())),
    };
    let done = plan.as_ref().filter(|_| phase == Phase::Commit);
    RunEntry {
        run,
        command: replay.as_ref().map_or("unknown", command_of).to_owned(),
        started: started.unwrap_or_default(),
        finished,
        phase,
        outcome: report.as_ref().filter(|_| finished.is_some()).map(|report| report.outcome),
        packages: plan.as_ref().map_or(0, |plan| plan.actions().count() as u64),
        closed: done.map_or(0, |plan| plan.closes().len() as u64),
        security: done.map_or(0, |plan| plan.actions().filter(|action| action.security).count() as u64),
        problem,
    }
}

fn finished(replay: &Replay) -> Option<chrono::DateTime<chrono::Utc>> {
    replay.phase.is_final().then(|| replay.finished()).flatten()
}

fn command_of(replay: &Replay) -> &'static str {
    match replay.kind {
        RunKind::Apply => "apply",
        RunKind::Rollback { .. } => "rollback",
    }
}

fn show(context: &Context<'_>, run: RunId) -> Result<Report, Failure> {
    let folder = context.layout.run(run);
    if !storage::exists(folder.path()) {
        return Err(Failure::new(FailureKind::Usage, format!("there is no run {run}"))
            .hint("patchctl history lists the runs"));
    }
    records::load(&folder.report())
}

/// Follows a journal's chain, holds its head against the one that the report names, and proves who signed the report.
fn check(context: &Context<'_>, run: RunId) -> JournalCheck {
    let folder = context.layout.run(run);
    let nothing = JournalCheck { run, entries: 0, signed_by: None, problem: None };
    let replay = match journal::replay(&folder.journal()) {
        Ok(replay) => replay,
        // Cut off before its first record: there is nothing that could be missing.
        Err(JournalError::NotBegun { .. }) => return nothing,
        Err(_) if !storage::exists(&folder.journal()) => return nothing,
        Err(error) => return JournalCheck { problem: Some(in_one_line(&error)), ..nothing },
    };
    let entries = replay.records.len() as u64;
    let checked = unchanged(&replay, &folder).and_then(|()| signer(context, &folder.report()));
    let (signed_by, problem) = match checked {
        Ok(signer) => (signer, None),
        Err(problem) => (None, Some(problem)),
    };
    JournalCheck { entries, signed_by, problem, ..nothing }
}

fn unchanged(replay: &Replay, folder: &RunFolder) -> Result<(), String> {
    let report = records::load(&folder.report()).ok();
    let stated = report.and_then(|report| report.transaction).and_then(|t| t.journal_head);
    let problem = cut_short(replay, stated).or_else(|| changed_report(replay, &folder.report()));
    problem.map_or(Ok(()), Err)
}

/// Proves who signed a stored report, where keys are configured for that.
fn signer(context: &Context<'_>, report: &Path) -> Result<Option<String>, String> {
    let Some(keys) = context.settings.report.key.as_deref().filter(|_| storage::exists(report)) else {
        return Ok(None);
    };
    let proven = signature::signer(context, report, keys).map(Some);
    proven.map_err(|problem| format!("the report proves nothing: {problem}"))
}

/// Proves who signed each stored report that is of no run, where keys are configured for that.
fn signatures(context: &Context<'_>) -> Vec<SignatureCheck> {
    let Some(keys) = &context.settings.report.key else { return Vec::new() };
    let stored = storage::list(&context.layout.reports()).unwrap_or_default();
    let is_own = |path: &PathBuf| {
        path.extension().is_some_and(|ending| ending == "json") && storage::link_target(path).is_err()
    };
    let check = |path: PathBuf| {
        let proven = signature::signer(context, &path, keys);
        let (signed_by, problem) =
            proven.map_or_else(|problem| (None, Some(problem)), |signer| (Some(signer), None));
        SignatureCheck { report: path.display().to_string(), signed_by, problem }
    };
    stored.into_iter().filter(is_own).map(check).collect()
}

fn cut_short(replay: &Replay, stated: Option<Sha256>) -> Option<String> {
    let is_cut = stated.is_some_and(|head| replay.phase.is_final() && head != replay.told_head);
    is_cut.then(|| "the journal ends before the record that its report names".to_owned())
}

/// Holds the report against the digest that the journal noted when it was stored.
fn changed_report(replay: &Replay, report: &Path) -> Option<String> {
    let noted = replay.report()?;
    match storage::digest(report) {
        Ok(found) if found == noted => None,
        Ok(_) => Some("the report is not the one that was stored: it was changed afterwards".to_owned()),
        Err(error) => Some(format!("the report that was stored is gone: {error}")),
    }
}
