//! The verbs that timers and cron call again and again: what they say to nobody.

use anyhow::Result;

use super::session::Shown;
use super::terminal::Weight;
use crate::model::exit_code::ExitCode;
use crate::ops::request::{Begins, RebootRequest, ScanRequest};
use crate::ops::{news, reboot, scan};
use crate::report::reboot::RebootState;

impl Shown<'_> {
    /// With `--quiet`, a scan that found what was found before says nothing: cron mails what is said.
    pub(super) fn scan(&self, request: &ScanRequest) -> Result<ExitCode> {
        let wants_news = self.terminal.is_quiet() && news::can_be_told(request);
        let before = if wants_news { news::last(&self.context) } else { None };
        let report = scan::scan(&self.context, request)?;
        if before.is_none_or(|before| news::Standing::of(&report).is_news_after(&before)) {
            return self.report(&report);
        }
        self.terminal.show(&report, Weight::Routine)?;
        Ok(ExitCode::of_number(report.exit_code))
    }

    /// What waits was told when it began to wait.
    pub(super) fn reboot(&self, request: RebootRequest) -> Result<ExitCode> {
        let document = reboot::reboot(&self.context, request)?;
        let waits = !matches!(document.state, RebootState::Rebooting);
        let by_itself = matches!(request, RebootRequest::WhenItMay(Begins::ByItself));
        self.terminal.show(&document, if waits && by_itself { Weight::Routine } else { Weight::News })?;
        Ok(ExitCode::Done)
    }
}
