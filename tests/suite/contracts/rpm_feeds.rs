//! The feeds of the rpm world on what their vendors published: what is counted, and what could not be read.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use patchctl::model::distro::Distribution;
use patchctl::scan::feed::decompress::decompress;
use patchctl::scan::feed::redhat_csaf::RedHatCsaf;
use patchctl::scan::feed::redhat_csaf::repository_to_cpe::products_of;
use patchctl::scan::feed::repomd::Repomd;
use patchctl::scan::feed::suse_csaf::SuseCsaf;
use patchctl::scan::feed::updateinfo::Updateinfo;
use patchctl::scan::feed::{AdvisoryFeed, Rows, csaf_changes};

/// Most bytes that a file of these tests has when unpacked.
const LIMIT: u64 = 64 * 1024 * 1024;

/// Where the vendors' whole data lie, on machines that have them.
fn shared() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let folder = std::env::var_os("PATCHCTL_TEST_SHARED").map_or(beside, PathBuf::from);
    if folder.join("feeds").is_dir() {
        return Some(folder);
    }
    println!("not run: {} is not here", folder.join("feeds").display());
    None
}

/// The content of a file, unpacked as patchctl does it.
fn content(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    decompress(&bytes, LIMIT).unwrap_or_else(|error| panic!("{}: {error}", path.display())).into_owned()
}

fn release(id: &str, version: &str) -> Distribution {
    Distribution::new(id, version, "")
}

/// Advisories, statements, different CVEs.
fn counts(rows: &Rows<'_>) -> (usize, usize, usize) {
    let statements = rows.advisories.iter().map(|advisory| advisory.affected.len()).sum();
    let cves: BTreeSet<_> = rows.advisories.iter().flat_map(|advisory| &advisory.vulnerabilities).collect();
    (rows.advisories.len(), statements, cves.len())
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> =
        entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect();
    files.sort();
    files
}

#[test]
fn five_thousand_errata_as_updateinfo_are_read_without_a_rest() {
    let Some(shared) = shared() else { return };
    let content = content(&shared.join("perf/updateinfo.xml.zst"));
    let rows = Updateinfo.parse(&content, &release("almalinux", "8.10")).unwrap();
    assert_eq!((rows.entries, rows.unread.count), (5020, 0), "{:?}", rows.unread);
    assert_eq!(counts(&rows), (3789, 53_990, 6413));
}

#[test]
fn a_whole_year_of_fedora_and_of_centos_is_read_without_a_rest() {
    let Some(shared) = shared() else { return };
    let fedora = content(&shared.join("feeds/fedora/fedora19-updates-2013-updateinfo.xml.gz"));
    let rows = Updateinfo.parse(&fedora, &release("fedora", "19")).unwrap();
    assert_eq!((rows.entries, rows.unread.count), (2494, 0), "{:?}", rows.unread);
    assert_eq!(counts(&rows), (103, 611, 118));
    let centos = content(&shared.join("feeds/centos/cefs-updateinfo-2016-2017.xml.zst"));
    for version in ["5", "6", "7"] {
        let rows = Updateinfo.parse(&centos, &release("centos", version)).unwrap();
        assert_eq!(
            (rows.entries, rows.unread.count, rows.advisories.len()),
            (427, 0, 427),
            "{:?}",
            rows.unread
        );
        let marks: BTreeSet<_> = rows
            .advisories
            .iter()
            .flat_map(|advisory| &advisory.affected)
            .collect::<Vec<_>>()
            .iter()
            .filter_map(|row| row.range.fixed.as_deref()?.split(".el").nth(1)?.get(..1))
            .collect();
        assert_eq!(marks, BTreeSet::from([version]), "builds of this release only");
    }
}

#[test]
fn damaged_archives_of_updateinfo_are_refused_before_they_are_read() {
    let Some(shared) = shared() else { return };
    for path in [
        "feeds/almalinux/updateinfo/corruptcrc/almalinux/9/BaseOS/x86_64/os/repodata/corrupt-updateinfo.xml.gz",
        "feeds/rocky/updateinfo/corruptcrc/pub/rocky/9/BaseOS/x86_64/os/repodata/corrupt-updateinfo.xml.gz",
    ] {
        let bytes = std::fs::read(shared.join(path)).unwrap();
        assert!(decompress(&bytes, LIMIT).is_err(), "{path}");
    }
}

#[test]
fn every_repomd_is_read_and_what_it_lists_is_told_from_other_files() {
    let Some(shared) = shared() else { return };
    let folder = shared.join("feeds/rocky/apollo");
    for path in files(&folder).into_iter().filter(|path| path.to_string_lossy().contains("repomd")) {
        let repomd =
            Repomd::parse(&content(&path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(repomd.updateinfo().is_ok() && repomd.record("primary").is_some(), "{}", path.display());
    }
    let fedora = shared.join("feeds/fedora/mirror-tree/happy/fedora/linux/updates/43/Everything/x86_64");
    let repomd = Repomd::parse(&content(&fedora.join("repodata/repomd.xml"))).unwrap();
    let record = repomd.updateinfo().unwrap();
    let shortened = std::fs::read(fedora.join(&record.path)).unwrap();
    assert!(record.check(&shortened).is_err(), "the copy here was shortened");
}

#[test]
fn every_document_of_red_hat_is_read() {
    let Some(shared) = shared() else { return };
    let redhat = shared.join("feeds/redhat");
    let mut read = (0, 0);
    for folder in
        ["csaf/advisories", "csaf/archive/2023", "vex/archive/2023", "vex/single", "vex/single-vmaas"]
    {
        for path in files(&redhat.join(folder)) {
            let content = content(&path);
            for version in ["6.10", "7.9", "8.4", "9.4", "10.0"] {
                let rows = RedHatCsaf
                    .parse(&content, &release("rhel", version))
                    .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                let is_damaged =
                    ["bad-rpmmod", "cve-2023-1017"].iter().any(|name| path.to_string_lossy().contains(name));
                assert!(is_damaged || rows.unread.count == 0, "{}: {:?}", path.display(), rows.unread);
                read = (read.0 + rows.entries, read.1 + counts(&rows).1);
            }
        }
    }
    assert_eq!(read, RED_HAT);
}

/// Documents, each read for five releases, and their statements.
const RED_HAT: (u64, usize) = (125, 2086);

#[test]
fn archives_of_red_hat_and_suse_are_read_document_by_document() {
    let Some(shared) = shared() else { return };
    let redhat = shared.join("feeds/redhat");
    for (path, expected) in [
        ("csaf/archive/csaf_advisories_2024-08-11.tar.zst", (1, 1, 1)),
        ("vex/archive/csaf_vex_2024-08-04.tar.zst", (5, 629, 5)),
    ] {
        let content = content(&redhat.join(path));
        let rows = RedHatCsaf.parse(&content, &release("rhel", "9.3")).unwrap();
        assert_eq!((rows.entries, rows.unread.count), (5, 0), "{:?}", rows.unread);
        assert_eq!(counts(&rows), expected, "{path}");
    }
    let notices = content(&shared.join("feeds/suse/csaf/csaf.tar.bz2"));
    let rows = SuseCsaf.parse(&notices, &release("sles", "11.2")).unwrap();
    assert_eq!((rows.entries, rows.unread.count), (3, 1), "{:?}", rows.unread);
    assert!(rows.unread.first[0].starts_with("SUSE-SU-403: "), "{:?}", rows.unread);
    assert_eq!(counts(&rows), (1, 24, 7));
    let vex = content(&shared.join("feeds/suse/csaf_vex/csaf-vex.tar.bz2"));
    let rows = SuseCsaf.parse(&vex, &release("sles", "15.5")).unwrap();
    assert_eq!((rows.entries, rows.unread.count), (2, 0), "{:?}", rows.unread);
    assert_eq!(counts(&rows), (1, 21, 1));
}

#[test]
fn changes_and_deletions_of_both_vendors_are_read() {
    let Some(shared) = shared() else { return };
    for folder in ["csaf/archive", "vex/archive"] {
        let folder = shared.join("feeds/redhat").join(folder);
        let listing = csaf_changes::Listing {
            archive: csaf_changes::read_archive(&content(&folder.join("archive_latest.txt"))).unwrap(),
            changes: csaf_changes::read_changes(&content(&folder.join("changes.csv"))).unwrap(),
            deletions: csaf_changes::read_changes(&content(&folder.join("deletions.csv"))).unwrap(),
        };
        let work = csaf_changes::work(&listing, None).unwrap();
        assert_eq!((work.archive.is_some(), work.fetch.len(), work.drop.len()), (true, 2, 3));
    }
    let archive = content(&shared.join("feeds/suse/csaf_vex/csaf-vex.tar.bz2"));
    let listed = patchctl::scan::feed::container::documents(&archive)
        .unwrap()
        .map(Result::unwrap)
        .find(|document| document.name.ends_with("changes.csv"))
        .unwrap();
    assert!(csaf_changes::read_changes(&listed.content).unwrap().len() > 30_000);
}

#[test]
fn repositories_of_a_host_are_found_in_the_whole_table() {
    let Some(shared) = shared() else { return };
    let table = content(&shared.join("feeds/redhat/repository-to-cpe.json.zst"));
    let names = ["rhel-9-for-x86_64-baseos-rpms", "rhel-9-for-x86_64-appstream-rpms", "my-own"];
    let found = products_of(&table, &names).unwrap();
    assert!(found.channels.contains("cpe:/o:redhat:enterprise_linux:9::baseos"), "{found:?}");
    assert!(found.channels.contains("cpe:/a:redhat:enterprise_linux:9::appstream"), "{found:?}");
    assert_eq!(found.unknown, ["my-own"]);
}

#[test]
#[ignore = "a measurement, for release builds"]
fn speeds_of_reading_rpm_feeds() {
    let Some(shared) = shared() else { return };
    let updateinfo = content(&shared.join("perf/updateinfo.xml.zst"));
    let vex = content(&shared.join("feeds/redhat/vex/archive/csaf_vex_2024-08-04.tar.zst"));
    let cases: [(&dyn AdvisoryFeed, &[u8], Distribution); 2] = [
        (&Updateinfo, &updateinfo, release("almalinux", "8.10")),
        (&RedHatCsaf, &vex, release("rhel", "9.3")),
    ];
    for (feed, content, release) in cases {
        let mut times: Vec<f64> = (0..9)
            .map(|_| {
                let start = Instant::now();
                let rows = feed.parse(content, &release).unwrap();
                assert!(!rows.advisories.is_empty());
                start.elapsed().as_secs_f64()
            })
            .collect();
        times.sort_by(f64::total_cmp);
        let megabytes = content.len() as f64 / 1e6;
        println!(
            "{}: {megabytes:.1} MB in {:.1} ms, {:.0} MB/s",
            feed.name(),
            times[4] * 1e3,
            megabytes / times[4]
        );
    }
}
