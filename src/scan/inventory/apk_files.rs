//! apk's records about files: behind the fields of a package its folders (`F`), each with its files (`R`) and the checksum
//! of what the package brought (`Z`) (apk-tools, `src/database.c`, `apk_db_fdb_read`).
//!
//! apk protects what lies below `etc`, but for its own folder and the scripts of services: an edited file stays, and the
//! vendor's is laid beside it as `.apk-new` (apk-protected_paths(5)). Lists in `etc/apk/protected_paths.d` that say
//! otherwise are not followed here.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use super::apk_installed::database;
use crate::host::storage;
use crate::model::apk_checksum::ApkChecksum;
use crate::model::package::{PackageKey, PackageName};

/// What is protected, and what of it is not.
const PROTECTED: &str = "/etc";
const UNPROTECTED: [&str; 2] = ["/etc/apk", "/etc/init.d"];

/// A file of an installed package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ApkFile {
    pub(super) package: PackageName,
    /// Where it is, below the root, with a leading slash.
    pub(super) path: PathBuf,
    /// What the package brought; links have one too, of their target.
    pub(super) checksum: Option<ApkChecksum>,
}

impl ApkFile {
    /// Tells whether an edited version of it stays when the package is updated.
    pub(super) fn is_protected(&self) -> bool {
        self.path.starts_with(PROTECTED) && !UNPROTECTED.iter().any(|folder| self.path.starts_with(folder))
    }
}

/// Lists the files of some installed packages.
pub(super) fn of_packages(root: &Path, packages: &[PackageKey]) -> Vec<ApkFile> {
    let names: BTreeSet<&str> = packages.iter().map(|key| key.name.as_str()).collect();
    parse(&records(root), &|name| names.contains(name)).0
}

/// Finds the packages that own some paths, of a folder any of them; what no package owns is absent from the answer.
pub(super) fn owners(root: &Path, wanted: &BTreeSet<PathBuf>) -> HashMap<PathBuf, PackageName> {
    if wanted.is_empty() {
        return HashMap::new();
    }
    let (files, folders) = parse(&records(root), &|_| true);
    let all = files.into_iter().map(|file| (file.path, file.package)).chain(folders);
    all.filter(|(path, _)| wanted.contains(path)).collect()
}

fn records(root: &Path) -> String {
    let bytes = storage::read(&database(root)).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The files and the folders of some packages.
fn parse(text: &str, wants: &dyn Fn(&str) -> bool) -> (Vec<ApkFile>, Vec<(PathBuf, PackageName)>) {
    let mut files: Vec<ApkFile> = Vec::new();
    let mut folders = Vec::new();
    let (mut package, mut folder) = (None, PathBuf::from("/"));
    for line in text.lines() {
        let Some((letter, value)) = line.split_once(':') else {
            (package, folder) = (None, PathBuf::from("/"));
            continue;
        };
        match (letter, &package) {
            ("P", _) => package = wants(value).then(|| PackageName::from(value)),
            ("F", Some(name)) => {
                folder = Path::new("/").join(value);
                folders.push((folder.clone(), name.clone()));
            }
            ("R", Some(name)) => {
                files.push(ApkFile { package: name.clone(), path: folder.join(value), checksum: None });
            }
            ("Z", Some(_)) => {
                files.last_mut().into_iter().for_each(|file| file.checksum = value.parse().ok())
            }
            _ => {}
        }
    }
    (files, folders)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// See tests/fixtures/apk/README.md.
    const INSTALLED: &str = include_str!("../../../tests/fixtures/apk/installed-upgraded");

    #[test]
    fn files_are_read_with_their_checksums() {
        let (files, folders) = parse(INSTALLED, &|name| name == "baz" || name == "libfoo");
        let told: Vec<String> = files
            .iter()
            .map(|f| {
                format!("{} {} {} {}", f.package, f.path.display(), f.is_protected(), f.checksum.is_some())
            })
            .collect();
        assert_eq!(
            told,
            [
                "baz /etc/baz.conf true true",
                "baz /etc/baz.d/same.conf true true",
                "baz /usr/bin/baz false true",
                "libfoo /usr/lib/libfoo.so.1 false true",
                "libfoo /usr/lib/libfoo.so.1.0 false true",
            ]
        );
        assert!(folders.contains(&(PathBuf::from("/etc/baz.d"), PackageName::from("baz"))), "{folders:?}");
        assert_eq!(parse(INSTALLED, &|_| false), (vec![], vec![]));
    }

    #[test]
    fn scripts_of_services_and_the_own_folder_are_not_protected() {
        let file = |path: &str| ApkFile { package: "a".into(), path: path.into(), checksum: None };
        for (path, protected) in
            [("/etc/a", true), ("/etc/init.d/a", false), ("/etc/apk/keys/a", false), ("/usr/etc/a", false)]
        {
            assert_eq!(file(path).is_protected(), protected, "{path}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "(P:|F:|R:|Z:Q1|a|/|\n|\\PC){0,30}") {
            let _ = parse(&text, &|_| true);
        }
    }
}
