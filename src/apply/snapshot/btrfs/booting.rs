//! How a btrfs root is found at boot, which decides how another one is put in its place.

use std::path::Path;

use super::super::Unfit;
use crate::host::storage;

/// How the boot finds the subvolume of the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Booting {
    /// By its path, as Debian (`@rootfs`), Ubuntu (`@`), Fedora (`root`) and Arch do: what bears the name is booted.
    ByPath,
    /// It is the default subvolume of the file system, as with openSUSE (`@/.snapshots/1/snapshot`).
    ByDefault,
}

/// Reads how a root is booted: from its own fstab(5), and for the running system from the kernel's command line
/// (`rootflags=`, bootparam(7)).
///
/// # Errors
/// It is found by a number that only the present subvolume has.
pub(super) fn of(root: &Path, is_live: bool) -> Result<Booting, Unfit> {
    let text = |path: &Path| {
        String::from_utf8_lossy(&storage::read_at_most(path, 1 << 20).unwrap_or_default()).into_owned()
    };
    let fstab = text(&root.join("etc/fstab"));
    let line = if is_live { text(Path::new("/proc/cmdline")) } else { String::new() };
    decide(&fstab, &line)
}

fn decide(fstab: &str, command_line: &str) -> Result<Booting, Unfit> {
    let flags = command_line.split_whitespace().find_map(|word| word.strip_prefix("rootflags="));
    let options = options_of_root(fstab);
    let all = || flags.into_iter().chain(options).flat_map(|options| options.split(','));
    if let Some(number) = all().find(|option| option.starts_with("subvolid=")) {
        return Err(Unfit::because(format!(
            "the boot finds the root by {number}, which no other subvolume can take over; \
             subvol=PATH in /etc/fstab and on the kernel's command line would do"
        )));
    }
    let is_named = all().any(|option| option.starts_with("subvol="));
    Ok(if is_named { Booting::ByPath } else { Booting::ByDefault })
}

/// The fourth field of the line whose second field is `/`.
fn options_of_root(fstab: &str) -> Option<&str> {
    fstab.lines().filter(|line| !line.trim_start().starts_with('#')).find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        if fields.get(1) == Some(&"/") { fields.get(3).copied() } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layouts_of_distributions_are_told_apart() {
        let debian = "# / was on /dev/vda2\nUUID=1 / btrfs defaults,subvol=@rootfs 0 0\nUUID=2 /boot/efi vfat umask=0077 0 1\n";
        assert_eq!(decide(debian, "root=UUID=1 ro quiet"), Ok(Booting::ByPath));
        let ubuntu = "UUID=1 / btrfs defaults,subvol=@ 0 1\nUUID=1 /home btrfs defaults,subvol=@home 0 2\n";
        assert_eq!(decide(ubuntu, "ro rootflags=subvol=@ quiet"), Ok(Booting::ByPath));
        let fedora = "UUID=1 / btrfs subvol=root,compress=zstd:1 0 0\n";
        assert_eq!(decide(fedora, "rootflags=subvol=root rhgb"), Ok(Booting::ByPath));
        let suse = "UUID=1  /  btrfs  defaults  0  0\nUUID=1  /var  btrfs  subvol=/@/var  0  0\n";
        assert_eq!(decide(suse, "root=UUID=1 splash=silent"), Ok(Booting::ByDefault));
        let arch = "UUID=1 / btrfs rw,relatime,subvolid=256,subvol=/@ 0 0\n";
        assert!(decide(arch, "").is_err_and(|reason| reason.0.contains("subvolid=256")));
        assert!(decide("", "rootflags=subvolid=257").is_err());
        assert_eq!(decide("", ""), Ok(Booting::ByDefault));
    }
}
