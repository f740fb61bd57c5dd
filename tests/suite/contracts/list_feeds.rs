//! The small feeds on everything their vendors had published by a day: what is counted, and what could not be read.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use patchctl::model::advisory::{Advisory, VendorState};
use patchctl::model::distro::Distribution;
use patchctl::scan::feed::alpine_secdb::AlpineSecdb;
use patchctl::scan::feed::arch_tracker::ArchTracker;
use patchctl::scan::feed::debian_lists::DebianLists;
use patchctl::scan::feed::debian_security_support::{DebianSecuritySupport, parse_limited};
use patchctl::scan::feed::debian_tracker::DebianTracker;
use patchctl::scan::feed::{AdvisoryFeed, Rows, exploit_prediction, known_exploited};

/// Where the vendors' whole data lie, on machines that have them.
fn feeds() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let folder = std::env::var_os("PATCHCTL_TEST_SHARED").map_or(beside, PathBuf::from).join("feeds");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("not run: {} is not here", folder.display());
    None
}

/// The content of a file, unpacked by the tool that made it.
fn content(path: &Path) -> Vec<u8> {
    let unpack = match path.extension().and_then(|extension| extension.to_str()) {
        Some("zst") => "zstd",
        Some("gz") => "gzip",
        _ => return std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())),
    };
    let output = Command::new(unpack).arg("-dc").arg(path).output().unwrap();
    assert!(output.status.success(), "{unpack} {}", path.display());
    output.stdout
}

fn parse<'a>(feed: &dyn AdvisoryFeed, content: &'a [u8], release: &Distribution) -> Rows<'a> {
    feed.parse(content, release).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_whole_catalogue_of_known_exploited_vulnerabilities_is_read() {
    let Some(feeds) = feeds() else { return };
    let folder = feeds.join("cisa-kev");
    let catalogue =
        known_exploited::parse(&content(&folder.join("known_exploited_vulnerabilities.json.zst"))).unwrap();
    let ransomware = catalogue.entries.iter().filter(|entry| entry.ransomware).count();
    assert_eq!((catalogue.entries.len(), ransomware, catalogue.unread.count), (1653, 331, 0));
    assert_eq!(catalogue.version.as_deref(), Some("2026.07.23"));
    assert!(catalogue.entries.is_sorted_by_key(|entry| entry.cve));
    let older = content(&folder.join("known_exploited_vulnerabilities-2025-08.csv.zst"));
    let older = known_exploited::parse(&older).unwrap();
    assert_eq!((older.entries.len(), older.unread.count), (1404, 0));
}

#[test]
fn every_exploit_prediction_of_a_day_is_read() {
    let Some(feeds) = feeds() else { return };
    let read = exploit_prediction::parse(&content(&feeds.join("epss/epss_scores-current.csv.gz"))).unwrap();
    assert_eq!((read.scores.len(), read.unread.count), (313_089, 0));
    assert_eq!(read.model.as_deref(), Some("v2025.03.14"));
    assert!(read.scores.is_sorted_by_key(|row| row.cve));
    assert!(read.scores.iter().all(|row| row.percentile_millionths.is_some()));
}

/// Statements that name a word of the lists in place of a version, as `grep -c` counts them.
fn in_state(rows: &[Advisory<'_>], state: VendorState) -> usize {
    rows.iter().flat_map(|advisory| &advisory.affected).filter(|row| row.state == state).count()
}

#[test]
fn every_advisory_of_debian_is_read() {
    let Some(feeds) = feeds() else { return };
    let folder = feeds.join("debian/tracker-lists/data");
    let releases = [
        "woody", "sarge", "etch", "lenny", "squeeze", "wheezy", "jessie", "stretch", "buster", "bullseye",
        "bookworm",
    ];
    for (list, advisories, lines, not_affected, end_of_life) in
        [("DSA", 5909, 7702, 55, 4), ("DLA", 4224, 4225, 0, 1), ("DTSA", 208, 208, 0, 0)]
    {
        let content = content(&folder.join(list).join("list"));
        let (mut found, mut states) = (0, [0, 0]);
        for codename in releases {
            let rows = parse(&DebianLists, &content, &Distribution::new("debian", "", codename));
            assert_eq!(
                (rows.entries, rows.unread.count),
                (advisories, 0),
                "{list} {codename}: {:?}",
                rows.unread
            );
            assert!(rows.advisories.iter().all(|advisory| advisory.published.is_some()));
            found += rows.advisories.iter().map(|advisory| advisory.affected.len()).sum::<usize>();
            states[0] += in_state(&rows.advisories, VendorState::NotAffected);
            states[1] += in_state(&rows.advisories, VendorState::EndOfLife);
        }
        assert_eq!((found, states), (lines, [not_affected, end_of_life]), "{list}");
    }
}

#[test]
fn every_statement_of_the_tracker_that_was_made_of_its_lists_is_read() {
    let Some(feeds) = feeds() else { return };
    let content = content(&feeds.join("debian/tracker-json/rebuilt-from-dsa-dla-lists.json.zst"));
    let mut sources = BTreeSet::new();
    for (codename, statements) in [("bullseye", 5421), ("bookworm", 1992)] {
        let rows = parse(&DebianTracker, &content, &Distribution::new("debian", "", codename));
        assert_eq!((rows.entries, rows.unread.count), (6183, 0), "{:?}", rows.unread);
        let affected: Vec<_> = rows.advisories.iter().flat_map(|advisory| &advisory.affected).collect();
        assert_eq!(affected.len(), statements, "{codename}");
        sources.extend(affected.iter().map(|row| row.name.clone().into_owned()));
    }
    assert_eq!(sources.len(), 396);
}

#[test]
fn every_line_of_debians_support_lists_is_read() {
    let Some(feeds) = feeds() else { return };
    let folder = feeds.join("debian/security-support");
    let debian = Distribution::new("debian", "12", "bookworm");
    for (list, packages) in [("deb9", 21), ("deb10", 8), ("deb11", 0), ("deb12", 16)] {
        let content = content(&folder.join(format!("security-support-ended.{list}")));
        let rows = parse(&DebianSecuritySupport, &content, &debian);
        assert_eq!((rows.advisories.len(), rows.unread.count), (packages, 0), "{list}: {:?}", rows.unread);
    }
    let content = content(&folder.join("security-support-limited"));
    let (limits, unread) = parse_limited(&content).unwrap();
    assert_eq!((limits.len(), unread.count), (32, 0));
}

#[test]
fn every_entry_of_seven_branches_of_alpine_is_read_or_counted() {
    let Some(feeds) = feeds() else { return };
    let folder = feeds.join("alpine/secdb-2020-06-08");
    let (mut entries, mut packages, mut unread, mut again) = (0, 0, 0, 0);
    for branch in ["3.3", "3.4", "3.5", "3.6", "3.8", "3.10", "3.11"] {
        let release = Distribution::new("alpine", branch, "");
        for repository in ["main", "community"] {
            let content = content(&folder.join(format!("v{branch}/{repository}.yaml")));
            let rows = parse(&AlpineSecdb, &content, &release);
            let statements = rows.advisories.iter().flat_map(|advisory| &advisory.affected);
            packages += statements.clone().map(|row| row.name.as_ref()).collect::<BTreeSet<_>>().len();
            again += statements.filter(|row| row.range.introduced.is_some()).count();
            entries += rows.entries;
            unread += rows.unread.count;
        }
    }
    // The seven files have 8,889 items of lists; 72 of them are architectures.
    assert_eq!(entries + 72, 8_889);
    // Three of the 1,233 packages name nothing that is an identifier (`CVE-2017-8073.patch`). Unread are 36 entries
    // under 19 versions outside apk's grammar, 22 with a word that is no identifier, and a version without entries.
    assert_eq!((entries, packages, unread, again), (8817, 1230, 59, 83));
}

#[test]
fn excerpts_of_wolfi_chainguard_and_arch_are_read() {
    let Some(feeds) = feeds() else { return };
    for (distribution, file, statements) in
        [("wolfi", "security.json", 59), ("chainguard", "chainguard-security.json", 197)]
    {
        let content = content(&feeds.join("wolfi").join(file));
        let rows = parse(&AlpineSecdb, &content, &Distribution::new(distribution, "20230201", ""));
        assert_eq!((rows.advisories.len(), rows.unread.count), (statements, 0), "{file}: {:?}", rows.unread);
    }
    let content = content(&feeds.join("arch/all.json"));
    let rows = parse(&ArchTracker, &content, &Distribution::new("arch", "", ""));
    assert_eq!((rows.entries, rows.advisories.len(), rows.unread.count), (14, 14, 0));
}

/// Prints how fast the larger feeds are read; nothing is asserted, as machines differ.
#[test]
#[ignore = "a measurement, for release builds"]
fn speeds_of_reading() {
    let Some(feeds) = feeds() else { return };
    let speed = |name: &str, content: &[u8], read: &dyn Fn(&[u8])| {
        let best = (0..9)
            .map(|_| {
                let start = Instant::now();
                read(content);
                start.elapsed()
            })
            .min()
            .unwrap();
        let megabytes = content.len() as f64 / 1e6;
        eprintln!("{name}: {megabytes:.1} MB in {best:?}, {:.0} MB/s", megabytes / best.as_secs_f64());
    };
    let scores = content(&feeds.join("epss/epss_scores-current.csv.gz"));
    speed("exploit-prediction", &scores, &|bytes| drop(exploit_prediction::parse(bytes).unwrap()));
    let catalogue = content(&feeds.join("cisa-kev/known_exploited_vulnerabilities.json.zst"));
    speed("known-exploited", &catalogue, &|bytes| drop(known_exploited::parse(bytes).unwrap()));
    let list = content(&feeds.join("debian/tracker-lists/data/DSA/list"));
    let debian = Distribution::new("debian", "12", "bookworm");
    speed("debian-lists", &list, &|bytes| drop(parse(&DebianLists, bytes, &debian)));
    let database = content(&feeds.join("alpine/secdb-2020-06-08/v3.11/main.yaml"));
    let alpine = Distribution::new("alpine", "3.11", "");
    speed("alpine-secdb yaml", &database, &|bytes| drop(parse(&AlpineSecdb, bytes, &alpine)));
    let database = content(&feeds.join("wolfi/chainguard-security.json"));
    let chainguard = Distribution::new("chainguard", "", "");
    speed("alpine-secdb json", &database, &|bytes| drop(parse(&AlpineSecdb, bytes, &chainguard)));
}
