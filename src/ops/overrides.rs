//! The rules of the policy that an operator may set aside for one run.

/// Rules that the operator sets aside for one run, and why. It is recorded in the run's report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overrides {
    /// Which rules.
    pub rules: Vec<Override>,
    /// Why.
    pub reason: String,
}

/// A rule that an operator may set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Override {
    /// No window has to be open.
    Window,
    /// Freezes do not count.
    Freeze,
    /// Approval delays do not count.
    Approval,
    /// No rehearsal and no other ring's evidence is asked for.
    Evidence,
}

impl Override {
    /// Returns the word that the command line and data have for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Window => "window",
            Self::Freeze => "freeze",
            Self::Approval => "approval",
            Self::Evidence => "evidence",
        }
    }
}
