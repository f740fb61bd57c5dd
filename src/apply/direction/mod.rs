//! Forward or back: one pure decision from what the journal says and what was observed.
//!
//! Every verb that brings a run to its end asks here, so that the rule can be read in one place and tried in every
//! state (safety design, section 5.2).

#[cfg(test)]
mod model;

use super::journal::{RunKind, Tried};
use crate::model::transaction::Phase;

/// So many attempts a direction has (safety design, P3).
pub const ATTEMPTS: u32 = 3;

/// So often the way back may be cut off by a crash before a person is asked. Recovery must come through three crashes
/// within itself (safety design, P3), after one in the run; it must not be begun for ever on a host that dies of it.
pub const CUTS: u32 = 5;

impl Tried {
    /// Tells whether another attempt at the way back may begin.
    pub fn may_go_back(self) -> bool {
        self.back_failed < ATTEMPTS && self.back_begun.saturating_sub(self.back_failed) < CUTS
    }

    fn may_go_forward(self) -> bool {
        self.forward < ATTEMPTS
    }
}

/// Who asks for recovery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Asked {
    /// A person, who may have mended what stood in the way.
    ByPerson,
    /// The machine, at boot or by a timer: it changes nothing where a person is needed.
    ByMachine,
}

/// What the direction of a run depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Facts {
    /// What the run is for.
    pub kind: RunKind,
    /// Where its journal stands.
    pub phase: Phase,
    /// What was tried.
    pub tried: Tried,
    /// Every package of the plan was observed in its new version, and every file verified.
    pub is_new: bool,
    /// Every new archive is stored and is the one of the plan.
    pub can_go_forward: bool,
    /// Every package that is not in its old version has its old archive stored.
    pub can_go_back: bool,
    /// Who asks.
    pub asked: Asked,
}

/// What is to be done with a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Nothing: it is over.
    Over,
    /// It changed nothing; it is given up.
    Abandon,
    /// It is new; that is recorded.
    Commit,
    /// The new archives are installed again.
    Forward,
    /// The old archives are installed again.
    Back,
    /// A person is needed.
    Operator,
}

/// Tells whether the next verb that changes the host may end an open run by itself, without anybody asking for it: the run
/// carries a plan out, and no record says that its first change began. Whoever acts on it holds patchctl's own lock, so nobody
/// goes on with that run.
///
/// A run that takes another one back is not meant: that of a whole root prepares `/boot` before the phase of its changes.
pub fn gives_itself_up(kind: RunKind, phase: Phase) -> bool {
    kind == RunKind::Apply && !phase.is_final() && !phase.may_have_changed_the_host()
}

/// Decides the direction of a run.
pub fn direction(facts: &Facts) -> Direction {
    let Facts { kind, phase, tried, .. } = *facts;
    if phase.is_final() {
        return Direction::Over;
    }
    if !phase.may_have_changed_the_host() {
        return Direction::Abandon;
    }
    if phase == Phase::Operator {
        // A person asks: the attempts begin anew, or what was brought about by hand is recorded.
        return match facts.asked {
            Asked::ByPerson if facts.can_go_back => Direction::Back,
            Asked::ByPerson if facts.is_new && kind == RunKind::Apply => Direction::Commit,
            _ => Direction::Operator,
        };
    }
    let may_go_back = facts.can_go_back && tried.may_go_back();
    if tried.turned_back || kind != RunKind::Apply {
        return if may_go_back { Direction::Back } else { Direction::Operator };
    }
    let may_go_forward = facts.can_go_forward && tried.may_go_forward();
    if facts.is_new && !tried.batch_failed {
        Direction::Commit
    } else if may_go_forward && (!tried.batch_failed || !facts.can_go_back) {
        // A security tool: the new state is the safer end. Where no way back exists it is the only one.
        Direction::Forward
    } else if may_go_back {
        Direction::Back
    } else {
        Direction::Operator
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::run::RunId;
    use crate::model::transaction::TRANSITIONS;

    #[test]
    fn a_run_gives_itself_up_only_where_recovery_would_and_no_change_lies_behind_it() {
        let tried = Tried::default();
        for phase in TRANSITIONS.iter().flat_map(|(from, to)| [*from, *to]) {
            let facts = Facts {
                kind: RunKind::Apply,
                phase,
                tried,
                is_new: false,
                can_go_forward: true,
                can_go_back: true,
                asked: Asked::ByMachine,
            };
            let is_given_up = gives_itself_up(RunKind::Apply, phase);
            assert_eq!(is_given_up, direction(&facts) == Direction::Abandon, "{phase:?}");
            assert!(!is_given_up || phase.may_become(Phase::Abandoned), "{phase:?}");
            assert!(!gives_itself_up(RunKind::Rollback { of: RunId::new(1) }, phase), "{phase:?}");
        }
    }
}
