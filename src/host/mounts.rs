//! What is mounted, as `/proc/self/mountinfo` tells it, and the few mounts of patchctl's own.

use std::path::{Path, PathBuf};

use nix::mount::{MntFlags, MsFlags, mount, umount2};

use super::processes::path_of;
use super::storage::{self, StorageError};

/// A mounted file system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Where.
    pub point: PathBuf,
    /// Its kind, such as `ext4`.
    pub kind: String,
    /// Whether it can be written to.
    pub writable: bool,
    /// What is mounted: a device, a dataset, a server's folder.
    pub source: String,
    /// Which part of it is mounted: the subvolume of btrfs, or `/`.
    pub part: PathBuf,
}

/// Returns the mount that shows under a mount point: of several on top of each other, the last.
pub fn at<'a>(mounts: &'a [Mount], point: &Path) -> Option<&'a Mount> {
    mounts.iter().rev().find(|mount| mount.point == point)
}

/// A file system that is mounted for as long as the value lives.
#[derive(Debug)]
pub struct OwnMount {
    point: PathBuf,
}

impl OwnMount {
    /// Mounts a file system so that nothing on it can be executed or used as a device. A mount that a killed patchctl
    /// left there is taken away first.
    ///
    /// # Errors
    /// The kernel refuses it.
    pub fn new(
        (source, kind): (&str, &str),
        point: &Path,
        options: &str,
    ) -> std::result::Result<Self, StorageError> {
        let _ = umount2(point, MntFlags::UMOUNT_NOFOLLOW);
        storage::create_folder(point, 0o700)?;
        let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC | MsFlags::MS_NOATIME;
        mount(Some(source), point, Some(kind), flags, Some(options)).map_err(|error| StorageError {
            operation: "mount a file system on",
            path: point.to_owned(),
            source: error.into(),
        })?;
        Ok(Self { point: point.to_owned() })
    }

    /// Returns where it is mounted.
    pub fn point(&self) -> &Path {
        &self.point
    }
}

impl Drop for OwnMount {
    fn drop(&mut self) {
        // What is still in use goes when its last user does.
        let _ = umount2(&self.point, MntFlags::MNT_DETACH | MntFlags::UMOUNT_NOFOLLOW);
    }
}

/// Returns what is mounted; `None` when the kernel does not tell.
pub fn list() -> Option<Vec<Mount>> {
    let bytes = storage::read(Path::new("/proc/self/mountinfo")).ok()?;
    Some(bytes.split(|byte| *byte == b'\n').filter_map(parse).collect())
}

/// Reads `id parent device root POINT OPTIONS [fields] - KIND source OPTIONS` (proc_pid_mountinfo(5)).
fn parse(line: &[u8]) -> Option<Mount> {
    let fields: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
    let separator = fields.iter().position(|field| *field == b"-")?;
    let options = [fields.get(5)?, fields.get(separator + 3)?];
    let is_read_only = |options: &&[u8]| options.split(|byte| *byte == b',').any(|option| option == b"ro");
    Some(Mount {
        point: path_of(&unescaped(fields.get(4)?)),
        kind: String::from_utf8_lossy(fields.get(separator + 1)?).into_owned(),
        writable: !options.into_iter().any(is_read_only),
        source: path_of(&unescaped(fields.get(separator + 2)?)).display().to_string(),
        part: path_of(&unescaped(fields.get(3)?)),
    })
}

/// Blanks, tabs, line ends and backslashes stand as three octal digits.
fn unescaped(field: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..3).filter(|_| *first == b'\\');
        let code = digits.and_then(|d| u8::from_str_radix(std::str::from_utf8(d).ok()?, 8).ok());
        plain.push(code.unwrap_or(*first));
        rest = if code.is_some() { &after[3..] } else { after };
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_are_read_with_their_rights() {
        let line =
            br"36 35 98:0 /mnt1 /mnt/two\040words rw,noatime master:1 - ext3 /dev/root rw,errors=continue";
        let mount = parse(line).expect("a mount");
        assert_eq!((mount.point, mount.kind.as_str()), (PathBuf::from("/mnt/two words"), "ext3"));
        assert!(mount.writable);
        assert_eq!((mount.source.as_str(), mount.part.as_path()), ("/dev/root", Path::new("/mnt1")));
        let read_only = parse(b"36 35 98:0 / / rw - ext4 /dev/root ro").expect("a mount");
        assert!(!read_only.writable, "the file system itself is read-only");
        assert_eq!(parse(b"36 35"), None);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = parse(&bytes);
        }
    }
}
