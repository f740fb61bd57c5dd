//! Real hosts against real feeds: every finding is explained, and what is called fixable was on offer from the host's own
//! package manager. `tests/AGREEMENT.md` has the table, and the reason of every exception.
//!
//! A few small hosts lie in `tests/fixtures/host-scans`; all of them where `PATCHCTL_TEST_SHARED` points.

mod judge;
mod roots;
mod scan;
mod table;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use patchctl::model::package::InstalledPackage;
use patchctl::scan::feed::decompress::{LARGEST_FEED, decompress};
use patchctl::scan::inventory::rpm_database;

use self::scan::Host;
use self::table::Row;
use super::one_feed::feed;
use super::version_orders::shared;

/// A host, a format, and where the content of the feed is, below the folder of feeds.
type Case = (&'static str, &'static str, &'static str);

/// Every host that has data of its vendor here.
#[rustfmt::skip] // One line a row.
const WHOLE: &[Case] = &[
    ("alma_8", "osv", "almalinux/osv-database.tar.zst"),
    ("alma_9", "osv", "almalinux/osv-database.tar.zst"),
    ("alpine_319", "osv", "alpine/osv/all.zip"),
    ("amazon_2", "updateinfo", "amazon/repodata/updateinfo_2.xml.gz"),
    ("amazon_2", "updateinfo", "amazon/repodata/updateinfo_2_kernel-5.15.xml.gz"),
    ("amazon_2023", "updateinfo", "amazon/repodata/updateinfo_2023.xml.gz"),
    ("amazon_2023", "updateinfo", "amazon/repodata/updateinfo_2023_kernel-livepatch.xml.gz"),
    ("centos_7", "updateinfo", "centos/cefs-updateinfo-2016-2017.xml.zst"),
    ("debian_11", "debian-tracker", "debian/tracker-json/rebuilt-from-dsa-dla-lists.json.zst"),
    ("debian_11", "osv", "debian/osv/all.zip"),
    ("debian_12", "debian-tracker", "debian/tracker-json/rebuilt-from-dsa-dla-lists.json.zst"),
    ("debian_12", "osv", "debian/osv/all.zip"),
    ("fedora_38", "updateinfo", "fedora/mirror-tree/happy/archive/fedora/linux/updates/38/Modular/x86_64/repodata/5018295245e031a2d51db78a23935461d067cdbc1b6e43d8575983c5f6893252-updateinfo.xml.xz"),
    ("opensuse_leap_15", "suse-csaf", "suse/csaf_vex/csaf-vex.tar.bz2"),
    ("opensuse_leap_15", "osv", "suse/osv/osv.tar.bz2"),
    ("rhel_80", "redhat-csaf", "redhat/vex/archive/csaf_vex_2024-08-04.tar.zst"),
    ("rhel_90", "redhat-csaf", "redhat/vex/archive/csaf_vex_2024-08-04.tar.zst"),
    ("rhel_90", "redhat-csaf", "redhat/csaf/archive/csaf_advisories_2024-08-11.tar.zst"),
    ("rocky_9", "osv", "rocky/osv/all.zip"),
    ("rocky_9", "updateinfo", "rocky/apollo/updateinfo_sample.xml"),
    ("sles15", "suse-csaf", "suse/csaf_vex/csaf-vex.tar.bz2"),
    ("sles15", "suse-csaf", "suse/csaf/csaf.tar.bz2"),
    ("sles15", "osv", "suse/osv/osv.tar.bz2"),
    ("ubuntu_1804", "osv", "ubuntu/osv/all.zip"),
    ("ubuntu_1804", "ubuntu-vex", "ubuntu/vex/vex-all.tar.xz"),
    ("ubuntu_2204", "osv", "ubuntu/osv/all.zip"),
    ("ubuntu_2204", "ubuntu-vex", "ubuntu/vex/vex-all.tar.xz"),
    ("bookworm-build-host", "debian-tracker", "debian/tracker-json/rebuilt-from-dsa-dla-lists.json.zst"),
    ("bookworm-build-host", "osv", "debian/osv/all.zip"),
    ("ubuntu1804-trivy", "osv", "ubuntu/osv/all.zip"),
    ("apk-syft", "alpine-secdb", "alpine/secdb-json-mini/v3.16/main.json"),
    ("apk-syft", "osv", "alpine/osv/all.zip"),
    ("apk-scalibr", "osv", "alpine/osv/all.zip"),
    ("pacman-syft", "arch-tracker", "arch/all.json"),
];

/// Hosts and pieces of feeds that every machine has, below `tests/fixtures/host-scans`.
const SMALL: &[Case] = &[
    ("alpine_319", "osv", "alpine.osv.tar.zst"),
    ("debian_12", "debian-tracker", "debian.tracker.json.zst"),
    ("rocky_9", "osv", "rocky.osv.tar.zst"),
    ("ubuntu_2204", "osv", "ubuntu.osv.tar.zst"),
];

/// Hosts of which no data of the vendor is here, and why.
const WITHOUT_DATA: [(&str, &str); 1] =
    [("oracle_8", "there is no updateinfo of Oracle here, only OVAL, which is not read")];

fn content(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    decompress(&bytes, LARGEST_FEED).unwrap().into_owned()
}

fn host(inventories: &Path, name: &str) -> Host {
    match roots::DATABASES.iter().find(|database| database.name == name) {
        Some(database) => roots::read(inventories, database),
        None => scan::read(&inventories.join("vuls-scan-results").join(format!("{name}.json.zst"))),
    }
}

fn rows(inventories: &Path, feeds: &Path, cases: &[Case]) -> Vec<Row> {
    let judged = cases.iter().map(|(name, format, path)| {
        let host = host(inventories, name);
        let judged = judge::judge(&host, feed(format), &content(&feeds.join(path)));
        let file = Path::new(path).file_name().unwrap().to_str().unwrap();
        let feed = if file.len() > 45 { format.to_string() } else { format!("{format}: {file}") };
        Row { host: (*name).to_owned(), packages: host.inventory.packages.len(), feed, judged }
    });
    judged.collect()
}

/// The folder of all hosts and feeds, on machines that have it.
fn whole() -> Option<PathBuf> {
    let folder = shared();
    if folder.join("inventories/vuls-scan-results").is_dir() {
        return Some(folder);
    }
    println!("not run: {} is not here", folder.join("inventories").display());
    None
}

fn whole_rows(folder: &Path) -> Vec<Row> {
    rows(&folder.join("inventories"), &folder.join("feeds"), WHOLE)
}

fn small_rows() -> Vec<Row> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/host-scans");
    rows(&fixtures, &fixtures, SMALL)
}

#[test]
fn findings_on_small_real_hosts_are_explained_and_agree_with_the_package_manager() {
    table::compare("small", &small_rows());
}

#[test]
fn findings_on_all_real_hosts_are_explained_and_agree_with_the_package_manager() {
    let Some(folder) = whole() else { return };
    table::compare("whole", &whole_rows(&folder));
    for (name, reason) in WITHOUT_DATA {
        let host = host(&folder.join("inventories"), name);
        println!("not judged: {name} with {} packages: {reason}", host.inventory.packages.len());
    }
}

/// Every scan of the folder is in the table, or is said not to be.
#[test]
fn no_host_is_forgotten() {
    let Some(folder) = whole() else { return };
    let scans = std::fs::read_dir(folder.join("inventories/vuls-scan-results")).unwrap();
    for path in scans.map(|entry| entry.unwrap().path()) {
        let name = path.file_name().unwrap().to_str().unwrap().trim_end_matches(".json.zst").to_owned();
        let is_judged = WHOLE.iter().any(|case| case.0 == name);
        let is_left_out = WITHOUT_DATA.iter().any(|host| host.0 == name);
        assert!(is_judged != is_left_out, "{name}");
    }
}

/// The databases that real rpm wrote of three of the scans hold the packages of the scans. Epochs and architectures of a
/// few differ: the databases were made of lists that lack them.
#[test]
fn scans_and_databases_of_rpm_hold_the_same_packages() {
    let Some(folder) = whole() else { return };
    for name in ["alma_8", "alma_9", "rhel_80"] {
        let packed = folder.join(format!("inventories/rpm/rebuilt/{name}.rpmdb.sqlite.zst"));
        let path = std::env::temp_dir().join(format!("patchctl-real-{}-{name}.sqlite", std::process::id()));
        std::fs::write(&path, content(&packed)).unwrap();
        let read = rpm_database::read_sqlite(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let told = |packages: &[InstalledPackage]| {
            let tell = |package: &InstalledPackage| {
                let version = package.version.as_str().rsplit(':').next().unwrap();
                format!("{} {version}", package.name)
            };
            packages.iter().map(tell).collect::<BTreeSet<_>>()
        };
        let host = host(&folder.join("inventories"), name);
        assert_eq!(told(&read), told(&host.inventory.packages), "{name}");
    }
}

#[test]
#[ignore = "writes tests/AGREEMENT.md"]
fn write_agreement() {
    table::write("small", &small_rows());
    if let Some(folder) = whole() {
        table::write("whole", &whole_rows(&folder));
    }
}
