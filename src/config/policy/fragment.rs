//! `[policy]` as written: every key optional.

use serde::Deserialize;

use super::calendar::{FreezeFragment, WindowFragment};
pub(in crate::config) use super::calendar::{day, sentence};
use super::rings::RingFragment;
use crate::config::choice::Permission;
use crate::config::field;
use crate::config::reference::KeyFile;
use crate::config::span::{Delay, Span};
use crate::model::approval::{FastLane, Phasing};
use crate::model::decision::RehearsalBoot;
use crate::model::severity::Severity;

/// `[policy]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PolicyFragment {
    /// The least severity that a plan closes.
    pub minimum_severity: Option<Severity>,
    /// Whether plans may remove packages.
    pub removals: Option<Permission>,
    /// Whether plans may add packages.
    pub new_packages: Option<Permission>,
    /// What becomes of updates that their vendor phases.
    pub phased_updates: Option<Phasing>,
    /// Whether an archive rebuilt from installed files counts as a way back.
    pub reconstructed_archives: Option<Permission>,
    /// Whether what is exploited in the wild waits.
    pub known_exploited: Option<FastLane>,
    /// How long a patch waits after its vendor released it.
    pub approval_delay: DelayFragment,
    /// How soon findings have to be closed.
    pub due: DueFragment,
    /// Which packages.
    pub packages: ChoiceFragment,
    /// Which advisories and vulnerabilities.
    pub advisories: ChoiceFragment,
    /// Which repositories; the list replaces an earlier one.
    pub origins: Option<Vec<String>>,
    /// Whether a plan has to have passed a rehearsal.
    pub require_rehearsal: Option<bool>,
    /// Whether a rehearsal boots its clone.
    pub rehearsal_boot: Option<RehearsalBoot>,
    /// Whose evidence has to speak for a plan: `ring:NAME`.
    pub require_evidence: Option<String>,
    /// From which age on evidence does not count.
    pub evidence_max_age: Option<Span>,
    /// The file of the keys of which one must have signed the evidence of other hosts.
    pub evidence_key: Option<KeyFile>,
    /// The key that signs the evidence of this host.
    pub evidence_sign_with: Option<String>,
    /// Rings; the list replaces an earlier one.
    pub rings: Option<Vec<RingFragment>>,
    /// How far scheduled runs are spread within a window.
    pub jitter: Option<Delay>,
    /// Time that is kept for a reboot at the end of a window.
    pub reboot_reserve: Option<Delay>,
    /// Whether other programs may install updates by themselves.
    pub other_updaters: Option<Permission>,
    /// How long a reboot waits for people who are logged in.
    pub reboot_wait: Option<Delay>,
    /// Windows for reboots; the list replaces an earlier one.
    #[serde(deserialize_with = "field::tables")]
    pub reboot_window: Option<Vec<WindowFragment>>,
    /// Windows; the list replaces an earlier one.
    #[serde(deserialize_with = "field::tables")]
    pub window: Option<Vec<WindowFragment>>,
    /// Freezes; the list replaces an earlier one.
    #[serde(deserialize_with = "field::tables")]
    pub freeze: Option<Vec<FreezeFragment>>,
}

/// `[policy] due`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DueFragment {
    /// Exploited in the wild.
    pub known_exploited: Option<Span>,
    /// Critical.
    pub critical: Option<Span>,
    /// High.
    pub high: Option<Span>,
    /// Medium.
    pub medium: Option<Span>,
    /// Low.
    pub low: Option<Span>,
}

/// `[policy] approval_delay`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DelayFragment {
    /// Critical.
    pub critical: Option<Delay>,
    /// High.
    pub high: Option<Delay>,
    /// Medium.
    pub medium: Option<Delay>,
    /// Low.
    pub low: Option<Delay>,
}

/// `[policy] packages` and `[policy] advisories`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChoiceFragment {
    /// Nothing but these.
    pub only: Option<Vec<String>>,
    /// Never these.
    pub never: Option<Vec<String>>,
}

/// Puts a value that a later file has in the place of an earlier one.
fn put<T>(slot: &mut Option<T>, later: Option<T>) {
    if later.is_some() {
        *slot = later;
    }
}

impl PolicyFragment {
    /// Adds what a later file says.
    pub fn add(&mut self, later: Self) {
        put(&mut self.minimum_severity, later.minimum_severity);
        put(&mut self.removals, later.removals);
        put(&mut self.new_packages, later.new_packages);
        put(&mut self.phased_updates, later.phased_updates);
        put(&mut self.reconstructed_archives, later.reconstructed_archives);
        put(&mut self.known_exploited, later.known_exploited);
        put(&mut self.approval_delay.critical, later.approval_delay.critical);
        put(&mut self.approval_delay.high, later.approval_delay.high);
        put(&mut self.approval_delay.medium, later.approval_delay.medium);
        put(&mut self.approval_delay.low, later.approval_delay.low);
        put(&mut self.due.known_exploited, later.due.known_exploited);
        put(&mut self.due.critical, later.due.critical);
        put(&mut self.due.high, later.due.high);
        put(&mut self.due.medium, later.due.medium);
        put(&mut self.due.low, later.due.low);
        put(&mut self.packages.only, later.packages.only);
        put(&mut self.packages.never, later.packages.never);
        put(&mut self.advisories.only, later.advisories.only);
        put(&mut self.advisories.never, later.advisories.never);
        put(&mut self.origins, later.origins);
        put(&mut self.require_rehearsal, later.require_rehearsal);
        put(&mut self.rehearsal_boot, later.rehearsal_boot);
        put(&mut self.require_evidence, later.require_evidence);
        put(&mut self.evidence_max_age, later.evidence_max_age);
        put(&mut self.evidence_key, later.evidence_key);
        put(&mut self.evidence_sign_with, later.evidence_sign_with);
        put(&mut self.rings, later.rings);
        put(&mut self.jitter, later.jitter);
        put(&mut self.reboot_reserve, later.reboot_reserve);
        put(&mut self.other_updaters, later.other_updaters);
        put(&mut self.reboot_wait, later.reboot_wait);
        put(&mut self.reboot_window, later.reboot_window);
        put(&mut self.window, later.window);
        put(&mut self.freeze, later.freeze);
    }
}
