//! What every advisory feed of the table promises, whatever its vendor: bytes never make it panic, what is no feed is
//! refused, and less content never gives more.
//!
//! Samples are the files of `tests/fixtures/NAME`, with NAME the feed's own.

use std::collections::BTreeSet;
use std::path::Path;

use patchctl::model::distro::Distribution;
use patchctl::scan::feed::AdvisoryFeed;
use patchctl::scan::feed::registry::FEEDS;
use proptest::prelude::*;

/// Most places at which one sample is cut off.
const MOST_CUTS: usize = 400;

/// One release of every distribution that a feed may speak about, and those that the samples are of.
fn releases() -> Vec<Distribution> {
    [
        ("debian", "12", "bookworm"),
        ("debian", "11", "bullseye"),
        ("debian", "8", "jessie"),
        ("debian", "5", "lenny"),
        ("ubuntu", "22.04", "jammy"),
        ("alpine", "3.3.3", ""),
        ("alpine", "3.8.5", ""),
        ("alpine", "3.10.2", ""),
        ("alpine", "3.11.6", ""),
        ("alpine", "3.21_alpha20240807", ""),
        ("wolfi", "20230201", ""),
        ("chainguard", "20230214", ""),
        ("arch", "", ""),
        ("rhel", "9.4", ""),
        ("almalinux", "9.4", ""),
        ("rocky", "9.4", ""),
        ("ol", "9.4", ""),
        ("fedora", "39", ""),
        ("amzn", "2023", ""),
        ("sles", "15.6", ""),
        ("opensuse-leap", "15.6", ""),
        ("opensuse-tumbleweed", "20240101", ""),
    ]
    .map(|(id, version, codename)| Distribution::new(id, version, codename))
    .into()
}

fn covered(feed: &dyn AdvisoryFeed) -> Vec<Distribution> {
    let covered: Vec<_> = releases().into_iter().filter(|release| feed.covers(release)).collect();
    assert!(!covered.is_empty(), "{} speaks about none of the releases of this test", feed.name());
    covered
}

/// The samples of a feed, each with its name.
fn samples(feed: &dyn AdvisoryFeed) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(feed.name());
    let Ok(entries) = std::fs::read_dir(&folder) else {
        eprintln!("not run for {}: {} is not here", feed.name(), folder.display());
        return Vec::new();
    };
    let files = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file() && !path.ends_with("README.md"));
    files.map(|path| (path.display().to_string(), std::fs::read(path).unwrap())).collect()
}

/// The releases about which a sample can be read, the one with most statements first.
fn readers<'r>(
    feed: &dyn AdvisoryFeed,
    releases: &'r [Distribution],
    sample: &[u8],
) -> Vec<(usize, &'r Distribution)> {
    let read = |release| Some((feed.parse(sample, release).ok()?.advisories.len(), release));
    let mut readers: Vec<_> = releases.iter().filter_map(read).collect();
    readers.sort_by_key(|reader| std::cmp::Reverse(reader.0));
    readers
}

#[test]
fn names_are_unique_and_addresses_are_safe() {
    let names: BTreeSet<_> = FEEDS.iter().map(|feed| feed.name()).collect();
    assert_eq!(names.len(), FEEDS.len());
    for release in releases() {
        let mut sources = BTreeSet::new();
        for source in
            FEEDS.iter().filter(|feed| feed.covers(&release)).flat_map(|feed| feed.published(&release))
        {
            assert!(source.location.starts_with("https://"), "{}", source.location);
            assert!(
                sources.insert(source.name.clone()),
                "two sources of {} are named {}",
                release.title(),
                source.name
            );
        }
    }
}

#[test]
fn no_feed_speaks_about_a_distribution_that_nobody_knows() {
    for feed in FEEDS {
        assert!(!feed.covers(&Distribution::new("plan9", "4", "")), "{}", feed.name());
    }
}

#[test]
fn nothing_pages_and_bombs_are_refused() {
    let contents: [&[u8]; 9] = [
        b"",
        b" \n\t\n",
        b"<!DOCTYPE html><html><head><title>403 Forbidden</title></head></html>\n",
        b"403 Forbidden\n",
        b"\0\0\0\0\0\0\0\0\n",
        b"\xff\xfe\xfd\n",
        &b"[".repeat(200_000),
        &b"{\"a\":".repeat(200_000),
        &b"- ".repeat(100_000),
    ];
    for feed in FEEDS {
        for release in covered(*feed) {
            for content in contents {
                let beginning = String::from_utf8_lossy(&content[..content.len().min(40)]);
                let Err(error) = feed.parse(content, &release) else {
                    panic!("{} took {beginning:?} for a feed", feed.name());
                };
                assert!(error.to_string().contains(feed.name()), "{error}");
            }
        }
    }
}

#[test]
fn every_sample_is_read_and_a_cut_one_gives_an_error_or_less() {
    for feed in FEEDS {
        let releases = covered(*feed);
        for (name, sample) in samples(*feed) {
            let readers = readers(*feed, &releases, &sample);
            let Some((most, release)) = readers.first() else {
                // The folder may hold a sample of another reader of the same vendor.
                eprintln!("not run: {name} is no content of {}", feed.name());
                continue;
            };
            let step = sample.len().div_ceil(MOST_CUTS).max(1);
            for end in (0..sample.len()).step_by(step).chain(sample.len().saturating_sub(100)..sample.len()) {
                if let Ok(rows) = feed.parse(&sample[..end], release) {
                    assert!(rows.advisories.len() <= *most, "{name} cut at {end}");
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_make_an_importer_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for feed in FEEDS {
            for release in covered(*feed) {
                let _ = feed.parse(&bytes, &release);
            }
        }
    }

    #[test]
    fn no_damage_makes_an_importer_panic(
        at in any::<prop::sample::Index>(),
        sample in any::<prop::sample::Index>(),
        bytes in prop::collection::vec(any::<u8>(), 1..4),
    ) {
        for feed in FEEDS {
            let samples = samples(*feed);
            if samples.is_empty() {
                continue;
            }
            let mut content = samples[sample.index(samples.len())].1.clone();
            let at = at.index(content.len());
            content.splice(at..(at + 1).min(content.len()), bytes.iter().copied());
            for release in covered(*feed) {
                let _ = feed.parse(&content, &release);
            }
        }
    }
}
