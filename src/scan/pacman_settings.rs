//! pacman's configuration: which repositories are enabled, whose packages are signed, and what is never upgraded
//! (pacman.conf(5)).

use std::path::{Path, PathBuf};

use crate::host::storage;
use crate::model::wildcard;

/// The configuration, below a root.
pub(in crate::scan) const MAIN: &str = "etc/pacman.conf";

/// Largest configuration file that is read; real ones, lists of mirrors included, have some 50 KiB.
const LARGEST: u64 = 1 << 20;

/// How deep files may include one another (pacman, `src/pacman/conf.c`, `max_recursion`).
const DEEPEST: usize = 10;

/// What of pacman's configuration counts here.
#[derive(Debug, Default)]
pub(in crate::scan) struct PacmanSettings {
    /// The repositories in their order: the first that has a package is the one it is taken from.
    pub(in crate::scan) repositories: Vec<Repository>,
    /// Every file that was read.
    pub(in crate::scan) files: Vec<PathBuf>,
    ignored: Vec<String>,
    ignored_groups: Vec<String>,
    architecture: Option<String>,
    checks: Checks,
}

/// One enabled repository.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::scan) struct Repository {
    /// Its name, which is also that of its database.
    pub(in crate::scan) name: String,
    /// Its first server, where there is one.
    pub(in crate::scan) server: Option<String>,
    /// Which signatures are demanded.
    pub(in crate::scan) checks: Checks,
}

/// Which signatures pacman demands, and of whom. Its own default demands none (pacman.conf(5), "Package and database
/// signature checking").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::scan) struct Checks {
    /// Packages have to be signed.
    pub(in crate::scan) packages: bool,
    /// Databases have to be signed.
    pub(in crate::scan) databases: bool,
    /// Only keys that the host's keyring trusts count.
    trusted_only: bool,
}

impl Default for Checks {
    fn default() -> Self {
        Self { packages: false, databases: false, trusted_only: true }
    }
}

impl Checks {
    /// Tells whether every package has to bear a signature by a trusted key.
    pub(in crate::scan) fn prove_packages(self) -> bool {
        self.packages && self.trusted_only
    }

    /// Takes the words of a `SigLevel` line in, each over those before it.
    fn take(&mut self, words: &str) {
        for word in words.split_whitespace() {
            let (for_packages, for_databases, word) = match word {
                _ if word.starts_with("Package") => (true, false, &word["Package".len()..]),
                _ if word.starts_with("Database") => (false, true, &word["Database".len()..]),
                _ => (true, true, word),
            };
            match word {
                "Required" | "Optional" | "Never" if for_packages && !for_databases => {
                    self.packages = word == "Required";
                }
                "Required" | "Optional" | "Never" if for_databases && !for_packages => {
                    self.databases = word == "Required";
                }
                "Required" | "Optional" | "Never" => {
                    (self.packages, self.databases) = (word == "Required", word == "Required");
                }
                "TrustedOnly" if for_packages => self.trusted_only = true,
                "TrustAll" if for_packages => self.trusted_only = false,
                _ => {}
            }
        }
    }
}

impl PacmanSettings {
    /// Reads the configuration of a root; a file that is absent says nothing.
    pub(in crate::scan) fn read(root: &Path) -> Self {
        let mut settings = Self::default();
        let mut section = String::new();
        settings.read_file(root, &root.join(MAIN), (&mut section, 0));
        settings.finish();
        settings
    }

    /// Tells whether the administrator keeps a package where it is: pacman then never upgrades it.
    pub(in crate::scan) fn ignores(&self, name: &str, groups: &[&str]) -> bool {
        let means = |patterns: &[String], text: &str| {
            patterns.iter().any(|pattern| wildcard::matches(pattern.as_bytes(), text.as_bytes()))
        };
        means(&self.ignored, name) || groups.iter().any(|group| means(&self.ignored_groups, group))
    }

    fn read_file(&mut self, root: &Path, path: &Path, (section, depth): (&mut String, usize)) {
        self.files.push(path.to_owned());
        let bytes = storage::read_at_most(path, LARGEST).unwrap_or_default();
        for line in String::from_utf8_lossy(&bytes).lines().map(str::trim) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                section.clear();
                section.push_str(name);
                if name != "options" {
                    let (name, checks) = (name.to_owned(), self.checks);
                    self.repositories.push(Repository { name, server: None, checks });
                }
                continue;
            }
            let (key, value) =
                line.split_once('=').map_or((line, ""), |(key, value)| (key.trim(), value.trim()));
            if key == "Include" && depth < DEEPEST {
                for file in included(root, value) {
                    self.read_file(root, &file, (section, depth + 1));
                }
            } else if section == "options" {
                self.take_option(key, value);
            } else if let Some(repository) = self.repositories.last_mut() {
                match key {
                    "Server" if repository.server.is_none() => repository.server = Some(value.to_owned()),
                    "SigLevel" => repository.checks.take(value),
                    _ => {}
                }
            }
        }
    }

    fn take_option(&mut self, key: &str, value: &str) {
        let words = || value.split_whitespace().map(str::to_owned);
        match key {
            "IgnorePkg" => self.ignored.extend(words()),
            "IgnoreGroup" => self.ignored_groups.extend(words()),
            "Architecture" => self.architecture = words().next().filter(|word| word != "auto"),
            "SigLevel" => self.checks.take(value),
            _ => {}
        }
    }

    /// Puts names in the place of the two variables that addresses may have.
    fn finish(&mut self) {
        let architecture = self.architecture.clone().unwrap_or_else(|| std::env::consts::ARCH.to_owned());
        for repository in &mut self.repositories {
            let whole =
                |server: String| server.replace("$repo", &repository.name).replace("$arch", &architecture);
            repository.server = repository.server.take().map(whole);
        }
    }
}

/// The files that an `Include` line means: its last part may be a pattern.
fn included(root: &Path, value: &str) -> Vec<PathBuf> {
    let path = root.join(value.trim_start_matches('/'));
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if !name.contains(['*', '?', '[']) {
        return vec![path];
    }
    let listed = path.parent().map(|folder| storage::list(folder).unwrap_or_default()).unwrap_or_default();
    let is_meant = |file: &PathBuf| {
        let file = file.file_name().map(|file| file.to_string_lossy().into_owned()).unwrap_or_default();
        wildcard::matches(name.as_bytes(), file.as_bytes())
    };
    listed.into_iter().filter(is_meant).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::inventory::tests::Root;

    const TEXT: &str = "[options]\nArchitecture = x86_64\nSigLevel = Required DatabaseOptional\nIgnorePkg = linux* foo\n\
        IgnoreGroup = kde\nCheckSpace\n# IgnorePkg = bar\n[core]\nInclude = /etc/pacman.d/mirrorlist\n[local]\n\
        SigLevel = PackageNever\nServer = file:///srv/$repo/$arch\n[lax]\nSigLevel = TrustAll\n";

    fn settings(test: &str) -> PacmanSettings {
        let mirrors =
            "# one\nServer = https://m.example.org/$repo/os/$arch\nServer = https://n.example.org\n";
        let root = Root::new(test, &[(MAIN, TEXT), ("etc/pacman.d/mirrorlist", mirrors)]);
        PacmanSettings::read(&root.0)
    }

    #[test]
    fn repositories_are_read_with_their_first_server_and_signatures() {
        let settings = settings("pacman-repositories");
        let told = |repository: &Repository| {
            let server = repository.server.clone().unwrap_or_default();
            format!("{} {server} {}", repository.name, repository.checks.prove_packages())
        };
        let told: Vec<String> = settings.repositories.iter().map(told).collect();
        let expected = [
            "core https://m.example.org/core/os/x86_64 true",
            "local file:///srv/local/x86_64 false",
            "lax  false",
        ];
        assert_eq!(told, expected);
        assert!(settings.repositories.iter().all(|repository| !repository.checks.databases));
    }

    #[test]
    fn patterns_of_names_and_of_groups_keep_packages() {
        let settings = settings("pacman-patterns");
        assert!(settings.ignores("linux-lts", &[]) && settings.ignores("foo", &[]));
        assert!(settings.ignores("kwin", &["plasma", "kde"]));
        assert!(!settings.ignores("bar", &[]) && !settings.ignores("food", &["gnome"]));
    }
}
