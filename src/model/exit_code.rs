//! The exit codes: this enum is the only way to one (product design, section 2).

use super::failure::FailureKind;

/// How a command ends for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// Done, or nothing to do.
    Success = 0,
    /// Failed; the host is unchanged.
    Failed = 1,
    /// Wrong usage, or invalid or insecurely writable configuration.
    Usage = 2,
    /// Failed and rolled back; the host is as before.
    RolledBack = 3,
    /// A person is needed.
    PersonNeeded = 4,
    /// Not enough privilege.
    Privilege = 5,
    /// Another package tool or patchctl holds the lock.
    Locked = 7,
    /// Refused by policy or drift.
    Refused = 8,
    /// The result is incomplete; nothing was changed.
    Incomplete = 9,
    /// Preflight failed.
    Preflight = 10,
    /// Findings at or above `--fail-on`.
    FindingsPresent = 100,
    /// Success, and a reboot is needed (`--detailed-exitcode`).
    RebootNeeded = 102,
    /// Success, and services have to be restarted (`--detailed-exitcode`).
    RestartNeeded = 103,
    /// Stopped by SIGINT at a clean boundary.
    Interrupted = 130,
    /// Stopped by SIGTERM at a clean boundary.
    Terminated = 143,
}

impl ExitCode {
    /// Returns the number that the caller sees.
    pub fn number(self) -> u8 {
        self as u8
    }
}

impl From<FailureKind> for ExitCode {
    fn from(kind: FailureKind) -> Self {
        match kind {
            FailureKind::Usage | FailureKind::Configuration | FailureKind::InsecureConfig => Self::Usage,
            FailureKind::Privilege => Self::Privilege,
            FailureKind::Lock => Self::Locked,
            FailureKind::Policy | FailureKind::Drift => Self::Refused,
            FailureKind::MissingFeed
            | FailureKind::StaleFeed
            | FailureKind::MalformedFeed
            | FailureKind::Signature => Self::Incomplete,
            FailureKind::Space
            | FailureKind::HostUnclean
            | FailureKind::NoWayBack
            | FailureKind::OpenRun
            | FailureKind::StateCorrupt => Self::Preflight,
            FailureKind::RolledBack => Self::RolledBack,
            FailureKind::Operator => Self::PersonNeeded,
            FailureKind::Interrupted => Self::Interrupted,
            FailureKind::Terminated => Self::Terminated,
            FailureKind::Host | FailureKind::Defect => Self::Failed,
        }
    }
}
