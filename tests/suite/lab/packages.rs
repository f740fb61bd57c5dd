//! Answers for the fixture packages: one row each, built with the real `dpkg-deb`, byte for byte the same each time.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::namespace::on_host;

/// Files of a plain package; five of this size make an upgrade that a kill can hit half-way.
const BLOB_BYTES: usize = 20_000;

/// One fixture: its name, the versions it has, and what makes it special.
pub struct Fixture {
    pub name: &'static str,
    pub versions: &'static [&'static str],
    /// Built for the architecture of the machine instead of for all.
    pub for_machine: bool,
    shape: fn(&mut Draft),
}

/// The folder a package is packed from.
pub struct Draft {
    folder: PathBuf,
    name: &'static str,
    version: String,
    fields: Vec<String>,
    conffiles: Vec<String>,
}

const TWO: &[&str] = &["1.0", "2.0"];
const THREE: &[&str] = &["1.0", "2.0", "3.0"];

/// Every fixture. The 2.0 of a misbehaving one misbehaves; its 3.0, where there is one, is sound again.
pub const FIXTURES: &[Fixture] = &[
    row("lab-plain", THREE, plain),
    row("lab-chain-a", TWO, |d| d.needs_same("lab-chain-b")).for_machine(),
    row("lab-chain-b", TWO, |d| d.needs_same("lab-chain-c")).for_machine(),
    row("lab-chain-c", TWO, |_| ()).for_machine(),
    row("lab-conf", THREE, conf),
    row("lab-bad", THREE, |d| {
        d.script_in("2.0", "postinst", "echo 'lab-bad: cannot migrate the store' >&2\nexit 1")
    }),
    row("lab-badpre", TWO, |d| d.script_in("2.0", "preinst", "echo 'lab-badpre: unfit host' >&2\nexit 1")),
    row("lab-hang", TWO, |d| d.script_in("2.0", "postinst", "echo 'lab-hang: waiting' >&2\nsleep 600")),
    row("lab-slow", TWO, |d| d.script_in("2.0", "postinst", "echo 'lab-slow: waiting' >&2\nsleep 3")),
    row("lab-held", TWO, |_| ()),
    row("lab-service", TWO, service),
    row("lab-gone", TWO, |_| ()),
    row("lab-needsnew", TWO, |d| d.field_in("2.0", "Depends: lab-extra")),
    row("lab-extra", &["2.0"], |d| d.blobs(1)),
    row("lab-generates", TWO, generates),
    row("lab-remover", TWO, |d| d.field_in("2.0", "Conflicts: lab-plain")),
    row("lab-source", TWO, source).for_machine(),
    row("lab-trigger", TWO, trigger),
    row("lab-activates", TWO, |d| d.file("usr/share/lab-triggers/lab-activates", "activates\n", 0o644)),
    row("lab-divert", TWO, divert),
    row("lab-hardlink", TWO, links),
    row("lab-foreign", TWO, |d| d.blobs(1)),
];

const fn row(name: &'static str, versions: &'static [&'static str], shape: fn(&mut Draft)) -> Fixture {
    Fixture { name, versions, for_machine: false, shape }
}

impl Fixture {
    const fn for_machine(mut self) -> Self {
        self.for_machine = true;
        self
    }

    /// Returns the name of the archive file of a version.
    pub fn archive(&self, version: &str) -> String {
        format!("{}_{version}_{}.deb", self.name, self.architecture())
    }

    /// Builds one version into `pool` and returns the path of the archive.
    pub fn build(&self, version: &str, pool: &Path) -> PathBuf {
        let folder = pool.join(format!(".draft-{}-{version}", self.name));
        let _ = fs::remove_dir_all(&folder);
        let mut draft =
            Draft { folder, name: self.name, version: version.into(), fields: vec![], conffiles: vec![] };
        draft.file(&format!("usr/share/{}/version", self.name), &format!("{version}\n"), 0o644);
        (self.shape)(&mut draft);
        draft.write_control(self.architecture());
        let archive = pool.join(self.archive(version));
        pack(&draft.folder, &archive);
        fs::remove_dir_all(&draft.folder).expect("a draft can be removed");
        archive
    }

    fn architecture(&self) -> &'static str {
        static MACHINE: OnceLock<String> = OnceLock::new();
        if !self.for_machine {
            return "all";
        }
        MACHINE.get_or_init(|| on_host(&["dpkg", "--print-architecture"]).trim().to_owned())
    }
}

/// Returns the fixture of that name.
pub fn fixture(name: &str) -> &'static Fixture {
    FIXTURES
        .iter()
        .find(|fixture| fixture.name == name)
        .unwrap_or_else(|| panic!("no fixture is named {name}"))
}

impl Draft {
    fn file(&mut self, path: &str, content: &str, mode: u32) {
        let path = self.folder.join(path);
        fs::create_dir_all(path.parent().expect("a file lies in a folder"))
            .expect("a folder of a package can be made");
        fs::write(&path, content).expect("a file of a package can be written");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode can be set");
    }

    fn blobs(&mut self, count: usize) {
        for number in 1..=count {
            let line = format!("{} {} {number}\n", self.name, self.version);
            let content = line.repeat(BLOB_BYTES / line.len());
            self.file(&format!("usr/share/{}/blob-{number}", self.name), &content, 0o644);
        }
    }

    fn conffile(&mut self, path: &str, content: &str) {
        self.file(path, content, 0o644);
        self.conffiles.push(format!("/{path}\n"));
    }

    fn needs_same(&mut self, name: &str) {
        self.fields.push(format!("Depends: {name} (>= {})", self.version));
    }

    fn field_in(&mut self, version: &str, field: &str) {
        if self.version == version {
            self.fields.push(field.to_owned());
        }
    }

    fn script(&mut self, name: &str, body: &str) {
        let body = body.replace("@VERSION@", &self.version);
        self.file(&format!("DEBIAN/{name}"), &format!("#!/bin/sh\nset -e\n{body}\n"), 0o755);
    }

    fn script_in(&mut self, version: &str, name: &str, body: &str) {
        if self.version == version {
            self.script(name, body);
        }
    }

    fn write_control(&mut self, architecture: &str) {
        let fields: String = self.fields.iter().map(|field| format!("{field}\n")).collect();
        let control = format!(
            "Package: {}\nVersion: {}\nArchitecture: {architecture}\nMaintainer: Laboratory <lab@example.org>\n\
             Section: misc\nPriority: optional\n{fields}Description: fixture of the laboratory\n",
            self.name, self.version
        );
        self.file("DEBIAN/control", &control, 0o644);
        if !self.conffiles.is_empty() {
            let list = self.conffiles.concat();
            self.file("DEBIAN/conffiles", &list, 0o644);
        }
    }
}

/// One conffile that 2.0 changes, one that it leaves.
/// Its later versions bring files that the first one lacks: an interrupted unpacking leaves them to nobody.
fn plain(draft: &mut Draft) {
    draft.blobs(5);
    if draft.version != "1.0" {
        let only_new = format!("only since {}\n", draft.version).repeat(500);
        for number in 1..=3 {
            draft.file(&format!("usr/lib/lab-plain/new-{number}"), &only_new, 0o644);
        }
    }
}

fn conf(draft: &mut Draft) {
    let setting = format!("# lab-conf {}\nworkers = 4\n", draft.version);
    draft.conffile("etc/lab-conf.conf", &setting);
    draft.conffile("etc/lab-conf-steady.conf", "steady = yes\n");
}

/// A source package whose name and version are not those of the binary package.
fn source(draft: &mut Draft) {
    draft.field_in("1.0", "Source: lab-src (5.0-1)");
    draft.field_in("2.0", "Source: lab-src (5.0-2)");
}

fn service(draft: &mut Draft) {
    let daemon = format!("#!/bin/sh\necho 'lab-service {}'\nwhile :; do sleep 60; done\n", draft.version);
    draft.file("usr/sbin/lab-service", &daemon, 0o755);
    let unit = "[Unit]\nDescription=Service of the laboratory\n\n[Service]\nExecStart=/usr/sbin/lab-service\n\n\
                [Install]\nWantedBy=multi-user.target\n";
    draft.file("lib/systemd/system/lab-service.service", unit, 0o644);
    let start = "deb-systemd-helper enable lab-service.service >/dev/null || true\n\
                 if [ -d /run/systemd/system ]; then systemctl daemon-reload; deb-systemd-invoke restart lab-service.service; fi";
    draft.script("postinst", start);
}

/// Like ca-certificates: files no package owns, and an upgrade that retires an entry which a downgrade does not bring back.
fn generates(draft: &mut Draft) {
    for entry in ["root-1", "root-2", "root-3"] {
        draft.file(&format!("usr/share/lab-generates/{entry}"), &format!("{entry}\n"), 0o644);
    }
    let retire = if draft.version == "1.0" { "" } else { "sed -i 's/^root-2$/!root-2/' $list\n" };
    let script = "list=/etc/lab-generated.list; links=/etc/lab-generated.d; mkdir -p $links\n\
        [ -e $list ] || printf 'root-1\\nroot-2\\nroot-3\\n' >$list\n@RETIRE@\
        rm -f $links/*\nfor entry in $(grep -v '^!' $list); do ln -s /usr/share/lab-generates/$entry $links/$entry; done\n\
        echo '@VERSION@' >/etc/lab-generated.conf";
    draft.script("postinst", &script.replace("@RETIRE@", retire));
}

fn trigger(draft: &mut Draft) {
    draft.file("DEBIAN/triggers", "interest-noawait /usr/share/lab-triggers\n", 0o644);
    draft.script(
        "postinst",
        "mkdir -p /var/lib/lab-trigger; echo \"@VERSION@ $1\" >>/var/lib/lab-trigger/seen",
    );
}

/// Takes the place of a file of lab-plain.
fn divert(draft: &mut Draft) {
    let diverted = "/usr/share/lab-plain/blob-1";
    let option = format!("--package lab-divert --rename --divert {diverted}.distrib");
    draft.file(&diverted[1..], "in place of lab-plain's\n", 0o644);
    draft.script(
        "preinst",
        &format!("if [ \"$1\" = install ]; then dpkg-divert {option} --add {diverted}; fi"),
    );
    draft.script(
        "postrm",
        &format!("if [ \"$1\" = remove ]; then dpkg-divert {option} --remove {diverted}; fi"),
    );
}

/// Every kind of entry that a careless copy loses.
fn links(draft: &mut Draft) {
    draft.blobs(1);
    let folder = draft.folder.join("usr/share/lab-hardlink");
    fs::hard_link(folder.join("blob-1"), folder.join("blob-1-twin")).expect("a hard link can be made");
    symlink(format!("blob-1?{}", draft.version), folder.join("link")).expect("a symbolic link can be made");
    fs::create_dir(folder.join("empty")).expect("a folder can be made");
    let program = format!("#!/bin/sh\necho {}\n", draft.version);
    draft.file("usr/bin/lab-setuid", &program, 0o4755);
    draft.file("usr/share/lab-hardlink/name with blank and ü", &program, 0o640);
}

fn pack(folder: &Path, archive: &Path) {
    let mut command = Command::new("dpkg-deb");
    command.args(["--root-owner-group", "-Zgzip", "-z1", "--build"]).arg(folder).arg(archive);
    let output = command.env("SOURCE_DATE_EPOCH", "1700000000").output().expect("dpkg-deb can be started");
    assert!(output.status.success(), "dpkg-deb failed: {}", String::from_utf8_lossy(&output.stderr));
}
