//! Answers for the kernel of the guest: Debian's own for virtual machines, and a small initrd that mounts the root.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::text;
use crate::lab::namespace::{on_host, try_on_host};

/// The package that always depends on the newest one.
const LATEST: &str = "linux-image-cloud-amd64";

/// What is not built into that kernel: between it and every disk, on a root of btrfs, and for thin volumes. Each set is
/// loaded where it is needed alone, because btrfs measures its own algorithms at that for seconds of emulation.
const MODULES: &[(&str, &[&str])] = &[
    ("disk", &["virtio_pci", "virtio_blk"]),
    ("btrfs", &["btrfs"]),
    ("thin", &["dm_thin_pool", "dm_snapshot"]),
];

const INIT: &str = include_str!("init.sh");

/// Returns the name of the newest kernel package that this machine's apt knows.
pub fn newest_package() -> String {
    let listed = on_host(&["apt-cache", "depends", LATEST]);
    let name = listed.lines().find_map(|line| line.trim().strip_prefix("Depends: "));
    name.unwrap_or_else(|| panic!("apt knows no kernel of {LATEST}: {listed}")).to_owned()
}

/// Downloads the kernel and puts it with its initrd into `folder`, as `kernel` and `initrd`.
pub fn fetch(package: &str, folder: &Path) {
    let scratch = folder.join("kernel-scratch");
    let root = scratch.join("root");
    fs::create_dir_all(&root).expect("a scratch folder can be made");
    let download = "cd \"$1\" && apt-get -qq download \"$2\" && dpkg-deb -x ./*.deb root";
    on_host(&["sh", "-c", download, "sh", text(&scratch), package]);
    let release = package.trim_start_matches("linux-image-");
    fs::copy(root.join("boot").join(format!("vmlinuz-{release}")), folder.join("kernel"))
        .expect("a kernel can be copied");
    make_initrd(&root, release, &folder.join("initrd"));
    fs::remove_dir_all(&scratch).expect("a scratch folder can be removed");
}

fn make_initrd(root: &Path, release: &str, initrd: &Path) {
    let tree = root.join("initrd");
    for folder in ["bin", "dev", "modules", "proc", "root"] {
        fs::create_dir_all(tree.join(folder)).expect("a folder can be made");
    }
    fs::copy("/bin/busybox", tree.join("bin/busybox")).expect("busybox is installed");
    fs::write(tree.join("init"), INIT).expect("writable");
    fs::set_permissions(tree.join("init"), fs::Permissions::from_mode(0o755)).expect("a mode can be set");
    on_host(&["depmod", "--basedir", text(root), release]);
    for (set, modules) in MODULES {
        let names = modules.iter().flat_map(|module| needed(root, release, module)).map(|module| {
            let name =
                Path::new(&module).file_name().expect("a module has a name").to_string_lossy().into_owned();
            fs::copy(&module, tree.join("modules").join(&name)).expect("a module can be copied");
            format!("{name}\n")
        });
        let order: String = names.collect();
        fs::write(tree.join("modules").join(format!("{set}.order")), order).expect("writable");
    }
    on_host(&["bsdtar", "-cf", text(initrd), "--format=newc", "-C", text(&tree), "."]);
}

/// Returns the files of a module and of what it needs, in the order of loading; none of one that this kernel lacks: what
/// wants it finds out in the guest, and says so.
pub fn needed(root: &Path, release: &str, module: &str) -> Vec<String> {
    let asked = ["modprobe", "--dirname", text(root), "--set-version", release, "--show-depends", module];
    let listed = try_on_host(&asked).unwrap_or_default();
    listed
        .lines()
        .filter_map(|line| line.strip_prefix("insmod ").map(|file| file.trim().to_owned()))
        .collect()
}
