//! An operator looks at roots of other families than dpkg's: what is installed is read, and what is not known is said.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Lays out a root with its os-release and the files of its package database.
fn root(name: &str, release: &str, files: &[(&str, &str)]) -> PathBuf {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let root = std::env::temp_dir().join(format!("patchctl-families-{}-{name}", std::process::id()));
    let place = |path: &str, bytes: &[u8]| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    place("etc/os-release", release.as_bytes());
    for (path, fixture) in files {
        let bytes = fs::read(fixtures.join(fixture)).unwrap();
        let is_packed = fixture.ends_with(".zst");
        place(path, &if is_packed { zstd::decode_all(&bytes[..]).unwrap() } else { bytes });
    }
    root
}

/// Scans a root without a network; returns the exit code, standard output and standard error.
fn scan(root: &Path) -> (i32, String, String) {
    ask("scan", root)
}

fn ask(verb: &str, root: &Path) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_patchctl"))
        .args([verb, "--offline", "--root", root.to_str().unwrap()])
        .env_clear()
        .output()
        .unwrap();
    fs::remove_dir_all(root).unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

const ALMA: &str = "ID=almalinux\nVERSION_ID=8.9\n";

#[test]
fn inventory_is_read_and_a_missing_feed_is_never_clean() {
    let apk = ("lib/apk/db/installed", "apk/installed-scalibr");
    let rpm = ("var/lib/rpm/rpmdb.sqlite", "rpm/small.sqlite.zst");
    let pacman = ("var/lib/pacman/local/gmp-6.2.1-2/desc", "pacman/gmp-6.2.1-2/desc");
    for (name, release, file, title, count) in [
        ("alpine", "ID=alpine\nVERSION_ID=3.18.4\n", apk, "Alpine 3.18.4", 15),
        ("alma", ALMA, rpm, "AlmaLinux 8.9", 28),
        ("arch", "ID=arch\n", pacman, "Arch Linux", 1),
    ] {
        let (code, out, error) = scan(&root(name, release, &[file]));
        assert_eq!(code, 9, "{out}{error}");
        assert!(out.contains(title) && out.contains(&format!("{count} package")), "{out}");
        assert!(out.contains("INCOMPLETE"), "{out}");
    }
}

#[test]
fn a_root_without_lists_is_not_planned_for_and_the_familys_own_command_is_named() {
    let apk = ("lib/apk/db/installed", "apk/installed-scalibr");
    let rpm = ("var/lib/rpm/rpmdb.sqlite", "rpm/small.sqlite.zst");
    for (name, release, file, command) in [
        ("alpine-plan", "ID=alpine\nVERSION_ID=3.18.4\n", apk, "apk update -U"),
        ("alma-plan", ALMA, rpm, "dnf makecache"),
    ] {
        let (code, out, error) = ask("plan", &root(name, release, &[file]));
        assert_eq!((code, out.as_str()), (9, ""), "{error}");
        assert!(error.contains("there are no repository lists") && error.contains(command), "{error}");
    }
}

#[test]
fn a_root_without_packages_is_an_error_that_blames_no_package_manager() {
    let (code, out, error) = scan(&root("empty", ALMA, &[]));
    assert_eq!((code, out.as_str()), (1, ""), "{error}");
    assert!(error.contains("none in usr/lib/sysimage/rpm") && !error.contains("dpkg"), "{error}");
}

#[test]
fn distribution_without_any_feed_is_an_error_that_tells_what_was_read() {
    let file = ("var/lib/pacman/local/gmp-6.2.1-2/desc", "pacman/gmp-6.2.1-2/desc");
    let (code, out, error) = scan(&root("manjaro", "ID=manjaro\n", &[file]));
    assert_eq!((code, out.as_str()), (1, ""), "{error}");
    assert!(
        error.contains("no advisory feed speaks about Manjaro: none of its 1 packages can be judged"),
        "{error}"
    );
    assert!(error.contains("this patchctl knows debian, ubuntu, almalinux"), "{error}");
}

#[test]
fn damaged_database_is_one_error_with_its_place() {
    let damaged = ("var/lib/rpm/rpmdb.sqlite", "rpm/small.rpm-qa.tsv");
    let (code, out, error) = scan(&root("damaged", ALMA, &[damaged]));
    assert_eq!((code, out.as_str()), (10, ""), "{error}");
    assert!(error.contains("var/lib/rpm/rpmdb.sqlite, page 1: the file is no SQLite database"), "{error}");
    assert!(error.contains("hint: rpm -qa"), "{error}");
    assert_eq!(error.matches("error: ").count(), 1, "{error}");
}
