//! apt's binary cache, which patchctl keeps for itself, and when it is not to be believed.
//!
//! apt takes a cache for current where size and time of `dpkg/status` are as they were, and the time counts in whole seconds
//! (apt 2.6, `apt-pkg/pkgcachegen.cc`, `CheckValidity`). An upgrade mostly leaves the size as it was: a cache that was
//! written in the second in which dpkg wrote its records may know the versions before.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::host::storage;

/// Seconds after a change of dpkg's records in which a cache may have been begun before it: apt writes it last.
const DOUBTED: i64 = 2;

/// Removes a cache that may be older than dpkg's records although apt would believe it; it is made anew then. Tells whether
/// the cache may be used.
pub(super) fn believe_or_remove(cache: &Path, status: &Path) -> bool {
    let time = |path: &Path| storage::metadata(path).ok().flatten().map(|found| found.mtime());
    match (time(cache), time(status)) {
        (Some(written), Some(changed)) if written < changed + DOUBTED => storage::remove_file(cache).is_ok(),
        _ => true,
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests need a folder of their own")]
mod tests {
    use super::*;

    #[test]
    fn a_cache_of_the_second_of_a_change_is_made_anew() {
        let folder = std::env::temp_dir().join(format!("patchctl-binary-cache-{}", std::process::id()));
        storage::create_folder(&folder, 0o700).expect("a folder can be made");
        let (cache, status) = (folder.join("pkgcache.bin"), folder.join("status"));
        let written = |path: &Path, second: i64| {
            storage::replace(path, b"", storage::PUBLIC).expect("a file can be written");
            storage::set_date(path, second).expect("a file can be dated");
        };
        assert!(believe_or_remove(&cache, &status), "there is none yet");
        written(&status, 1000);
        for (second, stays) in [(1000, false), (1001, false), (1002, true), (999, false)] {
            written(&cache, second);
            assert!(believe_or_remove(&cache, &status));
            assert_eq!(storage::exists(&cache), stays, "{second}");
        }
        storage::remove_folder(&folder).expect("a folder can be removed");
    }
}
