//! The administrator's own checks: programs that say pass, fail, or that they cannot tell.
//!
//! Exit code 0 is a pass, 1 a fail, and anything else that the check cannot tell, which never takes a run back. A check
//! that does not end in its time fails: what it waits for does not answer.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::config::choice::CheckSettings;
use crate::config::layout::Layout;
use crate::host::control_group::{self, ControlGroup};
use crate::host::runner::{self, CommandSpec};
use crate::host::storage::{self, StorageError};
use crate::host::trust::{Distrust, distrust};

/// Checks from a folder get this long (safety design, section 5.4).
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// One of the administrator's checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its name in reports.
    pub name: String,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Its failure takes a run back.
    pub required: bool,
    /// After this long it has failed.
    pub time_limit: Duration,
}

/// What a check said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// All is well.
    Pass,
    /// It is not, with the check's last words.
    Fail(String),
    /// It cannot tell, and why.
    CannotTell(String),
}

/// A check that root must not run.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// It cannot be looked at.
    #[error("cannot look at the check {path}")]
    Look {
        /// The program.
        path: PathBuf,
        /// What the system answered.
        #[source]
        source: StorageError,
    },
    /// Somebody else could change what root would run.
    #[error("{check} is not run: {path} belongs to user {owner}, who could change it")]
    ForeignOwner {
        /// The program.
        check: PathBuf,
        /// The path that is not safe.
        path: PathBuf,
        /// Its owner.
        owner: u32,
    },
    /// Others can change what root would run.
    #[error("{check} is not run: {path} can be written by its group or by everyone")]
    WritableByOthers {
        /// The program.
        check: PathBuf,
        /// The path that is not safe.
        path: PathBuf,
    },
    /// It is there and cannot be run.
    #[error("{path} is no file that can be executed")]
    NotExecutable {
        /// The file.
        path: PathBuf,
    },
}

impl CheckError {
    /// Returns what leads out.
    pub fn hint(&self) -> String {
        match self {
            Self::Look { path, .. } => format!("look at {}, or take the check out", path.display()),
            Self::ForeignOwner { path, .. } => format!("chown root {}", path.display()),
            Self::WritableByOthers { path, .. } => format!("chmod go-w {}", path.display()),
            Self::NotExecutable { path } => format!("chmod +x {}", path.display()),
        }
    }
}

/// Finds every check: those of `checks.d/required.d` and `checks.d/wanted.d` by name, then the configured ones.
///
/// # Errors
/// One of them belongs to somebody else, can be changed by others, or cannot be executed: none is run then.
pub fn find(layout: &Layout, configured: &[CheckSettings]) -> Result<Vec<Check>, CheckError> {
    let mut checks = of_folder(&layout.checks().join("required.d"), true)?;
    checks.extend(of_folder(&layout.checks().join("wanted.d"), false)?);
    checks.extend(configured.iter().map(|check| Check {
        name: check.name.clone(),
        command: check.command.clone(),
        required: check.required,
        time_limit: check.timeout,
    }));
    verified(checks)
}

/// Finds the checks that rehearsals run in the clone, where no service runs: those of `checks.d/rehearsal.d`. Each is
/// required.
///
/// # Errors
/// As [`find`].
pub fn find_for_rehearsals(layout: &Layout) -> Result<Vec<Check>, CheckError> {
    verified(of_folder(&layout.checks().join("rehearsal.d"), true)?)
}

fn of_folder(folder: &Path, required: bool) -> Result<Vec<Check>, CheckError> {
    let files =
        storage::list(folder).map_err(|source| CheckError::Look { path: folder.to_owned(), source })?;
    let check = |path: PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let command = vec![path.to_string_lossy().into_owned()];
        Check { name, command, required, time_limit: TIME_LIMIT }
    };
    Ok(files.into_iter().filter(|path| !is_leftover(path)).map(check).collect())
}

fn verified(checks: Vec<Check>) -> Result<Vec<Check>, CheckError> {
    for check in &checks {
        let program = check.command.first().map(PathBuf::from).unwrap_or_default();
        verify(&program)?;
    }
    Ok(checks)
}

/// Tells whether editors or dpkg left a file beside the real ones.
pub fn is_leftover(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with('.') || name.ends_with('~') || name.contains(".dpkg-") || name.ends_with(".pacnew")
}

/// Proves that nobody else could have written a program, and that it can be run.
///
/// # Errors
/// It is not so, or cannot be told.
pub fn verify(program: &Path) -> Result<(), CheckError> {
    let look = |source| CheckError::Look { path: program.to_owned(), source };
    match distrust(program, 0).map_err(look)? {
        Some(Distrust::ForeignOwner(path, owner)) => {
            return Err(CheckError::ForeignOwner { check: program.to_owned(), path, owner });
        }
        Some(Distrust::WritableByOthers(path)) => {
            return Err(CheckError::WritableByOthers { check: program.to_owned(), path });
        }
        None => {}
    }
    let real = storage::canonical(program).map_err(look)?;
    let metadata = storage::metadata(&real).map_err(look)?;
    let can_run = metadata.is_some_and(|found| found.is_file() && found.mode() & 0o100 != 0);
    if can_run { Ok(()) } else { Err(CheckError::NotExecutable { path: program.to_owned() }) }
}

/// What a host without control groups has no means for, in the words of reports.
pub const WITHOUT_GROUPS: &str = "no control group can be made here: what a check of yours leaves running when it has \
    ended goes on";

/// Tells why what checks leave running is not ended with them; `None` where it is.
pub fn not_contained(checks: &[Check]) -> Option<&'static str> {
    (!checks.is_empty() && !control_group::can_be_made()).then_some(WITHOUT_GROUPS)
}

/// Runs a check with the fixed environment of all children, no input, and a process group of its own; in a control group of
/// its own, too, where there are any: nothing that it started outlives it.
pub fn run(check: &Check) -> Answer {
    let mut words = check.command.iter();
    let program = words.next().map(String::as_str).unwrap_or_default();
    let spec = CommandSpec::new(program).args(words.cloned()).time_limit(check.time_limit);
    let group = ControlGroup::new();
    let spec = group.iter().fold(spec, |spec, group| spec.within(group.folder()));
    let ran = runner::run(&spec);
    drop(group);
    match ran {
        Err(error) => Answer::CannotTell(error.to_string()),
        Ok(output) if output.timed_out => {
            Answer::Fail(format!("it did not end within {} s", check.time_limit.as_secs()))
        }
        Ok(output) => {
            let words = output.last_words(2).join("; ");
            match output.code {
                0 => Answer::Pass,
                1 => Answer::Fail(if words.is_empty() { "exit code 1".to_owned() } else { words }),
                code => Answer::CannotTell(format!("exit code {code} {words}").trim_end().to_owned()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(program: &str, arguments: &[&str]) -> Check {
        let command = [program].iter().chain(arguments).map(|word| (*word).to_owned()).collect();
        Check { name: "a check".into(), command, required: true, time_limit: Duration::from_millis(300) }
    }

    #[test]
    fn exit_codes_say_pass_fail_or_nothing() {
        let says = |code: &str| run(&check("/bin/sh", &["-c", &format!("echo words; exit {code}")]));
        assert_eq!(says("0"), Answer::Pass);
        assert_eq!(says("1"), Answer::Fail("words".into()));
        assert_eq!(says("2"), Answer::CannotTell("exit code 2 words".into()));
        assert!(matches!(run(&check("/nonexistent/check", &[])), Answer::CannotTell(_)));
    }

    #[test]
    fn a_check_that_hangs_fails_also_when_its_child_holds_on() {
        let began = std::time::Instant::now();
        assert!(matches!(run(&check("/bin/sh", &["-c", "sleep 60"])), Answer::Fail(_)));
        let escaping = "setsid sleep 60 & exit 0";
        assert_eq!(
            run(&check("/bin/sh", &["-c", escaping])),
            Answer::Pass,
            "what it left behind is not waited for"
        );
        assert!(began.elapsed() < Duration::from_secs(45));
    }
}
