//! dnf's own configuration: which repositories are enabled, and what is left out of them (dnf.conf(5) of dnf 4).

use std::path::{Path, PathBuf};

use super::configuration::{Configuration, Repository};
use super::ini::{self, Section, sections};
use super::metadata;
use crate::host::storage;

/// The main configuration, below a root.
const MAIN: &str = "etc/dnf/dnf.conf";
/// The folders of repository files where none are configured (dnf, `dnf/const.py` and dnf.conf(5), reposdir).
const FOLDERS: [&str; 3] = ["etc/yum.repos.d", "etc/yum/repos.d", "etc/distro.repos.d"];
/// The list of the versionlock plugin; a line with `!` in front is a version that is never wanted.
const LOCKS: &str = "etc/dnf/plugins/versionlock.list";

/// Reads the configuration of a root. Files that are absent say nothing.
pub(super) fn read(root: &Path) -> Configuration {
    let main = sections(&ini::text(&root.join(MAIN)));
    let main = main.into_iter().find(|section| section.name == "main").unwrap_or_else(Section::empty);
    let checks = main.is_true("gpgcheck").unwrap_or(false);
    let cache = main.value("cachedir").unwrap_or("/var/cache/dnf");
    let cache = root.join(cache.trim_start_matches('/'));
    let files = files(root);
    let mut repositories = Vec::new();
    for file in &files {
        let found = sections(&ini::text(file));
        let enabled = found.iter().filter(|section| section.is_true("enabled").unwrap_or(true));
        repositories.extend(enabled.filter_map(|section| repository(section, checks)));
    }
    for repository in &mut repositories {
        repository.list = metadata::place(&cache, repository);
    }
    let locks = ini::text(&root.join(LOCKS));
    let unwanted = locks.lines().filter_map(|line| line.trim().strip_prefix('!').map(str::to_owned));
    Configuration {
        tool: "dnf",
        repositories,
        excluded: main.words(&["excludepkgs", "exclude"]).into_iter().chain(unwanted).collect(),
        vendors: None,
        files: files.into_iter().chain([MAIN, LOCKS].map(|path| root.join(path))).collect(),
    }
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
        checks_packages: section.is_true("gpgcheck").unwrap_or(checks),
        checks_metadata: section.is_true("repo_gpgcheck").unwrap_or(false),
        keys: section.words(&["gpgkey"]),
        priority: section.value("priority").and_then(|number| number.parse().ok()).unwrap_or(99),
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
fn files(root: &Path) -> Vec<PathBuf> {
    let listed = FOLDERS.iter().flat_map(|folder| storage::list(&root.join(folder)).unwrap_or_default());
    listed.filter(|path| path.extension().is_some_and(|end| end == "repo")).collect()
}
