//! dnf's own configuration: which repositories are enabled, and what is left out of them (dnf.conf(5) of dnf 4).

use std::path::{Path, PathBuf};

use crate::host::storage;
use crate::model::wildcard;

/// Largest configuration file that is read; real ones have a few KiB.
const LARGEST: u64 = 1 << 20;

/// The main configuration, below a root.
pub(super) const MAIN: &str = "etc/dnf/dnf.conf";
/// The folders of repository files where none are configured (dnf, `dnf/const.py` and dnf.conf(5), reposdir).
pub(super) const FOLDERS: [&str; 3] = ["etc/yum.repos.d", "etc/yum/repos.d", "etc/distro.repos.d"];
/// The list of the versionlock plugin; a line with `!` in front is a version that is never wanted.
pub(super) const LOCKS: &str = "etc/dnf/plugins/versionlock.list";

/// What of dnf's configuration counts here.
#[derive(Debug)]
pub(super) struct Configuration {
    /// Where metadata is kept.
    pub(super) cache: PathBuf,
    /// The enabled repositories, in the order of their files.
    pub(super) repositories: Vec<Repository>,
    /// Patterns of packages that are left out everywhere.
    excluded: Vec<String>,
}

/// One enabled repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Repository {
    /// Its id, the name of its section.
    pub(super) id: String,
    /// The first base address, as it is written, where there is one.
    pub(super) base: Option<String>,
    /// What its cache folder is named after: metalink, mirror list or base address.
    pub(super) source: String,
    /// The signatures of its packages are checked.
    pub(super) checks_packages: bool,
    /// The signature of its metadata is checked.
    pub(super) checks_metadata: bool,
    /// A package is taken from the repositories with the lowest number only.
    pub(super) priority: i64,
    excluded: Vec<String>,
    /// Where there are any, everything else is left out.
    included: Vec<String>,
}

/// The values of one section.
struct Section {
    name: String,
    values: Vec<(String, String)>,
}

impl Section {
    fn value(&self, key: &str) -> Option<&str> {
        let found = self.values.iter().rev().find(|(name, _)| name == key);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    fn is_true(&self, key: &str) -> Option<bool> {
        Some(matches!(self.value(key)?.to_ascii_lowercase().as_str(), "1" | "yes" | "true" | "on"))
    }

    /// A list of words, separated by blanks, commas or lines.
    fn words(&self, keys: &[&str]) -> Vec<String> {
        let values = keys.iter().filter_map(|key| self.value(key));
        let words = values.flat_map(|value| value.split([' ', ',', '\n', '\t']));
        words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
    }
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
    /// Reads the configuration of a root. Files that are absent say nothing.
    pub(super) fn read(root: &Path) -> Self {
        let main = sections(&text(&root.join(MAIN)));
        let main = main.into_iter().find(|section| section.name == "main");
        let main = main.unwrap_or(Section { name: String::new(), values: Vec::new() });
        let checks = main.is_true("gpgcheck").unwrap_or(false);
        let mut repositories = Vec::new();
        for file in files(root) {
            let found = sections(&text(&file));
            let enabled = found.iter().filter(|section| section.is_true("enabled").unwrap_or(true));
            repositories.extend(enabled.filter_map(|section| Repository::of(section, checks)));
        }
        let locks = text(&root.join(LOCKS));
        let unwanted = locks.lines().filter_map(|line| line.trim().strip_prefix('!').map(str::to_owned));
        let cache = main.value("cachedir").unwrap_or("/var/cache/dnf");
        Self {
            cache: root.join(cache.trim_start_matches('/')),
            repositories,
            excluded: main.words(&["excludepkgs", "exclude"]).into_iter().chain(unwanted).collect(),
        }
    }

    /// Tells whether a version of a repository is left out.
    pub(super) fn leaves_out(&self, repository: &Repository, package: Named<'_>) -> bool {
        let means = |pattern: &String| package.is_meant_by(pattern);
        let is_included = repository.included.is_empty() || repository.included.iter().any(means);
        !is_included || self.excluded.iter().chain(&repository.excluded).any(means)
    }
}

impl Repository {
    fn of(section: &Section, checks: bool) -> Option<Self> {
        let base = section.words(&["baseurl"]).into_iter().next();
        let list = section.value("metalink").or_else(|| section.value("mirrorlist"));
        let source = list.map(str::to_owned).or_else(|| base.clone());
        if section.name == "main" {
            return None;
        }
        Some(Self {
            id: section.name.clone(),
            source: source?,
            base,
            checks_packages: section.is_true("gpgcheck").unwrap_or(checks),
            checks_metadata: section.is_true("repo_gpgcheck").unwrap_or(false),
            priority: section.value("priority").and_then(|number| number.parse().ok()).unwrap_or(99),
            excluded: section.words(&["excludepkgs", "exclude"]),
            included: section.words(&["includepkgs"]),
        })
    }
}

#[cfg(test)]
impl Repository {
    /// A repository whose packages' signatures are checked.
    pub(super) fn named(id: &str) -> Self {
        let text = format!("[{id}]\nbaseurl=https://m.example.org/{id}\ngpgcheck=1\n");
        sections(&text).first().and_then(|section| Self::of(section, false)).expect("whole")
    }
}

/// The repository files of a root, in dnf's order.
pub(super) fn files(root: &Path) -> Vec<PathBuf> {
    let listed = FOLDERS.iter().flat_map(|folder| storage::list(&root.join(folder)).unwrap_or_default());
    listed.filter(|path| path.extension().is_some_and(|end| end == "repo")).collect()
}

fn text(path: &Path) -> String {
    let bytes = storage::read_at_most(path, LARGEST).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Reads an INI file as dnf does: `#` and `;` begin comments, an indented line goes on with the value before it.
fn sections(text: &str) -> Vec<Section> {
    let mut found: Vec<Section> = Vec::new();
    for line in text.lines() {
        let is_continued = line.starts_with([' ', '\t']);
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            found.push(Section { name: name.trim().to_owned(), values: Vec::new() });
            continue;
        }
        let Some(section) = found.last_mut() else { continue };
        match (is_continued, section.values.last_mut(), line.split_once('=')) {
            (true, Some((_, value)), _) => value.push_str(&format!("\n{line}")),
            (_, _, Some((key, value))) => {
                section.values.push((key.trim().to_owned(), value.trim().to_owned()))
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_values_and_continued_lines_are_read() {
        let found = sections(
            "# x\n[main]\ngpgcheck = True\n[a]\nbaseurl=https://m.example.org/a\n  https://n\n;b=c\nenabled=0\n",
        );
        assert_eq!(found[0].is_true("gpgcheck"), Some(true));
        assert_eq!(found[1].words(&["baseurl"]), ["https://m.example.org/a", "https://n"]);
        assert_eq!(found[1].is_true("enabled"), Some(false));
    }

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

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "(\\[a\\]|=|b=c| |\n|#|\\PC){0,30}") {
            let _ = sections(&text);
        }
    }
}
