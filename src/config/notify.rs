//! `[notify]`: who is told how a run ended.

use serde::{Deserialize, Serialize};

/// When somebody is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Occasion {
    /// After every run.
    Always,
    /// When something changed or failed.
    #[default]
    Change,
    /// When something failed.
    Error,
}

/// `[notify]` as written.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NotifyFragment {
    /// Who gets mail.
    pub mail: Option<String>,
    /// What is run, as an absolute path and its arguments; the list replaces an earlier one.
    pub command: Option<Vec<String>>,
    /// When.
    pub on: Option<Occasion>,
}

/// `[notify]` complete; by default nobody is told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NotifySettings {
    /// Who gets mail, through the system's `sendmail`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mail: Option<String>,
    /// What is run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// When.
    pub on: Occasion,
}

impl NotifyFragment {
    /// Adds what a later file says.
    pub(super) fn add(&mut self, later: Self) {
        self.mail = later.mail.or(self.mail.take());
        self.command = later.command.or(self.command.take());
        self.on = later.on.or(self.on);
    }

    /// Fills what no file says.
    ///
    /// # Errors
    /// A value is no use: its key and what is wrong with it.
    pub(super) fn complete(self) -> Result<NotifySettings, (&'static str, String)> {
        let is_address = |text: &str| {
            !text.is_empty()
                && !text.starts_with('-')
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"@._+-".contains(&byte))
        };
        if let Some(mail) = self.mail.as_ref().filter(|mail| !is_address(mail)) {
            return Err(("notify.mail", format!("{mail:?} is neither a user nor an address")));
        }
        let command = self.command.unwrap_or_default();
        if let Some(program) = command.first().filter(|program| !program.starts_with('/')) {
            return Err(("notify.command", format!("{program:?} is not an absolute path")));
        }
        Ok(NotifySettings { mail: self.mail, command, on: self.on.unwrap_or_default() })
    }
}
