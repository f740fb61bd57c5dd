//! What came before a download broke off, and whether the rest may be asked for.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::host::storage::{self, PUBLIC, Result};

/// Largest note that is read; addresses and validators are short.
const LARGEST_NOTE: u64 = 16 * 1024;

/// A part of content that is on disk.
#[derive(Clone, Debug)]
pub(super) struct Partial {
    /// Bytes that are there.
    pub(super) size: u64,
    /// The strong validator of the content that they are a part of.
    pub(super) etag: String,
}

/// What is written beside the part.
#[derive(Serialize, Deserialize)]
struct Note {
    location: String,
    etag: String,
}

impl Partial {
    /// Returns the part of what lies at an address; none where there is no byte of it, or of something else.
    pub(super) fn of(path: &Path, location: &str) -> Option<Self> {
        let note = storage::read_at_most(&note_path(path), LARGEST_NOTE).ok()?;
        let note: Note = serde_json::from_slice(&note).ok()?;
        let size = storage::stamp(path).size;
        (note.location == location && size > 0).then_some(Self { size, etag: note.etag })
    }

    /// Writes down what the bytes to come are a part of.
    pub(super) fn note(path: &Path, location: &str, etag: &str) -> Result<()> {
        let note = Note { location: location.to_owned(), etag: etag.to_owned() };
        // Two texts cannot fail to encode.
        storage::replace(&note_path(path), &serde_json::to_vec(&note).unwrap_or_default(), PUBLIC)
    }

    /// Drops part and note.
    pub(super) fn forget(path: &Path) -> Result<()> {
        Self::drop_note(path)?;
        storage::remove_file(path)
    }

    /// Drops the note: the file is whole.
    pub(super) fn drop_note(path: &Path) -> Result<()> {
        storage::remove_file(&note_path(path))
    }

    /// Keeps a part that can be gone on with, and drops any other.
    pub(super) fn keep_if_usable(path: &Path) {
        if !storage::exists(&note_path(path)) {
            let _ = storage::remove_file(path);
        }
    }
}

fn note_path(path: &Path) -> PathBuf {
    path.with_extension("resume")
}
