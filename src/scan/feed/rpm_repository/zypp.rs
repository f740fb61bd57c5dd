//! zypp's own configuration: which repositories are enabled, and where it keeps their metadata (zypp.conf(5), zypper(8)).

use std::path::{Path, PathBuf};

use super::configuration::{Configuration, Repository};
use super::ini::{self, Section, sections};
use super::vendors::Vendors;
use crate::host::storage;

/// The main configuration, below a root.
const MAIN: &str = "etc/zypp/zypp.conf";
/// The folder of repository files.
const FOLDER: &str = "etc/zypp/repos.d";
/// The lists of locked packages and of vendors that count as one: they decide with the repositories.
const WATCHED: [&str; 3] = [MAIN, "etc/zypp/locks", "etc/zypp/vendors.d"];

/// Reads the configuration of a root. Files that are absent say nothing.
pub(super) fn read(root: &Path) -> Configuration {
    let main = sections(&ini::text(&root.join(MAIN)));
    let main = main.into_iter().find(|section| section.name == "main").unwrap_or_else(Section::empty);
    let folder = |key: &str, usual: String| {
        let path = main.value(key).map_or(usual, str::to_owned);
        root.join(path.trim_start_matches('/'))
    };
    let cache = main.value("cachedir").unwrap_or("/var/cache/zypp").to_owned();
    let metadata = folder("metadatadir", format!("{cache}/raw"));
    let derived = folder("solvfilesdir", format!("{cache}/solv"));
    let listed = storage::list(&root.join(FOLDER)).unwrap_or_default();
    let files: Vec<PathBuf> =
        listed.into_iter().filter(|path| path.extension().is_some_and(|end| end == "repo")).collect();
    let mut repositories = Vec::new();
    for file in &files {
        let found = sections(&ini::text(file));
        let enabled = found.iter().filter(|section| section.is_true("enabled").unwrap_or(true));
        repositories.extend(enabled.filter_map(|section| repository(section, (&main, &metadata))));
    }
    let changes_vendor = main.is_true("solver.allowVendorChange").unwrap_or(false);
    Configuration {
        tool: "zypp",
        cache: metadata,
        derived: Some(derived),
        repositories,
        excluded: Vec::new(),
        has_minimal_upgrades: false,
        modules: None,
        vendors: Some(Vendors::read(root, changes_vendor)),
        files: files.into_iter().chain(WATCHED.map(|path| root.join(path))).collect(),
    }
}

/// A repository with `gpgcheck` is one whose list is signed, or each of whose packages is (zypp.conf, "gpgcheck"): without
/// a word about it that is so.
fn repository(section: &Section, (main, metadata): (&Section, &Path)) -> Option<Repository> {
    let base = section.words(&["baseurl"]).into_iter().next();
    let list = section.value("metalink").or_else(|| section.value("mirrorlist"));
    let source = list.map(str::to_owned).or_else(|| base.clone())?;
    let asked = |key: &str| section.is_true(key).or_else(|| main.is_true(key));
    // An alias with a slash would be a path (libzypp, `RepoInfo::escaped_alias`).
    let folder = metadata.join(section.name.replace('/', "_"));
    let folder = folder.join(section.value("path").unwrap_or_default().trim_matches('/'));
    let repomd = folder.join("repodata/repomd.xml");
    let is_signed = storage::exists(&folder.join("repodata/repomd.xml.asc"));
    let checks = asked("gpgcheck").unwrap_or(true);
    Some(Repository {
        id: section.name.clone(),
        source,
        base,
        checks_metadata: asked("repo_gpgcheck").unwrap_or(checks && is_signed),
        checks_packages: checks || asked("pkg_gpgcheck").unwrap_or(false),
        list: Some(repomd).filter(|path| storage::exists(path)),
        keys: section.words(&["gpgkey"]),
        priority: section.value("priority").and_then(|number| number.parse().ok()).unwrap_or(99),
        ignores_modules: true,
        excluded: Vec::new(),
        included: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, main: &str) -> Repository {
        let main = sections(main).into_iter().next().unwrap_or_else(Section::empty);
        let found = sections(text);
        repository(&found[0], (&main, Path::new("/nowhere"))).expect("a repository")
    }

    #[test]
    fn signatures_are_checked_unless_somebody_says_otherwise() {
        let plain = "[repo-oss]\nenabled=1\nbaseurl=https://m.example.org/oss\nautorefresh=1\n";
        assert!(of(plain, "").checks_packages && !of(plain, "").checks_metadata);
        assert!(!of(&format!("{plain}gpgcheck=0\n"), "").checks_packages);
        assert!(!of(plain, "[main]\ngpgcheck = off\n").checks_packages);
        assert!(of(&format!("{plain}gpgcheck=1\n"), "[main]\ngpgcheck = off\n").checks_packages);
        assert!(of(&format!("{plain}repo_gpgcheck=1\n"), "").checks_metadata);
        assert_eq!(of(&format!("{plain}priority=90\n"), "").priority, 90);
    }
}
