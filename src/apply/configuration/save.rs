//! Saves what the files of a scope hold, in one pack that `tar --zstd -tvf` can list.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use super::manifest::{Entry, MAX_FILE, Manifest, ManifestError, Scope};
use crate::host::storage::{self, StorageError};

/// Most bytes that are saved for one run, before packing.
pub const MAX_TOTAL: u64 = 256 << 20;

const PACK: &str = "configuration.tar.zst";
const LIST: &str = "configuration.jsonl";

/// What was saved and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// What every path was.
    pub manifest: Manifest,
    /// Files that are listed, but whose content was not saved because they are too large.
    pub unsaved: Vec<PathBuf>,
    pack: PathBuf,
}

/// What was saved before and cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SavedError {
    /// A file cannot be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The list cannot be read.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}

/// Saves a scope in `folder`, as root's own (0600). After `Ok` it survives a power cut; the list is written last, so
/// where there is a list there is a pack.
///
/// # Errors
/// A file of the scope cannot be read, or the folder cannot be written.
pub fn save(scope: &Scope, folder: &Path) -> Result<Saved, StorageError> {
    let pack = folder.join(PACK);
    let temporary = folder.join(format!(".{PACK}.tmp"));
    storage::remove_file(&temporary)?;
    let mut writer = PackWriter::create(&temporary)?;
    let manifest = Manifest::capture_keeping(scope, &mut |entry, content| writer.append(entry, content))?;
    let kept = writer.finish()?;
    storage::rename(&temporary, &pack)?;
    storage::replace(&folder.join(LIST), &manifest.to_lines(), storage::PRIVATE)?;
    let unsaved = unsaved(&manifest, &kept);
    Ok(Saved { manifest, unsaved, pack })
}

fn unsaved(manifest: &Manifest, kept: &BTreeSet<PathBuf>) -> Vec<PathBuf> {
    let is_file = |entry: &&Entry| matches!(entry.kind, super::manifest::Kind::File { .. });
    let files = manifest.entries().filter(is_file).map(|entry| &entry.path);
    files.filter(|path| !kept.contains(*path)).cloned().collect()
}

impl Saved {
    /// Opens what was saved in `folder`; `None` when nothing was.
    ///
    /// # Errors
    /// The list or the pack cannot be read, or was cut or changed.
    pub fn open(folder: &Path) -> Result<Option<Self>, SavedError> {
        let list = folder.join(LIST);
        let Some(bytes) = storage::read_if_present(&list)? else { return Ok(None) };
        let manifest = Manifest::parse(&bytes, &list)?;
        let mut saved = Self { manifest, unsaved: Vec::new(), pack: folder.join(PACK) };
        let mut kept = BTreeSet::new();
        saved.for_each_content(&mut |path, _| {
            kept.insert(path.to_owned());
        })?;
        saved.unsaved = unsaved(&saved.manifest, &kept);
        Ok(Some(saved))
    }

    /// Calls `visit` with the path and content of every file that was saved.
    ///
    /// # Errors
    /// The pack cannot be read.
    pub fn for_each_content(&self, visit: &mut dyn FnMut(&Path, &[u8])) -> Result<(), StorageError> {
        let at = |source| StorageError { operation: "read", path: self.pack.clone(), source };
        let plain = zstd::Decoder::new(storage::open(&self.pack)?).map_err(at)?;
        let mut pack = tar::Archive::new(plain.take(2 * MAX_TOTAL));
        for member in pack.entries().map_err(at)? {
            let mut member = member.map_err(at)?;
            let path = Path::new("/").join(member.path().map_err(at)?);
            let mut content = Vec::new();
            (&mut member).take(MAX_FILE + 1).read_to_end(&mut content).map_err(at)?;
            visit(&path, &content);
        }
        Ok(())
    }
}

/// The pack that is being written.
struct PackWriter {
    path: PathBuf,
    pack: tar::Builder<zstd::Encoder<'static, BufWriter<File>>>,
    kept: BTreeSet<PathBuf>,
    total: u64,
}

impl PackWriter {
    fn create(path: &Path) -> Result<Self, StorageError> {
        let file = BufWriter::new(storage::create_new(path, storage::PRIVATE)?);
        let encoder = zstd::Encoder::new(file, 1).map_err(|source| unwritable(path, source))?;
        let pack = tar::Builder::new(encoder);
        Ok(Self { path: path.to_owned(), pack, kept: BTreeSet::new(), total: 0 })
    }

    fn append(&mut self, entry: &Entry, content: &[u8]) -> Result<(), StorageError> {
        self.total += content.len() as u64;
        if self.total > MAX_TOTAL {
            return Ok(());
        }
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(entry.mode);
        header.set_uid(u64::from(entry.uid));
        header.set_gid(u64::from(entry.gid));
        header.set_mtime(0);
        let name = entry.path.strip_prefix("/").unwrap_or(&entry.path);
        let appended = self.pack.append_data(&mut header, name, content);
        appended.map_err(|source| unwritable(&self.path, source))?;
        self.kept.insert(entry.path.clone());
        Ok(())
    }

    fn finish(self) -> Result<BTreeSet<PathBuf>, StorageError> {
        let at = |source| unwritable(&self.path, source);
        let mut buffered = self.pack.into_inner().and_then(zstd::Encoder::finish).map_err(at)?;
        buffered.flush().map_err(at)?;
        buffered.get_ref().sync_all().map_err(at)?;
        Ok(self.kept)
    }
}

fn unwritable(path: &Path, source: std::io::Error) -> StorageError {
    StorageError { operation: "write", path: path.to_owned(), source }
}
