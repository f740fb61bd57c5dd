//! Answers for the modules of ZFS: Debian brings their source alone, so they are built for the kernel of the guest, on the
//! machine's own processor.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::{kernel, text};
use crate::lab::debian::{self, DebianRoot};
use crate::lab::namespace::{Network, on_host};
use crate::lab::offline_mirror::Upstream;
use crate::lab::pool::RootClone;

/// The configuration compiles three hundred questions to the kernel, and the modules are four hundred files: five minutes
/// on two idle cores.
const LIMIT: Duration = Duration::from_secs(3600);

/// As `dkms.conf` of the package has it built; without the symbols of a debugger.
const BUILD: &str = r#"cd /usr/src/zfs-*/ && kernel=/lib/modules/$1
./configure --disable-dependency-tracking --with-config=kernel --with-linux="$kernel/source" --with-linux-obj="$kernel/build" &&
make -j"$(nproc)" && mkdir -p "$kernel/extra" && find module -name '*.ko' -exec cp {} "$kernel/extra" \; && strip -g "$kernel"/extra/*.ko"#;

/// Returns a folder of the modules, and of `order`, their names as they are to be loaded.
pub fn modules() -> Option<RootClone> {
    let pool = debian::available()?;
    let small = debian::small()?;
    let release = kernel::newest_package().trim_start_matches("linux-image-").to_owned();
    Some(pool.clone_of("zfs-modules", &release, |folder| {
        fetch(&small, &release);
        let build = small.command(&["sh", "-c", BUILD, "sh", &release]).timeout(LIMIT);
        build.run().expect_code(0);
        take(&small, &release, folder);
    }))
}

/// Puts the headers of the kernel, a compiler and the source into the root.
fn fetch(small: &DebianRoot, release: &str) {
    let upstream = Upstream::of_this_machine();
    let sources = format!(
        "deb {} bookworm main contrib\ndeb {} bookworm-security main\n",
        upstream.address("bookworm"),
        upstream.address("bookworm-security")
    );
    small.write("etc/apt/sources.list.d/network.list", &sources);
    let headers = format!("linux-headers-{release}");
    let run = |line: &[&str]| {
        small.command(line).network(Network::Host).timeout(LIMIT).run().expect_code(0);
    };
    run(&["apt-get", "-q", "update"]);
    run(&["apt-get", "install", "-y", "--no-install-recommends", &headers, "gcc", "libc6-dev", "make"]);
    // Installed, the package would build for every kernel, and ask about its licence.
    run(&["sh", "-c", "cd /tmp && apt-get -q download zfs-dkms && dpkg-deb -x ./zfs-dkms*.deb /"]);
}

fn take(small: &DebianRoot, release: &str, folder: &Path) {
    let root = small.path("/");
    on_host(&["depmod", "--basedir", text(&root), release]);
    let mut order = String::new();
    for module in kernel::needed(&root, release, "zfs") {
        let name =
            Path::new(&module).file_name().expect("a module has a name").to_string_lossy().into_owned();
        fs::copy(&module, folder.join(&name)).expect("a module can be copied");
        order.push_str(&format!("{name}\n"));
    }
    assert!(!order.is_empty(), "no module of ZFS was built");
    fs::write(folder.join("order"), order).expect("writable");
}
