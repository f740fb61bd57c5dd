//! What is different about dnf 4: how it is asked, and how its answer is told from an error.

use super::super::rpm::builds;
use super::super::{Goal, PackageManagerError, Removals, Resolved};
use super::{problems, transaction};
use crate::host::runner::{CommandOutput, CommandSpec};

/// What is asked about, behind what holds for every call.
pub(super) fn resolving(spec: CommandSpec, goal: &Goal, removals: Removals) -> CommandSpec {
    let erasing = (removals == Removals::Allow).then_some("--allowerasing");
    let spec = spec.args(["--assumeno", "-v"]).args(erasing);
    match goal {
        Goal::Everything => spec.arg("upgrade"),
        Goal::Targets(targets) => {
            spec.args(["--best", "upgrade", "--"]).args(targets.iter().map(builds::nevra))
        }
    }
}

/// Reads what it answered.
///
/// # Errors
/// It gave no answer, or one in another form.
pub(super) fn resolved(output: &CommandOutput) -> Result<Resolved, PackageManagerError> {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let unmet = problems::parse(&said);
    if !unmet.is_empty() {
        return Ok(Resolved::Impossible(unmet));
    }
    let text = output.text();
    if !has_answered(&text) {
        return Err(PackageManagerError::Refused { tool: "dnf", words: first_words(&said) });
    }
    transaction::parse(&text).map(Resolved::Possible)
}

/// Tells whether dnf came as far as an answer. `--assumeno` ends with 1 where there is something to do, and so does every
/// error (tried with 4.14): the exit code tells nothing.
fn has_answered(said: &str) -> bool {
    const ANSWERS: [&str; 3] =
        ["--> Finished dependency resolution", "No match for argument: ", "Nothing to do."];
    said.lines().any(|line| ANSWERS.iter().any(|answer| line.starts_with(answer)))
}

/// What dnf complains of first; what follows is often advice, or a dump of settings.
fn first_words(said: &str) -> Vec<String> {
    let lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .filter(|line| !line.starts_with("Unable to detect release version"))
        .take(3)
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_not_taken_for_an_answer() {
        assert!(has_answered("DNF version: 4.14.0\n--> Finished dependency resolution\n"));
        assert!(has_answered("No match for argument: foo-1-1.noarch\n"));
        assert!(!has_answered("DNF version: 4.14.0\ncachedir: /var/cache/dnf\n"));
        let said = "Unable to detect release version (use x)\n\nYou have enabled checking of packages via GPG keys.\n";
        assert_eq!(first_words(said), ["You have enabled checking of packages via GPG keys."]);
    }
}
