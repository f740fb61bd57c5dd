//! A root on a volume of LVM, thin and classic, for real: in a guest in QEMU, whose kernel has the device mapper that this machine lacks.

use std::fs::File;

use crate::lab::qemu::furnish::{Furniture, furnish};
use crate::lab::qemu::machine::{Beside, Errand, Machine};
use crate::lab::qemu::{self, FileSystem};

const FURNITURE: Furniture<'_> =
    Furniture { component: "", packages: &["lvm2", "e2fsprogs"], script: include_str!("logical_volume.sh") };

/// Holds the pool of the script.
const SECOND_DISK_BYTES: u64 = 2 << 30;

/// A merge brings the root back, and the snapshot of somebody else is as it was.
fn is_brought_back(said: &str, kind: &str) {
    let volumes = match kind {
        "thin" => [
            "volumes=pool: root-patchctl-0001:patchctl-0001 root: theirs:",
            "volumes-after=pool: root: theirs:",
        ],
        _ => ["volumes=root-patchctl-0001:patchctl-0001 root: theirs:", "volumes-after=root: theirs:"],
    };
    for fact in ["applied=0 2.0", "merged=1.0", "writable=yes", volumes[0], volumes[1]] {
        let told = format!("LAB {kind}-{fact}");
        assert!(said.lines().any(|line| line.trim() == told), "{told} is not so:\n{said}");
    }
    let named = format!("LAB {kind}-preview=");
    let preview: Vec<&str> = said.lines().filter_map(|line| line.trim().strip_prefix(&named)).collect();
    assert!(preview.iter().any(|line| line.contains("lvconvert --merge lab/root-patchctl-0001")), "{said}");
    assert!(said.contains(&format!("LAB {kind}=done")), "{said}");
}

#[test]
#[ignore = "three minutes of a core in emulation, and LVM from the network"]
fn a_run_takes_a_snapshot_of_lvm_that_a_merge_brings_back_and_touches_no_other() {
    let Some(guests) = qemu::guests(FileSystem::Ext4) else { return };
    drop(furnish(&guests, &FURNITURE));
    let second = guests.path("second");
    File::create(&second).and_then(|file| file.set_len(SECOND_DISK_BYTES)).expect("a disk can be made");
    let disk = guests.fresh_disk(FileSystem::Ext4);
    let said = Machine::boot(&guests, &disk, Errand::Script, Beside::SecondDisk(&second)).until_off();
    println!("{said}");
    for kind in ["thin", "classic"] {
        if said.contains(&format!("LAB {kind}=absent")) {
            println!("not run: the kernel of the guest has no {kind} volumes");
        } else {
            is_brought_back(&said, kind);
        }
    }
    if said.contains("LAB classic=done") {
        assert!(said.contains("LAB overflow-applied=0 2.0") && said.contains("ran full"), "{said}");
    }
    assert!(!said.contains("LAB audit="), "{said}");
}
