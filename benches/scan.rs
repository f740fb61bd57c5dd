//! How long the stages of a scan take in this process, as medians. Prints what is vulnerable with the same data, so
//! that figures are only compared where the results agree.
//!
//! Needs `debian.json.zst` (a tracker file) and `status-816.zst` (a dpkg status file) in the folder that
//! `PATCHCTL_BENCH_DATA` names, or in `benches/data`; says so and ends when they are not there.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement for people, not a part of the product"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chrono::Utc;
use patchctl::model::advisory::{Subject, VendorState};
use patchctl::model::assessment::{AssessmentSettings, DueDays};
use patchctl::model::digest::Sha256;
use patchctl::model::distro::Distribution;
use patchctl::model::first_seen::FirstSeen;
use patchctl::model::kernel::Kernels;
use patchctl::model::offer::RepositoryView;
use patchctl::model::package::{Inventory, SourcePackage};
use patchctl::model::severity::{Criticality, Exposure, Severity};
use patchctl::model::version::{Version, VersionScheme, compare_deb};
use patchctl::scan::assess::{AssessInput, Detail, FeedIndex, InUse, assess, count};
use patchctl::scan::feed::AdvisoryFeed;
use patchctl::scan::feed::debian_tracker::DebianTracker;
use patchctl::scan::feed::decompress::{LARGEST_FEED, decompress};
use patchctl::scan::index::{Compiler, Index, Provenance, Statement};
use patchctl::scan::inventory::dpkg_status;

const ROUNDS: usize = 15;

fn main() {
    let folder = std::env::var_os("PATCHCTL_BENCH_DATA").map_or(PathBuf::from("benches/data"), PathBuf::from);
    let (feed, status) = (folder.join("debian.json.zst"), folder.join("status-816.zst"));
    if !feed.exists() || !status.exists() {
        println!("not run: {} and {} are needed", feed.display(), status.display());
        return;
    }
    let (feed, status) = (unpacked(&feed), unpacked(&status));
    let scratch = std::env::temp_dir().join(format!("patchctl-bench-{}", std::process::id()));
    let file = import(&feed);
    fs::write(&scratch, &file).unwrap();
    open_and_look_up(&scratch, &status);
    fs::remove_file(&scratch).unwrap();
    assessment(Index::open(&file).unwrap(), inventory(&status));
}

fn release() -> Distribution {
    Distribution::new("debian", "12", "bookworm")
}

fn unpacked(path: &Path) -> Vec<u8> {
    decompress(&fs::read(path).unwrap(), LARGEST_FEED).unwrap().into_owned()
}

fn inventory(status: &[u8]) -> Inventory {
    let mut packages = dpkg_status::parse(status, "status").unwrap();
    packages.sort_by_key(|package| package.key());
    let distribution = release();
    Inventory {
        distribution,
        packages,
        enabled_modules: Vec::new(),
        kernels: Kernels::default(),
        digest: Sha256::of(status),
    }
}

fn median(name: &str, mut round: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            round();
            start.elapsed()
        })
        .collect();
    times.sort();
    println!("{name:<44} {:>9.3} ms", times[ROUNDS / 2].as_secs_f64() * 1e3);
    times[ROUNDS / 2]
}

fn import(feed: &[u8]) -> Vec<u8> {
    median("skip everything (calibration)", || {
        serde_json::from_slice::<serde::de::IgnoredAny>(feed).unwrap();
    });
    median("parse, one release", || drop(DebianTracker.parse(feed, &release()).unwrap()));
    median("digest of the content", || _ = Sha256::of(feed));
    let provenance = Provenance { content: Sha256::of(feed), published: None, scheme: VersionScheme::Deb };
    let compile = || {
        let mut compiler = Compiler::default();
        DebianTracker
            .parse_pieces(&mut &feed[..], &release(), &mut |rows| {
                rows.advisories.iter().try_for_each(|advisory| compiler.add(advisory)).ok()
            })
            .unwrap();
        compiler.finish(provenance).unwrap()
    };
    let took = median("import: parse and compile", || drop(compile()));
    let file = compile();
    let rate = feed.len() as f64 / took.as_secs_f64() / 1e9;
    let share = 100.0 * file.len() as f64 / feed.len() as f64;
    println!("import {rate:.2} GB/s, index {} bytes, {share:.1} % of the feed", file.len());
    file
}

fn open_and_look_up(path: &Path, status: &[u8]) {
    let inventory = inventory(status);
    median("read and open the index", || drop(Index::open(&fs::read(path).unwrap()).unwrap()));
    median("read, open, look up every package", || {
        let index = Index::open(&fs::read(path).unwrap()).unwrap();
        let rows: usize = inventory
            .packages
            .iter()
            .map(|p| index.lookup(Subject::Source, p.source.name.as_str()).count())
            .sum();
        assert!(rows > 0);
    });
}

/// What peers count that judge backports and other publishers' packages like the release's own.
fn open_by_versions(index: &Index, inventory: &Inventory) -> usize {
    let is_open = |installed: &Version, row: &Statement<'_>| match (row.state(), row.fixed()) {
        (VendorState::Fixed, Some(fixed)) => compare_deb(installed.as_str(), fixed).is_lt(),
        (state, _) => !matches!(state, VendorState::NotAffected | VendorState::Undetermined),
    };
    let open = |source: &SourcePackage| {
        index
            .lookup(Subject::Source, source.name.as_str())
            .filter(|row| is_open(&source.version, row))
            .count()
    };
    inventory.packages.iter().map(|package| open(&package.source)).sum()
}

fn assessment(index: Index, inventory: Inventory) {
    let view = RepositoryView::default();
    let settings = AssessmentSettings {
        criticality: Criticality::Normal,
        due: DueDays::default(),
        minimum_severity: Severity::Low,
    };
    let input = AssessInput {
        inventory: &inventory,
        view: &view,
        indexes: &[FeedIndex { feed: "debian-tracker", index: &index }],
        announcements: &[],
        threats: None,
        in_use: InUse::default(),
        not_covered: &[],
        stamps: &[],
        sources: &[],
        settings: &settings,
        now: Utc::now(),
        exposure: &|_| Exposure::Installed,
        first_seen: &FirstSeen::default(),
        detail: Detail::Open,
    };
    median("count for a summary", || drop(count(input)));
    let mut results = Vec::new();
    median("assess", || results.push(assess(input)));
    let mut last = assess(input);
    median("assess again into memory that was used", || last = assess(input));
    let result = assess(input);
    println!("{} open by versions alone, whatever their origin", open_by_versions(&index, &inventory));
    println!(
        "{} packages, {} findings, {:?}",
        inventory.packages.len(),
        result.findings.len(),
        result.counts
    );
}
