//! A real server with the vendor's real pending updates: patched, proven, and taken back to exactly what it was.

use crate::lab::debian;
use crate::lab::oracle::Manifest;

#[test]
fn a_server_takes_its_real_security_updates_and_gives_them_back() {
    let Some(root) = debian::server() else { return };
    let pending = root.pending();
    assert!(!pending.is_empty(), "the server has updates pending");
    let versions = root.versions();
    let before = Manifest::of(&root);
    root.run(&["patchctl", "apply", "--yes", "--all-updates"]).expect_code(0);
    for update in &pending {
        assert_eq!(root.installed(&update.package).as_ref(), Some(&update.to), "{}", update.package);
    }
    assert_eq!(root.audit(), "");
    assert_eq!(root.pending(), []);
    root.run(&["patchctl", "rollback", "--yes"]).expect_code(0);
    assert_eq!(root.versions(), versions);
    assert_eq!(root.audit(), "");
    assert_eq!(before.diff(&Manifest::of(&root)), []);
}
