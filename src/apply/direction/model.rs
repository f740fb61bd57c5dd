//! Every way a run can go: journal x crash x fault x direction, explored to the end over the pure functions.
//!
//! Two packages, each of which every work on it may leave old, new or broken; a crash may fall between any two steps,
//! three times. The phases, the table of transitions, the count of attempts and the direction are the real ones.

use std::collections::HashSet;

use super::{Asked, Direction, Facts, direction};
use crate::apply::journal::Tried;
use crate::apply::journal::{Event, RunKind};
use crate::model::run::RunId;
use crate::model::transaction::Phase;

/// Crashes within one history (safety design, level L0).
const CRASHES: u8 = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Package {
    Old,
    New,
    Broken,
}

use Package::{Broken, New, Old};

type Packages = [Package; 2];

/// What is about to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Next {
    /// The phase after this one is entered, or the run is given up.
    Prepare,
    IntendBatch(usize),
    WorkOnBatch(usize),
    ObserveBatch(usize),
    Prove,
    /// Services on replaced code are restarted, or none has to be.
    Restart,
    /// The host is watched, and found well or not.
    Watch,
    /// Worse than before.
    Unwell,
    /// Recovery looks at journal and host.
    Decide,
    WorkForward,
    ObserveForward,
    EnterBack,
    IntendBack,
    WorkBack,
    ObserveBack,
    Commit,
    Nothing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct State {
    kind: RunKind,
    next: Next,
    phase: Phase,
    tried: Tried,
    host: Packages,
    crashes_left: u8,
    new_archives: bool,
    old_archives: bool,
}

impl State {
    fn entering(self, phase: Phase) -> Self {
        assert!(self.phase.may_become(phase), "{:?} may not become {phase:?}: {self:?}", self.phase);
        Self { phase, ..self.recording(&Event::Entered { phase }) }
    }

    fn recording(self, event: &Event) -> Self {
        Self { tried: self.tried.and(event), ..self }
    }

    fn then(self, next: Next) -> Self {
        Self { next, ..self }
    }

    fn facts(self, asked: Asked) -> Facts {
        Facts {
            kind: self.kind,
            phase: self.phase,
            tried: self.tried,
            is_new: self.host == [New, New],
            can_go_forward: self.new_archives,
            can_go_back: self.old_archives || self.host == [Old, Old],
            asked,
        }
    }

    /// Every state that may follow.
    fn successors(self) -> Vec<Self> {
        let mut all = self.undisturbed();
        if self.next != Next::Nothing && self.crashes_left > 0 {
            all.push(Self { crashes_left: self.crashes_left - 1, ..self.then(Next::Decide) });
        }
        all
    }

    fn undisturbed(self) -> Vec<Self> {
        match self.next {
            Next::Prepare => self.prepare(),
            Next::IntendBatch(at) => vec![self.then(Next::WorkOnBatch(at))],
            Next::WorkOnBatch(at) => self.worked_on(&[at], Next::ObserveBatch(at)),
            Next::ObserveBatch(at) if self.host[at] == New => {
                vec![self.then(if at == 0 { Next::IntendBatch(1) } else { Next::Prove })]
            }
            Next::ObserveBatch(_) => {
                let failed = Event::BatchFailed { batch: 1, observed: Vec::new(), reason: String::new() };
                vec![self.recording(&failed).then(Next::Decide)]
            }
            // The proof may also fail on files that no version tells of.
            Next::Prove => {
                let applied = self.entering(Phase::Applied);
                vec![applied.then(Next::Restart), applied.then(Next::EnterBack)]
            }
            Next::Restart => self.restarted(),
            Next::Watch => vec![self.then(Next::Commit), self.then(Next::Unwell)],
            Next::Unwell if self.facts(Asked::ByMachine).can_go_back => vec![self.then(Next::EnterBack)],
            Next::Unwell => vec![self.entering(Phase::Operator).then(Next::Nothing)],
            Next::Decide => vec![self.decided(Asked::ByMachine)],
            Next::WorkForward => self.worked_on(&[0, 1], Next::ObserveForward),
            Next::ObserveForward => vec![self.then(Next::Decide)],
            Next::EnterBack if self.phase == Phase::Back => vec![self.then(Next::IntendBack)],
            Next::EnterBack => vec![self.entering(Phase::Back).then(Next::IntendBack)],
            Next::IntendBack if self.tried.may_go_back() && self.facts(Asked::ByMachine).can_go_back => {
                let intended = Event::BackIntended { attempt: 1, reason: String::new() };
                vec![self.recording(&intended).then(Next::WorkBack)]
            }
            Next::IntendBack => vec![self.entering(Phase::Operator).then(Next::Nothing)],
            Next::WorkBack => self.worked_on(&[0, 1], Next::ObserveBack),
            Next::ObserveBack if self.host == [Old, Old] => {
                vec![self.entering(Phase::Returned).then(Next::Nothing)]
            }
            Next::ObserveBack => {
                let failed = Event::BackFailed { attempt: 1, reason: String::new() };
                vec![self.recording(&failed).then(Next::IntendBack)]
            }
            Next::Commit => vec![self.committed()],
            Next::Nothing => Vec::new(),
        }
    }

    fn prepare(self) -> Vec<Self> {
        let given_up = self.entering(Phase::Abandoned).then(Next::Nothing);
        let order = [Phase::Planned, Phase::Fetched, Phase::Preflight, Phase::Snapped, Phase::Applying];
        let at = order.iter().position(|phase| *phase == self.phase);
        let entered = self.entering(order[at.expect("a phase of preparation") + 1]);
        let first = if self.kind == RunKind::Apply { Next::IntendBatch(0) } else { Next::EnterBack };
        vec![given_up, entered.then(if entered.phase == Phase::Applying { first } else { Next::Prepare })]
    }

    /// Work on packages may leave each of them in any state.
    fn worked_on(self, packages: &[usize], next: Next) -> Vec<Self> {
        let mut outcomes = vec![self.then(next)];
        for at in packages {
            outcomes = outcomes
                .into_iter()
                .flat_map(|state| {
                    [Old, New, Broken].map(|package| {
                        let mut host = state.host;
                        host[*at] = package;
                        Self { host, ..state }
                    })
                })
                .collect();
        }
        outcomes
    }

    fn decided(self, asked: Asked) -> Self {
        match direction(&self.facts(asked)) {
            Direction::Over => self.then(Next::Nothing),
            Direction::Abandon => self.entering(Phase::Abandoned).then(Next::Nothing),
            Direction::Commit if matches!(self.phase, Phase::Applied | Phase::Restart | Phase::Trial) => {
                self.then(Next::Restart)
            }
            Direction::Commit => self.entering(Phase::Applied).then(Next::Restart),
            Direction::Forward => {
                assert!(!self.tried.turned_back, "back turned to forward: {self:?}");
                self.recording(&Event::ForwardIntended { attempt: 1 }).then(Next::WorkForward)
            }
            Direction::Back => self.then(Next::EnterBack),
            Direction::Operator if self.phase == Phase::Operator => self.then(Next::Nothing),
            Direction::Operator => self.entering(Phase::Operator).then(Next::Nothing),
        }
    }

    /// From a run that was cut off the phase may be any of the three; a trial that was begun is begun anew.
    fn restarted(self) -> Vec<Self> {
        match self.phase {
            Phase::Trial => vec![self.then(Next::Watch)],
            Phase::Restart => vec![self.entering(Phase::Trial).then(Next::Watch)],
            _ => vec![
                self.entering(Phase::Restart).then(Next::Restart),
                self.entering(Phase::Trial).then(Next::Watch),
            ],
        }
    }

    fn committed(self) -> Self {
        assert_eq!(self.phase, Phase::Trial, "nothing is kept that was not tried: {self:?}");
        self.entering(Phase::Commit).then(Next::Nothing)
    }

    /// What must hold where nothing follows: old, new, or a person who is asked for.
    fn assert_is_an_end(self) {
        let expected = match self.phase {
            Phase::Commit => [New, New],
            Phase::Returned | Phase::Abandoned => [self.before(), self.before()],
            Phase::Operator => {
                assert_eq!(self.decided(Asked::ByMachine), self, "the machine leaves it alone");
                return;
            }
            open => panic!("a run stays in {open:?}: {self:?}"),
        };
        assert_eq!(self.host, expected, "{self:?}");
    }

    /// A rollback that was given up leaves what it found.
    fn before(self) -> Package {
        if self.kind != RunKind::Apply && self.phase == Phase::Abandoned { New } else { Old }
    }
}

fn beginnings() -> Vec<State> {
    let mut all = Vec::new();
    for (kind, host) in [(RunKind::Apply, [Old, Old]), (RunKind::Rollback { of: RunId::new(1) }, [New, New])]
    {
        for (new_archives, old_archives) in [(true, true), (true, false), (false, true), (false, false)] {
            let (phase, tried, next) = (Phase::Planned, Tried::default(), Next::Prepare);
            let crashes_left = CRASHES;
            all.push(State { kind, next, phase, tried, host, crashes_left, new_archives, old_archives });
        }
    }
    all
}

#[test]
fn every_history_with_three_crashes_ends_old_new_or_with_a_person() {
    let (mut seen, mut ends) = (HashSet::new(), 0);
    let mut open = beginnings();
    while let Some(state) = open.pop() {
        if !seen.insert(state) {
            continue;
        }
        let following = state.successors();
        if following.is_empty() {
            state.assert_is_an_end();
            ends += 1;
        }
        // Only what leads towards an end may follow: records are only ever added.
        let weight = |state: &State| {
            let Tried { forward, back_begun, back_failed, .. } = state.tried;
            (CRASHES - state.crashes_left, forward + back_begun + back_failed)
        };
        assert!(following.iter().all(|next| weight(next) >= weight(&state)), "an attempt was forgotten");
        open.extend(following);
    }
    println!("{} states, {ends} ends", seen.len());
    assert!(seen.len() > 10_000 && ends > 100, "{} states, {ends} ends", seen.len());
}

#[test]
fn a_person_who_mended_something_is_given_new_attempts() {
    let tired = Tried { turned_back: true, back_begun: 3, back_failed: 3, ..Tried::default() };
    let facts = Facts {
        kind: RunKind::Apply,
        phase: Phase::Operator,
        tried: tired,
        is_new: false,
        can_go_forward: true,
        can_go_back: true,
        asked: Asked::ByPerson,
    };
    assert_eq!(direction(&facts), Direction::Back);
    assert_eq!(direction(&Facts { asked: Asked::ByMachine, ..facts }), Direction::Operator);
    assert!(!tired.may_go_back());
    assert!(tired.and(&Event::Entered { phase: Phase::Back }).may_go_back());
    let by_hand = Facts { can_go_back: false, is_new: true, ..facts };
    assert_eq!(direction(&by_hand), Direction::Commit);
}

#[test]
fn without_a_way_back_a_failed_run_still_goes_forward_as_often_as_it_may() {
    let failed = Tried { batch_failed: true, ..Tried::default() };
    let facts = Facts {
        kind: RunKind::Apply,
        phase: Phase::Applying,
        tried: failed,
        is_new: false,
        can_go_forward: true,
        can_go_back: false,
        asked: Asked::ByMachine,
    };
    assert_eq!(direction(&facts), Direction::Forward);
    let spent = Facts { tried: Tried { forward: super::ATTEMPTS, ..failed }, ..facts };
    assert_eq!(direction(&spent), Direction::Operator);
    assert_eq!(direction(&Facts { can_go_back: true, ..facts }), Direction::Back);
}
