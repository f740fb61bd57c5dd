//! The trial: looks at the host again and again until three in a row are good, or time is up.

use std::collections::BTreeSet;
use std::time::Duration;

use super::baseline::Baseline;
use super::checks::{self, Answer, Check};
use super::judge::{Judgement, judge};
use super::probes::{self, PROBES};
use super::{Look, boots};
use crate::apply::Tools;
use crate::host::clock;

/// So many good looks in a row count as healthy (safety design, section 5.4).
const GOOD_IN_A_ROW: u32 = 3;

/// How a trial ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trial {
    /// The last look.
    pub judgement: Judgement,
    /// How many there were.
    pub looks: u32,
    /// Enough of them were good.
    pub healthy: bool,
    /// Units that were not compared: amid a boot, it had not come to them.
    pub not_watched: BTreeSet<String>,
}

/// Watches the host until it is found healthy or the deadline passes.
///
/// A signal that asks to stop ends it as not healthy: the run goes back, as it does between batches.
pub fn watch(tools: &Tools<'_>, baseline: &Baseline, checks: &[Check]) -> Trial {
    let give_up = tools.clock.since_boot() + baseline.deadline;
    let needed = if is_slow(baseline, checks) { GOOD_IN_A_ROW } else { 1 };
    let (mut good, mut looks) = (0, 0);
    loop {
        let (look, answers) = look_once(tools, baseline, checks);
        looks += 1;
        let trial = compared(baseline, (&look, &answers), &look.behind);
        good = if trial.healthy { good + 1 } else { 0 };
        let poll = tools.rules.health.poll;
        if good >= needed {
            return Trial { looks, ..trial };
        }
        if tools.signals.stop().is_some() {
            return Trial { looks, healthy: false, ..trial };
        }
        if tools.clock.since_boot() + poll > give_up {
            // Amid a boot, what it has not come to is not blamed.
            let is_amid_boot = baseline.of_any_boot && !look.owed.is_empty();
            let last = is_amid_boot.then(|| compared(baseline, (&look, &answers), &look.owed));
            return Trial { looks, ..last.unwrap_or(Trial { healthy: false, ..trial }) };
        }
        clock::pause(poll);
    }
}

/// Compares one look with the baseline; amid another boot without the units that are still `waiting`.
fn compared(
    baseline: &Baseline,
    (look, answers): (&Look, &[(&Check, Answer)]),
    waiting: &BTreeSet<String>,
) -> Trial {
    let (judgement, not_watched) = match baseline.of_any_boot {
        false => (judge(baseline, look, answers), BTreeSet::new()),
        true => {
            let expected = boots::without(baseline, waiting);
            (judge(&expected, look, answers), boots::not_watched(baseline, waiting))
        }
    };
    let healthy = judgement.is_good();
    Trial { judgement, looks: 1, healthy, not_watched }
}

/// Looks once, so that it can be held against the baseline.
fn look_once<'a>(
    tools: &Tools<'_>,
    baseline: &Baseline,
    checks: &'a [Check],
) -> (Look, Vec<(&'a Check, Answer)>) {
    let answers = checks.iter().map(|check| (check, checks::run(check))).collect();
    let look = probes::look_after(tools.manager, tools.layout.root());
    (if baseline.of_any_boot { boots::shown(&look) } else { look }, answers)
}

/// Where nothing runs that could take its time to come back, or fall over a moment later, one look tells all.
fn is_slow(baseline: &Baseline, checks: &[Check]) -> bool {
    let expects_something = |name: &str| {
        baseline.look.facts.get(name).and_then(Option::as_ref).is_some_and(|facts| !facts.is_empty())
    };
    !checks.is_empty() || PROBES.iter().any(|probe| probe.is_slow && expects_something(probe.name))
}

/// The longest that a trial takes beyond its deadline: one look with every check at its limit, once.
pub fn longest_look(checks: &[Check]) -> Duration {
    checks.iter().map(|check| check.time_limit).sum()
}
