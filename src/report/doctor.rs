//! The document of `doctor`: every precondition of a run, whether it holds, and what to do where it does not.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::documents::Identity;
use super::schema::ReportHost;

/// Name of [`DoctorDocument`].
pub const DOCTOR_SCHEMA: &str = "patchctl.doctor/1";

/// Every precondition of a run on this host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DoctorDocument {
    /// Name and version of the document.
    #[serde(flatten)]
    pub identity: Identity,
    /// The host.
    pub host: ReportHost,
    /// The preconditions, in the order in which a run meets them.
    pub preconditions: Vec<Precondition>,
}

impl DoctorDocument {
    /// Counts the preconditions in a state.
    pub fn count(&self, state: PreconditionState) -> usize {
        self.preconditions.iter().filter(|precondition| precondition.state == state).count()
    }
}

/// One precondition, as it was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Precondition {
    /// Its name for scripts, such as `package-database`; it stays the same.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Whether it holds.
    pub state: PreconditionState,
    /// What was found.
    pub finding: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fix: Option<String>,
}

/// Whether a precondition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PreconditionState {
    /// It holds.
    Met,
    /// A run would work, and somebody should know or decide.
    Attention,
    /// It would stop a run.
    Stops,
    /// It could not be looked at: not the same as well.
    NotChecked,
}

impl Precondition {
    /// One that holds.
    pub fn met(id: &str, name: &str, finding: impl Into<String>) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            state: PreconditionState::Met,
            finding: finding.into(),
            fix: None,
        }
    }

    /// The same in another state, with what to do.
    #[must_use]
    pub fn but(self, state: PreconditionState, fix: impl Into<String>) -> Self {
        Self { state, fix: Some(fix.into()), ..self }
    }

    /// The same, not looked at.
    #[must_use]
    pub fn unchecked(self) -> Self {
        Self { state: PreconditionState::NotChecked, ..self }
    }
}
