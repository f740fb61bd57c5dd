//! Answers for the laboratory of dnf 5: the roots of [`super::rpm_root`] with the real dnf 5 and rpm 6 of Debian forky.

use super::rpm_root::{self, Family, RpmRoot};

const DNF5: Family = Family {
    name: "dnf5",
    suite: "forky",
    vendor: "Fedora Project",
    files: &[
        ("etc/os-release", "NAME=\"Fedora Linux\"\nID=fedora\nVERSION_ID=43\n"),
        ("etc/dnf/dnf.conf", "[main]\ngpgcheck=True\ninstallonly_limit=3\nbest=True\n"),
        // Debian's plugin that copies what was installed into a repository of its own is not what Fedora has.
        ("etc/dnf/libdnf5-plugins/local.conf", "[main]\nname=local\nenabled=no\n"),
        (
            "etc/yum.repos.d/lab.repo",
            "[base]\nname=base\nbaseurl=file:///srv/lab/base\ngpgcheck=1\ngpgkey=file:///srv/lab/key.asc\n\n\
             [updates]\nname=updates\nbaseurl=file:///srv/lab/updates\ngpgcheck=1\ngpgkey=file:///srv/lab/key.asc\n\n",
        ),
    ],
    commands: &[&["dnf5", "-y", "--releasever=9", "install", "lab-release"], &["dnf5", "makecache"]],
};

/// Returns a root with these fixtures installed in their first version, metadata fetched, and updates pending.
pub fn with(names: &[&str]) -> Option<RpmRoot> {
    let root = rpm_root::bare(&DNF5)?;
    rpm_root::install(&root, "dnf5", names);
    if names.contains(&"lab-held") {
        root.run(&["dnf5", "versionlock", "add", "lab-held"]).expect_code(0);
    }
    Some(root)
}
