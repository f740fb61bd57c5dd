//! What it costs to find processes on replaced code, beside `needrestart -b` of Debian in pairs, and what it costs to tell
//! how exposed each package is. Run as root with `cargo bench --bench restart`; says what is absent.
//!
//! Nothing of the machine is changed: both programs only list, and the cache of exposures lies in a folder of its own.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measuring program, not part of the product"
)]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use patchctl::config::layout::Layout;
use patchctl::host::environment::Environment;
use patchctl::host::processes;
use patchctl::ops::exposure::{exposure, reachable};
use patchctl::scan::inventory;

const PAIRS: usize = 9;
const NEEDRESTART: &str = "/usr/sbin/needrestart";

fn main() {
    if !Path::new("/var/lib/dpkg/status").exists() {
        return println!("not run: this machine has no dpkg");
    }
    let found = processes::list();
    println!("{} processes, {} of them unreadable", found.known.len() + found.unreadable, found.unreadable);
    exposures();
    if Path::new(NEEDRESTART).exists() {
        pairs();
    } else {
        println!("not run: {NEEDRESTART} is not installed (apt-get install needrestart)");
    }
}

fn exposures() {
    let home = std::env::temp_dir().join(format!("patchctl-bench-restart-{}", std::process::id()));
    let environment = Environment {
        state_home: Some(home.join("state")),
        cache_home: Some(home.join("cache")),
        ..Environment::default()
    };
    let layout = Layout::user(Path::new("/"), &environment).unwrap();
    let inventory = inventory::read(Path::new("/"), true).unwrap();
    let timed = || {
        let began = Instant::now();
        let found = exposure(&inventory, &layout, &reachable(&layout));
        (began.elapsed(), found)
    };
    let (cold, _) = timed();
    let mut warm: Vec<Duration> = (0..15).map(|_| timed().0).collect();
    warm.sort();
    let began = Instant::now();
    let _ = processes::list();
    println!(
        "exposure cold {:.1} ms, warm {:.2} ms (processes alone {:.2} ms)",
        ms(cold),
        ms(warm[warm.len() / 2]),
        ms(began.elapsed())
    );
    let _ = std::fs::remove_dir_all(home);
}

fn pairs() {
    let ours = || command(env!("CARGO_BIN_EXE_patchctl"), &["needs-restart", "--offline"]);
    let theirs = || command(NEEDRESTART, &["-b"]);
    let (_, _) = (timed(ours()), timed(theirs()));
    let mut pairs: Vec<(f64, f64)> = (0..PAIRS)
        .map(|place| match place % 2 {
            0 => (timed(ours()), timed(theirs())),
            _ => {
                let theirs = timed(theirs());
                (timed(ours()), theirs)
            }
        })
        .collect();
    pairs.sort_by(|a, b| (a.0 / a.1).total_cmp(&(b.0 / b.1)));
    let middle = pairs[PAIRS / 2];
    println!(
        "needs-restart {:.1} ms, needrestart -b {:.1} ms   ratio {:.3} (pairs: {:.3} to {:.3}; at most 0.2)",
        middle.0,
        middle.1,
        middle.0 / middle.1,
        pairs[0].0 / pairs[0].1,
        pairs[PAIRS - 1].0 / pairs[PAIRS - 1].1
    );
}

fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("LC_ALL", "C.UTF-8");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn timed(mut command: Command) -> f64 {
    let began = Instant::now();
    command.status().unwrap();
    ms(began.elapsed())
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
