//! Answers for what a story puts on the disk of a guest before it boots: packages from the network, and its script.

use std::fs;

use super::{FileSystem, Guests, Mounted};
use crate::lab::namespace::{InRoot, Network};
use crate::lab::offline_mirror::Upstream;

/// What a story needs in the guest.
pub struct Furniture<'a> {
    /// The component of Debian that has the packages.
    pub component: &'a str,
    pub packages: &'a [&'a str],
    /// What [`super::machine::Errand::Script`] runs.
    pub script: &'a str,
}

/// Puts packages and script on the fresh disk, and returns it mounted.
pub fn furnish(guests: &Guests, furniture: &Furniture<'_>) -> Mounted {
    let mounted = Mounted::of(&guests.fresh_disk(FileSystem::Ext4)).expect("a fresh disk can be mounted");
    let list = mounted.path().join("etc/apt/sources.list.d/network.list");
    let address = Upstream::of_this_machine().address("bookworm");
    let source = format!("deb {address} bookworm main {}\n", furniture.component);
    fs::write(&list, source).expect("writable");
    let run = |line: &[&str]| {
        let command = InRoot::new(mounted.path(), line).env("DEBIAN_FRONTEND", "noninteractive");
        command.network(Network::Host).run().expect_code(0);
    };
    run(&["apt-get", "-q", "update"]);
    run(&[&["apt-get", "install", "-y", "--no-install-recommends"], furniture.packages].concat());
    run(&["apt-get", "clean"]);
    fs::remove_file(list).expect("removable");
    run(&["apt-get", "-q", "update"]);
    fs::write(mounted.path().join("usr/sbin/lab-script"), furniture.script).expect("writable");
    mounted
}
