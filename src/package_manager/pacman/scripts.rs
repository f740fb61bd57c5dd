//! Which script failed: pacman goes on over a failed script, and ends with 0 (alpm, `_alpm_runscriptlet`). Only its words
//! tell, and they name no package: what was worked on last is to blame.

use crate::model::package::PackageName;

/// What pacman says of a script or hook that failed (alpm, `_alpm_run_chroot`).
const FAILED: [&str; 2] =
    ["error: command failed to execute correctly", "error: command terminated by signal"];
/// What it says of a package whose files could not all be put in place, and goes on (alpm, `add.c`, `remove.c`).
const BROKEN: [&str; 2] =
    ["error: problem occurred while upgrading ", "error: problem occurred while installing "];

/// What begins a line about a package that is worked on.
const WORK: [&str; 5] = ["upgrading ", "installing ", "reinstalling ", "downgrading ", "removing "];

/// The words by which the blame is passed on with the output of a command.
pub(super) const BLAME: &str = "patchctl: to blame: ";

/// Names whatever a transaction's words blame, in the order in which they were said: packages, or the hook that failed.
pub(super) fn blamed(said: &str) -> Vec<PackageName> {
    let mut names = Vec::new();
    let mut last = PackageName::from("a hook");
    for line in said.lines() {
        if let Some(package) = worked_on(line) {
            last = PackageName::from(package);
        } else if let Some(description) = hook_of(line) {
            last = PackageName::from(format!("the hook \"{description}\"").as_str());
        } else if FAILED.iter().any(|words| line.starts_with(words)) {
            names.push(last.clone());
        } else if let Some(package) = BROKEN.iter().find_map(|words| line.strip_prefix(words)) {
            names.push(PackageName::from(package.trim()));
        }
    }
    names.dedup();
    names
}

/// Tells whether a line is for standard error (pacman, `cb_log`).
pub(super) fn is_complaint(line: &str) -> bool {
    ["error: ", "warning: "].iter().any(|words| line.starts_with(words))
}

/// `(1/2) Updating linux initcpios...`
fn hook_of(line: &str) -> Option<&str> {
    let (_, description) = line.strip_prefix('(').filter(|rest| rest.contains('/'))?.split_once(") ")?;
    Some(description.trim_end_matches("..."))
}

/// `upgrading foo...`
fn worked_on(line: &str) -> Option<&str> {
    let rest = WORK.iter().find_map(|word| line.strip_prefix(word))?;
    rest.strip_suffix("...").filter(|name| !name.contains(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_that_was_worked_on_is_blamed() {
        let said = "upgrading badpost...\npost says no\nerror: command failed to execute correctly\nupgrading plain...\n\
            upgrading badpre...\nerror: command failed to execute correctly\nupgrading other...\n";
        assert_eq!(blamed(said), ["badpost", "badpre"].map(PackageName::from));
        assert_eq!(blamed("upgrading plain...\n"), []);
    }

    #[test]
    fn a_hook_that_failed_is_named_by_its_description() {
        let said = "upgrading linux...\n:: Running post-transaction hooks...\n(1/2) Updating linux initcpios...\n\
            error: command failed to execute correctly\n(2/2) Arming ConditionNeedsUpdate...\n";
        assert_eq!(blamed(said), [PackageName::from("the hook \"Updating linux initcpios\"")]);
        let broken = "error: problem occurred while upgrading big\n";
        assert_eq!(blamed(broken), [PackageName::from("big")]);
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "(upgrading |a|\\.\\.\\.|\n|\\(1/2\\) |error: command failed to execute correctly|\\PC){0,30}") {
            let _ = blamed(&text);
        }
    }
}
