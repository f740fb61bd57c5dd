//! Measurements that need a laboratory: they print figures and judge nothing. Not part of a build.
//!
//! `cargo build --release && PATCHCTL_MEASURED=target/release/patchctl tests/run --ignored --nocapture measures::`

mod real_size;

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use crate::lab::namespace::{Ran, on_host};
use crate::lab::rpm_root::{self, RpmRoot};
use crate::lab::{apk_root, debian, dnf5_root, pacman_root, zypp_root};

/// Pairs of patchctl and a rival, in turn, in microseconds.
const PAIRS: &str = "
    one() { patchctl OWN > /dev/null || exit; }
    two() { RIVAL > /dev/null 2>&1; }
    now() { date +%s%N; }
    one; two
    for pair in 1 2 3 4 5 6 7 8 9; do
      a=$(now); one; b=$(now); two; c=$(now); two; d=$(now); one; e=$(now)
      echo $(( (b - a + e - d) / 2000 )) $(( (d - b) / 2000 ))
    done";

#[test]
#[ignore = "measures"]
fn a_plan_beside_one_bare_simulation_of_apt() {
    for cache in ["full", "empty"] {
        let Some(root) = debian::server() else { return };
        install_measured(&root.path("usr/bin/patchctl"));
        if cache == "empty" {
            root.shell("apt-get clean").expect_code(0);
        }
        let ran = root.shell(&pairs_with("apt-get -s -q --with-new-pkgs upgrade")).expect_code(0);
        tell(&format!("apt, cache {cache}"), &ran);
    }
}

/// A plan beside one bare simulation of the same set.
fn pairs_with(simulation: &str) -> String {
    PAIRS.replace("OWN", "plan --all-updates --offline").replace("RIVAL", simulation)
}

/// A scan beside what lists the same holes.
fn scans_with(rival: &str) -> String {
    PAIRS.replace("OWN", "scan --summary --offline --no-save").replace("RIVAL", rival)
}

fn tell(name: &str, ran: &Ran) {
    let pairs: Vec<(f64, f64)> = ran
        .stdout
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(one, two)| (one.parse().expect("microseconds"), two.parse().expect("microseconds")))
        .collect();
    let mut ratios: Vec<f64> = pairs.iter().map(|(plan, bare)| plan / bare).collect();
    ratios.sort_by(f64::total_cmp);
    let median = |which: fn(&(f64, f64)) -> f64| {
        let mut times: Vec<f64> = pairs.iter().map(which).collect();
        times.sort_by(f64::total_cmp);
        times[times.len() / 2] / 1000.0
    };
    println!(
        "{name}: patchctl {:.1} ms, beside it {:.1} ms, ratio {:.3} ({:.3} to {:.3})",
        median(|pair| pair.0),
        median(|pair| pair.1),
        ratios[ratios.len() / 2],
        ratios[0],
        ratios[ratios.len() - 1]
    );
}

/// Puts the measured program in the place of the unoptimised one.
fn install_measured(target: &Path) {
    match std::env::var("PATCHCTL_MEASURED") {
        Ok(program) => {
            let program = Path::new(env!("CARGO_MANIFEST_DIR")).join(program);
            _ = fs::copy(program, target).expect("the measured program is there");
        }
        Err(_) => println!("PATCHCTL_MEASURED is not set: this is the unoptimised build"),
    }
}

#[test]
#[ignore = "measures"]
fn a_plan_beside_one_bare_simulation_of_each_other_family() {
    const FIXTURES: &[&str] = &["lab-plain", "lab-program", "lab-library", "lab-epoch", "lab-conf"];
    let beside = |name: &str, root: Option<RpmRoot>, simulation: &str| {
        let Some(root) = root else { return };
        install_measured(&root.path("usr/bin/patchctl"));
        tell(name, &root.shell(&pairs_with(simulation)).expect_code(0));
    };
    beside("dnf 4", rpm_root::with(FIXTURES), "dnf -C --assumeno upgrade");
    beside("dnf 5", dnf5_root::with(FIXTURES), "dnf5 -C --assumeno upgrade");
    let update = "zypper --non-interactive --no-refresh update --dry-run";
    beside("zypper", zypp_root::with(FIXTURES), update);
    let Some(root) = pacman_root::with(FIXTURES) else { return };
    install_measured(&root.path("usr/bin/patchctl"));
    root.run(&["patchctl", "feeds", "refresh"]);
    // On its own databases pacman would take what is there without an upgrade: they are copies.
    let simulation = "pacman -Sup --print-format %n --dbpath /tmp/db";
    let copied = "mkdir -p /tmp/db; cp -a /var/lib/pacman/local /tmp/db/; pacman -Sy --dbpath /tmp/db";
    root.run(&["sh", "-c", copied]).expect_code(0);
    tell("pacman", &root.run(&["sh", "-c", &pairs_with(simulation)]).expect_code(0));
}

#[test]
#[ignore = "measures"]
fn a_plan_beside_one_bare_simulation_of_apk() {
    let fixtures = ["lab-plain", "lab-program", "lab-grows", "lab-noarch", "lab-conf"];
    let Some(root) = apk_root::with(&fixtures) else { return };
    install_measured(&root.path("usr/bin/patchctl"));
    root.run(&["patchctl", "feeds", "refresh"]).expect_code(0);
    tell("apk", &root.run(&["sh", "-c", &pairs_with("apk upgrade -s")]).expect_code(0));
}

/// What a run takes in milliseconds, on a root that is a copy for it alone. Caches are warm: the root was planned on.
const TIMED: &str = "a=$(date +%s%N); CHANGE > /tmp/said 2>&1 || { cat /tmp/said; exit 1; }; b=$(date +%s%N); echo $(( (b - a) / 1000000 ))";

/// A run under strace, which tells when each program begins and ends.
const TRACED: &str = "strace -f --seccomp-bpf -ttt -e trace=execve,exit_group -o /tmp/trace \
    patchctl apply --yes --no-refresh --all-updates > /tmp/said 2>&1; cat /tmp/trace";

/// Programs of package managers, as a run starts them.
const PACKAGE_MANAGERS: [&str; 6] = ["dnf", "rpm", "zypper", "pacman", "apk", "gpg"];

/// Runs of patchctl and of the bare package manager on equal roots, in turn, and how long no package manager worked in one.
fn tell_runs(name: &str, bare: &str, run_in_copy: &dyn Fn(&str) -> Ran) {
    let took = |change: &str| -> i64 {
        let ran = run_in_copy(&TIMED.replace("CHANGE", change)).expect_code(0);
        ran.stdout.trim().parse().unwrap_or_else(|_| panic!("{name}, {change}: {ran}"))
    };
    let run = "patchctl apply --yes --no-refresh --all-updates";
    let rounds: Vec<(i64, i64)> = (0..5).map(|_| (took(bare), took(run))).collect();
    let median = |which: fn(&(i64, i64)) -> i64| {
        let mut times: Vec<i64> = rounds.iter().map(which).collect();
        times.sort_unstable();
        times[times.len() / 2]
    };
    let (bare, run) = (median(|round| round.0), median(|round| round.1));
    println!(
        "{name}: run {run} ms, bare update {bare} ms, beyond it {} ms",
        median(|round| round.1 - round.0)
    );
    println!("  rounds (bare, run): {rounds:?}");
    let mut traced: Vec<(i64, i64)> = (0..5).map(|_| split(&run_in_copy(TRACED).stdout)).collect();
    traced.sort_unstable_by_key(|(_, own)| *own);
    println!("  without a package manager, traced: {} of {} ms", traced[2].1, traced[2].0);
}

/// Reads a trace: how long the whole took, and how long no package manager worked, in milliseconds.
fn split(trace: &str) -> (i64, i64) {
    let mut begun: HashMap<&str, f64> = HashMap::new();
    let (mut worked, mut times): (Vec<(f64, f64)>, Vec<f64>) = (Vec::new(), Vec::new());
    for line in trace.lines() {
        let mut words = line.split_whitespace();
        let (Some(process), Some(time)) = (words.next(), words.next()) else { continue };
        let Ok(time) = time.parse::<f64>() else { continue };
        times.push(time);
        let is_one = PACKAGE_MANAGERS.iter().any(|name| line.contains(&format!("/{name}")));
        if line.contains("execve(") && is_one && !line.contains("\"patchctl\"") {
            begun.entry(process).or_insert(time);
        } else if line.contains("+++") {
            worked.extend(begun.remove(process).map(|since| (since, time)));
        }
    }
    worked.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (first, last) =
        (times.first().copied().unwrap_or_default(), times.last().copied().unwrap_or_default());
    let mut until = first;
    let mut own = last - first;
    for (begin, end) in worked {
        own -= (end - begin.max(until)).max(0.0);
        until = until.max(end);
    }
    let milliseconds = |seconds: f64| (seconds * 1000.0) as i64;
    (milliseconds(last - first), milliseconds(own))
}

/// Copies strace of this machine, with the libraries it needs, into a root.
fn install_strace(root: &Path) {
    let needed = on_host(&["ldd", "/usr/bin/strace"]);
    let libraries = needed.lines().filter_map(|line| line.split_whitespace().nth(2));
    for file in libraries.filter(|path| path.starts_with('/')).chain(["/usr/bin/strace"]) {
        let target = root.join(file.trim_start_matches('/'));
        if !target.exists() {
            fs::create_dir_all(target.parent().expect("a file lies in a folder")).expect("writable");
            fs::copy(file, target).expect("strace can be copied");
        }
    }
}

#[test]
#[ignore = "measures"]
fn a_run_beside_the_bare_update_of_each_other_family() {
    const FIXTURES: &[&str] = &["lab-plain", "lab-program", "lab-library", "lab-epoch", "lab-conf"];
    let of_rpm = |name: &str, root: Option<RpmRoot>, bare: &str| {
        let Some(root) = root else { return };
        install_measured(&root.path("usr/bin/patchctl"));
        install_strace(&root.path("/"));
        root.run(&["patchctl", "plan", "--all-updates"]).expect_code(0);
        tell_runs(name, bare, &|line| root.copy().shell(line));
    };
    of_rpm("dnf 4", rpm_root::with(FIXTURES), "dnf -C -y upgrade");
    of_rpm("dnf 5", dnf5_root::with(FIXTURES), "dnf5 -y upgrade");
    of_rpm("zypper", zypp_root::with(FIXTURES), "zypper --non-interactive --no-refresh update");
    if let Some(root) = pacman_root::with(FIXTURES) {
        install_measured(&root.path("usr/bin/patchctl"));
        install_strace(&root.path("/"));
        root.run(&["patchctl", "feeds", "refresh"]);
        root.run(&["patchctl", "plan"]).expect_code(0);
        tell_runs("pacman", "pacman -Syu --noconfirm", &|line| root.copy().run(&["sh", "-c", line]));
    }
    let Some(root) = apk_root::with(&["lab-plain", "lab-program", "lab-grows", "lab-noarch", "lab-conf"])
    else {
        return;
    };
    install_measured(&root.path("usr/bin/patchctl"));
    install_strace(&root.path("/"));
    root.run(&["patchctl", "feeds", "refresh"]).expect_code(0);
    root.run(&["patchctl", "plan", "--all-updates"]).expect_code(0);
    tell_runs("apk", "apk upgrade", &|line| root.copy().run(&["sh", "-c", line]));
}

#[test]
#[ignore = "measures"]
fn a_rehearsal_beside_the_run_that_it_foresees() {
    let Some(root) = debian::server() else { return };
    install_measured(&root.path("usr/bin/patchctl"));
    root.run(&["patchctl", "plan", "-o", "/root/plan.json"]).expect_code(0);
    let rehearsal = root.run(&["patchctl", "rehearse", "/root/plan.json"]).expect_code(0);
    let run = root.run(&["patchctl", "apply", "--yes", "/root/plan.json"]).expect_code(0);
    let (first, second) = (rehearsal.took.as_secs_f64(), run.took.as_secs_f64());
    println!("{}{}", rehearsal.stdout, rehearsal.stderr);
    println!("rehearsal {first:.1} s, run {second:.1} s: {:.2} times", first / second);
}
