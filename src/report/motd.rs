//! The one line at login, and the file that it is made from: counts and states that everybody may read, without a name of
//! a hole.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::nagios::OLD_SCAN;
use super::schema::Report;
use super::words::{ago, thousands};
use crate::model::feed::CompletenessLevel;
use crate::model::outcome::Outcome;
use crate::model::summary::Summary;

/// Name of [`PublicSummary`].
pub const SUMMARY_SCHEMA: &str = "patchctl.summary/1";

/// How the host stands, for everybody: `/run/patchctl/summary.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PublicSummary {
    /// `patchctl.summary/1`.
    pub schema: String,
    /// The verb that wrote it.
    pub command: String,
    /// When it ended.
    pub finished: DateTime<Utc>,
    /// How it ended.
    pub outcome: Outcome,
    /// How complete its result is; absent where nothing was judged.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub completeness: Option<CompletenessLevel>,
    /// The counts; absent where nothing was counted.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub summary: Option<Summary>,
}

impl PublicSummary {
    /// Takes from a report what everybody may know.
    pub fn of(report: &Report) -> Self {
        Self {
            schema: SUMMARY_SCHEMA.to_owned(),
            command: report.command.clone(),
            finished: report.finished,
            outcome: report.outcome,
            completeness: report.completeness.as_ref().map(|known| known.level),
            summary: report.summary.clone(),
        }
    }

    /// Returns the line: what burns first, then what is open, then how far this can be believed. It has no foreign word.
    pub fn line(&self, now: DateTime<Utc>) -> String {
        let mut told = Vec::new();
        match &self.summary {
            Some(summary) => told.extend(counts(summary)),
            None => told.push(format!("the last {} counted nothing", self.verb())),
        }
        match self.outcome {
            Outcome::RolledBack => told.push("the last run was taken back".to_owned()),
            Outcome::Stuck => told.push("the last run needs a person".to_owned()),
            Outcome::Failed | Outcome::Interrupted => told.push(format!("the last {} failed", self.verb())),
            _ => {}
        }
        if self.completeness != Some(CompletenessLevel::Full) {
            told.push("not whole: more may be open".to_owned());
        }
        let seen = format!("seen {}", ago(self.finished, now));
        let is_old = (now - self.finished).num_seconds() >= OLD_SCAN;
        told.push(if is_old { format!("{seen}: scan again") } else { seen });
        format!("patchctl: {} -> patchctl status\n", told.join(", "))
    }

    /// The verb, as long as it is one: the file is not ours alone to write where `/run` is damaged.
    fn verb(&self) -> &str {
        let is_word = self.command.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        if is_word && self.command.len() <= 20 { &self.command } else { "run" }
    }
}

fn counts(summary: &Summary) -> Vec<String> {
    let urgent = [(summary.known_exploited, "exploited in the wild"), (summary.overdue, "overdue")];
    let mut told: Vec<String> = urgent
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{} {what}", thousands(*number)))
        .collect();
    if told.is_empty() {
        told.push("nothing overdue".to_owned());
    }
    told.push(format!("{} open", thousands(summary.open_vulnerabilities)));
    if summary.installable > 0 {
        told.push(format!("{} can be closed now", thousands(summary.installable)));
    }
    if summary.reboot_required {
        told.push("reboot due".to_owned());
    }
    told
}

#[cfg(test)]
mod tests {
    use super::super::text::samples;
    use super::*;

    fn line(change: impl FnOnce(&mut PublicSummary)) -> String {
        let mut summary = PublicSummary::of(&samples::scan());
        (summary.completeness, summary.outcome) = (Some(CompletenessLevel::Full), Outcome::Findings);
        summary.summary = Some(Summary { open_vulnerabilities: 12, ..Summary::default() });
        change(&mut summary);
        summary.line(summary.finished + chrono::Duration::hours(3))
    }

    #[test]
    fn the_line_says_what_burns_first_and_never_calls_the_unknown_safe() {
        assert_eq!(line(|_| {}), "patchctl: nothing overdue, 12 open, seen 3 h ago -> patchctl status\n");
        let burning = line(|told| {
            let counts = told.summary.as_mut().expect("counts");
            (counts.overdue, counts.known_exploited, counts.reboot_required) = (3, 1, true);
            counts.installable = 5;
            told.completeness = None;
        });
        let words = "patchctl: 1 exploited in the wild, 3 overdue, 12 open, 5 can be closed now, reboot due, not whole: more may be open";
        assert!(burning.starts_with(words), "{burning}");
        let failed = line(|told| {
            (told.summary, told.outcome, told.command) = (None, Outcome::Failed, "\u{1b}[2J".to_owned());
        });
        assert!(
            failed.starts_with("patchctl: the last run counted nothing, the last run failed"),
            "{failed}"
        );
        let old = line(|told| told.finished -= chrono::Duration::days(3));
        assert!(old.is_ascii(), "{old}");
    }
}
