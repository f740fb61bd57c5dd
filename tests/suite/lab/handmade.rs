//! Answers for packages that one story makes by itself, when its test runs: they are no part of a golden root.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::debian::DebianRoot;
use super::namespace::on_host;
use super::repository::Suite;

/// A package of one story.
#[derive(Default)]
pub struct Handmade<'a> {
    pub name: &'a str,
    pub version: &'a str,
    /// Path, content and mode.
    pub files: Vec<(&'a str, Vec<u8>, u32)>,
    pub conffiles: &'a [&'a str],
    pub postinst: &'a str,
}

impl Handmade<'_> {
    /// Builds the archive into the pool of a suite of the root's repository.
    fn build(&self, root: &DebianRoot, suite: Suite) {
        let pool = root.path("srv/lab/pool").join(suite.codename());
        let folder = pool.join(format!(".draft-{}", self.name));
        for (path, content, mode) in &self.files {
            put(&folder.join(path), content, *mode);
        }
        let architecture = on_host(&["dpkg", "--print-architecture"]);
        let control = format!(
            "Package: {}\nVersion: {}\nArchitecture: {}\nMaintainer: Laboratory <lab@example.org>\nSection: misc\n\
             Priority: optional\nDescription: fixture of one story\n",
            self.name,
            self.version,
            architecture.trim()
        );
        put(&folder.join("DEBIAN/control"), control.as_bytes(), 0o644);
        if !self.conffiles.is_empty() {
            let listed: String = self.conffiles.iter().map(|path| format!("/{path}\n")).collect();
            put(&folder.join("DEBIAN/conffiles"), listed.as_bytes(), 0o644);
        }
        if !self.postinst.is_empty() {
            let script = format!("#!/bin/sh\nset -e\n{}\n", self.postinst);
            put(&folder.join("DEBIAN/postinst"), script.as_bytes(), 0o755);
        }
        let archive = pool.join(format!("{}_{}_{}.deb", self.name, self.version, architecture.trim()));
        on_host(&[
            "dpkg-deb",
            "--root-owner-group",
            "-Zgzip",
            "-z1",
            "--build",
            text(&folder),
            text(&archive),
        ]);
        fs::remove_dir_all(&folder).expect("a draft can be removed");
    }
}

/// Installs the first of two versions of a package and offers the second as a security update.
pub fn pending(root: &DebianRoot, before: &Handmade<'_>, after: &Handmade<'_>) {
    for (package, suite) in [(before, Suite::Bookworm), (after, Suite::Security)] {
        package.build(root, suite);
        root.repository().publish(suite);
    }
    root.apt(&["update"]).expect_code(0);
    root.apt(&["install", "-y", &format!("{}={}", before.name, before.version)]).expect_code(0);
}

/// Compiles C with the machine's own compiler and returns the file; `name` is that of the library, `flags` are for `cc`.
pub fn compiled(folder: &Path, (name, source): (&str, &str), flags: &[&str]) -> PathBuf {
    fs::create_dir_all(folder).expect("a folder can be made");
    let (from, to) = (folder.join(format!("{name}.c")), folder.join(name));
    fs::write(&from, source).expect("writable");
    on_host(&[&["cc", "-o", text(&to), text(&from)], flags].concat());
    to
}

fn put(path: &Path, content: &[u8], mode: u32) {
    fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("a folder can be made");
    fs::write(path, content).expect("writable");
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode can be set");
}

fn text(path: &Path) -> &str {
    path.to_str().expect("the laboratory's paths are plain text")
}
