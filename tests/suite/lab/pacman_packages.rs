//! Answers for the fixture packages of the pacman laboratory: tiny archives, each with one property, packed as makepkg does.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::namespace::on_host;

/// A package: its name, the versions that exist, and what each has of its own.
pub struct PacmanFixture {
    pub name: &'static str,
    /// The first one installed, the last one what the repository offers now.
    pub versions: &'static [&'static str],
    /// Lines of every version's `.PKGINFO`, with `@VERSION@` for the version.
    pub info: &'static str,
    /// The same of the last version only.
    pub last_info: &'static str,
    /// The scripts of the last version.
    pub scripts: &'static str,
    /// The versions that bring a configuration file.
    pub configured: &'static [&'static str],
    /// It is a security update.
    pub announced: bool,
}

const PLAIN: PacmanFixture = PacmanFixture {
    name: "lab-plain",
    versions: &["1.0-1", "2.0-1"],
    info: "",
    last_info: "",
    scripts: "",
    configured: &[],
    announced: true,
};

/// Every fixture.
pub const FIXTURES: &[PacmanFixture] = &[
    PLAIN,
    PacmanFixture { name: "lab-library", announced: false, ..PLAIN },
    PacmanFixture { name: "lab-program", info: "depend = lab-library=@VERSION@", ..PLAIN },
    PacmanFixture { name: "lab-extra", versions: &["1.0-1"], announced: false, ..PLAIN },
    PacmanFixture { name: "lab-grows", last_info: "depend = lab-extra", ..PLAIN },
    PacmanFixture { name: "lab-conf", configured: &["1.0-1", "2.0-1"], ..PLAIN },
    PacmanFixture { name: "lab-drops", configured: &["1.0-1"], ..PLAIN },
    PacmanFixture {
        name: "lab-badpost",
        scripts: "post_upgrade() { echo post of lab-badpost says no >&2; return 1; }\n",
        ..PLAIN
    },
    PacmanFixture { name: "lab-badpre", scripts: "pre_upgrade() { return 1; }\n", ..PLAIN },
    PacmanFixture { name: "lab-slow", scripts: "post_upgrade() { sleep 12; }\n", ..PLAIN },
    PacmanFixture { name: "lab-epoch", versions: &["9.0-1", "1:1.0-1"], announced: false, ..PLAIN },
    PacmanFixture { name: "lab-former", versions: &["1.0-1"], announced: false, ..PLAIN },
    PacmanFixture {
        name: "lab-renamed",
        versions: &["2.0-1"],
        info: "replaces = lab-former\nconflict = lab-former\nprovides = lab-former",
        ..PLAIN
    },
    PacmanFixture { name: "lab-unsigned", ..PLAIN },
    // No repository has it: it was built here.
    PacmanFixture { name: "lab-own", versions: &["1.0-1"], announced: false, ..PLAIN },
];

/// Returns the fixture of a name.
pub fn fixture(name: &str) -> &'static PacmanFixture {
    FIXTURES.iter().find(|fixture| fixture.name == name).unwrap_or_else(|| panic!("no fixture is {name}"))
}

impl PacmanFixture {
    /// Packs a version into `folder` and returns its path.
    pub fn build(&self, version: &str, folder: &Path) -> PathBuf {
        let work = folder.join(format!(".build-{}", self.name));
        let shared = work.join("usr/share").join(self.name);
        fs::create_dir_all(&shared).expect("a folder can be made");
        let write = |path: &Path, text: &str| fs::write(path, text).expect("a file can be written");
        let Self { name, .. } = self;
        write(&shared.join("file"), &format!("{name} {version}\n"));
        write(&shared.join(format!("file-{version}")), &format!("{name} {version}\n"));
        if self.configured.contains(&version) {
            fs::create_dir_all(work.join("etc")).expect("a folder can be made");
            write(&work.join(format!("etc/{name}.conf")), &format!("made by {version}\n"));
        }
        write(&work.join(".PKGINFO"), &self.description(version));
        let is_last = self.versions.last() == Some(&version);
        if is_last && !self.scripts.is_empty() {
            write(&work.join(".INSTALL"), self.scripts);
        }
        on_host(&["sh", "-c", PACK, text(&work)]);
        let archive = folder.join(format!("{name}-{version}-any.pkg.tar.zst"));
        fs::rename(work.join("../.packed"), &archive).expect("an archive can be named");
        fs::remove_dir_all(&work).expect("a folder can be removed");
        archive
    }

    fn description(&self, version: &str) -> String {
        let Self { name, info, .. } = self;
        let mut text = format!(
            "pkgname = {name}\npkgbase = {name}\npkgver = {version}\npkgdesc = a fixture\nurl = https://example.org\n\
             builddate = 1790000000\npackager = lab\nsize = 100\narch = any\nlicense = none\n"
        );
        let is_last = self.versions.last() == Some(&version);
        for lines in
            [*info, if is_last { self.last_info } else { "" }].iter().filter(|lines| !lines.is_empty())
        {
            let _ = writeln!(text, "{}", lines.replace("@VERSION@", version));
        }
        if self.configured.contains(&version) {
            let _ = writeln!(text, "backup = etc/{name}.conf");
        }
        text
    }
}

/// Packs a folder as makepkg does (`scripts/makepkg.sh.in`, `create_package`): the list of files first, then everything.
const PACK: &str = "cd \"$0\" && bsdtar -czf .MTREE --format=mtree \
    --options='!all,use-set,type,uid,gid,mode,time,size,sha256,link' .PKGINFO $(ls -A | grep -v -e PKGINFO -e MTREE) && \
    bsdtar --zstd --uid 0 --gid 0 -cf ../.packed .PKGINFO .MTREE $(ls -A | grep -v -e PKGINFO -e MTREE)";

fn text(path: &Path) -> &str {
    path.to_str().expect("the laboratory's paths are plain text")
}
