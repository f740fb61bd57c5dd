//! Asks before the host is changed. Without a terminal nothing is asked: the flag is named instead.

use std::io::{self, BufRead};

use super::terminal::Terminal;
use crate::model::digest::Sha256;
use crate::model::failure::{Failure, FailureKind};
use crate::model::plan::PatchPlan;
use crate::ops::request::Consent;

/// Shows the plan and returns the digest that was approved; `None` when the operator said no.
///
/// # Errors
/// Consent was not given and nobody is there to ask (usage).
pub fn approve(plan: &PatchPlan, consent: Consent, terminal: &Terminal) -> Result<Option<Sha256>, Failure> {
    if consent == Consent::Ask && !terminal.can_ask() {
        return Err(nobody_to_ask());
    }
    if consent == Consent::Ask || !terminal.is_quiet() {
        terminal.talk_about(plan);
    }
    let is_approved = ask(&format!("carry out plan {}?", plan.id.short()), consent, terminal)?;
    Ok(is_approved.then_some(plan.id))
}

/// Asks a question whose answer is yes or no; anything but `y` or `yes` is no.
///
/// # Errors
/// Consent was not given and nobody is there to ask (usage).
pub fn ask(question: &str, consent: Consent, terminal: &Terminal) -> Result<bool, Failure> {
    if consent == Consent::Given {
        return Ok(true);
    }
    if !terminal.can_ask() {
        return Err(nobody_to_ask());
    }
    terminal.raw(&format!("{question} [y/N] "));
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    Ok(read.is_ok() && is_yes(&answer))
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

pub(super) fn nobody_to_ask() -> Failure {
    Failure::new(FailureKind::Usage, "cannot ask for consent: there is no terminal")
        .hint("add --yes to go ahead without being asked, or --dry-run to look first")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_yes_is_a_yes() {
        for answer in ["y\n", "Yes\n", " YES "] {
            assert!(is_yes(answer), "{answer:?}");
        }
        for answer in ["", "\n", "n\n", "yeah\n", "j\n"] {
            assert!(!is_yes(answer), "{answer:?}");
        }
    }
}
