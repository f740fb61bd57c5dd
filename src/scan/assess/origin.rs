//! Which packages the vendor's advisories speak about at all, and under which source name and version.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::model::advisory::Subject;
use crate::model::distro::{Distribution, PackageFamily};
use crate::model::finding::NotCovered;
use crate::model::kernel::{KernelRole, releases_of, ubuntu_kernel_source};
use crate::model::package::{Architecture, InstalledPackage, Inventory, PackageName, PackageState};
use crate::model::text_order;
use crate::model::version::Version;

/// Marks in a source version that another publisher, or Debian's own backports, leave there. None of them is in any
/// package of bookworm, its updates or its security pocket (archive of 2026-11).
const FOREIGN_TO_DEBIAN: &[&str] =
    &["~bpo", "ubuntu", "nodesource", "pgdg", "sury", "dotdeb", "+rpi", "~rpi", "+rpt"];
/// The same for Ubuntu, whose own versions have its name in them. None of them is in any of the 1,181 packages of two
/// real hosts (vulsio/integration, `ubuntu_1804` and `ubuntu_2204`).
const FOREIGN_TO_UBUNTU: &[&str] =
    &["~bpo", "nodesource", "pgdg", "sury", "dotdeb", "+rpi", "~rpi", "+rpt", "~ppa"];

/// The bytes that any of these marks begins with.
const FIRST_OF_MARKS: &[u8] = b"~+udnps";

/// An installed package with the name that advisories have for it.
#[derive(Clone, Debug)]
pub struct Matched<'a> {
    /// The package.
    pub package: &'a InstalledPackage,
    /// Whether advisories name its source or itself.
    pub subject: Subject,
    /// The source or binary package that advisories name.
    pub name: Cow<'a, str>,
    /// The version in the line of that package.
    pub version: &'a Version,
    /// The version comes from backports or from another publisher.
    pub foreign_version: bool,
    /// It only depends on others and holds nothing that could have a hole; its versions are of a line of their own.
    pub is_meta: bool,
    /// What the kernel that it brings is here.
    pub kernel: Option<KernelRole>,
}

impl Matched<'_> {
    /// Tells whether two packages get the same judgement on every statement.
    pub fn is_judged_alike(&self, other: &Self) -> bool {
        self.group() == other.group()
    }

    /// What decides about a judgement, apart from the statement.
    fn group(&self) -> (&str, &str, bool, bool) {
        let runs = self.kernel == Some(KernelRole::Running);
        (&self.name, self.version.as_str(), is_certain(self.package), runs)
    }

    /// Returns what people have to read before the version.
    pub(super) fn version_of(&self) -> &'static str {
        if self.subject == Subject::Binary { "" } else { "source " }
    }
}

/// Returns the packages of the distribution by the name that advisories have for them, those that are judged alike
/// side by side.
pub fn covered<'a>(
    inventory: &'a Inventory,
    not_covered: &[NotCovered],
    subject: Subject,
) -> Vec<Matched<'a>> {
    let foreign: HashSet<(&PackageName, &Architecture)> =
        not_covered.iter().map(|package| (&package.name, &package.architecture)).collect();
    let of_the_distribution = |p: &&InstalledPackage| !foreign.contains(&(&p.name, &p.architecture));
    let packages = inventory.packages.iter().filter(of_the_distribution);
    let covered = packages.map(|package| matched(package, subject, inventory)).collect();
    text_order::sort_by(covered, |matched| &matched.name, |a, b| a.group().cmp(&b.group()))
}

/// Returns every name that advisories may have for what is installed, sorted, each once.
pub fn names(inventory: &Inventory) -> Vec<Cow<'_, str>> {
    let of = |subject| {
        inventory.packages.iter().map(move |package| named(package, subject, &inventory.distribution).0)
    };
    // The packages are in order already: a sort that finds stretches in order has little to do with them.
    let mut names: Vec<_> = of(Subject::Binary).chain(of(Subject::Source)).map(text_order::keyed).collect();
    names.sort();
    names.dedup();
    names.into_iter().map(|(_, name)| name).collect()
}

/// Finds the name that advisories have for a package of a root.
pub fn matched<'a>(package: &'a InstalledPackage, subject: Subject, root: &Inventory) -> Matched<'a> {
    let (name, version, is_meta) = named(package, subject, &root.distribution);
    let kernel = releases_of(package).iter().find_map(|release| root.kernels.role(release));
    let foreign_version = is_foreign(version, &root.distribution);
    Matched { package, subject, name, version, foreign_version, is_meta, kernel }
}

/// Returns the name and version by which advisories speak about a package, and whether it holds nothing itself.
fn named<'a>(
    package: &'a InstalledPackage,
    subject: Subject,
    distribution: &Distribution,
) -> (Cow<'a, str>, &'a Version, bool) {
    let source = package.source.name.as_str();
    match subject {
        Subject::Binary => (Cow::Borrowed(package.name.as_str()), &package.version, false),
        _ if !source.starts_with("linux-") => (Cow::Borrowed(source), &package.source.version, false),
        _ => match kernel_source(source, distribution) {
            None => (Cow::Borrowed(source), &package.source.version, true),
            Some(Cow::Borrowed(same)) => (Cow::Borrowed(same), &package.source.version, false),
            Some(mapped) => (mapped, &package.version, false),
        },
    }
}

/// Returns the source under which advisories speak about a kernel's source; none for one without code of its own. Of
/// the signed sources no advisory speaks; the version of their binary is the version of `linux` itself.
///
/// Debian's signed kernels are built from `linux-signed-ARCH`, or `linux-signed-SERIES-ARCH`; Ubuntu's from
/// `linux-signed` and `linux-signed-FLAVOUR`.
fn kernel_source<'a>(source: &'a str, distribution: &Distribution) -> Option<Cow<'a, str>> {
    if distribution.id == "ubuntu" {
        return ubuntu_kernel_source(source);
    }
    let Some(rest) = source.strip_prefix("linux-signed-") else { return Some(Cow::Borrowed(source)) };
    Some(Cow::Owned(match rest.split_once('-') {
        Some((series, _)) if series.starts_with(|c: char| c.is_ascii_digit()) => format!("linux-{series}"),
        _ => "linux".to_owned(),
    }))
}

/// Tells whether the files on disk are those of the recorded version.
pub fn is_certain(package: &InstalledPackage) -> bool {
    package.state != PackageState::HalfInstalled && !package.reinstall_required
}

/// Tells whether a version comes from backports or from another publisher, by its marks. Only dpkg's families mark
/// versions so.
fn is_foreign(version: &Version, distribution: &Distribution) -> bool {
    let marks = match distribution.id.as_str() {
        "ubuntu" => FOREIGN_TO_UBUNTU,
        _ if distribution.family().is_none_or(|family| family == PackageFamily::Dpkg) => FOREIGN_TO_DEBIAN,
        _ => return false,
    };
    let bytes = version.as_str().as_bytes();
    // One look at each place of the version, not one search for each mark: every scan asks this of every package.
    let marked = |at: usize| marks.iter().any(|mark| bytes[at..].starts_with(mark.as_bytes()));
    (0..bytes.len()).any(|at| FIRST_OF_MARKS.contains(&bytes[at]) && marked(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_begins_with_a_byte_that_is_looked_for() {
        for mark in FOREIGN_TO_DEBIAN.iter().chain(FOREIGN_TO_UBUNTU) {
            assert!(FIRST_OF_MARKS.contains(&mark.as_bytes()[0]), "{mark}");
        }
    }
}
