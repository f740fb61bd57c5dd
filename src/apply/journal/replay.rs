//! Reading a journal: every link of the chain is checked, and only a torn last record is forgiven.

use std::path::Path;

use chrono::{DateTime, Utc};

use super::record::{Event, JOURNAL_VERSION, Record, RunKind};
use super::tried::Tried;
use super::{JournalError, chain, storage_error};
use crate::host::storage;
use crate::model::digest::Sha256;
use crate::model::run::RunId;
use crate::model::transaction::Phase;

/// What a journal tells about its run when it is read from the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    /// The run.
    pub run: RunId,
    /// What it is for.
    pub kind: RunKind,
    /// The plan that it carries out.
    pub plan: Sha256,
    /// The last phase entered.
    pub phase: Phase,
    /// Every believable record.
    pub records: Vec<Record>,
    /// Digest of the last record: the head of the chain.
    pub head: Sha256,
    /// Digest of the last record that is about the run itself, which its report names.
    pub told_head: Sha256,
    /// Bytes of the file that hold believable records; a torn record may follow.
    pub length: u64,
}

impl Replay {
    /// Returns the batch that was intended and neither done nor failed, if there is one.
    pub fn open_batch(&self) -> Option<u32> {
        let mut open = None;
        for record in &self.records {
            match record.event {
                Event::BatchIntended { batch, .. } => open = Some(batch),
                Event::BatchDone { .. } | Event::BatchFailed { .. } => open = None,
                _ => {}
            }
        }
        open
    }

    /// Returns the digest of the report as it was stored last; `None` where none was noted.
    pub fn report(&self) -> Option<Sha256> {
        self.records.iter().rev().find_map(|record| match record.event {
            Event::ReportStored { sha256 } => Some(sha256),
            _ => None,
        })
    }

    /// Returns what was tried so far.
    pub fn tried(&self) -> Tried {
        self.records.iter().fold(Tried::default(), |tried, record| tried.and(&record.event))
    }

    /// Returns why the last attempt or batch that failed did so.
    pub fn last_reason(&self) -> Option<String> {
        self.records.iter().rev().find_map(|record| match &record.event {
            Event::BatchFailed { reason, .. }
            | Event::ForwardFailed { reason, .. }
            | Event::BackFailed { reason, .. } => Some(reason.clone()),
            _ => None,
        })
    }

    /// Returns when the first record was written.
    pub fn started(&self) -> Option<DateTime<Utc>> {
        self.records.first().map(|record| record.time)
    }

    /// Returns when the last record was written.
    pub fn finished(&self) -> Option<DateTime<Utc>> {
        self.records.last().map(|record| record.time)
    }
}

/// Reads a journal and checks every link of its chain.
///
/// # Errors
/// It cannot be read, is of a newer format, or a record before the last is damaged. A damaged last record counts as
/// not written.
pub fn replay(path: &Path) -> Result<Replay, JournalError> {
    let bytes = storage::read(path).map_err(|source| storage_error(path, source))?;
    let corrupt = |line: usize, reason: &str| JournalError::Corrupt {
        path: path.to_owned(),
        line,
        reason: reason.to_owned(),
    };
    let Believable { records, head, told_head, length } =
        believable(&bytes).map_err(|(line, reason)| corrupt(line, &reason))?;
    if records.is_empty() {
        return Err(JournalError::NotBegun { path: path.to_owned() });
    }
    let Some(Event::Opened { journal_version, run, kind, plan, .. }) =
        records.first().map(|record| record.event.clone())
    else {
        return Err(corrupt(1, "the opening record is missing"));
    };
    if journal_version > JOURNAL_VERSION {
        return Err(JournalError::Newer { path: path.to_owned(), found: journal_version });
    }
    let phase = last_phase(&records).map_err(|(line, reason)| corrupt(line, &reason))?;
    Ok(Replay { run, kind, plan, phase, records, head, told_head, length })
}

type Damage = (usize, String);

/// The records up to a damage in the last line.
struct Believable {
    records: Vec<Record>,
    head: Sha256,
    told_head: Sha256,
    length: u64,
}

/// Returns the records up to the first damage, which must be the last line.
fn believable(bytes: &[u8]) -> Result<Believable, Damage> {
    let mut records: Vec<Record> = Vec::new();
    let (mut head, mut told_head, mut length) = (Sha256::of(b""), Sha256::of(b""), 0u64);
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n').enumerate().peekable();
    while let Some((index, line)) = lines.next() {
        let is_last = lines.peek().is_none();
        match parse_line(line, head) {
            Ok((record, digest)) if record.sequence == index as u64 + 1 => {
                head = digest;
                if !matches!(record.event, Event::ReportStored { .. }) {
                    told_head = head;
                }
                records.push(record);
                length += line.len() as u64;
            }
            Ok(_) => return Err((index + 1, "records are missing or doubled".to_owned())),
            Err(_) if is_last => break,
            Err(reason) => return Err((index + 1, reason)),
        }
    }
    Ok(Believable { records, head, told_head, length })
}

fn parse_line(line: &[u8], previous: Sha256) -> Result<(Record, Sha256), String> {
    let text = std::str::from_utf8(line).map_err(|_| "not UTF-8".to_owned())?;
    let text = text.strip_suffix('\n').ok_or("it does not end")?;
    let (digest, json) = text.split_once(' ').ok_or("it has no digest")?;
    let digest: Sha256 = digest.parse().map_err(|_| "its digest is none")?;
    if chain(previous, json) != digest {
        return Err("its digest does not fit: this line or one before it was changed".to_owned());
    }
    let record = serde_json::from_str(json).map_err(|error| error.to_string())?;
    Ok((record, digest))
}

/// Follows the phases and refuses a step that the table of transitions does not have.
fn last_phase(records: &[Record]) -> Result<Phase, Damage> {
    let mut phase = Phase::Planned;
    for (index, record) in records.iter().enumerate() {
        if let Event::Entered { phase: next } = record.event {
            let first = next == Phase::Planned && index == 1;
            if !first && !phase.may_become(next) {
                return Err((index + 1, format!("a run cannot go from {phase:?} to {next:?}")));
            }
            phase = next;
        }
    }
    Ok(phase)
}
