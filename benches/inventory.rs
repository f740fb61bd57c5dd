//! How long the inventory takes, beside `dpkg-query -W` on the same file. Run with `cargo bench --bench inventory`.
//!
//! Status files are searched in `../shared/perf` beside the source tree (and one level up); without them files of the
//! same sizes are generated from a fixed seed, which the output says.
//!
//! After these comes rpm's database: 28 headers of a real host (`tests/fixtures/rpm`), repeated to 3,024 rows, beside
//! `rpm -qa` with the same values; the target is a fifth of its time.
//!
//! dpkg refuses the shared files of 3,000 and 30,000 packages: they were made, with a `Priority` it does not know.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measuring program, not part of the product"
)]

use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use patchctl::scan::inventory;

/// Runs of each measurement; the median is printed.
const RUNS: usize = 21;

fn main() {
    let scratch = std::env::temp_dir().join(format!("patchctl-bench-{}", std::process::id()));
    println!("{:>9} {:>12} {:>12} {:>14} {:>7}", "packages", "parse", "read", "dpkg-query -W", "ratio");
    for count in [816, 3_000, 30_000] {
        let root = scratch.join(count.to_string());
        let status = prepare(&root, count);
        let parse =
            median(|| inventory::dpkg_status::parse(black_box(&status), "status").expect("well formed"));
        let read = median(|| inventory::read(&root, false).expect("a root"));
        let query = query(&root);
        let ratio = query.map_or("-".into(), |q| format!("{:.1}", q.as_secs_f64() / read.as_secs_f64()));
        let query = query.map_or("refused".into(), |q| format!("{q:.2?}"));
        println!("{count:>9} {parse:>12.2?} {read:>12.2?} {query:>14} {ratio:>7}");
    }
    rpm(&scratch.join("rpm"));
    let _ = fs::remove_dir_all(&scratch);
}

/// Measures the reader of rpm's database, where sqlite3 can make one and rpm can read it.
fn rpm(folder: &Path) {
    let packed = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/rpm/small-pages.sqlite.zst");
    let path = folder.join("rpmdb.sqlite");
    fs::create_dir_all(folder).unwrap();
    fs::write(&path, zstd::decode_all(&fs::read(packed).unwrap()[..]).unwrap()).unwrap();
    let repeat = "create temp table one as select blob from Packages; \
                  with recursive n(i) as (select 1 union all select i + 1 from n where i < 107) \
                  insert into Packages(blob) select blob from n, one; pragma page_size=4096; vacuum;";
    let made = Command::new("sqlite3").arg(&path).arg(repeat).status();
    if !made.is_ok_and(|status| status.success()) {
        return println!("rpm's database: not run: sqlite3 is not here");
    }
    let read = median(|| {
        assert_eq!(black_box(inventory::rpm_database::read_sqlite(&path)).unwrap().len(), 3_024);
    });
    let format =
        "%{NAME}\t%{EPOCH}\t%{VERSION}\t%{RELEASE}\t%{ARCH}\t%{SOURCERPM}\t%{MODULARITYLABEL}\t%{VENDOR}\n";
    let mut command = Command::new("/usr/bin/rpm");
    command.args(["--dbpath", folder.to_str().unwrap(), "-qa", "--queryformat", format]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    if !command.status().is_ok_and(|status| status.success()) {
        return println!("rpm's database: {read:.2?}; not run beside rpm, which is not here");
    }
    let query = median(|| command.status());
    let ratio = query.as_secs_f64() / read.as_secs_f64();
    println!("rpm's database, 3024 packages: read {read:.2?}, rpm -qa {query:.2?}, ratio {ratio:.1}");
}

fn prepare(root: &Path, count: usize) -> Vec<u8> {
    let status = shared(count).unwrap_or_else(|| {
        println!("(no shared status file of {count} packages: a generated one is measured)");
        generated(count)
    });
    for folder in ["var/lib/dpkg/info", "var/lib/dpkg/updates", "etc"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    fs::write(root.join("etc/os-release"), "ID=debian\nVERSION_ID=12\nVERSION_CODENAME=bookworm\n").unwrap();
    fs::write(root.join(inventory::STATUS), &status).unwrap();
    status
}

fn shared(count: usize) -> Option<Vec<u8>> {
    let tree = Path::new(env!("CARGO_MANIFEST_DIR"));
    let name = format!("shared/perf/status-{count}.zst");
    let places: Vec<PathBuf> = tree.ancestors().skip(1).take(2).map(|folder| folder.join(&name)).collect();
    let bytes = places.iter().find_map(|path| fs::read(path).ok())?;
    zstd::decode_all(&bytes[..]).ok().map(|bytes| in_order(&bytes))
}

/// dpkg writes its packages in order (dpkg, `writedb`); the shared files of 3,000 and 30,000 packages are not.
fn in_order(status: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(status);
    let mut stanzas: Vec<&str> = text.split_inclusive("\n\n").collect();
    let name = |stanza: &&str| stanza.lines().next().unwrap_or_default().to_owned();
    stanzas.sort_by_key(name);
    stanzas.concat().into_bytes()
}

/// Stanzas of about the length real ones have; a linear congruential generator with a fixed seed.
fn generated(count: usize) -> Vec<u8> {
    let mut seed = 42u64;
    let mut next = move |limit: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % limit
    };
    let mut text = String::new();
    for at in 0..count {
        let (major, minor, revision) = (next(20), next(40), next(9));
        let source = if next(3) == 0 { format!("Source: source{}\n", next(4_000)) } else { String::new() };
        let filler = "a line of the long description that nobody reads here\n ".repeat(8 + next(8) as usize);
        let _ = write!(
            text,
            "Package: package{at:06}\nStatus: install ok installed\nPriority: optional\nSection: libs\n\
             Installed-Size: {}\nMaintainer: Nobody <nobody@example.org>\nArchitecture: amd64\n\
             Multi-Arch: same\n{source}Version: {major}.{minor}-{revision}+deb12u1\nDepends: libc6 (>= 2.36)\n\
             Description: a package\n {filler}.\n\n",
            next(10_000)
        );
    }
    text.into_bytes()
}

fn query(root: &Path) -> Option<Duration> {
    let admin = format!("--admindir={}", root.join("var/lib/dpkg").display());
    let mut command = Command::new("dpkg-query");
    command.args([&admin, "-W"]).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().ok().filter(|status| status.success())?;
    Some(median(|| command.status()))
}

/// Times some work; what it makes is thrown away behind the clock, as a program that ends does not do at all.
fn median<T>(mut work: impl FnMut() -> T) -> Duration {
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            let made = black_box(work());
            let taken = start.elapsed();
            drop(made);
            taken
        })
        .collect();
    times.sort();
    times[RUNS / 2]
}
