//! The status of a host as a monitoring plugin tells it: one line, numbers behind a bar, a state as the exit code
//! (<https://www.monitoring-plugins.org/doc/guidelines.html>, "Plugin Return Codes" and "Performance data").

use super::documents::StatusDocument;
use super::text::sanitize::{Repertoire, clean};
use super::words::{count, span};
use crate::model::feed::CompletenessLevel;
use crate::model::summary::Summary;

/// From this age on, in seconds, a scan tells of the past: twice the day between two runs of a daily timer.
pub(super) const OLD_SCAN: i64 = 2 * 86_400;

/// What a plugin says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum PluginState {
    /// Nothing to do.
    Ok = 0,
    /// Somebody should look.
    Warning = 1,
    /// Somebody has to act.
    Critical = 2,
    /// Nobody can tell.
    Unknown = 3,
}

impl PluginState {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warning => "WARNING",
            Self::Critical => "CRITICAL",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// Returns the state and its line. What is known to burn outweighs what is unknown, and that outweighs the rest.
pub fn plugin(status: &StatusDocument) -> (PluginState, String) {
    let critical = critical(status);
    let unknown = unknown(status);
    let warning = warning(status);
    let state = match (critical.is_empty(), unknown.is_empty(), warning.is_empty()) {
        (false, ..) => PluginState::Critical,
        (true, false, _) => PluginState::Unknown,
        (true, true, false) => PluginState::Warning,
        (true, true, true) => PluginState::Ok,
    };
    let mut told: Vec<String> = critical.into_iter().chain(unknown).chain(warning).collect();
    told.extend(status.summary.as_ref().map(|summary| format!("{} open", summary.open_vulnerabilities)));
    let numbers = status.summary.as_ref().map_or_else(String::new, performance);
    (state, line(state, &told.join(", "), &numbers))
}

/// Returns the line of a status that could not be had at all.
pub fn unknown_plugin(reason: &str) -> (PluginState, String) {
    (PluginState::Unknown, line(PluginState::Unknown, reason, ""))
}

/// The bar parts text from numbers, so no text may hold one.
fn line(state: PluginState, told: &str, numbers: &str) -> String {
    let told = clean(told, Repertoire::Ascii).replace('|', "/");
    format!("PATCHCTL {} - {told}{numbers}\n", state.word())
}

fn critical(status: &StatusDocument) -> Vec<String> {
    let mut told = Vec::new();
    if let Some(run) = &status.open_run {
        told.push(format!("run {} was interrupted", run.run));
    }
    if let Some(summary) = &status.summary {
        if summary.overdue > 0 {
            told.push(format!("{} overdue", summary.overdue));
        }
        if summary.known_exploited > 0 {
            told.push(format!("{} exploited in the wild", summary.known_exploited));
        }
    }
    told
}

fn unknown(status: &StatusDocument) -> Vec<String> {
    if status.scanned.is_none() {
        return vec!["never scanned".to_owned()];
    }
    match status.completeness.as_ref().map(|completeness| completeness.level) {
        Some(CompletenessLevel::Full) => Vec::new(),
        Some(CompletenessLevel::UpdatesOnly) => vec!["only pending updates are known".to_owned()],
        Some(CompletenessLevel::Incomplete) | None => vec!["the last scan is not whole".to_owned()],
    }
}

fn warning(status: &StatusDocument) -> Vec<String> {
    let mut told = Vec::new();
    let due_soon = status.summary.as_ref().map_or(0, |summary| summary.due_soon);
    if due_soon > 0 {
        told.push(format!("{due_soon} due within a week"));
    }
    let restarts = status.summary.as_ref().map_or(0, |summary| summary.restarts_required);
    if restarts > 0 {
        told.push(count(restarts, "service to restart", "services to restart"));
    }
    if status.reboot.is_some() {
        told.push("reboot due".to_owned());
    }
    let age = status.scanned.map(|scanned| (status.identity.created - scanned).num_seconds());
    if let Some(age) = age.filter(|age| *age >= OLD_SCAN) {
        told.push(format!("scanned {} ago", span(age)));
    }
    if status.changed_since_scan {
        told.push("packages changed since the scan".to_owned());
    }
    told
}

/// `name=value;warning;critical;minimum`, without thresholds where the state has none of its own.
fn performance(summary: &Summary) -> String {
    format!(
        " | open={};;;0 overdue={};;0;0 due_soon={};0;;0 exploited={};;0;0 installable={};;;0",
        summary.open_vulnerabilities,
        summary.overdue,
        summary.due_soon,
        summary.known_exploited,
        summary.installable
    )
}

#[cfg(test)]
mod tests {
    use super::super::text::samples::runs;
    use super::*;

    fn judged(change: impl FnOnce(&mut StatusDocument)) -> (PluginState, String) {
        let mut status = runs::status();
        status.scanned = Some(status.identity.created);
        status.reboot = None;
        status.open_run = None;
        status.changed_since_scan = false;
        status.completeness =
            Some(crate::model::feed::Completeness { level: CompletenessLevel::Full, reasons: Vec::new() });
        status.summary = Some(Summary { open_vulnerabilities: 7, ..Summary::default() });
        change(&mut status);
        plugin(&status)
    }

    #[test]
    fn what_burns_outweighs_the_unknown_and_the_unknown_the_rest() {
        let (state, line) = judged(|_| {});
        assert_eq!(
            (state, line.as_str()),
            (
                PluginState::Ok,
                "PATCHCTL OK - 7 open | open=7;;;0 overdue=0;;0;0 due_soon=0;0;;0 exploited=0;;0;0 installable=0;;;0\n"
            )
        );
        assert_eq!(judged(|status| status.reboot = Some("x".into())).0, PluginState::Warning);
        assert_eq!(judged(|status| status.completeness = None).0, PluginState::Unknown);
        assert_eq!(judged(|status| status.scanned = None).0, PluginState::Unknown);
        let (state, line) = judged(|status| {
            status.completeness = None;
            status.summary.as_mut().expect("counts").overdue = 3;
        });
        assert_eq!(state, PluginState::Critical);
        assert!(
            line.starts_with("PATCHCTL CRITICAL - 3 overdue, the last scan is not whole, 7 open |"),
            "{line}"
        );
    }

    #[test]
    fn no_text_breaks_the_line() {
        let (state, line) = unknown_plugin("a | b\n\u{1b}[2J");
        assert_eq!(
            (state, line.as_str()),
            (PluginState::Unknown, "PATCHCTL UNKNOWN - a / b\\u{a}\\u{1b}[2J\n")
        );
    }
}
