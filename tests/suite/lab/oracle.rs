//! Answers for the verdict on a root: a manifest of every path in it, and old, new or fail when two or three are compared.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::fs;
use std::io::Read;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::debian::DebianRoot;

/// Paths that may differ between two equal systems, each with its reason; a row ending in `/` means the folder's content.
const EXCLUDED: &[(&str, &str)] = &[
    ("dev/", "made anew for each command"),
    ("proc/", "made anew for each command"),
    ("sys/", "made anew for each command"),
    ("run/", "emptied by a boot"),
    ("tmp/", "emptied by a boot"),
    ("srv/lab/", "the repository is the world, not the host"),
    ("srv/mirror/", "the repository is the world, not the host"),
    ("var/log/", "only ever grows"),
    ("var/cache/", "may be deleted at any time"),
    ("var/lib/apt/lists/", "indexes: what is offered, not what is installed"),
    ("var/lib/patchctl", "the program's own records of what it did"),
    ("etc/ld.so.cache", "rebuilt by ldconfig; orders equal entries freely"),
    ("var/lib/dpkg/available", "what dselect was once offered"),
    ("var/lib/dpkg/lock", "empty; made on first use"),
    ("var/lib/dpkg/lock-frontend", "empty; made on first use"),
    ("var/lib/dpkg/triggers/Lock", "empty; made on first use"),
    ("var/lib/dpkg/status-old", "the status before the last change"),
    ("var/lib/dpkg/diversions-old", "the diversions before the last change"),
    ("var/lib/dpkg/statoverride-old", "the overrides before the last change"),
    (
        "var/lib/systemd/deb-systemd-helper-enabled/",
        "a record of which units were ever enabled; enablement itself is in etc",
    ),
];

/// Files of stanzas whose order and spacing mean nothing: compared by what they say.
const BY_MEANING: &[&str] = &["var/lib/dpkg/status", "var/lib/apt/extended_states"];

/// What a path is, without its times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    kind: &'static str,
    mode: u32,
    owner: (u32, u32),
    /// Names that share the file; 0 for folders, whose count says nothing of its own.
    links: u64,
    /// SHA-256 of the content, target of the link, number of the device.
    content: String,
}

/// Every path of a root that the exclusions leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    entries: BTreeMap<String, Entry>,
}

/// The files of a root at one time, so that a copy of it need not be read where it was not changed since.
#[derive(Debug)]
pub struct Memory {
    contents: HashMap<String, (Stamp, String)>,
    /// Seconds; a change in the second of the listing could hide behind an equal stamp.
    listed: i64,
}

/// Inode, size, and time of the last change: nobody can set that time (inode(7)).
type Stamp = (u64, u64, i64, i64);

/// A path that two manifests do not agree on.
#[derive(Clone, PartialEq, Eq)]
pub struct Change {
    pub path: String,
    pub before: Option<Entry>,
    pub after: Option<Entry>,
}

/// What a root is after a run that may have been cut short anywhere.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    Old,
    New,
    /// Neither; the changes are against the nearer of the two.
    Fail(Vec<Change>),
}

impl Manifest {
    /// Reads every path of a root, on all processors.
    pub fn of(root: &DebianRoot) -> Self {
        Self::of_folder(&root.path("/"))
    }

    pub fn of_folder(root: &Path) -> Self {
        Self::of_copy(root, &Memory::empty())
    }

    /// Reads a copy of a root; what was not changed since the copy is remembered.
    pub fn of_copy(root: &Path, memory: &Memory) -> Self {
        let mut paths = Vec::new();
        walk(root, "", &mut paths);
        let (next, entries) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
        let read_some = || {
            let mut own = Vec::new();
            while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
                own.push((path.clone(), Entry::read(root, path, memory)));
            }
            entries.lock().expect("no reader panics").extend(own);
        };
        thread::scope(|scope| {
            for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
                scope.spawn(read_some);
            }
        });
        Self { entries: entries.into_inner().expect("no reader panics") }
    }

    /// Returns what `after` has otherwise, by path.
    pub fn diff(&self, after: &Self) -> Vec<Change> {
        let paths: BTreeSet<&String> = self.entries.keys().chain(after.entries.keys()).collect();
        let change = |path: &String| Change {
            path: path.clone(),
            before: self.entries.get(path).cloned(),
            after: after.entries.get(path).cloned(),
        };
        paths.into_iter().map(change).filter(|change| change.before != change.after).collect()
    }

    /// Leaves out a folder with everything in it.
    pub fn without_below(mut self, folder: &str) -> Self {
        let is_below = |path: &str| {
            path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.entries.retain(|path, _| !is_below(path));
        self
    }

    /// Leaves paths out that one story reviews and excludes by itself.
    pub fn without(mut self, paths: &[&str]) -> Self {
        self.entries.retain(|path, _| !paths.contains(&path.as_str()));
        self
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn entry(&self, path: &str) -> Option<&Entry> {
        self.entries.get(path)
    }
}

impl Memory {
    /// Remembers nothing.
    pub fn empty() -> Self {
        Self { contents: HashMap::new(), listed: i64::MIN }
    }

    /// Remembers the files of a root as its manifest was just read.
    pub fn of(root: &Path, manifest: &Manifest) -> Self {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let files = manifest.entries.iter().filter(|(_, entry)| entry.kind == "file");
        let remember = |(path, entry): (&String, &Entry)| {
            let found = fs::symlink_metadata(root.join(path)).ok()?;
            Some((path.clone(), (stamp_of(&found), entry.content.clone())))
        };
        Self { contents: files.filter_map(remember).collect(), listed: now.as_secs().cast_signed() - 2 }
    }

    fn content(&self, path: &str, found: &fs::Metadata) -> Option<String> {
        let (stamp, content) = self.contents.get(path)?;
        (*stamp == stamp_of(found) && found.ctime() < self.listed).then(|| content.clone())
    }
}

fn stamp_of(found: &fs::Metadata) -> Stamp {
    (found.ino(), found.size(), found.ctime(), found.ctime_nsec())
}

/// Says whether `now` is the system before the run, the system after it, or a third that must not exist.
pub fn classify(old: &Manifest, new: &Manifest, now: &Manifest) -> Verdict {
    let (from_old, from_new) = (old.diff(now), new.diff(now));
    match (from_old.is_empty(), from_new.is_empty()) {
        (true, _) => Verdict::Old,
        (_, true) => Verdict::New,
        _ if from_old.len() <= from_new.len() => Verdict::Fail(from_old),
        _ => Verdict::Fail(from_new),
    }
}

impl Entry {
    fn read(root: &Path, path: &str, memory: &Memory) -> Self {
        let full = root.join(path);
        let found =
            fs::symlink_metadata(&full).unwrap_or_else(|e| panic!("/{path} vanished while it was read: {e}"));
        let kind = found.file_type();
        let (kind, content) = match () {
            () if kind.is_dir() => ("folder", String::new()),
            () if kind.is_file() => {
                ("file", memory.content(path, &found).unwrap_or_else(|| content_of(&full, path)))
            }
            () if kind.is_symlink() => {
                ("link", fs::read_link(&full).expect("a link can be read").display().to_string())
            }
            () if kind.is_block_device() || kind.is_char_device() => ("device", found.rdev().to_string()),
            () => ("special", String::new()),
        };
        let links = if kind == "folder" { 0 } else { found.nlink() };
        Self { kind, mode: found.mode() & 0o7777, owner: (found.uid(), found.gid()), links, content }
    }
}

/// Lists the paths below `folder` that are not excluded, relative to the root.
fn walk(root: &Path, folder: &str, paths: &mut Vec<String>) {
    for entry in fs::read_dir(root.join(folder)).expect("a folder of the root can be listed") {
        let entry = entry.expect("an entry of the root can be read");
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
        if is_excluded(&path) {
            continue;
        }
        let is_folder = entry.file_type().expect("an entry has a type").is_dir();
        paths.push(path.clone());
        if is_folder {
            walk(root, &path, paths);
        }
    }
}

fn is_excluded(path: &str) -> bool {
    let covers = |row: &str| match row.strip_suffix('/') {
        Some(folder) => path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')),
        None => path == row,
    };
    EXCLUDED.iter().any(|(row, _)| covers(row))
}

fn content_of(full: &Path, path: &str) -> String {
    let mut hash = Sha256::new();
    if BY_MEANING.contains(&path) {
        hash.update(meaning_of(&fs::read_to_string(full).expect("a file of stanzas can be read")));
    } else {
        let mut file = fs::File::open(full).unwrap_or_else(|e| panic!("cannot open /{path}: {e}"));
        let mut block = vec![0; 128 << 10];
        while let count @ 1.. = file.read(&mut block).unwrap_or_else(|e| panic!("cannot read /{path}: {e}")) {
            hash.update(&block[..count]);
        }
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns stanzas with their fields in order, sorted: equal texts mean equal states.
fn meaning_of(text: &str) -> String {
    let ordered = |stanza: &str| {
        let joined = stanza.replace("\n ", "\u{0} ").replace("\n\t", "\u{0}\t");
        let mut fields: Vec<String> = joined.lines().map(str::to_owned).collect();
        fields.sort();
        fields.join("\n")
    };
    let stanzas = text.split("\n\n").filter(|stanza| !stanza.trim().is_empty());
    let mut sorted: Vec<String> = stanzas.map(ordered).collect();
    sorted.sort();
    sorted.join("\n\n")
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |entry: &Option<Entry>| match entry {
            None => "absent".to_owned(),
            Some(Entry { kind, mode, owner: (user, group), links, content }) => {
                let content: String = content.chars().take(40).collect();
                format!("{kind} {mode:04o} {user}:{group} x{links} {content}")
            }
        };
        write!(f, "/{}: {} -> {}", self.path, show(&self.before), show(&self.after))
    }
}
