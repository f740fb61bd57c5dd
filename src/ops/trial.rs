//! What surrounds the batches of a run: the looks before, the restarts and the trial after, and the dead man's timer.

use std::collections::BTreeMap;
use std::time::Duration;

use super::context::Context;
use super::foresight;
use crate::apply::dead_man;
use crate::apply::health::baseline::Baseline;
use crate::apply::health::checks::{self, Check};
use crate::apply::health::trial::{self, Trial};
use crate::apply::journal::{Journal, JournalError};
use crate::apply::restart::pass::{self, Moment, Pass, Situation};
use crate::apply::restart::{self, CodeUser, Owners};
use crate::apply::{Tools, systemd};
use crate::config::layout::RunFolder;
use crate::host::processes::{self, Processes};
use crate::model::decision::RestartPolicy;
use crate::model::failure::{Failure, FailureKind};
use crate::model::package::PackageKey;
use crate::model::plan::{Action, PatchPlan};
use crate::model::run::RunId;
use crate::model::transaction::Phase;
use crate::observe::Event;
use crate::report::health::{HealthReport, HealthVerdict};
use crate::report::restart::Restarted;

/// What a host without systemd has no means for, in the words of plans and reports.
pub const WITHOUT_SYSTEMD: &str = "this host does not run systemd: services are neither watched nor restarted, and no \
    dead-man timer decides when patchctl itself is killed (patchctl recover does)";

/// Everything that a trial is judged by.
#[derive(Clone, Debug)]
pub struct Watch {
    baseline: Baseline,
    checks: Vec<Check>,
    code: Owners,
    changed: Vec<PackageKey>,
    dead_man: Option<String>,
    went_back: Option<Duration>,
}

/// What became of the restarts and the trial.
#[derive(Clone, Debug, Default)]
pub struct Proven {
    /// The part of the report.
    pub health: HealthReport,
    /// What was restarted.
    pub restarted: Vec<Restarted>,
    /// What was left to a person, with the reasons.
    pub left: Vec<(String, String)>,
    /// What is worse than before; absent when the host is as well as before.
    pub complaint: Option<String>,
}

impl Watch {
    /// Finds the checks and takes the first of two looks, before anything is fetched.
    ///
    /// # Errors
    /// A check could be changed by others than root, or cannot be run.
    pub fn begin(tools: &Tools<'_>, plan: &PatchPlan) -> Result<Self, Failure> {
        let checks = checks::find(tools.layout, &tools.rules.health.checks).map_err(unsafe_check)?;
        let changed: Vec<PackageKey> = plan.actions().map(Action::key).collect();
        let code = foresight::owners(tools.layout.root(), changed.iter().cloned());
        let baseline = Baseline::take(tools, &checks, code.clone());
        Ok(Self { baseline, checks, code, changed, dead_man: None, went_back: None })
    }

    /// Takes the second look: what comes and goes by itself is not held against a run.
    #[must_use]
    pub fn look_again(self, tools: &Tools<'_>) -> Self {
        let later = Baseline::take(tools, &self.checks, Owners::new());
        Self { baseline: self.baseline.joined(later), ..self }
    }

    /// Keeps what was seen with the run, and sets the dead man's timer.
    ///
    /// # Errors
    /// The baseline cannot be stored, or systemd refuses the timer: nothing was changed.
    pub fn arm(self, (run, folder): (RunId, &RunFolder)) -> Result<Self, Failure> {
        let unarmed = "the run cannot be watched; nothing was changed";
        self.baseline
            .store(folder)
            .map_err(|error| Failure::new(FailureKind::Host, unarmed).caused_by(error))?;
        let dead_man = dead_man::arm(run, self.baseline.deadline)
            .map_err(|error| Failure::new(FailureKind::Host, unarmed).caused_by(error))?;
        Ok(Self { dead_man, ..self })
    }

    /// Has the same again for a run that was cut off; `None` where it took no baseline, so that nothing can be compared.
    /// After a reboot what every boot has to show is compared.
    ///
    /// # Errors
    /// The baseline cannot be read, or a check could be changed by others.
    pub fn resume(tools: &Tools<'_>, folder: &RunFolder, plan: &PatchPlan) -> Result<Option<Self>, Failure> {
        let baseline = Baseline::load(folder).map_err(|error| {
            Failure::new(FailureKind::StateCorrupt, "the run's own baseline cannot be had").caused_by(error)
        })?;
        let Some(baseline) = baseline else { return Ok(None) };
        let is_of_this_boot = baseline.boot_id == crate::host::facts::boot_id();
        let baseline = match is_of_this_boot {
            true => baseline,
            false => baseline.across_a_boot((tools.layout.root(), tools.clock.since_boot())),
        };
        let checks = checks::find(tools.layout, &tools.rules.health.checks).map_err(unsafe_check)?;
        let code = baseline.code.clone().into_iter().collect();
        let changed = plan.actions().map(Action::key).collect();
        Ok(Some(Self { baseline, checks, code, changed, dead_man: None, went_back: None }))
    }

    /// Returns the code of the changed packages, old and new, by file.
    pub fn code(&self) -> &Owners {
        &self.code
    }

    /// Restarts what runs replaced code, watches the host, and tells whether it is as well as before.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub fn prove(&mut self, tools: &Tools<'_>, journal: &mut Journal) -> Result<Proven, JournalError> {
        self.learn_new_code(tools);
        let pass = self.pass(tools, Moment::Forward);
        if !pass.is_empty() && journal.phase() == Phase::Applied {
            journal.enter(Phase::Restart)?;
        }
        let restarted = self.restart(tools, &pass);
        if journal.phase() != Phase::Trial {
            journal.enter(Phase::Trial)?;
        }
        tools
            .observer
            .event(&Event::StageBegan { stage: "watched", detail: "as well as before?".to_owned() });
        let began = tools.clock.since_boot();
        let trial = trial::watch(tools, &self.baseline, &self.checks);
        let took = tools.clock.since_boot().saturating_sub(began);
        let complaints: Vec<String> = trial.judgement.complaints().collect();
        let complaint = (!trial.healthy).then(|| complaint(tools, &complaints));
        let event = match &complaint {
            Some(complaint) => Event::StageFailed { stage: "watched", detail: complaint.clone() },
            None => Event::StageEnded { stage: "healthy", detail: summary(&trial), took },
        };
        tools.observer.event(&event);
        Ok(Proven { health: self.report(trial), restarted, left: pass.left, complaint })
    }

    /// Notes that the way back begins now: what its packages restart by themselves runs the old code already.
    pub fn goes_back(&mut self, tools: &Tools<'_>) {
        self.went_back = Some(tools.clock.since_boot());
    }

    /// Notes that the run itself is a way back: whatever began since runs the old code.
    pub fn goes_back_from_its_start(&mut self) {
        self.went_back = Some(self.baseline.taken);
    }

    /// Tells whether the run began in this boot: what another boot started runs no old code.
    pub fn is_of_this_boot(&self) -> bool {
        !self.baseline.of_any_boot
    }

    /// After a way back the same once more: the old code is what has to run now.
    pub fn prove_return(&mut self, tools: &Tools<'_>, mut proven: Proven) -> Proven {
        let pass = self.pass(tools, Moment::Returned);
        proven.health.restarted_after_rollback = self.restart(tools, &pass);
        proven.left = pass.left;
        let again = trial::watch(tools, &self.baseline, &self.checks);
        proven.health.after_rollback = again.judgement.checks;
        proven
    }

    /// After a way back that was asked for: the restarts that make the old code run, and a look at how the host is since.
    /// Nothing follows from it but the report, because nothing lies behind the old state.
    pub fn prove_rollback(&mut self, tools: &Tools<'_>) -> Proven {
        self.learn_new_code(tools);
        let pass = self.pass(tools, Moment::Returned);
        let restarted = self.restart(tools, &pass);
        let trial = trial::watch(tools, &self.baseline, &self.checks);
        let complaints: Vec<String> = trial.judgement.complaints().collect();
        let complaint = (!trial.healthy).then(|| complaint(tools, &complaints));
        Proven { health: self.report(trial), restarted, left: pass.left, complaint }
    }

    /// The part of the report of a run that did not come to its trial.
    pub fn untried(&self) -> Proven {
        let health = HealthReport {
            verdict: HealthVerdict::NotRun,
            looks: 0,
            checks: Vec::new(),
            ..self.report(Trial::default())
        };
        Proven { health, ..Proven::default() }
    }

    /// A new version may bring its library under another name: both names count.
    fn learn_new_code(&mut self, tools: &Tools<'_>) {
        self.code.extend(foresight::owners(tools.layout.root(), self.changed.iter().cloned()));
    }

    fn pass(&self, tools: &Tools<'_>, moment: Moment) -> Pass {
        let Some(units) = systemd::units() else { return Pass::default() };
        let processes = processes::list();
        let users = restart::on_old_code(processes.here(), &self.code);
        let users: Vec<CodeUser> = users.into_iter().filter(|user| !user.packages.is_empty()).collect();
        let begun_amid = match moment {
            Moment::Forward => Vec::new(),
            Moment::Returned => self.begun_amid(&processes),
        };
        let denied: Vec<String> =
            tools.rules.restart_deny.iter().cloned().chain(processes::own_unit()).collect();
        let pass = pass::decide(&Situation {
            users: &users,
            units: &units,
            before: &self.baseline.units,
            begun_amid: &begun_amid,
            denied: &denied,
            moment,
        });
        limited(pass, tools.rules.restart)
    }

    /// Units whose oldest process began after the baseline and before the way back.
    fn begun_amid(&self, processes: &Processes) -> Vec<String> {
        let mut oldest: BTreeMap<&str, u64> = BTreeMap::new();
        for process in &processes.known {
            if let Some(unit) = process.owner.unit() {
                let began = oldest.entry(unit).or_insert(process.started);
                *began = process.started.min(*began);
            }
        }
        let first = processes::ticks(self.baseline.taken);
        let last = self.went_back.map_or(u64::MAX, processes::ticks);
        let amid = oldest.into_iter().filter(|(_, began)| (first..last).contains(began));
        let units = amid.map(|(unit, _)| unit.to_owned());
        units.filter(|unit| self.baseline.units.contains(unit)).collect()
    }

    fn restart(&self, tools: &Tools<'_>, pass: &Pass) -> Vec<Restarted> {
        if pass.is_empty() {
            return Vec::new();
        }
        let names: Vec<&str> = pass.units().map(String::as_str).collect();
        let (detail, began) = (names.join(", "), tools.clock.since_boot());
        tools.observer.event(&Event::StageBegan { stage: "restarted", detail: detail.clone() });
        let restarted = pass::carry_out(pass);
        let took = tools.clock.since_boot().saturating_sub(began);
        tools.observer.event(&Event::StageEnded { stage: "restarted", detail, took });
        restarted
    }

    fn report(&self, trial: Trial) -> HealthReport {
        let not_run = (!systemd::is_running()).then(|| WITHOUT_SYSTEMD.to_owned());
        let loose = checks::not_contained(&self.checks);
        let not_watched = trial.not_watched.iter();
        let not_watched = not_watched.map(|unit| format!("{unit} is not watched: this boot starts it later"));
        HealthReport {
            verdict: if trial.healthy { HealthVerdict::Healthy } else { HealthVerdict::Unhealthy },
            deadline_seconds: self.baseline.deadline.as_secs(),
            looks: trial.looks,
            checks: trial.judgement.checks,
            dead_man: self.dead_man.as_ref().map(|unit| format!("{unit}.timer")),
            not_run: not_run.into_iter().chain(loose.map(str::to_owned)).chain(not_watched).collect(),
            ..HealthReport::default()
        }
    }
}

/// What is only to be listed is listed; what the update stopped is started unless nothing may be touched at all.
fn limited(pass: Pass, policy: RestartPolicy) -> Pass {
    let reason = match policy {
        RestartPolicy::Auto => return pass,
        RestartPolicy::List => "apply.restart is list",
        RestartPolicy::Never => "apply.restart is never",
    };
    let listed = pass.restart.into_iter().chain(pass.last).map(|unit| (unit, reason.to_owned()));
    let start = if policy == RestartPolicy::List { pass.start } else { Vec::new() };
    Pass { start, left: pass.left.into_iter().chain(listed).collect(), ..Pass::default() }
}

fn complaint(tools: &Tools<'_>, complaints: &[String]) -> String {
    if tools.signals.stop().is_some() {
        return "stopped by a signal".to_owned();
    }
    if complaints.is_empty() {
        return "the host was not well three times in a row before the deadline".to_owned();
    }
    format!("the host is not as well as before: {}", complaints.join("; "))
}

fn summary(trial: &Trial) -> String {
    let looks = if trial.looks == 1 { "1 look".to_owned() } else { format!("{} looks", trial.looks) };
    format!("{} checks as before, {looks}", trial.judgement.checks.len())
}

/// Refuses at once, before anything is fetched, where a check of the administrator's cannot be used.
///
/// # Errors
/// One can be changed by others, or cannot be run.
pub fn refuse_unusable_checks(context: &Context<'_>) -> Result<(), Failure> {
    checks::find(&context.layout, &context.settings.health.checks).map(drop).map_err(unsafe_check)
}

fn unsafe_check(error: checks::CheckError) -> Failure {
    let kind = match error {
        checks::CheckError::ForeignOwner { .. } | checks::CheckError::WritableByOthers { .. } => {
            FailureKind::InsecureConfig
        }
        _ => FailureKind::Configuration,
    };
    let hint = error.hint();
    Failure::new(kind, "a health check cannot be used; nothing was changed").caused_by(error).hint(hint)
}
