//! Hosts that are booted from an image: their packages change with the whole image, never one by one.

use crate::config::layout::Layout;
use crate::host::{facts, storage};
use crate::model::failure::{Failure, FailureKind};

/// What ostree and bootc leave while a system runs that was booted from one of their deployments (ostree(1); dnf's own
/// units carry the same condition).
const OSTREE: &str = "run/ostree-booted";
/// openSUSE's and SUSE's systems that are changed in a snapshot for the next boot.
const TRANSACTIONAL: &str = "usr/sbin/transactional-update";

/// Refuses to change packages where an image is what changes.
///
/// # Errors
/// The host is booted from an image; the command that updates it is named.
pub(super) fn refuse(layout: &Layout) -> Result<(), Failure> {
    let has = |path: &str| storage::exists(&layout.target(path));
    let refused = |what: &str, command: &str| {
        let message =
            format!("this host is booted from an image of {what}: its packages are not changed one by one");
        Err(Failure::new(FailureKind::Host, message)
            .hint(format!("update the image: {command}, then reboot")))
    };
    if has(OSTREE) {
        return if has("usr/bin/rpm-ostree") {
            refused("ostree", "rpm-ostree upgrade")
        } else {
            refused("bootc", "bootc upgrade")
        };
    }
    let is_read_only = || facts::room(layout.root()).is_ok_and(|room| !room.writable);
    if has(TRANSACTIONAL) && is_read_only() {
        return refused("transactional-update", "transactional-update patch");
    }
    Ok(())
}
