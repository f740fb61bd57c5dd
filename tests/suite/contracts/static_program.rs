//! Answers for the static program: it runs on every Debian from 11 on, and no module of their name services ends it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The releases, oldest C library first (2.31, 2.36, 2.41, and whatever is being made).
const RELEASES: [&str; 4] = ["bullseye", "bookworm", "trixie", "forky"];

/// A root of a release, removed with the value.
struct Root(PathBuf);

impl Drop for Root {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Root {
    fn of(release: &str) -> Self {
        let place = Path::new("/var/tmp").join(format!("patchctl-{release}-{}", std::process::id()));
        let root = Self(place);
        if !root.is_made(release, "ca-certificates,libnss-myhostname,libnss-resolve") {
            // Mirrors drop archives of old releases one by one.
            println!("not run: {release} with libnss-resolve, which the mirror does not have");
            let _ = fs::remove_dir_all(&root.0);
            assert!(root.is_made(release, "ca-certificates,libnss-myhostname"), "{release}");
        }
        root
    }

    fn is_made(&self, release: &str, packages: &str) -> bool {
        let mut command = Command::new("mmdebstrap");
        command.args(["--quiet", "--variant=essential", &format!("--include={packages}")]);
        // What is being made is not signed anew every week.
        command.args(["--aptopt=Acquire::Check-Valid-Until \"false\"", release]).arg(&self.0);
        command.status().expect("mmdebstrap runs").success()
    }
}

/// Returns the program to try: the one that is named, or one that is built now.
fn program() -> PathBuf {
    if let Some(program) = std::env::var_os("PATCHCTL_STATIC_PROGRAM") {
        return program.into();
    }
    let built =
        Command::new("packaging/build").current_dir(env!("CARGO_MANIFEST_DIR")).arg("program").output();
    let built = built.expect("packaging/build runs");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    PathBuf::from(String::from_utf8_lossy(&built.stdout).trim())
}

#[test]
#[ignore = "builds the static program and a root of each release: half an hour"]
fn the_static_program_runs_on_releases_of_seven_years_whatever_their_names_are_looked_up_with() {
    let program = program();
    for release in RELEASES {
        let root = Root::of(release);
        fs::copy(&program, root.0.join("usr/bin/patchctl")).expect("copied");
        // The modules of systemd and of the host: each is a library of the release's own C library.
        for hosts in ["files dns", "files myhostname resolve [!UNAVAIL=return] dns"] {
            let switch = format!("passwd: files systemd\ngroup: files systemd\nhosts: {hosts}\n");
            fs::write(root.0.join("etc/nsswitch.conf"), switch).expect("written");
            let ran =
                Command::new("chroot").arg(&root.0).args(["patchctl", "scan", "--format", "json"]).output();
            let ran = ran.expect("chroot runs");
            let report: serde_json::Value = serde_json::from_slice(&ran.stdout)
                .unwrap_or_else(|error| panic!("{release} {hosts}: {error}: {ran:?}"));
            assert_eq!(report["host"]["distribution"]["codename"], release, "{ran:?}");
            let packages = report["packages"].as_array().expect("packages").len();
            assert!(packages > 50, "{release}: {packages}");
            println!("{release}, hosts: {hosts}: {packages} packages, exit code {:?}", ran.status.code());
        }
    }
}
