//! Exit codes: the enum is the only way to one.

use super::failure::FailureKind;
use super::outcome::Outcome;

/// How patchctl ends (product design, section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// Done, or nothing to do.
    Done = 0,
    /// Failed; the host is unchanged.
    Failed = 1,
    /// Wrong usage or configuration.
    Usage = 2,
    /// Failed and rolled back; the host is as before.
    RolledBack = 3,
    /// A person is needed.
    Operator = 4,
    /// Not enough privilege.
    Privilege = 5,
    /// Another tool holds the lock.
    Lock = 7,
    /// Refused by policy or drift.
    Refused = 8,
    /// A feed is missing, stale or malformed.
    Incomplete = 9,
    /// Preflight failed.
    Preflight = 10,
    /// Findings at or above `--fail-on`.
    Findings = 100,
    /// With `--detailed-exitcode`: done, reboot needed.
    RebootNeeded = 102,
    /// With `--detailed-exitcode`: done, service restarts needed.
    RestartNeeded = 103,
    /// Stopped by SIGINT.
    Interrupted = 130,
    /// Stopped by SIGTERM.
    Terminated = 143,
}

impl ExitCode {
    /// Returns the code of an ending; a failure decides where there is one.
    ///
    /// A roll-back that was asked for has no failure and is done; one that nobody asked for has
    /// [`FailureKind::RolledBack`].
    pub fn of(outcome: Outcome, failure: Option<FailureKind>) -> Self {
        if let Some(kind) = failure {
            return kind.into();
        }
        match outcome {
            Outcome::Clean | Outcome::Findings | Outcome::Planned => Self::Done,
            Outcome::Rehearsed | Outcome::Patched => Self::Done,
            Outcome::NothingToDo | Outcome::RebootPending | Outcome::RolledBack | Outcome::Recovered => {
                Self::Done
            }
            Outcome::Interrupted => Self::Interrupted,
            Outcome::Refused => Self::Refused,
            Outcome::Incomplete => Self::Incomplete,
            Outcome::Stuck => Self::Operator,
            Outcome::Failed => Self::Failed,
        }
    }

    /// Returns the code of a scan: findings that `--fail-on` asks for win over an incomplete result.
    pub fn of_scan(outcome: Outcome, has_reached_fail_on: bool) -> Self {
        if has_reached_fail_on { Self::Findings } else { Self::of(outcome, None) }
    }

    /// Returns what a success says with `--detailed-exitcode`; other codes stay as they are.
    #[must_use]
    pub fn detailed(self, reboot_needed: bool, restarts_needed: bool) -> Self {
        match (self, reboot_needed, restarts_needed) {
            (Self::Done, true, _) => Self::RebootNeeded,
            (Self::Done, false, true) => Self::RestartNeeded,
            _ => self,
        }
    }

    /// Returns the code of a number that a report carries; a number that is none counts as failed.
    pub fn of_number(number: u8) -> Self {
        let all = [
            Self::Done,
            Self::Failed,
            Self::Usage,
            Self::RolledBack,
            Self::Operator,
            Self::Privilege,
            Self::Lock,
            Self::Refused,
            Self::Incomplete,
            Self::Preflight,
            Self::Findings,
            Self::RebootNeeded,
            Self::RestartNeeded,
            Self::Interrupted,
            Self::Terminated,
        ];
        all.into_iter().find(|code| code.number() == number).unwrap_or(Self::Failed)
    }

    /// Returns the number.
    pub fn number(self) -> u8 {
        self as u8
    }
}

impl From<FailureKind> for ExitCode {
    fn from(kind: FailureKind) -> Self {
        use FailureKind as Kind;
        match kind {
            Kind::Usage | Kind::Configuration | Kind::InsecureConfig => Self::Usage,
            Kind::Privilege => Self::Privilege,
            Kind::Lock => Self::Lock,
            Kind::Policy | Kind::Drift => Self::Refused,
            Kind::MissingFeed | Kind::StaleFeed | Kind::MalformedFeed | Kind::Signature | Kind::Clock => {
                Self::Incomplete
            }
            Kind::Space
            | Kind::HostUnclean
            | Kind::NoWayBack
            | Kind::OpenRun
            | Kind::StateCorrupt
            | Kind::NoClone => Self::Preflight,
            Kind::RolledBack => Self::RolledBack,
            Kind::Operator => Self::Operator,
            Kind::Interrupted => Self::Interrupted,
            Kind::Terminated => Self::Terminated,
            Kind::Rehearsal | Kind::Host | Kind::Defect => Self::Failed,
        }
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.number())
    }
}

/// Returns the outcome that goes with a failure before anything was changed, or with the end that its kind names.
pub fn outcome_of(kind: FailureKind) -> Outcome {
    match ExitCode::from(kind) {
        ExitCode::RolledBack => Outcome::RolledBack,
        ExitCode::Operator => Outcome::Stuck,
        ExitCode::Refused | ExitCode::Preflight | ExitCode::Lock => Outcome::Refused,
        ExitCode::Incomplete => Outcome::Incomplete,
        ExitCode::Interrupted | ExitCode::Terminated => Outcome::Interrupted,
        _ => Outcome::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_roll_back_nobody_asked_for_is_a_failure() {
        assert_eq!(ExitCode::of(Outcome::RolledBack, None).number(), 0);
        assert_eq!(ExitCode::of(Outcome::RolledBack, Some(FailureKind::RolledBack)).number(), 3);
    }

    #[test]
    fn findings_win_over_an_incomplete_result() {
        assert_eq!(ExitCode::of_scan(Outcome::Incomplete, true).number(), 100);
        assert_eq!(ExitCode::of_scan(Outcome::Incomplete, false).number(), 9);
        assert_eq!(ExitCode::of_scan(Outcome::Findings, false).number(), 0);
    }

    #[test]
    fn detail_is_for_success_alone() {
        assert_eq!(ExitCode::Done.detailed(true, true).number(), 102);
        assert_eq!(ExitCode::Done.detailed(false, true).number(), 103);
        assert_eq!(ExitCode::RolledBack.detailed(true, true).number(), 3);
    }
}
