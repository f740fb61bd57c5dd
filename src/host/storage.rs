//! Files: whole reads with a limit, and writes that either happened or did not, power cut included.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256 as Hasher};

use super::draft;
use crate::model::digest::Sha256;

/// Mode of everything that tells about holes of this host.
pub const PRIVATE: u32 = 0o600;
/// Mode of everything that anybody may read.
pub const PUBLIC: u32 = 0o644;

/// A file operation that failed, with its path.
#[derive(Debug, thiserror::Error)]
#[error("cannot {operation} {path}")]
pub struct StorageError {
    /// What was tried, as a verb.
    pub operation: &'static str,
    /// On which path.
    pub path: PathBuf,
    /// What the system answered.
    #[source]
    pub source: io::Error,
}

impl StorageError {
    pub(super) fn at<'a>(operation: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> Self + 'a {
        move |source| Self { operation, path: path.to_owned(), source }
    }

    /// Tells whether the path does not exist.
    pub fn is_not_found(&self) -> bool {
        self.source.kind() == ErrorKind::NotFound
    }

    /// Tells whether the caller may not do this.
    pub fn is_permission_denied(&self) -> bool {
        self.source.kind() == ErrorKind::PermissionDenied
    }

    /// Tells whether the disk or quota is full.
    pub fn is_no_space(&self) -> bool {
        matches!(self.source.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
    }
}

/// Result of a file operation.
pub type Result<T> = std::result::Result<T, StorageError>;

/// Reads a whole file.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(StorageError::at("read", path))
}

/// Reads a whole file that may be absent.
pub fn read_if_present(path: &Path) -> Result<Option<Vec<u8>>> {
    match read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads a file of at most `limit` bytes; a larger one is an error, not a cut.
pub fn read_at_most(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let at = || StorageError::at("read", path);
    let file = File::open(path).map_err(at())?;
    // Room for all of it at once: growing step by step costs a megabyte more than it reads.
    let size = file.metadata().map_err(at())?.len().min(limit);
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0) + 1);
    file.take(limit + 1).read_to_end(&mut bytes).map_err(at())?;
    if bytes.len() as u64 > limit {
        return Err(at()(io::Error::new(
            ErrorKind::FileTooLarge,
            format!("larger than the limit of {limit} bytes"),
        )));
    }
    Ok(bytes)
}

/// Reads the first bytes of a file; a shorter one is read whole.
pub fn read_head(path: &Path, count: u64) -> Result<Vec<u8>> {
    let at = || StorageError::at("read", path);
    let mut bytes = Vec::new();
    File::open(path).map_err(at())?.take(count).read_to_end(&mut bytes).map_err(at())?;
    Ok(bytes)
}

/// Opens a file for reading.
pub fn open(path: &Path) -> Result<File> {
    File::open(path).map_err(StorageError::at("open", path))
}

/// Returns what the path is, without following a last symbolic link; `None` when it does not exist.
pub fn metadata(path: &Path) -> Result<Option<Metadata>> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(StorageError::at("look at", path)(error)),
    }
}

/// Tells whether the path exists (a dangling link does).
pub fn exists(path: &Path) -> bool {
    matches!(metadata(path), Ok(Some(_)))
}

/// Returns where a symbolic link points.
pub fn link_target(path: &Path) -> Result<PathBuf> {
    fs::read_link(path).map_err(StorageError::at("read the link", path))
}

/// Returns the real path behind links.
pub fn canonical(path: &Path) -> Result<PathBuf> {
    fs::canonicalize(path).map_err(StorageError::at("resolve", path))
}

/// Lists a folder's entries by name, sorted; an absent folder has none.
pub fn list(path: &Path) -> Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(StorageError::at("list", path)(error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry.map_err(StorageError::at("list", path))?.path());
    }
    paths.sort();
    Ok(paths)
}

/// A stamp that changes when a file's content does: size, modification time in nanoseconds, inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct FileStamp {
    /// Size in bytes.
    pub size: u64,
    /// Modification time, seconds.
    pub seconds: i64,
    /// Modification time, nanoseconds.
    pub nanoseconds: i64,
    /// Inode.
    pub inode: u64,
}

impl FileStamp {
    /// When the file was last written: seconds and nanoseconds.
    pub fn written(&self) -> (i64, i64) {
        (self.seconds, self.nanoseconds)
    }
}

/// Returns the stamp of a file, following links; the default one when it is absent.
pub fn stamp(path: &Path) -> FileStamp {
    fs::metadata(path).map_or_else(
        |_| FileStamp::default(),
        |m| FileStamp { size: m.size(), seconds: m.mtime(), nanoseconds: m.mtime_nsec(), inode: m.ino() },
    )
}

/// Creates a folder and its parents, each new one with `mode`.
pub fn create_folder(path: &Path, mode: u32) -> Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(path)
        .map_err(StorageError::at("create the folder", path))
}

/// Creates a folder that must not exist yet.
pub fn create_new_folder(path: &Path, mode: u32) -> Result<()> {
    DirBuilder::new().mode(mode).create(path).map_err(StorageError::at("create the folder", path))
}

/// Replaces a file as a whole: temporary name beside it, write, fsync, rename, fsync of the folder.
///
/// After `Ok` the content survives a power cut; before it, the old content does. The file is created with `mode`
/// from its first byte.
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let temporary = draft::beside(path);
    let written = write_new(&temporary, bytes, mode).and_then(|()| rename(&temporary, path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Renames, and makes the new name durable.
pub fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).map_err(StorageError::at("rename to", to))?;
    sync_folder_of(to)
}

/// Creates a file that must not be a link or exist under another owner's hand, writes it and syncs it.
fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let _ = fs::remove_file(path);
    let at = || StorageError::at("write", path);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path).map_err(at())?;
    file.write_all(bytes).map_err(at())?;
    file.sync_all().map_err(at())
}

/// Makes what was written to a file survive a power cut, whoever wrote it.
pub fn sync_file(path: &Path) -> Result<()> {
    File::open(path).and_then(|file| file.sync_all()).map_err(StorageError::at("sync", path))
}

/// Syncs the folder that holds `path`, so that its name survives a power cut.
pub fn sync_folder_of(path: &Path) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    // The parent of a bare file name is empty and means the working folder.
    sync_folder(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
}

/// Syncs a folder.
pub fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|file| file.sync_all()).map_err(StorageError::at("sync the folder", folder))
}

/// Asks the system to write everything that is still in memory to its disks (sync(2)); on Linux it waits for it.
pub fn sync_all() {
    nix::unistd::sync();
}

/// A file that only grows; each record is durable when `append` returns.
#[derive(Debug)]
pub struct AppendFile {
    path: PathBuf,
    file: File,
}

impl AppendFile {
    /// Opens the file to append, or creates it with `mode` and syncs its folder.
    pub fn open(path: &Path, mode: u32) -> Result<Self> {
        let is_new = !exists(path);
        let at = || StorageError::at("open", path);
        let options = &mut OpenOptions::new();
        options.append(true).create(true).mode(mode).custom_flags(nix::libc::O_NOFOLLOW);
        let file = options.open(path).map_err(at())?;
        if is_new {
            sync_folder_of(path)?;
        }
        Ok(Self { path: path.to_owned(), file })
    }

    /// Writes a record and syncs it. A failed sync is final: the caller must not go on as if it could be repeated.
    pub fn append(&mut self, record: &[u8]) -> Result<()> {
        let at = || StorageError::at("append to", &self.path);
        self.file.write_all(record).map_err(at())?;
        self.file.sync_data().map_err(at())
    }

    /// Cuts the file to `length` bytes, to drop a torn last record.
    pub fn cut(&mut self, length: u64) -> Result<()> {
        let at = || StorageError::at("cut", &self.path);
        self.file.set_len(length).map_err(at())?;
        self.file.sync_all().map_err(at())
    }
}

/// Opens a log to append to, created private; a log is not synced line by line.
pub fn open_log(path: &Path) -> Result<File> {
    let options = &mut OpenOptions::new();
    options.append(true).create(true).mode(PRIVATE).custom_flags(nix::libc::O_NOFOLLOW);
    options.open(path).map_err(StorageError::at("open", path))
}

/// Writes one line to a log; a log that cannot be written never stops a run.
pub fn write_log_line(log: &mut File, line: &str) {
    let _ = writeln!(log, "{line}");
}

/// Removes a file that may be absent.
pub fn remove_file(path: &Path) -> Result<()> {
    unless(&[ErrorKind::NotFound], fs::remove_file(path)).map_err(StorageError::at("remove", path))
}

/// Removes a folder where it is empty; it may be absent.
pub fn remove_empty_folder(path: &Path) -> Result<()> {
    let fine = [ErrorKind::NotFound, ErrorKind::DirectoryNotEmpty];
    unless(&fine, fs::remove_dir(path)).map_err(StorageError::at("remove the folder", path))
}

/// Removes a folder with everything in it; it may be absent.
pub fn remove_folder(path: &Path) -> Result<()> {
    let removed = fs::remove_dir_all(path);
    unless(&[ErrorKind::NotFound], removed).map_err(StorageError::at("remove the folder", path))
}

fn unless(fine: &[ErrorKind], done: io::Result<()>) -> io::Result<()> {
    done.or_else(|error| if fine.contains(&error.kind()) { Ok(()) } else { Err(error) })
}

/// Creates or replaces a symbolic link atomically.
pub fn replace_link(link: &Path, target: &Path) -> Result<()> {
    let temporary = draft::beside(link);
    let _ = fs::remove_file(&temporary);
    std::os::unix::fs::symlink(target, &temporary).map_err(StorageError::at("link", link))?;
    rename(&temporary, link)
}

/// Gives a file the date of its last change, in seconds since 1970.
pub fn set_date(path: &Path, seconds: i64) -> Result<()> {
    let since = std::time::Duration::from_secs(seconds.unsigned_abs());
    let epoch = std::time::UNIX_EPOCH;
    let date = if seconds < 0 { epoch.checked_sub(since) } else { epoch.checked_add(since) };
    let date = date.ok_or_else(|| std::io::ErrorKind::InvalidInput.into());
    let file = open(path)?;
    date.and_then(|date| file.set_modified(date)).map_err(StorageError::at("date", path))
}

/// Returns the digest of a file's content, reading it in pieces.
pub fn digest(path: &Path) -> Result<Sha256> {
    let mut file = open(path)?;
    let mut hasher = Hasher::new();
    let mut buffer = vec![0u8; 256 * 1024];
    loop {
        let count = file.read(&mut buffer).map_err(StorageError::at("read", path))?;
        if count == 0 {
            return Ok(Sha256::from_bytes(hasher.finalize().into()));
        }
        hasher.update(&buffer[..count]);
    }
}

/// Creates a file for streaming writes; it must not exist yet.
pub fn create_new(path: &Path, mode: u32) -> Result<File> {
    let options = &mut OpenOptions::new();
    options.write(true).create_new(true).mode(mode).open(path).map_err(StorageError::at("create", path))
}

/// Sets permission bits and owner of a path that is no link.
pub fn set_owner_and_mode(path: &Path, uid: u32, gid: u32, mode: u32) -> Result<()> {
    let at = || StorageError::at("set owner and mode of", path);
    std::os::unix::fs::lchown(path, Some(uid), Some(gid)).map_err(at())?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(at())
}

/// Makes a link belong to an owner.
pub fn set_link_owner(path: &Path, uid: u32, gid: u32) -> Result<()> {
    std::os::unix::fs::lchown(path, Some(uid), Some(gid)).map_err(StorageError::at("set the owner of", path))
}

/// Walks a folder without following links and calls `visit` for each path below it, parents first, sorted.
///
/// # Errors
/// A folder cannot be listed; paths that vanish meanwhile are passed over.
pub fn walk(folder: &Path, visit: &mut dyn FnMut(&Path, &Metadata) -> Result<()>) -> Result<()> {
    for path in list(folder)? {
        let Some(metadata) = metadata(&path)? else { continue };
        visit(&path, &metadata)?;
        if metadata.is_dir() {
            walk(&path, visit)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("patchctl-storage-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        create_folder(&folder, 0o700).expect("a scratch folder can be made");
        folder
    }

    #[test]
    fn replace_leaves_the_new_content_and_no_litter() {
        let folder = scratch("replace");
        let path = folder.join("state");
        replace(&path, b"one", PRIVATE).expect("first write");
        replace(&path, b"two", PRIVATE).expect("second write");
        assert_eq!(read(&path).expect("readable"), b"two");
        assert_eq!(list(&folder).expect("listable"), std::slice::from_ref(&path));
        assert_eq!(metadata(&path).expect("there").map(|m| m.mode() & 0o777), Some(PRIVATE));
        remove_folder(&folder).expect("removable");
    }

    #[test]
    fn a_file_over_the_limit_is_refused_whole() {
        let folder = scratch("limit");
        let path = folder.join("feed");
        replace(&path, &[7; 100], PUBLIC).expect("written");
        assert!(read_at_most(&path, 99).is_err());
        assert_eq!(read_at_most(&path, 100).map(|bytes| bytes.len()).ok(), Some(100));
        remove_folder(&folder).expect("removable");
    }
}
