//! The repositories that a host of apk has enabled (apk-repositories(5)): a line each, with a tag in front where packages
//! are taken from it by name only.

use std::path::{Path, PathBuf};

use crate::host::storage;
use crate::model::apk_checksum::ApkChecksum;

/// The list, below a root, and folders of more lists (3.0).
const MAIN: &str = "etc/apk/repositories";
const FOLDERS: [&str; 2] = ["etc/apk/repositories.d", "lib/apk/repositories.d"];
/// Which architecture the host has.
const ARCHITECTURE: &str = "etc/apk/arch";
/// Where apk keeps what it fetched: the second where the first is absent (apk-cache(5)).
const CACHES: [&str; 2] = ["etc/apk/cache", "var/cache/apk"];
/// Largest list that is read; real ones have a few hundred bytes.
const LARGEST: u64 = 1 << 20;

/// The enabled repositories of one root.
#[derive(Debug, Default)]
pub(super) struct Enabled {
    pub(super) repositories: Vec<Repository>,
    /// Every file that was read.
    pub(super) files: Vec<PathBuf>,
    /// The architecture of the host, in apk's words.
    pub(super) architecture: String,
    caches: Vec<PathBuf>,
    root: PathBuf,
}

/// One enabled repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Repository {
    /// The folder with a folder of packages for each architecture.
    pub(super) base: String,
    /// Its tag, without the `@`: nothing comes from it unless asked for.
    pub(super) tag: Option<String>,
    /// Why its index is not read here.
    pub(super) unread: Option<&'static str>,
}

impl Repository {
    /// Returns what people call it: the last two parts of its address, `v3.22/main`.
    pub(super) fn label(&self) -> String {
        let mut parts: Vec<&str> =
            self.base.rsplit('/').filter(|part| !part.is_empty() && !part.ends_with(':')).take(2).collect();
        parts.reverse();
        parts.join("/")
    }
}

impl Enabled {
    /// Reads the lists of a root; a file that is absent says nothing.
    pub(super) fn read(root: &Path) -> Self {
        let lists = FOLDERS.iter().flat_map(|folder| storage::list(&root.join(folder)).unwrap_or_default());
        let is_list = |path: &PathBuf| path.extension().is_some_and(|end| end == "list");
        let files: Vec<PathBuf> = std::iter::once(root.join(MAIN)).chain(lists.filter(is_list)).collect();
        let text = |path: &Path| {
            String::from_utf8_lossy(&storage::read_at_most(path, LARGEST).unwrap_or_default()).into_owned()
        };
        let mut repositories: Vec<Repository> = Vec::new();
        for found in
            files.iter().flat_map(|path| text(path).lines().flat_map(repositories_of).collect::<Vec<_>>())
        {
            if !repositories.contains(&found) {
                repositories.push(found);
            }
        }
        let stated = text(&root.join(ARCHITECTURE));
        let stated = stated.split_whitespace().next().unwrap_or(std::env::consts::ARCH);
        Self {
            repositories,
            architecture: stated.to_owned(),
            caches: CACHES.iter().map(|path| root.join(path)).collect(),
            root: root.to_owned(),
            files,
        }
    }

    /// Returns where the index of a repository lies now, if it was fetched.
    ///
    /// The newer of the copies counts. A repository on this host has no copy.
    pub(super) fn index_of(&self, repository: &Repository) -> Option<PathBuf> {
        let address = format!("{}/{}/{INDEX}", repository.base, self.architecture);
        let local =
            address.strip_prefix("file://").or_else(|| address.starts_with('/').then_some(address.as_str()));
        if let Some(local) = local {
            let path = self.root.join(local.trim_start_matches('/'));
            return storage::exists(&path).then_some(path);
        }
        let names = copy_names(&repository.base, &address);
        let copies = self.caches.iter().flat_map(|cache| names.iter().map(move |name| cache.join(name)));
        let there = copies.filter(|path| storage::exists(path));
        there.max_by_key(|path| storage::stamp(path).seconds)
    }

    /// Returns the folder in which apk keeps copies of indexes.
    pub(super) fn cache(&self) -> PathBuf {
        self.caches
            .iter()
            .find(|cache| storage::exists(cache))
            .or(self.caches.last())
            .cloned()
            .unwrap_or_default()
    }

    /// Returns the copies that apk has of the enabled repositories' indexes; a repository on this host has none.
    pub(super) fn copies(&self) -> Vec<PathBuf> {
        let followed = self.repositories.iter().filter(|repository| repository.unread.is_none());
        let is_copy = |path: &PathBuf| path.file_name().is_some_and(|name| name != INDEX);
        followed.filter_map(|repository| self.index_of(repository)).filter(is_copy).collect()
    }
}

/// The name of an index where packages lie, and how that of a copy of one begins.
const INDEX: &str = "APKINDEX.tar.gz";
const COPY: &str = "APKINDEX.";

/// What apk calls its copy of an index: the first bytes of a SHA-1, of the address of the repository with 2.x (an image of
/// Alpine 3.12 has `APKINDEX.2c4ac24e.tar.gz`), of that of the index with 3.0 (measured on 3.0.8).
fn copy_names(base: &str, address: &str) -> [String; 2] {
    [base, address].map(|text| format!("{COPY}{}.tar.gz", ApkChecksum::of(text.as_bytes()).short()))
}

/// Reads one line: `[v2|v3|ndx] [@tag] ADDRESS [COMPONENT...]`.
fn repositories_of(line: &str) -> Vec<Repository> {
    let mut words = line.split_whitespace().peekable();
    if words.peek().is_none_or(|word| word.starts_with('#') || *word == "set") {
        return Vec::new();
    }
    let keyword = words.next_if(|word| matches!(*word, "v2" | "v3" | "ndx"));
    let tag = words.next_if(|word| word.starts_with('@')).map(|word| word[1..].to_owned());
    let Some(address) = words.next() else { return Vec::new() };
    let base = address.trim_end_matches('/');
    let unread = if line.contains("${") {
        Some("its address has a variable, which patchctl does not follow")
    } else if keyword == Some("v3") || address.ends_with(".adb") {
        Some("its index has apk's third format, which patchctl does not read")
    } else if keyword == Some("ndx") || address.ends_with(".tar.gz") {
        Some("its address names an index, which patchctl does not follow")
    } else {
        None
    };
    let of = |base: String| Repository { base, tag: tag.clone(), unread };
    let components: Vec<Repository> = words.map(|word| of(format!("{base}/{word}"))).collect();
    if components.is_empty() { vec![of(base.to_owned())] } else { components }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_with_their_tags() {
        let text = "# comment\n\nhttps://example.org/alpine/v3.22/main/\n@edge https://example.org/alpine/edge/main\n\
            v3 https://example.org/three\nhttps://example.org/alpine/v3.22 main community\nset a=b\nhttps://${a}/x\n/srv/own\n";
        let told: Vec<String> = text
            .lines()
            .flat_map(repositories_of)
            .map(|r| format!("{} {} {}", r.label(), r.tag.unwrap_or_default(), r.unread.is_some()))
            .collect();
        assert_eq!(
            told,
            [
                "v3.22/main  false",
                "edge/main edge false",
                "example.org/three  true",
                "v3.22/main  false",
                "v3.22/community  false",
                "${a}/x  true",
                "srv/own  false"
            ]
        );
    }

    #[test]
    fn a_copy_has_the_name_that_apk_gives_it() {
        let base = "http://dl-cdn.alpinelinux.org/alpine/v3.12/main";
        assert_eq!(copy_names(base, "")[0], "APKINDEX.2c4ac24e.tar.gz");
        let measured = "http://127.0.0.1:8099/alpine/v3.23/main/x86_64/APKINDEX.tar.gz";
        assert_eq!(copy_names("", measured)[1], "APKINDEX.7e15e444.tar.gz");
    }

    proptest::proptest! {
        #[test]
        fn no_line_panics(line in "(v3 |@a |https://|/| |\\PC){0,12}") {
            repositories_of(&line).iter().for_each(|repository| _ = repository.label());
        }
    }
}
