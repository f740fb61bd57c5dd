//! Answers for the Debian roots: builds the two goldens, clones them for a test, and says what state a clone is in.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::namespace::{InRoot, Ran, on_host};
use super::offline_mirror::{self, Upstream};
use super::pool::{self, Pool, RootClone};
use super::repository::{Repository, Suite};

/// What the server root installs besides the essential packages: daemons, interpreters, libraries with a security history.
const SERVER_PACKAGES: &str = "systemd,systemd-sysv,dbus,udev,openssl,curl,ca-certificates,python3,openssh-server,nginx-light,\
    sudo,debsums,perl,rsync,git,libxml2,libtiff6,libpng16-16,bind9-dnsutils,postgresql-client-15,iproute2,procps";

/// Keeps the archives of every package installed, so that a way back needs neither pool nor network. An oldstable mirror may be
/// a frozen copy; mmdebstrap leaves that option in the root, where a clock test needs apt's own default.
const MMDEBSTRAP: [&str; 7] = [
    "mmdebstrap",
    "--quiet",
    "--mode=root",
    "--skip=cleanup/apt/cache",
    "--skip=essential/unlink",
    "--aptopt=Acquire::Check-Valid-Until \"false\"",
    "--customize-hook=rm -f \"$1/etc/apt/apt.conf.d/99mmdebstrap\"",
];

/// The sources whose text decides what a golden holds: a change to one of them builds it anew.
const RECIPE: [&str; 4] = [
    include_str!("debian.rs"),
    include_str!("offline_mirror.rs"),
    include_str!("packages.rs"),
    include_str!("repository.rs"),
];

/// What a root is made of before it is set up.
struct Base {
    name: &'static str,
    variant: &'static str,
    packages: &'static str,
}

const SMALL: Base = Base { name: "small", variant: "apt", packages: "" };
const SERVER: Base = Base { name: "server", variant: "minbase", packages: SERVER_PACKAGES };

/// One Debian system of a test's own; deleted on drop.
pub struct DebianRoot {
    clone: RootClone,
}

/// A version change that apt proposes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    pub package: String,
    pub from: String,
    pub to: String,
}

/// Returns a root of about 90 packages whose apt knows the local repository alone; no fixture is installed.
pub fn small() -> Option<DebianRoot> {
    let pool = available()?;
    let upstream = Upstream::of_this_machine();
    let clone = pool.clone_of(SMALL.name, &key(&upstream.dates), |root| {
        unpack(&SMALL, upstream, root);
        Repository::create(root);
        InRoot::new(root, &["apt-get", "update"]).run().expect_code(0);
    });
    Some(DebianRoot::with_program(pool, clone))
}

/// Returns the small root with these fixtures installed in version 1.0, so that each has a 2.0 pending.
///
/// lab-held is put on hold; the 1.0 of lab-gone is then gone from index, pool and cache.
pub fn small_with(names: &[&str]) -> Option<DebianRoot> {
    let root = small()?;
    let wanted: Vec<String> = names.iter().map(|name| format!("{name}=1.0")).collect();
    let mut arguments = vec!["install", "-y", "--no-install-recommends"];
    arguments.extend(wanted.iter().map(String::as_str));
    root.apt(&arguments).expect_code(0);
    if names.contains(&"lab-held") {
        root.run(&["apt-mark", "hold", "lab-held"]).expect_code(0);
    }
    if names.contains(&"lab-gone") {
        root.repository().withdraw(Suite::Bookworm, "lab-gone", "1.0");
        root.apt(&["update"]).expect_code(0);
    }
    Some(root)
}

/// Returns a real server root at the release's versions, with real security updates pending from an offline mirror.
pub fn server() -> Option<DebianRoot> {
    let pool = available()?;
    let upstream = Upstream::of_this_machine();
    let clone = pool.clone_of(SERVER.name, &key(&upstream.dates), |root| {
        unpack(&SERVER, upstream, root);
        offline_mirror::fill(root, upstream);
    });
    Some(DebianRoot::with_program(pool, clone))
}

/// Returns the program under test.
pub fn binary_under_test() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_patchctl"))
}

impl DebianRoot {
    fn with_program(pool: &Pool, clone: RootClone) -> Self {
        let root = Self { clone };
        let program = pool.shared_copy(binary_under_test());
        fs::copy(program, root.path("usr/bin/patchctl")).expect("the program can be installed");
        root
    }

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

    /// Runs apt-get as an administrator's script would: no questions, the edited conffile stays.
    pub fn apt(&self, arguments: &[&str]) -> Ran {
        let fixed = ["apt-get", "-o", "Dpkg::Options::=--force-confold"];
        self.command(&[&fixed[..], arguments].concat()).env("DEBIAN_FRONTEND", "noninteractive").run()
    }

    pub fn read(&self, inside: &str) -> String {
        fs::read_to_string(self.path(inside))
            .unwrap_or_else(|e| panic!("cannot read {inside} of the root: {e}"))
    }

    /// Writes a file, with the folders it needs.
    pub fn write(&self, inside: &str, text: &str) {
        let path = self.path(inside);
        fs::create_dir_all(path.parent().expect("a file lies in a folder"))
            .expect("a folder of the root can be made");
        fs::write(path, text).unwrap_or_else(|e| panic!("cannot write {inside} of the root: {e}"));
    }

    /// Returns the version dpkg holds of a package that is wholly installed.
    pub fn installed(&self, package: &str) -> Option<String> {
        let shown = self.run(&["dpkg-query", "-W", "-f", "${db:Status-Abbrev}|${Version}", package]);
        let (state, version) = shown.stdout.split_once('|')?;
        (state.get(1..2) == Some("i")).then(|| version.to_owned())
    }

    /// Returns dpkg's state letters of a package, as `ii`, `hi`, `iF` or `iHR`; empty for one it does not know.
    pub fn state(&self, package: &str) -> String {
        self.run(&["dpkg-query", "-W", "-f", "${db:Status-Abbrev}", package]).stdout.trim().to_owned()
    }

    /// Returns every package and its version, by dpkg.
    pub fn versions(&self) -> String {
        self.run(&["dpkg-query", "-W"]).expect_code(0).stdout
    }

    /// Returns what `dpkg --audit` complains of; empty for a sound system.
    pub fn audit(&self) -> String {
        self.run(&["dpkg", "--audit"]).said()
    }

    /// Returns what a full upgrade by apt would change.
    pub fn pending(&self) -> Vec<Pending> {
        let simulated = self.apt(&["-s", "dist-upgrade"]).expect_code(0);
        simulated.stdout.lines().filter_map(Pending::parse).collect()
    }

    /// Returns the local repository of the small root.
    pub fn repository(&self) -> Repository {
        Repository::at(self.clone.path())
    }

    /// Empties what a boot empties. Between two boots `/run` persists, as on a host.
    pub fn reboot(&self) {
        for folder in ["run", "tmp"] {
            let _ = fs::remove_dir_all(self.path(folder));
            fs::create_dir(self.path(folder)).expect("a folder of the root can be made");
        }
        fs::create_dir(self.path("run/lock")).expect("a folder of the root can be made");
        fs::set_permissions(self.path("tmp"), fs::Permissions::from_mode(0o1777)).expect("a mode can be set");
    }
}

impl Pending {
    /// Parses `Inst NAME [FROM] (TO ORIGIN [ARCHITECTURE])`.
    fn parse(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let ["Inst", package, from, to, ..] = words[..] else { return None };
        let (from, to) = (from.strip_prefix('[')?.strip_suffix(']')?, to.strip_prefix('(')?);
        Some(Self { package: package.into(), from: from.into(), to: to.into() })
    }
}

/// Returns the pool, or prints why there is none; as root or in CI that is a failure, never a pass.
pub fn available() -> Option<&'static Pool> {
    match pool::machine_pool() {
        Ok(pool) => Some(pool),
        Err(reason) => {
            let must_run =
                nix::unistd::geteuid().is_root() || std::env::var("CI").is_ok_and(|value| value == "true");
            assert!(!must_run, "the laboratory cannot be built: {reason}");
            eprintln!("not run: {reason}");
            None
        }
    }
}

/// Unpacks the base of a golden, made once for each date of the release's index, and makes it fit for a laboratory.
fn unpack(base: &Base, upstream: &Upstream, root: &Path) {
    let archive = base_archive(base, upstream);
    on_host(&[
        "tar",
        "--numeric-owner",
        "--xattrs",
        "--xattrs-include=*",
        "-xf",
        text(&archive),
        "-C",
        text(root),
    ]);
    let write = |path: &str, content: &str| {
        fs::write(root.join(path), content).expect("a file of the root can be written")
    };
    write("etc/hostname", "lab\n");
    write("etc/hosts", "127.0.0.1 localhost lab\n");
    write("etc/resolv.conf", &fs::read_to_string("/etc/resolv.conf").unwrap_or_default());
    write("etc/apt/apt.conf.d/90lab", "Acquire::Languages \"none\";\n");
    write("usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n"); // 101: no service is started in a chroot
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(root.join("usr/sbin/policy-rc.d"), mode).expect("a mode can be set");
    assert_plain_dpkg(root);
}

fn base_archive(base: &Base, upstream: &Upstream) -> PathBuf {
    let date = upstream.dates.lines().next().unwrap_or_default();
    let recipe = digest(&[&MMDEBSTRAP.concat(), base.variant, base.packages, date]);
    let archive = pool::cache_folder().join(format!("base-{}-{recipe}.tar.zst", base.name));
    if archive.exists() {
        return archive;
    }
    let draft = pool::cache_folder().join(format!("draft-{}.tar.zst", base.name));
    forget_base_archives(base);
    let source = format!("deb {} bookworm main", upstream.address("bookworm"));
    let (variant, include) = (format!("--variant={}", base.variant), format!("--include={}", base.packages));
    let mut command = [&MMDEBSTRAP[..], &[&variant]].concat();
    if !base.packages.is_empty() {
        command.push(&include);
    }
    command.extend(["bookworm", text(&draft), &source]);
    on_host(&command);
    fs::rename(&draft, &archive).expect("the base archive can be named");
    archive
}

fn forget_base_archives(base: &Base) {
    let listed = fs::read_dir(pool::cache_folder()).expect("the cache can be listed").filter_map(Result::ok);
    let prefix = format!("base-{}-", base.name);
    for entry in listed.filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix)) {
        fs::remove_file(entry.path()).expect("an old base archive can be removed");
    }
}

/// A container image's shortcuts would make dpkg another program than a server's: no fsync, files left out.
fn assert_plain_dpkg(root: &Path) {
    let configured = on_host(&[
        "sh",
        "-c",
        "cat \"$1\"/etc/dpkg/dpkg.cfg \"$1\"/etc/dpkg/dpkg.cfg.d/* 2>/dev/null || true",
        "sh",
        text(root),
    ]);
    for shortcut in ["force-unsafe-io", "path-exclude"] {
        assert!(!configured.contains(shortcut), "the root's dpkg carries {shortcut}");
    }
}

fn key(dates: &str) -> String {
    let parts: Vec<&str> = RECIPE.into_iter().chain([dates]).collect();
    digest(&parts)
}

fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(format!("{}:{part}", part.len())));
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("the laboratory's paths are plain text")
}
