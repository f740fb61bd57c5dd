//! Packages that somebody else than the distribution built, as the package database itself tells: the vendor that rpm
//! records, the tagged repository that apk records. dpkg records neither; its repositories tell
//! ([`super::feed::repository::foreign`]).

use crate::model::distro::Distribution;
use crate::model::feed::SourceSettings;
use crate::model::finding::NotCovered;
use crate::model::package::{InstalledPackage, Inventory, Vendor};

/// Beginnings of what a distribution's own packages name as their vendor (rpm's tag `Vendor`, as `rpm -qi` shows it on
/// hosts of each; zypper too takes `SUSE` and `openSUSE` for one, zypp.conf(5)).
const OWN: [(&str, &[&str]); 12] = [
    ("almalinux", &["AlmaLinux"]),
    ("amzn", &["Amazon"]),
    ("centos", &["CentOS"]),
    ("fedora", &["Fedora Project"]),
    ("ol", &["Oracle"]),
    ("opensuse-leap", &["openSUSE", "SUSE"]),
    ("opensuse-tumbleweed", &["openSUSE", "SUSE"]),
    ("rhel", &["Red Hat"]),
    ("rocky", &["Rocky"]),
    ("sled", &["SUSE"]),
    ("sles", &["SUSE"]),
    ("sles_sap", &["SUSE"]),
];
/// The vendor of EPEL, whose advisories an administrator may have named as a source.
const EPEL: &str = "Fedora Project";

/// Returns the packages that are not the distribution's. Where no package names a vendor of its own, nothing is known and
/// nothing returned. One that names none among others that do was built here.
pub fn foreign(inventory: &Inventory, sources: &[SourceSettings]) -> Vec<NotCovered> {
    let mut own = own(&inventory.distribution).to_vec();
    if sources.iter().any(speaks_of_epel) {
        own.push(EPEL);
    }
    let is_own = |vendor: &Vendor| own.iter().any(|own| vendor.as_str().starts_with(own));
    if !inventory.packages.iter().filter_map(vendor).any(is_own) {
        return inventory.packages.iter().filter_map(tagged).collect();
    }
    let foreign = |package: &InstalledPackage| match vendor(package) {
        Some(vendor) if is_own(vendor) => None,
        Some(vendor) => Some(NotCovered::of(package, vendor.as_str())),
        None => Some(NotCovered::of(package, "local")),
    };
    inventory.packages.iter().filter_map(foreign).collect()
}

fn own(distribution: &Distribution) -> &'static [&'static str] {
    OWN.iter().find(|(id, _)| *id == distribution.id).map_or(&[], |(_, own)| own)
}

fn speaks_of_epel(source: &SourceSettings) -> bool {
    let names = |text: &str| text.to_ascii_lowercase().contains("epel");
    source.configured_by_admin && (names(&source.name) || names(&source.location))
}

fn vendor(package: &InstalledPackage) -> Option<&Vendor> {
    package.provenance.as_ref()?.vendor.as_ref()
}

/// A package of a tagged repository of apk (`edge` beside a stable branch): no branch's advisories speak about it.
fn tagged(package: &InstalledPackage) -> Option<NotCovered> {
    let vendor = vendor(package).filter(|vendor| vendor.as_str().starts_with('@'))?;
    Some(NotCovered::of(package, vendor.as_str()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::digest::Sha256;
    use crate::model::feed::FeedRole;
    use crate::model::kernel::Kernels;
    use crate::model::package::{PackageState, Provenance, SourcePackage};
    use crate::model::version::Version;

    fn inventory(id: &str, packages: &[(&str, Option<&str>)]) -> Inventory {
        let package = |(name, vendor): &(&str, Option<&str>)| {
            let version = Version::rpm("1-1.el9").expect("a version");
            let vendor = vendor.map(Vendor::from);
            InstalledPackage {
                name: (*name).into(),
                architecture: "x86_64".into(),
                source: SourcePackage { name: (*name).into(), version: version.clone() },
                version,
                state: PackageState::Installed,
                reinstall_required: false,
                hold: false,
                essential: false,
                multi_arch_same: false,
                installed_size_kib: 0,
                provenance: Some(Box::new(Provenance { vendor, module: None, installed_at: None })),
            }
        };
        Inventory {
            distribution: Distribution::new(id, "9", ""),
            packages: packages.iter().map(package).collect(),
            enabled_modules: Vec::new(),
            kernels: Kernels::default(),
            digest: Sha256::of(b""),
        }
    }

    fn told(inventory: &Inventory, sources: &[SourceSettings]) -> Vec<String> {
        let tell = |package: NotCovered| format!("{} of {}", package.name, package.origin);
        foreign(inventory, sources).into_iter().map(tell).collect()
    }

    #[test]
    fn packages_of_other_vendors_and_of_none_are_not_covered() {
        let root = inventory(
            "rocky",
            &[
                ("bash", Some("Rocky Enterprise Software Foundation")),
                ("glibc", Some("Rocky")),
                ("htop", Some("Fedora Project")),
                ("nginx", Some("NGINX Packaging <nginx-packaging@f5.com>")),
                ("own-tool", None),
            ],
        );
        let expected = [
            "htop of Fedora Project",
            "nginx of NGINX Packaging <nginx-packaging@f5.com>",
            "own-tool of local",
        ];
        assert_eq!(told(&root, &[]), expected);
    }

    #[test]
    fn epel_counts_where_an_administrator_named_its_advisories() {
        let root = inventory("rhel", &[("bash", Some("Red Hat, Inc.")), ("htop", Some("Fedora Project"))]);
        let epel = |configured_by_admin| SourceSettings {
            name: "updateinfo-extra".to_owned(),
            format: "updateinfo".to_owned(),
            role: FeedRole::Verdicts,
            location: "https://dl.fedoraproject.org/pub/epel/9/Everything/x86_64/repodata/repomd.xml"
                .to_owned(),
            sha256: None,
            key: None,
            max_age: Duration::ZERO,
            configured_by_admin,
        };
        assert_eq!(told(&root, &[epel(false)]), ["htop of Fedora Project"]);
        assert_eq!(told(&root, &[epel(true)]), Vec::<String>::new());
    }

    #[test]
    fn where_no_package_names_its_vendor_nothing_is_foreign() {
        assert_eq!(
            told(&inventory("almalinux", &[("bash", None), ("htop", None)]), &[]),
            Vec::<String>::new()
        );
        assert_eq!(told(&inventory("unknown", &[("bash", Some("Somebody"))]), &[]), Vec::<String>::new());
    }

    #[test]
    fn grype_964_packages_of_a_tagged_repository_are_not_covered() {
        let root = inventory("alpine", &[("musl", None), ("zig", Some("@edge"))]);
        assert_eq!(told(&root, &[]), ["zig of @edge"]);
    }
}
