//! How fast a report of 30,000 findings is written in each form, as medians over rounds, in MB (10^6 bytes) a second.
//!
//! The finding is one of a real run (`tests/fixtures/reports/scan.json`), under 30,000 names.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement for people, not a part of the product"
)]

use std::io::{self, Write};
use std::time::{Duration, Instant};

use patchctl::report::background::Background;
use patchctl::report::format::Format;
use patchctl::report::schema::Report;

const ROUNDS: usize = 7;
const FINDINGS: usize = 30_000;

/// Counts what it is given, and keeps nothing.
struct Counter(u64);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn main() {
    let report = large();
    for format in Format::ALL {
        let mut times = Vec::new();
        let mut bytes = 0;
        for _ in 0..ROUNDS {
            let mut out = io::BufWriter::with_capacity(64 * 1024, Counter(0));
            let began = Instant::now();
            report.write(format, &Background::default(), &mut out).unwrap();
            times.push(began.elapsed());
            bytes = out.into_inner().map_err(io::IntoInnerError::into_error).unwrap().0;
        }
        times.sort();
        let median: Duration = times[ROUNDS / 2];
        let rate = bytes as f64 / 1e6 / median.as_secs_f64();
        println!(
            "{format:?}: {:.1} MB in {:.1} ms, {rate:.0} MB/s",
            bytes as f64 / 1e6,
            median.as_secs_f64() * 1e3
        );
    }
}

fn large() -> Report {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/reports/scan.json");
    let mut report: Report = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let few = report.findings.take().unwrap();
    let named = |number: usize| {
        let mut finding = few[number % few.len()].clone();
        let id = format!("CVE-2026-{}", 10_000 + number);
        finding.id = format!("debian-tracker/{id}/{}", finding.package.name);
        finding.advisory = id.as_str().into();
        finding.cves = std::sync::Arc::from([id]);
        finding
    };
    report.findings = Some((0..FINDINGS).map(named).collect());
    report
}
