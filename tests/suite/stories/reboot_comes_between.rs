//! A reboot comes between: the boot itself recovers the run, also where nobody enabled the unit for it. Before the first
//! change the run is given up; after it, what every boot has to show is held against it: services, their ports, addresses
//! and routes by kind, mounts of fstab.

use std::fs;

use super::records::checked_report;
use crate::lab::booted::{Booted, booted};

const UNIT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/systemd/patchctl-recover.service");

/// Installs the boot unit, as the packages of patchctl do.
fn with_boot_unit(host: &Booted) {
    let unit = fs::read_to_string(UNIT).expect("the unit is part of the project");
    host.write("usr/lib/systemd/system/patchctl-recover.service", &unit);
    host.run(&["systemctl", "enable", "--quiet", "patchctl-recover.service"]).expect_code(0);
}

/// Begins a run, cuts the power in its trial, and boots; returns how the run ended.
fn cut_in_the_trial(host: &mut Booted, package: &str, run: &str) -> String {
    let mut running = host.start_command(&["patchctl", "apply", "--yes", "--offline", "--package", package]);
    let journal = format!("var/lib/patchctl/runs/{run}/journal");
    host.wait_until("the trial", |host| {
        fs::read_to_string(host.path(&journal)).is_ok_and(|text| text.contains("\"phase\":\"trial\""))
    });
    host.boot_again();
    running.wait().expect("it can be waited for");
    let text = host.read(&journal);
    ["commit", "returned", "operator"]
        .into_iter()
        .find(|phase| text.contains(&format!("\"phase\":\"{phase}\"")))
        .unwrap_or("open")
        .to_owned()
}

#[test]
fn the_boot_keeps_what_is_well_and_takes_back_what_lost_its_port() {
    let Some(mut host) = booted("[health]\ndeadline = \"30s\"\npoll = \"3s\"\n") else { return };
    with_boot_unit(&host);
    assert_eq!(cut_in_the_trial(&mut host, "lab-web", "0001"), "commit");
    assert_eq!(host.installed("lab-web"), "2.0");
    let report = checked_report(&host.read("var/lib/patchctl/runs/0001/report.json"));
    let state = |name: &str| {
        let checks = report["health"]["checks"].as_array().expect("a list").clone();
        checks.into_iter().find(|check| check["name"] == name).map(|check| check["state"].clone())
    };
    for compared in ["services that ran", "listening sockets", "own addresses", "routes", "mounts"] {
        assert_eq!(state(compared), Some("pass".into()), "{compared}: {report}");
    }
    assert_eq!(state("routing rules"), Some("cannot-tell".into()), "nothing tells whose rule it was");

    assert_eq!(cut_in_the_trial(&mut host, "lab-mute", "0002"), "returned");
    assert_eq!(host.installed("lab-mute"), "1.0");
    let report = checked_report(&host.read("var/lib/patchctl/runs/0002/report.json"));
    let message = report["error"]["message"].to_string();
    assert!(message.contains("tcp 8082"), "{message}");
    host.run(&["patchctl", "history", "verify"]).expect_code(0);
}

#[test]
fn the_boot_does_not_wait_for_what_waits_for_it() {
    // A trial that waited for its deadline would keep the boot from its end for longer than the laboratory does.
    let Some(mut host) = booted("[health]\ndeadline = \"20m\"\npoll = \"3s\"\n") else { return };
    let unit = "[Unit]\nAfter=multi-user.target\n\n[Service]\nExecStart=/usr/bin/sleep infinity\n\n\
        [Install]\nWantedBy=multi-user.target\n";
    host.write("etc/systemd/system/lab-late.service", unit);
    host.run(&["systemctl", "enable", "--quiet", "--now", "lab-late.service"]).expect_code(0);
    assert_eq!(cut_in_the_trial(&mut host, "lab-web", "0001"), "commit");
    let report = checked_report(&host.read("var/lib/patchctl/runs/0001/report.json"));
    assert_eq!(report["health"]["verdict"], "healthy", "{report}");
    let not_watched = "lab-late.service is not watched: this boot starts it later";
    let told = report["health"]["not_run"].as_array().expect("a list");
    assert!(told.iter().any(|line| line == not_watched), "it is said: {report}");
    host.run(&["systemctl", "is-active", "lab-late.service"]).expect_code(0);
}

#[test]
fn the_boot_gives_up_what_was_cut_off_before_its_first_change() {
    let Some(mut host) = booted("[health]\ndeadline = \"30s\"\npoll = \"1s\"\n") else { return };
    let hook = "/etc/patchctl/hooks.d/pre-apply/waits";
    host.write(hook, "#!/bin/sh\ntouch /run/waits\nsleep 200\n");
    host.run(&["chmod", "755", hook]).expect_code(0);
    let apply = ["patchctl", "apply", "--yes", "--offline", "--package", "lab-plain"];
    let mut running = host.start_command(&apply);
    host.wait_until("the hook", |host| host.run(&["test", "-e", "/run/waits"]).code == 0);
    let unit = host.path("etc/systemd/system/patchctl-recover-run.service");
    assert!(unit.exists(), "the next boot knows of the run before anything is fetched for it");
    host.boot_again();
    running.wait().expect("it can be waited for");
    let journal = host.read("var/lib/patchctl/runs/0001/journal");
    assert!(journal.contains("\"phase\":\"abandoned\""), "{journal}");
    assert!(!unit.exists(), "what the run brought along is gone with it");
    host.run(&["rm", hook]).expect_code(0);
    assert_eq!((host.run(&apply).code, host.installed("lab-plain").as_str()), (0, "2.0"));
    assert!(!unit.exists());
}
