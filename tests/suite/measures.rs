//! Measurements that need a laboratory: they print figures and judge nothing. Not part of a build.
//!
//! `cargo build --release && PATCHCTL_MEASURED=target/release/patchctl tests/run --ignored --nocapture measures::`

use std::fs;
use std::path::Path;

use crate::lab::debian;

/// Pairs of `patchctl plan` and one bare simulation of the same set by apt, in turn, in milliseconds.
const PAIRS: &str = "
    one() { patchctl plan --all-updates --offline > /dev/null; }
    two() { apt-get -s -q --with-new-pkgs upgrade > /dev/null; }
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
        match std::env::var("PATCHCTL_MEASURED") {
            Ok(program) => {
                let program = Path::new(env!("CARGO_MANIFEST_DIR")).join(program);
                fs::copy(program, root.path("usr/bin/patchctl")).expect("the measured program is there");
            }
            Err(_) => println!("PATCHCTL_MEASURED is not set: this is the unoptimised build"),
        }
        if cache == "empty" {
            root.shell("apt-get clean").expect_code(0);
        }
        let ran = root.shell(PAIRS).expect_code(0);
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
            "cache {cache}: plan {:.0} ms, apt-get -s {:.0} ms, ratio {:.2} ({:.2} to {:.2})",
            median(|pair| pair.0),
            median(|pair| pair.1),
            ratios[ratios.len() / 2],
            ratios[0],
            ratios[ratios.len() - 1]
        );
    }
}

#[test]
#[ignore = "measures"]
fn a_rehearsal_beside_the_run_that_it_foresees() {
    let Some(root) = debian::server() else { return };
    if let Ok(program) = std::env::var("PATCHCTL_MEASURED") {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join(program);
        fs::copy(program, root.path("usr/bin/patchctl")).expect("the measured program is there");
    }
    root.run(&["patchctl", "plan", "-o", "/root/plan.json"]).expect_code(0);
    let rehearsal = root.run(&["patchctl", "rehearse", "/root/plan.json"]).expect_code(0);
    let run = root.run(&["patchctl", "apply", "--yes", "/root/plan.json"]).expect_code(0);
    let (first, second) = (rehearsal.took.as_secs_f64(), run.took.as_secs_f64());
    println!("{}{}", rehearsal.stdout, rehearsal.stderr);
    println!("rehearsal {first:.1} s, run {second:.1} s: {:.2} times", first / second);
}
