//! Answers for the packages that `packaging/build` makes: clean, the same twice, and gone when they are removed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::lab::debian::{self, DebianRoot};

/// A folder with both packages around the program under test, removed with the value.
pub struct Packages(PathBuf);

impl Drop for Packages {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub fn built(name: &str) -> Packages {
    let folder =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("packages-{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a scratch folder can be made");
    let program = folder.join("patchctl");
    let stripped = Command::new("strip").arg("-o").arg(&program).arg(debian::binary_under_test()).status();
    assert!(stripped.expect("strip of binutils").success());
    let ran = tool(
        "packaging/build",
        &["all", "--binary", text(&program), "--output", text(&folder), "--level", "0"],
    );
    assert!(ran.status.success(), "{ran:?}");
    Packages(folder)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of plain text")
}

fn tool(program: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments);
    command.output().unwrap_or_else(|error| panic!("{program}: {error}"))
}

impl Packages {
    pub fn file(&self, end: &str) -> PathBuf {
        let entries = fs::read_dir(&self.0).expect("the folder can be listed").flatten();
        let mut paths = entries.map(|entry| entry.path());
        paths.find(|path| text(path).ends_with(end)).unwrap_or_else(|| panic!("no *{end} was built"))
    }
}

/// Every path of patchctl in a root, its own name apart.
fn left(root: &DebianRoot) -> Vec<String> {
    let found =
        root.shell("find / -xdev -path '*patchctl*' -not -path '/tmp/*' | sort").expect_code(0).stdout;
    found.lines().map(str::to_owned).collect()
}

#[test]
fn packages_have_no_errors_and_are_the_same_twice() {
    let (one, two) = (built("one"), built("two"));
    for end in [".deb", ".rpm"] {
        let bytes = |packages: &Packages| fs::read(packages.file(end)).expect("readable");
        assert!(bytes(&one) == bytes(&two), "two builds of *{end} differ");
    }
    let lintian = tool("lintian", &["--allow-root", "--fail-on", "error", text(&one.file(".deb"))]);
    assert!(lintian.status.success(), "{lintian:?}");
    let rpmlint = tool("rpmlint", &["-r", "packaging/rpm/patchctl.rpmlintrc", text(&one.file(".rpm"))]);
    let said = String::from_utf8_lossy(&rpmlint.stdout).into_owned();
    // What the program is made of is told by the package itself.
    let bill = one.0.join("bill");
    assert!(tool("dpkg-deb", &["-x", text(&one.file(".deb")), text(&bill)]).status.success());
    let bill = fs::read(bill.join("usr/share/patchctl/patchctl.cdx.json")).expect("a bill of materials");
    let bill: serde_json::Value = serde_json::from_slice(&bill).expect("JSON");
    super::renderings::assert_cyclonedx(&bill, "patchctl itself");
    let components = bill["components"].as_array().expect("components");
    let has = |name: &str| {
        components.iter().any(|one| one["name"] == name && one["hashes"][0]["content"].is_string())
    };
    assert!(
        components.len() > 80 && has("clap") && has("rustls") && !has("proptest"),
        "{}",
        components.len()
    );
    // The program under test is not the static one, so what excuses that has nothing to excuse.
    let is_error = |line: &&str| line.contains(": E: ") && !line.contains("unused-rpmlintrc-filter");
    let errors: Vec<&str> = said.lines().filter(is_error).collect();
    assert!(said.contains("1 packages") && errors.is_empty(), "{said}");
}

#[test]
fn the_debian_package_installs_runs_upgrades_and_leaves_nothing_behind() {
    let Some(root) = debian::small() else { return };
    fs::remove_file(root.path("usr/bin/patchctl")).expect("the laboratory's own copy goes");
    assert_eq!(left(&root), Vec::<String>::new());
    let packages = built("debian");
    fs::copy(packages.file(".deb"), root.path("tmp/new.deb")).expect("copied");
    // The version before it: the same but for its number.
    root.shell(
        "dpkg-deb -R /tmp/new.deb /tmp/old && sed -i 's/^Version: .*/Version: 0.0.9/' /tmp/old/DEBIAN/control
         dpkg-deb -b /tmp/old /tmp/old.deb && dpkg -i /tmp/old.deb && echo '# mine' >> /etc/patchctl/patchctl.toml
         dpkg -i /tmp/new.deb && tail -n 1 /etc/patchctl/patchctl.toml && patchctl --version",
    )
    .expect_code(0);
    assert!(root.read("etc/patchctl/patchctl.toml").ends_with("# mine\n"), "an edited configuration stays");
    root.run(&["patchctl", "scan"]);
    assert!(root.path("var/lib/patchctl/latest.json").is_symlink());
    root.run(&["dpkg", "--remove", "patchctl"]).expect_code(0);
    let kept = left(&root);
    let is_past = |path: &String| {
        [
            "/etc/patchctl",
            "/etc/update-motd.d/60-patchctl",
            "/var/lib/patchctl",
            "/var/cache/patchctl",
            "/run/patchctl",
        ]
        .iter()
        .any(|folder| path.starts_with(folder))
            || path.starts_with("/var/lib/dpkg/info/patchctl.")
    };
    assert!(kept.iter().all(is_past) && kept.iter().any(|path| path == "/var/lib/patchctl"), "{kept:#?}");
    root.run(&["dpkg", "--purge", "patchctl"]).expect_code(0);
    assert_eq!(left(&root), Vec::<String>::new());
}

#[test]
fn the_rpm_package_installs_runs_and_is_removed() {
    let Some(root) = debian::small() else { return };
    fs::remove_file(root.path("usr/bin/patchctl")).expect("the laboratory's own copy goes");
    let packages = built("rpm");
    let (place, file) = (root.path("/"), packages.file(".rpm"));
    let rpm = |arguments: &[&str]| {
        let ran = tool("rpm", &[&["--root", text(&place)], arguments].concat());
        assert!(ran.status.success(), "{ran:?}");
    };
    rpm(&["--initdb"]);
    // The root is Debian's: what is there is not in rpm's database.
    rpm(&["--install", "--nodeps", text(&file)]);
    root.run(&["patchctl", "--version"]).expect_code(0);
    rpm(&["--verify", "--nodeps", "patchctl"]);
    rpm(&["--erase", "patchctl"]);
    assert_eq!(left(&root), Vec::<String>::new());
}
