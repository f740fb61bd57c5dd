//! Plain facts of a host: who it is, what it runs, how much room it has.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use nix::sys::statvfs::statvfs;
use nix::unistd::{Uid, gethostname};

use super::storage::{self, StorageError};
use crate::model::digest::Sha256;
use crate::model::distro::{Distribution, end_of_support};

/// What kept the distribution from being known.
#[derive(Debug, thiserror::Error)]
pub enum FactsError {
    /// No os-release file, or it cannot be read.
    #[error(
        "cannot tell which distribution {root} holds: neither etc/os-release nor usr/lib/os-release can be read"
    )]
    NoOsRelease {
        /// The root that was asked.
        root: PathBuf,
        /// What the system answered.
        #[source]
        source: Option<StorageError>,
    },
    /// The file has no `ID`.
    #[error("{path} has no ID")]
    NoId {
        /// The file.
        path: PathBuf,
    },
}

/// Reads the distribution of a root (os-release(5); Debian's point release from `etc/debian_version`).
///
/// # Errors
/// There is no os-release, or it has no `ID`.
pub fn distribution(root: &Path) -> Result<Distribution, FactsError> {
    let mut cause = None;
    for place in ["etc/os-release", "usr/lib/os-release"] {
        let path = root.join(place);
        match storage::read_at_most(&path, 64 * 1024) {
            Ok(bytes) => {
                return parse_os_release(&String::from_utf8_lossy(&bytes), root)
                    .ok_or(FactsError::NoId { path });
            }
            Err(error) => cause = Some(error),
        }
    }
    Err(FactsError::NoOsRelease { root: root.to_owned(), source: cause })
}

fn parse_os_release(text: &str, root: &Path) -> Option<Distribution> {
    let fields: BTreeMap<&str, String> = text.lines().filter_map(parse_assignment).collect();
    let field = |name: &str| fields.get(name).cloned().unwrap_or_default();
    let (id, codename) = (field("ID"), field("VERSION_CODENAME"));
    if id.is_empty() {
        return None;
    }
    let version = field("VERSION_ID");
    let end_of_support = end_of_support(&id, &version, &codename);
    Some(Distribution { version, point_release: point_release(root, &id), id, codename, end_of_support })
}

/// Reads `NAME=value` with the quoting of os-release(5).
fn parse_assignment(line: &str) -> Option<(&str, String)> {
    let (name, value) = line.trim().split_once('=')?;
    if name.starts_with('#') {
        return None;
    }
    let bare = value.trim();
    let inner =
        ['"', '\''].iter().find_map(|quote| bare.strip_prefix(*quote)?.strip_suffix(*quote)).unwrap_or(bare);
    Some((name, inner.replace("\\\"", "\"").replace("\\$", "$").replace("\\\\", "\\")))
}

fn point_release(root: &Path, id: &str) -> Option<String> {
    if id != "debian" {
        return None;
    }
    let bytes = storage::read_at_most(&root.join("etc/debian_version"), 4096).ok()?;
    let text = String::from_utf8_lossy(&bytes).trim().to_owned();
    text.starts_with(|c: char| c.is_ascii_digit()).then_some(text)
}

/// Returns the host's name, or `localhost` when it has none.
pub fn host_name() -> String {
    gethostname()
        .ok()
        .and_then(|name| name.into_string().ok())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "localhost".into())
}

/// Returns the name that another root would have as a host, or the name of its folder.
pub fn name_in(root: &Path) -> String {
    let bytes = storage::read_at_most(&root.join("etc/hostname"), 4096).unwrap_or_default();
    let name = String::from_utf8_lossy(&bytes).trim().to_owned();
    if name.is_empty() {
        root.file_name().map_or_else(|| "root".into(), |n| n.to_string_lossy().into_owned())
    } else {
        name
    }
}

/// Returns a digest of the machine id of a root; the id itself is confidential (machine-id(5)).
pub fn machine_id_hash(root: &Path) -> Option<Sha256> {
    let bytes = storage::read_at_most(&root.join("etc/machine-id"), 4096).ok()?;
    let id = String::from_utf8_lossy(&bytes).trim().to_owned();
    (id.len() == 32).then(|| Sha256::of(format!("patchctl:{id}").as_bytes()))
}

/// Returns the id of this boot.
pub fn boot_id() -> String {
    let bytes = storage::read_at_most(Path::new("/proc/sys/kernel/random/boot_id"), 4096).unwrap_or_default();
    String::from_utf8_lossy(&bytes).trim().to_owned()
}

/// Returns the release of the running kernel (`uname -r`).
pub fn running_kernel() -> Option<String> {
    let names = nix::sys::utsname::uname().ok()?;
    names.release().to_str().map(str::to_owned)
}

/// Tells whether this process has root's rights.
pub fn is_root() -> bool {
    Uid::effective().is_root()
}

/// Returns the user this process acts as.
pub fn user_id() -> u32 {
    Uid::effective().as_raw()
}

/// Returns the real absolute path of a root that was named on the command line.
///
/// # Errors
/// It does not exist.
pub fn absolute(root: &Path) -> Result<PathBuf, StorageError> {
    storage::canonical(root)
}

/// Room on the file system that holds a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// The mount point, as far as it can be told.
    pub mount: PathBuf,
    /// The device number, to tell file systems apart.
    pub device: u64,
    /// Bytes that root may still write.
    pub free_bytes: u64,
    /// Inodes still free; `None` where the file system has no fixed number.
    pub free_inodes: Option<u64>,
    /// The mount can be written to.
    pub writable: bool,
}

/// Measures the room where `path` is, or would be: the nearest parent that exists counts.
///
/// # Errors
/// The file system does not answer.
pub fn room(path: &Path) -> Result<Room, StorageError> {
    use std::os::unix::fs::MetadataExt;
    let existing = path.ancestors().find(|part| storage::exists(part)).unwrap_or(Path::new("/"));
    let real = storage::canonical(existing)?;
    let at = |source: nix::Error| StorageError {
        operation: "measure the room of",
        path: real.clone(),
        source: source.into(),
    };
    let answer = statvfs(&real).map_err(at)?;
    let device = storage::metadata(&real)?.map(|m| m.dev()).unwrap_or_default();
    let mount = mount_of(&real, device);
    let free_bytes = answer.blocks_available().saturating_mul(answer.fragment_size());
    let free_inodes = (answer.files() > 0).then(|| answer.files_available());
    let writable = !answer.flags().contains(nix::sys::statvfs::FsFlags::ST_RDONLY);
    Ok(Room { mount, device, free_bytes, free_inodes, writable })
}

/// The deepest mount point above a path; where the kernel does not tell, the highest parent on the same device.
fn mount_of(path: &Path, device: u64) -> PathBuf {
    use std::os::unix::fs::MetadataExt;
    let mounts = super::mounts::list().unwrap_or_default();
    let above = mounts.into_iter().map(|mount| mount.point).filter(|point| path.starts_with(point));
    if let Some(point) = above.max_by_key(|point| point.components().count()) {
        return point;
    }
    let same = |part: &Path| matches!(storage::metadata(part), Ok(Some(m)) if m.dev() == device);
    path.ancestors().take_while(|part| same(part)).last().unwrap_or(path).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn os_release_is_read_with_its_quotes() {
        let text = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME='bookworm'\n# ID=x\n";
        let distribution = parse_os_release(text, Path::new("/nonexistent")).expect("it has an ID");
        assert_eq!(distribution.title(), "Debian 12 bookworm");
        assert!(distribution.end_of_support.is_some());
        assert!(parse_os_release("NAME=x\n", Path::new("/nonexistent")).is_none());
    }

    #[test]
    fn room_is_told_for_a_path_that_does_not_exist_yet() {
        let room = room(Path::new("/nonexistent/deep/down")).expect("the root file system answers");
        assert_eq!(room.mount, Path::new("/"));
        assert!(room.free_bytes > 0);
    }
}
