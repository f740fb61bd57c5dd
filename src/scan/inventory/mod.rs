//! The inventory of a root, straight from its package database: no tool is run.
//!
//! Reads os-release, `var/lib/dpkg/status` with what dpkg has not merged into it yet, `var/lib/dpkg/status.d` (images without a package manager) and the
//! kernels. What packages mean to advisories is left to others.

pub mod dpkg_files;
pub mod dpkg_status;
mod dpkg_updates;
mod kernels;

use std::path::{Path, PathBuf};

use crate::host::facts::{self, FactsError};
use crate::host::storage::{self, StorageError};
use crate::model::digest::Sha256;
use crate::model::distro::Distribution;
use crate::model::package::{InstalledPackage, Inventory, PackageKey};
use dpkg_status::StatusError;

/// The package database, below a root.
pub const STATUS: &str = "var/lib/dpkg/status";

/// The folder of one control file a package, below a root (distroless images).
const FRAGMENTS: &str = "var/lib/dpkg/status.d";

/// Why a root has no inventory.
#[derive(Debug, thiserror::Error)]
pub enum InventoryError {
    /// The distribution is not told.
    #[error("cannot tell the distribution of {root}")]
    Distribution {
        /// The root.
        root: PathBuf,
        /// Why.
        #[source]
        source: FactsError,
    },
    /// A file of the database cannot be read.
    #[error("cannot read the package database {path}")]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system answered.
        #[source]
        source: StorageError,
    },
    /// A file of the database says something that dpkg does not write.
    #[error("cannot understand the package database of {root}")]
    Parse {
        /// The root.
        root: PathBuf,
        /// File, line and field.
        #[source]
        source: StatusError,
    },
    /// One package stands in two files of the database.
    #[error("{package} is recorded twice below {folder}")]
    Twice {
        /// The package.
        package: PackageKey,
        /// The database's folder.
        folder: PathBuf,
    },
    /// The database is missing, or no package in it is present: a root without packages cannot be judged.
    #[error("no package is recorded as present in {status}, nor in {status}.d")]
    NoPackages {
        /// The database's main file.
        status: PathBuf,
    },
}

/// The distributions whose packages vendors' advisories can be applied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DpkgDistribution {
    /// Debian.
    Debian,
    /// Ubuntu.
    Ubuntu,
}

impl DpkgDistribution {
    /// Returns which one it is; `None` for any other, derivatives included: their packages are rebuilt, so the
    /// advisories of Debian or Ubuntu must not be applied to them unasked.
    pub fn of(distribution: &Distribution) -> Option<Self> {
        match distribution.id.as_str() {
            "debian" => Some(Self::Debian),
            "ubuntu" => Some(Self::Ubuntu),
            _ => None,
        }
    }
}

/// Reads everything installed in a root; `live` says that the root is the running system.
///
/// The digest covers what the inventory says of the packages, not the database's bytes: a database that was written
/// anew with the same packages has the same digest.
///
/// # Errors
/// The distribution is unknown, a file cannot be read or understood, a package stands there twice, or none does.
pub fn read(root: &Path, live: bool) -> Result<Inventory, InventoryError> {
    let distribution = facts::distribution(root)
        .map_err(|source| InventoryError::Distribution { root: root.to_owned(), source })?;
    let packages = read_packages(root)?;
    let running = if live { facts::running_kernel() } else { None };
    let boot = root.join("boot");
    let has_image = |release: &str| storage::exists(&boot.join(format!("vmlinuz-{release}")));
    let kernels = kernels::judge(&packages, &has_image, running);
    let digest = digest(&packages);
    Ok(Inventory { distribution, packages, kernels, digest })
}

fn read_packages(root: &Path) -> Result<Vec<InstalledPackage>, InventoryError> {
    let status = root.join(STATUS);
    let understand = |source| InventoryError::Parse { root: root.to_owned(), source };
    let mut packages = match storage::read_if_present(&status).map_err(reading(&status))? {
        Some(bytes) => dpkg_status::parse(&bytes, STATUS).map_err(understand)?,
        None => Vec::new(),
    };
    dpkg_updates::lay_over(root, &mut packages)?;
    for path in fragments(root)? {
        let bytes = storage::read(&path).map_err(reading(&path))?;
        let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy();
        packages.extend(dpkg_status::parse_fragment(&bytes, &name).map_err(understand)?);
    }
    if packages.is_empty() {
        return Err(InventoryError::NoPackages { status });
    }
    sort(&mut packages, root)?;
    Ok(packages)
}

fn reading(path: &Path) -> impl FnOnce(StorageError) -> InventoryError + '_ {
    move |source| InventoryError::Read { path: path.to_owned(), source }
}

/// The control files of a distroless image; the lists of file digests beside them are none.
fn fragments(root: &Path) -> Result<Vec<PathBuf>, InventoryError> {
    let folder = root.join(FRAGMENTS);
    let mut paths = storage::list(&folder).map_err(reading(&folder))?;
    paths.retain(|path| path.extension().is_none_or(|extension| extension != "md5sums"));
    Ok(paths)
}

fn sort(packages: &mut [InstalledPackage], root: &Path) -> Result<(), InventoryError> {
    packages.sort_by(|a, b| (&a.name, &a.architecture).cmp(&(&b.name, &b.architecture)));
    let is_twice = |pair: &&[InstalledPackage]| {
        pair[0].name == pair[1].name && pair[0].architecture == pair[1].architecture
    };
    match packages.windows(2).find(is_twice) {
        Some(pair) => {
            Err(InventoryError::Twice { package: pair[0].key(), folder: root.join("var/lib/dpkg") })
        }
        None => Ok(()),
    }
}

/// Digests every field that the inventory keeps, one line a package.
fn digest(packages: &[InstalledPackage]) -> Sha256 {
    let mut bytes = Vec::with_capacity(packages.len() * 96);
    for package in packages {
        let (source, version) = (package.source.name.as_str(), package.source.version.as_str());
        let texts =
            [package.name.as_str(), package.architecture.as_str(), package.version.as_str(), source, version];
        for text in texts {
            bytes.extend_from_slice(text.as_bytes());
            bytes.push(b' ');
        }
        let flags = [package.reinstall_required, package.hold, package.essential, package.multi_arch_same]
            .map(u8::from);
        bytes.extend_from_slice(&flags);
        bytes.push(package.state as u8);
        bytes.extend_from_slice(&package.installed_size_kib.to_le_bytes());
        bytes.push(b'\n');
    }
    Sha256::of(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A root below a scratch folder, removed at the end.
    struct Root(PathBuf);

    impl Root {
        #[allow(clippy::disallowed_methods, reason = "a scratch folder of the tests")]
        fn new(name: &str, files: &[(&str, &str)]) -> Self {
            let root = std::env::temp_dir().join(format!("patchctl-inventory-{}-{name}", std::process::id()));
            let _ = storage::remove_folder(&root);
            for (path, text) in [("etc/os-release", "ID=debian\n")].iter().chain(files) {
                let path = root.join(path);
                storage::create_folder(path.parent().expect("it has one"), 0o755).expect("writable");
                storage::replace(&path, text.as_bytes(), storage::PUBLIC).expect("writable");
            }
            Self(root)
        }
    }

    impl Drop for Root {
        fn drop(&mut self) {
            let _ = storage::remove_folder(&self.0);
        }
    }

    const B: &str = "Package: bb\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n\n";

    #[test]
    fn image_without_package_manager_has_its_packages_in_fragments() {
        let control = "Package: aa\nArchitecture: amd64\nVersion: 1\n";
        let files = [
            (STATUS, B),
            ("var/lib/dpkg/status.d/aa", control),
            ("var/lib/dpkg/status.d/aa.md5sums", "x  y"),
        ];
        let root = Root::new("fragments", &files);
        let inventory = read(&root.0, false).expect("well formed");
        let names: Vec<&str> = inventory.packages.iter().map(|package| package.name.as_str()).collect();
        assert_eq!(names, ["aa", "bb"]);
        assert!(inventory.find(&inventory.packages[1].key()).is_some());
        assert_eq!(DpkgDistribution::of(&inventory.distribution), Some(DpkgDistribution::Debian));
    }

    #[test]
    fn package_in_two_files_is_refused() {
        let root = Root::new("twice", &[(STATUS, B), ("var/lib/dpkg/status.d/bb", B)]);
        assert!(
            matches!(read(&root.0, false), Err(InventoryError::Twice { package, .. }) if package.name.as_str() == "bb")
        );
    }

    #[test]
    fn root_without_packages_is_not_an_empty_inventory() {
        let root = Root::new("none", &[]);
        assert!(matches!(read(&root.0, false), Err(InventoryError::NoPackages { .. })));
        let root = Root::new("empty", &[(STATUS, "\n")]);
        assert!(matches!(read(&root.0, false), Err(InventoryError::NoPackages { .. })));
    }

    #[test]
    fn digest_changes_with_any_field_and_with_nothing_else() {
        let of = |text: &str| digest(&dpkg_status::parse(text.as_bytes(), STATUS).expect("well formed"));
        assert_eq!(of(B), of(&B.replace("\n\n", "\nDescription: x\n\n")));
        for (from, to) in
            [("install ok", "hold ok"), (": 1", ": 2"), (": all", ": amd64"), ("\n\n", "\nSource: cc\n\n")]
        {
            assert_ne!(of(B), of(&B.replace(from, to)), "{to}");
        }
    }
}
