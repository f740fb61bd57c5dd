//! Archives made, installed and taken from real tools: `dpkg-deb`, `dpkg` in a scratch root, `apt-get download`.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use patchctl::model::package::PackageKey;
use patchctl::package_manager::deb::archive::Archive;
use patchctl::package_manager::deb::database::Record;
use patchctl::package_manager::deb::identity::{Difference, archive_matches_installed};
use patchctl::package_manager::deb::rebuild::{LABEL, RebuildError, rebuild};
use patchctl::package_manager::deb::rules::DpkgRules;
use patchctl::package_manager::deb::verify::{Fault, verify_against_md5sums, verify_installed};

pub(super) const CONTROL: &str = "Package: fixture\nVersion: 1:2.0-1\nArchitecture: all\nMaintainer: Nobody <nobody@example.org>\n\
    Depends: fixture-base (>= 1) | fixture-other\nDescription: exercises archives\n with every kind of entry\n";

pub(super) struct Scratch(pub(super) PathBuf);

impl Scratch {
    pub(super) fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("patchctl-archives-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(super) fn put(path: &Path, content: &[u8], mode: u32) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

pub(super) fn run(program: &str, arguments: &[&str]) -> (bool, String) {
    let output = Command::new(program).args(arguments).env("LC_ALL", "C.UTF-8").output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

pub(super) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

pub(super) fn can_run() -> bool {
    let here = Path::new("/usr/bin/dpkg-deb").exists() && nix_is_root();
    if !here {
        eprintln!("not run: needs dpkg-deb and root");
    }
    here
}

fn nix_is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|m| m.uid() == 0)
}

/// Builds the fixture package with every kind of entry.
pub(super) fn build(scratch: &Scratch, compression: &str) -> PathBuf {
    let tree = scratch.path("tree");
    let long = "l".repeat(60);
    put(&tree.join("DEBIAN/control"), CONTROL.as_bytes(), 0o644);
    put(&tree.join("DEBIAN/conffiles"), b"/etc/fixture/a.conf\n/etc/fixture/b.conf\n", 0o644);
    put(&tree.join("etc/fixture/a.conf"), b"a = 1\n", 0o640);
    put(&tree.join("etc/fixture/b.conf"), b"b = 1\n", 0o644);
    put(&tree.join("usr/bin/fixture"), b"#!/bin/true\n", 0o4755);
    put(&tree.join("usr/lib/fixture/large"), &vec![7u8; 300_001], 0o644);
    put(&tree.join("usr/share/doc/fixture/notes with space"), b"n", 0o644);
    put(&tree.join(format!("usr/share/{long}/{long}/deep")), b"deep", 0o644);
    put(&tree.join("lib/udev/rules.d/fixture.rules"), b"rule\n", 0o644);
    put(&tree.join("usr/share/empty"), b"", 0o644);
    let _ = fs::hard_link(tree.join("usr/lib/fixture/large"), tree.join("usr/lib/fixture/second"));
    let _ = symlink("fixture", tree.join("usr/bin/alias"));
    let _ = symlink(format!("../share/{long}/{long}/deep"), tree.join("usr/lib/fixture/far"));
    fs::create_dir_all(tree.join("var/lib/fixture")).unwrap();
    let archive = scratch.path(&format!("fixture-{compression}.deb"));
    let kind = format!("-Z{compression}");
    let (ok, said) = run("dpkg-deb", &["--root-owner-group", &kind, "-b", text(&tree), text(&archive)]);
    assert!(ok, "{said}");
    archive
}

/// A root with an empty database and a merged `/usr`.
fn root(scratch: &Scratch) -> PathBuf {
    let root = scratch.path("root");
    for folder in ["var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers", "usr/lib", "etc"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    fs::write(root.join("var/lib/dpkg/status"), "").unwrap();
    fs::write(root.join("etc/passwd"), "root:x:0:0::/:\n").unwrap();
    fs::write(root.join("etc/group"), "root:x:0:\n").unwrap();
    let _ = symlink("usr/lib", root.join("lib"));
    root
}

fn install(root: &Path, archive: &Path) {
    let root = format!("--root={}", text(root));
    let options =
        [root.as_str(), "--force-depends", "--force-confold", "--log=/dev/null", "-i", text(archive)];
    let (ok, said) = run("dpkg", &options);
    assert!(ok, "{said}");
}

fn key() -> PackageKey {
    PackageKey { name: "fixture".into(), architecture: "all".into() }
}

#[test]
fn every_compression_is_read_and_verifies_after_installation() {
    if !can_run() {
        return;
    }
    for compression in ["gzip", "xz", "zstd", "none"] {
        let scratch = Scratch::new(compression);
        let archive_path = build(&scratch, compression);
        let root = root(&scratch);
        install(&root, &archive_path);
        let archive = Archive::open(&archive_path).unwrap();
        assert_eq!(archive.version().as_str(), "1:2.0-1");
        assert_eq!(archive.conffiles().len(), 2);
        let rules = DpkgRules::read(&root).unwrap();
        let found = verify_installed(&root, &archive, &rules).unwrap();
        assert_eq!(found.mismatches, [], "{compression}");
        assert!(found.compared > 20, "{}", found.compared);
        assert_eq!(archive_matches_installed(&archive, &root).unwrap(), None, "{compression}");
        let record = Record::read(&root, &key()).unwrap();
        let recorded = verify_against_md5sums(&root, &record, &rules).unwrap();
        assert!(recorded.is_intact() && recorded.compared == 7, "{recorded:?}");
    }
}

#[test]
fn each_kind_of_damage_is_found_and_nothing_else() {
    if !can_run() {
        return;
    }
    let scratch = Scratch::new("damage");
    let archive = Archive::open(&build(&scratch, "xz")).unwrap();
    let root = root(&scratch);
    install(&root, archive.path());
    let rules = DpkgRules::read(&root).unwrap();
    let damage = |path: &str, harm: &dyn Fn(&Path), expected: &[Fault]| {
        install(&root, archive.path());
        harm(&root.join(path));
        let found = verify_installed(&root, &archive, &rules).unwrap();
        let at: Vec<_> =
            found.mismatches.iter().map(|m| (text(&m.path).to_owned(), m.fault.clone())).collect();
        let wanted: Vec<_> = expected.iter().map(|fault| (format!("/{path}"), fault.clone())).collect();
        assert_eq!(at, wanted);
    };
    damage(
        "usr/share/doc/fixture/notes with space",
        &|path| fs::write(path, "x").unwrap(),
        &[Fault::Content],
    );
    damage("usr/share/empty", &|path| fs::remove_file(path).unwrap(), &[Fault::Missing]);
    damage("lib/udev/rules.d/fixture.rules", &|path| fs::write(path, "role\n").unwrap(), &[Fault::Content]);
    let relink = |path: &Path| {
        fs::remove_file(path).unwrap();
        symlink("elsewhere", path).unwrap();
    };
    damage("usr/bin/alias", &relink, &[Fault::Target]);
    damage("usr/share/empty", &relink, &[Fault::Type]);
    let weaken = |path: &Path| fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    damage("usr/bin/fixture", &weaken, &[Fault::Mode { expected: 0o4755, found: 0o755 }]);
    let own = |path: &Path| std::os::unix::fs::chown(path, Some(7), Some(8)).unwrap();
    damage("usr/share/empty", &own, &[Fault::Owner { found: (7, 8) }]);
    let unlink = |path: &Path| {
        let bytes = fs::read(path).unwrap();
        fs::remove_file(path).unwrap();
        fs::write(path, bytes).unwrap();
    };
    damage("usr/lib/fixture/second", &unlink, &[Fault::HardLink]);
    damage("etc/fixture/a.conf", &|path| fs::write(path, "a = 2\n").unwrap(), &[]);
    let found = verify_installed(&root, &archive, &rules).unwrap();
    assert_eq!(found.edited_conffiles.len(), 1);
}

#[test]
fn a_diverted_and_an_excluded_file_are_looked_for_where_they_belong() {
    if !can_run() {
        return;
    }
    let scratch = Scratch::new("rules");
    let archive = Archive::open(&build(&scratch, "zstd")).unwrap();
    let root = root(&scratch);
    let diversions = "/usr/share/empty\n/usr/share/empty.distrib\nother\n";
    fs::write(root.join("var/lib/dpkg/diversions"), diversions).unwrap();
    fs::write(root.join("var/lib/dpkg/statoverride"), "root root 755 /usr/bin/fixture\n").unwrap();
    fs::create_dir_all(root.join("etc/dpkg/dpkg.cfg.d")).unwrap();
    fs::write(root.join("etc/dpkg/dpkg.cfg.d/slim"), "path-exclude /usr/share/doc/*\n").unwrap();
    install(&root, archive.path());
    fs::remove_file(root.join("usr/share/doc/fixture/notes with space")).unwrap();
    fs::write(root.join("usr/share/empty"), "another package's file").unwrap();
    let rules = DpkgRules::read(&root).unwrap();
    let found = verify_installed(&root, &archive, &rules).unwrap();
    assert_eq!(found.mismatches, []);
    assert_eq!(found.excepted, [PathBuf::from("/usr/share/doc/fixture/notes with space")]);
}

#[test]
fn a_rebuilt_archive_installs_and_verifies() {
    if !can_run() {
        return;
    }
    let scratch = Scratch::new("rebuild");
    let vendor = Archive::open(&build(&scratch, "xz")).unwrap();
    let root = root(&scratch);
    install(&root, vendor.path());
    fs::write(root.join("etc/fixture/a.conf"), "a = mine\n").unwrap();
    fs::remove_file(root.join("etc/fixture/b.conf")).unwrap();
    let rules = DpkgRules::read(&root).unwrap();
    let rebuilt = rebuild(&root, &key(), &rules, &scratch.0).unwrap();
    assert_eq!(rebuilt.path, scratch.path("fixture_1%3a2.0-1_all.deb"));
    assert_eq!(rebuilt.edited_conffiles, [PathBuf::from("/etc/fixture/a.conf")]);
    assert_eq!(rebuilt.absent, [PathBuf::from("/etc/fixture/b.conf")]);
    let (ok, said) = run("dpkg-deb", &["-c", text(&rebuilt.path)]);
    assert!(ok && said.contains("-rwsr-xr-x root/root"), "{said}");
    assert!(said.contains("link to ./usr/lib/fixture/large"), "{said}");

    fs::write(root.join("usr/lib/fixture/large"), "torn").unwrap();
    install(&root, &rebuilt.path);
    let archive = Archive::open(&rebuilt.path).unwrap();
    assert_eq!(archive.control().get(LABEL), Some("yes"));
    assert_eq!(verify_installed(&root, &archive, &rules).unwrap().mismatches, []);
    assert_eq!(verify_installed(&root, &vendor, &rules).unwrap().mismatches, []);
    assert_eq!(fs::read_to_string(root.join("etc/fixture/a.conf")).unwrap(), "a = mine\n");
    assert!(!root.join("etc/fixture/b.conf").exists());
    assert_eq!(archive_matches_installed(&archive, &root).unwrap(), None);
}

#[test]
fn altered_files_are_not_rebuilt() {
    if !can_run() {
        return;
    }
    let scratch = Scratch::new("altered");
    let archive = Archive::open(&build(&scratch, "xz")).unwrap();
    let root = root(&scratch);
    install(&root, archive.path());
    fs::write(root.join("usr/bin/fixture"), "#!/bin/evil\n").unwrap();
    let rules = DpkgRules::read(&root).unwrap();
    let refused = rebuild(&root, &key(), &rules, &scratch.0);
    assert!(
        matches!(&refused, Err(RebuildError::Altered { mismatches, .. }) if mismatches.len() == 1),
        "{refused:?}"
    );
    let left = fs::read_dir(&scratch.0)
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().contains("_all"));
    assert_eq!(left.count(), 0);
}

#[test]
fn another_build_of_the_same_version_is_told_apart() {
    if !can_run() {
        return;
    }
    let scratch = Scratch::new("identity");
    let archive = build(&scratch, "xz");
    let root = root(&scratch);
    let absent = archive_matches_installed(&Archive::open(&archive).unwrap(), &root).unwrap();
    assert_eq!(absent, Some(Difference::NotInstalled));
    install(&root, &archive);
    fs::write(scratch.path("tree/usr/share/empty"), "no more").unwrap();
    let other = Archive::open(&build(&scratch, "gzip")).unwrap();
    let same_content = archive_matches_installed(&other, &root).unwrap();
    assert_eq!(same_content, None, "build() writes the fixture anew");
    put(&scratch.path("tree/usr/share/more"), b"more", 0o644);
    let other = Archive::open(&build(&scratch, "gzip")).unwrap();
    assert_eq!(archive_matches_installed(&other, &root).unwrap(), Some(Difference::Digests));
}

#[test]
fn a_cut_or_damaged_archive_is_an_error_and_never_a_panic() {
    if !can_run() {
        return;
    }
    let scratch = Scratch::new("cut");
    let damaged = scratch.path("damaged.deb");
    let read_all = |path: &Path| {
        let archive = Archive::open(path)?;
        archive
            .for_each_entry(&mut |_, _| Ok::<(), patchctl::package_manager::deb::archive::ArchiveError>(()))
    };
    for compression in ["gzip", "xz", "zstd", "none"] {
        let whole = fs::read(build(&scratch, compression)).unwrap();
        for length in (0..whole.len()).step_by((whole.len() / 150).max(1)) {
            fs::write(&damaged, &whole[..length]).unwrap();
            assert!(read_all(&damaged).is_err(), "{compression} cut at {length}");
            let mut flipped = whole.clone();
            flipped[length] ^= 0x55;
            fs::write(&damaged, &flipped).unwrap();
            let _ = read_all(&damaged);
        }
    }
}

const REAL: &[&str] = &[
    "perl-base",
    "libc6",
    "openssl",
    "ca-certificates",
    "tzdata",
    "dash",
    "base-files",
    "passwd",
    "coreutils",
    "git",
    "apt",
    "python3.11-minimal",
    "mount",
    "libssl3",
];

#[test]
fn real_archives_verify_against_this_machine() {
    if !can_run() {
        return;
    }
    let scratch = Scratch::new("real");
    let rules = DpkgRules::read(Path::new("/")).unwrap();
    let mut verified = 0;
    for name in REAL {
        let Some(archive) = download_installed(&scratch, name) else {
            eprintln!("not run: {name}: the installed version cannot be downloaded");
            continue;
        };
        let archive = Archive::open(&archive).unwrap();
        let found = verify_installed(Path::new("/"), &archive, &rules).unwrap();
        assert!(found.is_intact(), "{name}: {:?}", found.mismatches);
        assert_eq!(archive_matches_installed(&archive, Path::new("/")).unwrap(), None, "{name}");
        verified += 1;
        eprintln!("{name}: {} paths, {:?}", found.compared, found.mismatches);
    }
    eprintln!("{verified} of {} real archives verified", REAL.len());
}

fn download_installed(scratch: &Scratch, name: &str) -> Option<PathBuf> {
    let (_, said) = run("dpkg-query", &["-W", "-f=${Package}:${Architecture}=${Version}\n", name]);
    let wanted = said.lines().next()?.to_owned();
    let folder = scratch.path(name);
    fs::create_dir_all(&folder).unwrap();
    let output = Command::new("apt-get")
        .args(["download", "-q", "-o", "APT::Sandbox::User=root", &wanted])
        .current_dir(&folder)
        .output()
        .ok()?;
    output.status.success().then_some(())?;
    fs::read_dir(&folder).unwrap().next().map(|entry| entry.unwrap().path())
}
