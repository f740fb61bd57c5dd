//! The time limit of a child: when it is asked to end, and when it is made to.

use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use super::runner::{CommandSpec, Insistence};
use super::session_leaves;

/// How long a child that was asked to end may take before it is killed.
const GRACE: Duration = Duration::from_secs(10);

/// When a child is asked to end, and when it is made to.
pub(super) struct Deadline {
    ask_at: Instant,
    kill_at: Instant,
    asked: bool,
    insistence: Insistence,
}

impl Deadline {
    /// The deadline of a child that starts now.
    pub(super) fn new(spec: &CommandSpec) -> Self {
        let ask_at = Instant::now() + spec.time_limit;
        let patience = match spec.insistence {
            Insistence::Kill => GRACE,
            Insistence::Patient => spec.time_limit.max(GRACE),
        };
        Self { ask_at, kill_at: ask_at + patience, asked: false, insistence: spec.insistence }
    }

    /// How long nothing is to be done.
    pub(super) fn next_wait(&self) -> Duration {
        let next = self.ask_at.min(self.kill_at);
        next.saturating_duration_since(Instant::now()).max(Duration::from_millis(50))
    }

    /// Asks or ends the child's process group when it is time.
    pub(super) fn enforce(&mut self, group: Pid) {
        let now = Instant::now();
        if now >= self.kill_at {
            let _ = killpg(group, Signal::SIGKILL);
        } else if now >= self.ask_at {
            self.asked = true;
            match self.insistence {
                Insistence::Kill => {
                    self.ask_at = self.kill_at;
                    let _ = killpg(group, Signal::SIGTERM);
                }
                Insistence::Patient => {
                    self.ask_at = now + GRACE;
                    for leaf in session_leaves::leaves(group) {
                        let _ = kill(leaf, Signal::SIGTERM);
                    }
                }
            }
        }
    }

    /// Tells whether the child was asked to end.
    pub(super) fn was_reached(&self) -> bool {
        self.asked
    }
}
