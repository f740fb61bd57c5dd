//! Every version order against the facts of its package manager's own tests.

use std::cmp::Ordering;
use std::fs;
use std::path::{Path, PathBuf};

use patchctl::model::version::{VersionScheme, apk, compare_text, rpm};
use proptest::prelude::*;

/// The folder of captures on machines that have them.
pub fn shared() -> PathBuf {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    std::env::var_os("PATCHCTL_TEST_SHARED").map_or(beside, PathBuf::from)
}

fn table(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/version-tables");
    fs::read_to_string(folder.join(name)).unwrap()
}

/// The rows of a table: left, operator, right.
fn rows(text: &str) -> Vec<(&str, &str, &str)> {
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| {
            let mut parts = line.split('\t');
            (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap())
        })
        .collect()
}

fn wanted(operator: &str) -> Ordering {
    match operator {
        "<" => Ordering::Less,
        "=" => Ordering::Equal,
        ">" => Ordering::Greater,
        other => panic!("no operator: {other:?}"),
    }
}

/// Checks every row both ways; returns how many rows there are, and those where a version is outside the order.
fn check(scheme: VersionScheme, name: &str, text: &str) -> (usize, usize) {
    let rows = rows(text);
    let mut outside = 0;
    for (left, operator, right) in &rows {
        let order = compare_text(scheme, left, right);
        let is_known = |text: &str| scheme != VersionScheme::Apk || apk::is_valid(text);
        if !is_known(left) || !is_known(right) {
            assert_eq!(order, None, "{name}: {left} {right}");
            outside += 1;
            continue;
        }
        let wanted = wanted(operator);
        assert_eq!(order, Some(wanted), "{name}: {left} {operator} {right}");
        assert_eq!(compare_text(scheme, right, left), Some(wanted.reverse()), "{name}: {right} and {left}");
    }
    (rows.len(), outside)
}

#[test]
fn orders_agree_with_every_row_of_the_tables() {
    use VersionScheme::{Alpm, Apk, Deb, Rpm};
    for (scheme, name, count) in [
        (Deb, "dpkg-upstream.tsv", (21, 0)),
        (Deb, "dpkg-osv.tsv", (13, 0)),
        (Deb, "dpkg-suffixes.tsv", (612, 0)),
        (Rpm, "rpm-vercmp.tsv", (45, 0)),
        (Rpm, "rpm-osv.tsv", (81, 0)),
        (Apk, "apk-upstream.tsv", (358, 1)),
        (Apk, "apk-osv.tsv", (378, 23)),
        (Alpm, "pacman-vercmp.tsv", (810, 0)),
    ] {
        assert_eq!(check(scheme, name, &table(name)), count, "{name}: rows, and rows without an order");
    }
}

#[test]
fn orders_agree_with_the_big_tables() {
    for (scheme, name, count) in [
        (VersionScheme::Deb, "dpkg-debian-archive.tsv.zst", (7_221, 0)),
        (VersionScheme::Apk, "apk-alpine-secdb.tsv.zst", (6_989, 25)),
    ] {
        let path = shared().join("version-tables").join(name);
        let Ok(packed) = fs::read(&path) else {
            println!("not run: {} is not here", path.display());
            continue;
        };
        let text = String::from_utf8(zstd::decode_all(&packed[..]).unwrap()).unwrap();
        assert_eq!(check(scheme, name, &text), count, "{name}: rows, and rows without an order");
    }
}

/// Cuts `[name-]version[-release][.architecture]`, of which the tables write any part or none.
fn nevra(text: &str) -> (Option<&str>, &str, Option<&str>) {
    if let Some(parsed) = rpm::Nevra::parse(text) {
        let start = parsed.name.len() + 1;
        let end = text.len() - parsed.architecture.len() - 1;
        return (Some(parsed.name), &text[start..end], Some(parsed.architecture));
    }
    match text.rsplit_once('.') {
        Some((rest, architecture)) => (None, rest, Some(architecture)),
        None if text.matches('-').count() == 2 => {
            let (name, rest) = text.split_once('-').unwrap();
            (Some(name), rest, None)
        }
        None => (None, text, None),
    }
}

#[test]
fn names_of_rpm_packages_are_cut_as_others_cut_them() {
    let text = table("rpm-evr.tsv");
    let rows = rows(&text);
    assert_eq!(rows.len(), 6);
    for (left, operator, right) in rows {
        let (a, b) = (nevra(left), nevra(right));
        let order = a.0.cmp(&b.0).then_with(|| rpm::compare(a.1, b.1)).then_with(|| a.2.cmp(&b.2));
        assert_eq!(order, wanted(operator), "{left} {operator} {right}");
    }
}

#[test]
fn apk_accepts_the_versions_that_apk_accepts() {
    let (valid, invalid) = (table("apk-valid.txt"), table("apk-invalid.txt"));
    assert_eq!((valid.lines().count(), invalid.lines().count()), (6, 24));
    for version in valid.lines() {
        assert!(apk::is_valid(version), "{version}");
    }
    for version in invalid.lines() {
        assert!(!apk::is_valid(version), "{version}");
        assert_eq!(apk::compare(version, version), None, "{version}");
    }
}

#[test]
fn apk_pins_reach_as_far_as_they_are_written() {
    let text = table("apk-fuzzy.tsv");
    let rows = rows(&text);
    assert_eq!(rows.len(), 8);
    for (version, operator, pin) in rows {
        let order = apk::compare_within(version, pin).unwrap();
        let holds = match operator {
            "~" => apk::is_within(version, pin),
            "!~" => !apk::is_within(version, pin),
            "<~" => order.is_le(),
            ">~" => order.is_ge(),
            other => panic!("no operator: {other:?}"),
        };
        assert!(holds, "{version} {operator} {pin}");
    }
}

/// Texts of the characters that decide an order; the shorter ones meet each other often.
fn texts(scheme: VersionScheme) -> BoxedStrategy<String> {
    match scheme {
        VersionScheme::Deb => "[0-2a-b~+.:-]{0,6}".boxed(),
        VersionScheme::Rpm => "[0-2a-bA~^._:-]{0,6}".boxed(),
        VersionScheme::Apk => {
            "(0|1|01|2)(\\.(0|1|01|10)){0,2}[a-b]?(_(alpha|rc|git|p)[0-2]?){0,2}(~[a-b0])?(-r[0-2])?".boxed()
        }
        // As makepkg writes them: the relation is no order on anything else (see the module).
        VersionScheme::Alpm => {
            "([0-1]:)?([0-2]|[ab])([._+]{0,2}([0-2]{1,2}|[ab]{1,2})){0,3}-[0-2](\\.[1-2])?".boxed()
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn each_order_is_total(
        triples in VersionScheme::ALL.map(|scheme| [texts(scheme), texts(scheme), texts(scheme)])
    ) {
        for (scheme, [a, b, c]) in VersionScheme::ALL.into_iter().zip(triples) {
            let order = |left: &str, right: &str| compare_text(scheme, left, right).unwrap();
            prop_assert_eq!(order(&a, &a), Ordering::Equal, "{}", &a);
            prop_assert_eq!(order(&a, &b), order(&b, &a).reverse(), "{} {}", &a, &b);
            let mut sorted = [&a, &b, &c];
            // Three by hand: a sort would trust what is to be shown.
            if order(sorted[0], sorted[1]).is_gt() { sorted.swap(0, 1); }
            if order(sorted[1], sorted[2]).is_gt() { sorted.swap(1, 2); }
            if order(sorted[0], sorted[1]).is_gt() { sorted.swap(0, 1); }
            let [first, second, third] = sorted;
            let whole = order(first, second).then(order(second, third));
            prop_assert_eq!(order(first, third), whole, "{} {} {}", first, second, third);
        }
    }

    #[test]
    fn no_text_panics(left in "\\PC{0,12}", right in "\\PC{0,12}") {
        for scheme in VersionScheme::ALL {
            let forth = compare_text(scheme, &left, &right);
            prop_assert_eq!(forth, compare_text(scheme, &right, &left).map(Ordering::reverse));
        }
    }
}
