use proptest::prelude::*;

use super::*;
use crate::model::advisory::{Advisory, Affected, Subject, VendorState as S};
use crate::model::severity::Severity;
use crate::scan::feed::decompress::decompress;

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../../../tests/fixtures/osv/", $name)).as_slice()
    };
}

const SUSE: &[u8] = fixture!("suse-osv.tar.bz2");
const ESM_BESIDE_ARCHIVE: &[u8] = fixture!("UBUNTU-CVE-2024-29018.json");

fn release(id: &str, version: &str) -> Distribution {
    Distribution::new(id, version, "")
}

fn rows<'a>(content: &'a [u8], id: &str, version: &str) -> Rows<'a> {
    let rows = Osv.parse(content, &release(id, version)).expect("the records are whole");
    assert_eq!(rows.unread.count, 0, "{:?}", rows.unread.first);
    rows
}

fn one<'a>(content: &'a [u8], id: &str, version: &str) -> Advisory<'a> {
    let mut rows = rows(content, id, version);
    assert_eq!(rows.advisories.len(), 1);
    rows.advisories.remove(0)
}

fn text(value: &Option<Cow<'_, str>>) -> String {
    value.as_deref().unwrap_or("-").to_owned()
}

/// Name, state, introduced, fixed, channel.
fn shown(advisory: &Advisory<'_>) -> Vec<(String, S, String, String, String)> {
    let show = |row: &Affected<'_>| {
        let range = &row.range;
        let (introduced, fixed) = (text(&range.introduced), text(&range.fixed));
        (row.name.to_string(), row.state, introduced, fixed, text(&row.scope.channel))
    };
    advisory.affected.iter().map(show).collect()
}

fn row(name: &str, state: S, fixed: &str, channel: &str) -> (String, S, String, String, String) {
    (name.to_owned(), state, "-".to_owned(), fixed.to_owned(), channel.to_owned())
}

fn fault(content: &[u8]) -> String {
    let error = Osv.parse(content, &release("debian", "12")).expect_err("refused");
    match std::error::Error::source(&error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

fn record(affected: &str) -> Vec<u8> {
    format!(r#"{{"id": "DEBIAN-CVE-2024-0001", "affected": [{affected}]}}"#).into_bytes()
}

fn bookworm(rest: &str) -> Vec<u8> {
    record(&format!(r#"{{"package": {{"ecosystem": "Debian:12", "name": "openssl"}}, {rest}}}"#))
}

#[test]
fn debian_record_gives_the_sources_of_one_release() {
    let advisory = one(fixture!("DEBIAN-CVE-2023-46218.json"), "debian", "12");
    assert_eq!(shown(&advisory), [row("curl", S::Fixed, "7.88.1-10+deb12u5", "-")]);
    assert_eq!(
        (advisory.id.as_ref(), advisory.vulnerabilities.as_slice()),
        ("DEBIAN-CVE-2023-46218", [Cow::Borrowed("CVE-2023-46218")].as_slice())
    );
    assert_eq!((advisory.severity, advisory.cvss_tenths), (Severity::Unknown, Some(65)));
    assert_eq!(advisory.affected[0].subject, Subject::Source);
    let notice = one(fixture!("DLA-3692-1.json"), "debian", "10");
    assert_eq!(shown(&notice), [row("curl", S::Fixed, "7.64.0-4+deb10u8", "-")]);
    assert_eq!(notice.vulnerabilities, ["CVE-2023-28322", "CVE-2023-46218"]);
    assert_eq!(one(fixture!("DSA-135.json"), "debian", "3.0").id, "DSA-135");
    assert_eq!(rows(fixture!("DLA-3692-1.json"), "debian", "12").entries, 1);
    assert!(rows(fixture!("DLA-3692-1.json"), "debian", "12").advisories.is_empty());
}

#[test]
fn debian_urgencies_are_kept_apart() {
    let minor = one(fixture!("DEBIAN-CVE-2024-2379.json"), "debian", "12");
    assert_eq!((minor.severity, minor.affected[0].state), (Severity::Negligible, S::Open));
    // google/osv.dev issue 630: the end of support is told by the urgency alone.
    let over = one(fixture!("DEBIAN-CVE-2023-50387.json"), "debian", "11");
    let state = |name: &str| over.affected.iter().find(|row| row.name == name).map(|row| row.state);
    assert_eq!(state("pdns-recursor"), Some(S::EndOfLife));
    assert_eq!((state("dnsjava"), state("bind9")), (Some(S::Open), Some(S::Fixed)));
}

/// vuls issue 2645, grype issues 2784 and 3544: a fix in ESM is neither "no fix" nor an upgrade for everybody.
#[test]
fn vuls_2645_fix_in_esm_needs_an_entitlement_and_names_its_channel() {
    let advisory = one(fixture!("UBUNTU-CVE-2014-9913.json"), "ubuntu", "14.04");
    assert_eq!(shown(&advisory), [row("unzip", S::NeedsEntitlement, "6.0-9ubuntu1.6", "esm")]);
    let note = advisory.affected[0].note.as_deref();
    assert_eq!(note, Some("Available with Ubuntu Pro (Infra-only): https://ubuntu.com/pro"));
    let archive = one(fixture!("UBUNTU-CVE-2014-9913.json"), "ubuntu", "16.04");
    assert_eq!(shown(&archive), [row("unzip", S::Fixed, "6.0-20ubuntu1.1", "-")]);
    assert_eq!(archive.severity, Severity::Negligible);
}

#[test]
fn esm_beside_the_archive_is_a_statement_of_its_own() {
    let advisory = one(ESM_BESIDE_ARCHIVE, "ubuntu", "22.04");
    let found = shown(&advisory);
    assert!(found.contains(&row("docker.io-app", S::Fixed, "27.5.1-0ubuntu3~22.04.2", "-")), "{found:?}");
    let esm = row("docker.io-app", S::NeedsEntitlement, "26.1.3-0ubuntu1~22.04.1+esm1", "esm-apps");
    assert!(found.contains(&esm), "{found:?}");
}

/// grype issue 3544: FIPS builds are lines of their own.
#[test]
fn grype_3544_fips_lines_are_never_folded_into_the_archive() {
    let advisory = one(fixture!("UBUNTU-CVE-2024-0727.json"), "ubuntu", "20.04");
    let found: Vec<_> = shown(&advisory).into_iter().filter(|row| row.0 == "openssl").collect();
    assert_eq!(
        found,
        [
            row("openssl", S::Fixed, "1.1.1f-1ubuntu2.21", "-"),
            row("openssl", S::NeedsEntitlement, "1.1.1f-1ubuntu2.fips.20", "fips-updates"),
            row("openssl", S::Open, "-", "fips"),
        ]
    );
}

#[test]
fn what_only_pro_will_fix_is_open_for_the_whole_release() {
    let pro = |rest: &str| {
        format!(
            r#"{{"package": {{"ecosystem": "Ubuntu:Pro:22.04:LTS", "name": "p",
                "purl": "pkg:deb/ubuntu/p@1?arch=source&distro=esm-apps/jammy"}}, {rest}}}"#
        )
    };
    let open = pro(r#""ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}]"#);
    let content = record(&open);
    assert_eq!(shown(&one(&content, "ubuntu", "22.04")), [row("p", S::Open, "-", "-")]);
    let archive = r#"{"package": {"ecosystem": "Ubuntu:22.04:LTS", "name": "p"},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2"}]}]}"#;
    let content = record(&format!("{archive}, {open}"));
    let expected = [row("p", S::Fixed, "2", "-"), row("p", S::Open, "-", "esm-apps")];
    assert_eq!(shown(&one(&content, "ubuntu", "22.04")), expected);
}

#[test]
fn notice_is_about_the_cves_that_it_lists_for_the_release() {
    let names = |version| one(fixture!("USN-6535-1.json"), "ubuntu", version).vulnerabilities.join(" ");
    assert_eq!(names("20.04"), "CVE-2023-46218");
    assert_eq!(one(fixture!("USN-6535-1.json"), "ubuntu", "20.04").severity, Severity::Medium);
}

#[test]
fn livepatch_notice_is_about_modules_and_never_about_a_package() {
    let of = |version| one(fixture!("LSN-0116-1.json"), "ubuntu", version);
    let advisory = of("22.04");
    let expected = [
        ("lkp_Ubuntu_5_15_0_aws", "116"),
        ("lkp_Ubuntu_5_15_0_azure", "116"),
        ("lkp_Ubuntu_5_15_0_gcp", "116"),
        ("lkp_Ubuntu_5_15_0_linux", "116"),
        ("lkp_Ubuntu_5_15_0_gke", "116"),
        ("lkp_Ubuntu_5_15_0_ibm", "116"),
        ("lkp_Ubuntu_5_15_0_oracle", "116"),
    ];
    let rows: Vec<(&str, &str)> = advisory
        .affected
        .iter()
        .map(|row| (row.name.as_ref(), row.range.fixed.as_deref().unwrap_or("-")))
        .collect();
    assert_eq!(rows, expected);
    assert!(advisory.affected.iter().all(|row| row.subject == Subject::Binary && row.state == S::Fixed));
    assert!(advisory.vulnerabilities.contains(&Cow::Borrowed("CVE-2025-38352")));
    let names = of("18.04");
    assert!(
        names.affected.iter().any(|row| row.name == "lkp_Ubuntu_5_4_0_lowlatency"),
        "two flavours of one pattern"
    );
}

#[test]
fn livepatch_notice_whose_modules_are_not_understood_is_counted() {
    let content = br#"{"id": "LSN-0100-1", "upstream": ["CVE-2023-5345"], "affected": [{"package": {
        "name": "linux-aws", "ecosystem": "Ubuntu:Pro:16.04:LTS",
        "purl": "pkg:deb/ubuntu/linux-aws@4.4.0-1165.180?arch=source&distro=esm-infra/xenial"},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "4.4.0-1165.180"}]}],
        "ecosystem_specific": {"module_version": "100", "availability": "Livepatch subscription required"}}]}"#;
    let rows = Osv.parse(content, &release("ubuntu", "16.04")).expect("whole");
    assert_eq!((rows.advisories.len(), rows.entries, rows.unread.count), (0, 1, 1));
    assert!(rows.unread.first[0].contains("module_name_regex"), "{:?}", rows.unread);
}

#[test]
fn withdrawn_and_empty_records_and_bug_fixes_are_counted_and_state_nothing() {
    for (content, id, version) in [
        (fixture!("UBUNTU-CVE-2014-2901.json"), "ubuntu", "16.04"),
        (fixture!("ALBA-2019_3373.json"), "almalinux", "8.9"),
        (b"{\"id\": \"DSA-1-1\"}", "debian", "12"),
        (b"{\"id\": \"DSA-1-1\", \"affected\": null}", "debian", "12"),
    ] {
        let rows = rows(content, id, version);
        assert_eq!((rows.advisories.len(), rows.entries), (0, 1));
    }
}

#[test]
fn alma_names_binaries_and_the_stream_comes_from_the_summary() {
    let advisory = one(fixture!("ALSA-2021_4270.json"), "almalinux", "8.9");
    let row = &advisory.affected[0];
    assert_eq!((row.subject, row.name.as_ref()), (Subject::Binary, "rust-toolset"));
    assert_eq!(row.scope.module.as_deref(), Some("rust-toolset:rhel8"));
    assert_eq!(
        (advisory.severity, advisory.vulnerabilities.as_slice()),
        (Severity::Medium, [Cow::Borrowed("CVE-2021-29922")].as_slice())
    );
    assert_eq!(one(fixture!("ALSA-2025_A001.json"), "almalinux", "8.10").id, "ALSA-2025:A001");
    let two = String::from_utf8_lossy(fixture!("ALSA-2021_4270.json"))
        .replace("rust-toolset:rhel8", "virt:rhel and virt-devel:rhel");
    let advisory = one(two.as_bytes(), "almalinux", "8.9").into_owned();
    assert_eq!(advisory.affected[0].scope.module, None);
    assert!(advisory.affected[0].note.as_deref().is_some_and(|note| note.contains("stream")));
}

#[test]
fn rocky_names_sources_and_red_hat_names_its_channel() {
    let rocky = one(fixture!("RLSA-2023_0005.json"), "rocky", "9.4");
    assert_eq!(shown(&rocky), [row("bcel", S::Fixed, "0:6.4.1-9.el9_1", "-")]);
    assert_eq!((rocky.affected[0].subject, rocky.severity), (Subject::Source, Severity::High));
    let module = one(fixture!("RLSA-2025_3261.json"), "rocky", "9.6");
    assert_eq!(module.affected[0].scope.module.as_deref(), Some("nginx:1.22"));
    let eus = one(fixture!("RHBA-2024_6202.json"), "rhel", "8.8");
    assert!(eus.affected.iter().all(|row| row.scope.channel.as_deref() == Some("rhel_eus:8.8::baseos")));
    assert!(rows(fixture!("RHEA-2024_1870.json"), "rhel", "9.4").advisories.is_empty(), "a layered product");
}

#[test]
fn alpine_archive_is_read_and_unknown_ecosystems_say_nothing() {
    let rows = rows(fixture!("alpine-all-excerpt.zip"), "alpine", "3.21.2");
    assert_eq!((rows.advisories.len(), rows.entries), (2, 2));
    assert_eq!(rows.advisories[1].id, "CVE-2024-10524");
    assert_eq!(shown(&rows.advisories[1]), [row("wget", S::Fixed, "1.25.0-r0", "-")]);
    let single = one(fixture!("ALPINE-CVE-2023-38252.json"), "alpine", "3.23.0");
    assert_eq!(single.vulnerabilities, ["CVE-2023-38252"]);
}

/// SUSE once published pages of errors as advisories, `SUSE-SU-403 Forbidden-1` among them.
#[test]
fn suse_records_give_binaries_and_identifiers_of_error_pages_are_counted() {
    let tar = decompress(SUSE, 1 << 20).expect("whole");
    let rows = Osv.parse(&tar, &release("sles", "12")).expect("whole");
    assert_eq!(rows.unread.count, 2, "{:?}", rows.unread.first);
    assert!(rows.unread.first[0].contains("SUSE-SU-403"), "{:?}", rows.unread.first);
    assert_eq!((rows.advisories.len(), rows.entries), (1, 8));
    let advisory = &rows.advisories[0];
    assert_eq!(advisory.id, "openSUSE-SU-2016:1623-1");
    assert!(shown(advisory).contains(&row(
        "chromium",
        S::Fixed,
        "51.0.2704.103-85.3",
        "SUSE Package Hub 12"
    )));
    assert_eq!((advisory.affected.len(), advisory.affected[0].subject), (19, Subject::Binary));
}

/// w3m in ALPINE-CVE-2023-38252: the list of versions that OSV derived goes beyond the range it was derived from.
#[test]
fn listed_version_beyond_the_range_is_unknown_and_a_list_alone_is_affected() {
    let content = bookworm(
        r#""ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2"}]}], "versions": ["1", "3"]"#,
    );
    let advisory = one(&content, "debian", "12");
    assert_eq!((shown(&advisory)[1].1, shown(&advisory)[1].2.as_str()), (S::Undetermined, "3"));
    assert_eq!(advisory.affected[1].range.last_affected.as_deref(), Some("3"));
    let content = bookworm(r#""versions": ["1:1.0-1"]"#);
    assert_eq!(one(&content, "debian", "12").affected[0].state, S::Open);
}

/// OSV lists versions of Alpine that apk would not accept (openssh 5.1p1-r0 in ALPINE-CVE-2025-61984).
#[test]
fn listed_version_that_is_none_is_counted_and_the_range_holds() {
    let content = br#"{"id": "ALPINE-CVE-2025-61984", "affected": [{
        "package": {"ecosystem": "Alpine:v3.20", "name": "openssh"}, "versions": ["5.1p1-r0", "9.6_p1-r0"],
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "10.1_p1-r0"}]}]}]}"#;
    let rows = Osv.parse(content, &release("alpine", "3.20.1")).expect("well formed");
    assert_eq!((rows.advisories[0].affected.len(), rows.unread.count), (1, 1));
    assert!(rows.unread.first[0].contains("5.1p1-r0"), "{:?}", rows.unread.first);
}

#[test]
fn statement_that_cannot_be_read_is_counted_with_identifier_and_field() {
    for (rest, reason) in [
        (r#""ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}]"#, "SEMVER"),
        (r#""ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1 x"}]}]"#, "1 x"),
        (r#""ranges": []"#, "neither"),
        (r#""versions": [1]"#, "versions"),
    ] {
        let content = bookworm(rest);
        let rows = Osv.parse(&content, &release("debian", "12")).expect("well formed");
        assert_eq!((rows.advisories.len(), rows.unread.count), (0, 1), "{rest}");
        let first = &rows.unread.first[0];
        assert!(first.starts_with("DEBIAN-CVE-2024-0001: openssl: ") && first.contains(reason), "{first}");
        assert_eq!(Osv.parse(&content, &release("debian", "11")).expect("well formed").unread.count, 0);
    }
}

#[test]
fn records_come_alone_in_lists_in_lines_and_in_archives() {
    let record = fixture!("DLA-3692-1.json");
    let list = [b"[", record, b",", record, b"]"].concat();
    let lines = [record, b"\n", record].concat();
    let mut builder = tar::Builder::new(Vec::new());
    for name in ["a/DLA-3692-1.json", "b/DLA-3692-1.json", "README.md"] {
        let mut header = tar::Header::new_gnu();
        header.set_size(record.len() as u64);
        builder.append_data(&mut header, name, record).expect("memory");
    }
    let archive = builder.into_inner().expect("memory");
    for content in [list, lines, archive] {
        let rows = rows(&content, "debian", "10");
        assert_eq!((rows.advisories.len(), rows.entries), (1, 2), "one identifier, one advisory");
        assert_eq!(rows.advisories[0].affected.len(), 1);
    }
}

#[test]
fn what_is_no_record_is_refused_with_its_place() {
    assert!(fault(b" \n").contains("empty"));
    assert!(fault(b"<!DOCTYPE html>").contains("web page"));
    assert!(fault(b"{\"id\": 3}").contains("line 1"));
    assert!(fault(b"{\"summary\": \"x\"}").contains("id"));
    let whole = fixture!("DLA-3692-1.json");
    assert!(fault(&whole[..whole.len() - 3]).contains("line"));
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(10);
    builder.append_data(&mut header, "x/DSA-1-1.json", &whole[..10]).expect("memory");
    let text = fault(&builder.into_inner().expect("memory"));
    assert!(text.contains("x/DSA-1-1.json") && text.contains("line 1"), "{text}");
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Osv.parse(&bytes, &release("debian", "12"));
    }

    #[test]
    fn no_damage_makes_the_reader_panic(at in 0..ESM_BESIDE_ARCHIVE.len(), byte in any::<u8>(), cut in any::<bool>()) {
        let mut bytes = ESM_BESIDE_ARCHIVE.to_vec();
        bytes[at] = byte;
        bytes.truncate(if cut { at } else { bytes.len() });
        let _ = Osv.parse(&bytes, &release("ubuntu", "22.04"));
    }
}
