//! Before against after: pure.

use std::collections::BTreeSet;

use super::baseline::Baseline;
use super::checks::{Answer, Check};
use super::probes::PROBES;
use super::{Look, Rule, boots};
use crate::report::health::{CheckState, HealthCheck};

/// What one look after the run says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// Every probe and check, in the order of reports.
    pub checks: Vec<HealthCheck>,
}

impl Judgement {
    /// Tells whether nothing that is required is worse than before.
    pub fn is_good(&self) -> bool {
        self.complaints().next().is_none()
    }

    /// Returns what is worse, each with its details.
    pub fn complaints(&self) -> impl Iterator<Item = String> {
        let worse = self.checks.iter().filter(|check| check.required && check.state == CheckState::Fail);
        worse.map(|check| format!("{}: {}", check.name, check.detail.join(", ")))
    }
}

/// Compares a look with the baseline.
pub fn judge(baseline: &Baseline, look: &Look, answers: &[(&Check, Answer)]) -> Judgement {
    let probes = PROBES.iter().map(|probe| {
        let before = baseline.look.facts.get(probe.name).and_then(Option::as_ref);
        let after = look.facts.get(probe.name).and_then(Option::as_ref);
        let (state, detail) = match boots::why_not(probe.name).filter(|_| baseline.of_any_boot) {
            Some(reason) => (CheckState::CannotTell, vec![reason.to_owned()]),
            None => compared(probe.rule, before, after),
        };
        HealthCheck { name: probe.name.to_owned(), required: true, state, detail }
    });
    let checks = answers.iter().map(|(check, answer)| own_check(baseline, check, answer));
    Judgement { checks: probes.chain(checks).collect() }
}

/// What could be told before and cannot be any more is worse too: it is the probe's own subject that is gone.
fn compared(
    rule: Rule,
    before: Option<&BTreeSet<String>>,
    after: Option<&BTreeSet<String>>,
) -> (CheckState, Vec<String>) {
    let Some(before) = before else { return (CheckState::CannotTell, Vec::new()) };
    let Some(after) = after else {
        return (CheckState::Fail, vec!["it cannot be told any more".to_owned()]);
    };
    let detail: Vec<String> = match rule {
        Rule::MustStay => before.difference(after).map(|fact| format!("{fact} is gone")).collect(),
        Rule::MustNotGrow => after.difference(before).map(|fact| format!("{fact} is new")).collect(),
    };
    (if detail.is_empty() { CheckState::Pass } else { CheckState::Fail }, detail)
}

fn own_check(baseline: &Baseline, check: &Check, answer: &Answer) -> HealthCheck {
    let (state, detail) = match (answer, baseline.excused.get(&check.name)) {
        (Answer::Pass, _) => (CheckState::Pass, Vec::new()),
        (Answer::CannotTell(words), _) => (CheckState::CannotTell, vec![words.clone()]),
        (Answer::Fail(words), None) => (CheckState::Fail, vec![words.clone()]),
        (Answer::Fail(words), Some(_)) => (CheckState::FailedBefore, vec![words.clone()]),
    };
    HealthCheck { name: check.name.clone(), required: check.required, state, detail }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn look(probe: &str, facts: Option<&[&str]>) -> Look {
        let facts = facts.map(|facts| facts.iter().map(|fact| (*fact).to_owned()).collect());
        Look { facts: [(probe.to_owned(), facts)].into(), ..Look::default() }
    }

    fn judged(probe: &str, before: Option<&[&str]>, after: Option<&[&str]>) -> CheckState {
        let baseline = Baseline { look: look(probe, before), ..Baseline::default() };
        let judgement = judge(&baseline, &look(probe, after), &[]);
        judgement.checks.into_iter().find(|check| check.name == probe).expect("a probe of the table").state
    }

    #[test]
    fn what_is_gone_or_newly_wrong_is_worse_and_nothing_else_is() {
        let listening = "listening sockets";
        assert_eq!(judged(listening, Some(&["tcp 80"]), Some(&["tcp 80", "tcp 81"])), CheckState::Pass);
        assert_eq!(judged(listening, Some(&["tcp 80"]), Some(&[])), CheckState::Fail);
        assert_eq!(judged("failed units", Some(&["a"]), Some(&["a"])), CheckState::Pass);
        assert_eq!(judged("failed units", Some(&["a"]), Some(&["b"])), CheckState::Fail);
    }

    #[test]
    fn what_could_not_be_told_before_fails_nothing() {
        assert_eq!(judged("routes", None, Some(&["x"])), CheckState::CannotTell);
        assert_eq!(judged("services that ran", Some(&["a"]), None), CheckState::Fail);
    }

    #[test]
    fn a_check_that_failed_before_or_cannot_tell_takes_nothing_back() {
        let check = |name: &str, required| Check {
            name: name.into(),
            command: Vec::new(),
            required,
            time_limit: Duration::from_secs(1),
        };
        let (red, odd, wanted, new) =
            (check("red", true), check("odd", true), check("wanted", false), check("new", true));
        let excused = [("red".to_owned(), "failed already".to_owned())].into();
        let baseline = Baseline { excused, ..Baseline::default() };
        let fail = || Answer::Fail("no".into());
        let excusable = [(&red, fail()), (&odd, Answer::CannotTell("?".into())), (&wanted, fail())];
        assert!(judge(&baseline, &Look::default(), &excusable).is_good());
        let judgement = judge(&baseline, &Look::default(), &[(&new, fail())]);
        assert_eq!(judgement.complaints().collect::<Vec<_>>(), ["new: no"]);
    }
}
