//! Which records speak about which release: OSV's name of an ecosystem against `/etc/os-release`.
//!
//! | ecosystem | release | names are of |
//! |---|---|---|
//! | `Debian:12` | id `debian`, version `12` | sources |
//! | `Ubuntu:22.04:LTS`, `Ubuntu:25.10` | id `ubuntu`, that version | sources |
//! | `Ubuntu:Pro:22.04:LTS`, `Ubuntu:Pro:FIPS-updates:22.04:LTS` | the same, and the channel of the purl | sources |
//! | `AlmaLinux:9` | id `almalinux`, major version `9` | binaries |
//! | `Rocky Linux:9` | id `rocky`, major version `9` | sources |
//! | `Red Hat:enterprise_linux:9::baseos` | id `rhel`, major version `9` | binaries |
//! | `Red Hat:rhel_eus:9.2::baseos` | id `rhel`, major version `9`; the channel is the words after `Red Hat:` | binaries |
//! | `Alpine:v3.20` | id `alpine`, branch `3.20` | origins |
//! | `Wolfi`, `Chainguard` | id `wolfi`, `chainguard` | origins |
//! | `openSUSE:Leap 15.6`, `openSUSE:Tumbleweed` | id `opensuse-leap`, `opensuse-tumbleweed` | binaries |
//! | `SUSE:Linux Enterprise Server 15 SP6` | id `sles` and kin, version `15.6`; the channel is the product | binaries |
//!
//! A name is taken whole or not at all: a statement about another release, or one that nobody knows, says nothing
//! about this one. Sources: the schema's list of ecosystems (<https://ossf.github.io/osv-schema/#affectedpackage-field>),
//! Ubuntu's page (<https://ubuntu.com/security/osv>), and the real records under test.

use std::borrow::Cow;

use super::wire::Package;
use crate::model::advisory::Subject;
use crate::model::distro::Distribution;
use crate::model::version::VersionScheme;
use crate::scan::feed::ubuntu_product::UbuntuProduct;

/// The family of a distribution that OSV speaks about: how versions are ordered, and which names its records use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Family {
    pub(super) scheme: VersionScheme,
    pub(super) subject: Subject,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Debian,
    Ubuntu,
    Alma,
    Rocky,
    RedHat,
    Alpine,
    Wolfi,
    Chainguard,
    Leap,
    Tumbleweed,
    Suse,
}

/// To which part of the release a statement belongs; none where it holds for the whole release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place<'a> {
    pub(super) channel: Option<Cow<'a, str>>,
    /// It is about what Ubuntu Pro brings.
    pub(super) is_pro: bool,
}

impl Place<'_> {
    const WHOLE: Self = Self { channel: None, is_pro: false };
}

impl Family {
    /// Returns the family of a distribution; none where OSV has no records for it.
    pub(super) fn of(distribution: &Distribution) -> Option<Self> {
        use {Kind as K, Subject as S, VersionScheme as V};
        let (kind, scheme, subject) = match distribution.id.as_str() {
            "debian" => (K::Debian, V::Deb, S::Source),
            "ubuntu" => (K::Ubuntu, V::Deb, S::Source),
            "almalinux" => (K::Alma, V::Rpm, S::Binary),
            "rocky" => (K::Rocky, V::Rpm, S::Source),
            "rhel" => (K::RedHat, V::Rpm, S::Binary),
            "alpine" => (K::Alpine, V::Apk, S::Source),
            "wolfi" => (K::Wolfi, V::Apk, S::Source),
            "chainguard" => (K::Chainguard, V::Apk, S::Source),
            "opensuse-leap" => (K::Leap, V::Rpm, S::Binary),
            "opensuse-tumbleweed" => (K::Tumbleweed, V::Rpm, S::Binary),
            "sles" | "sles_sap" | "sled" | "sle_hpc" | "suse-microos" | "sle-micro" | "sl-micro" => {
                (K::Suse, V::Rpm, S::Binary)
            }
            _ => return None,
        };
        Some(Self { scheme, subject, kind })
    }

    /// Returns where in the release a package's statement belongs; none when it is about another release.
    pub(super) fn place<'a>(self, package: &Package<'a>, release: &Distribution) -> Option<Place<'a>> {
        let name = &package.ecosystem.0;
        let major = release.version.split('.').next().unwrap_or_default();
        let is = |prefix: &str, suffix: &str| {
            !suffix.is_empty() && name.strip_prefix(prefix).is_some_and(|rest| rest == suffix)
        };
        let is_whole = match self.kind {
            Kind::Debian => is("Debian:", &release.version),
            Kind::Alma => is("AlmaLinux:", major),
            Kind::Rocky => is("Rocky Linux:", major),
            Kind::Leap => is("openSUSE:Leap ", &release.version),
            Kind::Alpine => is("Alpine:v", &branch(&release.version)),
            Kind::Tumbleweed => name == "openSUSE:Tumbleweed",
            Kind::Wolfi => name == "Wolfi",
            Kind::Chainguard => name == "Chainguard",
            Kind::Ubuntu => return ubuntu(package, &release.version),
            Kind::RedHat => return red_hat(name, major),
            Kind::Suse => return suse(name, &release.version),
        };
        is_whole.then_some(Place::WHOLE)
    }
}

/// Returns `3.20` of `3.20.3`.
fn branch(version: &str) -> Cow<'_, str> {
    match version.match_indices('.').nth(1) {
        Some((end, _)) => Cow::Borrowed(&version[..end]),
        None => Cow::Borrowed(version),
    }
}

/// `Ubuntu:[Pro:[LINE:]]YY.MM[:LTS]`. The purl says more exactly than the ecosystem which channel it is: records of
/// the ecosystem `Ubuntu:Pro:FIPS:18.04:LTS` have the distro `fips-updates/bionic` (UBUNTU-CVE-2024-0727).
fn ubuntu<'a>(package: &Package<'a>, version: &str) -> Option<Place<'a>> {
    let rest = package.ecosystem.0.strip_prefix("Ubuntu:")?;
    let rest = rest.strip_suffix(":LTS").unwrap_or(rest);
    let (line, number) = rest.rsplit_once(':').map_or(("", rest), |(line, number)| (line, number));
    if version.is_empty() || number != version {
        return None;
    }
    let channel = match line.strip_prefix("Pro").map(|line| line.trim_start_matches(':')) {
        None if line.is_empty() => return Some(Place::WHOLE),
        None => return None,
        Some(line) => {
            let told = UbuntuProduct::parse(&package.purl.0).and_then(|product| product.channel);
            let assumed =
                if line.is_empty() { Cow::Borrowed("esm") } else { line.to_ascii_lowercase().into() };
            told.map_or(assumed, |told| Cow::Owned(told.to_owned()))
        }
    };
    Some(Place { channel: Some(Cow::Owned(channel.into_owned())), is_pro: true })
}

/// `Red Hat:` and the end of a CPE. Only RHEL itself is a release; other products are layered on it.
fn red_hat<'a>(name: &str, major: &str) -> Option<Place<'a>> {
    let cpe = name.strip_prefix("Red Hat:")?;
    let mut parts = cpe.split(':');
    let (product, version) = (parts.next()?, parts.next()?);
    let is_release = version.split('.').next() == Some(major) && !major.is_empty();
    match product {
        "enterprise_linux" if is_release && version == major => Some(Place::WHOLE),
        "enterprise_linux" | "rhel_eus" | "rhel_aus" | "rhel_tus" | "rhel_e4s" | "rhel_els"
        | "rhel_eus_long_life"
            if is_release =>
        {
            Some(Place { channel: Some(Cow::Owned(cpe.to_owned())), is_pro: false })
        }
        _ => None,
    }
}

/// `SUSE:PRODUCT 15 SP6`, with the marks of longer support behind it (`15 SP3-LTSS`). Products and modules of one
/// service pack are parts of one release, told apart by the channel.
fn suse<'a>(name: &str, version: &str) -> Option<Place<'a>> {
    let product = name.strip_prefix("SUSE:")?;
    let (major, pack) = version.split_once('.').unwrap_or((version, "0"));
    let marked = product.split_once('-').map_or(product, |(before, mark)| {
        let is_mark = !mark.is_empty() && mark.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-');
        if is_mark { before } else { product }
    });
    let expected = if pack == "0" { format!(" {major}") } else { format!(" {major} SP{pack}") };
    let is_release = !major.is_empty() && marked.ends_with(&expected);
    is_release.then(|| Place { channel: Some(Cow::Owned(format!("SUSE {product}"))), is_pro: false })
}

#[cfg(test)]
mod tests {
    use super::super::wire::Text;
    use super::*;

    fn place(id: &str, version: &str, ecosystem: &str, purl: &str) -> Option<(Option<String>, bool)> {
        let release = Distribution::new(id, version, "");
        let text = |text: &str| Text(Cow::Owned(text.to_owned()));
        let package = Package { ecosystem: text(ecosystem), name: text("p"), purl: text(purl) };
        let place = Family::of(&release).expect("a known family").place(&package, &release)?;
        Some((place.channel.map(Cow::into_owned), place.is_pro))
    }

    fn whole(id: &str, version: &str, ecosystem: &str) -> bool {
        place(id, version, ecosystem, "") == Some((None, false))
    }

    #[test]
    fn release_is_matched_by_its_whole_name_only() {
        for (id, version, ecosystem) in [
            ("debian", "12", "Debian:12"),
            ("ubuntu", "22.04", "Ubuntu:22.04:LTS"),
            ("ubuntu", "25.10", "Ubuntu:25.10"),
            ("almalinux", "9.4", "AlmaLinux:9"),
            ("rocky", "10.0", "Rocky Linux:10"),
            ("rhel", "9.4", "Red Hat:enterprise_linux:9::appstream"),
            ("alpine", "3.20.3", "Alpine:v3.20"),
            ("wolfi", "20230201", "Wolfi"),
            ("opensuse-leap", "15.6", "openSUSE:Leap 15.6"),
            ("opensuse-tumbleweed", "20261101", "openSUSE:Tumbleweed"),
        ] {
            assert!(whole(id, version, ecosystem), "{ecosystem}");
        }
        for (id, version, ecosystem) in [
            ("debian", "12", "Debian:1"),
            ("debian", "1", "Debian:12"),
            ("debian", "", "Debian:"),
            ("debian", "12", "Debian"),
            ("debian", "12", "Ubuntu:12"),
            ("ubuntu", "22.04", "Ubuntu:22.10"),
            ("ubuntu", "22.04", "Ubuntu:Future:22.04:LTS"),
            ("almalinux", "8.9", "AlmaLinux:9"),
            ("almalinux", "9.4", "AlmaLinux:9.4"),
            ("alpine", "3.2.1", "Alpine:v3.20"),
            ("rhel", "9.4", "Red Hat:ocp_tools:4.15::el9"),
            ("rhel", "8.8", "Red Hat:rhel_eus:9.2::appstream"),
            ("opensuse-leap", "15.6", "SUSE:Linux Enterprise Server 15 SP6"),
            ("opensuse-leap", "16.0", "openSUSE:Leap 15.6"),
            ("sles", "15.6", "SUSE:Linux Enterprise Server 15 SP5"),
            ("sles", "15.0", "SUSE:Linux Enterprise Server 15 SP6"),
            ("sles", "12.1", "SUSE:Linux Enterprise Server 12"),
        ] {
            assert_eq!(place(id, version, ecosystem, ""), None, "{ecosystem}");
        }
    }

    #[test]
    fn channel_is_told_in_the_words_of_the_vendor() {
        let purl = |distro: &str| format!("pkg:deb/ubuntu/p@1?arch=source&distro={distro}");
        for (id, version, ecosystem, purl, channel, is_pro) in [
            ("ubuntu", "22.04", "Ubuntu:Pro:22.04:LTS", purl("esm-apps/jammy"), "esm-apps", true),
            (
                "ubuntu",
                "14.04",
                "Ubuntu:Pro:14.04:LTS",
                purl("esm-infra-legacy/trusty"),
                "esm-infra-legacy",
                true,
            ),
            ("ubuntu", "14.04", "Ubuntu:Pro:14.04:LTS", purl("trusty/esm"), "esm", true),
            (
                "ubuntu",
                "18.04",
                "Ubuntu:Pro:FIPS:18.04:LTS",
                purl("fips-updates/bionic"),
                "fips-updates",
                true,
            ),
            (
                "ubuntu",
                "22.04",
                "Ubuntu:Pro:Realtime:Kernel:22.04:LTS",
                String::new(),
                "realtime:kernel",
                true,
            ),
            ("rhel", "8.8", "Red Hat:rhel_eus:8.8::baseos", String::new(), "rhel_eus:8.8::baseos", false),
            (
                "sles",
                "15.6",
                "SUSE:Linux Enterprise Module for Basesystem 15 SP6",
                String::new(),
                "SUSE Linux Enterprise Module for Basesystem 15 SP6",
                false,
            ),
            (
                "sles",
                "15.3",
                "SUSE:Linux Enterprise Server 15 SP3-LTSS",
                String::new(),
                "SUSE Linux Enterprise Server 15 SP3-LTSS",
                false,
            ),
            ("sles", "12", "SUSE:Package Hub 12", String::new(), "SUSE Package Hub 12", false),
        ] {
            assert_eq!(
                place(id, version, ecosystem, &purl),
                Some((Some(channel.to_owned()), is_pro)),
                "{ecosystem}"
            );
        }
    }
}
