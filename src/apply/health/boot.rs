//! Will it boot: the kernel and the first file system of the entry that the boot loader takes by default.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::host::storage;

/// The menu of GRUB, below a root (Debian's place and that of the Red Hat family).
const MENUS: &[&str] = &["boot/grub/grub.cfg", "boot/grub2/grub.cfg"];

/// Largest menu that is read; that of a host with forty kernels has 200 KiB.
const LARGEST: u64 = 16 * 1024 * 1024;

/// How a first file system begins: cpio of microcode or as a whole, gzip, xz, zstd, lz4 legacy, bzip2, lzma.
const ARCHIVES: &[&[u8]] = &[
    b"070701",
    &[0x1f, 0x8b],
    &[0xfd, b'7', b'z', b'X', b'Z'],
    &[0x28, 0xb5, 0x2f, 0xfd],
    &[0x02, 0x21, 0x4c, 0x18],
    b"BZh",
    &[0x5d, 0x00, 0x00],
];

/// Returns facts without versions, so that a new kernel in place of the old one changes none; a root that boots
/// otherwise, or not at all, has none.
pub(super) fn files(root: &Path) -> BTreeSet<String> {
    let menu = MENUS.iter().find_map(|menu| storage::read_at_most(&root.join(menu), LARGEST).ok());
    let Some(menu) = menu else { return BTreeSet::new() };
    let entry = first_entry(&String::from_utf8_lossy(&menu));
    let mut facts = BTreeSet::from(["the boot menu is there".to_owned()]);
    if entry.kernel.as_deref().is_some_and(|path| is_kernel(root, path)) {
        facts.insert("the kernel of its first entry is there".to_owned());
    }
    if !entry.initrds.is_empty() && entry.initrds.iter().all(|path| is_archive(root, path)) {
        facts.insert("the initrd of its first entry is there".to_owned());
    }
    facts
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Entry {
    kernel: Option<String>,
    initrds: Vec<String>,
}

/// Reads the first `menuentry`, which is what GRUB takes unless told otherwise: its lines `linux FILE …` and
/// `initrd FILE…` (GRUB manual, sections 16.3 and 16.4).
fn first_entry(menu: &str) -> Entry {
    let mut entry = Entry::default();
    let lines = menu.lines().map(str::trim).skip_while(|line| !line.starts_with("menuentry "));
    for line in lines.skip(1).take_while(|line| !line.starts_with("menuentry ")) {
        let mut words = line.split_ascii_whitespace();
        match words.next() {
            Some("linux" | "linuxefi" | "linux16") if entry.kernel.is_none() => {
                entry.kernel = words.next().map(str::to_owned);
            }
            Some("initrd" | "initrdefi" | "initrd16") if entry.initrds.is_empty() => {
                entry.initrds = words.map(str::to_owned).collect();
            }
            _ => {}
        }
    }
    entry
}

/// A path of the menu counts from the file system that holds `/boot`, which may be one of its own.
fn on_disk(root: &Path, path: &str) -> Option<PathBuf> {
    let path = path.trim_start_matches('/');
    let name = Path::new(path).file_name()?;
    [root.join(path), root.join("boot").join(path), root.join("boot").join(name)]
        .into_iter()
        .find(|path| storage::exists(path))
}

fn is_kernel(root: &Path, path: &str) -> bool {
    let size = on_disk(root, path).map(|path| storage::stamp(&path).size);
    size.is_some_and(|size| size > 0)
}

fn is_archive(root: &Path, path: &str) -> bool {
    let head = on_disk(root, path).and_then(|path| storage::read_head(&path, 8).ok());
    head.is_some_and(|head| ARCHIVES.iter().any(|magic| head.starts_with(magic)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_entry_of_a_menu_is_read() {
        let menu = "set default=\"0\"\nmenuentry 'Debian' --class debian {\n\tinsmod ext2\n\techo 'Loading'\n\
                    \tlinux\t/boot/vmlinuz-6.1.0-47-amd64 root=UUID=1 ro quiet\n\tinitrd\t/boot/initrd.img-6.1.0-47-amd64\n}\n\
                    submenu 'Advanced' {\n\tmenuentry 'old' {\n\t\tlinux\t/boot/vmlinuz-6.1.0-9-amd64\n\t}\n}\n";
        let entry = first_entry(menu);
        assert_eq!(entry.kernel.as_deref(), Some("/boot/vmlinuz-6.1.0-47-amd64"));
        assert_eq!(entry.initrds, ["/boot/initrd.img-6.1.0-47-amd64"]);
        assert_eq!(first_entry("nothing"), Entry::default());
    }
}
