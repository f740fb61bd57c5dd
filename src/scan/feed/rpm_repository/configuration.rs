//! What of a package manager's configuration counts here: enabled repositories, and what is left out of them.

use std::path::PathBuf;

use super::vendors::Vendors;
use crate::model::package::InstalledPackage;
use crate::model::wildcard;
use crate::scan::dnf_modules::ModuleStates;

/// The configuration of dnf or zypp.
#[derive(Debug)]
pub(super) struct Configuration {
    /// The package manager, as stamps name it.
    pub(super) tool: &'static str,
    /// Where the metadata of repositories is kept: a folder for each.
    pub(super) cache: PathBuf,
    /// Where zypp keeps what it makes of that metadata.
    pub(super) derived: Option<PathBuf>,
    /// The enabled repositories, in the order of their files.
    pub(super) repositories: Vec<Repository>,
    /// Patterns of packages that are left out everywhere.
    pub(super) excluded: Vec<String>,
    /// Whose builds may replace whose; dnf does not ask.
    pub(super) vendors: Option<Vendors>,
    /// It has a verb that takes the lowest version which closes an advisory (dnf(8), `upgrade-minimal`; dnf5(8), `upgrade
    /// --minimal`).
    pub(super) has_minimal_upgrades: bool,
    /// Which streams of modules were enabled or disabled; zypp knows no modules.
    pub(super) modules: Option<ModuleStates>,
    /// The files that all of this was read from, present or not.
    pub(super) files: Vec<PathBuf>,
}

/// One enabled repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Repository {
    /// Its id, the name of its section.
    pub(super) id: String,
    /// The first base address, as it is written, where there is one.
    pub(super) base: Option<String>,
    /// What it is fetched by: metalink, mirror list or base address.
    pub(super) source: String,
    /// Its fetched list of metadata (`repomd.xml`), where it was ever fetched.
    pub(super) list: Option<PathBuf>,
    /// The signatures of its packages are checked, or the digests of a signed list.
    pub(super) checks_packages: bool,
    /// The signature of its metadata is checked.
    pub(super) checks_metadata: bool,
    /// Where its keys lie, as it is written (`gpgkey`).
    pub(super) keys: Vec<String>,
    /// A package is taken from the repositories with the lowest number only.
    pub(super) priority: i64,
    /// What it has counts whatever is said of modules (dnf.conf(5), module_hotfixes).
    pub(super) ignores_modules: bool,
    /// Patterns of packages that are left out.
    pub(super) excluded: Vec<String>,
    /// Where there are any, everything else is left out.
    pub(super) included: Vec<String>,
}

/// A version of a package, as patterns are matched against it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named<'a> {
    pub(super) name: &'a str,
    pub(super) architecture: &'a str,
    /// `epoch:version-release`, without an epoch of 0.
    pub(super) version: &'a str,
}

impl Named<'_> {
    /// dnf matches a pattern against each of these forms (dnf(8), "Specifying packages").
    fn is_meant_by(&self, pattern: &str) -> bool {
        let Self { name, architecture, version } = self;
        let plain = version.split_once(':').map_or(*version, |(_, rest)| rest);
        let bare = plain.split_once('-').map_or(plain, |(version, _)| version);
        let with_epoch = if version.contains(':') { (*version).to_owned() } else { format!("0:{version}") };
        [
            (*name).to_owned(),
            format!("{name}.{architecture}"),
            format!("{name}-{bare}"),
            format!("{name}-{plain}"),
            format!("{name}-{plain}.{architecture}"),
            format!("{name}-{with_epoch}"),
            format!("{name}-{with_epoch}.{architecture}"),
        ]
        .iter()
        .any(|form| wildcard::matches(pattern.as_bytes(), form.as_bytes()))
    }
}

impl Configuration {
    /// Tells whether a build of a vendor may take the place of an installed package.
    pub(super) fn may_change_vendor(&self, installed: &InstalledPackage, offered: &str) -> bool {
        let vendor = installed.provenance.as_ref().and_then(|provenance| provenance.vendor.as_ref());
        let vendor = vendor.map_or("", |vendor| vendor.as_str());
        self.vendors.as_ref().is_none_or(|vendors| vendors.may_replace(vendor, offered))
    }

    /// Tells whether a version of a repository is left out.
    pub(super) fn leaves_out(&self, repository: &Repository, package: Named<'_>) -> bool {
        let means = |pattern: &String| package.is_meant_by(pattern);
        let is_included = repository.included.is_empty() || repository.included.iter().any(means);
        !is_included || self.excluded.iter().chain(&repository.excluded).any(means)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_means_every_form_of_a_name() {
        let package = Named { name: "bind-libs", architecture: "x86_64", version: "32:9.11-1.el9" };
        for pattern in
            ["bind*", "bind-libs.x86_64", "bind-libs-9.11-1.el9", "bind-libs-32:9.11-*", "bind-libs-9.11"]
        {
            assert!(package.is_meant_by(pattern), "{pattern}");
        }
        for pattern in ["bind", "bind-libs.i686", "bind-libs-9.1"] {
            assert!(!package.is_meant_by(pattern), "{pattern}");
        }
    }
}
