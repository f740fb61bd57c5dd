//! The settings that the rest of patchctl sees: complete and checked.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::central::CentralSettings;
use super::choice::{CheckSettings, FeedSource, SnapshotChoice, as_span};
use super::error::ConfigurationError;
use super::merge::{Merged, Sourced};
use super::notify::NotifySettings;
use super::origins::Origins;
use super::policy::settings::PolicySettings;
use super::reference::is_key_name;
use crate::model::decision::{ConffilePolicy, RebootPolicy, RestartPolicy};
use crate::model::digest::Sha256;
use crate::model::ring::{Membership, Ring};
use crate::model::severity::Criticality;

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// All settings. The defaults are those of the product design, section 4.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// How much this host matters.
    pub criticality: Criticality,
    /// How this host finds its ring.
    pub ring: Membership,
    /// Feeds.
    pub feeds: FeedSettings,
    /// What a plan may do, and when.
    pub policy: PolicySettings,
    /// Which file system snapshots protect a run.
    pub snapshots: SnapshotChoice,
    /// How many runs keep their way back.
    pub snapshots_kept: u32,
    /// How a plan is carried out.
    pub apply: ApplySettings,
    /// How the host is watched after a plan was carried out.
    pub health: HealthSettings,
    /// How long records are kept.
    pub retention: Retention,
    /// How reports are kept.
    pub report: ReportSettings,
    /// Who is told how a run ended.
    pub notify: NotifySettings,
    /// Where a policy for many hosts comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub central: Option<CentralSettings>,
}

/// Settings of feeds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FeedSettings {
    /// How often feeds are fetched.
    #[serde(serialize_with = "as_span")]
    pub refresh: Duration,
    /// From which age on a feed is stale.
    #[serde(serialize_with = "as_span")]
    pub max_age: Duration,
    /// The file of the keys of which one must have signed a bundle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bundle_key: Option<PathBuf>,
    /// Feeds that are added to the distribution's own, or replace one of the same name.
    pub sources: Vec<FeedSource>,
}

/// How a plan is carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ApplySettings {
    /// What happens to edited configuration files.
    pub conffiles: ConffilePolicy,
    /// How long one batch may take.
    #[serde(serialize_with = "as_span")]
    pub batch_timeout: Duration,
    /// How long to wait for a lock.
    #[serde(serialize_with = "as_span")]
    pub lock_timeout: Duration,
    /// What happens to services on replaced code.
    pub restart: RestartPolicy,
    /// Units that are never restarted: names, `*` for any text, `.service` may be left out.
    pub restart_deny: Vec<String>,
    /// What happens after a run that makes a reboot due.
    pub reboot: RebootPolicy,
}

/// How the host is watched after a plan was carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HealthSettings {
    /// How long the host may take to be as well as before.
    #[serde(serialize_with = "as_span")]
    pub deadline: Duration,
    /// How often it is looked at.
    #[serde(serialize_with = "as_span")]
    pub poll: Duration,
    /// The administrator's own checks, beside those of `checks.d`.
    pub checks: Vec<CheckSettings>,
}

/// Who may read stored reports, and who vouches for them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ReportSettings {
    /// The group that may read reports; nobody but root when absent.
    pub group: Option<String>,
    /// The public keys of which one must have signed each stored report, when they are checked.
    pub key: Option<PathBuf>,
    /// The key of root's gpg that signs each stored report.
    pub sign_with: Option<String>,
}

/// How long records are kept; the last run and open ones always are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Retention {
    /// Runs.
    pub runs: u32,
    /// Days, for reports of scans.
    pub days: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            criticality: Criticality::Normal,
            ring: Membership::Auto,
            feeds: FeedSettings {
                refresh: 6 * HOUR,
                max_age: 7 * DAY,
                bundle_key: None,
                sources: Vec::new(),
            },
            policy: PolicySettings::default(),
            snapshots: SnapshotChoice::Auto,
            snapshots_kept: 3,
            apply: ApplySettings {
                conffiles: ConffilePolicy::Keep,
                batch_timeout: HOUR / 2,
                lock_timeout: Duration::from_secs(300),
                restart: RestartPolicy::Auto,
                restart_deny: Vec::new(),
                reboot: RebootPolicy::Never,
            },
            health: HealthSettings {
                deadline: Duration::from_secs(300),
                poll: Duration::from_secs(5),
                checks: Vec::new(),
            },
            // A year of monthly runs twice over, and a year of reports: what auditors ask for.
            retention: Retention { runs: 24, days: 365 },
            report: ReportSettings::default(),
            notify: NotifySettings::default(),
            central: None,
        }
    }
}

impl Settings {
    /// Fills what no file says with the defaults, and checks the rest.
    ///
    /// # Errors
    /// A value is no use; its file and key are named.
    pub fn from_merged(merged: Merged) -> Result<Self, ConfigurationError> {
        check(&merged)?;
        let default = Self::default();
        let policy = PolicySettings::of(merged.policy, &merged.origins)?;
        let useless = |(key, reason)| ConfigurationError::invalid(merged.origins.of(key), key, reason);
        let notify = merged.notify.complete().map_err(useless)?;
        let central = merged.central.complete().map_err(useless)?;
        let ring = membership(merged.ring, &policy.rings, &merged.origins)?;
        Ok(Self {
            criticality: or(merged.criticality, default.criticality),
            ring,
            feeds: FeedSettings {
                refresh: or(merged.refresh, default.feeds.refresh),
                max_age: or(merged.max_age, default.feeds.max_age),
                bundle_key: merged.bundle_key.map(|key| key.value),
                sources: or(merged.sources, default.feeds.sources),
            },
            policy,
            snapshots: or(merged.snapshots, default.snapshots),
            snapshots_kept: or(merged.keep, default.snapshots_kept),
            apply: ApplySettings {
                conffiles: or(merged.conffiles, default.apply.conffiles),
                batch_timeout: or(merged.batch_timeout, default.apply.batch_timeout),
                lock_timeout: or(merged.lock_timeout, default.apply.lock_timeout),
                restart: or(merged.restart, default.apply.restart),
                restart_deny: or(merged.restart_deny, default.apply.restart_deny),
                reboot: or(merged.reboot, default.apply.reboot),
            },
            health: HealthSettings {
                deadline: or(merged.health_deadline, default.health.deadline),
                poll: or(merged.health_poll, default.health.poll),
                checks: or(merged.checks, default.health.checks),
            },
            retention: Retention {
                runs: or(merged.retention_runs, default.retention.runs),
                days: or(merged.retention_days, default.retention.days),
            },
            report: ReportSettings {
                group: merged.report_group.map(|group| group.value),
                key: merged.report_key.map(|key| key.value),
                sign_with: merged.report_sign_with.map(|key| key.value),
            },
            notify,
            central,
        })
    }

    /// Returns the digest of everything that decides: equal digests mean equal settings.
    pub fn digest(&self) -> Sha256 {
        // The keys come in the order of the fields, so equal settings give equal bytes; values cannot fail to encode.
        Sha256::of(&serde_json::to_vec(self).unwrap_or_default())
    }
}

fn or<T>(written: Option<Sourced<T>>, default: T) -> T {
    written.map_or(default, |sourced| sourced.value)
}

/// A ring that is named has to be one.
fn membership(
    written: Option<Sourced<String>>,
    rings: &[Ring],
    origins: &Origins,
) -> Result<Membership, ConfigurationError> {
    let Some(name) = written.map(|sourced| sourced.value).filter(|name| name != "auto") else {
        return Ok(Membership::Auto);
    };
    if rings.iter().any(|ring| ring.name == name) {
        return Ok(Membership::Named(name));
    }
    let reason = format!("{name:?} is neither auto nor a ring of policy.rings");
    Err(ConfigurationError::invalid(origins.of("host.ring"), "host.ring", reason))
}

fn check(merged: &Merged) -> Result<(), ConfigurationError> {
    for (key, number) in [
        ("snapshot.keep", &merged.keep),
        ("retention.runs", &merged.retention_runs),
        ("retention.days", &merged.retention_days),
    ] {
        refuse(&merged.origins, number.as_ref(), key, |number| {
            (*number == 0).then(|| "must be at least 1".to_owned())
        })?;
    }
    refuse(&merged.origins, merged.report_group.as_ref(), "report.group", |group| {
        let is_name = !group.is_empty()
            && group.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
        (!is_name).then(|| format!("{group:?} is not the name of a group"))
    })?;
    refuse(&merged.origins, merged.report_sign_with.as_ref(), "report.sign_with", |key| {
        (!is_key_name(key)).then(|| "is no name of a key".to_owned())
    })?;
    let sources = merged.sources.iter().flat_map(|sources| &sources.value);
    refuse_twice(&merged.origins, "feeds.source", sources.map(|source| source.name.as_str()))?;
    let checks = merged.checks.iter().flat_map(|checks| &checks.value);
    refuse_twice(&merged.origins, "health.check", checks.map(|check| check.name.as_str()))
}

/// Each table of a list has a name of its own; the second of two is refused.
fn refuse_twice<'a>(
    origins: &Origins,
    key: &'static str,
    names: impl Iterator<Item = &'a str>,
) -> Result<(), ConfigurationError> {
    let mut known = BTreeSet::new();
    let Some((at, name)) = names.enumerate().find(|(_, name)| !known.insert(*name)) else { return Ok(()) };
    let place = origins.of(&format!("{key}[{at}].name"));
    Err(ConfigurationError::invalid(place, key, format!("the name {name:?} stands twice")))
}

fn refuse<T>(
    origins: &Origins,
    sourced: Option<&Sourced<T>>,
    key: &'static str,
    complaint: impl FnOnce(&T) -> Option<String>,
) -> Result<(), ConfigurationError> {
    let reason = sourced.and_then(|sourced| complaint(&sourced.value));
    reason.map_or(Ok(()), |reason| Err(ConfigurationError::invalid(origins.of(key), key, reason)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::choice::Permission;
    use super::super::fragment::Fragment;
    use super::*;
    use crate::model::severity::Severity;

    fn settings(files: &[(&str, &str)]) -> Result<Settings, ConfigurationError> {
        let mut merged = Merged::default();
        for (path, text) in files {
            let path = Path::new(path);
            merged.add(path, Fragment::parse(path, text.as_bytes())?);
        }
        Settings::from_merged(merged)
    }

    #[test]
    fn the_shipped_example_says_the_defaults() {
        let example = include_str!("../../packaging/patchctl.toml");
        let read = settings(&[("packaging/patchctl.toml", example)]).expect("the example is valid");
        assert_eq!(read, Settings::default());
        let uncommented = example.replace("\n#: ", "\n");
        assert!(settings(&[("example", &uncommented)]).is_ok(), "what is commented out is valid too");
    }

    #[test]
    fn later_files_win_and_lists_replace() {
        let source =
            |name: &str| format!("[[feeds.source]]\nname = \"osv-{name}\"\nlocation = \"/srv/{name}\"\n");
        let first = format!("[policy]\nremovals = \"allow\"\nminimum_severity = \"high\"\n{}", source("a"));
        let second = format!("[policy]\nremovals = \"refuse\"\n{}", source("b"));
        let read = settings(&[("10.toml", &first), ("20.toml", &second)]).expect("valid");
        assert_eq!(
            (read.policy.removals, read.policy.minimum_severity),
            (Permission::Refuse, Severity::High)
        );
        assert_eq!(
            read.feeds.sources.iter().map(|source| source.name.as_str()).collect::<Vec<_>>(),
            ["osv-b"]
        );
    }

    #[test]
    fn a_useless_value_names_the_file_it_came_from() {
        let error = settings(&[("10.toml", "[snapshot]\nkeep = 0\n"), ("20.toml", "")]).expect_err("useless");
        assert_eq!(error.to_string(), "10.toml, line 2, key snapshot.keep: must be at least 1");
        let twice = "[[feeds.source]]\nname = \"osv\"\nlocation = \"/a\"\n".repeat(2);
        let error = settings(&[("x.toml", &twice)]).expect_err("twice");
        assert_eq!(error.to_string(), "x.toml, line 5, key feeds.source: the name \"osv\" stands twice");
    }

    #[test]
    fn the_digest_follows_the_values() {
        let same = settings(&[("x.toml", "[feeds]\nrefresh = \"360m\"\n")]).expect("valid");
        let other = settings(&[("x.toml", "[feeds]\nrefresh = \"7h\"\n")]).expect("valid");
        assert_eq!(same.digest(), Settings::default().digest());
        assert_ne!(other.digest(), Settings::default().digest());
    }
}
