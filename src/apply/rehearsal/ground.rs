//! What a clone is made of: one layer for each file system of the host that can be one, over a snapshot where that costs
//! nothing.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::config::layout::RehearsalFolder;
use crate::host::clone::Layer;
use crate::host::mounts::Mount;
use crate::host::ownership::{self, Rights};
use crate::host::runner::{self, CommandSpec};
use crate::host::storage::{self, StorageError};
use crate::report::rehearsal::RehearsalGround;

/// File systems of a machine's own that the kernel can lay an overlay over. FAT is not among them, since its names are not
/// case-sensitive (Documentation/filesystems/overlayfs.rst), and neither is what another machine may change meanwhile.
const OWN: [&str; 15] = [
    "ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "zfs", "bcachefs", "jfs", "nilfs2", "reiserfs",
    "overlay", "squashfs", "erofs", "virtiofs",
];

/// Views of the kernel, and memory: each clone has those it needs, new.
const OF_THE_KERNEL: [&str; 24] = [
    "proc",
    "sysfs",
    "devtmpfs",
    "devpts",
    "tmpfs",
    "ramfs",
    "rootfs",
    "cgroup",
    "cgroup2",
    "securityfs",
    "debugfs",
    "tracefs",
    "pstore",
    "bpf",
    "configfs",
    "fusectl",
    "mqueue",
    "hugetlbfs",
    "efivarfs",
    "autofs",
    "binfmt_misc",
    "rpc_pipefs",
    "nsfs",
    "selinuxfs",
];

/// What a clone stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ground {
    /// Its layers, parents before what is mounted in them.
    pub layers: Vec<Layer>,
    /// What it does not have, each with the reason, for people.
    pub left_out: Vec<String>,
}

/// Chooses the layers.
pub fn of(mounts: &[Mount], folder: &RehearsalFolder) -> Ground {
    let mut ground = Ground { layers: Vec::new(), left_out: Vec::new() };
    let mut others: Vec<PathBuf> = Vec::new();
    for (point, shown) in shown(mounts) {
        let (kind, writable) = shown.map_or(("", true), |mount| (mount.kind.as_str(), mount.writable));
        let is_root = point == Path::new("/");
        // What is mounted in a place that is no layer has no place in the clone, such as a disk below /run.
        let layer = deepest(ground.layers.iter().map(|layer| layer.point.as_path()), &point);
        let has_place = layer >= deepest(others.iter().map(PathBuf::as_path), &point);
        if is_root || (OWN.contains(&kind) && has_place) {
            let place = folder.layer(ground.layers.len());
            let (upper, work) = (place.join("upper"), place.join("work"));
            ground.layers.push(Layer { lower: point.clone(), point, upper, work, writable });
            continue;
        }
        if !OF_THE_KERNEL.contains(&kind) {
            ground.left_out.push(format!("{} ({kind})", point.display()));
        }
        others.push(point);
    }
    ground
}

/// How deep the deepest of some mount points lies that a path is below.
fn deepest<'p>(points: impl Iterator<Item = &'p Path>, path: &Path) -> usize {
    points.filter(|point| path.starts_with(point)).map(|point| point.components().count()).max().unwrap_or(0)
}

/// What shows under each mount point, the root first. A root that is no mount (a chroot) has nothing that tells its kind.
fn shown(mounts: &[Mount]) -> Vec<(PathBuf, Option<&Mount>)> {
    let mut points: Vec<&PathBuf> = mounts.iter().map(|mount| &mount.point).collect();
    points.sort();
    points.dedup();
    let below = points.into_iter().filter(|point| *point != Path::new("/"));
    let all = std::iter::once(PathBuf::from("/")).chain(below.cloned());
    all.map(|point| {
        let mount = crate::host::mounts::at(mounts, &point);
        (point, mount)
    })
    .collect()
}

/// Leaves out what is no folder: single files can be mounted, too, and the file below serves as well.
pub fn without_files(mut mounts: Vec<Mount>) -> Vec<Mount> {
    mounts.retain(|mount| matches!(storage::metadata(&mount.point), Ok(Some(found)) if found.is_dir()));
    mounts
}

/// Makes the folders of the layers, each with the rights of what it stands for: they are those of the clone's own folder.
///
/// # Errors
/// They cannot be made.
pub fn lay_out(ground: &Ground) -> Result<(), StorageError> {
    for layer in &ground.layers {
        storage::create_folder(&layer.work, 0o700)?;
        storage::create_folder(&layer.upper, 0o700)?;
        let Some(found) = storage::metadata(&layer.lower)? else { continue };
        let rights = Rights {
            uid: found.uid(),
            gid: found.gid(),
            mode: found.mode() & 0o7777,
            attributes: ownership::attributes(&layer.lower)?,
        };
        ownership::give_folder(&layer.upper, &rights)?;
    }
    Ok(())
}

/// Where distributions put the tool: Debian, Ubuntu, Arch and openSUSE; Fedora.
const BTRFS: [&str; 3] = ["/usr/bin/btrfs", "/usr/sbin/btrfs", "/sbin/btrfs"];

/// btrfs gives the root of every subvolume this inode (btrfs(5), `BTRFS_FIRST_FREE_OBJECTID`).
const SUBVOLUME_INODE: u64 = 256;

/// Takes a read-only snapshot of each layer whose file system gives one at no cost, and lets the layer stand on it. Where one
/// cannot be had, the layer stands on what is in use.
pub fn stand_on_snapshots(
    ground: &mut Ground,
    mounts: &[Mount],
    folder: &RehearsalFolder,
) -> RehearsalGround {
    let tool = BTRFS.into_iter().find(|tool| storage::exists(Path::new(tool)));
    let mut all = true;
    for (number, layer) in ground.layers.iter_mut().enumerate() {
        let kind = crate::host::mounts::at(mounts, &layer.point).map_or("", |mount| mount.kind.as_str());
        let target = folder.snapshots().join(number.to_string());
        let taken = match tool.filter(|_| kind == "btrfs" && is_subvolume(&layer.point)) {
            Some(tool) => snapshot(tool, &layer.point, &target),
            None => false,
        };
        if taken {
            layer.lower = target;
        }
        all &= taken || !layer.writable;
    }
    if all { RehearsalGround::Snapshot } else { RehearsalGround::LiveRoot }
}

fn is_subvolume(path: &Path) -> bool {
    matches!(storage::metadata(path), Ok(Some(found)) if found.ino() == SUBVOLUME_INODE)
}

/// The target has to lie on the same file system; the tool says so where it does not.
fn snapshot(tool: &str, from: &Path, to: &Path) -> bool {
    let made = to.parent().is_some_and(|parent| storage::create_folder(parent, 0o700).is_ok());
    let spec = CommandSpec::new(tool).args(["subvolume", "snapshot", "-r"]);
    let spec = spec.args([from.display().to_string(), to.display().to_string()]);
    made && runner::run(&spec).is_ok_and(|output| output.is_success())
}

/// Removes the snapshots of a rehearsal; nothing else can.
pub(super) fn discard_snapshots(folder: &RehearsalFolder) {
    let Some(tool) = BTRFS.into_iter().find(|tool| storage::exists(Path::new(tool))) else { return };
    for path in storage::list(&folder.snapshots()).unwrap_or_default() {
        if is_subvolume(&path) {
            let spec = CommandSpec::new(tool).args(["subvolume", "delete"]).arg(path.display().to_string());
            // What stays is found by whoever removes the folder.
            let _ = runner::run(&spec);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::layout::Layout;

    fn mount(point: &str, kind: &str) -> Mount {
        let (source, part) = ("x".to_owned(), "/".into());
        Mount { point: point.into(), kind: kind.into(), writable: true, source, part }
    }

    #[test]
    fn every_own_file_system_is_a_layer_and_the_rest_is_told() {
        let mounts = [
            mount("/var", "xfs"),
            mount("/", "ext4"),
            mount("/proc", "proc"),
            mount("/boot/efi", "vfat"),
            mount("/home", "nfs4"),
            mount("/var/log", "btrfs"),
            mount("/var", "ext4"),
            mount("/run", "tmpfs"),
            mount("/run/media/disk", "ext4"),
        ];
        let folder = Layout::system(Path::new("/")).rehearsal();
        let ground = of(&mounts, &folder);
        let points: Vec<&Path> = ground.layers.iter().map(|layer| layer.point.as_path()).collect();
        assert_eq!(points, [Path::new("/"), Path::new("/var"), Path::new("/var/log")]);
        assert_eq!(ground.left_out, ["/boot/efi (vfat)", "/home (nfs4)", "/run/media/disk (ext4)"]);
        assert_eq!(ground.layers[2].upper, folder.layer(2).join("upper"));
    }

    #[test]
    fn a_root_that_is_no_mount_is_a_layer_all_the_same() {
        let ground = of(&[mount("/proc", "proc")], &Layout::system(Path::new("/")).rehearsal());
        assert_eq!(ground.layers.len(), 1);
    }
}
