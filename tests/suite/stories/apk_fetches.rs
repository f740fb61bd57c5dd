//! An operator patches a host of apk whose repositories lie on a server, as those of Alpine do: indexes are copies that apk
//! keeps, archives are fetched, and the way back is what its cache has.

use std::fs;

use super::apk_applies::State;
use super::apk_plans::{changes, planned};
use crate::lab::apk_packages;
use crate::lab::apk_root::{self, ApkRoot, NEW, SERVER};

fn far_from_its_repository(fixtures: &[&str]) -> Option<ApkRoot> {
    let root = apk_root::with(fixtures)?;
    root.move_to_a_server();
    root.run_served(&["patchctl", "feeds", "refresh"]).expect_code(0);
    Some(root)
}

#[test]
fn what_a_server_offers_is_planned_without_it_fetched_and_taken_back() {
    let Some(root) = far_from_its_repository(&["lab-plain", "lab-grows"]) else { return };
    let before = State::of(&root);
    // The server is not there: the copies of its indexes are.
    let plan = planned(&root, &["--no-refresh"]);
    assert_eq!(
        changes(&plan),
        ["install lab-extra - 1.0-r0", "upgrade lab-grows 1.0-r0 2.0-r0", "upgrade lab-plain 1.0-r0 2.0-r0"]
    );
    let steps = plan["steps"].as_array().unwrap();
    let actions = steps.iter().flat_map(|step| step["actions"].as_array().unwrap());
    let plain = actions.into_iter().find(|action| action["package"] == "lab-plain").unwrap();
    assert_eq!(plain["artifact"]["uri"], format!("{SERVER}/main/x86_64/lab-plain-2.0-r0.apk"));
    let ran = root.run(&["patchctl", "apply", "--yes", "--no-refresh"]);
    assert!(ran.code != 0 && ran.said().contains("nothing was changed"), "{ran}");
    before.is_same_in(&root);
    root.run_served(&["patchctl", "apply", "--yes"]).expect_code(0);
    assert_eq!(root.versions(), ["lab-extra-1.0-r0", "lab-grows-2.0-r0", "lab-plain-2.0-r0"]);
    root.run(&["patchctl", "rollback", "--yes"]).expect_code(0);
    before.is_same_in(&root);
}

#[test]
fn an_archive_that_vanished_from_its_server_stops_a_run_before_it_changes_anything() {
    let Some(root) = far_from_its_repository(&["lab-plain", "lab-conf"]) else { return };
    root.run(&["patchctl", "plan", "--no-refresh", "-o", "/root/plan.json"]).expect_code(0);
    fs::remove_file(root.path(NEW).join("x86_64/lab-plain-2.0-r0.apk")).unwrap();
    let before = State::of(&root);
    let ran = root.run_served(&["patchctl", "apply", "--yes", "--no-refresh", "/root/plan.json"]);
    assert!(ran.code != 0 && ran.said().contains("lab-plain"), "{ran}");
    assert!(ran.said().contains("nothing was changed"), "{ran}");
    before.is_same_in(&root);
}

#[test]
fn what_a_tagged_repository_offers_is_left_to_apk() {
    let Some(root) = apk_root::with(&["lab-plain"]) else { return };
    let (folder, key) = (root.path("srv/lab/edge/x86_64"), root.path("srv/lab/keys/lab.rsa"));
    fs::create_dir_all(&folder).unwrap();
    let newer = apk_packages::fixture("lab-plain").build("3.0-r0", &folder, &key);
    fs::write(folder.join("APKINDEX.tar.gz"), apk_packages::index(&[newer.entry], &key)).unwrap();
    root.move_to_a_server();
    root.write("etc/apk/repositories", &format!("{SERVER}/main\n@edge {SERVER}/edge\n"));
    root.run_served(&["patchctl", "apply", "--yes"]).expect_code(0);
    assert!(root.has("lab-plain-2.0-r0"), "{:?}", root.versions());
}
