//! What a judgement depends on besides the package and the statement: what the host uses, what is patched in memory, and
//! the day.

use chrono::{DateTime, Utc};

use super::AssessInput;
use super::affected::{self, Rule};
use super::kernels::LivePatches;
use super::origin::Matched;
use super::scope::InUse;
use crate::model::advisory::VendorState;
use crate::scan::index::Statement;

/// The circumstances of one assessment.
#[derive(Debug, Default)]
pub(crate) struct Circumstances<'a> {
    in_use: InUse<'a>,
    live_patches: LivePatches<'a>,
    now: Option<DateTime<Utc>>,
}

impl<'a> Circumstances<'a> {
    pub(crate) fn of(input: &AssessInput<'a>) -> Self {
        Self { in_use: input.in_use, live_patches: LivePatches::of(input), now: Some(input.now) }
    }

    /// Decides which rule applies; `None` where the statement speaks about something else, or about a later day.
    pub(crate) fn rule(&self, package: &Matched<'_>, statement: &Statement<'_>) -> Option<Rule> {
        if self.is_still_to_come(statement) {
            return None;
        }
        let rule = affected::rule(package, statement, self.in_use)?;
        Some(self.live_patches.applied(rule, package, statement))
    }

    /// The end of a package's support is announced before its day (`security-support-ended` of Debian).
    fn is_still_to_come(&self, statement: &Statement<'_>) -> bool {
        statement.state() == VendorState::EndOfLife
            && statement.vulnerabilities().next().is_none()
            && statement.published().is_some_and(|day| self.now.is_some_and(|now| day > now))
    }
}
