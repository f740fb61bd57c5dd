//! The document of `reboot`.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::documents::Identity;

/// Name of [`RebootDocument`].
pub const REBOOT_SCHEMA: &str = "patchctl.reboot/1";

/// What becomes of a reboot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RebootDocument {
    /// Name and version of the document.
    #[serde(flatten)]
    pub identity: Identity,
    /// Why a reboot is due, where one is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    /// What becomes of it.
    #[serde(flatten)]
    pub state: RebootState,
    /// Whether a timer or cron looks again by itself.
    pub goes_on: bool,
}

/// What becomes of a reboot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum RebootState {
    /// None is due.
    NotDue,
    /// It was asked for and is not any more.
    Cancelled,
    /// No window is open.
    OutsideWindow {
        /// When the next one opens; absent where none ever does.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        next: Option<DateTime<Utc>>,
    },
    /// People are logged in.
    People {
        /// Who, as far as it can be told.
        people: Vec<String>,
        /// It does not wait for them longer.
        until: DateTime<Utc>,
    },
    /// Something is at work that must end first.
    Busy {
        /// What.
        with: String,
    },
    /// The system goes down.
    Rebooting,
}
