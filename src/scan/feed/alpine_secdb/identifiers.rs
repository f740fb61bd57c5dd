//! The entries of the database: one or several identifiers, at times with a remark.

use crate::model::vulnerability::CveId;
use crate::scan::feed::content::is_word;

/// Makers of identifiers other than CVE that the database names, before their digits and hyphens.
const MAKERS: [&str; 12] = [
    "XSA-",       // Xen
    "ZBX-",       // Zabbix
    "TALOS-",     // Cisco Talos
    "wnpa-sec-",  // Wireshark
    "ALPINE-",    // Alpine's own bugs
    "GNUTLS-SA-", // GnuTLS
    "RUSTSEC-",   // RustSec
    "GO-",        // Go
    "VSV",        // Varnish
    "MFSA-",      // Mozilla
    "TEMP-",      // Debian, before a CVE exists
    "ZDI-",       // Zero Day Initiative
];

/// The identifiers of an entry.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Identifiers<'e> {
    /// CVE identifiers.
    pub(super) cves: Vec<&'e str>,
    /// Identifiers of other makers.
    pub(super) others: Vec<&'e str>,
    /// The first word that is neither, outside brackets.
    pub(super) unknown: Option<&'e str>,
}

/// Takes an entry apart: `CVE-2016-10013 XSA-204`, `CVE-2018-14879 (tcpdump -V)`. What stands in brackets at its end
/// is a remark.
pub(super) fn identifiers(entry: &str) -> Identifiers<'_> {
    let named = entry.split_once('(').map_or(entry, |(before, _)| before);
    let mut found = Identifiers::default();
    for word in named.split_ascii_whitespace() {
        if CveId::parse(word).is_some() {
            found.cves.push(word);
        } else if is_other(word) {
            found.others.push(word);
        } else if found.unknown.is_none() {
            found.unknown = Some(word);
        }
    }
    found
}

fn is_other(word: &str) -> bool {
    let numbers = |rest: &str| {
        rest.bytes().any(|byte| byte.is_ascii_digit())
            && rest.bytes().all(|b| b.is_ascii_digit() || b == b'-')
    };
    is_word(word)
        && (is_github(word) || MAKERS.iter().any(|maker| word.strip_prefix(maker).is_some_and(numbers)))
}

/// `GHSA-xxxx-xxxx-xxxx`
fn is_github(word: &str) -> bool {
    let Some(rest) = word.strip_prefix("GHSA-") else { return false };
    let is_part = |part: &str| part.len() == 4 && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    rest.split('-').count() == 3 && rest.split('-').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_names_and_remarks_in_an_entry_are_taken_apart() {
        for (entry, cves, others, unknown) in [
            ("CVE-2016-9401", vec!["CVE-2016-9401"], vec![], None),
            ("CVE-2016-10013  XSA-204", vec!["CVE-2016-10013"], vec!["XSA-204"], None),
            ("CVE-2017-1000 CVE-2017-1001", vec!["CVE-2017-1000", "CVE-2017-1001"], vec![], None),
            ("CVE-2018-14879 (tcpdump -V)", vec!["CVE-2018-14879"], vec![], None),
            ("CVE-????-????? XSA-216", vec![], vec!["XSA-216"], Some("CVE-????-?????")),
            ("CVE_2019-2426", vec![], vec![], Some("CVE_2019-2426")),
            ("CVE-2017-17434-2", vec![], vec![], Some("CVE-2017-17434-2")),
            ("CVE-2017-8073.patch", vec![], vec![], Some("CVE-2017-8073.patch")),
            ("TALOS-2017-0499", vec![], vec!["TALOS-2017-0499"], None),
            ("wnpa-sec-2017-19", vec![], vec!["wnpa-sec-2017-19"], None),
            ("VSV00003 GHSA-abcd-ef01-2345", vec![], vec!["VSV00003", "GHSA-abcd-ef01-2345"], None),
        ] {
            assert_eq!(identifiers(entry), Identifiers { cves, others, unknown }, "{entry}");
        }
    }
}
