//! Answers for the faults of the laboratory: each really happens, and none outlives its test.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::lab::faults::{self, Injected, Point, Traced};
use crate::lab::namespace::{Ran, on_host};
use crate::lab::oracle::Manifest;
use crate::lab::{debian, pool};

/// Set for the copy of this test binary that `nothing_is_left` starts and watches.
const WATCHED: &str = "PATCHCTL_LAB_WATCHED";

#[test]
fn time_limit_ends_everything_the_command_started() {
    let Some(root) = debian::small_with(&["lab-hang"]) else { return };
    let limited = root.command(&["apt-get", "install", "-y", "lab-hang=2.0"]).timeout(Duration::from_secs(5));
    let running = limited.start();
    running.wait_until_says("lab-hang: waiting");
    let processes = running.processes();
    assert!(processes.len() > 3, "apt, dpkg, the script and its sleep are seen: {processes:?}");
    let ran = running.wait();
    assert!(ran.timed_out && ran.code == 128 + 9, "{ran}");
    assert!(ran.took < Duration::from_secs(20), "the limit is kept");
    let alive = processes.iter().filter(|pid| Path::new(&format!("/proc/{pid}")).exists());
    assert_eq!(alive.count(), 0, "a process of the root lives on");
}

#[test]
fn held_lock_stops_apt_and_names_its_holder() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    let holder = faults::holds_lock(&root, faults::FRONTEND_LOCK);
    let refused =
        root.command(&["apt-get", "install", "-y", "lab-plain"]).beside(&holder).run().expect_code(100);
    assert!(refused.stderr.contains("held by process") && refused.stderr.contains("perl"), "{refused}");
    root.apt(&["install", "-y", "lab-plain"]).expect_code(100);
    drop(holder);
    root.apt(&["install", "-y", "lab-plain"]).expect_code(0);
}

#[test]
fn killed_upgrade_leaves_work_that_dpkg_can_end() {
    let Some(root) = debian::small_with(&["lab-slow"]) else { return };
    let running = root.command(&["apt-get", "install", "-y", "lab-slow=2.0"]).start();
    running.kill_when_says("lab-slow: waiting");
    assert_eq!(root.state("lab-slow"), "iF");
    root.run(&["dpkg", "--configure", "-a"]).expect_code(0);
    assert_eq!(root.installed("lab-slow").as_deref(), Some("2.0"));
}

#[test]
fn chosen_calls_fail_where_they_are_told_to() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    let before = Manifest::of(&root);
    let install = ["dpkg", "-i", "/srv/lab/pool/bookworm-security/lab-plain_2.0_all.deb"];
    let at = |calls, number| Point { calls, number, traced: Traced::Tree };
    let killed = faults::at_call(root.command(&install), &at("rename", 2), Injected::Kill).run();
    assert_eq!(killed.code, 128 + 9, "{killed}");
    let refused = faults::at_call(root.command(&install), &at("fsync", 1), Injected::Errno("ENOSPC")).run();
    assert!(refused.stderr.contains("No space left on device"), "{refused}");
    let (ran, calls) = faults::count_calls(root.command(&install), "rename", Traced::Program);
    assert!(ran.code == 0 && calls > 5, "{calls} calls of {ran}");
    let own = |path: &str| path.contains("lab-plain") || path.ends_with("dpkg/status");
    assert!(before.diff(&Manifest::of(&root)).iter().all(|change| own(&change.path)));
    assert_eq!(root.installed("lab-plain").as_deref(), Some("2.0"));
}

#[test]
fn power_can_be_cut_at_every_call() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    let install = ["dpkg", "-i", "/srv/lab/pool/bookworm-security/lab-plain_2.0_all.deb"];
    for number in [1, 4, 8] {
        let point = Point { calls: "rename", number, traced: Traced::Program };
        let ran =
            faults::power_cut_at(root.command(&install), &point).expect("dpkg renames more often than that");
        assert_eq!(ran.code, 128 + 9, "{ran}");
    }
    let never = Point { calls: "rename", number: 10_000, traced: Traced::Program };
    assert!(
        faults::power_cut_at(root.command(&install), &never).is_none(),
        "the command ends before such a call"
    );
    assert_eq!(root.installed("lab-plain").as_deref(), Some("2.0"));
}

#[test]
fn disks_can_be_full_or_read_only() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    let full = faults::tight_disk(&root, "/usr/share/lab-plain", 116 << 10);
    let ran = root.apt(&["install", "-y", "lab-plain=2.0"]);
    assert!(ran.code == 100 && ran.said().contains("No space left on device"), "{ran}");
    drop(full);
    let fixed = faults::read_only(&root, "/usr");
    let ran = root.apt(&["install", "-y", "lab-plain=2.0"]);
    assert!(ran.code == 100 && ran.said().contains("Read-only file system"), "{ran}");
    drop(fixed);
    root.apt(&["install", "-y", "--reinstall", "lab-plain=2.0"]).expect_code(0);
    assert_eq!(root.audit(), "");
}

#[test]
fn clock_of_a_command_can_be_moved() {
    let Some(root) = debian::small() else { return };
    let year = |ran: Ran| ran.expect_code(0).stdout.trim().parse::<i32>().expect("a year");
    let now = year(root.run(&["date", "+%Y"]));
    let moved = faults::clock_moved(&root, root.command(&["date", "+%Y"]), "+4000d");
    assert!(year(moved.run()) - now >= 10);
}

/// Runs in the copy that `nothing_is_left` starts: makes a clone, says so, and waits to be released or killed.
#[test]
fn watched_process_has_a_clone() {
    if std::env::var_os(WATCHED).is_none() {
        return;
    }
    let pool = pool::machine_pool().expect("the laboratory can be built in another folder");
    let roots = fs::read_dir(pool::cache_folder().join("roots"))
        .expect("the pool can be listed")
        .filter_map(Result::ok);
    let left: Vec<_> = roots
        .map(|entry| entry.file_name())
        .filter(|name| name.to_string_lossy().starts_with("clone-"))
        .collect();
    assert!(left.is_empty(), "the process before left {left:?}");
    let clone = pool.clone_of("empty", "0", |_| ());
    assert!(clone.path().exists());
    fs::write(pool::cache_folder().join("ready"), "ready").expect("the cache can be written");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).expect("stdin can be read");
    assert!(line != "panic\n", "told to");
}

#[test]
fn nothing_is_left_after_an_end_a_panic_or_a_kill() {
    if debian::available().is_none() {
        return;
    }
    let folder = std::env::temp_dir().join(format!("patchctl-lab-{}", std::process::id()));
    for end in ["return\n", "panic\n", "kill", "return\n"] {
        watch_one_end(&folder, end);
        assert_eq!(
            on_host(&["losetup", "-j", folder.join("roots.btrfs").to_str().expect("text")]),
            "",
            "a loop after {end}"
        );
        let mounts = fs::read_to_string("/proc/1/mounts").expect("the mounts of the machine can be read");
        assert!(!mounts.contains("patchctl-lab"), "a mount after {end}: {mounts}");
    }
    fs::remove_dir_all(&folder).expect("the folder of the watched laboratory can be removed");
}

/// Starts a laboratory of its own in `folder`, which fails if it meets a clone of the one before, and ends it as told.
fn watch_one_end(folder: &Path, end: &str) {
    let ready = folder.join("ready");
    let _ = fs::remove_file(&ready);
    let mut command = Command::new(std::env::current_exe().expect("this test binary has a path"));
    command.args(["--exact", "--nocapture", "contracts::lab_faults_hold::watched_process_has_a_clone"]);
    command.env(WATCHED, "1").env("PATCHCTL_LAB_CACHE", folder).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.stdin(Stdio::piped()).spawn().expect("this test binary can be started again");
    let started = Instant::now();
    while fs::read_to_string(&ready).unwrap_or_default().is_empty() {
        assert!(started.elapsed() < Duration::from_secs(30), "the watched laboratory does not come up");
        std::thread::sleep(Duration::from_millis(5));
    }
    if end == "kill" {
        child.kill().expect("the watched process can be killed");
    } else {
        child
            .stdin
            .take()
            .expect("stdin is piped")
            .write_all(end.as_bytes())
            .expect("the watched process reads");
    }
    child.wait().expect("the watched process ends");
}
