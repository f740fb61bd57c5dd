//! How long vendors support their releases.

use chrono::NaiveDate;

/// Last day of security support that costs nothing extra (LTS included), by distribution and release.
///
/// A release is a codename, or a `VERSION_ID` with everything that follows a dot after it (`8` is 8.9 too).
/// A release that is not listed, rolling ones among them, has an unknown end, which is shown as unknown.
///
/// Read in 2026-11; where vendors change their plans, so must this table:
/// Debian <https://wiki.debian.org/LTS>; Ubuntu <https://ubuntu.com/about/release-cycle>;
/// Red Hat <https://access.redhat.com/support/policy/updates/errata>; AlmaLinux <https://wiki.almalinux.org/release-notes/>;
/// Rocky <https://wiki.rockylinux.org/rocky/version/>; CentOS <https://www.centos.org/cl-vs-cs/> (8: the later of the two
/// that call themselves so); Fedora <https://docs.fedoraproject.org/en-US/releases/eol/>;
/// Oracle <https://www.oracle.com/a/ocom/docs/elsp-lifetime-069338.pdf> (premier support);
/// Amazon <https://aws.amazon.com/amazon-linux-2/faqs/> and <https://docs.aws.amazon.com/linux/al2023/ug/release-cadence.html>;
/// openSUSE <https://en.opensuse.org/Lifetime>; SUSE <https://www.suse.com/lifecycle> (general support);
/// Alpine <https://alpinelinux.org/releases/>. All but Debian's and Ubuntu's as <https://endoflife.date> collects them.
const ROWS: &[(&str, &str, (i32, u32, u32))] = &[
    ("debian", "stretch", (2022, 6, 30)),
    ("debian", "buster", (2024, 6, 30)),
    ("debian", "bullseye", (2026, 8, 31)),
    ("debian", "bookworm", (2028, 6, 30)),
    ("debian", "trixie", (2030, 6, 30)),
    ("ubuntu", "xenial", (2021, 4, 30)),
    ("ubuntu", "bionic", (2023, 5, 31)),
    ("ubuntu", "focal", (2025, 5, 31)),
    ("ubuntu", "jammy", (2027, 6, 1)),
    ("ubuntu", "noble", (2029, 5, 31)),
    ("ubuntu", "resolute", (2031, 4, 30)),
    ("rhel", "6", (2020, 11, 30)),
    ("rhel", "7", (2024, 6, 30)),
    ("rhel", "8", (2029, 5, 31)),
    ("rhel", "9", (2032, 5, 31)),
    ("rhel", "10", (2035, 5, 31)),
    ("almalinux", "8", (2029, 5, 31)),
    ("almalinux", "9", (2032, 5, 31)),
    ("almalinux", "10", (2035, 5, 31)),
    ("rocky", "8", (2029, 5, 31)),
    ("rocky", "9", (2032, 5, 31)),
    ("rocky", "10", (2035, 5, 31)),
    ("centos", "6", (2020, 11, 30)),
    ("centos", "7", (2024, 6, 30)),
    ("centos", "8", (2024, 5, 31)),
    ("centos", "9", (2027, 5, 31)),
    ("centos", "10", (2030, 5, 31)),
    ("ol", "6", (2021, 3, 31)),
    ("ol", "7", (2024, 12, 31)),
    ("ol", "8", (2029, 7, 31)),
    ("ol", "9", (2032, 6, 30)),
    ("fedora", "37", (2023, 12, 5)),
    ("fedora", "38", (2024, 5, 21)),
    ("fedora", "39", (2024, 11, 26)),
    ("fedora", "40", (2025, 5, 13)),
    ("fedora", "41", (2025, 12, 15)),
    ("fedora", "42", (2026, 5, 27)),
    ("fedora", "43", (2026, 12, 9)),
    ("fedora", "44", (2027, 6, 2)),
    ("amzn", "2018", (2023, 12, 31)),
    ("amzn", "2", (2026, 6, 30)),
    ("amzn", "2023", (2029, 6, 30)),
    ("opensuse-leap", "15.3", (2022, 12, 31)),
    ("opensuse-leap", "15.4", (2023, 12, 7)),
    ("opensuse-leap", "15.5", (2024, 12, 31)),
    ("opensuse-leap", "15.6", (2026, 4, 30)),
    ("opensuse-leap", "16.0", (2027, 10, 31)),
    ("sles", "12.5", (2024, 10, 31)),
    ("sles", "15.3", (2022, 12, 31)),
    ("sles", "15.4", (2023, 12, 31)),
    ("sles", "15.5", (2024, 12, 31)),
    ("sles", "15.6", (2025, 12, 31)),
    ("sles", "15.7", (2031, 7, 31)),
    ("sles", "16.0", (2027, 11, 30)),
    ("alpine", "3.14", (2023, 5, 1)),
    ("alpine", "3.15", (2023, 11, 1)),
    ("alpine", "3.16", (2024, 5, 23)),
    ("alpine", "3.17", (2024, 11, 22)),
    ("alpine", "3.18", (2025, 5, 9)),
    ("alpine", "3.19", (2025, 11, 1)),
    ("alpine", "3.20", (2026, 4, 1)),
    ("alpine", "3.21", (2026, 11, 1)),
    ("alpine", "3.22", (2027, 5, 1)),
    ("alpine", "3.23", (2027, 11, 1)),
    ("alpine", "3.24", (2028, 6, 1)),
];

/// Returns the last day of the vendor's free security support of a release, where it is known.
pub fn end_of_support(id: &str, version: &str, codename: &str) -> Option<NaiveDate> {
    let is_of = |release: &str| {
        release == codename
            || version.strip_prefix(release).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let (_, _, (year, month, day)) = ROWS.iter().find(|row| row.0 == id && is_of(row.1))?;
    NaiveDate::from_ymd_opt(*year, *month, *day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_known_by_codename_or_number() {
        let of = |id, version, codename| end_of_support(id, version, codename).map(|date| date.to_string());
        assert_eq!(of("debian", "12", "bookworm").as_deref(), Some("2028-06-30"));
        assert_eq!(of("rocky", "8.9", "").as_deref(), Some("2029-05-31"));
        assert_eq!(of("alpine", "3.19.1", "").as_deref(), Some("2025-11-01"));
        assert_eq!(of("amzn", "2", "").as_deref(), Some("2026-06-30"));
        assert_eq!(of("amzn", "2023", "").as_deref(), Some("2029-06-30"));
        for unknown in [("arch", "", ""), ("alpine", "3.1", ""), ("rhel", "80", ""), ("debian", "", "")] {
            assert_eq!(of(unknown.0, unknown.1, unknown.2), None, "{unknown:?}");
        }
    }

    #[test]
    fn every_row_is_a_day() {
        for (id, release, (year, month, day)) in ROWS {
            assert!(NaiveDate::from_ymd_opt(*year, *month, *day).is_some(), "{id} {release}");
        }
    }
}
