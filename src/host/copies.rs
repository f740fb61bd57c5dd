//! Copies of files into patchctl's own store: whole under their name, with the digest of what was written.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use sha2::{Digest, Sha256 as Hasher};

use super::draft;
use super::storage::{self, Result, StorageError};
use crate::model::digest::Sha256;

/// Copies a file into our own store under a new name, syncs it, and returns size and digest of what was written.
pub fn synced(from: &Path, to: &Path, mode: u32) -> Result<(u64, Sha256)> {
    copy_and((from, to), mode, File::sync_all)
}

/// The same without waiting for the disk: whoever copies many files waits once for all of them.
pub fn unsynced(from: &Path, to: &Path, mode: u32) -> Result<(u64, Sha256)> {
    copy_and((from, to), mode, |_| Ok(()))
}

type Settle = fn(&File) -> io::Result<()>;

fn copy_and((from, to): (&Path, &Path), mode: u32, settle: Settle) -> Result<(u64, Sha256)> {
    let source = storage::open(from)?;
    let temporary = draft::beside(to);
    let copied = copy_stream(source, (&temporary, mode), settle)
        .and_then(|found| storage::rename(&temporary, to).map(|()| found));
    if copied.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    copied
}

fn copy_stream(mut source: impl Read, (to, mode): (&Path, u32), settle: Settle) -> Result<(u64, Sha256)> {
    let _ = fs::remove_file(to);
    let at = || StorageError::at("write", to);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(to).map_err(at())?;
    let mut hasher = Hasher::new();
    let mut buffer = vec![0u8; 256 * 1024];
    let mut size = 0u64;
    loop {
        let count = source.read(&mut buffer).map_err(at())?;
        if count == 0 {
            break;
        }
        hasher.update(&buffer[..count]);
        file.write_all(&buffer[..count]).map_err(at())?;
        size += count as u64;
    }
    settle(&file).map_err(at())?;
    Ok((size, Sha256::from_bytes(hasher.finalize().into())))
}
