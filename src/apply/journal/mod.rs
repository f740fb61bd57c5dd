//! The journal of a run: what was intended and what was observed, each durable before the next thing begins.
//!
//! One record a line: the SHA-256 of the record before it joined with this record, a space, and the record as JSON.
//! So the file is a hash chain that `sha256sum` can follow, and a torn last line is recognised as not written.

mod record;
mod replay;
mod tried;

use std::path::{Path, PathBuf};

pub use record::{Event, Intended, JOURNAL_VERSION, Record, RunKind};
pub use replay::{Replay, replay};
pub use tried::Tried;

use crate::host::clock::Clock;
use crate::host::facts;
use crate::host::storage::{self, AppendFile, StorageError};
use crate::model::digest::Sha256;
use crate::model::run::RunId;
use crate::model::transaction::Phase;

/// A journal that cannot be written or believed.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// It cannot be read or written.
    #[error("cannot use the journal {path}")]
    Storage {
        /// The journal.
        path: PathBuf,
        /// Why.
        #[source]
        source: StorageError,
    },
    /// A record before the last is damaged: nothing after it can be believed.
    #[error("the journal {path} is damaged at line {line}: {reason}")]
    Corrupt {
        /// The journal.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// It holds no whole record: the run was cut off before it began.
    #[error("the journal {path} holds no record: its run never began")]
    NotBegun {
        /// The journal.
        path: PathBuf,
    },
    /// It was written by a newer patchctl.
    #[error("the journal {path} has format {found}; this patchctl reads up to {JOURNAL_VERSION}")]
    Newer {
        /// The journal.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// A phase was to be entered that may not follow.
    #[error("a run cannot go from {from:?} to {to:?}")]
    IllegalTransition {
        /// Where it stands.
        from: Phase,
        /// Where it was to go.
        to: Phase,
    },
}

/// A journal that is being written.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: AppendFile,
    clock: Clock,
    boot_id: String,
    sequence: u64,
    head: Sha256,
    phase: Phase,
    tried: Tried,
}

/// The identity of a run that begins.
#[derive(Clone, Debug)]
pub struct Opening {
    /// The run.
    pub run: RunId,
    /// What it is for.
    pub kind: RunKind,
    /// The plan that it carries out.
    pub plan: Sha256,
}

impl Journal {
    /// Begins a journal in phase [`Phase::Planned`].
    ///
    /// # Errors
    /// The file cannot be created or written.
    pub fn begin(path: &Path, clock: Clock, opening: Opening) -> Result<Self, JournalError> {
        let file = AppendFile::open(path, storage::PRIVATE).map_err(|source| storage_error(path, source))?;
        let (boot_id, head) = (facts::boot_id(), Sha256::of(b""));
        let mut journal = Self {
            path: path.to_owned(),
            file,
            clock,
            boot_id,
            sequence: 0,
            head,
            phase: Phase::Planned,
            tried: Tried::default(),
        };
        journal.write(Event::Opened {
            journal_version: JOURNAL_VERSION,
            run: opening.run,
            kind: opening.kind,
            plan: opening.plan,
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        })?;
        journal.write(Event::Entered { phase: Phase::Planned })?;
        Ok(journal)
    }

    /// Goes on with the journal of an interrupted run, dropping a torn last record.
    ///
    /// # Errors
    /// As [`replay`], and when the file cannot be written.
    pub fn resume(path: &Path, clock: Clock) -> Result<(Self, Replay), JournalError> {
        let replay = replay(path)?;
        let at = |source| storage_error(path, source);
        let mut file = AppendFile::open(path, storage::PRIVATE).map_err(at)?;
        file.cut(replay.length).map_err(at)?;
        let sequence = replay.records.last().map_or(0, |record| record.sequence);
        let (head, phase, tried) = (replay.head, replay.phase, replay.tried());
        let boot_id = facts::boot_id();
        let journal = Self { path: path.to_owned(), file, clock, boot_id, sequence, head, phase, tried };
        Ok((journal, replay))
    }

    /// Returns where the run stands.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Returns the head of the hash chain.
    pub fn head(&self) -> Sha256 {
        self.head
    }

    /// Returns what was tried so far.
    pub fn tried(&self) -> Tried {
        self.tried
    }

    /// Enters a phase; when this returns, the phase survives a power cut.
    ///
    /// # Errors
    /// The transition is not legal, or the record cannot be written.
    pub fn enter(&mut self, phase: Phase) -> Result<(), JournalError> {
        if !self.phase.may_become(phase) {
            return Err(JournalError::IllegalTransition { from: self.phase, to: phase });
        }
        self.write(Event::Entered { phase })?;
        self.phase = phase;
        Ok(())
    }

    /// Writes a record; when this returns, it survives a power cut.
    ///
    /// # Errors
    /// The record cannot be written. The run must not go on as if it could be tried again.
    pub fn write(&mut self, event: Event) -> Result<(), JournalError> {
        let record = Record {
            sequence: self.sequence + 1,
            time: self.clock.now(),
            boot_id: self.boot_id.clone(),
            boot_seconds: self.clock.since_boot().as_secs(),
            event,
        };
        let json = serde_json::to_string(&record).map_err(|error| JournalError::Corrupt {
            path: self.path.clone(),
            line: usize::try_from(record.sequence).unwrap_or(usize::MAX),
            reason: error.to_string(),
        })?;
        let head = chain(self.head, &json);
        let tried = self.tried.and(&record.event);
        self.file
            .append(format!("{head} {json}\n").as_bytes())
            .map_err(|source| storage_error(&self.path, source))?;
        self.sequence = record.sequence;
        self.head = head;
        self.tried = tried;
        Ok(())
    }
}

fn storage_error(path: &Path, source: StorageError) -> JournalError {
    JournalError::Storage { path: path.to_owned(), source }
}

fn chain(previous: Sha256, json: &str) -> Sha256 {
    Sha256::of_parts([previous.as_bytes().as_slice(), json.as_bytes()])
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests damage files directly")]
mod tests {
    use super::*;

    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("patchctl-journal-{}-{name}", std::process::id()));
            storage::remove_folder(&folder).expect("removable");
            storage::create_folder(&folder, 0o700).expect("creatable");
            Self(folder)
        }

        fn path(&self) -> PathBuf {
            self.0.join("journal")
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = storage::remove_folder(&self.0);
        }
    }

    fn opening() -> Opening {
        Opening { run: RunId::new(7), kind: RunKind::Apply, plan: Sha256::of(b"plan") }
    }

    fn written(scratch: &Scratch) -> Journal {
        let mut journal = Journal::begin(&scratch.path(), Clock::system(), opening()).expect("begun");
        for phase in [Phase::Fetched, Phase::Preflight, Phase::Snapped, Phase::Applying] {
            journal.enter(phase).expect("legal");
        }
        journal.write(Event::BatchIntended { batch: 1, actions: Vec::new() }).expect("written");
        journal
    }

    #[test]
    fn a_journal_tells_where_the_run_stands() {
        let scratch = Scratch::new("replay");
        let journal = written(&scratch);
        let replay = replay(&scratch.path()).expect("readable");
        assert_eq!(
            (replay.run, replay.phase, replay.open_batch()),
            (RunId::new(7), Phase::Applying, Some(1))
        );
        assert_eq!(replay.head, journal.head());
    }

    #[test]
    fn a_torn_last_record_counts_as_not_written_at_every_byte() {
        let scratch = Scratch::new("torn");
        written(&scratch);
        let whole = std::fs::read(scratch.path()).expect("readable");
        let last_line =
            whole[..whole.len() - 1].iter().rposition(|b| *b == b'\n').expect("several lines") + 1;
        for cut in last_line..whole.len() {
            std::fs::write(scratch.path(), &whole[..cut]).expect("writable");
            let replay = replay(&scratch.path()).expect("the rest is believable");
            assert_eq!((replay.phase, replay.open_batch()), (Phase::Applying, None), "cut at {cut}");
            let (mut journal, _) = Journal::resume(&scratch.path(), Clock::system()).expect("resumable");
            journal.enter(Phase::Back).expect("legal");
        }
    }

    #[test]
    fn a_changed_record_before_the_last_is_shown_at_its_line() {
        let scratch = Scratch::new("edited");
        written(&scratch);
        let whole = std::fs::read(scratch.path()).expect("readable");
        let last_line =
            whole[..whole.len() - 1].iter().rposition(|b| *b == b'\n').expect("several lines") + 1;
        for at in (0..last_line).step_by(7) {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            std::fs::write(scratch.path(), &damaged).expect("writable");
            assert!(matches!(replay(&scratch.path()), Err(JournalError::Corrupt { .. })), "flipped at {at}");
        }
    }

    #[test]
    fn an_illegal_transition_is_an_error_and_leaves_no_record() {
        let scratch = Scratch::new("illegal");
        let mut journal = Journal::begin(&scratch.path(), Clock::system(), opening()).expect("begun");
        let before = journal.head();
        assert!(matches!(journal.enter(Phase::Commit), Err(JournalError::IllegalTransition { .. })));
        assert_eq!((journal.phase(), journal.head()), (Phase::Planned, before));
    }
}
