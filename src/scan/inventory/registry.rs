//! The readers of package databases, one line a family.

use std::path::Path;

use super::{InventoryError, apk_installed, dpkg_database, pacman_local, rpm_database};
use crate::model::distro::{Distribution, PackageFamily};
use crate::model::package::InstalledPackage;

/// What reads the database of a family.
pub(super) struct Reader {
    /// The family.
    pub(super) family: PackageFamily,
    /// Where its database is, for messages.
    pub(super) database: &'static str,
    /// Tells whether a root has such a database.
    is_present: fn(&Path) -> bool,
    /// Reads the packages that are present, in any order; none where the root has no such database.
    pub(super) read: fn(&Path) -> Result<Vec<InstalledPackage>, InventoryError>,
}

/// Every family.
const READERS: [Reader; 4] = [
    Reader {
        family: PackageFamily::Dpkg,
        database: "var/lib/dpkg/status, nor in var/lib/dpkg/status.d",
        is_present: dpkg_database::is_present,
        read: dpkg_database::read,
    },
    Reader {
        family: PackageFamily::Rpm,
        database: "usr/lib/sysimage/rpm, nor in var/lib/rpm",
        is_present: rpm_database::is_present,
        read: |root| {
            rpm_database::read(root).map_err(|source| InventoryError::Rpm { root: root.to_owned(), source })
        },
    },
    Reader {
        family: PackageFamily::Apk,
        database: apk_installed::INSTALLED,
        is_present: apk_installed::is_present,
        read: apk_installed::read,
    },
    Reader {
        family: PackageFamily::Pacman,
        database: pacman_local::LOCAL,
        is_present: pacman_local::is_present,
        read: pacman_local::read,
    },
];

/// Returns the reader for a root: that of its distribution, or, where the distribution is not known by name, that of the
/// only database it has. Debian hosts can have rpm's and pacman's tools as well, so databases alone do not tell.
///
/// # Errors
/// The distribution is not known, and the root has no database or several.
pub(super) fn reader(root: &Path, distribution: &Distribution) -> Result<&'static Reader, InventoryError> {
    const ALL: &[Reader] = &READERS;
    if let Some(reader) = distribution.family().and_then(|family| ALL.iter().find(|r| r.family == family)) {
        return Ok(reader);
    }
    let mut present = ALL.iter().filter(|reader| (reader.is_present)(root));
    match (present.next(), present.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(InventoryError::NoDatabase { root: root.to_owned() }),
        (Some(first), Some(second)) => Err(InventoryError::SeveralDatabases {
            root: root.to_owned(),
            first: first.family.tool(),
            second: second.family.tool(),
        }),
    }
}
