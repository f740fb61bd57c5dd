//! A vendor's folder of CSAF documents, with its archive, its lists, and what changes from day to day.

use std::io::Write;

use super::*;
use crate::scan::feed::signature::forge::Forge;

const DOCUMENT: &str = include_str!("../../../../tests/fixtures/redhat-csaf/cve-2023-0049.json");

/// The document under another identifier.
fn document(number: u32) -> String {
    DOCUMENT.replace("CVE-2023-0049", &format!("CVE-2023-{number:04}"))
}

fn name(number: u32) -> String {
    format!("2023/cve-2023-{number:04}.json")
}

/// What the vendor publishes.
struct Vendor {
    bench: Bench,
    folder: PathBuf,
}

impl Vendor {
    fn new(test: &str) -> Self {
        let mut bench = Bench::new(test);
        (bench.source.name, bench.source.format) = ("redhat-csaf".into(), "redhat-csaf".into());
        bench.distribution = Distribution::new("rhel", "9.4", "");
        bench.now = "2024-08-08T00:00:00Z".parse().expect("a time");
        bench.inventory = inventory(&bench.distribution);
        let folder = bench.folder.join("vex");
        storage::create_folder(&folder.join("2023"), 0o700).expect("writable");
        bench.source.location = folder.join("archive_latest.txt").to_string_lossy().into_owned();
        let vendor = Self { bench, folder };
        vendor.publish("archive_latest.txt", b"csaf_vex_2024-08-04.tar.zst");
        vendor
    }

    fn publish(&self, name: &str, bytes: &[u8]) {
        storage::replace(&self.folder.join(name), bytes, storage::PUBLIC).expect("writable");
    }

    fn archive(&self, numbers: &[u32]) {
        let mut archive = tar::Builder::new(Vec::new());
        for number in numbers {
            let text = document(*number);
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            archive.append_data(&mut header, name(*number), text.as_bytes()).expect("memory");
        }
        let bytes = archive.into_inner().expect("memory");
        let packed = zstd::encode_all(&bytes[..], 3).expect("memory");
        self.publish("csaf_vex_2024-08-04.tar.zst", &packed);
    }

    /// Publishes documents and the list that has them, each with its time.
    fn change(&self, rows: &[(u32, &str)]) {
        rows.iter().for_each(|(number, _)| self.publish(&name(*number), document(*number).as_bytes()));
        self.list("changes.csv", rows);
    }

    fn list(&self, list: &str, rows: &[(u32, &str)]) {
        let row = |(number, time): &(u32, &str)| format!("\"{}\",\"{time}\"\n", name(*number));
        self.publish(list, rows.iter().map(row).collect::<String>().as_bytes());
    }

    fn refresh(&self) -> FeedStamp {
        self.bench.refresh(RefreshMode::Now)
    }

    /// The vulnerabilities that the index in use speaks about.
    fn known(&self) -> Vec<String> {
        let index = load_index(&self.bench.layout, &self.bench.source, &self.bench.distribution);
        let index = index.expect("readable").expect("something was fetched");
        let names = index.statements().flat_map(|row| row.vulnerabilities()).map(|name| name.to_string());
        names.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
    }
}

const EARLY: &str = "2024-08-04T10:00:00+00:00";
const LATE: &str = "2024-08-06T10:00:00+00:00";
const LATEST: &str = "2024-08-07T10:00:00+00:00";

#[test]
fn archive_comes_first_and_then_only_what_changed() {
    let vendor = Vendor::new("folder");
    vendor.archive(&[1, 2, 3]);
    vendor.change(&[(4, EARLY), (1, "2024-07-01T00:00:00+00:00")]);
    let stamp = vendor.refresh();
    assert_eq!((stamp.problem, stamp.published.map(|date| date.to_rfc3339())), (None, Some(EARLY.into())));
    assert_eq!(vendor.known(), ["CVE-2023-0001", "CVE-2023-0002", "CVE-2023-0003", "CVE-2023-0004"]);

    // The archive is gone, and nobody asks for it.
    storage::remove_file(&vendor.folder.join("csaf_vex_2024-08-04.tar.zst")).expect("removable");
    let before = stamp.sha256;
    let unchanged = vendor.refresh();
    assert_eq!((unchanged.problem, unchanged.sha256), (None, before));
    vendor.change(&[(5, LATE), (4, EARLY)]);
    vendor.list("deletions.csv", &[(2, LATE)]);
    let stamp = vendor.refresh();
    assert_eq!((stamp.problem, stamp.published.map(|date| date.to_rfc3339())), (None, Some(LATE.into())));
    assert_ne!(stamp.sha256, before);
    assert_eq!(vendor.known(), ["CVE-2023-0001", "CVE-2023-0003", "CVE-2023-0004", "CVE-2023-0005"]);

    vendor.change(&[(2, LATEST), (5, LATE), (4, EARLY)]);
    assert_eq!(vendor.refresh().problem, None);
    assert_eq!(vendor.known().len(), 5, "what was deleted came back, and what was gathered stayed");
    let checks = vendor.bench.ask(RefreshMode::Never, &[], verify);
    assert!(matches!(checks[0].result, Ok(Some(_))), "{checks:?}");
}

#[test]
fn folder_that_fell_back_or_holds_a_page_is_refused_and_the_last_good_one_stays() {
    let vendor = Vendor::new("fellback");
    vendor.archive(&[1, 2]);
    vendor.change(&[(2, LATE)]);
    assert_eq!(vendor.refresh().problem, None);
    vendor.change(&[(2, EARLY)]);
    let stamp = vendor.refresh();
    let problem = stamp.problem.unwrap_or_default();
    assert!(problem.contains("is before 2024-08-06") && problem.contains("--accept-older"), "{problem}");
    assert_eq!((stamp.state, vendor.known().len()), (FeedState::Suspect, 2));
    vendor.change(&[(3, LATEST)]);
    vendor.publish(&name(3), b"<html>403 Forbidden</html>");
    let problem = vendor.refresh().problem.unwrap_or_default();
    assert!(problem.contains("2023/cve-2023-0003.json") && problem.contains("web page"), "{problem}");
    assert_eq!(vendor.known().len(), 2);
    let left = storage::list(&vendor.bench.layout.feed("redhat-csaf")).expect("listable");
    assert_eq!(left.len(), 4, "content, changes, record, lock: {left:?}");
}

#[test]
fn document_that_is_listed_and_not_there_is_counted() {
    let vendor = Vendor::new("gap");
    vendor.archive(&[1]);
    vendor.list("changes.csv", &[(7, LATE)]);
    let stamp = vendor.refresh();
    assert_eq!((stamp.problem, stamp.unread.count), (None, 1));
    assert_eq!(stamp.unread.first, ["2023/cve-2023-0007.json: listed as changed, and not there"]);
}

#[test]
fn changes_that_do_not_fit_into_the_time_are_gone_on_with_the_next_time() {
    let vendor = Vendor::new("slow");
    vendor.archive(&[1]);
    vendor.change(&[(3, LATE), (2, EARLY)]);
    let in_no_time = |mode| {
        let patience = Duration::ZERO;
        vendor.bench.ask(mode, &[], |request| refresh(RefreshRequest { patience, ..*request })).remove(0)
    };
    let stamp = in_no_time(RefreshMode::Now);
    assert_eq!((stamp.state, stamp.problem, stamp.unread.count), (FeedState::Fresh, None, 1));
    assert!(
        stamp.unread.first[0].contains("2 changed documents are left for the next refresh"),
        "{:?}",
        stamp.unread
    );
    assert_eq!(stamp.published.map(|date| date.to_rfc3339()), Some("2024-08-04T00:00:00+00:00".into()));
    assert_eq!(vendor.known(), ["CVE-2023-0001"]);
    assert_eq!(in_no_time(RefreshMode::Now).problem.as_deref(), Some("too slow: the time is over"));
    let stamp = vendor.refresh();
    assert_eq!((stamp.problem, stamp.unread.count, vendor.known().len()), (None, 0, 3));
}

#[test]
fn archive_and_every_later_document_need_their_signature_where_a_key_is_configured() {
    let Some(forge) = Forge::new("folder") else { return };
    let mut vendor = Vendor::new("signed-folder");
    forge.make_key("vendor");
    forge.export(&["vendor"]);
    vendor.bench.source.key = Some(forge.folder.join("keys"));
    let path = |name: &str| vendor.folder.join(name).to_string_lossy().into_owned();
    let (archive, later) = (path("csaf_vex_2024-08-04.tar.zst"), path(&name(2)));
    vendor.archive(&[1]);
    vendor.change(&[(2, LATE)]);
    let problem = |stamp: FeedStamp| stamp.problem.unwrap_or_default();
    assert!(problem(vendor.refresh()).contains("no signature: neither"));
    forge.sign_file("vendor", &archive, &[]);
    let told = problem(vendor.refresh());
    assert!(told.contains("cve-2023-0002.json.asc"), "{told}");
    forge.sign_file("vendor", &later, &[]);
    let stamp = vendor.refresh();
    assert_eq!((stamp.authenticity, stamp.problem), (Some(Authenticity::Signed), None));
    vendor.change(&[(2, LATEST)]);
    vendor.publish(&name(2), document(3).as_bytes());
    let told = problem(vendor.refresh());
    assert!(told.contains("the content is not what the key"), "{told}");
    assert_eq!(vendor.known(), ["CVE-2023-0001", "CVE-2023-0002"]);
}

/// SUSE's folder: its archive lies beside it, holds the folder, and has no day in its name.
struct Suse {
    bench: Bench,
    folder: PathBuf,
}

impl Suse {
    const DOCUMENT: &str = include_str!("../../../../tests/fixtures/suse-csaf/suse-su-2015_0011-2.json");

    fn new(test: &str) -> Self {
        let mut bench = Bench::new(test);
        (bench.source.name, bench.source.format) = ("suse-csaf".into(), "suse-csaf".into());
        bench.distribution = Distribution::new("sles", "11.2", "");
        bench.inventory = inventory(&bench.distribution);
        let folder = bench.folder.join("csaf");
        storage::create_folder(&folder, 0o700).expect("writable");
        bench.source.location = folder.join("changes.csv").to_string_lossy().into_owned();
        Self { bench, folder }
    }

    fn name(number: u32) -> String {
        format!("suse-su-2015_{number:04}-1.json")
    }

    fn document(number: u32) -> String {
        Self::DOCUMENT.replace("SUSE-SU-2015:0011-2", &format!("SUSE-SU-2015:{number:04}-1"))
    }

    fn archive(&self, numbers: &[u32]) {
        let mut archive = tar::Builder::new(Vec::new());
        for number in numbers {
            let text = Self::document(*number);
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            let name = format!("csaf/{}", Self::name(*number));
            archive.append_data(&mut header, name, text.as_bytes()).expect("memory");
        }
        let mut packed = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
        packed.write_all(&archive.into_inner().expect("memory")).expect("memory");
        let packed = packed.finish().expect("memory");
        storage::replace(&self.bench.folder.join("csaf.tar.bz2"), &packed, storage::PUBLIC)
            .expect("writable");
    }

    /// Publishes the list, oldest first as SUSE has it, and the documents of this many days ago.
    fn change(&self, rows: &[(u32, i64)]) {
        let mut list = String::new();
        for (number, days) in rows {
            let file = self.folder.join(Self::name(*number));
            storage::replace(&file, Self::document(*number).as_bytes(), storage::PUBLIC).expect("writable");
            let time = (self.bench.now - TimeDelta::days(*days)).format("%Y-%m-%dT%H:%M:%SZ");
            list += &format!("\"{}\",\"{time}\"\n", Self::name(*number));
        }
        storage::replace(&self.folder.join("changes.csv"), list.as_bytes(), storage::PUBLIC)
            .expect("writable");
    }

    fn ids(&self) -> Vec<String> {
        let index = load_index(&self.bench.layout, &self.bench.source, &self.bench.distribution);
        let index = index.expect("readable").expect("something was fetched");
        let ids: std::collections::BTreeSet<_> = index.statements().map(|row| row.id().to_string()).collect();
        ids.into_iter().collect()
    }
}

#[test]
fn suse_archive_beside_the_folder_comes_first_and_then_only_what_changed() {
    let vendor = Suse::new("suse-folder");
    vendor.archive(&[1, 2]);
    vendor.change(&[(1, 300), (2, 200)]);
    storage::remove_file(&vendor.folder.join(Suse::name(1))).expect("removable");
    let stamp = vendor.bench.refresh(RefreshMode::Now);
    assert_eq!(
        (stamp.problem, stamp.unread.count),
        (None, 0),
        "what is older than the archive is not asked for"
    );
    assert_eq!(vendor.ids(), ["SUSE-SU-2015:0001-1", "SUSE-SU-2015:0002-1"]);
    storage::remove_file(&vendor.bench.folder.join("csaf.tar.bz2")).expect("removable");
    vendor.change(&[(2, 3), (3, 2)]);
    let stamp = vendor.bench.refresh(RefreshMode::Now);
    assert_eq!((stamp.problem, stamp.unread.count), (None, 0), "nobody asks for the archive again");
    assert_eq!(vendor.ids().len(), 3);
    let renewed = load_index(&vendor.bench.layout, &vendor.bench.source, &vendor.bench.distribution);
    let rows = renewed.expect("readable").expect("there");
    let of_two = rows.statements().filter(|row| row.id().to_string() == "SUSE-SU-2015:0002-1").count();
    let of_one = rows.statements().filter(|row| row.id().to_string() == "SUSE-SU-2015:0001-1").count();
    assert_eq!(of_two, of_one, "the document of the archive gave way to the later one");
}
