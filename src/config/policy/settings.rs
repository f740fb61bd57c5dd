//! `[policy]` complete and checked.

use std::time::Duration;

use serde::Serialize;

use super::calendar::WindowFragment;
use super::evidence::EvidenceSettings;
use super::fragment::{ChoiceFragment, DelayFragment, DueFragment, PolicyFragment};
use super::rings;
use crate::config::choice::{Permission, as_span};
use crate::config::error::ConfigurationError;
use crate::config::origins::Origins;
use crate::model::approval::{ApprovalDelay, Choice, FastLane, Phasing};
use crate::model::assessment::DueDays;
use crate::model::ring::Ring;
use crate::model::severity::Severity;
use crate::model::window::{Freeze, Window};

const DAY: Duration = Duration::from_secs(86_400);

/// What a plan may do, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PolicySettings {
    /// The least severity that a plan closes; findings that are not rated count between low and medium.
    pub minimum_severity: Severity,
    /// Whether plans may remove packages.
    pub removals: Permission,
    /// Whether plans may add packages.
    pub new_packages: Permission,
    /// What becomes of updates that their vendor phases.
    pub phased_updates: Phasing,
    /// Whether an archive rebuilt from installed files counts as a way back.
    pub reconstructed_archives: Permission,
    /// Whether what is exploited in the wild waits.
    pub known_exploited: FastLane,
    /// How long a patch waits after its vendor released it.
    pub approval_delay: ApprovalDelay,
    /// How soon findings have to be closed.
    pub due: DueSettings,
    /// Which packages.
    pub packages: Choice,
    /// Which advisories and vulnerabilities.
    pub advisories: Choice,
    /// Which repositories; empty allows all that are signed.
    pub origins: Vec<String>,
    /// What has to be proved first.
    #[serde(flatten)]
    pub evidence: EvidenceSettings,
    /// Rings, in the order in which they patch.
    pub rings: Vec<Ring>,
    /// How far scheduled runs are spread within a window.
    #[serde(serialize_with = "as_span")]
    pub jitter: Duration,
    /// Time that is kept for a reboot at the end of a window.
    #[serde(serialize_with = "as_span")]
    pub reboot_reserve: Duration,
    /// Whether other programs may install updates by themselves; else a schedule switches them off.
    pub other_updaters: Permission,
    /// How long a reboot waits for people who are logged in.
    #[serde(serialize_with = "as_span")]
    pub reboot_wait: Duration,
    /// When a reboot may begin; where there is none, when the host may be changed.
    pub reboot_windows: Vec<Window>,
    /// When the host may be changed; at any time where there is none.
    pub windows: Vec<Window>,
    /// When it may not.
    pub freezes: Vec<Freeze>,
}

/// How long after a finding was first seen it has to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct DueSettings {
    /// Exploited in the wild, whatever the severity.
    #[serde(serialize_with = "as_span")]
    pub known_exploited: Duration,
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

impl DueSettings {
    /// Returns the same in whole days, a begun day counting as one.
    pub fn in_days(&self) -> DueDays {
        let days = |span: Duration| u32::try_from(span.as_secs().div_ceil(DAY.as_secs())).unwrap_or(u32::MAX);
        DueDays {
            known_exploited: days(self.known_exploited),
            critical: days(self.critical),
            high: days(self.high),
            medium: days(self.medium),
            low: days(self.low),
        }
    }
}

impl Default for PolicySettings {
    fn default() -> Self {
        Self {
            minimum_severity: Severity::Low,
            removals: Permission::Refuse,
            new_packages: Permission::Allow,
            phased_updates: Phasing::Follow,
            reconstructed_archives: Permission::Allow,
            known_exploited: FastLane::Now,
            // Nobody waits who has not asked for it: a host that was just set up closes what is open.
            approval_delay: ApprovalDelay::default(),
            due: DueSettings {
                known_exploited: 3 * DAY,
                critical: 7 * DAY,
                high: 14 * DAY,
                medium: 30 * DAY,
                low: 90 * DAY,
            },
            packages: Choice::default(),
            advisories: Choice::default(),
            origins: Vec::new(),
            evidence: EvidenceSettings::default(),
            rings: Vec::new(),
            jitter: Duration::ZERO,
            // What Azure's update extension keeps at the end of its windows (MaintenanceWindow, 15 minutes).
            reboot_reserve: Duration::from_secs(900),
            other_updaters: Permission::Allow,
            // How long Zincati on Fedora CoreOS waits for interactive sessions before it reboots.
            reboot_wait: Duration::from_secs(600),
            reboot_windows: Vec::new(),
            windows: Vec::new(),
            freezes: Vec::new(),
        }
    }
}

impl PolicySettings {
    /// Fills what no file says with the defaults, and checks the rest.
    ///
    /// # Errors
    /// A value is no use; its file, line and key are named.
    pub(in crate::config) fn of(
        written: PolicyFragment,
        origins: &Origins,
    ) -> Result<Self, ConfigurationError> {
        let default = Self::default();
        let rings: Vec<Ring> = written.rings.iter().flatten().cloned().map(|ring| ring.0).collect();
        let evidence = EvidenceSettings::of(&written, &rings, origins)?;
        let windows = placed("policy.window", written.window, origins);
        let reboot_windows = placed("policy.reboot_window", written.reboot_window, origins);
        let mut freezes: Vec<Freeze> = written.freeze.into_iter().flatten().map(|freeze| freeze.0).collect();
        for (at, freeze) in freezes.iter_mut().enumerate() {
            freeze.place = origins.of_item("policy.freeze", at);
        }
        let settings = Self {
            minimum_severity: written.minimum_severity.unwrap_or(default.minimum_severity),
            removals: written.removals.unwrap_or(default.removals),
            new_packages: written.new_packages.unwrap_or(default.new_packages),
            phased_updates: written.phased_updates.unwrap_or(default.phased_updates),
            reconstructed_archives: written.reconstructed_archives.unwrap_or(default.reconstructed_archives),
            known_exploited: written.known_exploited.unwrap_or(default.known_exploited),
            approval_delay: delays(&written.approval_delay),
            due: due(&written.due, default.due),
            packages: choice(written.packages),
            advisories: choice(written.advisories),
            origins: written.origins.unwrap_or_default(),
            evidence,
            rings,
            jitter: written.jitter.map_or(default.jitter, |jitter| jitter.0),
            reboot_reserve: written.reboot_reserve.map_or(default.reboot_reserve, |reserve| reserve.0),
            other_updaters: written.other_updaters.unwrap_or(default.other_updaters),
            reboot_wait: written.reboot_wait.map_or(default.reboot_wait, |wait| wait.0),
            reboot_windows,
            windows,
            freezes,
        };
        settings.check(origins)?;
        Ok(settings)
    }

    /// Returns the windows in which a reboot may begin: its own, else those of runs.
    pub fn windows_for_reboots(&self) -> &[Window] {
        if self.reboot_windows.is_empty() { &self.windows } else { &self.reboot_windows }
    }

    fn check(&self, origins: &Origins) -> Result<(), ConfigurationError> {
        let refuse = |key: &'static str, reason: Option<String>| match reason {
            None => Ok(()),
            Some(reason) => Err(ConfigurationError::invalid(origins.of(key), key, reason)),
        };
        refuse("policy.rings", rings::complaint(&self.rings))?;
        let shortest = self.windows.iter().map(|window| window.duration).min();
        let outlasts = shortest.is_some_and(|shortest| self.jitter >= shortest);
        refuse("policy.jitter", outlasts.then(|| "is as long as a window, or longer".to_owned()))?;
        for (key, list) in [
            ("policy.packages.only", &self.packages.only),
            ("policy.packages.never", &self.packages.never),
            ("policy.advisories.only", &self.advisories.only),
            ("policy.advisories.never", &self.advisories.never),
            ("policy.origins", &self.origins),
        ] {
            let bad =
                list.iter().find(|text| text.trim().is_empty() || text.chars().any(char::is_whitespace));
            refuse(key, bad.map(|text| format!("{text:?} is empty or has blanks")))?;
        }
        Ok(())
    }
}

/// Windows as written, each with its place.
fn placed(key: &str, written: Option<Vec<WindowFragment>>, origins: &Origins) -> Vec<Window> {
    let windows = written.into_iter().flatten().map(|window| window.0).enumerate();
    windows.map(|(at, window)| Window { place: origins.of_item(key, at), ..window }).collect()
}

fn delays(written: &DelayFragment) -> ApprovalDelay {
    let span = |delay: Option<crate::config::span::Delay>| delay.map_or(Duration::ZERO, |delay| delay.0);
    ApprovalDelay {
        critical: span(written.critical),
        high: span(written.high),
        medium: span(written.medium),
        low: span(written.low),
    }
}

fn due(written: &DueFragment, default: DueSettings) -> DueSettings {
    let span = |written: Option<crate::config::span::Span>, default| written.map_or(default, |span| span.0);
    DueSettings {
        known_exploited: span(written.known_exploited, default.known_exploited),
        critical: span(written.critical, default.critical),
        high: span(written.high, default.high),
        medium: span(written.medium, default.medium),
        low: span(written.low, default.low),
    }
}

fn choice(written: ChoiceFragment) -> Choice {
    Choice { only: written.only.unwrap_or_default(), never: written.never.unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_begun_day_counts_as_a_day() {
        let hour = Duration::from_secs(3_600);
        let due = DueSettings { critical: DAY + hour, ..PolicySettings::default().due };
        assert_eq!(due.in_days(), DueDays { critical: 2, ..DueDays::default() });
    }
}
