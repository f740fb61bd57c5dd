//! Paths below `/etc` that are not protected, each with its reason. Reviewed: a path comes here only when putting it
//! back would be wrong, not because it is inconvenient.

use std::path::Path;

/// Paths that are passed over with everything below them.
pub const EXCLUDED: &[(&str, &str)] = &[
    ("/etc/.git", "etckeeper's own history, which only grows"),
    ("/etc/.pwd.lock", "an empty lock file of the account tools"),
    ("/etc/.updated", "systemd's mark of the last update, which it rewrites"),
    ("/etc/adjtime", "the drift of the hardware clock, written at shutdown"),
    ("/etc/ld.so.cache", "made by ldconfig from the libraries that are installed"),
    ("/etc/lvm/archive", "copies that LVM writes at each change of a volume group"),
    ("/etc/lvm/backup", "the present volume groups, written by LVM"),
    ("/etc/mtab", "the mounted file systems, a link into /proc or written by mount"),
    ("/etc/systemd/system/multi-user.target.wants/patchctl-recover-run.service", "there while a run is open"),
    ("/etc/systemd/system/patchctl-recover-run.service", "there while a run is open"),
    ("/etc/udev/hwdb.bin", "made by systemd-hwdb from the files that are installed"),
];

/// Returns why a path is passed over; `link_target` is where it points when it is a link.
pub fn reason(path: &Path, link_target: Option<&Path>) -> Option<&'static str> {
    let listed = EXCLUDED.iter().find(|(excluded, _)| path == Path::new(excluded));
    if let Some((_, reason)) = listed {
        return Some(reason);
    }
    let is_volatile = link_target.is_some_and(|target| {
        target.starts_with("/run") || target.starts_with("../run") || target.starts_with("/var/run")
    });
    (path == Path::new("/etc/resolv.conf") && is_volatile)
        .then_some("written by the running resolver, below /run")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resolver_s_file_is_passed_over_only_where_it_is_volatile() {
        let path = Path::new("/etc/resolv.conf");
        assert!(reason(path, Some(Path::new("../run/systemd/resolve/stub-resolv.conf"))).is_some());
        assert!(reason(path, Some(Path::new("/etc/resolvconf/base"))).is_none());
        assert!(reason(path, None).is_none());
        assert!(reason(Path::new("/etc/ld.so.cache"), None).is_some());
    }
}
