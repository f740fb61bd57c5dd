//! How often a run was taken up again after a crash, counted from its records. What follows is decided in
//! [`direction`](crate::apply::direction).

use super::record::Event;
use crate::model::transaction::Phase;

/// What the journal says of the attempts of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tried {
    /// Attempts to finish the run after a crash.
    pub forward: u32,
    /// The package manager failed in a batch for a reason of its own.
    pub batch_failed: bool,
    /// The run turned back; it never turns again.
    pub turned_back: bool,
    /// Attempts at the way back that were begun since a person asked last.
    pub back_begun: u32,
    /// Those of them that came to their end without the old state.
    pub back_failed: u32,
}

impl Tried {
    /// Takes one more record of the journal into account.
    #[must_use]
    pub fn and(mut self, event: &Event) -> Self {
        match event {
            Event::ForwardIntended { .. } => self.forward += 1,
            Event::BatchFailed { .. } => self.batch_failed = true,
            // Entered again after Operator: a person has mended something and asks anew.
            Event::Entered { phase: Phase::Back } => {
                self = Self { turned_back: true, back_begun: 0, back_failed: 0, ..self };
            }
            Event::BackIntended { .. } => self.back_begun += 1,
            Event::BackFailed { .. } => self.back_failed += 1,
            _ => {}
        }
        self
    }
}
