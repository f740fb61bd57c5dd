//! Room on every mount that a run writes to, measured before anything is changed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::host::facts;
use crate::host::mounts::{self, Mount};
use crate::host::storage::{self, StorageError};
use crate::model::kernel::Kernels;
use crate::model::plan::SpaceNeed;

/// What has to be free beyond the need itself: a fifth, and never less than this (safety design, P30).
pub const LEAST_MARGIN: u64 = 64 * 1024 * 1024;

/// Something that will be written.
#[derive(Clone, Debug)]
pub struct Writing {
    /// Where.
    pub path: PathBuf,
    /// What for, in two or three words.
    pub purpose: &'static str,
    /// How many bytes.
    pub bytes: u64,
    /// How many files.
    pub files: u64,
}

/// Sums up what is written on each mount, with margin, beside what is free there.
///
/// # Errors
/// A file system does not answer.
pub fn needs(writings: &[Writing]) -> Result<Vec<SpaceNeed>, StorageError> {
    // A part of a file system can be mounted read-only beside one that is not.
    let mut by_device: BTreeMap<(u64, bool), SpaceNeed> = BTreeMap::new();
    for writing in writings {
        let room = facts::room(&writing.path)?;
        let need = by_device.entry((room.device, room.writable)).or_insert_with(|| SpaceNeed {
            mount: room.mount.display().to_string(),
            purpose: Vec::new(),
            needed_bytes: 0,
            free_bytes: room.free_bytes,
            read_only: !room.writable,
            needed_inodes: 0,
            free_inodes: room.free_inodes,
        });
        need.needed_bytes += writing.bytes;
        need.needed_inodes += writing.files;
        if !need.purpose.iter().any(|purpose| purpose == writing.purpose) {
            need.purpose.push(writing.purpose.to_owned());
        }
    }
    Ok(by_device.into_values().map(with_margin).collect())
}

fn with_margin(mut need: SpaceNeed) -> SpaceNeed {
    need.needed_bytes = with_margin_of(need.needed_bytes);
    need.needed_inodes += need.needed_inodes / 5 + 16;
    need
}

/// Returns one sentence for each mount that cannot be written to or has too little room.
pub fn shortages(needs: &[SpaceNeed]) -> Vec<String> {
    let short = needs.iter().filter(|need| !need.fits());
    short
        .map(|need| {
            let mib = |bytes: u64| bytes.div_ceil(1024 * 1024);
            let (needed, free) = (mib(need.needed_bytes), mib(need.free_bytes));
            let purpose = need.purpose.join(", ");
            if need.read_only {
                format!("{} is mounted read-only and is to be written to ({purpose})", need.mount)
            } else if need.needed_bytes > need.free_bytes {
                format!("{} needs {needed} MiB for {purpose} and has {free} MiB free", need.mount)
            } else {
                let free = need.free_inodes.unwrap_or_default();
                format!(
                    "{} needs {} inodes for {purpose} and has {free} free",
                    need.mount, need.needed_inodes
                )
            }
        })
        .collect()
}

/// Where the parts of a run are written.
#[derive(Clone, Copy, Debug)]
pub struct Places<'a> {
    /// The root whose packages change.
    pub root: &'a Path,
    /// patchctl's own state.
    pub state: &'a Path,
    /// The download folder.
    pub downloads: &'a Path,
}

/// How much a plan writes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Amounts {
    /// Bytes of new archives.
    pub download: u64,
    /// Bytes of old archives, or a guess of them.
    pub old_archives: u64,
    /// Bytes that the new files take while the old ones are still there.
    pub unpacked: u64,
    /// Files among them.
    pub files: u64,
    /// Bytes that new kernels take in `/boot`; none where no kernel is among the new packages.
    pub kernels: u64,
}

/// Bytes that a kernel with its initrd takes in `/boot` where none can be measured: the larger of Debian's
/// (8 MB image, about 60 MB initrd with all modules, kept twice while it is rebuilt).
pub const KERNEL_IN_BOOT: u64 = 128 * 1024 * 1024;

/// Measures what one kernel takes in `/boot`: the newest with its first file system, which is rebuilt beside the old one
/// (safety design, P30). `None` where there is none to measure.
pub fn kernel_in_boot(root: &Path, kernels: &Kernels) -> Option<u64> {
    let release = kernels.next_boot.as_ref()?;
    let size = |name: String| {
        let found = storage::metadata(&root.join("boot").join(name)).ok().flatten();
        found.filter(|found| found.is_file()).map(|found| found.len())
    };
    let image = size(format!("vmlinuz-{release}"))?;
    // Debian and Ubuntu; the Red Hat family; SUSE.
    let names =
        [format!("initrd.img-{release}"), format!("initramfs-{release}.img"), format!("initrd-{release}")];
    let initrd = names.into_iter().find_map(size)?;
    Some(image + 2 * initrd)
}

/// Adds the margin that every mount keeps: a fifth, and never less than the least.
pub fn with_margin_of(bytes: u64) -> u64 {
    bytes + (bytes / 5).max(LEAST_MARGIN)
}

/// Lists the read-only mounts that hold files which are to be replaced, whatever else is written elsewhere.
pub fn closed_mounts<'a>(files: impl Iterator<Item = &'a Path> + Clone) -> Vec<Writing> {
    let mounts = mounts::list().unwrap_or_default();
    let shows = |mount: &&Mount| mounts::at(&mounts, &mount.point) == Some(*mount);
    let holds_some = |mount: &&Mount| files.clone().any(|file| file.starts_with(&mount.point));
    let closed = mounts.iter().filter(|mount| !mount.writable).filter(shows).filter(holds_some);
    let writing = |mount: &Mount| Writing {
        path: mount.point.clone(),
        purpose: "files of packages",
        bytes: 0,
        files: 0,
    };
    closed.map(writing).collect()
}

/// Lists what a plan writes where.
pub fn writings(places: Places<'_>, amounts: Amounts) -> Vec<Writing> {
    let at = |path: &Path, purpose, bytes, files| Writing { path: path.to_owned(), purpose, bytes, files };
    let mut list = vec![
        at(places.downloads, "downloads", amounts.download, 64),
        at(places.state, "old and new archives", amounts.download + amounts.old_archives, 128),
        at(&places.root.join("usr"), "unpacking", amounts.unpacked, amounts.files),
        at(&places.root.join("var/lib"), "package database", 16 * 1024 * 1024, 256),
    ];
    if amounts.kernels > 0 {
        list.push(at(&places.root.join("boot"), "kernels", amounts.kernels, 16));
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_mount_is_summed_once_with_its_margin() {
        let folder = Path::new("/");
        let places = Places { root: folder, state: folder, downloads: folder };
        let amounts = Amounts { download: 1000 * 1024 * 1024, ..Amounts::default() };
        let needs = needs(&writings(places, amounts)).expect("the root file system answers");
        let root = needs.iter().find(|need| need.mount == "/").expect("the root is written to");
        assert_eq!(root.needed_bytes, (2016 + 2016 / 5) * 1024 * 1024 + 1024 * 1024 / 5);
        assert!(root.purpose.contains(&"downloads".to_owned()));
    }

    #[test]
    fn a_mount_is_named_with_what_it_lacks() {
        let need = SpaceNeed {
            mount: "/boot".into(),
            purpose: vec!["kernels".into()],
            needed_bytes: 100 << 20,
            free_bytes: 30 << 20,
            read_only: false,
            needed_inodes: 1,
            free_inodes: None,
        };
        let read_only = SpaceNeed { read_only: true, free_bytes: 300 << 20, ..need.clone() };
        assert_eq!(shortages(&[need]), ["/boot needs 100 MiB for kernels and has 30 MiB free"]);
        let expected = "/boot is mounted read-only and is to be written to (kernels)";
        assert_eq!(shortages(&[read_only]), [expected]);
    }
}
