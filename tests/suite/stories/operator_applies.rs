//! An operator applies pending updates: each is proven, or everything is as before.

use crate::lab::debian;
use crate::lab::oracle::Manifest;

#[test]
fn updates_are_applied_proven_and_taken_back_exactly() {
    let Some(root) = debian::small_with(&["lab-plain", "lab-chain-a", "lab-conf", "lab-generates"]) else {
        return;
    };
    root.write("etc/lab-conf.conf", "edited by the administrator\n");
    let before = Manifest::of(&root);
    let applied = root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    assert!(applied.stdout.contains("verified"), "{}", applied.said());
    for name in ["lab-plain", "lab-chain-a", "lab-chain-b", "lab-chain-c", "lab-conf", "lab-generates"] {
        assert_eq!(root.installed(name).as_deref(), Some("2.0"), "{name}");
    }
    assert_eq!(root.read("etc/lab-conf.conf"), "edited by the administrator\n");
    assert_eq!(root.audit(), "");
    root.run(&["patchctl", "rollback", "--yes"]).expect_code(0);
    assert_eq!(root.installed("lab-plain").as_deref(), Some("1.0"));
    assert_eq!(before.diff(&Manifest::of(&root)), []);
}
