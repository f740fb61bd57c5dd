//! Which packages the vendor's advisories speak about at all, and under which source name and version.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::model::advisory::Subject;
use crate::model::finding::NotCovered;
use crate::model::package::{Architecture, InstalledPackage, Inventory, PackageName, PackageState};
use crate::model::version::Version;

/// Marks in a source version that another publisher, or Debian's own backports, leave there. None of them is in any
/// package of bookworm, its updates or its security pocket (archive of 2026-11).
const FOREIGN_MARKS: &[&str] =
    &["~bpo", "ubuntu", "nodesource", "pgdg", "sury", "dotdeb", "+rpi", "~rpi", "+rpt"];

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
    /// The kernel release that the package holds the image of.
    pub kernel: Option<&'a str>,
}

impl Matched<'_> {
    /// Tells whether two packages get the same judgement on every statement.
    pub fn is_judged_alike(&self, other: &Self) -> bool {
        self.group() == other.group()
    }

    /// What decides about a judgement, apart from the statement.
    fn group(&self) -> (&str, &str, bool) {
        (&self.name, self.version.as_str(), is_certain(self.package))
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
    let mut covered: Vec<Matched<'a>> = inventory
        .packages
        .iter()
        .filter(of_the_distribution)
        .map(|package| matched(package, subject))
        .collect();
    covered.sort_by(|a, b| a.group().cmp(&b.group()));
    covered
}

/// Finds the name that advisories have for a package.
///
/// Signed kernels are built from `linux-signed-ARCH` (or `linux-signed-SERIES-ARCH`), of which no advisory speaks;
/// their binary version is the version of `linux` (or `linux-SERIES`) itself.
pub fn matched(package: &InstalledPackage, subject: Subject) -> Matched<'_> {
    let (name, version) = match package.source.name.as_str().strip_prefix("linux-signed-") {
        _ if subject == Subject::Binary => (Cow::Borrowed(package.name.as_str()), &package.version),
        Some(rest) => (kernel_source(rest), &package.version),
        None => (Cow::Borrowed(package.source.name.as_str()), &package.source.version),
    };
    let kernel = kernel_release(package.name.as_str());
    Matched { package, subject, name, version, foreign_version: is_foreign(version), kernel }
}

/// Returns the source of a kernel signed as `linux-signed-REST`; REST is an architecture, or series and architecture.
fn kernel_source(rest: &str) -> Cow<'static, str> {
    match rest.split_once('-') {
        Some((series, _)) if series.starts_with(|c: char| c.is_ascii_digit()) => {
            Cow::Owned(format!("linux-{series}"))
        }
        _ => Cow::Borrowed("linux"),
    }
}

/// Returns the kernel release of a package that holds a kernel image; meta packages hold none.
fn kernel_release(name: &str) -> Option<&str> {
    let release = name.strip_prefix("linux-image-")?;
    let release = release.strip_suffix("-unsigned").unwrap_or(release);
    release.starts_with(|c: char| c.is_ascii_digit()).then_some(release)
}

/// Tells whether the files on disk are those of the recorded version.
pub fn is_certain(package: &InstalledPackage) -> bool {
    package.state != PackageState::HalfInstalled && !package.reinstall_required
}

/// Tells whether a version comes from backports or from another publisher, by its marks.
fn is_foreign(version: &Version) -> bool {
    FOREIGN_MARKS.iter().any(|mark| version.as_str().contains(mark))
}
