//! Tests of the reader of dpkg's database, on stanzas and on the captured files of `tests/fixtures/dpkg`.

use std::path::Path;

use super::*;
use crate::host::storage;

fn fixture(name: &str) -> Result<Vec<InstalledPackage>, RecordError> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/dpkg").join(name);
    parse(&storage::read(&path).expect("the fixture is there"), name)
}

fn stanza(lines: &str) -> Result<InstalledPackage, RecordError> {
    let text = format!("Package: foo\nArchitecture: amd64\n{lines}\n\n");
    parse(text.as_bytes(), "status").map(|mut all| all.remove(0))
}

#[test]
fn every_state_with_files_on_disk_counts() {
    let states = ["half-installed", "unpacked", "half-configured", "triggers-awaited", "triggers-pending"];
    for state in states {
        let package = stanza(&format!("Status: install reinstreq {state}\nVersion: 1")).expect("well formed");
        assert!(package.reinstall_required && !package.state.is_clean(), "{state}");
    }
    let text = "Package: foo\nStatus: deinstall ok config-files\n\nPackage: bar\nStatus: unknown ok not-installed\n\n";
    assert_eq!(parse(text.as_bytes(), "status"), Ok(Vec::new()));
}

#[test]
fn flags_are_read() {
    let package = stanza(
        "Status: hold ok installed\nVersion: 1\nProtected: yes\nMulti-Arch: same\nInstalled-Size: 42\nDescription: \u{e9}",
    )
    .expect("well formed");
    assert!(package.hold && package.essential && package.multi_arch_same);
    assert_eq!(package.installed_size_kib, 42);
}

#[test]
fn source_version_is_the_stated_one_or_the_binary_one_without_rebuild() {
    let of = |source: &str, version: &str| {
        let lines = format!("Status: install ok installed\n{source}Version: {version}");
        let source = stanza(&lines).expect("well formed").source;
        (source.name.to_string(), source.version.to_string())
    };
    let pair = |name: &str, version: &str| (name.to_owned(), version.to_owned());
    assert_eq!(of("Source: bar (2:1-1)\n", "3"), pair("bar", "2:1-1"));
    assert_eq!(of("Source: bar\n", "1-1+b2"), pair("bar", "1-1"));
    assert_eq!(of("", "1-1+deb12u1"), pair("foo", "1-1+deb12u1"));
}

#[test]
fn mistakes_name_line_and_field() {
    let installed = "Status: install ok installed\nVersion: 1";
    let cases = [
        ("Status: install ok installed", 1, "no Version"),
        ("Version: 1", 1, "no Status"),
        (&format!("{installed}\n\n{installed}"), 6, "no Package"),
        ("Status: install ok\nVersion: 1", 3, "Status is not valid"),
        ("Status: install ok asleep\nVersion: 1", 3, "Status is not valid"),
        ("Status: install ok installed\nVersion: a b", 4, "Version is not valid"),
        (&format!("{installed}\nSource: (1)"), 5, "Source is not valid"),
        (&format!("{installed}\nSource: bar (1"), 5, "Source is not valid"),
        (&format!("{installed}\nVersion: 1"), 5, "Version stands twice"),
        (&format!("{installed}\nno field"), 5, "no field"),
        (&format!("{installed}\n\n {installed}"), 6, "no field"),
        (&format!("{installed}\n\nPackage: foo\nArchitecture: amd64\n{installed}"), 6, "a second time"),
    ];
    for (lines, line, problem) in cases {
        let error = stanza(lines).expect_err(lines);
        assert_eq!(error.line, line, "{error}");
        assert!(error.to_string().contains(problem), "{error}");
    }
}

#[test]
fn bytes_that_are_no_text_matter_only_where_they_are_used() {
    let head = b"Package: foo\nArchitecture: amd64\nStatus: install ok installed\n";
    let unused = [&head[..], b"Version: 1\nDescription: \xff\xfe\n \xff\n\n"].concat();
    assert_eq!(parse(&unused, "status").map(|all| all.len()), Ok(1));
    let used = [&head[..], b"Version: \xff\n\n"].concat();
    let error = parse(&used, "status").expect_err("the version is no text");
    assert_eq!((error.line, error.problem), (4, RecordProblem::NotUtf8("Version")));
}

#[test]
fn file_cut_anywhere_inside_a_line_is_refused() {
    let text = b"Package: foo\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.25\n";
    for end in 1..text.len() {
        let cut = parse(&text[..end], "status");
        assert!(cut.is_err(), "{end} bytes gave {cut:?}");
    }
    assert!(parse(text, "status").is_ok());
}

#[test]
fn captured_files_are_read() {
    let counts = [
        ("single", 1),
        ("trailingnewlines", 1),
        ("transitional", 1),
        ("valid", 7),
        ("deinstall", 1),
        ("installed-size-4KB", 1),
        ("empty", 0),
    ];
    for (name, count) in counts {
        assert_eq!(fixture(name).map(|all| all.len()), Ok(count), "{name}");
    }
}

#[test]
fn captured_broken_files_are_refused_with_their_line() {
    let reasons = [
        ("invalid", 1, "no field"),
        ("nopackage", 1, "no Architecture"),
        ("noversion", 1, "no Architecture"),
        ("statusfield", 1, "no Architecture"),
        ("corrupt", 5, "no field"),
        ("doc-examples", 1, "no Status"),
        ("libpam-runtime", 15, "no Status"),
    ];
    for (name, line, reason) in reasons {
        let error = fixture(name).expect_err(name);
        assert_eq!(error.line, line, "{error}");
        assert!(error.to_string().contains(reason), "{error}");
    }
}

#[test]
fn control_file_of_an_image_needs_no_status_and_no_last_newline() {
    let text = b"Package: base-files\nArchitecture: amd64\nVersion: 12.4+deb12u11";
    assert_eq!(parse_fragment(text, "status.d/base").map(|all| all.len()), Ok(1));
    assert_eq!(parse(text, "status").map_err(|error| error.problem), Err(RecordProblem::Truncated));
}

proptest::proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
        let _ = parse(&bytes, "status");
        let _ = parse_fragment(&bytes, "status.d/x");
    }

    #[test]
    fn no_almost_right_stanza_panics(text in "(Package: [a-z(]{0,3}\n|Version: .{0,4}\n|Source: [a-z]{0,3} ?\\(?[0-9]?\\)?\n|Status: (install|ok|installed| ){0,5}\n|Architecture: [a-z]{0,3}\n|\n| x\n){0,12}") {
        let _ = parse(text.as_bytes(), "status");
    }
}
