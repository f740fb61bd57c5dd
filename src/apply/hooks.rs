//! The administrator's own programs at the turns of a run: `hooks.d/PHASE/*`, each once a run, in the order of their
//! names. One that runs before the first change, or before a reboot, can veto it.

use std::path::PathBuf;
use std::time::Duration;

use super::health::checks::{self, CheckError};
use crate::config::layout::Layout;
use crate::host::runner::{self, CommandSpec, RunError};
use crate::host::storage::{self, StorageError};
use crate::model::run::RunId;

/// A hook gets this long: enough to ask other machines, and short against a window.
const TIME_LIMIT: Duration = Duration::from_secs(300);

/// A turn of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The plan is approved and nothing is changed yet.
    PreApply,
    /// The plan was carried out and proven.
    PostApply,
    /// The host is about to reboot.
    PreReboot,
    /// It failed, or was refused.
    OnFailure,
    /// It was taken back.
    OnRollback,
}

impl Turn {
    /// Returns the name of its folder, and of the phase for its programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::PreApply => "pre-apply",
            Self::PostApply => "post-apply",
            Self::PreReboot => "pre-reboot",
            Self::OnFailure => "on-failure",
            Self::OnRollback => "on-rollback",
        }
    }
}

/// A hook that did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum HookError {
    /// The folder cannot be listed.
    #[error("cannot list the hooks in {folder}")]
    List {
        /// The folder.
        folder: PathBuf,
        /// What the system answered.
        #[source]
        source: StorageError,
    },
    /// Root must not run it.
    #[error("a hook is not run")]
    Distrusted(#[source] CheckError),
    /// It cannot be started.
    #[error("cannot start the hook {path}")]
    Start {
        /// The program.
        path: PathBuf,
        /// What the system answered.
        #[source]
        source: RunError,
    },
    /// It ended with another code than 0, or not in time.
    #[error("the hook {path} says no: {words}")]
    Refused {
        /// The program.
        path: PathBuf,
        /// Its last words and its exit code.
        words: String,
    },
}

/// Runs the hooks of a turn, with `PATCHCTL_RUN`, `PATCHCTL_PLAN` and `PATCHCTL_PHASE`; the first that fails ends it.
///
/// # Errors
/// A hook can be changed by others, cannot be run, failed, or did not end in time. None is run where one is not safe.
pub fn run(layout: &Layout, turn: Turn, run: RunId) -> Result<(), HookError> {
    let folder = layout.hooks().join(turn.word());
    let files = storage::list(&folder).map_err(|source| HookError::List { folder, source })?;
    let hooks: Vec<PathBuf> = files.into_iter().filter(|path| !checks::is_leftover(path)).collect();
    for path in &hooks {
        checks::verify(path).map_err(HookError::Distrusted)?;
    }
    let plan = layout.run(run).plan().display().to_string();
    hooks.into_iter().try_for_each(|path| {
        let spec = CommandSpec::new(&path.to_string_lossy())
            .env("PATCHCTL_RUN", &run.to_string())
            .env("PATCHCTL_PLAN", &plan)
            .env("PATCHCTL_PHASE", turn.word())
            .time_limit(TIME_LIMIT);
        let output = match runner::run(&spec) {
            Ok(output) => output,
            Err(source) => return Err(HookError::Start { path, source }),
        };
        if output.is_success() {
            return Ok(());
        }
        let code = match output.timed_out {
            true => format!("it did not end within {} s", TIME_LIMIT.as_secs()),
            false => format!("exit code {}", output.code),
        };
        let words = output.last_words(2).into_iter().chain([code]).collect::<Vec<_>>().join("; ");
        Err(HookError::Refused { path, words })
    })
}
