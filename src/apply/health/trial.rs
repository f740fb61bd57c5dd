//! The trial: looks at the host again and again until three in a row are good, or time is up.

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
        let judgement = judge(baseline, &look, &answers);
        looks += 1;
        good = if judgement.is_good() { good + 1 } else { 0 };
        let poll = tools.rules.health.poll;
        if good >= needed {
            return Trial { judgement, looks, healthy: true };
        }
        if tools.signals.stop().is_some() {
            return Trial { judgement, looks, healthy: false };
        }
        if tools.clock.since_boot() + poll > give_up {
            return at_last(baseline, (&look, &answers), (judgement, looks));
        }
        clock::pause(poll);
    }
}

/// What a trial comes to at its deadline: amid a boot, what the boot has not come to is not blamed.
fn at_last(
    baseline: &Baseline,
    (look, answers): (&Look, &[(&Check, Answer)]),
    (judgement, looks): (Judgement, u32),
) -> Trial {
    if !baseline.of_any_boot || look.owed.is_empty() {
        return Trial { judgement, looks, healthy: false };
    }
    let judgement = judge(&boots::without_owed(baseline, &look.owed), look, answers);
    let healthy = judgement.is_good();
    Trial { judgement, looks, healthy }
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
