//! What the root stands on: its mount, and what else is mounted below it.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{Coverage, Unfit, boot};
use crate::config::layout::Layout;
use crate::host::mounts::{self, Mount};
use crate::host::storage;

/// Kinds of file systems that keep what is written to them, as plans have to speak of: those of Linux for disks, and
/// those of a network (filesystems(5)).
const LASTING: &[&str] = &[
    "bcachefs", "btrfs", "ceph", "cifs", "exfat", "ext2", "ext3", "ext4", "f2fs", "jfs", "nfs", "nfs4",
    "ntfs3", "reiserfs", "vfat", "xfs", "zfs",
];

/// What has to lie on the file system of the root, because it only fits the rest in the same version: programs,
/// configuration, and the package databases of dpkg, rpm, apk and pacman.
const TOGETHER: &[&str] =
    &["usr", "etc", "var/lib/dpkg", "var/lib/rpm", "usr/lib/sysimage/rpm", "lib/apk", "var/lib/pacman"];

/// The mounts around a root, read once.
#[derive(Clone, Debug)]
pub struct Ground {
    /// The root.
    pub root: PathBuf,
    /// Whether the root is the running system.
    pub is_live: bool,
    /// Where a file system may be mounted for a moment.
    pub scratch: PathBuf,
    mounts: Vec<Mount>,
}

impl Ground {
    /// Reads what a root stands on.
    pub fn of(layout: &Layout) -> Self {
        Self {
            root: layout.root().to_owned(),
            is_live: layout.is_live(),
            scratch: layout.volatile().join("snapshot"),
            mounts: mounts::list().unwrap_or_default(),
        }
    }

    /// Returns the mount of the root itself.
    ///
    /// # Errors
    /// The root is no mount point: it is a part of a larger file system.
    pub fn mount(&self) -> Result<&Mount, Unfit> {
        let none = || Unfit::because(format!("{} is not a file system of its own", self.root.display()));
        mounts::at(&self.mounts, &self.root).ok_or_else(none)
    }

    /// Proves that programs, configuration and package database lie on the file system of the root.
    ///
    /// # Errors
    /// One does not: a snapshot of the root would not fit it.
    pub fn is_whole(&self) -> Result<(), Unfit> {
        let device = |path: &Path| storage::metadata(path).ok().flatten().map(|found| found.dev());
        let root = device(&self.root);
        for part in TOGETHER {
            let found = device(&self.root.join(part));
            if found.is_some() && found != root {
                return Err(Unfit::because(format!(
                    "/{part} lies on another file system than / and would not go back with it"
                )));
            }
        }
        Ok(())
    }

    /// Tells whether a path of the root lies on the same file system as the root.
    pub fn holds(&self, path: &str) -> bool {
        let device = |path: &Path| storage::metadata(path).ok().flatten().map(|found| found.dev());
        device(&self.root.join(path)) == device(&self.root)
    }

    /// Lists the other mount points below the root whose files a snapshot of the root does not hold.
    pub fn others(&self) -> Vec<PathBuf> {
        let below = |mount: &&Mount| mount.point != self.root && mount.point.starts_with(&self.root);
        let lasting = self.mounts.iter().filter(below).filter(|mount| LASTING.contains(&mount.kind.as_str()));
        let inside =
            |mount: &Mount| Path::new("/").join(mount.point.strip_prefix(&self.root).unwrap_or(&mount.point));
        let mut points: Vec<PathBuf> = lasting.map(inside).collect();
        points.sort();
        points.dedup();
        points
    }

    /// Says what a snapshot of the root alone covers and what it does not.
    pub fn coverage(&self, what: &str) -> Coverage {
        let others = self.others();
        let told = others.iter().filter(|point| *point != Path::new("/boot"));
        let copied = boot::is_outside(self).then(|| "/boot, copied with the run".to_owned());
        Coverage {
            covers: [what.to_owned()].into_iter().chain(copied).collect(),
            does_not_cover: told.map(|point| point.display().to_string()).collect(),
        }
    }
}
