//! What time it is: the wall clock for dates, the boot clock for deadlines.

use std::time::Duration;

use chrono::{DateTime, Local, SubsecRound, Utc};
use nix::time::{ClockId, clock_gettime};

/// The clock of this host, or a fixed time to plan for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    as_of: Option<DateTime<Utc>>,
}

impl Clock {
    /// A clock that tells the host's own time.
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that stands still at `time` (`--as-of`).
    pub fn fixed(time: DateTime<Utc>) -> Self {
        Self { as_of: Some(time) }
    }

    /// Returns the time in whole seconds, UTC.
    pub fn now(&self) -> DateTime<Utc> {
        self.as_of.unwrap_or_else(Utc::now).trunc_subsecs(0)
    }

    /// Returns the host's own time in whole seconds, whatever time is planned for: what is kept on disk ages by it.
    pub fn real(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(0)
    }

    /// Returns the time since boot, which no one can set back (CLOCK_BOOTTIME); zero where there is none.
    pub fn since_boot(&self) -> Duration {
        clock_gettime(ClockId::CLOCK_BOOTTIME).map(Duration::from).unwrap_or_default()
    }
}

/// Waits.
pub fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// Writes a time in the host's own time zone, for people.
pub fn local(time: DateTime<Utc>) -> String {
    time.with_timezone(&Local).format("%Y-%m-%d %H:%M").to_string()
}
