//! pacman's records about files: what a package brought, and which of it is configuration with what digest.
//!
//! A package's file `files` has a section of paths, folders with a slash at their end, and one of configuration, each
//! path with the MD5 of what the package brought (pacman, `lib/libalpm/be_local.c`; BUILDINFO and `backup` of
//! PKGBUILD(5)).

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use super::pacman_entry::{folder_name, split, values};
use super::pacman_local::LOCAL;
use crate::host::storage;
use crate::model::digest::Md5;
use crate::model::package::{PackageKey, PackageName};

/// A configuration file of an installed package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Configuration {
    pub(super) package: PackageName,
    /// Where it is, below the root, with a leading slash.
    pub(super) path: PathBuf,
    /// What the package brought.
    pub(super) md5: Option<Md5>,
}

/// The lists of some packages, or of all.
fn lists(root: &Path, wanted: impl Fn(&str) -> bool) -> Vec<(PackageName, Vec<u8>)> {
    let folders = storage::list(&root.join(LOCAL)).unwrap_or_default();
    let list = |folder: PathBuf| {
        let named = folder_name(&folder);
        let (name, _) = split(&named).filter(|(name, _)| wanted(name))?;
        Some((PackageName::from(name), storage::read(&folder.join("files")).ok()?))
    };
    folders.into_iter().filter_map(list).collect()
}

fn paths(list: &[u8]) -> impl Iterator<Item = PathBuf> {
    values(list, "FILES").filter(|path| !path.ends_with('/')).map(|path| Path::new("/").join(path))
}

/// Lists the files of some installed packages, folders aside.
pub(super) fn of_packages(root: &Path, packages: &[PackageKey]) -> Vec<(PackageName, PathBuf)> {
    let lists = lists(root, |name| packages.iter().any(|key| key.name.as_str() == name));
    let of = |(name, list): &(PackageName, Vec<u8>)| {
        paths(list).map(|path| (name.clone(), path)).collect::<Vec<_>>()
    };
    lists.iter().flat_map(of).collect()
}

/// Finds the packages that own some paths, of a folder any of them; what no package owns is absent from the answer.
pub(super) fn owners(root: &Path, wanted: &BTreeSet<PathBuf>) -> HashMap<PathBuf, PackageName> {
    if wanted.is_empty() {
        return HashMap::new();
    }
    let all = lists(root, |_| true);
    let at = |path| Path::new("/").join(path);
    let owned =
        all.iter().flat_map(|(name, list)| values(list, "FILES").map(move |path| (at(path), name.clone())));
    owned.filter(|(path, _)| wanted.contains(path)).collect()
}

/// Lists the configuration files of some installed packages.
pub(super) fn configuration(root: &Path, packages: &[PackageKey]) -> Vec<Configuration> {
    let lists = lists(root, |name| packages.iter().any(|key| key.name.as_str() == name));
    let of = |(name, list): &(PackageName, Vec<u8>)| {
        let files = values(list, "BACKUP").filter_map(|line| line.split_once('\t'));
        let file = |(path, md5): (&str, &str)| Configuration {
            package: name.clone(),
            path: Path::new("/").join(path),
            md5: Md5::parse(md5.as_bytes()),
        };
        files.map(file).collect::<Vec<_>>()
    };
    lists.iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::Root;
    use super::*;

    #[test]
    fn files_owners_and_configuration_are_read() {
        let list = "%FILES%\netc/\netc/foo.conf\nusr/bin/foo\n\n%BACKUP%\netc/foo.conf\t900150983cd24fb0d6963f7d28e17f72\n\n";
        let root = Root::new("pacman-files", &[("var/lib/pacman/local/foo-1-1/files", list)]);
        let foo = [PackageKey { name: "foo".into(), architecture: "any".into() }];
        let files: Vec<PathBuf> = of_packages(&root.0, &foo).into_iter().map(|(_, path)| path).collect();
        assert_eq!(files, [PathBuf::from("/etc/foo.conf"), PathBuf::from("/usr/bin/foo")]);
        let wanted = BTreeSet::from(["/usr/bin/foo", "/usr/bin/bar", "/etc"].map(PathBuf::from));
        let owned: BTreeSet<PathBuf> = owners(&root.0, &wanted).into_keys().collect();
        assert_eq!(owned, BTreeSet::from(["/etc", "/usr/bin/foo"].map(PathBuf::from)));
        assert_eq!(configuration(&root.0, &foo)[0].md5, Some(Md5::of(b"abc")));
    }
}
