//! How long a run may take: learned from past runs of this host, with what is kept for the way back and a reboot.

use std::collections::HashMap;
use std::time::Duration;

use serde::Deserialize;

use super::context::Context;
use super::runs;
use crate::host::storage;
use crate::model::package::PackageName;
use crate::model::plan::{PatchPlan, Step};
use crate::model::transaction::Phase;
use crate::report::transaction::{StepOutcome, StepReport, TransactionReport};

/// Past runs that are learned from.
const LEARNED_FROM: usize = 5;
/// A package that was never patched here: three times the slowest of our measurements (33 packages in 7.5 to 21 s).
const UNKNOWN_PACKAGE: f64 = 2.0;
/// Everything around the packages where nothing was learned yet: lists, downloads, proof.
const UNKNOWN_REST: f64 = 120.0;
/// What is learned about that is never believed to be longer: a past run may have waited for an answer.
const LONGEST_REST: f64 = 900.0;

/// How long the parts of a run may take.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expectation {
    /// Each step of the plan, in order.
    pub steps: Vec<Duration>,
    /// From the first look to the proof.
    pub forward: Duration,
    /// Until the host is as well as before.
    pub health: Duration,
    /// To take everything back.
    pub back: Duration,
    /// To reboot, where the plan needs it.
    pub reboot: Duration,
}

impl Expectation {
    /// Returns the sum: what has to be left of a window.
    pub fn total(&self) -> Duration {
        self.forward + self.health + self.back + self.reboot
    }
}

/// Tells how long a plan may take on this host.
pub fn of(context: &Context<'_>, plan: &PatchPlan) -> Expectation {
    let learned = Learned::from_runs(&past(context));
    let of_step = |step: &Step| step.actions.iter().map(|action| learned.package(&action.package)).sum();
    let steps: Vec<f64> = plan.steps.iter().map(of_step).collect();
    let packages: f64 = steps.iter().sum();
    let policy = &context.settings.policy;
    Expectation {
        steps: steps.into_iter().map(Duration::from_secs_f64).collect(),
        forward: Duration::from_secs_f64(packages + learned.rest),
        health: context.settings.health.deadline,
        // The way back installs as many packages as the way there, and downloads nothing.
        back: Duration::from_secs_f64(packages),
        reboot: if plan.reboot.is_some() { policy.reboot_reserve } else { Duration::ZERO },
    }
}

/// What of a run's report is needed here.
#[derive(Deserialize)]
struct PastRun {
    transaction: Option<TransactionReport>,
}

/// The newest runs that went through, or were taken back; one whose report cannot be read teaches nothing.
fn past(context: &Context<'_>) -> Vec<TransactionReport> {
    let runs = runs::known(&context.layout).into_iter().rev();
    let read = runs.filter_map(|run| {
        let bytes = storage::read(&context.layout.run(run).report()).ok()?;
        serde_json::from_slice::<PastRun>(&bytes).ok()?.transaction
    });
    read.filter(|transaction| matches!(transaction.phase, Phase::Commit | Phase::Returned))
        .take(LEARNED_FROM)
        .collect()
}

/// Seconds, as past runs took them.
struct Learned {
    packages: HashMap<PackageName, f64>,
    mean: f64,
    rest: f64,
}

impl Learned {
    fn from_runs(runs: &[TransactionReport]) -> Self {
        let mut packages: HashMap<PackageName, f64> = HashMap::new();
        let mut rests = Vec::new();
        for run in runs {
            let teaches = |step: &&StepReport| step.outcome == StepOutcome::New && !step.observed.is_empty();
            for step in run.steps.iter().filter(teaches) {
                let each = (step.seconds / step.observed.len() as f64).max(0.0);
                for observed in &step.observed {
                    let known = packages.entry(observed.package.name.clone()).or_default();
                    *known = known.max(each);
                }
            }
            let steps: f64 = run.steps.iter().map(|step| step.seconds).sum();
            let whole = run.finished.map(|finished| (finished - run.started).num_seconds() as f64);
            // What was taken back took the time of the way back, too.
            let whole = whole.filter(|_| run.phase == Phase::Commit);
            rests.extend(whole.map(|whole| (whole - steps).clamp(0.0, LONGEST_REST)));
        }
        rests.sort_by(f64::total_cmp);
        let sum: f64 = packages.values().sum();
        let mean = if packages.is_empty() { UNKNOWN_PACKAGE } else { sum / packages.len() as f64 };
        Self {
            packages,
            mean: mean.max(UNKNOWN_PACKAGE),
            rest: rests.get(rests.len() / 2).copied().unwrap_or(UNKNOWN_REST),
        }
    }

    fn package(&self, name: &PackageName) -> f64 {
        self.packages.get(name).copied().unwrap_or(self.mean)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::digest::Sha256;
    use crate::model::package::{Architecture, PackageKey};
    use crate::model::transaction::Observed;

    fn run(seconds: f64, whole: i64, names: &[&str]) -> TransactionReport {
        let started = chrono::DateTime::from_timestamp(1_800_000_000, 0).expect("a time");
        let mut run = TransactionReport::unproven(Phase::Commit, Sha256::of(b""), started);
        run.finished = Some(started + chrono::TimeDelta::seconds(whole));
        let observed = |name: &&str| Observed {
            package: PackageKey { name: PackageName::from(*name), architecture: Architecture::from("amd64") },
            version: None,
            clean: true,
        };
        let observed = names.iter().map(observed).collect();
        run.steps = vec![StepReport { ordinal: 1, outcome: StepOutcome::New, observed, seconds }];
        run
    }

    #[test]
    fn the_slowest_past_run_of_a_package_counts_and_the_usual_rest() {
        let runs = [run(10.0, 40, &["a", "b"]), run(30.0, 100, &["a"]), run(4.0, 3_604, &["b"])];
        let learned = Learned::from_runs(&runs);
        assert_eq!(learned.package(&PackageName::from("a")), 30.0);
        assert_eq!(learned.package(&PackageName::from("b")), 5.0);
        assert_eq!(learned.package(&PackageName::from("new")), 17.5);
        assert_eq!(learned.rest, 70.0, "the run that waited for an answer does not count");
        let mut taken_back = run(90.0, 400, &["a"]);
        taken_back.phase = Phase::Returned;
        let learned = Learned::from_runs(&[taken_back]);
        assert_eq!((learned.package(&PackageName::from("a")), learned.rest), (90.0, UNKNOWN_REST));
        let nothing = Learned::from_runs(&[]);
        assert_eq!((nothing.package(&PackageName::from("a")), nothing.rest), (UNKNOWN_PACKAGE, UNKNOWN_REST));
    }
}
