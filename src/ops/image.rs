//! Hosts that are booted from an image, or built whole: their packages change with the whole, never one by one.

use crate::config::layout::Layout;
use crate::host::{facts, storage};
use crate::model::failure::{Failure, FailureKind};

/// What ostree and bootc leave while a system runs that was booted from one of their deployments (ostree(1); dnf's own
/// units carry the same condition).
const OSTREE: &str = "run/ostree-booted";
/// openSUSE's and SUSE's systems that are changed in a snapshot for the next boot.
const TRANSACTIONAL: &str = "usr/sbin/transactional-update";

/// What NixOS has and nobody else (nixos-enter(8) tells a root of NixOS by it).
const NIXOS: &str = "etc/NIXOS";
/// The os-release id of Ubuntu Core, whose system is a snap.
const UBUNTU_CORE: &str = "ubuntu-core";

/// Refuses to change packages where an image is what changes, or the whole system.
///
/// # Errors
/// The host is booted from an image or built whole; the command that updates it is named.
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
    if has(NIXOS) {
        let message = "this host is built whole by NixOS: its packages are not changed one by one";
        return Err(
            Failure::new(FailureKind::Host, message).hint("update it: nixos-rebuild switch --upgrade")
        );
    }
    if facts::distribution(layout.root()).is_ok_and(|distribution| distribution.id == UBUNTU_CORE) {
        return refused("Ubuntu Core", "snap refresh");
    }
    let is_read_only = || facts::room(layout.root()).is_ok_and(|room| !room.writable);
    if has(TRANSACTIONAL) && is_read_only() {
        return refused("transactional-update", "transactional-update patch");
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a folder of the test's own is named directly")]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_image_is_refused_with_its_own_command() {
        let folder =
            |name: &str| std::env::temp_dir().join(format!("patchctl-image-{}-{name}", std::process::id()));
        for (files, command) in [
            (&[("run/ostree-booted", "")][..], "bootc upgrade"),
            (&[("run/ostree-booted", ""), ("usr/bin/rpm-ostree", "")], "rpm-ostree upgrade"),
            (&[("etc/NIXOS", "")], "nixos-rebuild switch"),
            (&[("etc/os-release", "ID=ubuntu-core\nVERSION_ID=24\n")], "snap refresh"),
        ] {
            let root = folder(command);
            for (path, text) in files {
                let path = root.join(path);
                storage::create_folder(path.parent().expect("it has one"), 0o755).expect("a folder");
                storage::replace(&path, text.as_bytes(), storage::PUBLIC).expect("a file");
            }
            let failure = refuse(&Layout::inside(&root)).expect_err(command);
            assert!(failure.hints().iter().any(|hint| hint.contains(command)), "{failure:?}");
            storage::remove_folder(&root).expect("a folder of the test");
        }
        assert!(refuse(&Layout::inside(&folder("plain"))).is_ok());
    }
}
