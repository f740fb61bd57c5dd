//! What went wrong, as a kind that decides the exit code, with the way out in words.

use std::error::Error;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The finer word behind an exit code (the report's `error.kind`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// Wrong usage of the command line.
    Usage,
    /// A configuration value is wrong.
    Configuration,
    /// A configuration file can be changed by others.
    InsecureConfig,
    /// Needs root.
    Privilege,
    /// Another package tool or patchctl holds the lock.
    Lock,
    /// Refused by policy.
    Policy,
    /// The host is no longer what the plan was made for.
    Drift,
    /// A feed is missing.
    MissingFeed,
    /// A feed is too old.
    StaleFeed,
    /// A feed cannot be read.
    MalformedFeed,
    /// A signature or digest does not match.
    Signature,
    /// The clock of the host cannot be believed.
    Clock,
    /// Not enough room.
    Space,
    /// The package database is not clean.
    HostUnclean,
    /// Nothing that remains has a way back.
    NoWayBack,
    /// An earlier run is still open.
    OpenRun,
    /// patchctl's own state cannot be read.
    StateCorrupt,
    /// Failed and rolled back.
    RolledBack,
    /// A person is needed.
    Operator,
    /// Stopped by SIGINT.
    Interrupted,
    /// Stopped by SIGTERM.
    Terminated,
    /// A rehearsal failed.
    Rehearsal,
    /// No clone of the host can be had, so nothing can be rehearsed.
    NoClone,
    /// Something the host should provide failed.
    Host,
    /// A mistake in patchctl itself.
    Defect,
}

/// A failure with its kind and the way out.
#[derive(Debug)]
pub struct Failure {
    kind: FailureKind,
    message: String,
    hints: Vec<String>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    /// A failure that is known by its message alone.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hints: Vec::new(), source: None }
    }

    /// Adds one sentence that leads out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Returns the kind.
    pub fn kind(&self) -> FailureKind {
        self.kind
    }

    /// Returns the ways out.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }
}

/// Puts an error and its causes into one line: `what: why: why that`.
pub fn in_one_line(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// An error as another process told it: its words and every cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    words: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    cause: Option<Box<Told>>,
}

impl Told {
    /// An error without a cause.
    pub fn new(words: String) -> Self {
        Self { words, cause: None }
    }

    /// Takes down an error.
    pub fn of(error: &(dyn Error + 'static)) -> Self {
        Self { words: error.to_string(), cause: error.source().map(|cause| Box::new(Self::of(cause))) }
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl Error for Told {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as &(dyn Error + 'static))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}
