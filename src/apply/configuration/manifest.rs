//! A list of paths with all that tells a change: type, owner, mode, digest or link target.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{attributes, escaped, exclusions};
use crate::host::ownership::{self, Attributes, Rights};
use crate::host::storage::{self, StorageError};
use crate::model::digest::Sha256;

/// Name of the document; the number rises when the meaning of a key changes.
pub const SCHEMA: &str = "patchctl.manifest/2";

/// Largest file that is saved: what an administrator writes is far below, what is above is data in the wrong place.
pub const MAX_FILE: u64 = 16 << 20;

/// What is looked at: folders or single files, absolute inside a root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The root.
    pub root: PathBuf,
    /// Folders with all below them, or single files.
    pub paths: Vec<PathBuf>,
}

impl Scope {
    /// All of `/etc` of a root.
    pub fn etc(root: &Path) -> Self {
        Self { root: root.to_owned(), paths: vec![PathBuf::from("/etc")] }
    }

    /// Returns where a path of this scope is on disk.
    pub fn place(&self, path: &Path) -> PathBuf {
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }
}

/// What a path is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Kind {
    /// A regular file.
    File {
        /// Length in bytes.
        size: u64,
        /// Digest of its content.
        sha256: Sha256,
    },
    /// A symbolic link.
    Link {
        /// Where it points, as written.
        #[serde(with = "escaped")]
        target: PathBuf,
    },
    /// A folder.
    Folder,
    /// A device, pipe or socket: noticed, never written.
    Other,
}

/// One path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Absolute inside the root.
    #[serde(with = "escaped")]
    pub path: PathBuf,
    /// What it is.
    #[serde(flatten)]
    pub kind: Kind,
    /// Permission bits with setuid, setgid and sticky, as a number.
    pub mode: u32,
    /// User number.
    pub uid: u32,
    /// Group number.
    pub gid: u32,
    /// Access lists, capabilities, labels; a link has none of its own.
    #[serde(with = "attributes", skip_serializing_if = "Attributes::is_empty", default)]
    pub attributes: Attributes,
}

impl Entry {
    /// Returns owner, mode and attributes.
    pub fn rights(&self) -> Rights {
        Rights { uid: self.uid, gid: self.gid, mode: self.mode, attributes: self.attributes.clone() }
    }
}

/// A manifest that cannot be read back.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// A line is not what it should be.
    #[error("{path}: line {line}: not a line of a manifest")]
    Line {
        /// The file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// Another schema, or not what was written.
    #[error("{path} is not a {SCHEMA} document, or was cut or changed")]
    Damaged {
        /// The file.
        path: PathBuf,
    },
}

/// The first line of a manifest.
#[derive(Serialize, Deserialize)]
struct Heading {
    schema: String,
    /// Digest of all lines after this one.
    sha256: Sha256,
}

/// What the paths of a scope were at one time, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    entries: BTreeMap<PathBuf, Entry>,
}

/// Called with each regular file of at most [`MAX_FILE`] bytes, and its content.
pub(super) type Keep<'a> = &'a mut dyn FnMut(&Entry, &[u8]) -> storage::Result<()>;

impl Manifest {
    /// Lists the paths of a scope. Paths that vanish meanwhile are passed over, and so is what
    /// [`exclusions`] names.
    ///
    /// # Errors
    /// A path cannot be read.
    pub fn capture(scope: &Scope) -> storage::Result<Self> {
        Self::capture_keeping(scope, &mut |_, _| Ok(()))
    }

    /// As [`Manifest::capture`], and gives each file's content to `keep` in the same reading.
    pub(super) fn capture_keeping(scope: &Scope, keep: Keep<'_>) -> storage::Result<Self> {
        let mut manifest = Self::default();
        for path in &scope.paths {
            let place = scope.place(path);
            let Some(metadata) = storage::metadata(&place)? else { continue };
            manifest.take(path.clone(), (&place, &metadata), keep)?;
            if metadata.is_dir() {
                manifest.take_below(path, &place, keep)?;
            }
        }
        Ok(manifest)
    }

    fn take_below(&mut self, folder: &Path, place: &Path, keep: Keep<'_>) -> storage::Result<()> {
        for place in storage::list(place)? {
            let Some(metadata) = storage::metadata(&place)? else { continue };
            let path = folder.join(place.file_name().unwrap_or_default());
            let taken = self.take(path.clone(), (&place, &metadata), keep)?;
            if taken && metadata.is_dir() {
                self.take_below(&path, &place, keep)?;
            }
        }
        Ok(())
    }

    /// Tells whether the path was taken in.
    fn take(
        &mut self,
        path: PathBuf,
        (place, metadata): (&Path, &Metadata),
        keep: Keep<'_>,
    ) -> storage::Result<bool> {
        let target = if metadata.is_symlink() { storage::link_target(place).ok() } else { None };
        if exclusions::reason(&path, target.as_deref()).is_some() {
            return Ok(false);
        }
        let read = match target {
            Some(target) => Ok((Kind::Link { target }, None)),
            None => read_kind(place, metadata),
        };
        let (kind, content) = match read {
            Ok(read) => read,
            Err(error) if error.is_not_found() => return Ok(false),
            Err(error) => return Err(error),
        };
        let attributes = match &kind {
            Kind::File { .. } | Kind::Folder => ownership::attributes(place),
            Kind::Link { .. } | Kind::Other => Ok(Attributes::new()),
        };
        let attributes = match attributes {
            Err(error) if error.is_not_found() => return Ok(false),
            attributes => attributes?,
        };
        let (mode, uid, gid) = (metadata.mode() & 0o7777, metadata.uid(), metadata.gid());
        let entry = Entry { path: path.clone(), kind, mode, uid, gid, attributes };
        if let Some(content) = content {
            keep(&entry, &content)?;
        }
        self.entries.insert(path, entry);
        Ok(true)
    }

    /// Returns what a path was.
    pub fn get(&self, path: &Path) -> Option<&Entry> {
        self.entries.get(path)
    }

    /// Returns every path, sorted.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// Writes the manifest as JSON lines, after a heading that tells when it was cut or changed.
    pub fn to_lines(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for entry in self.entries.values() {
            // Strings, numbers and tags: there is nothing in an entry that JSON cannot hold.
            body.extend(serde_json::to_vec(entry).unwrap_or_default());
            body.push(b'\n');
        }
        let heading = Heading { schema: SCHEMA.to_owned(), sha256: Sha256::of(&body) };
        let mut lines = serde_json::to_vec(&heading).unwrap_or_default();
        lines.push(b'\n');
        lines.extend(body);
        lines
    }

    /// Reads what [`Manifest::to_lines`] wrote; `origin` is the file, for messages.
    ///
    /// # Errors
    /// The document is of another schema, was cut or changed, or a line cannot be read.
    pub fn parse(bytes: &[u8], origin: &Path) -> Result<Self, ManifestError> {
        let at = |line| move |source| ManifestError::Line { path: origin.to_owned(), line, source };
        let damaged = || ManifestError::Damaged { path: origin.to_owned() };
        let split = memchr::memchr(b'\n', bytes).ok_or_else(damaged)?;
        let (first, body) = (&bytes[..split], &bytes[split + 1..]);
        let heading: Heading = serde_json::from_slice(first).map_err(at(1))?;
        if heading.schema != SCHEMA || heading.sha256 != Sha256::of(body) {
            return Err(damaged());
        }
        let mut manifest = Self::default();
        for (number, line) in body.split(|byte| *byte == b'\n').enumerate().filter(|(_, l)| !l.is_empty()) {
            let entry: Entry = serde_json::from_slice(line).map_err(at(number + 2))?;
            manifest.entries.insert(entry.path.clone(), entry);
        }
        Ok(manifest)
    }
}

impl FromIterator<Entry> for Manifest {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        Self { entries: entries.into_iter().map(|entry| (entry.path.clone(), entry)).collect() }
    }
}

/// Returns what a path that is no link is, with the content of a file that is small enough to keep.
fn read_kind(place: &Path, metadata: &Metadata) -> Result<(Kind, Option<Vec<u8>>), StorageError> {
    if metadata.is_dir() {
        return Ok((Kind::Folder, None));
    }
    if !metadata.is_file() {
        return Ok((Kind::Other, None));
    }
    if metadata.len() > MAX_FILE {
        return Ok((Kind::File { size: metadata.len(), sha256: storage::digest(place)? }, None));
    }
    let content = storage::read_at_most(place, MAX_FILE)?;
    let kind = Kind::File { size: content.len() as u64, sha256: Sha256::of(&content) };
    Ok((kind, Some(content)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Manifest {
        let kinds = [
            ("/etc/a", Kind::File { size: 3, sha256: Sha256::of(b"abc") }),
            ("/etc/b\\x", Kind::Link { target: PathBuf::from("../b") }),
            ("/etc/c", Kind::Folder),
        ];
        let attributes: Attributes = [("user.note".into(), b"kept\xff".to_vec())].into();
        let entry = |(path, kind): (&str, Kind)| {
            let attributes = if kind == Kind::Folder { attributes.clone() } else { Attributes::new() };
            Entry { path: path.into(), kind, mode: 0o640, uid: 0, gid: 42, attributes }
        };
        kinds.map(entry).into_iter().collect()
    }

    #[test]
    fn a_manifest_survives_the_way_through_text() {
        let lines = sample().to_lines();
        assert_eq!(Manifest::parse(&lines, Path::new("m")).ok(), Some(sample()));
    }

    #[test]
    fn a_cut_or_changed_manifest_is_refused() {
        let lines = sample().to_lines();
        for length in 0..lines.len() {
            assert!(Manifest::parse(&lines[..length], Path::new("m")).is_err(), "cut at {length}");
        }
        let mut changed = lines;
        let last = changed.len() - 4;
        changed[last] ^= 1;
        assert!(Manifest::parse(&changed, Path::new("m")).is_err());
    }
}
