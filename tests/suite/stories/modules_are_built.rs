//! A host builds modules for each of its kernels: a rehearsal builds them for the new one before it is installed. The real
//! dkms, compiler and kernel headers of Debian; the kernel itself is a package without one, which calls the same hooks.

use super::records::checked_report;
use crate::lab::debian::{self, DebianRoot};
use crate::lab::handmade::{Handmade, pending};
use crate::lab::namespace::{Network, Ran};
use crate::lab::offline_mirror::Upstream;
use serde_json::Value;

const TOOLS: &[&str] =
    &["apt-get", "install", "-y", "--no-install-recommends", "dkms", "gcc", "make", "linux-headers-amd64"];

const SOUND: &str = "#include <linux/module.h>\nMODULE_LICENSE(\"GPL\");\n";
const BROKEN: &str = "#include <linux/module.h>\n#error no such kernel was thought of\n";

/// A root with a module that was built for its present kernel, and the release of the headers that it has.
fn with_module() -> Option<(DebianRoot, String)> {
    let root = debian::small_with(&["lab-plain"])?;
    let sources = format!("deb {} bookworm main\n", Upstream::of_this_machine().address("bookworm"));
    root.write("etc/apt/sources.list.d/network.list", &sources);
    for line in [&["apt-get", "-q", "update"], TOOLS] {
        let command = root.command(line).env("DEBIAN_FRONTEND", "noninteractive");
        command.network(Network::Host).run().expect_code(0);
    }
    root.shell("rm /etc/apt/sources.list.d/network.list; apt-get -q update").expect_code(0);
    let listed = root.shell("cd /usr/src; ls -d linux-headers-*-amd64").expect_code(0).stdout;
    let release = listed.trim().strip_prefix("linux-headers-").expect("headers have a release").to_owned();
    root.write(
        "usr/src/lab-1.0/dkms.conf",
        "PACKAGE_NAME=\"lab\"\nPACKAGE_VERSION=\"1.0\"\nBUILT_MODULE_NAME[0]=\"lab\"\n\
         DEST_MODULE_LOCATION[0]=\"/updates\"\nAUTOINSTALL=\"yes\"\n",
    );
    root.write("usr/src/lab-1.0/Makefile", "obj-m := lab.o\n");
    root.write("usr/src/lab-1.0/lab.c", SOUND);
    root.run(&["dkms", "add", "-m", "lab", "-v", "1.0"]).expect_code(0);
    root.write("usr/lib/modules/6.1.0-1-present/kernel/x", "");
    root.write("var/lib/dkms/lab/1.0/6.1.0-1-present/x86_64/module/lab.ko", "");
    Some((root, release))
}

fn offer_kernel(root: &DebianRoot, release: &str) {
    let name = format!("linux-image-{release}");
    let marker = format!("usr/lib/modules/{release}/kernel/marker");
    let hooks =
        format!("run-parts --exit-on-error --arg={release} --arg=/boot/vmlinuz /etc/kernel/postinst.d");
    let before = Handmade { name: &name, version: "1.0", ..Handmade::default() };
    let files = vec![(marker.as_str(), Vec::new(), 0o644)];
    let after = Handmade { name: &name, version: "2.0", files, postinst: &hooks, ..Handmade::default() };
    pending(root, &before, &after);
}

fn rehearse(root: &DebianRoot) -> (Ran, Value) {
    let line = ["patchctl", "rehearse", "--exclude", "lab-plain", "--format", "json"];
    let ran = root.run(&line);
    let report = checked_report(&ran.stdout);
    (ran, report)
}

#[test]
#[ignore = "installs a compiler and kernel headers from the network: 90 MB, two minutes"]
fn a_rehearsal_builds_the_modules_for_a_new_kernel_and_fails_where_one_does_not_build() {
    let Some((root, release)) = with_module() else { return };
    offer_kernel(&root, &release);
    let (ran, report) = rehearse(&root);
    assert_eq!(ran.code, 0, "{ran}");
    assert!(report.to_string().contains(&format!("1 module for {release}")), "{ran}");
    root.write("usr/src/lab-1.0/lab.c", BROKEN);
    let (ran, _) = rehearse(&root);
    assert_eq!(ran.code, 1, "a module that does not build: {ran}");
    root.write("usr/src/lab-1.0/lab.c", SOUND);
    root.shell(&format!("rm /usr/lib/modules/{release}/build")).expect_code(0);
    let (ran, report) = rehearse(&root);
    assert_eq!(ran.code, 1, "without headers dkms builds nothing and says nothing: {ran}");
    assert!(report.to_string().contains(&format!("lab 1.0 for {release}")), "{ran}");
}
