use proptest::prelude::*;

use super::*;
use crate::model::severity::Severity;

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../../../../tests/fixtures/updateinfo/", $name))
    };
}

const FEDORA_19: &str = fixture!("fedora-19.xml");
const ROCKY: &str = fixture!("rocky-apollo.xml");

fn release(id: &str, version: &str) -> Distribution {
    Distribution::new(id, version, "")
}

fn parse<'a>(content: &'a str, id: &str, version: &str) -> Rows<'a> {
    Updateinfo.parse(content.as_bytes(), &release(id, version)).expect("the excerpt is whole")
}

/// One line for each statement: package, fixed version, and what of the release it is for.
fn told(advisory: &Advisory<'_>) -> Vec<String> {
    let tell = |row: &Affected<'_>| {
        let scope = [&row.scope.architecture, &row.scope.module, &row.scope.channel];
        let scope: Vec<&str> = scope.iter().filter_map(|part| part.as_deref()).collect();
        format!("{} {} {}", row.name, row.range.fixed.as_deref().unwrap_or("-"), scope.join(" "))
            .trim()
            .to_owned()
    };
    advisory.affected.iter().map(tell).collect()
}

fn day(advisory: &Advisory<'_>) -> String {
    advisory.published.map(|date| date.format("%Y-%m-%d %H:%M:%S").to_string()).unwrap_or_default()
}

/// An update of one package around what a test is about.
fn update(attributes: &str, id: &str, inner: &str, packages: &str) -> String {
    format!(
        "<updates><update {attributes}><id>{id}</id>{inner}<pkglist><collection short=\"x\"><name>x</name>{packages}\
         </collection></pkglist></update></updates>"
    )
}

fn one(content: &str, id: &str, version: &str) -> Advisory<'static> {
    let mut rows = parse(content.to_owned().leak(), id, version);
    assert_eq!((rows.unread.count, rows.advisories.len()), (0, 1), "{:?}", rows.unread);
    rows.advisories.remove(0)
}

const PACKAGE: &str = r#"<package name="a" version="1" release="2.el9" epoch="0" arch="x86_64"/>"#;

#[test]
fn almalinux_security_advisory_gives_rows_and_a_bug_fix_is_only_counted() {
    let rows = parse(fixture!("almalinux-9.xml"), "almalinux", "9.4");
    assert_eq!((rows.entries, rows.advisories.len(), rows.unread.count), (2, 1, 0));
    let advisory = &rows.advisories[0];
    assert_eq!((advisory.id.as_ref(), advisory.severity), ("ALSA-2022:4940", Severity::High));
    assert_eq!(
        (advisory.vulnerabilities.as_slice(), day(advisory).as_str()),
        (&[Cow::Borrowed("CVE-2022-1271")][..], "2022-06-08 00:00:00")
    );
    assert_eq!(told(advisory), ["xz 5.2.5-8.el9_0"]);
    assert_eq!(advisory.affected[0].subject, crate::model::advisory::Subject::Binary);
}

#[test]
fn rocky_has_dates_as_text() {
    let rows = parse(ROCKY, "rocky", "8.7");
    let advisory = &rows.advisories[0];
    assert_eq!((advisory.severity, day(advisory).as_str()), (Severity::Medium, "2022-05-10 08:02:50"));
    assert_eq!((rows.advisories.len(), advisory.vulnerabilities.len()), (2, 5));
    assert_eq!(parse(ROCKY, "rocky", "9.1").advisories.len(), 0, "its <release> is Rocky Linux 8");
}

#[test]
fn peridot_79_without_a_module_element_the_title_tells_the_stream() {
    for (title, release, expected) in [
        ("Moderate: python27:2.7 security update", "1.module+el8.4.0+403+9ae17a31", Some("python27:2.7")),
        ("ELSA-2020-1: virt:ol and virt-devel:ol update", "1.module+el8.4.0+403+9ae17a31", None),
        ("Important: nodejs:16 and nodejs:18 update", "1.module+el8.4.0+403+9ae17a31", None),
        ("Moderate: container-tools security update", "1.module+el8.4.0+403+9ae17a31", None),
        ("Moderate: python27:2.7 security update", "1.el8", None),
    ] {
        let package = format!("<package name='a' version='1' release='{release}' arch='x86_64'/>");
        let content =
            update("type='security'", "RLSA-2022:1821", &format!("<title>{title}</title>"), &package);
        assert_eq!(one(&content, "rocky", "8.6").affected[0].scope.module.as_deref(), expected, "{title}");
    }
}

#[test]
fn a_build_of_a_module_whose_stream_nobody_tells_says_so() {
    let rows = parse(fixture!("rocky-9-modular.xml"), "rocky", "9.1");
    let row = &rows.advisories[0].affected[0];
    assert_eq!(row.range.fixed.as_deref(), Some("3:10.5.16-2.module+el9.1.0+13358+56c3b6a3"));
    assert_eq!((row.scope.module.as_deref(), row.note.as_deref()), (None, Some(STREAM_UNTOLD)));
}

#[test]
fn the_module_of_a_collection_is_the_scope_of_its_packages_only() {
    let content = "<updates><update type='security'><id>RHSA-2023:1</id><pkglist>\
        <collection short='a'><name>a</name><module name='nodejs' stream='18' version='8090' context='c' arch='x86_64'/>\
        <package name='npm' version='9' release='1.module+el8.9.0+1+a' epoch='1' arch='x86_64'/></collection>\
        <collection short='b'><package name='curl' version='7' release='1.el8' arch='x86_64'/></collection>\
        </pkglist></update></updates>";
    let advisory = one(content, "rhel", "8.9");
    assert_eq!(told(&advisory), ["curl 7-1.el8", "npm 1:9-1.module+el8.9.0+1+a nodejs:18"]);
}

#[test]
fn fedora_tells_cves_in_titles_only_and_mentions_do_not_count() {
    let rows = parse(FEDORA_19, "fedora", "19");
    assert_eq!((rows.entries, rows.unread.count), (6, 0));
    let found: Vec<_> =
        rows.advisories.iter().map(|a| (a.id.as_ref(), a.vulnerabilities.join(" "), a.severity)).collect();
    assert_eq!(
        found,
        [
            ("FEDORA-2013-11135", "CVE-2013-2175".to_owned(), Severity::Unknown),
            ("FEDORA-2013-13620", "CVE-2013-4161 CVE-2012-5617".to_owned(), Severity::Unknown),
            ("FEDORA-2013-12321", String::new(), Severity::Unknown),
        ]
    );
    assert_eq!(day(&rows.advisories[2]).len(), 19);
}

#[test]
fn an_identifier_that_occurs_twice_is_one_advisory_with_the_packages_of_both() {
    let rows = parse(FEDORA_19, "fedora", "19");
    assert_eq!(rows.advisories.iter().filter(|advisory| advisory.id == "FEDORA-2013-11135").count(), 1);
    let package = |name| format!("<package name='{name}' version='1' release='1' arch='x86_64'/>");
    let [first, second] = ["a", "b"]
        .map(|name| update("type='security'", "ALSA-2024:0265", "", &(package(name) + &package("both"))));
    let content = first.replace("</updates>", "") + &second.replace("<updates>", "");
    assert_eq!(told(&one(&content, "almalinux", "9")), ["a 1-1", "both 1-1", "b 1-1"]);
}

#[test]
fn bugs_of_fedora_with_the_type_cve_are_no_cves() {
    let rows = parse(fixture!("fedora-27.xml"), "fedora", "27");
    assert_eq!((rows.entries, rows.advisories.len(), rows.unread.count), (2, 0, 0));
}

#[test]
fn triage_before_the_cve_and_a_modular_update_without_packages() {
    let rows = parse(fixture!("fedora-38-modular.xml"), "fedora", "38");
    let advisory = &rows.advisories[0];
    assert_eq!(advisory.vulnerabilities, ["CVE-2024-24989", "CVE-2024-24990"]);
    assert_eq!((advisory.id.as_ref(), advisory.affected.len()), ("FEDORA-MODULAR-2024-deafa21e1d", 0));
}

#[test]
fn updates_for_another_release_are_no_statement() {
    assert_eq!(parse(FEDORA_19, "fedora", "20").advisories.len(), 0);
    let epel =
        update("type='security'", "FEDORA-EPEL-2018-abe0e978c0", "<release>Fedora EPEL 8</release>", PACKAGE);
    assert_eq!(parse(&epel, "almalinux", "8.10").advisories.len(), 1);
    assert_eq!(parse(&epel, "almalinux", "9.4").advisories.len(), 0);
}

#[test]
fn cefs_update_for_two_releases_is_taken_apart() {
    let content = fixture!("cefs.xml");
    let fixed = |version| {
        let rows = parse(content, "centos", version);
        let advisory =
            rows.advisories.iter().find(|advisory| advisory.id == "CESA_2016__0301").expect("in it");
        told(advisory).into_iter().find(|row| row.starts_with("openssl ")).expect("openssl")
    };
    assert_eq!(fixed("6"), "openssl 1.0.1e-42.el6_7.4");
    assert_eq!(fixed("7"), "openssl 1.0.1e-51.el7_2.4");
}

#[test]
fn security_advisory_without_cves_is_a_statement_all_the_same() {
    let rows = parse(fixture!("cefs.xml"), "centos", "6");
    assert!(rows.advisories.iter().all(|advisory| advisory.vulnerabilities.is_empty()));
    assert_eq!(rows.entries, 3);
}

#[test]
fn vuln_list_update_267_extras_of_amazon_are_kept_apart_from_the_core() {
    let channel = |content: &'static str, version| {
        let rows = parse(content, "amzn", version);
        assert_eq!(rows.unread.count, 0);
        rows.advisories[0].affected[0].scope.channel.as_deref().map(str::to_owned)
    };
    assert_eq!(channel(fixture!("amazon-1.xml"), "2018.03"), None);
    assert_eq!(channel(fixture!("amazon-2.xml"), "2"), None);
    assert_eq!(channel(fixture!("amazon-2023.xml"), "2023"), None);
    assert_eq!(channel(fixture!("amazon-2-kernel-5.15.xml"), "2").as_deref(), Some("kernel-5.15"));
    assert_eq!(channel(fixture!("amazon-2023-livepatch.xml"), "2023").as_deref(), Some("kernel-livepatch"));
    assert_eq!(channel(fixture!("amazon-2023-nvidia.xml"), "2023").as_deref(), Some("nvidia"));
    for (id, expected) in [
        ("ALASDOCKER-2021-001", Some("docker")),
        ("ALAS2POSTGRESQL14-2023-001", Some("postgresql14")),
        ("ALAS2KERNEL-5.15-2022-001", Some("kernel-5.15")),
        ("ALAS2023-2023-001", None),
        ("ALAS-2011-1", None),
        ("ALSA-2022:4940", None),
    ] {
        assert_eq!(amazon_channel(id, &Cow::Borrowed("x")).as_deref(), expected, "{id}");
    }
}

#[test]
fn amazon_leaves_out_debug_data_and_has_dates_without_seconds() {
    let rows = parse(fixture!("amazon-2023.xml"), "amzn", "2023");
    assert!(rows.advisories[0].affected.iter().all(|row| !row.name.contains("debuginfo")));
    let old = parse(fixture!("amazon-1.xml"), "amzn", "2018.03");
    assert_eq!(day(&old.advisories[0]), "2011-09-27 22:46:00");
    assert_eq!(
        (old.advisories[0].severity, told(&old.advisories[0])),
        (Severity::Medium, vec!["httpd-devel 2.2.21-1.18.amzn1".to_owned()])
    );
}

#[test]
fn suse_dates_are_seconds_and_its_error_page_is_no_identifier() {
    let content = update("type='security'", "SUSE-SLE-Micro-6.0-187", "<issued date='1724154426'/>", PACKAGE);
    assert_eq!(day(&one(&content, "sle-micro", "6.0")), "2024-08-20 11:47:06");
    for id in ["SUSE-SU-403 Forbidden-1", "Security-Update-ID", "", "NOT-A-VALID-ADVISORY-ID"] {
        let content = update("type='security'", id, "", PACKAGE);
        let rows = parse(&content, "sles", "15.6");
        assert_eq!((rows.entries, rows.advisories.len(), rows.unread.count), (1, 0, 1), "{id}");
        assert!(rows.unread.first[0].contains("update 1: no identifier"), "{:?}", rows.unread);
    }
    let rows = parse(fixture!("suse.xml"), "sl-micro", "6.0");
    assert_eq!((rows.entries, rows.unread.count), (2, 2), "its identifiers are invented");
}

#[test]
fn a_patch_that_suse_took_back_is_no_statement() {
    let content = update("type='security' status='retracted'", "SUSE-2024-123", "", PACKAGE);
    assert_eq!(parse(&content, "sles", "15.6").advisories.len(), 0);
}

#[test]
fn bad_identifier_is_counted_and_the_rest_is_read() {
    let rows = parse(fixture!("almalinux-bad-id.xml"), "almalinux", "9");
    assert_eq!((rows.advisories.len(), rows.unread.count), (0, 1));
    assert!(rows.unread.first[0].contains("NOT-A-VALID-ADVISORY-ID"));
}

#[test]
fn every_spelling_of_severity_is_known_and_other_words_are_unknown() {
    for (word, expected) in [
        ("Important", Severity::High),
        ("critical", Severity::Critical),
        ("SEVERITY_MODERATE", Severity::Medium),
        ("medium", Severity::Medium),
        ("Low", Severity::Low),
        ("None", Severity::Unknown),
        ("", Severity::Unknown),
        ("mariadb", Severity::Unknown),
    ] {
        let inner = format!("<severity>{word}</severity>");
        let content = update("type='security'", "ALSA-2022:1", &inner, PACKAGE);
        assert_eq!(one(&content, "almalinux", "9").severity, expected, "{word}");
    }
}

#[test]
fn every_spelling_of_epoch_and_of_restart_flags_is_read() {
    for epoch in ["epoch='0'", "epoch=''", "epoch='None'", ""] {
        for flag in [
            "<reboot_suggested/>",
            "<reboot_suggested>True</reboot_suggested>",
            "<restart_suggested>1</restart_suggested>",
        ] {
            let package = format!(
                "<package name='a' version='1' release='2' {epoch} arch='noarch' reboot_suggested='1'>{flag}</package>"
            );
            let content = update("type='security'", "ALSA-2022:1", flag, &package);
            assert_eq!(told(&one(&content, "almalinux", "9")), ["a 1-2"], "{epoch} {flag}");
        }
    }
}

#[test]
fn one_damaged_package_is_counted_and_the_others_stay() {
    for (package, words) in [
        (
            "<package name='b' version='1' release='2' epoch='x' arch='noarch'/>",
            "b: epoch: not a number: \"x\"",
        ),
        ("<package name='b' version='1 rm' release='2' arch='noarch'/>", "b: version: not a version of rpm"),
        ("<package name='b' release='2' arch='noarch'/>", "b: version: not a version of rpm: \"\""),
        ("<package version='1' release='2' arch='noarch'/>", "name: no package: \"\""),
    ] {
        let content = update("type='security'", "ALSA-2022:1", "", &(package.to_owned() + PACKAGE));
        let rows = parse(&content, "almalinux", "9");
        assert_eq!((rows.unread.count, told(&rows.advisories[0])), (1, vec!["a 1-2.el9".to_owned()]));
        assert!(
            rows.unread.first[0].contains("ALSA-2022:1") && rows.unread.first[0].contains(words),
            "{rows:?}"
        );
    }
}

#[test]
fn an_absurd_date_is_counted_and_the_statement_stays() {
    let content = update("type='security'", "ALSA-2022:1", "<issued date='9999-99-99'/>", PACKAGE);
    let rows = parse(&content, "almalinux", "9");
    assert_eq!((rows.advisories.len(), rows.unread.count, rows.advisories[0].published), (1, 1, None));
    assert!(rows.unread.first[0].contains("issued: no date: \"9999-99-99\""));
}

#[test]
fn what_is_no_updateinfo_is_refused_with_its_place() {
    let fault = |content: &str| {
        Updateinfo.parse(content.as_bytes(), &release("rocky", "8")).expect_err("refused").to_string()
    };
    assert!(fault("").contains("empty"));
    assert!(fault("<html>").contains("web page"));
    assert!(fault("<repomd/>").contains("<updates> expected"));
    assert!(fault(&ROCKY[..3000]).contains("line 38, column 7: "), "{}", fault(&ROCKY[..3000]));
    let repeated = ROCKY.replace("<id>", "<id><x></id>");
    assert!(fault(&repeated).contains("line 3"), "{}", fault(&repeated));
}

#[test]
fn addresses_are_those_of_the_release() {
    let machine = std::env::consts::ARCH;
    let locations = |id, version| -> Vec<String> {
        Updateinfo.published(&release(id, version)).into_iter().map(|source| source.location).collect()
    };
    assert_eq!(
        locations("fedora", "43"),
        [format!(
            "https://dl.fedoraproject.org/pub/fedora/linux/updates/43/Everything/{machine}/repodata/repomd.xml"
        )]
    );
    assert_eq!(
        locations("rocky", "9.4")[1],
        format!("https://download.rockylinux.org/pub/rocky/9/AppStream/{machine}/os/repodata/repomd.xml")
    );
    assert_eq!(
        locations("ol", "9.4")[0],
        format!("https://yum.oracle.com/repo/OracleLinux/OL9/baseos/latest/{machine}/repodata/repomd.xml")
    );
    assert!(locations("amzn", "2023").iter().all(|location| location.ends_with("/mirror.list")));
    assert!(locations("rhel", "9.4").is_empty());
    assert!(Updateinfo.covers(&release("rhel", "9.4")) && !Updateinfo.covers(&release("debian", "12")));
}

proptest! {
    #[test]
    fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Updateinfo.parse(&bytes, &release("fedora", "19"));
    }

    #[test]
    fn no_damage_makes_the_parser_panic(at in 0..FEDORA_19.len(), byte in any::<u8>(), cut in any::<bool>()) {
        let mut bytes = FEDORA_19.as_bytes().to_vec();
        bytes[at] = byte;
        bytes.truncate(if cut { at } else { bytes.len() });
        let _ = Updateinfo.parse(&bytes, &release("fedora", "19"));
    }
}
