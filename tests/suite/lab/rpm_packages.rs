//! Answers for the fixture packages of the laboratories of dnf and zypper: tiny rpms, each with one property, built with the real rpmbuild.

use std::fs;
use std::path::{Path, PathBuf};

use super::namespace::on_host;

/// A package: its name, the versions that exist, and what each has of its own.
pub struct RpmFixture {
    pub name: &'static str,
    /// `[EPOCH:]VERSION`, the first one installed, the last one in the repository of updates.
    pub versions: &'static [&'static str],
    /// Lines of the spec's head, with `@VERSION@` for the version.
    pub head: &'static str,
    /// Sections of the spec of the last version only.
    pub last: &'static str,
    /// A file of another package that the last version brings too.
    pub clashes: &'static str,
    /// The attribute of its configuration file; none has one where this is empty.
    pub config: &'static str,
    /// Where an update is announced: `security`, `bugfix` or nowhere.
    pub announced: &'static str,
    /// What the announcement asks for besides: `reboot_suggested`, `restart_suggested` (run the package manager anew).
    pub suggested: &'static str,
    /// Who builds the last version, where that is not the distribution.
    pub last_vendor: &'static str,
}

pub const PLAIN: RpmFixture = RpmFixture {
    name: "lab-plain",
    versions: &["1.0", "2.0"],
    head: "",
    last: "",
    clashes: "",
    config: "",
    announced: "security",
    suggested: "",
    last_vendor: "",
};

/// Every fixture.
pub const FIXTURES: &[RpmFixture] = &[
    PLAIN,
    RpmFixture { name: "lab-library", announced: "", ..PLAIN },
    RpmFixture { name: "lab-program", head: "Requires: lab-library = @VERSION@", ..PLAIN },
    RpmFixture { name: "lab-extra", versions: &["1.0"], announced: "", ..PLAIN },
    RpmFixture { name: "lab-grows", last: "Requires: lab-extra", ..PLAIN },
    RpmFixture { name: "lab-conf", config: "%config(noreplace)", ..PLAIN },
    RpmFixture { name: "lab-moved", config: "%config", ..PLAIN },
    RpmFixture {
        name: "lab-badpost",
        last: "%post\necho post of lab-badpost says no >&2\nexit 1\n",
        ..PLAIN
    },
    RpmFixture { name: "lab-badpre", last: "%pre\nexit 1\n", ..PLAIN },
    RpmFixture { name: "lab-badposttrans", last: "%posttrans\nexit 1\n", ..PLAIN },
    RpmFixture { name: "lab-slow", last: "%post\nsleep 12\n", ..PLAIN },
    RpmFixture { name: "lab-held", ..PLAIN },
    RpmFixture { name: "lab-epoch", versions: &["9.0", "1:1.0"], announced: "bugfix", ..PLAIN },
    RpmFixture {
        name: "lab-kernel",
        head: "Provides: installonlypkg(kernel)\nProvides: multiversion(kernel)",
        ..PLAIN
    },
    RpmFixture { name: "lab-former", versions: &["1.0"], announced: "", ..PLAIN },
    RpmFixture {
        name: "lab-renamed",
        versions: &["2.0"],
        head: "Obsoletes: lab-former < 2.0\nProvides: lab-former = 2.0",
        ..PLAIN
    },
    RpmFixture { name: "lab-unsigned", ..PLAIN },
    RpmFixture { name: "lab-foreign", last_vendor: "Somebody", ..PLAIN },
    RpmFixture { name: "lab-stack", suggested: "restart_suggested", ..PLAIN },
    RpmFixture { name: "lab-core", suggested: "reboot_suggested", ..PLAIN },
    RpmFixture { name: "lab-other", ..PLAIN },
    RpmFixture {
        name: "lab-wants-old",
        versions: &["1.0"],
        head: "Requires: lab-other = 1.0",
        announced: "",
        ..PLAIN
    },
    RpmFixture { name: "lab-licensed", ..PLAIN },
    RpmFixture { name: "lab-clash", clashes: "/usr/share/lab-extra/file-1.0", ..PLAIN },
    RpmFixture { name: "lab-steps", versions: &["1.0", "1.5", "2.0"], ..PLAIN },
];

/// Returns the fixture of a name.
pub fn fixture(name: &str) -> &'static RpmFixture {
    FIXTURES.iter().find(|fixture| fixture.name == name).unwrap_or_else(|| panic!("no fixture is {name}"))
}

impl RpmFixture {
    pub fn is_last(&self, version: &str) -> bool {
        self.versions.last() == Some(&version)
    }

    /// Builds a version of a distribution's vendor into `folder` and returns its path.
    pub fn build(&self, version: &str, folder: &Path, vendor: &str) -> PathBuf {
        self.build_for("noarch", version, (folder, vendor))
    }

    /// Builds it for one architecture; nothing in it is of any.
    pub fn build_for(&self, architecture: &str, version: &str, (folder, vendor): (&Path, &str)) -> PathBuf {
        let (epoch, plain) = version.split_once(':').unwrap_or(("", version));
        let work = folder.join(format!(".build-{}", self.name));
        fs::create_dir_all(&work).expect("a folder can be made");
        let is_foreign = self.is_last(version) && !self.last_vendor.is_empty();
        let vendor = if is_foreign { self.last_vendor } else { vendor };
        let spec = self.spec((epoch, plain), self.is_last(version), vendor);
        let spec = if architecture == "noarch" { spec } else { spec.replace("BuildArch: noarch\n", "") };
        fs::write(work.join("lab.spec"), spec).expect("a spec can be written");
        on_host(&[
            "rpmbuild",
            "-bb",
            "--quiet",
            "--target",
            architecture,
            "--define",
            "debug_package %{nil}",
            "--define",
            &format!("_topdir {}", text(&work)),
            "--define",
            &format!("_rpmdir {}", text(folder)),
            "--define",
            "_build_name_fmt %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm",
            "--define",
            "_binary_payload w1.gzdio",
            text(&work.join("lab.spec")),
        ]);
        fs::remove_dir_all(&work).expect("a folder can be removed");
        folder.join(format!("{}-{plain}-1.{architecture}.rpm", self.name))
    }

    fn spec(&self, (epoch, version): (&str, &str), is_last: bool, vendor: &str) -> String {
        let Self { name, config, .. } = self;
        let epoch = if epoch.is_empty() { String::new() } else { format!("Epoch: {epoch}\n") };
        let own = if is_last { self.last } else { "" };
        let (head_of_last, sections) = if own.starts_with('%') { ("", own) } else { (own, "") };
        let head = self.head.replace("@VERSION@", version);
        let (place, listed) = match config.is_empty() {
            true => (String::new(), String::new()),
            false => (
                format!(
                    "mkdir -p %{{buildroot}}/etc\necho 'made by {version}' > %{{buildroot}}/etc/{name}.conf\n"
                ),
                format!("{config} /etc/{name}.conf\n"),
            ),
        };
        let (clash, clashing) = match self.clashes {
            path if is_last && !path.is_empty() => {
                let folder = Path::new(path).parent().map_or("", text);
                (
                    format!("mkdir -p %{{buildroot}}{folder}\necho '{name}' > %{{buildroot}}{path}\n"),
                    format!("{path}\n"),
                )
            }
            _ => (String::new(), String::new()),
        };
        // Two versions of a kernel have no file in common.
        let shared = match self.head.contains("installonlypkg") {
            true => String::new(),
            false => format!("echo '{name} {version}' > %{{buildroot}}/usr/share/{name}/file"),
        };
        format!(
            "Name: {name}\nVersion: {version}\nRelease: 1\nSummary: a fixture\nLicense: none\nVendor: {vendor}\n{epoch}BuildArch: noarch\n\
             AutoReqProv: no\n{head}\n{head_of_last}\n%description\na fixture\n%install\nmkdir -p %{{buildroot}}/usr/share/{name}\n\
             echo '{name} {version}' > %{{buildroot}}/usr/share/{name}/file-{version}\n\
             {shared}\n{clash}{place}{sections}\n%files\n\
             /usr/share/{name}\n{listed}{clashing}"
        )
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("the laboratory's paths are plain text")
}
