//! One loop: record what is intended, do it, record what is observed. What an exit code says is never believed.

use std::time::Instant;

use super::configuration::aside;
use super::extent::Extent;
use super::journal::{Event, Intended, Journal};
use super::precheck::{self, Standing};
use super::protect::{self, ProtectedPlan};
use super::time_left::TimeLeft;
use super::{RunError, Tools, back, forward};
use crate::host::signals::Stop;
use crate::model::package::{Inventory, PackageKey, PackageName, PackageState};
use crate::model::plan::{Action, Step};
use crate::model::transaction::{Observed, Phase};
use crate::observe::{Event as Told, Unit};
use crate::package_manager::InstallRequest;
use crate::report::transaction::{NotRestored, StepOutcome, StepReport, Verified};
use crate::scan::inventory;

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Every package is in its planned version and every file was verified.
    Patched(Verified),
    /// The host is as it was before.
    Returned {
        /// Why the run went back.
        reason: String,
        /// The signal that asked for it, if one did.
        stopped: Option<Stop>,
        /// What was proven about the old state.
        verified: Verified,
        /// Paths that are not as they were.
        not_restored: Vec<NotRestored>,
    },
    /// Neither forward nor back converged.
    Stuck {
        /// What is wrong.
        reason: String,
        /// The commands that a person can use.
        commands: Vec<String>,
    },
}

/// What a run did, whichever way it ended.
#[derive(Clone, Debug)]
pub struct Performed {
    /// How it ended.
    pub ending: Ending,
    /// Its steps.
    pub steps: Vec<StepReport>,
    /// The last lines of the package manager, where something failed.
    pub last_words: Vec<String>,
    /// The packages that a step failed of; empty where nobody knows.
    pub culprits: Vec<PackageKey>,
    /// It went back because its window closes: nothing is wrong with any package.
    pub out_of_time: bool,
}

/// Why a step did not bring its new state.
struct Failed {
    reason: String,
    last_words: Vec<String>,
    stopped: Option<Stop>,
    culprits: Vec<PackageKey>,
    out_of_time: bool,
}

impl Failed {
    fn because(reason: String) -> Self {
        Self { reason, last_words: Vec::new(), stopped: None, culprits: Vec::new(), out_of_time: false }
    }

    fn out_of_time(reason: String) -> Self {
        Self { out_of_time: true, ..Self::because(reason) }
    }

    fn stopped(stop: Stop) -> Self {
        Self { stopped: Some(stop), ..Self::because("stopped by a signal".to_owned()) }
    }
}

/// Carries out every step of a protected plan, and takes all of it back when one fails, or when the next might not be over in
/// time.
///
/// The journal must stand in [`Phase::Snapped`], and the caller holds the front-end lock of the package manager.
///
/// # Errors
/// The journal or the package database cannot be used: the run stays open for `recover`.
pub fn perform(
    tools: &Tools<'_>,
    protected: &ProtectedPlan,
    journal: &mut Journal,
    time_left: &TimeLeft,
) -> Result<Performed, RunError> {
    journal.enter(Phase::Applying)?;
    let plan = protected.staged().plan();
    let mut steps = Vec::new();
    for step in &plan.steps {
        tools.observer.event(&Told::Progress {
            done: u64::from(step.ordinal - 1),
            total: plan.steps.len() as u64,
            unit: Unit::Items,
            item: step.actions.first().map(|action| action.package.to_string()).unwrap_or_default(),
        });
        let late = || time_left.refuses(step.ordinal as usize - 1, tools.clock.since_boot());
        let result =
            match tools.signals.stop().map(Failed::stopped).or_else(|| late().map(Failed::out_of_time)) {
                Some(failed) => Err(failed),
                None => one_step(tools, protected, journal, (step, &mut steps))?,
            };
        if let Err(failed) = result {
            return go_back(tools, protected, journal, (failed, steps));
        }
    }
    if let Some(stop) = tools.signals.stop() {
        return go_back(tools, protected, journal, (Failed::stopped(stop), steps));
    }
    journal.enter(Phase::Applied)?;
    protect::remember_after(tools.layout, protected.staged().folder())?;
    match forward::prove(tools, at_hand(protected))? {
        Ok(verified) => Ok(Performed {
            ending: Ending::Patched(verified),
            steps,
            last_words: Vec::new(),
            culprits: Vec::new(),
            out_of_time: false,
        }),
        Err(reason) => go_back(tools, protected, journal, (Failed::because(reason), steps)),
    }
}

fn read_inventory(tools: &Tools<'_>) -> Result<Inventory, RunError> {
    Ok(inventory::read(tools.layout.root(), tools.layout.is_live())?)
}

/// Does one step between its two journal records.
fn one_step(
    tools: &Tools<'_>,
    protected: &ProtectedPlan,
    journal: &mut Journal,
    (step, reports): (&Step, &mut Vec<StepReport>),
) -> Result<Result<(), Failed>, RunError> {
    let began = Instant::now();
    let before = read_inventory(tools)?;
    let observed = precheck::observe(&before, &step.actions);
    if precheck::standing(&observed, &step.actions) != Standing::Ready {
        let reason = precheck::deviations(&observed, &step.actions, |action| action.from.as_ref()).join(", ");
        return Ok(Err(Failed::because(format!("the host changed meanwhile: {reason}"))));
    }
    journal.write(Event::BatchIntended { batch: step.ordinal, actions: intended(&step.actions) })?;
    let folder = protected.staged().folder();
    let request = InstallRequest {
        actions: &step.actions,
        archives: &folder.new_archives(),
        conffiles: tools.rules.conffiles,
        time_limit: tools.rules.batch_timeout,
        log: &folder.log(),
    };
    let output = tools.manager.install(&request, &mut |_| {})?;
    aside::put_back(tools, folder)?;
    let after = read_inventory(tools)?;
    let observed = precheck::observe(&after, &step.actions);
    let mut reason = step_failure(&before, &after, (&observed, step));
    if reason.is_none() && !output.is_success() {
        // A tool that complains may have left something behind, even if every version is the new one.
        reason = forward::left_behind(tools, at_hand(protected))?;
    }
    let blamed = tools.manager.blamed(&output);
    if reason.is_none() && !blamed.is_empty() {
        // rpm calls a package installed although its script failed.
        reason = Some(format!("a script failed of {}", listed(&blamed)));
    }
    let outcome = judged(&observed, &step.actions);
    reports.push(StepReport {
        ordinal: step.ordinal,
        outcome,
        observed: observed.clone(),
        seconds: began.elapsed().as_secs_f64(),
    });
    match reason {
        None => {
            journal.write(Event::BatchDone { batch: step.ordinal, observed })?;
            Ok(Ok(()))
        }
        Some(reason) => {
            let reason = if output.timed_out { format!("time limit reached; {reason}") } else { reason };
            journal.write(Event::BatchFailed { batch: step.ordinal, observed, reason: reason.clone() })?;
            let culprits = culprits(&blamed, &after, &step.actions);
            Ok(Err(Failed { last_words: output.last_words(12), culprits, ..Failed::because(reason) }))
        }
    }
}

/// The packages that a step failed of: those that the package manager names, else those it left in the middle of
/// their installation. Only blame hangs on this; what was done is read from the database.
fn culprits(blamed: &[PackageName], after: &Inventory, actions: &[Action]) -> Vec<PackageKey> {
    let of_the_step = |is_culprit: &dyn Fn(&Action) -> bool| -> Vec<PackageKey> {
        actions.iter().filter(|action| is_culprit(action)).map(Action::key).collect()
    };
    let named = of_the_step(&|action| blamed.contains(&action.package));
    if !named.is_empty() {
        return named;
    }
    of_the_step(&|action| {
        after.named(action.package.as_str()).any(|package| {
            package.reinstall_required
                || matches!(package.state, PackageState::HalfConfigured | PackageState::HalfInstalled)
        })
    })
}

fn listed(names: &[PackageName]) -> String {
    names.iter().map(PackageName::as_str).collect::<Vec<_>>().join(", ")
}

fn intended(actions: &[Action]) -> Vec<Intended> {
    let intend = |action: &Action| Intended {
        package: action.key(),
        from: action.from.clone(),
        to: action.to.clone(),
    };
    actions.iter().map(intend).collect()
}

fn step_failure(
    before: &Inventory,
    after: &Inventory,
    (observed, step): (&[Observed], &Step),
) -> Option<String> {
    let deviations = precheck::deviations(observed, &step.actions, |action| action.to.as_ref());
    if !deviations.is_empty() {
        return Some(deviations.join(", "));
    }
    let bystanders = precheck::bystanders(before, after, &step.actions);
    (!bystanders.is_empty()).then(|| format!("packages outside the plan changed: {}", bystanders.join(", ")))
}

fn judged(observed: &[Observed], actions: &[Action]) -> StepOutcome {
    match precheck::standing(observed, actions) {
        Standing::Done => StepOutcome::New,
        Standing::Ready => StepOutcome::Old,
        Standing::Between => StepOutcome::Mixed,
    }
}

fn at_hand(protected: &ProtectedPlan) -> forward::RunAtHand<'_> {
    let staged = protected.staged();
    forward::RunAtHand { plan: staged.plan(), folder: staged.folder(), remembered: protected.remembered() }
}

fn go_back(
    tools: &Tools<'_>,
    protected: &ProtectedPlan,
    journal: &mut Journal,
    (failed, steps): (Failed, Vec<StepReport>),
) -> Result<Performed, RunError> {
    tools.observer.event(&Told::StageFailed { stage: "applying", detail: failed.reason.clone() });
    let begun: Vec<Action> = begun_actions(protected, &steps);
    let folder = protected.staged().folder();
    let format = tools.manager.archives();
    let way = back::WayBack::new(format, (folder, folder), (begun, Extent::Whole))?;
    let way = way.after_a_cut(format, folder);
    if !way.is_whole(&read_inventory(tools)?) {
        return Err(RunError::NoWayBack { reason: failed.reason });
    }
    let ending = match back::go(tools, &way, journal, &failed.reason)? {
        back::Arrived::Old { verified, not_restored } => {
            let reason = failed.reason.clone();
            Ending::Returned { reason, stopped: failed.stopped, verified, not_restored }
        }
        back::Arrived::Nowhere { reason, commands } => {
            Ending::Stuck { reason: format!("{}; {reason}", failed.reason), commands }
        }
    };
    let Failed { last_words, culprits, out_of_time, .. } = failed;
    Ok(Performed { ending, steps, last_words, culprits, out_of_time })
}

/// Every action of a step that began, whatever the database says of it: dpkg can leave new files under an old
/// version.
fn begun_actions(protected: &ProtectedPlan, steps: &[StepReport]) -> Vec<Action> {
    let begun = |step: &&Step| steps.iter().any(|report| report.ordinal == step.ordinal);
    protected
        .staged()
        .plan()
        .steps
        .iter()
        .filter(begun)
        .flat_map(|step| step.actions.iter().cloned())
        .collect()
}
