//! What every verb works with: settings, paths, clock, and who listens.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::image;
use super::request::{Invocation, Refresh};
use crate::apply::ApplyRules;
use crate::config::central::CentralRecord;
use crate::config::choice::Permission;
use crate::config::layout::Layout;
use crate::config::settings::Settings;
use crate::host::clock::Clock;
use crate::host::environment::Environment;
use crate::host::facts;
use crate::host::signals::Signals;
use crate::model::assessment::AssessmentSettings;
use crate::model::digest::Sha256;
use crate::model::distro::Distribution;
use crate::model::failure::{Failure, FailureKind};
use crate::model::feed::{FeedRole, SourceSettings};
use crate::model::package::{Inventory, PackageName};
use crate::model::plan::PlanHost;
use crate::observe::Observer;
use crate::package_manager::{PackageManager, registry};
use crate::plan::policy::Rules;
use crate::report::schema::{Report, ReportHost};
use crate::scan::feed::registry as formats;
use crate::scan::refresh::{self, RefreshMode};

/// What every verb works with.
pub struct Context<'a> {
    /// Every path.
    pub layout: Layout,
    /// What the administrator wants.
    pub settings: Settings,
    /// The administrator's rules about packages, advisories and times.
    pub rules: Rules,
    /// What is known of the central policy.
    pub central: CentralRecord,
    /// What time it is.
    pub clock: Clock,
    /// The caller's environment, as far as it counts.
    pub environment: Environment,
    /// Who is told.
    pub observer: &'a dyn Observer,
    /// What asked to stop.
    pub signals: Signals,
    /// The flags of every verb.
    pub invocation: Invocation,
}

impl Context<'_> {
    /// Returns the time.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Begins the report of a verb.
    pub fn report(&self, command: &str) -> Report {
        Report::begin(command, self.now())
    }

    /// Describes the host for a report.
    pub fn report_host(&self, inventory: &Inventory) -> ReportHost {
        ReportHost {
            name: self.host_name(),
            machine_id_hash: facts::machine_id_hash(self.layout.root()),
            distribution: inventory.distribution.clone(),
            kernel: inventory.kernels.clone(),
            root: self.layout.root().display().to_string(),
            criticality: self.settings.criticality,
        }
    }

    /// Describes the host for a plan.
    pub fn plan_host(&self, distribution: &Distribution) -> PlanHost {
        PlanHost {
            name: self.host_name(),
            machine_id_hash: facts::machine_id_hash(self.layout.root()),
            distribution: format!("{} {}", distribution.id, distribution.codename).trim_end().to_owned(),
        }
    }

    /// The name of the running system, or the one that another root would have.
    pub(super) fn host_name(&self) -> String {
        if self.layout.is_live() { facts::host_name() } else { facts::name_in(self.layout.root()) }
    }

    /// Returns the package manager of a distribution.
    ///
    /// # Errors
    /// There is none for it, or the host is booted from an image.
    pub fn package_manager(&self, distribution: &Distribution) -> Result<Box<dyn PackageManager>, Failure> {
        image::refuse(&self.layout)?;
        registry::for_distribution(distribution, &self.layout).ok_or_else(|| {
            let known = registry::distributions().join(", ");
            let message = format!("no package manager of {} is known", distribution.title());
            Failure::new(FailureKind::Host, message).hint(format!("patchctl plans and applies on: {known}"))
        })
    }

    /// Returns the advisory sources of a distribution: its own defaults, changed or added to by the settings.
    pub fn sources(&self, distribution: &Distribution) -> Vec<SourceSettings> {
        let mut sources = refresh::default_sources(distribution, self.settings.feeds.max_age);
        for configured in &self.settings.feeds.sources {
            let (format, location) = (formats::find(&configured.format), configured.location.clone());
            let configured = SourceSettings {
                name: configured.name.clone(),
                role: format.map_or(FeedRole::Verdicts, |format| format.role()),
                format: configured.format.clone(),
                location: format.map_or(location, |f| f.location(&configured.location, &configured.name)),
                sha256: configured.sha256,
                key: configured.key.clone(),
                max_age: configured.max_age.unwrap_or(self.settings.feeds.max_age),
                configured_by_admin: true,
            };
            match sources.iter_mut().find(|source| source.name == configured.name) {
                Some(source) => *source = configured,
                None => sources.push(configured),
            }
        }
        sources
    }

    /// Tells whether sources may be asked.
    pub fn refresh_mode(&self) -> RefreshMode {
        match self.invocation.refresh {
            Refresh::WhenDue => RefreshMode::WhenDue,
            Refresh::Never | Refresh::Offline => RefreshMode::Never,
        }
    }

    /// Returns how findings are ranked and when they are due.
    pub fn assessment_settings(&self) -> AssessmentSettings {
        AssessmentSettings {
            criticality: self.settings.criticality,
            due: self.settings.policy.due.in_days(),
            minimum_severity: self.settings.policy.minimum_severity,
        }
    }

    /// Returns what a run obeys.
    pub fn apply_rules(&self, accept_no_rollback: &[PackageName]) -> ApplyRules {
        ApplyRules {
            batch_timeout: self.settings.apply.batch_timeout,
            conffiles: self.settings.apply.conffiles,
            accept_reconstructed: self.settings.policy.reconstructed_archives == Permission::Allow,
            accept_no_rollback: accept_no_rollback.to_vec(),
            restart: self.settings.apply.restart,
            restart_deny: self.settings.apply.restart_deny.clone(),
            health: self.settings.health.clone(),
        }
    }

    /// Returns how long to wait for a lock.
    pub fn lock_patience(&self) -> Duration {
        self.invocation.lock_timeout.unwrap_or(self.settings.apply.lock_timeout)
    }

    /// Returns the digest of the settings and rules that decide.
    pub fn policy_digest(&self) -> Sha256 {
        let rules = serde_json::to_vec(&(&self.rules.blocks, &self.rules.waivers)).unwrap_or_default();
        Sha256::of(format!("{} {}", self.settings.digest(), Sha256::of(&rules)).as_bytes())
    }

    /// Refuses a verb that changes the host where it cannot: without root, on another root, or at another time.
    ///
    /// # Errors
    /// The caller is not root, `--root` names another root, or `--as-of` another time.
    pub fn require_power_over_host(&self, verb: &str) -> Result<(), Failure> {
        if !self.layout.is_live() {
            let root = self.layout.root().display();
            return Err(Failure::new(
                FailureKind::Usage,
                format!("{verb} changes only the running system, not {root}"),
            )
            .hint(format!("run patchctl inside that root: chroot {root} patchctl {verb}")));
        }
        if self.invocation.as_of.is_some() {
            return Err(Failure::new(
                FailureKind::Usage,
                format!("{verb} changes the host now, not at another time"),
            )
            .hint("--as-of is for looking ahead: patchctl plan --as-of TIME"));
        }
        if !facts::is_root() {
            return Err(Failure::new(FailureKind::Privilege, format!("{verb} needs root"))
                .hint(format!("sudo patchctl {verb}")));
        }
        Ok(())
    }
}
