//! Fragments in their order: later wins, lists replace, and every value remembers its file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::central::CentralFragment;
use super::choice::{CheckSettings, FeedSource, SnapshotChoice};
use super::fragment::Fragment;
use super::notify::NotifyFragment;
use super::origins::Origins;
use super::policy::fragment::PolicyFragment;
use super::span::Span;
use crate::model::decision::{ConffilePolicy, RebootPolicy, RestartPolicy};
use crate::model::severity::Criticality;

/// A value and the file that it was written in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sourced<T> {
    /// The value.
    pub value: T,
    /// The file.
    pub file: PathBuf,
}

/// What all files together say; a value that none says is absent.
#[derive(Clone, Debug, Default)]
pub struct Merged {
    /// `host.criticality`
    pub criticality: Option<Sourced<Criticality>>,
    /// `host.ring`
    pub ring: Option<Sourced<String>>,
    /// `feeds.refresh`
    pub refresh: Option<Sourced<Duration>>,
    /// `feeds.max_age`
    pub max_age: Option<Sourced<Duration>>,
    /// `feeds.bundle_key`
    pub bundle_key: Option<Sourced<PathBuf>>,
    /// `feeds.source`
    pub sources: Option<Sourced<Vec<FeedSource>>>,
    /// `[policy]`
    pub policy: PolicyFragment,
    /// `snapshot.provider`
    pub snapshots: Option<Sourced<SnapshotChoice>>,
    /// `snapshot.keep`
    pub keep: Option<Sourced<u32>>,
    /// `apply.conffiles`
    pub conffiles: Option<Sourced<ConffilePolicy>>,
    /// `apply.batch_timeout`
    pub batch_timeout: Option<Sourced<Duration>>,
    /// `apply.lock_timeout`
    pub lock_timeout: Option<Sourced<Duration>>,
    /// `apply.restart`
    pub restart: Option<Sourced<RestartPolicy>>,
    /// `apply.restart_deny`
    pub restart_deny: Option<Sourced<Vec<String>>>,
    /// `apply.reboot`
    pub reboot: Option<Sourced<RebootPolicy>>,
    /// `health.deadline`
    pub health_deadline: Option<Sourced<Duration>>,
    /// `health.poll`
    pub health_poll: Option<Sourced<Duration>>,
    /// `health.check`
    pub checks: Option<Sourced<Vec<CheckSettings>>>,
    /// `retention.runs`
    pub retention_runs: Option<Sourced<u32>>,
    /// `retention.days`
    pub retention_days: Option<Sourced<u32>>,
    /// `report.group`
    pub report_group: Option<Sourced<String>>,
    /// `report.key`
    pub report_key: Option<Sourced<PathBuf>>,
    /// `report.sign_with`
    pub report_sign_with: Option<Sourced<String>>,
    /// `[notify]`
    pub notify: NotifyFragment,
    /// `[central]`
    pub central: CentralFragment,
    /// Where each key stands.
    pub origins: Origins,
}

/// Puts a value that a file has in the place of an earlier one.
fn put<T>(slot: &mut Option<Sourced<T>>, value: Option<T>, file: &Path) {
    if let Some(value) = value {
        *slot = Some(Sourced { value, file: file.to_owned() });
    }
}

fn put_span(slot: &mut Option<Sourced<Duration>>, value: Option<Span>, file: &Path) {
    put(slot, value.map(|span| span.0), file);
}

impl Merged {
    /// Adds a file that comes after the ones before.
    pub fn add(&mut self, file: &Path, fragment: Fragment) {
        let Fragment { host, feeds, policy, snapshot, apply, health, .. } = fragment;
        let Fragment { retention, report, notify, central, lines, .. } = fragment;
        self.notify.add(notify);
        self.central.add(central);
        self.origins.add(file, &lines);
        put(&mut self.criticality, host.criticality, file);
        put(&mut self.ring, host.ring, file);
        put_span(&mut self.refresh, feeds.refresh, file);
        put_span(&mut self.max_age, feeds.max_age, file);
        put(&mut self.bundle_key, feeds.bundle_key.map(|key| key.0), file);
        let sources = feeds.source.map(|list| list.into_iter().map(|source| source.0).collect());
        put(&mut self.sources, sources, file);
        self.policy.add(policy);
        put(&mut self.snapshots, snapshot.provider, file);
        put(&mut self.keep, snapshot.keep, file);
        put(&mut self.conffiles, apply.conffiles, file);
        put_span(&mut self.batch_timeout, apply.batch_timeout, file);
        put_span(&mut self.lock_timeout, apply.lock_timeout, file);
        put(&mut self.restart, apply.restart, file);
        put(&mut self.restart_deny, apply.restart_deny, file);
        put(&mut self.reboot, apply.reboot, file);
        put_span(&mut self.health_deadline, health.deadline, file);
        put_span(&mut self.health_poll, health.poll, file);
        let checks = health.check.map(|list| list.into_iter().map(|check| check.0).collect());
        put(&mut self.checks, checks, file);
        put(&mut self.retention_runs, retention.runs, file);
        put(&mut self.retention_days, retention.days, file);
        put(&mut self.report_group, report.group, file);
        put(&mut self.report_key, report.key.map(|key| key.0), file);
        put(&mut self.report_sign_with, report.sign_with, file);
    }
}
