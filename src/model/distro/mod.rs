//! Distributions and how long their vendors support a release.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::package::is_valid_package_name;
use super::version::VersionScheme;

mod advice;
mod end_of_support;

pub use advice::Advice;
pub use end_of_support::end_of_support;

/// A distribution release as `/etc/os-release` names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Distribution {
    /// `ID`, such as `debian`.
    pub id: String,
    /// `VERSION_ID`, such as `12`; empty on rolling releases.
    pub version: String,
    /// `VERSION_CODENAME`, such as `bookworm`.
    pub codename: String,
    /// The point release where the root tells it, such as `12.15`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub point_release: Option<String>,
    /// Last day of the vendor's security support, where known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub end_of_support: Option<NaiveDate>,
}

/// The package families: which database, which order of versions, which tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PackageFamily {
    /// dpkg: Debian, Ubuntu and their kin.
    Dpkg,
    /// rpm: Red Hat's, SUSE's, Amazon's and their kin.
    Rpm,
    /// apk: Alpine and Wolfi.
    Apk,
    /// pacman: Arch and its kin.
    Pacman,
}

impl PackageFamily {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Dpkg, Self::Rpm, Self::Apk, Self::Pacman];

    /// Returns the order of the family's versions.
    pub fn scheme(self) -> VersionScheme {
        match self {
            Self::Dpkg => VersionScheme::Deb,
            Self::Rpm => VersionScheme::Rpm,
            Self::Apk => VersionScheme::Apk,
            Self::Pacman => VersionScheme::Alpm,
        }
    }

    /// Returns the name of the tool that owns the family's database.
    pub fn tool(self) -> &'static str {
        match self {
            Self::Dpkg => "dpkg",
            Self::Rpm => "rpm",
            Self::Apk => "apk",
            Self::Pacman => "pacman",
        }
    }

    /// Tells whether a text can be the name of a package of this family. Nothing else may reach a command line:
    /// none begins with a hyphen.
    ///
    /// dpkg: Debian Policy 5.6.1. rpm: letters, digits and `-._+`, the first a letter, digit or `_` (rpm,
    /// `build/parsePreamble.c`, without the characters of macros). apk: the same, and a dot before the names of virtual
    /// packages (apk-package(5), apk-add(8)). pacman: letters, digits and `@._+-`, first no hyphen and no dot (PKGBUILD(5)).
    pub fn is_package_name(self, name: &str) -> bool {
        let first = name.bytes().next().unwrap_or(b'-');
        let (begins, others) = match self {
            Self::Dpkg => return is_valid_package_name(name),
            Self::Rpm => (&b"_"[..], &b"-._+"[..]),
            Self::Apk => (&b"_."[..], &b"-._+"[..]),
            Self::Pacman => (&b"@_+"[..], &b"@._+-"[..]),
        };
        (first.is_ascii_alphanumeric() || begins.contains(&first))
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || others.contains(&b))
    }
}

/// A distribution that is known by its `ID`.
struct Known {
    id: &'static str,
    title: &'static str,
    family: PackageFamily,
}

const fn known(id: &'static str, title: &'static str, family: PackageFamily) -> Known {
    Known { id, title, family }
}

/// The distributions that are known by name; others are told by what their root holds.
const KNOWN: &[Known] = &[
    known("debian", "Debian", PackageFamily::Dpkg),
    known("ubuntu", "Ubuntu", PackageFamily::Dpkg),
    known("almalinux", "AlmaLinux", PackageFamily::Rpm),
    known("amzn", "Amazon Linux", PackageFamily::Rpm),
    known("centos", "CentOS", PackageFamily::Rpm),
    known("fedora", "Fedora", PackageFamily::Rpm),
    known("ol", "Oracle Linux", PackageFamily::Rpm),
    known("opensuse-leap", "openSUSE Leap", PackageFamily::Rpm),
    known("opensuse-tumbleweed", "openSUSE Tumbleweed", PackageFamily::Rpm),
    known("rhel", "Red Hat Enterprise Linux", PackageFamily::Rpm),
    known("rocky", "Rocky Linux", PackageFamily::Rpm),
    known("sled", "SUSE Linux Enterprise Desktop", PackageFamily::Rpm),
    known("sles", "SUSE Linux Enterprise Server", PackageFamily::Rpm),
    known("sles_sap", "SUSE Linux Enterprise Server for SAP Applications", PackageFamily::Rpm),
    known("alpine", "Alpine", PackageFamily::Apk),
    known("chainguard", "Chainguard", PackageFamily::Apk),
    known("wolfi", "Wolfi", PackageFamily::Apk),
    known("arch", "Arch Linux", PackageFamily::Pacman),
    known("archarm", "Arch Linux ARM", PackageFamily::Pacman),
    known("endeavouros", "EndeavourOS", PackageFamily::Pacman),
    known("manjaro", "Manjaro", PackageFamily::Pacman),
];

/// Distributions whose packages apk manages.
pub const APK: &[&str] = &["alpine", "chainguard", "wolfi"];

/// Distributions whose packages dnf manages; Amazon Linux 2 and the releases 7 of the others still have yum.
pub const DNF: &[&str] = &["almalinux", "amzn", "centos", "fedora", "ol", "rhel", "rocky"];

/// Distributions whose packages pacman manages.
pub const PACMAN: &[&str] = &["arch", "archarm", "endeavouros", "manjaro"];

/// Distributions whose packages zypper manages.
pub const ZYPPER: &[&str] = &["opensuse-leap", "opensuse-tumbleweed", "sled", "sles", "sles_sap"];

/// Returns the `ID` of every distribution that is known by name.
pub fn known_ids() -> impl Iterator<Item = &'static str> {
    KNOWN.iter().map(|known| known.id)
}

impl Distribution {
    fn known(&self) -> Option<&'static Known> {
        KNOWN.iter().find(|known| known.id == self.id)
    }

    /// Returns the package family, where the distribution is known by name.
    pub fn family(&self) -> Option<PackageFamily> {
        self.known().map(|known| known.family)
    }

    /// Tells whether dnf manages its packages.
    pub fn uses_dnf(&self) -> bool {
        DNF.contains(&self.id.as_str())
    }

    /// Tells whether it supports upgrades of everything at once alone: a package of today is built for the others of today
    /// (Arch Linux, "System maintenance", "Partial upgrades are unsupported").
    pub fn upgrades_whole(&self) -> bool {
        self.family() == Some(PackageFamily::Pacman)
    }

    /// Tells whether zypper manages its packages: those of SUSE have rpm's packages and no dnf.
    pub fn uses_zypper(&self) -> bool {
        ZYPPER.contains(&self.id.as_str())
    }

    /// A release by what `/etc/os-release` calls it, and nothing else known about it.
    pub fn new(id: &str, version: &str, codename: &str) -> Self {
        Self {
            id: id.to_owned(),
            version: version.to_owned(),
            codename: codename.to_owned(),
            point_release: None,
            end_of_support: None,
        }
    }

    /// Returns what tells the release apart from every other one of every distribution, such as `debian-bookworm` or
    /// `almalinux-9.4`: a name for files.
    pub fn release_key(&self) -> String {
        let release = [&self.codename, &self.version].into_iter().find(|part| !part.is_empty());
        let release = release.map_or("rolling", String::as_str);
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        format!("{}-{release}", self.id).chars().map(|c| if is_plain(c) { c } else { '_' }).collect()
    }

    /// Returns the order that versions of its packages have; rpm's where the distribution is not known by name.
    pub fn version_scheme(&self) -> VersionScheme {
        self.family().map_or(VersionScheme::Rpm, PackageFamily::scheme)
    }

    /// Returns how people write it, such as `Debian 12.15 bookworm`.
    pub fn title(&self) -> String {
        let name = self.known().map_or(self.id.as_str(), |known| known.title);
        let version = self.point_release.as_deref().unwrap_or(&self.version);
        [name, version, self.codename.as_str()]
            .iter()
            .filter(|p| !p.is_empty())
            .copied()
            .collect::<Vec<_>>()
            .join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_family_accepts_what_could_be_an_option_or_a_command() {
        for family in [PackageFamily::Dpkg, PackageFamily::Rpm, PackageFamily::Apk, PackageFamily::Pacman] {
            for name in ["", "-rf", "--root=/", "a b", "a;b", "a/b", "a\n", "a*", "$a", "é", "a:b", "a=b"] {
                assert!(!family.is_package_name(name), "{family:?} {name:?}");
            }
            assert!(family.is_package_name("libstdc++6"), "{family:?}");
        }
        assert!(
            PackageFamily::Rpm.is_package_name("NetworkManager") && PackageFamily::Rpm.is_package_name("R")
        );
        assert!(
            PackageFamily::Apk.is_package_name(".build-deps") && !PackageFamily::Pacman.is_package_name(".a")
        );
    }

    #[test]
    fn distributions_have_a_title_and_a_family() {
        let rocky = Distribution::new("rocky", "9.3", "");
        assert_eq!((rocky.title().as_str(), rocky.family()), ("Rocky Linux 9.3", Some(PackageFamily::Rpm)));
        let other = Distribution::new("nobodys", "1", "");
        assert_eq!((other.title().as_str(), other.family()), ("nobodys 1", None));
    }
}
