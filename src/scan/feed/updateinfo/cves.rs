//! CVEs in the titles of bugs and in descriptions, where Fedora alone has them.

use crate::model::vulnerability::CveId;

/// Words that stand before the first CVE in titles and lines of descriptions of Fedora's updates.
const LEAD: [&str; 13] = [
    "-",
    "*",
    "•",
    "security",
    "fix",
    "fixes",
    "fixed",
    "for",
    "patch",
    "resolves",
    "addresses",
    "triage",
    "embargoed",
];

/// Returns the CVEs at the beginning of a title or a line. Those that follow later are mentioned only: "improper
/// patching of CVE-2012-5617" is not about that one. The name of the component may stand before (`httpd: CVE-…`).
pub(super) fn leading_cves(line: &str) -> impl Iterator<Item = &str> {
    let bare = |word: &str| -> bool {
        LEAD.iter().any(|lead| lead.eq_ignore_ascii_case(word))
            || (word.ends_with(':') && cve(word).is_none())
    };
    line.split_ascii_whitespace().skip_while(move |word| bare(word)).map_while(cve)
}

/// Returns the CVE that a word is, with the marks around it taken off.
fn cve(word: &str) -> Option<&str> {
    let bare = word.trim_matches(|mark: char| !mark.is_ascii_alphanumeric());
    CveId::parse(bare).map(|_| bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn synapse_ce_1019_only_the_leading_run_counts() {
        for (line, expected) in [
            (
                "CVE-2012-4502 CVE-2012-4503 chrony: Two security flaws",
                &["CVE-2012-4502", "CVE-2012-4503"][..],
            ),
            ("CVE-2013-4161 gksu-polkit: improper patching of CVE-2012-5617", &["CVE-2013-4161"]),
            ("CVE-2013-1432 kernel: due to XSA-45/CVE-2013-1918 fixes [fedora-all]", &["CVE-2013-1432"]),
            ("TRIAGE CVE-2024-24990 nginx:mainline/nginx: Use-after-free in HTTP/3", &["CVE-2024-24990"]),
            ("httpd: CVE-2013-1896 httpd: mod_dav crash", &["CVE-2013-1896"]),
            ("VUL-0: CVE-2024-0002: elemental: words", &["CVE-2024-0002"]),
            ("* CVE-2013-2191: Add SSL host and cert validation", &["CVE-2013-2191"]),
            (
                "Security fix for CVE-2018-1000001, CVE-2018-1000002.",
                &["CVE-2018-1000001", "CVE-2018-1000002"],
            ),
            ("python: regression of the fix for CVE-2022-0001", &[]),
            ("CVE-2022-1 too short", &[]),
            ("", &[]),
        ] {
            assert_eq!(leading_cves(line).collect::<Vec<_>>(), expected, "{line}");
        }
    }
}
