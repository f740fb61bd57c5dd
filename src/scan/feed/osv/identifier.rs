//! The identifiers of records: their grammar, and which vulnerability or kind of advisory they name.

use std::borrow::Cow;

use super::wire::{Record, Text};
use crate::model::vulnerability::CveId;

/// Longest identifier that is believed, in bytes; the longest real ones have about 30.
const LONGEST: usize = 64;

/// What the part after the prefix of an identifier looks like.
#[derive(Clone, Copy)]
enum Tail {
    /// `2024-12345`: the rest of a CVE.
    Cve,
    /// `5865-1`, `135`: a number, most of them with an edition.
    Number,
    /// `2024:1234`, `2026:A009`: a year and a number. AlmaLinux marks its own with an `A`.
    Year,
    /// `2024:0123-1`: a year, a number and an edition.
    YearEdition,
}

/// The grammars of the vendors' identifiers, by prefix; longer prefixes come first where one begins another. Seen in
/// the real records under test.
const GRAMMARS: &[(&str, Tail)] = &[
    ("CVE-", Tail::Cve),
    ("DEBIAN-CVE-", Tail::Cve),
    ("UBUNTU-CVE-", Tail::Cve),
    ("ALPINE-CVE-", Tail::Cve),
    ("DSA-", Tail::Number),
    ("DLA-", Tail::Number),
    ("DTSA-", Tail::Number),
    ("USN-", Tail::Number),
    ("LSN-", Tail::Number),
    ("ALSA-", Tail::Year),
    ("ALBA-", Tail::Year),
    ("ALEA-", Tail::Year),
    ("RLSA-", Tail::Year),
    ("RLBA-", Tail::Year),
    ("RLEA-", Tail::Year),
    ("RXSA-", Tail::Year),
    ("RHSA-", Tail::Year),
    ("RHBA-", Tail::Year),
    ("RHEA-", Tail::Year),
    ("SUSE-SU-", Tail::YearEdition),
    ("SUSE-RU-", Tail::YearEdition),
    ("SUSE-FU-", Tail::YearEdition),
    ("SUSE-OU-", Tail::YearEdition),
    ("openSUSE-SU-", Tail::YearEdition),
    ("openSUSE-RU-", Tail::YearEdition),
];

/// Advisories about bugs and features. Without a CVE they say nothing about a vulnerability.
const BUG_FIXES: &[&str] = &[
    "ALBA-",
    "ALEA-",
    "RLBA-",
    "RLEA-",
    "RHBA-",
    "RHEA-",
    "SUSE-RU-",
    "SUSE-FU-",
    "SUSE-OU-",
    "openSUSE-RU-",
];

/// Tells whether a text is an identifier: by the vendor's own grammar where it is known, else by the schema's
/// `<DB>-<ENTRYID>`. SUSE once published pages of errors as `SUSE-SU-403 Forbidden-1`.
pub(super) fn is_identifier(id: &str) -> bool {
    if id.len() > LONGEST || !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-:._".contains(&byte)) {
        return false;
    }
    match GRAMMARS.iter().find_map(|(prefix, tail)| Some((id.strip_prefix(prefix)?, *tail))) {
        Some((rest, tail)) => is_tail(rest, tail),
        None => id.split_once('-').is_some_and(|(database, entry)| !database.is_empty() && !entry.is_empty()),
    }
}

fn is_tail(rest: &str, tail: Tail) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_year = |text: &str| text.len() == 4 && is_number(text);
    match tail {
        Tail::Cve => rest.split_once('-').is_some_and(|(year, number)| is_year(year) && is_number(number)),
        Tail::Number => match rest.split_once('-') {
            Some((number, edition)) => is_number(number) && is_number(edition),
            None => is_number(rest),
        },
        Tail::Year => rest.split_once(':').is_some_and(|(year, number)| {
            is_year(year) && is_number(number.strip_prefix('A').unwrap_or(number))
        }),
        Tail::YearEdition => rest.split_once(':').is_some_and(|(year, number)| {
            let parts = number.split_once('-');
            is_year(year) && parts.is_some_and(|(number, edition)| is_number(number) && is_number(edition))
        }),
    }
}

/// Tells whether an advisory is about bugs and features.
pub(super) fn is_bug_fix(id: &str) -> bool {
    BUG_FIXES.iter().any(|prefix| id.starts_with(prefix))
}

/// Returns the vulnerabilities that a record is about. One that is itself about a single CVE may have others beside
/// it in `related`, which are not its subject; an advisory has its CVEs in `upstream`, and in `related` where the
/// vendor writes none there (AlmaLinux, Red Hat, Rocky and Ubuntu until 2025).
pub(super) fn vulnerabilities<'a>(record: &mut Record<'a>) -> Vec<Cow<'a, str>> {
    let mut found = Vec::new();
    add(&mut found, record.id.clone());
    let is_single = !found.is_empty();
    std::mem::take(&mut record.aliases).into_iter().for_each(|name| add(&mut found, name));
    std::mem::take(&mut record.upstream).into_iter().for_each(|name| add(&mut found, name));
    let related = std::mem::take(&mut record.related);
    if !is_single {
        related.into_iter().for_each(|name| add(&mut found, name));
    }
    found
}

/// Adds a name when it is one of a vulnerability: a CVE, with a vendor's prefix or without, or a name that stands
/// where there is no CVE.
pub(super) fn add<'a>(found: &mut Vec<Cow<'a, str>>, name: Text<'a>) {
    let name = without_vendor(name.0);
    let is_other = ["GHSA-", "XSA-"].iter().any(|prefix| name.starts_with(prefix)) && is_identifier(&name);
    if (CveId::parse(&name).is_some() || is_other) && !found.contains(&name) {
        found.push(name);
    }
}

/// Returns `CVE-…` of `DEBIAN-CVE-…`.
fn without_vendor(name: Cow<'_, str>) -> Cow<'_, str> {
    let Some(prefix) = ["DEBIAN-", "UBUNTU-", "ALPINE-"].iter().find(|prefix| name.starts_with(*prefix))
    else {
        return name;
    };
    match name {
        Cow::Borrowed(name) => Cow::Borrowed(&name[prefix.len()..]),
        Cow::Owned(name) => Cow::Owned(name[prefix.len()..].to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vendors_identifiers_follow_their_grammar() {
        for id in [
            "CVE-2024-1234",
            "DEBIAN-CVE-2024-12345",
            "DSA-135",
            "DLA-0010-1",
            "DTSA-1-1",
            "USN-5495-2",
            "ALSA-2026:A009",
            "RXSA-2023:0101",
            "RHSA-2024:8709",
            "SUSE-SU-2015:0011-2",
            "openSUSE-SU-2016:1623-1",
            "GHSA-abcd-efgh-ijkl",
            "CGA-2222-3333-4444",
        ] {
            assert!(is_identifier(id), "{id}");
        }
        for id in [
            "",
            "SUSE-SU-403",
            "SUSE-SU-403 Forbidden-1",
            "SUSE-SU-403Forbidden-1",
            "DSA-5865-1x",
            "CVE-24-1",
            "ALSA-2024-1234",
            "USN-",
            "../../etc/passwd",
        ] {
            assert!(!is_identifier(id), "{id}");
        }
        assert!(!is_identifier(&format!("X-{}", "1".repeat(LONGEST))));
    }

    #[test]
    fn record_about_one_cve_does_not_take_related_ones_for_its_own() {
        let names = |json: &'static str| {
            let mut record: Record<'_> = serde_json::from_str(json).expect("well formed");
            vulnerabilities(&mut record).join(" ")
        };
        let single =
            r#"{"id": "DEBIAN-CVE-2024-0001", "upstream": ["CVE-2024-0001"], "related": ["CVE-2024-0002"]}"#;
        assert_eq!(names(single), "CVE-2024-0001");
        let alma =
            r#"{"id": "ALSA-2024:0001", "related": ["CVE-2024-0001", "CVE-2024-0002"], "aliases": null}"#;
        assert_eq!(names(alma), "CVE-2024-0001 CVE-2024-0002");
        let usn = r#"{"id": "USN-1-1", "upstream": ["CVE-2024-0001", "UBUNTU-CVE-2024-0001"], "related": ["USN-2-1"]}"#;
        assert_eq!(names(usn), "CVE-2024-0001");
        let other = r#"{"id": "CGA-2222-3333-4444", "aliases": ["GHSA-abcd-efgh-ijkl", "CGA-x"]}"#;
        assert_eq!(names(other), "GHSA-abcd-efgh-ijkl");
    }
}
