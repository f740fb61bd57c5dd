//! What of pacman's own options a run has to know (pacman.conf(5), section `[options]`).

use std::path::{Path, PathBuf};

use crate::host::storage;
use crate::model::wildcard;

/// The configuration, below a root.
const MAIN: &str = "etc/pacman.conf";
/// Largest one that is read.
const LARGEST: u64 = 1 << 20;

/// The options of one root.
#[derive(Debug)]
pub(super) struct Options {
    root: PathBuf,
    lines: Vec<String>,
}

impl Options {
    /// Reads them; a file that is absent states none.
    pub(super) fn read(root: &Path) -> Self {
        let bytes = storage::read_at_most(&root.join(MAIN), LARGEST).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Self { root: root.to_owned(), lines: options(&text) }
    }

    fn values<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        let values = self.lines.iter().filter_map(|line| line.split_once('='));
        values.filter(move |(found, _)| found.trim() == key).flat_map(|(_, value)| value.split_whitespace())
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// The folders in which pacman keeps archives.
    pub(super) fn caches(&self) -> Vec<PathBuf> {
        let stated: Vec<PathBuf> = self.values("CacheDir").map(|path| self.at(path)).collect();
        if stated.is_empty() { vec![self.at("var/cache/pacman/pkg")] } else { stated }
    }

    /// The keys whose signatures count.
    pub(super) fn keyring(&self) -> PathBuf {
        self.at(self.values("GPGDir").last().unwrap_or("etc/pacman.d/gnupg"))
    }

    /// Tells whether a path, without its leading slash, is never unpacked.
    pub(super) fn leaves_out(&self, path: &str) -> bool {
        self.matches("NoExtract", path)
    }

    /// Tells whether a path is never replaced.
    pub(super) fn keeps(&self, path: &str) -> bool {
        self.matches("NoUpgrade", path)
    }

    /// The last pattern that matches decides; one with `!` takes out of what those before it mean.
    fn matches(&self, key: &str, path: &str) -> bool {
        let mut found = false;
        for pattern in self.values(key) {
            let (means, pattern) = match pattern.strip_prefix('!') {
                Some(pattern) => (false, pattern),
                None => (true, pattern),
            };
            if wildcard::matches(pattern.as_bytes(), path.as_bytes()) {
                found = means;
            }
        }
        found
    }

    /// The same options for a pacman that knows no repository and so fetches nothing. Signatures of local archives are not
    /// demanded again: each archive was checked when it was stored, by its own signature or as what was installed.
    pub(super) fn offline(&self) -> String {
        let kept = self.lines.iter().filter(|line| !line.trim_start().starts_with("LocalFileSigLevel"));
        let lines: Vec<&str> = kept.map(String::as_str).collect();
        format!("[options]\n{}\nLocalFileSigLevel = Optional\n", lines.join("\n"))
    }
}

/// The lines of the section `[options]`.
fn options(text: &str) -> Vec<String> {
    let mut inside = false;
    let mut lines = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            inside = section == "options]";
        } else if inside && !line.is_empty() && !line.starts_with('#') {
            lines.push(line.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Options {
        Options { root: "/".into(), lines: options(text) }
    }

    #[test]
    fn an_offline_configuration_has_the_options_and_no_repository() {
        let text =
            "[options]\nHoldPkg = pacman\n#CacheDir = /x\nLocalFileSigLevel = Required\n[core]\nServer = x\n";
        assert_eq!(of(text).offline(), "[options]\nHoldPkg = pacman\nLocalFileSigLevel = Optional\n");
        assert_eq!(of(text).caches(), [PathBuf::from("/var/cache/pacman/pkg")]);
    }

    #[test]
    fn patterns_keep_and_leave_out_paths() {
        let options =
            of("[options]\nNoExtract = usr/share/help/* !usr/share/help/en*\nNoUpgrade = etc/passwd\n");
        assert!(options.leaves_out("usr/share/help/de") && !options.leaves_out("usr/share/help/en"));
        assert!(options.keeps("etc/passwd") && !options.keeps("etc/group"));
    }
}
