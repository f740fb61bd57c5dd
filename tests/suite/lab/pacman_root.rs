//! Answers for the pacman laboratory: a root in which the real pacman manages tiny packages from a signed repository.
//!
//! The root is Debian's own, because its build of pacman is at hand; its os-release names Arch Linux. What Debian's own
//! packages brought is no business of pacman's database, which holds the fixtures alone.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::debian::{available, binary_under_test};
use super::namespace::{InRoot, Ran, on_host};
use super::offline_mirror::Upstream;
use super::pacman_packages::{FIXTURES, PacmanFixture};
use super::pool::{self, RootClone};

/// What pacman and the laboratory's namespaces need.
const PACKAGES: &str = "--include=pacman-package-manager,gpg,gpg-agent,zstd,iproute2";

/// The sources whose text decides what the golden holds.
const RECIPE: [&str; 2] = [include_str!("pacman_root.rs"), include_str!("pacman_packages.rs")];

/// Where the repository lies in the root: as it was, as it is now, and the link that pacman follows.
const OLD: &str = "srv/lab/old";
pub const NEW: &str = "srv/lab/new";
const SERVED: &str = "srv/lab/core";

/// One pacman host of a test's own; deleted on drop.
pub struct PacmanRoot {
    clone: RootClone,
}

/// Returns a root with these fixtures installed in their first version, and updates pending of which nothing here knows
/// yet.
pub fn with(names: &[&str]) -> Option<PacmanRoot> {
    let pool = available()?;
    let upstream = Upstream::of_this_machine();
    let date = upstream.dates.lines().next().unwrap_or_default();
    let clone = pool.clone_of("pacman", &digest(&[RECIPE[0], RECIPE[1], date]), |root| build(root, upstream));
    let root = PacmanRoot { clone };
    fs::copy(pool.shared_copy(binary_under_test()), root.path("usr/bin/patchctl"))
        .expect("the program can be installed");
    let (own, offered): (Vec<&str>, Vec<&str>) = names.iter().partition(|name| **name == "lab-own");
    root.run(&[&["pacman", "-S", "--noconfirm"], &offered[..]].concat()).expect_code(0);
    if !own.is_empty() {
        root.run(&["pacman", "-U", "--noconfirm", "/srv/lab/own/lab-own-1.0-1-any.pkg.tar.zst"])
            .expect_code(0);
    }
    root.serve(NEW);
    Some(root)
}

impl PacmanRoot {
    /// Returns where a path of the root lies on the machine.
    pub fn path(&self, inside: &str) -> PathBuf {
        self.clone.path().join(inside.trim_start_matches('/'))
    }

    /// Returns a command in the root, to be shaped before it runs.
    pub fn command(&self, arguments: &[&str]) -> InRoot {
        InRoot::new(self.clone.path(), arguments)
    }

    /// Runs a command in the root.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.command(arguments).run()
    }

    pub fn read(&self, inside: &str) -> String {
        fs::read_to_string(self.path(inside))
            .unwrap_or_else(|e| panic!("cannot read {inside} of the root: {e}"))
    }

    /// Writes a file, with the folders it needs.
    pub fn write(&self, inside: &str, text: &str) {
        let path = self.path(inside);
        fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("a folder can be made");
        fs::write(path, text).unwrap_or_else(|e| panic!("cannot write {inside} of the root: {e}"));
    }

    /// Adds a line to pacman's options.
    pub fn option(&self, line: &str) {
        let text = self.read("etc/pacman.conf").replacen("[options]\n", &format!("[options]\n{line}\n"), 1);
        self.write("etc/pacman.conf", &text);
    }

    /// Lets the repository be what lies in a folder.
    pub fn serve(&self, folder: &str) {
        serve(self.clone.path(), folder);
    }

    /// Makes the database of what is offered now anew.
    pub fn publish(&self) {
        publish(&self.path(NEW));
    }

    /// Returns every installed version, sorted, as pacman names it.
    pub fn versions(&self) -> Vec<String> {
        let ran = self.run(&["pacman", "-Q"]).expect_code(0);
        let mut versions: Vec<String> = ran.stdout.lines().map(str::to_owned).collect();
        versions.sort();
        versions
    }

    pub fn has(&self, version: &str) -> bool {
        self.versions().contains(&version.to_owned())
    }

    /// What the database says of every package, without the time of the installation and how the archive was proved.
    pub fn database(&self) -> String {
        let local = self.path("var/lib/pacman/local");
        let mut folders: Vec<PathBuf> = fs::read_dir(&local)
            .expect("there is one")
            .filter_map(|entry| Some(entry.ok()?.path()))
            .collect();
        folders.sort();
        let mut all = String::new();
        for folder in folders {
            let desc = fs::read_to_string(folder.join("desc")).unwrap_or_default();
            let files = fs::read_to_string(folder.join("files")).unwrap_or_default();
            let sections = desc.split("\n\n").filter(|section| {
                !section.starts_with("%INSTALLDATE%") && !section.starts_with("%VALIDATION%")
            });
            let name = folder.file_name().expect("it has one").to_string_lossy().into_owned();
            let _ = writeln!(all, "{name}\n{}\n{files}", sections.collect::<Vec<_>>().join("\n"));
        }
        all
    }

    /// Empties what a boot empties.
    pub fn reboot(&self) {
        for folder in ["run", "tmp"] {
            let _ = fs::remove_dir_all(self.path(folder));
            fs::create_dir(self.path(folder)).expect("a folder of the root can be made");
        }
        on_host(&["chmod", "1777", text(&self.path("tmp"))]);
    }

    /// Copies the root as it is now.
    pub fn copy(&self) -> Self {
        let pool = available().expect("there is a pool, since there is a root");
        Self { clone: pool.copy_of(self.clone.path()) }
    }
}

fn build(root: &Path, upstream: &Upstream) {
    on_host(&["tar", "--numeric-owner", "-xf", text(&base_archive(upstream)), "-C", text(root)]);
    let write = |path: &str, content: &str| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("it has one")).expect("a folder can be made");
        fs::write(path, content).expect("a file of the root can be written");
    };
    write("etc/os-release", "NAME=\"Arch Linux\"\nID=arch\nBUILD_ID=rolling\n");
    write("etc/hostname", "lab\n");
    write("etc/hosts", "127.0.0.1 localhost lab\n");
    write("etc/pacman.conf", PACMAN_CONF);
    write("etc/patchctl/patchctl.toml", SETTINGS);
    write("srv/lab/arch.json", &tracker());
    on_host(&["chmod", "0600", text(&root.join("etc/patchctl/patchctl.toml"))]);
    make_repository(root);
    serve(root, OLD);
    InRoot::new(root, &["pacman", "-Sy"]).run().expect_code(0);
}

const PACMAN_CONF: &str = "[options]\nHoldPkg = pacman glibc\nArchitecture = x86_64\nSigLevel = Required DatabaseOptional\n\
    LocalFileSigLevel = Optional\n\n[core]\nServer = file:///srv/lab/core\n";

const SETTINGS: &str = "[[feeds.source]]\nname = \"arch-tracker\"\nlocation = \"/srv/lab/arch.json\"\n";

/// What Arch Linux's tracker would say: one group for each security update.
fn tracker() -> String {
    let group = |(number, fixture): (usize, &PacmanFixture)| {
        let (first, last) = (fixture.versions[0], fixture.versions[fixture.versions.len() - 1]);
        format!(
            "{{\"name\":\"AVG-{number}\",\"packages\":[\"{}\"],\"status\":\"Fixed\",\"severity\":\"High\",\"type\":\"unknown\",\
             \"affected\":\"{first}\",\"fixed\":\"{last}\",\"ticket\":null,\"issues\":[\"CVE-2026-{}\"],\"advisories\":[]}}",
            fixture.name,
            30_000 + number
        )
    };
    let announced = FIXTURES.iter().filter(|fixture| fixture.announced && fixture.versions.len() > 1);
    let groups: Vec<String> = (1..).zip(announced).map(group).collect();
    format!("[{}]", groups.join(","))
}

fn make_repository(root: &Path) {
    let keys = root.join("srv/lab/keys");
    let keyring = root.join("etc/pacman.d/gnupg");
    for folder in [&root.join(OLD), &root.join(NEW), &root.join("srv/lab/own"), &keys, &keyring] {
        fs::create_dir_all(folder).expect("a folder can be made");
    }
    let own = ["gpg", "--homedir", text(&keys), "--batch", "--quiet"];
    let hosts = ["gpg", "--homedir", text(&keyring), "--batch", "--quiet"];
    on_host(&["chmod", "700", text(&keys), text(&keyring)]);
    let owner = "lab@example.org";
    on_host(
        &[&own[..], &["--passphrase", "", "--quick-gen-key", owner, "rsa2048", "sign", "never"]].concat(),
    );
    let key = root.join("srv/lab/key");
    on_host(&[&own[..], &["--output", text(&key), "--export", owner]].concat());
    on_host(&[&hosts[..], &["--import", text(&key)]].concat());
    // Ultimate trust, as pacman-key gives its own key, whose signatures make those of the packagers valid.
    let trusted = "fpr=$(gpg --homedir \"$0\" --batch --with-colons --fingerprint | awk -F: '/^fpr/{print $10; exit}'); \
        echo \"$fpr:6:\" | gpg --homedir \"$0\" --batch --quiet --import-ownertrust; \
        gpg --homedir \"$0\" --batch --quiet --check-trustdb";
    on_host(&["sh", "-c", trusted, text(&keyring)]);
    for fixture in FIXTURES {
        for version in fixture.versions {
            let is_last = fixture.versions.last() == Some(version);
            let is_own = fixture.name == "lab-own";
            let folder =
                match (is_own, is_last && (fixture.versions.len() > 1 || fixture.name != "lab-former")) {
                    (true, _) => root.join("srv/lab/own"),
                    (_, true) => root.join(NEW),
                    (_, false) => root.join(OLD),
                };
            let archive = fixture.build(version, &folder);
            if !(fixture.name == "lab-unsigned" && is_last) {
                let sign = ["--detach-sign", "--no-armor", text(&archive)];
                on_host(&[&own[..], &sign].concat());
            }
        }
    }
    publish(&root.join(OLD));
    // Servers' dates tell which database is newer.
    on_host(&["sh", "-c", "touch -d '2026-09-01 00:00:00 UTC' \"$0\"/core.*", text(&root.join(OLD))]);
    publish(&root.join(NEW));
}

/// Makes the database of a folder from the archives in it.
fn publish(folder: &Path) {
    on_host(&[
        "sh",
        "-c",
        "cd \"$0\" && rm -f core.* && repo-add -q core.db.tar.gz *.pkg.tar.zst",
        text(folder),
    ]);
}

fn serve(root: &Path, folder: &str) {
    let link = root.join(SERVED);
    let _ = fs::remove_file(&link);
    let name = folder.rsplit('/').next().expect("a folder has a name");
    std::os::unix::fs::symlink(name, &link).expect("a link can be made");
}

/// The root that goldens without packages of their own begin with.
pub(super) fn base_archive(upstream: &Upstream) -> PathBuf {
    let date = upstream.dates.lines().next().unwrap_or_default();
    let archive = pool::cache_folder().join(format!("base-pacman-{}.tar.zst", digest(&[PACKAGES, date])));
    if archive.exists() {
        return archive;
    }
    let draft = pool::cache_folder().join("draft-pacman.tar.zst");
    let source = format!("deb {} bookworm main", upstream.address("bookworm"));
    on_host(&[
        "mmdebstrap",
        "--quiet",
        "--mode=root",
        "--variant=minbase",
        "--aptopt=Acquire::Check-Valid-Until \"false\"",
        PACKAGES,
        "bookworm",
        text(&draft),
        &source,
    ]);
    fs::rename(&draft, &archive).expect("the base archive can be named");
    archive
}

fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(format!("{}:{part}", part.len())));
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("the laboratory's paths are plain text")
}
