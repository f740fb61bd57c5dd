//! Answers for the zypper laboratory: the roots of [`super::rpm_root`] with the real zypper 1.14 in them.

use super::rpm_packages::fixture;
use super::rpm_root::{self, Family, RpmRoot};

const ZYPPER: Family = Family {
    name: "zypper",
    suite: "bookworm",
    vendor: "openSUSE",
    files: &[
        ("etc/os-release", "NAME=\"openSUSE Leap\"\nID=\"opensuse-leap\"\nVERSION_ID=\"16.0\"\n"),
        ("etc/zypp/zypp.conf", "[main]\nmultiversion = provides:multiversion(kernel)\n"),
        (
            "etc/zypp/repos.d/base.repo",
            "[base]\nname=base\nenabled=1\nautorefresh=1\nbaseurl=dir:///srv/lab/base\ngpgcheck=1\n\
             gpgkey=file:///srv/lab/key.asc\n",
        ),
        (
            "etc/zypp/repos.d/updates.repo",
            "[updates]\nname=updates\nenabled=1\nautorefresh=1\nbaseurl=dir:///srv/lab/updates\ngpgcheck=1\n\
             gpgkey=file:///srv/lab/key.asc\n",
        ),
    ],
    commands: &[
        &["zypper", "--non-interactive", "refresh"],
        &["zypper", "--non-interactive", "install", "lab-release"],
        // The first simulation of all writes the list of packages that nobody asked for.
        SIMULATION,
    ],
};

/// One call that only asks: it leaves zypp's copy of rpm's database as new as the database.
const SIMULATION: &[&str] = &["zypper", "--non-interactive", "--no-refresh", "update", "--dry-run"];

/// Returns a root with these fixtures installed in their first version, metadata fetched, and updates pending.
pub fn with(names: &[&str]) -> Option<RpmRoot> {
    let root = rpm_root::bare(&ZYPPER)?;
    let wanted: Vec<String> =
        names.iter().map(|name| format!("{name}={}", fixture(name).versions[0])).collect();
    let mut arguments = vec!["zypper", "--non-interactive", "--no-refresh", "install"];
    arguments.extend(wanted.iter().map(String::as_str));
    root.run(&arguments).expect_code(0);
    if names.contains(&"lab-held") {
        root.run(&["zypper", "--non-interactive", "addlock", "lab-held"]).expect_code(0);
    }
    root.run(SIMULATION);
    Some(root)
}
