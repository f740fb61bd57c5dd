//! Records are kept as long as the settings say, and read by those whom they name.

use super::records::{assert_says, mode, refused_unchanged};
use crate::lab::debian;
use crate::lab::repository::Suite;

#[test]
fn old_runs_give_up_their_way_back_and_then_their_records() {
    let Some(root) = debian::small_with(&["lab-plain", "lab-conf"]) else { return };
    root.write("etc/patchctl/patchctl.toml", "[snapshot]\nkeep = 1\n[retention]\nruns = 2\n");
    root.write("var/lib/patchctl/reports/scan-20200101T000000Z.json", "{}");
    root.run(&["patchctl", "apply", "--yes", "--package", "lab-plain"]).expect_code(0);
    assert!(!root.path("var/lib/patchctl/reports/scan-20200101T000000Z.json").exists(), "an old report goes");
    root.run(&["patchctl", "apply", "--yes", "--package", "lab-conf"]).expect_code(0);
    assert!(!root.path("var/lib/patchctl/runs/0001/archives").exists(), "one way back is kept");
    assert!(root.path("var/lib/patchctl/runs/0002/archives").exists());
    let refused = refused_unchanged(&root, &["patchctl", "rollback", "--yes", "0001"], 10);
    assert_says(&refused, "run 0001 no longer has its way back");
    root.run(&["patchctl", "history", "verify"]).expect_code(0);
    root.repository().add(Suite::Security, "lab-plain", "3.0");
    root.apt(&["update"]).expect_code(0);
    root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    assert!(!root.path("var/lib/patchctl/runs/0001").exists(), "two runs are remembered");
    root.run(&["patchctl", "rollback", "--yes"]).expect_code(0);
    assert_eq!(root.installed("lab-plain").as_deref(), Some("2.0"));
}

#[test]
fn a_group_may_read_reports_and_nothing_else() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    root.write("etc/patchctl/patchctl.toml", "[report]\ngroup = \"adm\"\n");
    root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    let as_member = |path: &str| {
        root.run(&[
            "setpriv",
            "--reuid",
            "65534",
            "--regid",
            "adm",
            "--clear-groups",
            "head",
            "-c",
            "1",
            path,
        ])
    };
    as_member("/var/lib/patchctl/latest.json").expect_code(0);
    as_member("/var/lib/patchctl/reports/0001.json").expect_code(0);
    for private in ["runs/0001/journal", "runs/0001/log", "runs/0001/plan.json", "reserve"] {
        as_member(&format!("/var/lib/patchctl/{private}")).expect_code(1);
    }
    root.write("etc/patchctl/patchctl.toml", "");
    root.run(&["patchctl", "scan"]).expect_code(0);
    assert_eq!(mode(&root, "var/lib/patchctl"), 0o700, "a group that is no longer named is shut out");
}
