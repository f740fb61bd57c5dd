//! dnf's own configuration: which repositories are enabled, and what is left out of them (dnf.conf(5) of dnf 4, dnf5.conf(5)).

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::configuration::{Configuration, Repository};
use super::ini::{self, Section, sections};
use super::metadata;
use crate::config::dnf::DnfGeneration;
use crate::host::storage;
use crate::scan::dnf_locks::{self, DnfLocks};
use crate::scan::dnf_modules::{self, ModuleStates};

/// The main configuration, below a root.
const MAIN: &str = "etc/dnf/dnf.conf";
/// The folders of repository files where none are configured (dnf, `dnf/const.py` and dnf.conf(5), reposdir).
const FOLDERS: [&str; 3] = ["etc/yum.repos.d", "etc/yum/repos.d", "etc/distro.repos.d"];
/// The folders of what dnf 5 reads before the main file: a file of the first masks the one of its name in the second
/// (dnf5.conf(5), "Drop-in configuration directories").
const DROP_INS: [&str; 2] = ["etc/dnf/libdnf5.conf.d", "usr/share/dnf5/libdnf.conf.d"];
/// What dnf 5 lays over the repositories, in the same manner (dnf5.conf(5), "Drop-in repo directories").
const OVERRIDES: [&str; 2] = ["etc/dnf/repos.override.d", "usr/share/dnf5/repos.override.d"];
/// One more folder of repositories of dnf 5 (dnf5.conf(5), reposdir).
const FOLDER_OF_FIVE: &str = "usr/share/dnf5/repos.d";

/// Reads the configuration of a root. Files that are absent say nothing.
pub(super) fn read(root: &Path) -> Configuration {
    let is_five = DnfGeneration::of(root) == Some(DnfGeneration::Five);
    let of_five = |folders| if is_five { masked(root, folders) } else { Vec::new() };
    let mut settings = of_five(DROP_INS);
    settings.push(root.join(MAIN));
    let overrides = of_five(OVERRIDES);
    let main = Section::joined(all_sections(&settings), "main");
    let checks = checks_packages(&main).unwrap_or(false);
    let usual = if is_five { "/var/cache/libdnf5" } else { "/var/cache/dnf" };
    let cache = main.value(if is_five { "system_cachedir" } else { "cachedir" }).unwrap_or(usual);
    let cache = root.join(cache.trim_start_matches('/'));
    let files = files(root, is_five);
    let own = all_sections(&files);
    let changes = all_sections(&overrides);
    let mut repositories = Vec::new();
    for section in own {
        let section = section.changed_by(&changes);
        if section.is_true("enabled").unwrap_or(true) {
            repositories.extend(repository(&section, checks));
        }
    }
    for repository in &mut repositories {
        repository.list = metadata::place(&cache, repository);
    }
    let unwanted = DnfLocks::read(root).unwanted;
    let locks = [dnf_locks::LIST, dnf_locks::DOCUMENT].map(|path| root.join(path));
    Configuration {
        tool: "dnf",
        cache,
        derived: None,
        repositories,
        excluded: main.words(&["excludepkgs", "exclude"]).into_iter().chain(unwanted).collect(),
        vendors: None,
        has_minimal_upgrades: true,
        modules: Some(ModuleStates::read(root)),
        files: [files, settings, overrides, locks.to_vec(), dnf_modules::files(root)].concat(),
    }
}

fn all_sections(files: &[PathBuf]) -> Vec<Section> {
    files.iter().flat_map(|file| sections(&ini::text(file))).collect()
}

/// The files of two folders by their names; of two with one name, that of the first folder.
fn masked(root: &Path, folders: [&str; 2]) -> Vec<PathBuf> {
    let mut found: BTreeMap<OsString, PathBuf> = BTreeMap::new();
    for folder in folders {
        for path in storage::list(&root.join(folder)).unwrap_or_default() {
            let is_read = path.extension().is_some_and(|end| end == "conf" || end == "repo");
            if let Some(name) = path.file_name().filter(|_| is_read) {
                found.entry(name.to_owned()).or_insert_with(|| path.clone());
            }
        }
    }
    found.into_values().collect()
}

/// dnf 5 has a name of its own for it.
fn checks_packages(section: &Section) -> Option<bool> {
    section.is_true("pkg_gpgcheck").or_else(|| section.is_true("gpgcheck"))
}

fn repository(section: &Section, checks: bool) -> Option<Repository> {
    let base = section.words(&["baseurl"]).into_iter().next();
    let list = section.value("metalink").or_else(|| section.value("mirrorlist"));
    let source = list.map(str::to_owned).or_else(|| base.clone());
    if section.name == "main" {
        return None;
    }
    Some(Repository {
        id: section.name.clone(),
        source: source?,
        base,
        list: None,
        checks_packages: checks_packages(section).unwrap_or(checks),
        checks_metadata: section.is_true("repo_gpgcheck").unwrap_or(false),
        keys: section.words(&["gpgkey"]),
        priority: section.value("priority").and_then(|number| number.parse().ok()).unwrap_or(99),
        ignores_modules: section.is_true("module_hotfixes").unwrap_or(false),
        excluded: section.words(&["excludepkgs", "exclude"]),
        included: section.words(&["includepkgs"]),
    })
}

#[cfg(test)]
impl Repository {
    /// A repository whose packages' signatures are checked.
    pub(super) fn named(id: &str) -> Self {
        let text = format!("[{id}]\nbaseurl=https://m.example.org/{id}\ngpgcheck=1\n");
        sections(&text).first().and_then(|section| repository(section, false)).expect("whole")
    }
}

/// The repository files of a root, in dnf's order.
fn files(root: &Path, is_five: bool) -> Vec<PathBuf> {
    let folders = FOLDERS.into_iter().chain(is_five.then_some(FOLDER_OF_FIVE));
    let listed = folders.flat_map(|folder| storage::list(&root.join(folder)).unwrap_or_default());
    listed.filter(|path| path.extension().is_some_and(|end| end == "repo")).collect()
}
