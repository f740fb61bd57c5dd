//! How long a patch has to be out before it is installed, and what is chosen by name.

use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};

use super::duration;
use super::pattern;
use super::severity::Severity;

/// How long after its vendor released it a patch waits, by severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ApprovalDelay {
    /// Critical.
    #[serde(serialize_with = "as_span")]
    pub critical: Duration,
    /// High.
    #[serde(serialize_with = "as_span")]
    pub high: Duration,
    /// Medium, and not rated.
    #[serde(serialize_with = "as_span")]
    pub medium: Duration,
    /// Low and negligible.
    #[serde(serialize_with = "as_span")]
    pub low: Duration,
}

impl ApprovalDelay {
    /// Returns the delay of a severity, with the word that its key has.
    pub fn of(&self, severity: Severity) -> (Duration, &'static str) {
        match severity {
            Severity::Critical => (self.critical, "critical"),
            Severity::High => (self.high, "high"),
            Severity::Medium | Severity::Unknown => (self.medium, "medium"),
            Severity::Low | Severity::Negligible => (self.low, "low"),
        }
    }
}

fn as_span<S: Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&duration::write(*span))
}

/// Whether what is exploited in the wild waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FastLane {
    /// It passes every delay.
    #[default]
    Now,
    /// It waits like everything else.
    Delayed,
}

/// What becomes of updates that their vendor gives to a share of hosts first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phasing {
    /// This host waits for its turn.
    #[default]
    Follow,
    /// They are installed at once.
    Ignore,
}

/// What is in and what is out, by patterns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// Nothing but these; empty leaves nothing out.
    pub only: Vec<String>,
    /// Never these.
    pub never: Vec<String>,
}

/// Why a choice leaves something out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftOut<'a> {
    /// This pattern of `never` names it.
    Never(&'a str),
    /// No pattern of `only` names it.
    NotAmong,
}

impl Choice {
    /// Tells why something that is known by some names is left out; nothing where it is in.
    pub fn leaves_out(&self, names: &[&str]) -> Option<LeftOut<'_>> {
        let fits = |pattern: &&String| names.iter().any(|name| pattern::matches(pattern, name));
        if let Some(pattern) = self.never.iter().find(fits) {
            return Some(LeftOut::Never(pattern));
        }
        let is_in = self.only.is_empty() || self.only.iter().any(|pattern| fits(&pattern));
        (!is_in).then_some(LeftOut::NotAmong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_wins_over_only() {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let choice = Choice { only: texts(&["lib*", "nginx"]), never: texts(&["libc*"]) };
        assert_eq!(choice.leaves_out(&["libssl3", "openssl"]), None);
        assert_eq!(choice.leaves_out(&["libc6", "glibc"]), Some(LeftOut::Never("libc*")));
        assert_eq!(choice.leaves_out(&["curl"]), Some(LeftOut::NotAmong));
        assert_eq!(Choice::default().leaves_out(&["curl"]), None);
    }
}
