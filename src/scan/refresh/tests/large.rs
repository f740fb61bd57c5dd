//! An archive as large as Ubuntu's and Red Hat's, made at test time: how much memory a refresh takes.

use std::io::Write;

use super::*;

/// The most that a refresh may take (performance design, target 6), in KiB.
const MOST: u64 = 128 * 1024;
/// Documents of the archive; Ubuntu has about one for each CVE and notice.
const DOCUMENTS: u32 = 30_000;
/// Source packages of one document; CVEs of the kernel have dozens, most others one.
const PACKAGES: u32 = 5;

/// A record as Canonical writes it: each package of each release with all versions that are affected.
fn record(number: u32, versions: &str) -> String {
    let package = |package: u32, release: &str| {
        format!(
            r#"{{"package": {{"ecosystem": "Ubuntu:{release}:LTS", "name": "source-{}"}}, "versions": [{versions}],
            "ranges": [{{"type": "ECOSYSTEM", "events": [{{"introduced": "0"}}, {{"fixed": "1.{number}-0ubuntu{package}"}}]}}]}}"#,
            (number * 7 + package) % 3000
        )
    };
    let releases = ["20.04", "22.04", "24.04"].into_iter();
    let affected: Vec<String> =
        releases.flat_map(|release| (0..PACKAGES).map(move |number| package(number, release))).collect();
    // Prose that does not repeat, so that the archive grows as real ones do.
    let mut seed = u64::from(number) + 1;
    let prose: String = (0..100)
        .map(|_| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            format!("{seed:016x}")
        })
        .collect();
    let id = format!("CVE-2024-{:05}", number + 10_000);
    format!(
        r#"{{"schema_version": "1.7.0", "id": "UBUNTU-{id}", "upstream": ["{id}"], "published": "2024-05-01T00:00:00Z",
        "modified": "2024-05-02T00:00:00Z", "details": "{prose}", "affected": [{}]}}"#,
        affected.join(",")
    )
}

fn status_kib(field: &str) -> u64 {
    let status =
        String::from_utf8(storage::read(Path::new("/proc/self/status")).expect("procfs")).expect("text");
    let line = status.lines().find_map(|line| line.strip_prefix(field)).expect("the kernel tells it");
    line.trim_matches([':', ' ', '\t']).trim_end_matches(" kB").trim().parse().expect("a number")
}

/// Run alone: `cargo test --lib -- --ignored refresh_of_a_large_archive`
#[test]
#[allow(clippy::disallowed_types, reason = "the peak of this process is reset in place")]
#[ignore = "half a gigabyte of JSON takes a minute"]
fn refresh_of_a_large_archive_takes_bounded_memory() {
    let mut bench = Bench::new("large");
    (bench.source.name, bench.source.format) = ("osv".into(), "osv".into());
    bench.distribution = Distribution::new("ubuntu", "24.04", "noble");
    let versions: Vec<String> = (0..80).map(|number| format!("\"1.{number}-0ubuntu1.{number}\"")).collect();
    let versions = versions.join(", ");
    let (mut plain, location) = (0, PathBuf::from(&bench.source.location));
    crate::host::outlet::write_file(&location, storage::PUBLIC, |file| {
        let mut archive = tar::Builder::new(zstd::Encoder::new(file, 1)?);
        for number in 0..DOCUMENTS {
            let record = record(number, &versions);
            plain += record.len();
            let mut header = tar::Header::new_gnu();
            header.set_size(record.len() as u64);
            archive.append_data(&mut header, format!("osv/cve/2024/{number}.json"), record.as_bytes())?;
        }
        archive.into_inner()?.finish()?.flush()
    })
    .expect("writable");
    // 5 resets the peak (proc(5), clear_refs).
    let mut refs = std::fs::OpenOptions::new().write(true).open("/proc/self/clear_refs").expect("procfs");
    refs.write_all(b"5").expect("procfs");
    let stamp = bench.refresh(RefreshMode::Now);
    let peak = status_kib("VmHWM");
    println!(
        "{} MB as received, {} MB of JSON, {} statements, index {} KiB: peak {} MiB",
        storage::stamp(&location).size / 1_000_000,
        plain / 1_000_000,
        stamp.advisories,
        storage::stamp(&bench.layout.index("osv", &bench.distribution.release_key())).size / 1024,
        peak / 1024
    );
    assert_eq!((stamp.state, stamp.problem), (FeedState::Fresh, None));
    assert!(stamp.advisories >= u64::from(DOCUMENTS * PACKAGES));
    assert!(peak <= MOST, "{peak} KiB");
}
