//! Answers for the units that are shipped: systemd itself accepts them.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::lab::debian;

#[test]
fn every_shipped_unit_is_one_that_systemd_accepts() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/systemd");
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        println!("not run: there is no systemd-analyze here (package systemd)");
        return;
    }
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("units-{}", std::process::id()));
    fs::create_dir_all(&scratch).expect("a scratch folder can be made");
    for entry in fs::read_dir(folder).expect("the units are shipped") {
        let unit = entry.expect("an entry can be read").path();
        let text = fs::read_to_string(&unit).expect("a unit can be read");
        // systemd looks for the program: the one under test stands in its place.
        let program = debian::binary_under_test().to_str().expect("a path of plain text");
        let copy = scratch.join(unit.file_name().expect("a unit has a name"));
        fs::write(&copy, text.replace("/usr/bin/patchctl", program)).expect("a copy can be written");
        let verified = Command::new("systemd-analyze")
            .args(["verify", "--man=no", "--recursive-errors=no"])
            .arg(&copy)
            .output()
            .expect("systemd-analyze can be started");
        let said = String::from_utf8_lossy(&verified.stderr).into_owned();
        assert!(verified.status.success() && said.is_empty(), "{}: {said}", unit.display());
    }
    fs::remove_dir_all(&scratch).expect("the scratch folder can be removed");
}
