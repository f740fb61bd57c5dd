//! Labels of SELinux stay with their files: what a run does not touch keeps its own, and what patchctl itself puts back gets
//! the one it had. What a package manager writes it labels itself, by the policy of a kernel that has one; none is loaded
//! here, so that a file which dpkg has replaced shows whether patchctl gave it its label back.

use std::path::PathBuf;

use crate::lab::debian::{self, DebianRoot};

const NAME: &str = "security.selinux";

/// Files of the administrator and of packages, with the label that each gets.
const LABELLED: &[(&str, &str)] = &[
    ("etc/hostname", "system_u:object_r:hostname_etc_t:s0"),
    ("etc/lab-conf.conf", "system_u:object_r:lab_conf_t:s0"),
    ("etc/lab-conf-steady.conf", "staff_u:object_r:lab_steady_t:s0"),
    ("usr/bin/env", "system_u:object_r:bin_t:s0"),
];

/// As the kernel stores them: with a zero byte at the end (`selinux_inode_getsecurity`).
fn stored(label: &str) -> Vec<u8> {
    format!("{label}\0").into_bytes()
}

/// Labels the files; `false` where the kernel refuses it.
fn label(root: &DebianRoot) -> bool {
    LABELLED.iter().all(|(path, label)| match xattr::set(root.path(path), NAME, &stored(label)) {
        Ok(()) => true,
        Err(error) => {
            println!("not run: this kernel refuses {NAME}: {error}");
            false
        }
    })
}

/// The files whose label is not the one they got.
fn changed(root: &DebianRoot) -> Vec<PathBuf> {
    let of = |path: &str| xattr::get(root.path(path), NAME).expect("a label can be read");
    let lost = LABELLED.iter().filter(|(path, label)| of(path) != Some(stored(label)));
    lost.map(|(path, _)| PathBuf::from(path)).collect()
}

#[test]
fn untouched_files_keep_their_labels_and_what_is_put_back_has_its_own() {
    let Some(root) = debian::small_with(&["lab-plain", "lab-conf"]) else { return };
    root.write("etc/lab-conf-steady.conf", "steady = no, says the administrator\n");
    if !label(&root) {
        return;
    }
    root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    assert_eq!(root.installed("lab-conf").as_deref(), Some("2.0"));
    // The vendor's new file is dpkg's own; an edited one and what no package of the plan owns are not touched.
    assert_eq!(changed(&root), [PathBuf::from("etc/lab-conf.conf")]);
    root.run(&["patchctl", "rollback", "--yes"]).expect_code(0);
    assert_eq!(root.installed("lab-conf").as_deref(), Some("1.0"));
    assert_eq!(changed(&root), Vec::<PathBuf>::new(), "the way back puts the label back with the file");
}
