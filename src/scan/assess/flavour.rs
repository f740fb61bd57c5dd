//! Builds of one package in several flavours, whose versions say nothing about one another.
//!
//! Oracle builds some packages three times: as usual, for its in-memory patching (`2:1.1.1g-15.ksplice1.el8_3`, often
//! with a raised epoch) and for certified cryptography (`10:3.6.16-4.0.1.el8_fips`). Each has advisories of its own.
//! The vendor's rule is to compare within the installed flavour only (aquasecurity/trivy issue 1967).

/// The flavour of a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Flavour {
    /// The usual build.
    Usual,
    /// Built for Ksplice. The number behind the word counts builds and is no flavour (aquasecurity/trivy-db issue
    /// 221).
    Ksplice,
    /// Built for certified cryptography.
    Fips,
}

/// Returns the flavour that a version of an rpm tells: by a part of its release that is `ksplice` with a number, or
/// that ends in `_fips`.
pub fn flavour(version: &str) -> Flavour {
    let release = version.rsplit_once('-').map_or(version, |(_, release)| release);
    for part in release.split('.') {
        let number = part.strip_prefix("ksplice");
        if number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit())) {
            return Flavour::Ksplice;
        }
        if part.ends_with("_fips") {
            return Flavour::Fips;
        }
    }
    Flavour::Usual
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first four are out of Oracle's OVAL: ELSA-2021-9151 (ksplice), ELSA-2022-4803 (by architecture), a kernel
    /// of its own line and a module.
    #[test]
    fn trivy_1967_vuls_1227_versions_tell_their_flavour() {
        for (version, expected) in [
            ("2:1.1.1g-15.ksplice1.el8_3", Flavour::Ksplice),
            ("0:8.24.0-57.0.4.el7_9.3", Flavour::Usual),
            ("0:4.14.35-1902.6.6.el7uek", Flavour::Usual),
            ("0:1.3.18-21.module+el8.7.0+21037+8ee66348", Flavour::Usual),
            ("10:3.6.16-4.0.1.el8_fips", Flavour::Fips),
            ("10:1.1.1k-6.el8_5_fips", Flavour::Fips),
            ("2:2.17-157.ksplice1.el7_3.4", Flavour::Ksplice),
            ("2:2.17-326.0.9.ksplice2.el7_9", Flavour::Ksplice),
            ("1.0-1.ksplicetools.el8", Flavour::Usual),
            ("ksplice1", Flavour::Ksplice),
            ("", Flavour::Usual),
        ] {
            assert_eq!(flavour(version), expected, "{version}");
        }
    }
}
