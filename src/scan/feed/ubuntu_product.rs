//! Packages as Ubuntu names them in its records: `pkg:deb/ubuntu/NAME@VERSION?arch=source&distro=CHANNEL/RELEASE`
//! (<https://documentation.ubuntu.com/security/security-updates/osv/>).

/// A package of one release, in the archive or in a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UbuntuProduct<'a> {
    pub(super) name: &'a str,
    pub(super) version: Option<&'a str>,
    /// `source`, or the architecture of a binary package.
    pub(super) architecture: &'a str,
    /// `jammy`; records of early 2025 leave it out for binary packages.
    pub(super) release: Option<&'a str>,
    /// `esm-apps`, `fips` …; none for the archive.
    pub(super) channel: Option<&'a str>,
}

impl<'a> UbuntuProduct<'a> {
    /// Reads a package URL; none for what is no package of Ubuntu.
    pub(super) fn parse(purl: &'a str) -> Option<Self> {
        let rest = purl.strip_prefix("pkg:deb/ubuntu/")?;
        let (package, qualifiers) = rest.split_once('?').unwrap_or((rest, ""));
        let (name, version) = match package.split_once('@') {
            Some((name, version)) => (name, Some(version)),
            None => (package, None),
        };
        let qualifier = |key: &str| {
            let mut pairs = qualifiers.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|pair| pair.0 == key).map(|pair| pair.1)
        };
        let (channel, release) = match qualifier("distro").map(|distro| (distro, distro.split_once('/'))) {
            None => (None, None),
            Some((release, None)) => (None, Some(release)),
            // The oldest spelling has the two the other way round.
            Some((_, Some((release, "esm")))) => (Some("esm"), Some(release)),
            Some((_, Some((channel, release)))) => (Some(channel), Some(release)),
        };
        let architecture = qualifier("arch").unwrap_or_default();
        (!name.is_empty()).then_some(Self { name, version, architecture, release, channel })
    }
}

/// Tells whether a channel rebuilds the archive's packages with fixes. FIPS, real-time and other lines are builds of
/// their own, and say nothing about others (anchore/grype issue 3544).
pub(super) fn is_esm(channel: &str) -> bool {
    channel.starts_with("esm")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_urls_of_every_time_are_read() {
        for (purl, release, channel) in [
            (
                "pkg:deb/ubuntu/p@1:2-3+esm1?arch=source&distro=esm-apps/jammy",
                Some("jammy"),
                Some("esm-apps"),
            ),
            ("pkg:deb/ubuntu/p@1:2-3+esm1?arch=source&distro=trusty/esm", Some("trusty"), Some("esm")),
            ("pkg:deb/ubuntu/p@1:2-3+esm1?arch=source&distro=noble", Some("noble"), None),
            ("pkg:deb/ubuntu/p@1:2-3+esm1?arch=source", None, None),
        ] {
            let product = UbuntuProduct::parse(purl).expect(purl);
            assert_eq!(
                (product.name, product.version, product.architecture),
                ("p", Some("1:2-3+esm1"), "source")
            );
            assert_eq!((product.release, product.channel), (release, channel), "{purl}");
        }
        assert_eq!(UbuntuProduct::parse("pkg:deb/ubuntu/p").map(|product| product.version), Some(None));
        for purl in ["", "pkg:deb/debian/p@1", "pkg:deb/ubuntu/", "pkg:deb/ubuntu/@1?arch=source"] {
            assert_eq!(UbuntuProduct::parse(purl), None, "{purl}");
        }
    }
}
