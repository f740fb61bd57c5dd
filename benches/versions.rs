//! How long one comparison takes in each version order. Run with `cargo bench --bench versions`.
//!
//! The pairs are those of `tests/fixtures/version-tables`, and the big tables where `PATCHCTL_TEST_SHARED` names the
//! folder that has them. The target is 80 ns for a Debian comparison. The comparisons borrow: they have nothing to
//! allocate.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measuring program, not part of the product"
)]

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use patchctl::model::version::{VersionScheme, compare_text};

/// Runs of each measurement; the median is printed.
const RUNS: usize = 31;

fn main() {
    println!("{:>28} {:>7} {:>10}", "table", "pairs", "ns a pair");
    for (scheme, name) in [
        (VersionScheme::Deb, "dpkg-suffixes.tsv"),
        (VersionScheme::Deb, "dpkg-debian-archive.tsv.zst"),
        (VersionScheme::Rpm, "rpm-vercmp.tsv"),
        (VersionScheme::Rpm, "rpm-osv.tsv"),
        (VersionScheme::Apk, "apk-upstream.tsv"),
        (VersionScheme::Apk, "apk-alpine-secdb.tsv.zst"),
        (VersionScheme::Alpm, "pacman-vercmp.tsv"),
    ] {
        let Some(text) = table(name) else {
            println!("{name:>28} not run: the table is not here");
            continue;
        };
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let pairs: Vec<(&str, &str)> = lines.filter_map(|line| pair(line)).collect();
        println!("{name:>28} {:>7} {:>10.1}", pairs.len(), nanoseconds(scheme, &pairs));
    }
}

fn pair(line: &str) -> Option<(&str, &str)> {
    let mut parts = line.split('\t');
    Some((parts.next()?, parts.nth(1)?))
}

fn table(name: &str) -> Option<String> {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/version-tables").join(name);
    if let Ok(text) = fs::read_to_string(kept) {
        return Some(text);
    }
    let shared = std::env::var_os("PATCHCTL_TEST_SHARED").map(PathBuf::from)?;
    let packed = fs::read(shared.join("version-tables").join(name)).ok()?;
    String::from_utf8(zstd::decode_all(&packed[..]).ok()?).ok()
}

fn nanoseconds(scheme: VersionScheme, pairs: &[(&str, &str)]) -> f64 {
    let rounds = 20_000 / pairs.len() + 1;
    let mut times: Vec<f64> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..rounds {
                for (left, right) in pairs {
                    black_box(compare_text(scheme, black_box(left), black_box(right)));
                }
            }
            start.elapsed().as_secs_f64() * 1e9 / (rounds * pairs.len()) as f64
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[RUNS / 2]
}
