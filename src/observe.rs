//! What a run tells while it works. The library tells; who listens decides how it looks.

use std::time::Duration;

/// One thing that happened during a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A stage begins.
    StageBegan {
        /// Its short name, such as `staged`.
        stage: &'static str,
        /// What it is about to do.
        detail: String,
    },
    /// How far a stage came.
    Progress {
        /// Done so far.
        done: u64,
        /// Out of so many.
        total: u64,
        /// What is counted.
        unit: Unit,
        /// What is being worked on.
        item: String,
    },
    /// A stage ended well.
    StageEnded {
        /// Its short name.
        stage: &'static str,
        /// What came of it.
        detail: String,
        /// How long it took.
        took: Duration,
    },
    /// A stage ended with nothing to tell.
    StageLeft {
        /// Its short name.
        stage: &'static str,
    },
    /// A stage ended badly.
    StageFailed {
        /// Its short name.
        stage: &'static str,
        /// What went wrong.
        detail: String,
    },
    /// Something that the operator should know now.
    Note(String),
    /// Something that has to be known, also by who asked for quiet.
    Warning(String),
}

/// What a progress counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Packages, batches and the like.
    Items,
}

/// Listens to a run. Never fails and never blocks a step.
pub trait Observer {
    /// Takes note of an event.
    fn event(&self, event: &Event);
}

/// Listens to nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn event(&self, _event: &Event) {}
}
