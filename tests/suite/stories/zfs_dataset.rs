//! A root on a dataset of ZFS, for real: in a guest in QEMU, with the modules that Debian has as source alone.

use std::fs::{self, File};
use std::path::Path;

use crate::lab::namespace::on_host;
use crate::lab::qemu::furnish::{Furniture, furnish};
use crate::lab::qemu::machine::{Beside, Errand, Machine};
use crate::lab::qemu::{self, FileSystem, zfs_modules};

const FURNITURE: Furniture<'_> = Furniture {
    component: "contrib",
    packages: &["zfsutils-linux", "kmod", "fdisk"],
    script: include_str!("zfs_dataset.sh"),
};

/// Holds the pool of the script: a fifth of it is more than a run needs, so that only the rule of full pools stops one.
const SECOND_DISK_BYTES: u64 = 2 << 30;

const FACTS: &[&str] = &[
    "applied=0 2.0",
    "snapshots=lab/root@theirs:- lab/root@patchctl-0001:0001",
    "rolled-back=1.0",
    "still=1.0",
    "again=0 2.0",
    "snapshots-after=lab/root@theirs:- lab/root@patchctl-0003:0003",
    "undone=0 1.0",
    "zfs=done",
];

fn put_modules(modules: &Path, root: &Path) {
    fs::create_dir_all(root.join("root")).expect("a folder can be made");
    on_host(&["cp", "-r", &modules.to_string_lossy(), &root.join("root/modules").to_string_lossy()]);
}

#[test]
#[ignore = "the modules of ZFS are built for five minutes, and the guest runs for two in emulation"]
fn a_run_takes_a_snapshot_of_zfs_that_a_rollback_brings_back_and_touches_no_other() {
    let Some(guests) = qemu::guests(FileSystem::Ext4) else { return };
    let Some(modules) = zfs_modules::modules() else { return };
    put_modules(modules.path(), furnish(&guests, &FURNITURE).path());
    let second = guests.path("second");
    File::create(&second).and_then(|file| file.set_len(SECOND_DISK_BYTES)).expect("a disk can be made");
    let disk = guests.fresh_disk(FileSystem::Ext4);
    let said = Machine::boot(&guests, &disk, Errand::Script, Beside::SecondDisk(&second)).until_off();
    println!("{said}");
    let tells = |fact: &str| said.lines().any(|line| line.trim() == format!("LAB {fact}"));
    let missing: Vec<_> = FACTS.iter().filter(|fact| !tells(fact)).collect();
    assert!(missing.is_empty(), "{missing:?} are not so:\n{said}");
    let about = |kind: &str, words: &str| {
        said.lines().any(|line| line.starts_with(&format!("LAB {kind}=")) && line.contains(words))
    };
    assert!(about("preview", "zfs rollback lab/root@patchctl-0001"), "{said}");
    assert!(about("in-the-way", "lab/root@younger"), "{said}");
    assert!(about("refused", "80 % is the most"), "{said}");
    assert!(!said.contains("LAB audit="), "{said}");
}
