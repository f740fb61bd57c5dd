//! Just enough of SQLite's file format to read every row of one table, without SQL and without writing anything: not
//! even the lock and index files that SQLite itself makes beside a database.
//!
//! <https://www.sqlite.org/fileformat2.html>; the section is named where a number comes from one. A database that changes
//! while it is read is told by its stamps and read again.

mod pages;
mod tree;
mod write_ahead_log;

use std::path::{Path, PathBuf};

use crate::host::storage::{self, FileStamp, StorageError};
use pages::Pages;

/// Why a database cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SqliteError {
    /// A file of it cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system answered.
        #[source]
        source: StorageError,
    },
    /// The file is not what SQLite writes.
    #[error("{path}, page {page}: {reason}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The page, counted from 1.
        page: u32,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// There is no such table.
    #[error("{path} has no table {table}")]
    NoTable {
        /// The file.
        path: PathBuf,
        /// The table.
        table: &'static str,
    },
    /// A change was begun and not ended: the file holds half of it.
    #[error(
        "{journal} holds a change that was not finished: any query of the package manager as root ends it"
    )]
    Unfinished {
        /// The journal beside the database.
        journal: PathBuf,
    },
    /// It changed each time it was read.
    #[error("{path} is being written: it changed while it was read, {tries} times")]
    Busy {
        /// The file.
        path: PathBuf,
        /// How often it was tried.
        tries: u32,
    },
}

/// What is done with the number and the bytes of each row.
type OnRow<'a, T, E> = &'a mut dyn FnMut(i64, &[u8]) -> Result<T, E>;

/// How often a database is read that changes meanwhile.
const TRIES: u32 = 5;

/// Reads the blob in the second column of every row of a table, in the order of the row numbers, and makes a value
/// of each.
///
/// `take` gets the row's number and the blob.
///
/// # Errors
/// The file cannot be read, is damaged, has no such table or is being written all the time; or what `take` says.
pub(super) fn read_blobs<T, E: From<SqliteError>>(
    path: &Path,
    table: &'static str,
    take: OnRow<'_, T, E>,
) -> Result<Vec<T>, E> {
    for _ in 0..TRIES {
        let before = stamps(path);
        let read = read_once(path, table, take);
        // What was seen half written is no damage: only the error of a database that stood still counts.
        if stamps(path) == before {
            return read;
        }
    }
    Err(SqliteError::Busy { path: path.to_owned(), tries: TRIES }.into())
}

fn stamps(path: &Path) -> [FileStamp; 3] {
    [path.to_owned(), beside(path, "-wal"), beside(path, "-journal")].map(|path| storage::stamp(&path))
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn read_once<T, E: From<SqliteError>>(
    path: &Path,
    table: &'static str,
    take: OnRow<'_, T, E>,
) -> Result<Vec<T>, E> {
    refuse_unfinished(&beside(path, "-journal"))?;
    let mut pages = Pages::open(path)?;
    let root = tree::find_table(&mut pages, table)?;
    let mut values = Vec::new();
    tree::walk(&mut pages, root, &mut |row, payload| {
        let blob = tree::second_column(payload).map_err(|reason| tree::damaged(path, root, reason))?;
        values.push(take(row, blob)?);
        Ok::<(), E>(())
    })?;
    Ok(values)
}

/// The first bytes of a journal that is to be played back; SQLite clears them when a change is complete ("The
/// Rollback Journal").
const JOURNAL: [u8; 8] = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];

fn refuse_unfinished(journal: &Path) -> Result<(), SqliteError> {
    let reading = |source| SqliteError::Read { path: journal.to_owned(), source };
    if storage::stamp(journal).size == 0 {
        return Ok(());
    }
    let mut file = crate::host::blocks::BlockFile::open(journal).map_err(reading)?;
    let begins = file.read(0, JOURNAL.len()).map_err(reading)?;
    if begins == JOURNAL { Err(SqliteError::Unfinished { journal: journal.to_owned() }) } else { Ok(()) }
}
