//! What dpkg has recorded and not yet merged into its status file: after a run of dpkg that was cut off, the truth
//! about some packages stands in `var/lib/dpkg/updates` alone.

use std::path::{Path, PathBuf};

use super::dpkg_status;
use super::record_error::RecordError;
use super::{InventoryError, reading};
use crate::host::storage;
use crate::model::package::InstalledPackage;

/// The folder of numbered files, each with the stanzas that replace those of the status file, below a root.
const UPDATES: &str = "var/lib/dpkg/updates";

/// Lays the pending records over the packages of the status file, in dpkg's order.
///
/// # Errors
/// A file cannot be read or understood.
pub(super) fn lay_over(root: &Path, packages: &mut Vec<InstalledPackage>) -> Result<(), InventoryError> {
    for path in pending(root)? {
        let bytes = storage::read(&path).map_err(reading(&path))?;
        let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy();
        replace(&bytes, &name, packages)
            .map_err(|source| InventoryError::Parse { root: root.to_owned(), source })?;
    }
    Ok(())
}

/// dpkg reads files whose names are numbers, and takes none before it is whole (it renames them into place).
fn pending(root: &Path) -> Result<Vec<PathBuf>, InventoryError> {
    let folder = root.join(UPDATES);
    let mut paths = storage::list(&folder).map_err(reading(&folder))?;
    let is_number = |path: &PathBuf| {
        let name = path.file_name().map(std::ffi::OsStr::as_encoded_bytes).unwrap_or_default();
        !name.is_empty() && name.iter().all(u8::is_ascii_digit)
    };
    paths.retain(is_number);
    Ok(paths)
}

fn replace(bytes: &[u8], file: &str, packages: &mut Vec<InstalledPackage>) -> Result<(), RecordError> {
    let recorded = dpkg_status::parse(bytes, file)?;
    let text = String::from_utf8_lossy(bytes);
    for stanza in text.split("\n\n") {
        let field = |name: &str| stanza.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let (named, architecture) = (field("Package:"), field("Architecture:"));
        packages.retain(|package| {
            let same_architecture = architecture.is_none_or(|name| package.architecture.as_str() == name);
            named != Some(package.name.as_str()) || !same_architecture
        });
    }
    packages.extend(recorded);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::package::PackageState;

    fn stanza(name: &str, status: &str, version: &str) -> String {
        format!("Package: {name}\nStatus: {status}\nArchitecture: amd64\nVersion: {version}\n\n")
    }

    #[test]
    fn pending_records_win_and_what_they_remove_is_gone() {
        let status = ["aa", "bb", "cc"].map(|name| stanza(name, "install ok installed", "1.0")).concat();
        let mut packages = dpkg_status::parse(status.as_bytes(), "status").expect("sound");
        let first = stanza("aa", "install reinstreq half-installed", "1.0")
            + &stanza("bb", "deinstall ok config-files", "1.0");
        replace(first.as_bytes(), "updates/0000", &mut packages).expect("sound");
        let second =
            stanza("aa", "install ok unpacked", "2.0") + &stanza("dd", "install ok installed", "1.0");
        replace(second.as_bytes(), "updates/0001", &mut packages).expect("sound");
        let mut seen: Vec<_> =
            packages.iter().map(|p| (p.name.as_str(), p.version.as_str(), p.state)).collect();
        seen.sort_by_key(|(name, ..)| *name);
        assert_eq!(
            seen,
            [
                ("aa", "2.0", PackageState::Unpacked),
                ("cc", "1.0", PackageState::Installed),
                ("dd", "1.0", PackageState::Installed)
            ]
        );
    }
}
