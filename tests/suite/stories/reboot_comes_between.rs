//! A reboot comes between the change and its trial: the boot itself recovers the run, and holds against it what every boot
//! has to show: services, their ports, addresses and routes by kind, mounts of fstab.

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
