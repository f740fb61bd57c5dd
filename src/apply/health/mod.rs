//! Health: what was true before the run is compared with what is true after it.
//!
//! Every probe reads a set of facts. A fact that stood before and is gone, or a complaint that is new, is worse; what
//! was wrong before cannot fail a run. A probe that cannot tell never does. Nothing here needs anything outside the host.

pub mod baseline;
mod boot;
mod boots;
pub mod checks;
mod judge;
mod listening;
pub mod probes;
pub mod ssh;
pub mod trial;
mod units;

pub use baseline::Baseline;
pub use judge::{Judgement, judge};
pub use units::{wanted_running, worse};

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// What one look at the host found, by probe; `None` where a probe could not tell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// The facts of each probe, by its name.
    pub facts: BTreeMap<String, Option<BTreeSet<String>>>,
    /// Units that the service manager has still to start.
    #[serde(skip)]
    pub owed: BTreeSet<String>,
    /// Those of them that it starts only when this process has ended.
    #[serde(skip)]
    pub behind: BTreeSet<String>,
}

/// How the facts of a probe are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Every fact from before must still stand.
    MustStay,
    /// No fact may be new: they are complaints.
    MustNotGrow,
}
