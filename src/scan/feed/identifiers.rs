//! Identifiers of advisories.

/// Longest identifier that is believed; the longest real ones have about 60 bytes.
const LONGEST: usize = 128;

/// Tells whether a text is an advisory's identifier: a prefix of the vendor, a year and a serial (`ALSA-2026:A009`,
/// `ALAS2KERNEL-5.15-2022-001`, `FEDORA-MODULAR-2024-deafa21e1d`, `CESA_2016__0301`), or a patch name of SUSE, which
/// ends in its serial and need not have a year (`SUSE-SLE-Micro-6.0-187`). SUSE's published tree has had the title of
/// an HTTP error page as an identifier (`SUSE-SU-403 Forbidden-1`), so notices of SUSE must have a year.
pub(super) fn is_advisory(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_:.+".contains(&byte);
    if id.len() > LONGEST
        || !id.starts_with(|first: char| first.is_ascii_alphabetic())
        || !id.bytes().all(plain)
    {
        return false;
    }
    let parts: Vec<&str> = id.split(['-', '_', ':']).filter(|part| !part.is_empty()).collect();
    let has_year = parts.windows(2).skip(1).any(|pair| is_year(pair[0]) && has_digit(pair[1]));
    let is_notice = parts.get(1).is_some_and(|kind| matches!(*kind, "SU" | "RU" | "FU" | "OU"));
    let is_suse = matches!(parts.first(), Some(&("SUSE" | "openSUSE"))) && !is_notice && parts.len() > 2;
    has_year || (is_suse && parts.last().is_some_and(|serial| is_number(serial)))
}

/// Years up to 2199: one of CEFS's is `CESA_2105__X001`, a slip, and an identifier all the same.
fn is_year(part: &str) -> bool {
    part.len() == 4 && is_number(part) && ["19", "20", "21"].iter().any(|century| part.starts_with(century))
}

fn is_number(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
}

fn has_digit(part: &str) -> bool {
    part.bytes().any(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_of_every_vendor_pass_and_pages_do_not() {
        for id in [
            "ALAS-2011-1",
            "ALAS2-2018-939",
            "ALAS2KERNEL-5.15-2022-001",
            "ALAS2023LIVEPATCH-2023-001",
            "ALSA-2022:4940",
            "ALSA-2026:A009",
            "RLSA-2022:1821",
            "RXSA-2023:1234",
            "RHSA-2025:23414",
            "ELSA-2018-1196-1",
            "FEDORA-2013-14429",
            "FEDORA-2025-4a08954c02",
            "FEDORA-EPEL-2018-abe0e978c0",
            "FEDORA-MODULAR-2024-deafa21e1d",
            "CESA_2016__0301",
            "CESA_2105__X001",
            "SUSE-2024-123",
            "SUSE-SLE-Module-Basesystem-15-SP4-2022-1234",
            "SUSE-SLE-Micro-6.0-187",
            "openSUSE-SU-2024:0123-1",
        ] {
            assert!(is_advisory(id), "{id}");
        }
        for id in [
            "",
            "NOT-A-VALID-ADVISORY-ID",
            "Security-Update-ID",
            "SUSE-SU-403 Forbidden-1",
            "SUSE-SU-403",
            "SUSE-SU-403-1",
            "403-2022-1",
            "ALSA-2022",
            "<html>",
            "RHSA-2022:x",
        ] {
            assert!(!is_advisory(id), "{id}");
        }
    }
}
