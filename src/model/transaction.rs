//! The states of a run, and which may follow which.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::package::PackageKey;
use super::version::Version;

/// Where a run stands. Each is durable in the journal before anything of the next begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// The plan is stored. The host is as before.
    Planned,
    /// Every old and new archive is here, verified and on disk. The host is as before.
    Fetched,
    /// Database, space, locks and the plan itself were checked. The host is as before.
    Preflight,
    /// Configuration, database and file digests are saved. The host is as before.
    Snapped,
    /// Batches are being applied. The host is between old and new.
    Applying,
    /// Every batch was observed new. The host is new.
    Applied,
    /// Services on replaced code are being restarted. The host is new.
    Restart,
    /// The host is being watched. The host is new; it stays so only when it is as well as before.
    Trial,
    /// Result proven. The host is new; the run is over.
    Commit,
    /// On the way back. The host is between new and old.
    Back,
    /// The way back was proven. The host is old; the run is over.
    Returned,
    /// Neither forward nor back converged; a person is needed.
    Operator,
    /// Given up before anything changed. The host is as before; the run is over.
    Abandoned,
}

/// Every legal step from one phase to the next (safety design, section 5.2).
pub const TRANSITIONS: &[(Phase, Phase)] = &[
    (Phase::Planned, Phase::Fetched),
    (Phase::Planned, Phase::Abandoned),
    (Phase::Fetched, Phase::Preflight),
    (Phase::Fetched, Phase::Abandoned),
    (Phase::Preflight, Phase::Snapped),
    (Phase::Preflight, Phase::Abandoned),
    (Phase::Snapped, Phase::Applying),
    (Phase::Snapped, Phase::Abandoned),
    (Phase::Applying, Phase::Applied),
    (Phase::Applying, Phase::Back),
    (Phase::Applying, Phase::Operator),
    (Phase::Applied, Phase::Commit),
    (Phase::Applied, Phase::Back),
    (Phase::Applied, Phase::Restart),
    (Phase::Applied, Phase::Trial),
    (Phase::Restart, Phase::Trial),
    (Phase::Restart, Phase::Back),
    (Phase::Trial, Phase::Commit),
    (Phase::Trial, Phase::Back),
    // Worse than before, and no way leads back.
    (Phase::Trial, Phase::Operator),
    (Phase::Back, Phase::Returned),
    (Phase::Back, Phase::Operator),
    // A person has mended what stood in the way and asks for the way back again.
    (Phase::Operator, Phase::Back),
    // A person has brought the new state about where no way back exists.
    (Phase::Operator, Phase::Applied),
];

impl Phase {
    /// Tells whether `next` may follow.
    pub fn may_become(self, next: Self) -> bool {
        TRANSITIONS.contains(&(self, next))
    }

    /// Tells whether a run in this phase is over and may be left alone.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Commit | Self::Returned | Self::Abandoned)
    }

    /// Tells whether the host may differ from before the run.
    pub fn may_have_changed_the_host(self) -> bool {
        use Phase::{Applied, Applying, Back, Commit, Operator, Restart, Trial};
        matches!(self, Applying | Applied | Restart | Trial | Commit | Back | Operator)
    }
}

/// What was seen of one package after a batch: the database's word, not an exit code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Observed {
    /// The package.
    #[serde(flatten)]
    pub package: PackageKey,
    /// The version found; absent when it is not installed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<Version>,
    /// The database calls it finished.
    pub clean: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Phase; 13] = [
        Phase::Planned,
        Phase::Fetched,
        Phase::Preflight,
        Phase::Snapped,
        Phase::Applying,
        Phase::Applied,
        Phase::Restart,
        Phase::Trial,
        Phase::Commit,
        Phase::Back,
        Phase::Returned,
        Phase::Operator,
        Phase::Abandoned,
    ];

    #[test]
    fn back_never_turns_to_forward() {
        for next in ALL {
            let legal = Phase::Back.may_become(next);
            assert_eq!(legal, matches!(next, Phase::Returned | Phase::Operator), "{next:?}");
        }
    }

    #[test]
    fn final_phases_lead_nowhere_and_all_others_lead_on() {
        for phase in ALL {
            let leads_on = ALL.iter().any(|next| phase.may_become(*next));
            assert_eq!(leads_on, !phase.is_final(), "{phase:?}");
        }
    }

    #[test]
    fn a_run_is_abandoned_only_while_the_host_is_untouched() {
        for phase in ALL {
            if phase.may_become(Phase::Abandoned) {
                assert!(!phase.may_have_changed_the_host(), "{phase:?}");
            }
        }
    }
}
