//! Packages as they are installed, and the inventory of one root.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::digest::Sha256;
use super::distro::Distribution;
use super::kernel::Kernels;
use super::version::{Version, VersionScheme};

macro_rules! text_type {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        #[serde(from = "String", into = "String")]
        #[schemars(with = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Returns the text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(Arc::from(text))
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(Arc::from(text))
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0.as_ref().to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }
    };
}

text_type! {
    /// The name of a source or binary package.
    PackageName
}

text_type! {
    /// A package architecture, such as `amd64` or `all`.
    Architecture
}

impl Architecture {
    /// Tells whether it stands for every architecture: `all` of Debian, `noarch` of rpm, `any` of pacman.
    pub fn is_for_all(&self) -> bool {
        matches!(self.as_str(), "all" | "noarch" | "any")
    }
}

text_type! {
    /// Who built a package, as the package says it: `Red Hat, Inc.`, `AlmaLinux`.
    Vendor
}

/// What tells two installed binary packages apart: name and architecture.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct PackageKey {
    /// The binary package.
    pub name: PackageName,
    /// Its architecture.
    pub architecture: Architecture,
}

impl fmt::Display for PackageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name, self.architecture)
    }
}

/// Tells whether `name` is a Debian package name: lower case letters, digits, `+`, `-` and `.`, at least two
/// characters, the first a letter or digit (Debian Policy 5.6.1). Nothing else may reach a command line.
pub fn is_valid_package_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    let starts_well = bytes.next().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    name.len() >= 2
        && starts_well
        && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+-.".contains(&b))
}

/// The source package that a binary package was built from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct SourcePackage {
    /// The source package's name.
    pub name: PackageName,
    /// The source package's version, which can differ from the binary's.
    pub version: Version,
}

/// The module stream that a package was built for (Red Hat's modularity): a package of one stream is not to be judged
/// by the advisories of another.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModuleStream {
    /// The module, such as `nodejs`.
    pub name: String,
    /// Its stream, such as `18`.
    pub stream: String,
}

impl ModuleStream {
    /// Reads rpm's modularity label, `name:stream:version:context`.
    ///
    /// # Errors
    /// It names no stream.
    pub fn of_label(label: &str) -> Result<Self, &'static str> {
        let mut parts = label.split(':').filter(|part| !part.is_empty());
        match (parts.next(), parts.next()) {
            (Some(name), Some(stream)) => Ok(Self { name: name.to_owned(), stream: stream.to_owned() }),
            _ => Err("the modularity label names no stream"),
        }
    }
}

/// What a package database tells of where a package comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// Who built it.
    pub vendor: Option<Vendor>,
    /// The module stream that it belongs to. A package whose release has `.module` in it and that has none here was
    /// built for a stream that is not recorded (some rebuilds leave the label out).
    pub module: Option<ModuleStream>,
    /// When it was installed.
    pub installed_at: Option<DateTime<Utc>>,
}

/// How far the package manager came with a package that is present on disk (dpkg(1), "Package states").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PackageState {
    /// Unpacked and configured.
    Installed,
    /// Files are there, the configuration script did not run.
    Unpacked,
    /// The configuration script failed.
    HalfConfigured,
    /// Unpacking began and did not end: the files are of no certain version.
    HalfInstalled,
    /// Waits for another package's trigger.
    TriggersAwaited,
    /// Its own trigger has not been run.
    TriggersPending,
}

impl PackageState {
    /// Returns how people read it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Installed => "to be installed again",
            Self::Unpacked => "unpacked and not configured",
            Self::HalfConfigured => "half configured",
            Self::HalfInstalled => "half installed",
            Self::TriggersAwaited => "waiting for a trigger",
            Self::TriggersPending => "with a trigger pending",
        }
    }

    /// Tells whether the package manager would call the state finished.
    pub fn is_clean(self) -> bool {
        self == Self::Installed
    }
}

/// One binary package that has files on this host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstalledPackage {
    /// The binary package's name.
    pub name: PackageName,
    /// Its architecture.
    pub architecture: Architecture,
    /// The version that the package database records.
    pub version: Version,
    /// The source package it was built from.
    pub source: SourcePackage,
    /// How far the package manager came.
    pub state: PackageState,
    /// The database asks for the package to be unpacked again before anything else (`reinst-required`).
    pub reinstall_required: bool,
    /// The administrator told the package manager to keep this version.
    pub hold: bool,
    /// The system does not work without it.
    pub essential: bool,
    /// Several architectures of it may be installed side by side (`Multi-Arch: same`).
    pub multi_arch_same: bool,
    /// Size on disk as the package states it, in KiB.
    pub installed_size_kib: u64,
    /// Where it comes from, as rpm's database records it; absent for the other families.
    pub provenance: Option<Box<Provenance>>,
}

impl InstalledPackage {
    /// Returns name and architecture.
    pub fn key(&self) -> PackageKey {
        PackageKey { name: self.name.clone(), architecture: self.architecture.clone() }
    }
}

/// Everything installed in one root, read from its package database.
#[derive(Clone, Debug)]
pub struct Inventory {
    /// The distribution that the root says it is.
    pub distribution: Distribution,
    /// The packages present on disk, sorted by name, architecture and version. rpm alone installs several versions
    /// of one package side by side (kernels).
    pub packages: Vec<InstalledPackage>,
    /// The module streams that the administrator enabled (dnf, `etc/dnf/modules.d`), for packages without a label.
    pub enabled_modules: Vec<ModuleStream>,
    /// The kernels, when the root is the running system or carries some.
    pub kernels: Kernels,
    /// Digest of the database content this was read from: two equal digests mean nothing changed.
    pub digest: Sha256,
}

impl Inventory {
    /// Returns the installed package of that name and architecture, the newest where there are several.
    pub fn find(&self, key: &PackageKey) -> Option<&InstalledPackage> {
        let end =
            self.packages.partition_point(|p| (&p.name, &p.architecture) <= (&key.name, &key.architecture));
        let last = self.packages[..end].last()?;
        (last.name == key.name && last.architecture == key.architecture).then_some(last)
    }

    /// Returns what tells an installed package apart from every other one here: name and architecture, and the version
    /// where several are installed side by side (`kernel-core:x86_64=5.14.0-362.el9`).
    pub fn identity_of(&self, package: &InstalledPackage) -> String {
        let is_alike = |other: &&InstalledPackage| other.architecture == package.architecture;
        let key = package.key();
        match package.version.scheme() {
            VersionScheme::Rpm if self.named(package.name.as_str()).filter(is_alike).nth(1).is_some() => {
                format!("{key}={}", package.version)
            }
            _ => key.to_string(),
        }
    }

    /// Returns the installed package that a change is about; a package may change between `all` and an architecture.
    pub fn installed_as(&self, key: &PackageKey) -> Option<&InstalledPackage> {
        self.find(key).or_else(|| {
            self.named(key.name.as_str())
                .find(|package| package.architecture.is_for_all() || key.architecture.is_for_all())
        })
    }

    /// Returns every installed architecture and version of a package name.
    pub fn named<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a InstalledPackage> {
        let start = self.packages.partition_point(|p| p.name.as_str() < name);
        let wanted = PackageName::from(name);
        self.packages[start..].iter().take_while(move |p| p.name == wanted)
    }
}
