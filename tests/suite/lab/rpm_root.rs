//! Answers for the laboratories of dnf and zypper: roots in which the real dnf 4, dnf 5 or zypper 1.14, and rpm, manage
//! tiny packages from signed repositories.
//!
//! The roots are Debian's own, because its builds of those tools are at hand; their os-release names CentOS, whose packages
//! dnf manages, or openSUSE Leap; no feed is configured but the laboratory's own updateinfo. What Debian's own packages
//! brought is no business of rpm's database, which holds the fixtures alone.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::debian::{available, binary_under_test};
use super::namespace::{InRoot, Ran, on_host};
use super::offline_mirror::Upstream;
use super::pool::{self, RootClone};
use super::rpm_packages::{FIXTURES, RpmFixture, fixture};

/// The sources whose text decides what the golden holds.
const RECIPE: [&str; 2] = [include_str!("rpm_root.rs"), include_str!("rpm_packages.rs")];

/// Where the repositories lie in the root: what was released, and the updates since.
pub const BASE: &str = "srv/lab/base";
pub const UPDATES: &str = "srv/lab/updates";

/// Whose key signs the packages.
const OWNER: &str = "lab@example.org";

/// One family of hosts.
pub struct Family {
    /// The package manager, which names the golden.
    pub name: &'static str,
    /// The suite of Debian that has it.
    pub suite: &'static str,
    /// The vendor of its packages.
    pub vendor: &'static str,
    /// What its root has of its own: path and content.
    pub files: &'static [(&'static str, &'static str)],
    /// What makes the root ready, with its release package and all metadata fetched.
    pub commands: &'static [&'static [&'static str]],
}

const DNF: Family = Family {
    name: "dnf",
    suite: "bookworm",
    vendor: "CentOS",
    files: &[
        ("etc/os-release", "NAME=\"CentOS Stream\"\nID=centos\nVERSION_ID=9\n"),
        (
            "etc/dnf/dnf.conf",
            "[main]\ngpgcheck=True\ninstallonly_limit=3\nclean_requirements_on_remove=True\nbest=True\n",
        ),
        (
            "etc/yum.repos.d/lab.repo",
            "[base]\nname=base\nbaseurl=file:///srv/lab/base\ngpgcheck=1\ngpgkey=file:///srv/lab/key.asc\n\n\
             [updates]\nname=updates\nbaseurl=file:///srv/lab/updates\ngpgcheck=1\ngpgkey=file:///srv/lab/key.asc\n\n",
        ),
    ],
    commands: &[&["dnf", "-y", "--releasever=9", "install", "lab-release"], &["dnf", "makecache"]],
};

/// One host of a test's own; deleted on drop.
pub struct RpmRoot {
    clone: RootClone,
}

/// Returns a root of dnf with these fixtures installed in their first version, metadata fetched, and updates pending.
pub fn with(names: &[&str]) -> Option<RpmRoot> {
    let root = bare(&DNF)?;
    install(&root, "dnf", names);
    if names.contains(&"lab-held") {
        root.write("etc/dnf/plugins/versionlock.list", "lab-held-0:1.0-1.*\n");
    }
    Some(root)
}

/// Lets a dnf install fixtures in their first version.
pub fn install(root: &RpmRoot, dnf: &str, names: &[&str]) {
    let wanted: Vec<String> = names
        .iter()
        .map(|name| {
            let version = fixture(name).versions[0];
            format!("{name}-{}-1", version.split_once(':').map_or(version, |(_, plain)| plain))
        })
        .collect();
    let mut arguments = vec![dnf, "-y", "install"];
    arguments.extend(wanted.iter().map(String::as_str));
    root.run(&arguments).expect_code(0);
}

/// Returns a root of a family with the release package alone.
pub fn bare(family: &'static Family) -> Option<RpmRoot> {
    let pool = available()?;
    let upstream = Upstream::of_this_machine();
    let date = upstream.dates.lines().next().unwrap_or_default();
    let own: String = family.files.iter().flat_map(|(path, content)| [*path, *content]).collect();
    let key = digest(&[RECIPE[0], RECIPE[1], date, &own]);
    let clone = pool.clone_of(family.name, &key, |root| build(root, (family, upstream)));
    let root = RpmRoot { clone };
    fs::copy(pool.shared_copy(binary_under_test()), root.path("usr/bin/patchctl"))
        .expect("the program can be installed");
    Some(root)
}

impl RpmRoot {
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

    /// Runs a shell line in the root.
    pub fn shell(&self, line: &str) -> Ran {
        self.run(&["sh", "-c", line])
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

    /// Returns every installed build, sorted, as rpm names it.
    pub fn builds(&self) -> Vec<String> {
        let mut builds: Vec<String> =
            self.run(&["rpm", "-qa"]).expect_code(0).stdout.lines().map(str::to_owned).collect();
        builds.retain(|build| !build.starts_with("gpg-pubkey"));
        builds.sort();
        builds
    }

    /// Returns what `rpm -Va` says of content: empty where every file is its package's.
    pub fn verified(&self) -> String {
        self.run(&["rpm", "-Va", "--nomtime"]).stdout
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

fn build(root: &Path, (family, upstream): (&Family, &Upstream)) {
    let archive = base_archive(family, upstream);
    on_host(&["tar", "--numeric-owner", "-xf", text(&archive), "-C", text(root)]);
    let write = |path: &str, content: &str| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("it has one")).expect("a folder can be made");
        fs::write(path, content).expect("a file of the root can be written");
    };
    write("etc/hostname", "lab\n");
    write("etc/hosts", "127.0.0.1 localhost lab\n");
    // Debian's rpm keeps its database in a home folder; distributions of rpm do not.
    write("etc/rpm/macros", "%_dbpath /var/lib/rpm\n");
    write("etc/patchctl/patchctl.toml", SETTINGS);
    family.files.iter().for_each(|(path, content)| write(path, content));
    make_repositories(root, family);
    on_host(&["chmod", "0600", text(&root.join("etc/patchctl/patchctl.toml"))]);
    let common = [&["rpm", "--initdb"][..], &["rpm", "--import", "/srv/lab/key.asc"]];
    for command in common.iter().chain(family.commands) {
        InRoot::new(root, command).run().expect_code(0);
    }
}

const SETTINGS: &str =
    "[[feeds.source]]\nname = \"updateinfo\"\nlocation = \"/srv/lab/updates/repodata/repomd.xml\"\n";

/// Says which release the root is of, which dnf puts into addresses.
const RELEASE: RpmFixture = RpmFixture {
    name: "lab-release",
    versions: &["9", "9"],
    head: "Provides: system-release = 9\nProvides: system-release(releasever) = 9\nProvides: /bin/sh",
    last: "",
    clashes: "",
    config: "",
    announced: "",
    suggested: "",
    last_vendor: "",
};

fn make_repositories(root: &Path, family: &Family) {
    let (base, updates) = (root.join(BASE), root.join(UPDATES));
    let keys = root.join("srv/lab/keys");
    for folder in [&base, &updates, &keys] {
        fs::create_dir_all(folder).expect("a folder can be made");
    }
    on_host(&["chmod", "700", text(&keys)]);
    let gpg = ["gpg", "--homedir", text(&keys), "--batch", "--quiet"];
    on_host(
        &[&gpg[..], &["--passphrase", "", "--quick-gen-key", OWNER, "rsa2048", "sign", "never"]].concat(),
    );
    on_host(
        &[&gpg[..], &["--armor", "--output", text(&root.join("srv/lab/key.asc")), "--export", OWNER]]
            .concat(),
    );
    let mut signed = vec![RELEASE.build("9", &base, family.vendor)];
    for fixture in FIXTURES {
        for version in fixture.versions {
            let is_update = fixture.is_last(version) && !fixture.announced.is_empty();
            let is_update = is_update || (fixture.versions.len() > 1 && fixture.is_last(version));
            let built = fixture.build(version, if is_update { &updates } else { &base }, family.vendor);
            if !(fixture.name == "lab-unsigned" && is_update) {
                signed.push(built);
            }
        }
    }
    sign(root, &signed);
    publish(root, BASE, "");
    publish(root, UPDATES, &announcements());
}

/// Signs packages with the root's own key.
pub fn sign(root: &Path, archives: &[PathBuf]) {
    let home = format!("_gpg_path {}", text(&root.join("srv/lab/keys")));
    let name = format!("_gpg_name {OWNER}");
    let mut sign =
        vec!["rpmsign", "--addsign", "--define", "__gpg /usr/bin/gpg", "--define", &home, "--define", &name];
    sign.extend(archives.iter().map(|path| text(path)));
    on_host(&sign);
}

/// Makes the metadata of a repository anew, with what it announces.
pub fn publish(root: &Path, repository: &str, announcements: &str) {
    let folder = root.join(repository);
    on_host(&["createrepo_c", "--quiet", text(&folder)]);
    if !announcements.is_empty() {
        let file = folder.join("updateinfo.xml");
        fs::write(&file, announcements).expect("a file can be written");
        on_host(&["modifyrepo_c", "--mdtype=updateinfo", text(&file), text(&folder.join("repodata"))]);
        fs::remove_file(&file).expect("a file can be removed");
    }
    add_licence(&folder);
    sign_list(root, &folder);
}

/// Signs the list of a repository's metadata.
fn sign_list(root: &Path, folder: &Path) {
    let list = folder.join("repodata/repomd.xml");
    let keys = root.join("srv/lab/keys");
    let sign = ["gpg", "--homedir", text(&keys), "--batch", "--quiet", "--yes", "--armor", "--detach-sign"];
    on_host(&[&sign[..], &[text(&list)]].concat());
}

/// Adds packages to what a repository lists, as elements of its `primary`; there are no archives behind them.
pub fn list_more(root: &Path, repository: &str, packages: &str) {
    let folder = root.join(repository);
    let file = folder.join("primary.xml");
    let listed = on_host(&["sh", "-c", "zcat \"$1\"/repodata/*-primary.xml.gz", "sh", text(&folder)]);
    fs::write(&file, listed.replace("</metadata>", &format!("{packages}</metadata>")))
        .expect("a file can be written");
    on_host(&["modifyrepo_c", "--mdtype=primary", text(&file), text(&folder.join("repodata"))]);
    fs::remove_file(&file).expect("a file can be removed");
    sign_list(root, &folder);
}

/// What SUSE's repositories say of a package with a licence that somebody has to agree to; dnf does not read it.
fn add_licence(folder: &Path) {
    let Ok(bytes) = fs::read(folder.join("lab-licensed-2.0-1.noarch.rpm")) else { return };
    let id: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let file = folder.join("susedata.xml");
    let content = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<susedata xmlns=\"http://linux.duke.edu/metadata/susedata\" \
         packages=\"1\"><package pkgid=\"{id}\" name=\"lab-licensed\" arch=\"noarch\"><version epoch=\"0\" ver=\"2.0\" \
         rel=\"1\"/><eula>You must pay.</eula></package></susedata>\n"
    );
    fs::write(&file, content).expect("a file can be written");
    on_host(&["modifyrepo_c", "--mdtype=susedata", text(&file), text(&folder.join("repodata"))]);
    fs::remove_file(&file).expect("a file can be removed");
}

/// One announcement for each update; the program's names the library that has to come with it.
pub fn announcements() -> String {
    let mut all = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<updates>\n");
    let announced = FIXTURES.iter().filter(|fixture| !fixture.announced.is_empty());
    for (number, RpmFixture { name, versions, announced, suggested, .. }) in (1..).zip(announced) {
        let last = versions.last().expect("a fixture has a version");
        let (epoch, version) = last.split_once(':').unwrap_or(("0", last));
        let suggested = match *suggested {
            "" => String::new(),
            word => format!("<{word}>1</{word}>"),
        };
        let reference = match *announced {
            "security" => format!(
                "<reference href=\"https://example.org\" id=\"CVE-2026-{:05}\" type=\"cve\"/>",
                20_000 + number
            ),
            _ => String::new(),
        };
        let _ = writeln!(
            all,
            "<update from=\"lab@example.org\" status=\"final\" type=\"{announced}\" version=\"1\"><id>LABSA-2026:{number:04}</id>\
             <title>{name} update</title><issued date=\"2026-09-01 00:00:00\"/><severity>Important</severity>\
             <references>{reference}</references><pkglist><collection short=\"lab\"><name>lab</name>\
             <package name=\"{name}\" version=\"{version}\" release=\"1\" epoch=\"{epoch}\" arch=\"noarch\"><filename>\
             {name}-{version}-1.noarch.rpm</filename>{suggested}</package></collection></pkglist></update>"
        );
    }
    all + "</updates>\n"
}

fn base_archive(family: &Family, upstream: &Upstream) -> PathBuf {
    let date = upstream.dates.lines().next().unwrap_or_default();
    // What the package manager and the laboratory's namespaces need.
    let packages = format!("--include={},rpm,iproute2", family.name);
    let suite = family.suite;
    let name = format!("base-{}-{}.tar.zst", family.name, digest(&[&packages, date]));
    let archive = pool::cache_folder().join(name);
    if archive.exists() {
        return archive;
    }
    let draft = pool::cache_folder().join(format!("draft-{}.tar.zst", family.name));
    let source = format!("deb {} {suite} main", upstream.address("bookworm"));
    on_host(&[
        "mmdebstrap",
        "--quiet",
        "--mode=root",
        "--variant=minbase",
        "--aptopt=Acquire::Check-Valid-Until \"false\"",
        &packages,
        suite,
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
