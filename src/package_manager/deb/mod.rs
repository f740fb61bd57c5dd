//! Debian package archives: reading one, checking installed files against one, and making one from installed files.
//!
//! Nothing here runs apt or dpkg. Staging, recovery and rollback decide when an archive is installed; this folder
//! answers for what is inside it and for whether the host matches it.

pub mod archive;
mod complaints;
pub(in crate::package_manager) mod compression;
mod container;
pub mod control;
pub mod database;
mod decided;
pub mod error;
mod format;
pub mod identity;
pub mod md5sums;
pub(in crate::package_manager) mod place;
pub mod rebuild;
pub mod rules;
pub mod tarball;
pub mod verify;

pub use format::DebArchives;

use crate::model::package::PackageKey;
use crate::model::version::Version;

/// Returns the file name that apt gives an archive in its cache: `NAME_VERSION_ARCH.deb`, in which the characters
/// `_`, `:` and `%` of each part are escaped with `%` (apt's `QuoteString(..., "_:")`).
pub fn file_name(key: &PackageKey, version: &Version) -> String {
    let parts = [key.name.as_str(), version.as_str(), key.architecture.as_str()];
    format!("{}.deb", parts.map(escaped).join("_"))
}

fn escaped(part: &str) -> String {
    let escape = |c: char| match c {
        '_' | ':' | '%' => format!("%{:02x}", u32::from(c)),
        _ => c.to_string(),
    };
    part.chars().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_is_escaped_as_apt_does() {
        let key = PackageKey { name: "zlib1g".into(), architecture: "amd64".into() };
        let version = Version::deb("1:1.2.13.dfsg-1+b1").expect("a version");
        assert_eq!(file_name(&key, &version), "zlib1g_1%3a1.2.13.dfsg-1+b1_amd64.deb");
    }
}
