//! What a child process is to be: absolute program, argument vector, environment, time limit.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::signals::Signals;

/// What to run.
#[derive(Clone, Debug)]
pub struct CommandSpec {
    /// The program, as an absolute path.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Variables beside the fixed ones.
    pub environment: BTreeMap<String, String>,
    /// Where it runs; `/` unless said otherwise.
    pub folder: PathBuf,
    /// After this long it is asked to end.
    pub time_limit: Duration,
    /// What happens when it does not end after it was asked.
    pub insistence: Insistence,
    /// A lock file that it holds as long as it lives, also when whoever started it is gone.
    pub guard: Option<PathBuf>,
    /// The control group that it is started in; that of patchctl itself where there is none.
    pub group: Option<PathBuf>,
    /// The file that it reads as its input; nothing where there is none.
    pub input: Option<PathBuf>,
    /// Its two outputs are one: what it says is heard as its standard output, in the order in which it says it.
    pub has_one_output: bool,
    /// The signals that end it at once, with everything in its process group: what it does is of no use without its end.
    pub stopped_by: Option<Signals>,
}

/// How hard a child is ended at its time limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Insistence {
    /// SIGTERM, and SIGKILL a few seconds later.
    Kill,
    /// SIGTERM to what it waits for, again and again, so that a package manager sees a script that failed; SIGKILL to
    /// everything only when the time limit has passed a second time (safety design 5.2).
    Patient,
}

impl CommandSpec {
    /// A command with a time limit of a minute.
    pub fn new(program: &str) -> Self {
        Self {
            program: PathBuf::from(program),
            arguments: Vec::new(),
            environment: BTreeMap::new(),
            folder: PathBuf::from("/"),
            time_limit: Duration::from_secs(60),
            insistence: Insistence::Kill,
            guard: None,
            group: None,
            input: None,
            has_one_output: false,
            stopped_by: None,
        }
    }

    /// Ends it at once, with its process group, when one of these signals is noted.
    #[must_use]
    pub fn stopped_by(mut self, signals: &Signals) -> Self {
        self.stopped_by = Some(signals.clone());
        self
    }

    /// Makes one of its two outputs: of two, lines may change places on their way here.
    #[must_use]
    pub fn with_one_output(mut self) -> Self {
        self.has_one_output = true;
        self
    }

    /// Lets it read a file as its input.
    #[must_use]
    pub fn input(mut self, file: &Path) -> Self {
        self.input = Some(file.to_owned());
        self
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Adds several arguments.
    #[must_use]
    pub fn args<I: IntoIterator<Item = S>, S: Into<String>>(mut self, arguments: I) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Adds a variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Sets where it runs.
    #[must_use]
    pub fn folder(mut self, folder: &Path) -> Self {
        self.folder = folder.to_owned();
        self
    }

    /// Sets the time limit.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// Sets the lock file that it holds as long as it lives.
    #[must_use]
    pub fn guard(mut self, lock: &Path) -> Self {
        self.guard = Some(lock.to_owned());
        self
    }

    /// Starts it in a control group ([`super::control_group`]).
    #[must_use]
    pub fn within(mut self, group: &Path) -> Self {
        self.group = Some(group.to_owned());
        self
    }

    /// Sets how hard it is ended.
    #[must_use]
    pub fn insistence(mut self, insistence: Insistence) -> Self {
        self.insistence = insistence;
        self
    }

    /// Returns the command as a person would type it, for logs and hints.
    pub fn shown(&self) -> String {
        let mut words = vec![self.program.display().to_string()];
        words.extend(self.arguments.iter().map(|word| quoted(word)));
        words.join(" ")
    }
}

fn quoted(word: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./:=+,@%~^".contains(&b);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}
