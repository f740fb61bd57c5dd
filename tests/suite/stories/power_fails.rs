//! The power fails while dpkg works, and what a person meets then. `tests/suite/sweep` cuts at every call.

use std::fs;

use super::records::{assert_says, refused_unchanged, report_of_run};
use crate::lab::debian::{self, DebianRoot};
use crate::lab::oracle::{Manifest, Verdict, classify};

const FIXTURES: &[&str] = &["lab-plain", "lab-chain-a", "lab-conf", "lab-needsnew"];
const APPLY: &[&str] = &["patchctl", "apply", "--yes"];
const RECOVER: &[&str] = &["patchctl", "recover"];
const EDITED: &str = "edited by the administrator\n";

/// A root before the run, with a configuration file that must never be lost.
fn old_root() -> Option<DebianRoot> {
    let root = debian::small_with(FIXTURES)?;
    root.write("etc/lab-conf.conf", EDITED);
    Some(root)
}

/// The system before and after an undisturbed run.
struct Ends {
    old: Manifest,
    new: Manifest,
}

fn ends(root: &DebianRoot) -> Ends {
    let old = Manifest::of(root);
    root.run(APPLY).expect_code(0);
    let new = Manifest::of(root);
    root.run(&["patchctl", "rollback", "--yes"]).expect_code(0);
    assert_eq!(old.diff(&Manifest::of(root)), []);
    fs::remove_dir_all(root.path("var/lib/patchctl")).expect("the records of the rehearsal can go");
    Ends { old, new }
}

#[track_caller]
fn recovered(root: &DebianRoot, ends: &Ends, after: &str) {
    let ran = root.run(RECOVER);
    assert!([0, 3].contains(&ran.code), "{after}: {ran}");
    let verdict = classify(&ends.old, &ends.new, &Manifest::of(root));
    assert!(matches!(verdict, Verdict::Old | Verdict::New), "{after}: {verdict:?}\n{ran}");
    assert_eq!(root.audit(), "", "{after}");
    assert_eq!(root.read("etc/lab-conf.conf"), EDITED, "{after}");
    let again = root.run(RECOVER).expect_code(0);
    assert_says(&again, "nothing to do");
}

/// Cuts the power while dpkg works, so that the run stays open.
fn open_run() -> Option<(DebianRoot, Ends)> {
    let root = old_root()?;
    let ends = ends(&root);
    cut_amid_apply(&root);
    Some((root, ends))
}

fn cut_amid_apply(root: &DebianRoot) {
    let running = root.command(APPLY).start();
    running.wait_until("dpkg works", || {
        let log = root.path("var/lib/patchctl/runs/0001/log");
        fs::read_to_string(log).is_ok_and(|log| log.contains("Unpacking lab-plain"))
    });
    running.kill();
    root.reboot();
}

#[test]
fn while_a_run_is_open_nothing_else_begins() {
    let Some((root, ends)) = open_run() else { return };
    for verb in [&["apply", "--yes"][..], &["rollback", "--yes"], &["apply", "--download-only"]] {
        let refused = refused_unchanged(&root, &[&["patchctl"], verb].concat(), 10);
        assert_says(&refused, "run 0001 was interrupted and is still open");
        assert_says(&refused, "patchctl recover");
    }
    assert_says(&root.run(&["patchctl", "status"]).expect_code(0), "0001");
    assert_says(
        &root.run(&["patchctl", "scan"]).expect_code(0),
        "run 0001 was interrupted and is still open",
    );
    recovered(&root, &ends, "a kill while dpkg unpacks");
}

/// Stands before apt's own methods: the first archive that is fetched for a run is the end of patchctl.
const KILLS_WHO_FETCHES: &str = "#!/bin/sh\n\
    if [ -e /var/lib/patchctl/runs/RUN/journal ] && mkdir /var/lib/patchctl/killed 2>/dev/null; then\n\
    for process in /proc/[0-9]*; do\n\
    read -r name <$process/comm; [ \"$name\" = patchctl ] && kill -KILL ${process#/proc/}\n\
    done\nfi\nexec \"$0.real\"\n";

/// Lets a run be killed while it fetches.
pub(super) fn kill_while_fetching(root: &DebianRoot, run: &str) {
    for method in ["copy", "file"] {
        let path = format!("usr/lib/apt/methods/{method}");
        fs::rename(root.path(&path), root.path(&format!("{path}.real"))).expect("a method can be renamed");
        root.write(&path, &KILLS_WHO_FETCHES.replace("RUN", run));
        root.run(&["chmod", "755", &format!("/{path}")]).expect_code(0);
    }
}

#[test]
fn a_run_that_was_killed_while_it_fetched_makes_way_for_the_next_one() {
    let Some(root) = old_root() else { return };
    kill_while_fetching(&root, "0001");
    let old = Manifest::of(&root);
    assert_says(&root.shell("patchctl apply --yes; echo ended $?"), "ended 137");
    assert_eq!(old.diff(&Manifest::of(&root)), []);
    // A look at the host reports it and repairs nothing.
    assert_says(
        &root.run(&["patchctl", "scan"]).expect_code(0),
        "run 0001 was interrupted and is still open",
    );
    let next = root.run(APPLY).expect_code(0);
    assert_says(&next, "run 0001 was cut off before its first change and is given up");
    assert_eq!(root.installed("lab-plain").as_deref(), Some("2.0"));
    for (run, phase) in [("0001", "abandoned"), ("0002", "commit")] {
        assert_eq!(report_of_run(&root, run)["transaction"]["phase"], phase, "{next}");
    }
    root.run(&["patchctl", "history", "verify"]).expect_code(0);
}

/// An addition that is cut off in its first unpacking is finished; where a new archive is lost, it goes away again.
fn addition_is_cut_off(lost: Option<&str>, code: i32) {
    let Some(root) = old_root() else { return };
    let ends = ends(&root);
    let running = root.command(APPLY).start();
    running.wait_until("the addition is unpacked", || {
        let log = root.path("var/lib/patchctl/runs/0001/log");
        fs::read_to_string(log).is_ok_and(|log| log.contains("Unpacking lab-extra"))
    });
    running.kill();
    root.reboot();
    if let Some(archive) = lost {
        fs::remove_file(root.path(archive)).expect("an archive can be lost");
    }
    root.run(RECOVER).expect_code(code);
    recovered(&root, &ends, "a kill while the addition is unpacked");
    assert_eq!(root.installed("lab-extra").is_some(), code == 0);
}

#[test]
fn an_addition_that_is_cut_off_in_its_first_unpacking_is_finished() {
    addition_is_cut_off(None, 0);
}

#[test]
fn an_addition_whose_run_cannot_be_finished_goes_away_again() {
    addition_is_cut_off(Some("var/lib/patchctl/runs/0001/archives/new/lab-conf_2.0_all.deb"), 3);
}

#[test]
fn where_no_way_works_a_person_is_asked_and_may_try_again() {
    let Some((root, ends)) = open_run() else { return };
    let archives = ["old/lab-plain_1.0_all.deb", "new/lab-plain_2.0_all.deb"].map(|name| {
        let stored = root.path(&format!("var/lib/patchctl/runs/0001/archives/{name}"));
        (stored, root.path(&format!("root/{}", &name[4..])))
    });
    archives.iter().for_each(|(stored, aside)| fs::rename(stored, aside).expect("an archive can be lost"));
    let stuck = root.run(RECOVER).expect_code(4);
    assert_says(&stuck, "A PERSON IS NEEDED");
    assert_says(&stuck, "the old archive of lab-plain:all is missing");
    assert_says(&stuck, "dpkg --force-downgrade");
    refused_unchanged(&root, APPLY, 10);
    refused_unchanged(&root, &["patchctl", "recover", "--unattended"], 4);
    archives.iter().for_each(|(stored, aside)| fs::rename(aside, stored).expect("it can be found again"));
    recovered(&root, &ends, "an archive that was found again");
}

#[test]
fn a_torn_last_record_counts_as_not_written() {
    let Some((root, ends)) = open_run() else { return };
    let journal = root.path("var/lib/patchctl/runs/0001/journal");
    let bytes = fs::read(&journal).expect("the journal is there");
    fs::write(&journal, &bytes[..bytes.len() - 20]).expect("it can be torn");
    recovered(&root, &ends, "a torn record");
}

#[test]
fn a_rollback_of_one_package_that_is_cut_off_takes_back_no_more_than_that() {
    let Some(root) = old_root() else { return };
    root.run(APPLY).expect_code(0);
    let running = root.command(&["patchctl", "rollback", "--yes", "--only", "lab-plain"]).start();
    running.wait_until("dpkg works", || {
        let log = root.path("var/lib/patchctl/runs/0002/log");
        fs::read_to_string(log).is_ok_and(|log| log.contains("Unpacking lab-plain"))
    });
    running.kill();
    root.reboot();
    root.run(RECOVER).expect_code(3);
    assert_eq!(root.installed("lab-plain").as_deref(), Some("1.0"));
    assert_eq!(root.installed("lab-chain-a").as_deref(), Some("2.0"), "the rest of the run stays");
    assert_says(&root.run(&["patchctl", "plan"]).expect_code(0), "run 0002 took 2.0 back");
    assert_eq!(root.audit(), "");
}

#[test]
fn what_a_power_cut_brings_back_is_removed_and_nothing_of_somebody_else() {
    let Some(root) = old_root() else { return };
    root.run(APPLY).expect_code(0);
    root.shell("cp -a /usr/lib/lab-plain /root/as-before").expect_code(0);
    let running = root.command(&["patchctl", "rollback", "--yes"]).start();
    running.wait_until("dpkg has removed the files", || {
        let log = root.path("var/lib/patchctl/runs/0002/log");
        fs::read_to_string(log).is_ok_and(|log| log.contains("Setting up lab-plain"))
    });
    running.kill();
    // A folder that is renamed leaves the files in it as old as they were.
    root.shell("rm -rf /usr/lib/lab-plain && mv /root/as-before /usr/lib/lab-plain").expect_code(0);
    root.write("usr/lib/lab-plain/new-2", "somebody's own\n");
    root.reboot();
    root.run(RECOVER).expect_code(3);
    assert_eq!(root.installed("lab-plain").as_deref(), Some("1.0"));
    let left = root.shell("find /usr/lib/lab-plain -type f").stdout;
    assert_eq!(left.trim(), "/usr/lib/lab-plain/new-2");
}
