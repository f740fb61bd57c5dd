//! How long whole commands take on this machine: a warm scan, and a plan beside one bare simulation of the same set by
//! apt, in pairs. Run with `cargo bench --bench commands`; says what is absent.
//!
//! Nothing of the machine is changed: as root the commands run as the user nobody, with a home of their own. Both sides
//! of a pair have a warm binary cache of apt.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measuring program, not part of the product"
)]

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const SCANS: usize = 31;
const PAIRS: usize = 9;
const NOBODY: u32 = 65_534;

fn main() {
    if !Path::new("/var/lib/dpkg/status").exists() || !Path::new("/usr/bin/apt-get").exists() {
        return println!("not run: this machine has no dpkg and apt");
    }
    let home = std::env::temp_dir().join(format!("patchctl-bench-{}", std::process::id()));
    fs::create_dir_all(home.join("apt")).unwrap();
    if nix::unistd::geteuid().is_root() {
        for folder in [home.clone(), home.join("apt")] {
            chown(folder, Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }
    let bench = Bench { home };
    bench.scan();
    bench.plan();
    fs::remove_dir_all(&bench.home).unwrap();
}

struct Bench {
    home: PathBuf,
}

impl Bench {
    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).env_clear().env("HOME", &self.home).env("LC_ALL", "C.UTF-8");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if nix::unistd::geteuid().is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }

    fn patchctl(&self, arguments: &[&str]) -> Command {
        self.command(env!("CARGO_BIN_EXE_patchctl"), arguments)
    }

    fn scan(&self) {
        let scan = || self.patchctl(&["scan", "--summary", "--no-save", "--offline"]);
        let query = || self.command("/usr/bin/dpkg-query", &["-W"]);
        let pairs = pairs(SCANS, scan, query);
        let (took, beside) = (median(&pairs, |pair| pair.0), median(&pairs, |pair| pair.1));
        println!("warm scan summary   {:>8.1} ms   (dpkg-query -W {:.1} ms)", ms(took), ms(beside));
    }

    fn plan(&self) {
        let plan = || self.patchctl(&["plan", "--all-updates", "--offline"]);
        let cache = |name: &str| format!("Dir::Cache::{name}={}/apt/{name}", self.home.display());
        let (package, source) = (cache("pkgcache"), cache("srcpkgcache"));
        let options = ["-s", "-q", "-o", &package, "-o", &source, "--with-new-pkgs", "upgrade"];
        let bare = || self.command("/usr/bin/apt-get", &options);
        let status = plan().status().unwrap();
        if !status.success() {
            return println!("plan not run: {status} (without repository lists there is nothing to plan)");
        }
        let pairs = pairs(PAIRS, plan, bare);
        let (took, beside) = (median(&pairs, |pair| pair.0), median(&pairs, |pair| pair.1));
        let mut ratios: Vec<f64> =
            pairs.iter().map(|(plan, bare)| plan.as_secs_f64() / bare.as_secs_f64()).collect();
        ratios.sort_by(f64::total_cmp);
        println!(
            "plan --all-updates  {:>8.1} ms   (apt-get -s {:.1} ms)   ratio {:.2} (pairs: {:.2} to {:.2})",
            ms(took),
            ms(beside),
            ratios[PAIRS / 2],
            ratios[0],
            ratios[PAIRS - 1]
        );
    }
}

/// Runs both in turn, the order changing, after one run of each that warms the caches.
fn pairs(count: usize, one: impl Fn() -> Command, other: impl Fn() -> Command) -> Vec<(Duration, Duration)> {
    let (_, _) = (timed(&one), timed(&other));
    let pair = |place: usize| {
        if place.is_multiple_of(2) {
            let first = timed(&one);
            (first, timed(&other))
        } else {
            let second = timed(&other);
            (timed(&one), second)
        }
    };
    (0..count).map(pair).collect()
}

fn timed(command: impl Fn() -> Command) -> Duration {
    let mut command = command();
    let start = Instant::now();
    command.status().unwrap();
    start.elapsed()
}

fn median(pairs: &[(Duration, Duration)], which: impl Fn(&(Duration, Duration)) -> Duration) -> Duration {
    let mut times: Vec<Duration> = pairs.iter().map(which).collect();
    times.sort();
    times[times.len() / 2]
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
