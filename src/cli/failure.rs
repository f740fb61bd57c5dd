//! A chain of errors as people and scripts get it: kind, message, causes, hints.

use std::error::Error;

use chrono::{DateTime, Utc};

use crate::config::error::ConfigurationError;
use crate::host::lock::LockError;
use crate::host::storage::StorageError;
use crate::model::exit_code::{ExitCode, outcome_of};
use crate::model::failure::{Failure, FailureKind};
use crate::report::schema::{Report, ReportError};

/// A failure, ready to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldFailure {
    /// The kind, which decides the exit code.
    pub kind: FailureKind,
    /// What failed, outermost.
    pub message: String,
    /// Why, from the outside to the root.
    pub causes: Vec<String>,
    /// What leads out.
    pub hints: Vec<String>,
}

impl ToldFailure {
    /// Reads a chain of errors.
    pub fn of(error: &anyhow::Error) -> Self {
        let mut causes: Vec<String> = error.chain().skip(1).map(ToString::to_string).collect();
        causes.dedup();
        Self {
            kind: kind_of(error),
            message: error.to_string(),
            causes,
            hints: error.chain().flat_map(hints_of).collect(),
        }
    }

    /// Returns the exit code.
    pub fn exit_code(&self) -> ExitCode {
        self.kind.into()
    }

    /// Returns it as text, one thought a line.
    pub fn text(&self) -> String {
        let mut text = format!("error: {}\n", self.message);
        for cause in &self.causes {
            text.push_str(&format!("  caused by: {cause}\n"));
        }
        for hint in &self.hints {
            text.push_str(&format!("hint: {hint}\n"));
        }
        text
    }

    /// Returns the `error` of a report.
    pub fn report_error(&self) -> ReportError {
        let mut message = self.message.clone();
        for cause in &self.causes {
            message = format!("{message}: {cause}");
        }
        ReportError { kind: self.kind, message, hints: self.hints.clone() }
    }

    /// Returns the report of a verb that failed before it had anything else to tell.
    pub fn report(&self, command: &str, started: DateTime<Utc>, finished: DateTime<Utc>) -> Report {
        let mut report = Report::begin(command, started);
        report.finished = finished;
        report.outcome = outcome_of(self.kind);
        report.exit_code = self.exit_code().number();
        report.error = Some(self.report_error());
        report
    }
}

fn hints_of(link: &(dyn Error + 'static)) -> Vec<String> {
    let configuration = link.downcast_ref::<ConfigurationError>().and_then(ConfigurationError::hint);
    let failure = link.downcast_ref::<Failure>().map(|failure| failure.hints().to_vec());
    failure.unwrap_or_default().into_iter().chain(configuration).collect()
}

/// The first error of the chain that knows its kind decides. What nobody foresaw is a defect, except what the
/// system answered.
fn kind_of(error: &anyhow::Error) -> FailureKind {
    error.chain().find_map(known_kind).unwrap_or_else(|| {
        let is_system = |link: &(dyn Error + 'static)| link.is::<std::io::Error>();
        if error.chain().any(is_system) { FailureKind::Host } else { FailureKind::Defect }
    })
}

fn known_kind(link: &(dyn Error + 'static)) -> Option<FailureKind> {
    if let Some(failure) = link.downcast_ref::<Failure>() {
        return Some(failure.kind());
    }
    if let Some(error) = link.downcast_ref::<ConfigurationError>() {
        return Some(error.kind());
    }
    if let Some(LockError::Held { .. }) = link.downcast_ref::<LockError>() {
        return Some(FailureKind::Lock);
    }
    let storage = link.downcast_ref::<StorageError>()?;
    Some(if storage.is_no_space() { FailureKind::Space } else { FailureKind::Host })
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn a_failure_deep_in_the_chain_gives_kind_and_hints() {
        let root = std::io::Error::other("connection reset");
        let failure = Failure::new(FailureKind::MissingFeed, "cannot fetch debian-tracker")
            .hint("patchctl feeds import FILE brings it by hand")
            .caused_by(root);
        let error = Err::<(), _>(failure).context("scan of web-01").expect_err("an error");
        let told = ToldFailure::of(&error);
        assert_eq!(told.exit_code().number(), 9);
        assert_eq!(
            told.text(),
            "error: scan of web-01\n  caused by: cannot fetch debian-tracker\n  caused by: connection reset\n\
             hint: patchctl feeds import FILE brings it by hand\n"
        );
        assert_eq!(
            told.report_error().message,
            "scan of web-01: cannot fetch debian-tracker: connection reset"
        );
    }

    #[test]
    fn what_nobody_foresaw_is_a_defect_and_what_the_system_said_is_not() {
        assert_eq!(ToldFailure::of(&anyhow::anyhow!("odd")).kind, FailureKind::Defect);
        let error = anyhow::Error::new(std::io::Error::other("odd"));
        assert_eq!(ToldFailure::of(&error).kind, FailureKind::Host);
    }
}
