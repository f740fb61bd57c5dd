//! Distributions and how long their vendors support a release.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::version::VersionScheme;

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

impl Distribution {
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

    /// Returns the order that versions of its packages have.
    pub fn version_scheme(&self) -> VersionScheme {
        match self.id.as_str() {
            "debian" | "ubuntu" => VersionScheme::Deb,
            "alpine" | "wolfi" | "chainguard" => VersionScheme::Apk,
            "arch" | "manjaro" => VersionScheme::Alpm,
            _ => VersionScheme::Rpm,
        }
    }

    /// Returns how people write it, such as `Debian 12.15 bookworm`.
    pub fn title(&self) -> String {
        let name = match self.id.as_str() {
            "debian" => "Debian",
            "ubuntu" => "Ubuntu",
            other => other,
        };
        let version = self.point_release.as_deref().unwrap_or(&self.version);
        [name, version, self.codename.as_str()]
            .iter()
            .filter(|p| !p.is_empty())
            .copied()
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// Last day of security support including LTS, by distribution and codename.
///
/// Debian: <https://wiki.debian.org/LTS> and the release notes, read 2026-11; buster and older are over.
/// A release that is not listed has an unknown end, which is shown as unknown.
const END_OF_SUPPORT: &[(&str, &str, (i32, u32, u32))] = &[
    ("debian", "stretch", (2022, 6, 30)),
    ("debian", "buster", (2024, 6, 30)),
    ("debian", "bullseye", (2026, 8, 31)),
    ("debian", "bookworm", (2028, 6, 30)),
    ("debian", "trixie", (2030, 6, 30)),
    ("ubuntu", "bionic", (2023, 5, 31)),
    ("ubuntu", "focal", (2025, 5, 31)),
    ("ubuntu", "jammy", (2027, 6, 1)),
    ("ubuntu", "noble", (2029, 5, 31)),
];

/// Returns the last day of the vendor's free security support of a release, where it is known.
pub fn end_of_support(id: &str, codename: &str) -> Option<NaiveDate> {
    let (_, _, (year, month, day)) = END_OF_SUPPORT.iter().find(|row| row.0 == id && row.1 == codename)?;
    NaiveDate::from_ymd_opt(*year, *month, *day)
}
