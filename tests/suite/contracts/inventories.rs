//! The readers of package databases on real databases, whole and broken.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use patchctl::model::failure::in_one_line;
use patchctl::model::package::InstalledPackage;
use patchctl::model::version::rpm::Nevra;
use patchctl::scan::inventory::rpm_database::{RpmError, SqliteError, read_sqlite};
use patchctl::scan::inventory::{self, InventoryError};

use super::version_orders::shared;

fn fixture(path: &str) -> Vec<u8> {
    unpacked(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(path))
}

fn unpacked(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    if path.extension().is_some_and(|end| end == "zst") {
        zstd::decode_all(&bytes[..]).unwrap()
    } else {
        bytes
    }
}

/// A scratch folder, removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("patchctl-inventories-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn with(&self, path: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    fn names(&self) -> Vec<String> {
        let name = |entry: Result<fs::DirEntry, _>| entry.unwrap().file_name().into_string().unwrap();
        let mut names: Vec<String> = fs::read_dir(&self.0).unwrap().map(name).collect();
        names.sort();
        names
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What is known of a package, in the words of rpm's own list: name, version with epoch, architecture, source package
/// with its version, module stream.
fn rows(packages: &[InstalledPackage]) -> Vec<String> {
    let row = |package: &InstalledPackage| {
        let module = package.provenance.as_ref().and_then(|provenance| provenance.module.as_ref());
        let module = module.map_or("(none)".into(), |module| format!("{}:{}", module.name, module.stream));
        let source = package.source.version.as_str().rsplit(':').next().unwrap();
        let (name, architecture) = (&package.name, &package.architecture);
        format!("{name} {} {architecture} {} {source} {module}", package.version, package.source.name)
    };
    let mut rows: Vec<String> = packages.iter().map(row).collect();
    rows.sort();
    rows
}

/// The same of what `rpm -qa` printed.
fn rows_of_rpm(text: &str) -> Vec<String> {
    let row = |line: &str| {
        let [name, epoch, version, release, architecture, source, label] =
            line.split('\t').collect::<Vec<_>>().try_into().unwrap();
        let epoch = if epoch == "0" { String::new() } else { format!("{epoch}:") };
        let source = Nevra::parse(source).unwrap();
        let module = label.splitn(3, ':').take(2).collect::<Vec<_>>().join(":");
        let source = format!("{} {}-{}", source.name, source.version, source.release);
        format!("{name} {epoch}{version}-{release} {architecture} {source} {module}")
    };
    let mut rows: Vec<String> = text.lines().map(row).collect();
    rows.sort();
    rows
}

#[test]
fn sqlite_databases_give_the_rows_that_rpm_gives() {
    let scratch = Scratch::new("rows");
    let wanted = rows_of_rpm(&String::from_utf8(fixture("rpm/small.rpm-qa.tsv")).unwrap());
    assert_eq!(wanted.len(), 28);
    for name in ["small.sqlite", "small-pages.sqlite"] {
        let path = scratch.with(name, &fixture(&format!("rpm/{name}.zst")));
        assert_eq!(rows(&read_sqlite(&path).unwrap()), wanted, "{name}");
    }
    for (name, count) in [("alma_8", 535), ("alma_9", 589), ("rhel_80", 476)] {
        let folder = shared().join("inventories/rpm/rebuilt");
        let packed = folder.join(format!("{name}.rpmdb.sqlite.zst"));
        if !packed.is_file() {
            println!("not run: {} is not here", packed.display());
            continue;
        }
        let path = scratch.with(name, &unpacked(&packed));
        let wanted =
            rows_of_rpm(&fs::read_to_string(folder.join(format!("{name}.sqlite.rpm-qa.tsv"))).unwrap());
        assert_eq!(wanted.len(), count);
        assert_eq!(rows(&read_sqlite(&path).unwrap()), wanted, "{name}");
    }
}

#[test]
fn reading_creates_nothing_beside_a_database() {
    let scratch = Scratch::new("beside");
    let path = scratch.with("rpmdb.sqlite", &fixture("rpm/logged.sqlite.zst"));
    scratch.with("rpmdb.sqlite-wal", &fixture("rpm/logged.sqlite-wal.zst"));
    let before: Vec<_> = scratch.names().iter().map(|name| fs::read(scratch.0.join(name)).unwrap()).collect();
    assert_eq!(read_sqlite(&path).unwrap().len(), 26);
    assert_eq!(scratch.names(), ["rpmdb.sqlite", "rpmdb.sqlite-wal"]);
    let after: Vec<_> = scratch.names().iter().map(|name| fs::read(scratch.0.join(name)).unwrap()).collect();
    assert!(before == after);
}

#[test]
fn write_ahead_log_counts_up_to_its_last_whole_change() {
    let scratch = Scratch::new("log");
    let path = scratch.with("rpmdb.sqlite", &fixture("rpm/logged.sqlite.zst"));
    assert_eq!(read_sqlite(&path).unwrap().len(), 28, "without the log");
    let log = fixture("rpm/logged.sqlite-wal.zst");
    let mut last = 28;
    for length in (0..log.len()).step_by(97).chain([log.len()]) {
        scratch.with("rpmdb.sqlite-wal", &log[..length]);
        let count = read_sqlite(&path).unwrap().len();
        assert!(count == last || count + 1 == last, "cut at {length}: {count} after {last}");
        last = count;
    }
    assert_eq!(last, 26);
    for at in (0..log.len()).step_by(61) {
        let mut flipped = log.clone();
        flipped[at] ^= 0x10;
        scratch.with("rpmdb.sqlite-wal", &flipped);
        let count = read_sqlite(&path).unwrap().len();
        assert!((26..=28).contains(&count), "flipped at {at}: {count}");
    }
}

#[test]
fn unfinished_change_of_the_older_kind_is_refused() {
    let scratch = Scratch::new("journal");
    let path = scratch.with("rpmdb.sqlite", &fixture("rpm/small.sqlite.zst"));
    scratch.with("rpmdb.sqlite-journal", &[0; 512]);
    assert_eq!(read_sqlite(&path).unwrap().len(), 28, "a journal that was cleared is complete");
    scratch.with("rpmdb.sqlite-journal", &[0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7, 0, 0]);
    assert!(matches!(read_sqlite(&path), Err(RpmError::Sqlite(SqliteError::Unfinished { .. }))));
}

#[test]
fn a_database_of_a_newer_format_is_one_error_that_says_so() {
    let scratch = Scratch::new("newer");
    let mut bytes = fixture("rpm/small.sqlite.zst");
    for (at, newer) in [(19, 3), (47, 5)] {
        let known = std::mem::replace(&mut bytes[at], newer);
        let path = scratch.with("rpmdb.sqlite", &bytes);
        let told = in_one_line(&read_sqlite(&path).expect_err("it is newer"));
        assert!(told.contains("rpmdb.sqlite") && told.contains("a newer format"), "{told}");
        bytes[at] = known;
    }
}

#[test]
fn database_cut_at_any_byte_is_one_error_that_names_it() {
    let scratch = Scratch::new("cut");
    for name in ["small.sqlite", "small-pages.sqlite"] {
        let whole = fixture(&format!("rpm/{name}.zst"));
        let path = scratch.with(name, &whole);
        let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        let lengths = (0..whole.len()).rev().filter(|at| *at < 1_100 || at % 127 == 0 || at % 512 == 0);
        for length in lengths {
            file.set_len(length as u64).unwrap();
            let error = read_sqlite(&path).expect_err("it is cut");
            assert!(in_one_line(&error).contains(name), "cut at {length}: {}", in_one_line(&error));
        }
    }
}

#[test]
fn flipped_bytes_give_an_error_that_names_the_database_or_none_at_all() {
    let scratch = Scratch::new("flipped");
    let (mut refused, mut taken) = (0, 0);
    for name in ["small.sqlite", "small-pages.sqlite"] {
        let whole = fixture(&format!("rpm/{name}.zst"));
        let path = scratch.with(name, &whole);
        let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        for (at, mask) in (0..whole.len())
            .filter(|at| at % 512 < 12 || at % 97 == 0)
            .zip([1, 0x80, 0xff].into_iter().cycle())
        {
            use std::os::unix::fs::FileExt;
            file.write_all_at(&[whole[at] ^ mask], at as u64).unwrap();
            match read_sqlite(&path) {
                Ok(packages) => {
                    assert!(packages.len() <= 60, "{name}: {at}");
                    taken += 1;
                }
                Err(error) => {
                    assert!(in_one_line(&error).contains(name), "{name}: {at}: {}", in_one_line(&error));
                    refused += 1;
                }
            }
            file.write_all_at(&whole[at..=at], at as u64).unwrap();
        }
    }
    println!("{refused} flips refused, {taken} not seen (contents have no checksum)");
    assert!(refused > 300);
}

#[test]
fn database_that_is_written_meanwhile_is_read_whole_or_not_at_all() {
    let is_here = |program| Command::new(program).arg("--version").output().is_ok();
    if !is_here("sqlite3") {
        println!("not run: sqlite3 is not here");
        return;
    }
    let scratch = Scratch::new("written");
    let path = scratch.with("rpmdb.sqlite", &fixture("rpm/small.sqlite.zst"));
    let change = "begin; create table keep as select * from Packages; delete from Packages; \
                  insert into Packages select * from keep; drop table keep; commit;\n";
    let script = format!("pragma journal_mode=wal;\npragma wal_autocheckpoint=20;\n{}", change.repeat(300));
    let mut writer =
        Command::new("sqlite3").arg(&path).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut pipe = writer.stdin.take().unwrap();
    let feeder = std::thread::spawn(move || {
        use std::io::Write;
        for line in script.lines() {
            writeln!(pipe, "{line}").unwrap();
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
    });
    let (mut whole, mut busy) = (0, 0);
    while !feeder.is_finished() {
        match read_sqlite(&path) {
            Ok(packages) => {
                assert_eq!(packages.len(), 28);
                whole += 1;
            }
            Err(RpmError::Sqlite(SqliteError::Busy { .. } | SqliteError::Unfinished { .. })) => busy += 1,
            Err(error) => panic!("{}", in_one_line(&error)),
        }
    }
    feeder.join().unwrap();
    assert!(writer.wait().unwrap().success());
    println!("{whole} reads of 28 packages, {busy} told that the database is being written");
    assert_eq!(read_sqlite(&path).unwrap().len(), 28);
    assert!(whole > 0);
}

fn rpm_is_here() -> bool {
    let is_here = Path::new("/usr/bin/rpm").exists();
    if !is_here {
        println!("not run: rpm is not here");
    }
    is_here
}

#[test]
fn rpm_itself_agrees_today() {
    if !rpm_is_here() {
        return;
    }
    let scratch = Scratch::new("agrees");
    let path = scratch.with("rpmdb.sqlite", &fixture("rpm/small-pages.sqlite.zst"));
    let format = "%{NAME}\t%{EPOCHNUM}\t%{VERSION}\t%{RELEASE}\t%{ARCH}\t%{SOURCERPM}\t%{MODULARITYLABEL}\n";
    let output = Command::new("/usr/bin/rpm")
        .args(["--dbpath", scratch.0.to_str().unwrap(), "-qa", "--queryformat", format])
        .output()
        .unwrap();
    assert_eq!(rows(&read_sqlite(&path).unwrap()), rows_of_rpm(&String::from_utf8(output.stdout).unwrap()));
}

fn release(id: &str) -> Vec<u8> {
    format!("ID={id}\nVERSION_ID=\"8.9\"\n").into_bytes()
}

#[test]
fn old_database_is_read_by_rpm() {
    if !rpm_is_here() {
        return;
    }
    let scratch = Scratch::new("bdb");
    scratch.with("etc/os-release", &release("centos"));
    let path = scratch.with("var/lib/rpm/Packages", &fixture("rpm/bdb-Packages.zst"));
    let inventory = inventory::read(&scratch.0, false).unwrap();
    let package = &inventory.packages[0];
    assert_eq!((package.name.as_str(), package.version.as_str()), ("hello", "1:0.0.1-rls"));
    assert_eq!((inventory.packages.len(), package.source.version.as_str()), (1, "1:0.0.1-rls"));
    fs::write(&path, b"no database").unwrap();
    let error = inventory::read(&scratch.0, false).expect_err("it is none");
    assert!(in_one_line(&error).contains("var/lib/rpm"), "{}", in_one_line(&error));
}

#[test]
fn whole_roots_of_rpm_distributions_are_read() {
    let scratch = Scratch::new("rpm-root");
    scratch.with("etc/os-release", &release("almalinux"));
    scratch.with("var/lib/rpm/rpmdb.sqlite", &fixture("rpm/small.sqlite.zst"));
    scratch
        .with("etc/dnf/modules.d/perl.module", b"[perl]\nname=perl\nstream=5.26\nprofiles=\nstate=enabled\n");
    let inventory = inventory::read(&scratch.0, false).unwrap();
    assert_eq!(inventory.packages.len(), 28);
    assert_eq!(inventory.distribution.title(), "AlmaLinux 8.9");
    assert_eq!(inventory.enabled_modules.len(), 1);
    for package in &inventory.packages {
        assert_eq!(inventory.find(&package.key()), Some(package));
    }
}

#[test]
fn apk_databases_are_read_whole_and_broken_ones_refused() {
    for (name, count) in [
        ("installed-scalibr", 15),
        ("installed-syft-multiple", 14),
        ("edge-single", 1),
        ("edge-different-arch", 1),
        ("edge-no-origin", 1),
    ] {
        let scratch = Scratch::new(&format!("apk-{name}"));
        scratch.with("etc/os-release", b"ID=alpine\nVERSION_ID=3.18.4\n");
        let bytes = fixture(&format!("apk/{name}"));
        scratch.with("lib/apk/db/installed", &bytes);
        let inventory = inventory::read(&scratch.0, false)
            .unwrap_or_else(|error| panic!("{name}: {}", in_one_line(&error)));
        assert_eq!(inventory.packages.len(), count, "{name}");
        assert!(inventory.packages.iter().all(|package| package.version.is_ordered()), "{name}");
    }
    for (name, line) in [("edge-invalid", 1), ("installed-trivy", 23)] {
        let scratch = Scratch::new(&format!("apk-{name}"));
        scratch.with("etc/os-release", b"ID=alpine\nVERSION_ID=3.18.4\n");
        scratch.with("lib/apk/db/installed", &fixture(&format!("apk/{name}")));
        let error = inventory::read(&scratch.0, false).expect_err("it is broken");
        assert!(
            in_one_line(&error).contains(&format!("lib/apk/db/installed, line {line}: ")),
            "{}",
            in_one_line(&error)
        );
    }
    let text = String::from_utf8(fixture("apk/installed-trivy")).unwrap();
    let mended = text.replace("P:invalidPackageWithoutAVersion\n\n", "");
    assert_eq!(inventory::apk_installed::parse(mended.as_bytes(), "installed").unwrap().len(), 15);
}

#[test]
fn pacman_databases_are_read_and_damaged_folders_named() {
    let scratch = Scratch::new("pacman");
    scratch.with("etc/os-release", b"ID=arch\n");
    scratch.with("var/lib/pacman/local/ALPM_DB_VERSION", b"9\n");
    let sound = ["emacs-29.3-3", "fuzzy-1.2-3", "gmp-6.2.1-2", "madeup-20.30-4", "tree-sitter-0.22.6-1"];
    let place = |name: &str| {
        scratch.with(&format!("var/lib/pacman/local/{name}/desc"), &fixture(&format!("pacman/{name}/desc")))
    };
    sound.iter().for_each(|name| drop(place(name)));
    let inventory = inventory::read(&scratch.0, false).unwrap();
    let shown: Vec<String> = inventory.packages.iter().map(|p| format!("{}-{}", p.name, p.version)).collect();
    assert_eq!(shown, sound);
    place("corrupt-0.2.1-3");
    let error = inventory::read(&scratch.0, false).expect_err("one is damaged");
    assert!(in_one_line(&error).contains("local/corrupt-0.2.1-3/desc, line 1: "), "{}", in_one_line(&error));
}

#[test]
fn root_of_an_unknown_distribution_is_told_by_its_only_database() {
    let scratch = Scratch::new("unknown");
    scratch.with("etc/os-release", b"ID=nobodys\nVERSION_ID=1\n");
    assert!(matches!(inventory::read(&scratch.0, false), Err(InventoryError::NoDatabase { .. })));
    scratch.with("lib/apk/db/installed", &fixture("apk/edge-single"));
    assert_eq!(inventory::read(&scratch.0, false).unwrap().packages.len(), 1);
    scratch.with("var/lib/rpm/rpmdb.sqlite", &fixture("rpm/small.sqlite.zst"));
    assert!(matches!(inventory::read(&scratch.0, false), Err(InventoryError::SeveralDatabases { .. })));
}
