//! Where a root keeps rpm's database, and in which format.

use std::path::{Component, Path, PathBuf};

use super::RpmError;
use crate::host::storage;

/// The folders that distributions use: Fedora, SUSE and RHEL 10, then ostree images, then everybody before
/// (`%_dbpath` in rpm's macros).
const FOLDERS: [&str; 3] = ["usr/lib/sysimage/rpm", "usr/share/rpm", "var/lib/rpm"];

/// A database, by the file that holds its packages.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Database {
    /// `rpmdb.sqlite` (rpm 4.16 and later).
    Sqlite(PathBuf),
    /// `Packages` (Berkeley DB) or `Packages.db` (ndb), which rpm reads; the folder.
    ForRpm(PathBuf),
}

/// The file of each format. rpm itself prefers the format it was built for; the others are left from before.
const FILES: [&str; 3] = ["rpmdb.sqlite", "Packages.db", "Packages"];

/// Finds the database of a root; `None` where there is none.
///
/// # Errors
/// There are two, and rpm's macros do not say which one counts.
pub(super) fn find(root: &Path) -> Result<Option<Database>, RpmError> {
    let mut found: Vec<(PathBuf, PathBuf)> = Vec::new();
    for name in FOLDERS {
        let folder = inside(root, &root.join(name));
        let file = FILES.iter().map(|file| folder.join(file)).find(|file| storage::stamp(file).size > 0);
        // The same folder by two names is one place.
        if let Some(file) = file
            && !found.iter().any(|(_, other)| storage::stamp(other).inode == storage::stamp(&file).inode)
        {
            found.push((PathBuf::from(name), file));
        }
    }
    let file = match found.len() {
        0 => return Ok(None),
        1 => found.remove(0).1,
        _ => {
            let stated = stated_folder(root);
            let wanted = stated.and_then(|name| found.iter().position(|(folder, _)| *folder == name));
            match wanted {
                Some(at) => found.remove(at).1,
                None => {
                    return Err(RpmError::TwoDatabases {
                        first: found.remove(0).1,
                        second: found.remove(0).1,
                    });
                }
            }
        }
    };
    let folder = file.parent().unwrap_or(root).to_owned();
    Ok(Some(if file.ends_with(FILES[0]) { Database::Sqlite(file) } else { Database::ForRpm(folder) }))
}

/// Follows links of the folder and its parents without leaving the root: an absolute target is meant from the root's
/// own top.
fn inside(root: &Path, path: &Path) -> PathBuf {
    /// As many links as Linux itself follows (path_resolution(7)).
    const LINKS: usize = 40;
    let mut left = LINKS;
    let mut waiting: Vec<PathBuf> = components_of(path.strip_prefix(root).unwrap_or(path));
    let mut real = root.to_owned();
    while let Some(name) = waiting.pop() {
        if name == Path::new("..") {
            if real != root {
                real.pop();
            }
            continue;
        }
        let next = real.join(&name);
        match storage::link_target(&next) {
            Ok(target) if left > 0 => {
                left -= 1;
                if target.is_absolute() {
                    root.clone_into(&mut real);
                }
                waiting.extend(components_of(&target));
            }
            _ => real = next,
        }
    }
    real
}

/// The names of a path, the last first.
fn components_of(path: &Path) -> Vec<PathBuf> {
    let is_name = |part: &Component<'_>| matches!(part, Component::Normal(_) | Component::ParentDir);
    let mut names: Vec<PathBuf> =
        path.components().filter(is_name).map(|part| PathBuf::from(part.as_os_str())).collect();
    names.reverse();
    names
}

/// Reads `%_dbpath` as the root's rpm has it: its own macros, then what administrators laid over them (rpm(8), macro
/// files). Only the macros that distributions use in it are known.
fn stated_folder(root: &Path) -> Option<PathBuf> {
    let mut files = vec![root.join("usr/lib/rpm/macros")];
    files.extend(storage::list(&root.join("usr/lib/rpm/macros.d")).unwrap_or_default());
    files.extend(storage::list(&root.join("etc/rpm")).unwrap_or_default());
    let mut stated = None;
    for file in files {
        let bytes = storage::read_at_most(&file, 1 << 20).unwrap_or_default();
        for line in String::from_utf8_lossy(&bytes).lines() {
            let value = line.strip_prefix("%_dbpath").filter(|rest| rest.starts_with([' ', '\t']));
            stated = value.map(|value| value.trim().to_owned()).or(stated);
        }
    }
    let path = stated?.replace("%{_usr}", "/usr").replace("%{_prefix}", "/usr").replace("%{_var}", "/var");
    Some(PathBuf::from(path.trim_start_matches('/')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::inventory::tests::Root;

    #[test]
    fn database_is_found_behind_links_that_stay_in_the_root() {
        let root = Root::new("rpm-links", &[("usr/share/rpm/rpmdb.sqlite", "x")]);
        storage::create_folder(&root.0.join("usr/lib/sysimage"), 0o755).expect("writable");
        storage::create_folder(&root.0.join("var/lib"), 0o755).expect("writable");
        storage::replace_link(&root.0.join("usr/lib/sysimage/rpm"), Path::new("../../share/rpm"))
            .expect("writable");
        storage::replace_link(&root.0.join("var/lib/rpm"), Path::new("/usr/lib/sysimage/rpm"))
            .expect("writable");
        let found = find(&root.0).expect("one");
        assert_eq!(found, Some(Database::Sqlite(root.0.join("usr/share/rpm/rpmdb.sqlite"))));
    }

    #[test]
    fn old_formats_are_left_to_rpm() {
        for file in ["var/lib/rpm/Packages", "usr/lib/sysimage/rpm/Packages.db"] {
            let root = Root::new("rpm-old", &[(file, "x")]);
            let folder = root.0.join(file).parent().map(Path::to_owned);
            assert_eq!(find(&root.0).ok().flatten(), folder.map(Database::ForRpm));
        }
        assert_eq!(find(&Root::new("rpm-none", &[]).0).ok(), Some(None));
    }

    #[test]
    fn of_two_databases_the_macros_name_the_one_that_counts() {
        let (new, old) = ("usr/lib/sysimage/rpm/rpmdb.sqlite", "var/lib/rpm/rpmdb.sqlite");
        let root = Root::new("rpm-two", &[(new, "x"), (old, "y")]);
        assert!(matches!(find(&root.0), Err(RpmError::TwoDatabases { .. })));
        let macros = "%_dbpath\t\t%{_var}/lib/rpm\n%_dbpath_rebuild x\n";
        let root = Root::new("rpm-said", &[(new, "x"), (old, "y"), ("usr/lib/rpm/macros", macros)]);
        assert_eq!(find(&root.0).ok().flatten(), Some(Database::Sqlite(root.0.join(old))));
    }
}
