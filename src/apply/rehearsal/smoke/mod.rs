//! What is tried in a clone before and after the plan: what passed before must pass afterwards.

pub mod elf;
pub mod loader;
mod services;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::apply::health::checks::{self, Answer, Check};
use crate::apply::modules;
use crate::report::health::{CheckState, HealthCheck};

/// What the tests said before the plan.
#[derive(Clone, Debug, Default)]
pub struct Before {
    /// The answers of configuration tests, by their names; a program that was not there has none.
    services: BTreeMap<&'static str, Result<(), String>>,
    /// The answers of the administrator's own checks.
    own: Vec<(Check, Answer)>,
    /// The kernels that were there.
    kernels: BTreeSet<String>,
}

/// Runs every test that can be compared afterwards.
pub fn before(own: &[Check]) -> Before {
    Before {
        services: services::run_all(),
        own: own.iter().map(|check| (check.clone(), checks::run(check))).collect(),
        kernels: modules::kernels(Path::new("/")),
    }
}

/// Runs them again and compares, and lets the dynamic loader have a look at every file that the plan brought.
pub fn after(before: &Before, brought: &[PathBuf]) -> Vec<HealthCheck> {
    let mut found = vec![loading(brought)];
    found.extend(modules::built(Path::new("/"), &before.kernels));
    for (name, answer) in services::run_all() {
        // A program that came with the plan was not in use before it.
        let Some(earlier) = before.services.get(name) else { continue };
        let earlier = earlier.as_ref().err().map(String::as_str);
        found.push(compared(name, earlier, answer.err().map_or(Answer::Pass, Answer::Fail)));
    }
    for (check, earlier) in &before.own {
        let failed = match earlier {
            Answer::Fail(words) => Some(words.as_str()),
            Answer::Pass | Answer::CannotTell(_) => None,
        };
        found.push(compared(&check.name, failed, checks::run(check)));
    }
    found
}

/// The name of the test that [`loader`] makes.
pub const LOADING: &str = "programs and libraries load";

fn loading(brought: &[PathBuf]) -> HealthCheck {
    let tried = loader::try_all(Path::new("/"), brought);
    let detail: Vec<String> = tried.broken.iter().map(loader::Broken::to_string).collect();
    let state = if detail.is_empty() { CheckState::Pass } else { CheckState::Fail };
    let detail = if detail.is_empty() { vec![format!("{} files", tried.files)] } else { detail };
    HealthCheck { name: LOADING.to_owned(), required: true, state, detail }
}

fn compared(name: &str, failed_before: Option<&str>, answer: Answer) -> HealthCheck {
    let (state, detail) = match (answer, failed_before) {
        (Answer::Pass, _) => (CheckState::Pass, Vec::new()),
        (Answer::CannotTell(words), _) => (CheckState::CannotTell, vec![words]),
        (Answer::Fail(words), None) => (CheckState::Fail, vec![words]),
        (Answer::Fail(words), Some(_)) => (CheckState::FailedBefore, vec![words]),
    };
    HealthCheck { name: name.to_owned(), required: true, state, detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_passed_before_can_fail() {
        let state = |before: Option<&str>, answer| compared("x", before, answer).state;
        assert_eq!(state(None, Answer::Pass), CheckState::Pass);
        assert_eq!(state(Some("broken"), Answer::Pass), CheckState::Pass);
        assert_eq!(state(None, Answer::Fail("no".into())), CheckState::Fail);
        assert_eq!(state(Some("broken"), Answer::Fail("no".into())), CheckState::FailedBefore);
        assert_eq!(state(None, Answer::CannotTell("?".into())), CheckState::CannotTell);
    }
}
