//! What goes wrong between plan and apply, or in the middle of a run, on a host of each family: one clear error and nothing
//! changed, or the old state back.

use std::fs;
use std::path::PathBuf;

use crate::lab::apk_root::{self, ApkRoot};
use crate::lab::faults;
use crate::lab::namespace::{InRoot, Ran};
use crate::lab::oracle::Manifest;
use crate::lab::pacman_root::{self, PacmanRoot};
use crate::lab::rpm_root::{self, RpmRoot};
use crate::lab::{dnf5_root, zypp_root};

/// What the stories ask of a root, whichever family it is of.
trait Host: Sized {
    fn command(&self, arguments: &[&str]) -> InRoot;
    fn path(&self, inside: &str) -> PathBuf;
    fn packages(&self) -> Vec<String>;
    fn copy(&self) -> Self;
}

impl Host for RpmRoot {
    fn command(&self, arguments: &[&str]) -> InRoot {
        self.command(arguments)
    }
    fn path(&self, inside: &str) -> PathBuf {
        self.path(inside)
    }
    fn packages(&self) -> Vec<String> {
        self.builds()
    }
    fn copy(&self) -> Self {
        self.copy()
    }
}

impl Host for PacmanRoot {
    fn command(&self, arguments: &[&str]) -> InRoot {
        self.command(arguments)
    }
    fn path(&self, inside: &str) -> PathBuf {
        self.path(inside)
    }
    fn packages(&self) -> Vec<String> {
        self.versions()
    }
    fn copy(&self) -> Self {
        self.copy()
    }
}

impl Host for ApkRoot {
    fn command(&self, arguments: &[&str]) -> InRoot {
        self.command(arguments)
    }
    fn path(&self, inside: &str) -> PathBuf {
        self.path(inside)
    }
    fn packages(&self) -> Vec<String> {
        self.versions()
    }
    fn copy(&self) -> Self {
        self.copy()
    }
}

/// Packages, and the files that they brought.
fn state<H: Host>(host: &H) -> (Vec<String>, Vec<Manifest>) {
    let folders = ["usr/share/lab-plain", "usr/share/lab-extra", "usr/share/lab-clash", "etc"];
    let there = folders.iter().map(|folder| host.path(folder)).filter(|path| path.exists());
    (host.packages(), there.map(|path| Manifest::of_folder(&path)).collect())
}

#[track_caller]
fn is_same<H: Host>(host: &H, before: &(Vec<String>, Vec<Manifest>), ran: &Ran) {
    let now = state(host);
    assert_eq!(before.0, now.0, "{ran}");
    assert_eq!(before.1.len(), now.1.len(), "{ran}");
    for (old, new) in before.1.iter().zip(&now.1) {
        assert_eq!(old.diff(new), [], "{ran}");
    }
}

const PLAN: &str = "/root/plan.json";

/// Spoils a copy of a host that has a plan, applies the plan, and returns what was said: nothing has changed.
#[track_caller]
fn refused<H: Host>(host: &H, spoil: impl Fn(&H)) -> Ran {
    let host = host.copy();
    spoil(&host);
    let before = state(&host);
    let ran = host.command(&["patchctl", "apply", "--yes", "--no-refresh", PLAN]).run();
    is_same(&host, &before, &ran);
    assert!(ran.code != 0, "{ran}");
    ran
}

fn replace<H: Host>(host: &H, file: &str, (from, to): (&str, &str)) {
    let path = host.path(file);
    let text = fs::read_to_string(&path).expect("a file of the root can be read");
    assert!(text.contains(from), "{file} has {from:?}");
    fs::write(path, text.replace(from, to)).expect("a file of the root can be written");
}

/// What one family does in its own way.
struct Ways<H> {
    archive: &'static str,
    disable: fn(&H),
    forget_key: fn(&H),
}

/// An archive that vanished from its mirror, a repository that was disabled, and a key that is gone.
fn between_plan_and_apply<H: Host>(host: &H, ways: &Ways<H>) {
    let plan = ["patchctl", "plan", "-o", PLAN];
    host.command(&plan).run().expect_code(0);
    let ran = refused(host, |host| fs::remove_file(host.path(ways.archive)).expect("it is there"));
    // apk does not plan with what its repository on this host lacks: that is another plan.
    assert!(
        ran.said().contains("lab-plain") && (ran.code == 8 || ran.said().contains("nothing was changed")),
        "{ran}"
    );
    let ran = refused(host, ways.disable);
    // A host of pacman has one repository in the laboratory: without it there are no lists.
    assert!([8, 9].contains(&ran.code) || ran.said().contains("lab-plain"), "{ran}");
    let ran = refused(host, ways.forget_key);
    assert!([1, 9, 10].contains(&ran.code), "{ran}");
}

/// The disk of one package's folder fills while its files come in: the old state is back.
fn disk_that_fills<H: Host>(host: &H) {
    let host = host.copy();
    let before = state(&host);
    let folder = host.path("usr/share/lab-plain");
    let files = fs::read_dir(&folder).expect("the folder is there").count() as u64;
    // A page for each file that is there, and none for another one.
    let _tight = faults::tight_disk_at(folder, &host.path("tmp/lab-kept"), files * 4096);
    let ran = host.command(&["patchctl", "apply", "--yes", "--no-refresh"]).run();
    assert!([1, 3, 10].contains(&ran.code), "{ran}");
    is_same(&host, &before, &ran);
}

/// A new version brings a file that belongs to somebody else.
fn files_that_clash<H: Host>(host: &H) {
    let host = host.copy();
    let before = state(&host);
    let ran = host.command(&["patchctl", "apply", "--yes", "--no-refresh"]).run();
    assert!(ran.code != 0 && ran.said().contains("lab-"), "{ran}");
    is_same(&host, &before, &ran);
}

fn all_of_rpm(root: Option<RpmRoot>, clashing: Option<RpmRoot>, ways: &Ways<RpmRoot>) {
    let (Some(root), Some(clashing)) = (root, clashing) else { return };
    between_plan_and_apply(&root, ways);
    disk_that_fills(&root);
    files_that_clash(&clashing);
    damaged_database(&root);
}

/// A database that is damaged, and one of a kind that nobody knows.
fn damaged_database(root: &RpmRoot) {
    for name in ["rpmdb.sqlite", "Packages.unknown"] {
        let copy = root.copy();
        for file in ["rpmdb.sqlite", "rpmdb.sqlite-wal", "rpmdb.sqlite-shm"] {
            let _ = fs::remove_file(copy.path("var/lib/rpm").join(file));
        }
        copy.write(&format!("var/lib/rpm/{name}"), "this is no database of rpm\n");
        for verb in ["scan", "plan"] {
            let ran = copy.run(&["patchctl", verb]);
            assert!(ran.code != 0 && ran.stderr.contains("var/lib/rpm"), "{name}: {ran}");
        }
    }
}

fn forget_rpms_key(root: &RpmRoot) {
    let keys = root.run(&["rpm", "-qa", "gpg-pubkey*"]).stdout;
    for key in keys.lines() {
        root.run(&["rpm", "-e", "--allmatches", key]).expect_code(0);
    }
    fs::remove_file(root.path("srv/lab/key.asc")).expect("it is there");
}

const UPDATE: &str = "srv/lab/updates/lab-plain-2.0-1.noarch.rpm";
const CLASHING: &[&str] = &["lab-extra", "lab-clash"];

/// dnf of both generations has its repositories in one file.
const OF_DNF: Ways<RpmRoot> = Ways {
    archive: UPDATE,
    disable: |root| replace(root, "etc/yum.repos.d/lab.repo", ("name=updates", "name=updates\nenabled=0")),
    forget_key: forget_rpms_key,
};

#[test]
fn on_a_host_of_dnf_nothing_changes_or_the_old_state_is_back() {
    all_of_rpm(rpm_root::with(&["lab-plain"]), rpm_root::with(CLASHING), &OF_DNF);
}

#[test]
fn on_a_host_of_dnf5_nothing_changes_or_the_old_state_is_back() {
    all_of_rpm(dnf5_root::with(&["lab-plain"]), dnf5_root::with(CLASHING), &OF_DNF);
}

#[test]
fn on_a_host_of_zypper_nothing_changes_or_the_old_state_is_back() {
    let ways = Ways {
        archive: UPDATE,
        disable: |root: &RpmRoot| replace(root, "etc/zypp/repos.d/updates.repo", ("enabled=1", "enabled=0")),
        forget_key: forget_rpms_key,
    };
    all_of_rpm(zypp_root::with(&["lab-plain"]), zypp_root::with(CLASHING), &ways);
}

/// `gpgkey=` of a repository names a key that nobody has looked at yet.
#[test]
fn a_key_that_a_repository_offers_is_not_taken_unasked() {
    for root in
        [rpm_root::with(&["lab-plain"]), dnf5_root::with(&["lab-plain"]), zypp_root::with(&["lab-plain"])]
    {
        let Some(root) = root else { continue };
        root.shell("rpm -e --allmatches $(rpm -qa 'gpg-pubkey*')").expect_code(0);
        assert!(root.path("srv/lab/key.asc").exists(), "the repository offers it");
        let before = state(&root);
        let ran = root.run(&["patchctl", "apply", "--yes", "--no-refresh"]);
        assert!([1, 9, 10].contains(&ran.code) && ran.said().contains("key"), "{ran}");
        assert_eq!(root.run(&["rpm", "-qa", "gpg-pubkey*"]).stdout, "", "{ran}");
        is_same(&root, &before, &ran);
    }
}

#[test]
fn on_a_host_of_pacman_nothing_changes_or_the_old_state_is_back() {
    let Some(root) = pacman_root::with(&["lab-plain"]) else { return };
    root.run(&["patchctl", "feeds", "refresh"]);
    let ways = Ways {
        archive: "srv/lab/core/lab-plain-2.0-1-any.pkg.tar.zst",
        disable: |root: &PacmanRoot| replace(root, "etc/pacman.conf", ("[core]", "#[core]")),
        forget_key: |root: &PacmanRoot| {
            fs::remove_dir_all(root.path("etc/pacman.d/gnupg")).expect("it is there");
        },
    };
    between_plan_and_apply(&root, &ways);
    // pacman takes the old files away before it unpacks the new ones: a disk that held the old ones does not fill.
    root.write("usr/share/lab-plain/file-2.0-1", "somebody else's\n");
    files_that_clash(&root);
}

#[test]
fn on_a_host_of_apk_nothing_changes_or_the_old_state_is_back() {
    let Some(root) = apk_root::with(&["lab-plain"]) else { return };
    root.run(&["patchctl", "feeds", "refresh"]).expect_code(0);
    let Some(clashing) = apk_root::with(CLASHING) else { return };
    clashing.run(&["patchctl", "feeds", "refresh"]).expect_code(0);
    let ways = Ways {
        archive: "srv/lab/new/x86_64/lab-plain-2.0-r0.apk",
        disable: |root: &ApkRoot| replace(root, "etc/apk/repositories", ("/srv", "#/srv")),
        forget_key: |root: &ApkRoot| {
            fs::remove_file(root.path("etc/apk/keys/lab.rsa.pub")).expect("it is there")
        },
    };
    between_plan_and_apply(&root, &ways);
    disk_that_fills(&root);
    files_that_clash(&clashing);
    let copy = root.copy();
    copy.write("lib/apk/db/installed", "this is no database of apk\n");
    for verb in ["scan", "plan"] {
        let ran = copy.run(&["patchctl", verb]);
        assert!(ran.code != 0 && ran.stderr.contains("lib/apk/db/installed"), "{ran}");
    }
}
