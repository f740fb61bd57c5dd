//! Kills of the whole tree of a run and of a way back on hosts of dnf and zypper, at every call that changes a file: the
//! package manager, rpm and patchctl die together, and `recover` ends in the old or in the new state.
//!
//! rpm alone leaves a third of such points between both (`rpm_yardstick`).

use super::family_world::{Family, sweep, sweep_drafts};
use super::world::{Host, swept_pool};
use crate::lab::rpm_root::{self, RpmRoot};
use crate::lab::{dnf5_root, zypp_root};

/// What is installed and pending: plain files, two packages that need each other in one version, an addition, configuration
/// that is kept and configuration that rpm moves aside, and a kernel that comes beside the old one.
pub const FIXTURES: &[&str] =
    &["lab-plain", "lab-program", "lab-library", "lab-grows", "lab-conf", "lab-moved", "lab-kernel"];

pub const RPM: Family = Family {
    name: "rpm",
    apply: &["patchctl", "apply", "--yes", "--no-refresh"],
    packages: "rpm -qa | sort",
    records: &[
        "var/lib/rpm",
        "var/lib/dnf",
        "usr/lib/sysimage/libdnf5",
        "var/lib/zypp/AutoInstalled",
        "var/adm",
    ],
};

/// Returns a host of a root with configuration that the administrator edited and rpm moves aside.
pub fn host(root: Option<RpmRoot>) -> Option<Host> {
    let (pool, root) = (swept_pool()?, root?);
    root.write("etc/lab-moved.conf", "edited by the administrator\n");
    Some(Host::of(pool, &root.path("/")))
}

#[test]
fn a_run_of_dnf_and_its_way_back_that_are_cut_off_anywhere_end_old_or_new() {
    sweep(Family { name: "dnf 4", ..RPM }, host(rpm_root::with(FIXTURES)), (20, 10));
}

#[test]
fn a_run_of_dnf5_and_its_way_back_that_are_cut_off_anywhere_end_old_or_new() {
    sweep(Family { name: "dnf 5", ..RPM }, host(dnf5_root::with(FIXTURES)), (32, 16));
}

#[test]
fn a_run_of_zypper_and_its_way_back_that_are_cut_off_anywhere_end_old_or_new() {
    sweep(Family { name: "zypper", ..RPM }, host(zypp_root::with(FIXTURES)), (16, 8));
}

#[test]
fn a_way_back_that_is_cut_off_over_configuration_leaves_no_draft() {
    sweep_drafts(Family { name: "dnf 4", ..RPM }, host(rpm_root::with(FIXTURES)), 8);
}
