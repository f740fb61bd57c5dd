//! Whoever calls patchctl leaves things lying about: none of them reaches a maintainer script.

use super::records::assert_says;
use crate::lab::debian::{self, DebianRoot};
use crate::lab::oracle::Manifest;

/// Makes a package whose postinst writes down the files that it finds open, and leaves it unpacked.
fn unpack_witness(root: &DebianRoot) {
    root.write(
        "root/witness/DEBIAN/control",
        "Package: lab-witness\nVersion: 1\nArchitecture: all\nMaintainer: Laboratory <lab@example.org>\nDescription: witness\n",
    );
    root.write("root/witness/DEBIAN/postinst", "#!/bin/sh\nls -l /proc/$$/fd >/root/seen\n");
    let build = "chmod 755 /root/witness/DEBIAN/postinst && dpkg-deb --build /root/witness /root/witness.deb && \
                 dpkg --unpack /root/witness.deb && rm -r /root/witness";
    root.shell(build).expect_code(0);
}

#[test]
fn no_maintainer_script_inherits_a_file_that_the_caller_left_open() {
    let Some(root) = debian::small() else { return };
    unpack_witness(&root);
    root.write("root/secret", "a private key\n");
    let control = "cp -a /var/lib/dpkg /root/dpkg; exec 7</root/secret; dpkg --configure lab-witness; rm -r /var/lib/dpkg; mv /root/dpkg /var/lib/dpkg";
    root.shell(control).expect_code(0);
    assert!(
        root.read("root/seen").contains("/root/secret"),
        "dpkg itself hands it on: {}",
        root.read("root/seen")
    );
    root.shell("exec 7</root/secret 9</root/secret; exec patchctl recover").expect_code(0);
    assert_eq!(root.state("lab-witness"), "ii");
    assert!(!root.read("root/seen").contains("/root/secret"), "{}", root.read("root/seen"));
}

#[test]
fn what_a_shell_hands_over_as_an_open_file_is_read() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    root.run(&["patchctl", "plan", "-o", "/root/plan.json"]).expect_code(0);
    let applied = root.run(&["bash", "-c", "patchctl apply --yes <(cat /root/plan.json)"]).expect_code(0);
    assert_says(&applied, "lab-plain");
    assert_eq!(root.installed("lab-plain").as_deref(), Some("2.0"));
}

/// What a run, its way back and a scan leave under a mask: the host, and the modes of patchctl's own files.
fn left_under(mask: &str) -> Option<(Manifest, String)> {
    let root = debian::small_with(&["lab-plain", "lab-conf", "lab-needsnew"])?;
    let line =
        format!("umask {mask}; patchctl apply --yes && patchctl rollback --yes && patchctl scan --summary");
    root.shell(&line).expect_code(0);
    let own = "find /run/patchctl /var/lib/patchctl /var/cache/patchctl -printf '%m %p\\n' | sed 's/scan-[0-9]*T/scan-T/; s/T[0-9]*Z/TIME/' | sort";
    let modes = root.shell(own).expect_code(0).stdout;
    Some((Manifest::of(&root), modes))
}

#[test]
fn a_mask_that_lets_nobody_read_closes_nothing_that_is_to_be_read() {
    let Some((usual, own_usual)) = left_under("022") else { return };
    let Some((strict, own_strict)) = left_under("077") else { return };
    assert_eq!(own_usual, own_strict);
    assert!(own_strict.contains("644 /run/patchctl/summary.json"), "{own_strict}");
    let changes = usual.diff(&strict);
    assert!(changes.is_empty(), "{changes:?}");
}
