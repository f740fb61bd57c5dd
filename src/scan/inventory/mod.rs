//! The inventory of a root, straight from its package database: no tool is run, but for formats of rpm that only rpm
//! reads.
//!
//! Reads os-release, the database of the distribution's package family and the kernels. What packages mean to
//! advisories is left to others.

mod apk_files;
pub mod apk_installed;
mod dpkg_database;
pub mod dpkg_files;
pub mod dpkg_status;
mod dpkg_updates;
pub mod files;
mod kernels;
mod pacman_entry;
mod pacman_files;
pub mod pacman_local;
pub mod record_error;
mod record_values;
mod registry;
pub mod rpm_database;
pub mod rpm_files;

use std::cmp::Ordering;
use std::path::{Path, PathBuf};

use crate::host::facts::{self, FactsError};
use crate::host::storage::StorageError;
use crate::model::digest::Sha256;
use crate::model::distro::PackageFamily;
use crate::model::package::{InstalledPackage, Inventory, PackageKey, Provenance, Vendor};
use crate::model::text_order;
use crate::model::version::VersionScheme;
use crate::scan::dnf_modules::ModuleStates;
use record_error::RecordError;
use rpm_database::RpmError;

/// dpkg's database, below a root.
pub const STATUS: &str = "var/lib/dpkg/status";

/// Why a root has no inventory.
#[derive(Debug, thiserror::Error)]
pub enum InventoryError {
    /// The distribution is not told.
    #[error(transparent)]
    Distribution {
        /// Why.
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
    /// A file of the database says something that the package manager does not write.
    #[error("cannot understand the package database of {root}")]
    Parse {
        /// The root.
        root: PathBuf,
        /// File, line and field.
        #[source]
        source: RecordError,
    },
    /// rpm's database cannot be read.
    #[error("cannot read the package database of {root}")]
    Rpm {
        /// The root.
        root: PathBuf,
        /// File and place.
        #[source]
        source: RpmError,
    },
    /// One package stands twice in the database.
    #[error("{package} is recorded twice in {root}")]
    Twice {
        /// The package.
        package: PackageKey,
        /// The root.
        root: PathBuf,
    },
    /// The database is missing, or no package in it is present: a root without packages cannot be judged.
    #[error("no package is recorded as present in {root}: there is none in {database}")]
    NoPackages {
        /// The root.
        root: PathBuf,
        /// Where packages would be recorded, below the root.
        database: &'static str,
    },
    /// The distribution is not known by name, and the root has no package database that is.
    #[error("{root} has no package database that is known (dpkg, rpm, apk or pacman)")]
    NoDatabase {
        /// The root.
        root: PathBuf,
    },
    /// The distribution is not known by name, and the root has databases of two families.
    #[error(
        "{root} has package databases of {first} and of {second}, and its os-release does not tell which counts"
    )]
    SeveralDatabases {
        /// The root.
        root: PathBuf,
        /// The tool of one.
        first: &'static str,
        /// The tool of the other.
        second: &'static str,
    },
}

impl InventoryError {
    /// Tells whether the database is damaged, and so no other command can be trusted with it either.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Parse { .. } | Self::Twice { .. } => true,
            Self::Rpm { source, .. } => source.is_damage(),
            _ => false,
        }
    }

    /// Returns what to look at next.
    pub fn way_out(&self) -> &'static str {
        match self {
            Self::Rpm { source, .. } => source.way_out(),
            Self::Parse { source, .. } if source.file.ends_with("apk/db/installed") => {
                "apk info tells what apk itself reads of it, and apk fix repairs packages"
            }
            Self::Parse { source, .. } if source.file.starts_with(pacman_local::LOCAL) => {
                "pacman -Dk tells what pacman itself thinks of it"
            }
            Self::Read { path, .. } if path.to_string_lossy().contains(pacman_local::LOCAL) => {
                "pacman -Dk tells what pacman itself thinks of it"
            }
            Self::Distribution { .. } | Self::NoDatabase { .. } | Self::SeveralDatabases { .. } => {
                "os-release(5) has to name the distribution by its ID"
            }
            Self::NoPackages { .. } => {
                "os-release(5) names the distribution; its package database belongs into this root"
            }
            Self::Twice { root, .. } if rpm_database::is_present(root) => {
                "rpm -qa --last tells what rpm itself reads of it, and rpmdb --rebuilddb writes it anew"
            }
            _ => "dpkg --audit tells what dpkg itself thinks of it",
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
    let distribution = facts::distribution(root).map_err(|source| InventoryError::Distribution { source })?;
    let reader = registry::reader(root, &distribution)?;
    let packages = (reader.read)(root)?;
    if packages.is_empty() {
        return Err(InventoryError::NoPackages { root: root.to_owned(), database: reader.database });
    }
    let packages = sorted(packages, root)?;
    let running = if live { facts::running_kernel() } else { None };
    let kernels = kernels::find(root, reader.family, &packages, running);
    let enabled_modules = match reader.family {
        PackageFamily::Rpm => ModuleStates::read(root).enabled,
        _ => Vec::new(),
    };
    let digest = digest(&packages);
    Ok(Inventory { distribution, packages, enabled_modules, kernels, digest })
}

fn reading(path: &Path) -> impl FnOnce(StorageError) -> InventoryError + '_ {
    move |source| InventoryError::Read { path: path.to_owned(), source }
}

/// Sorts by name, architecture and version. rpm installs several versions of one package side by side; anything else
/// that stands there twice is damage.
fn sorted(packages: Vec<InstalledPackage>, root: &Path) -> Result<Vec<InstalledPackage>, InventoryError> {
    let order = |a: &InstalledPackage, b: &InstalledPackage| {
        let by_version = || match (a.version.scheme(), a.version.compare(&b.version)) {
            (VersionScheme::Rpm, Ok(order)) => order.then_with(|| a.version.as_str().cmp(b.version.as_str())),
            _ => Ordering::Equal,
        };
        (&a.name, &a.architecture).cmp(&(&b.name, &b.architecture)).then_with(by_version)
    };
    let packages = text_order::sort_by(packages, |package| package.name.as_str(), order);
    match packages.windows(2).find(|pair| order(&pair[0], &pair[1]) == Ordering::Equal) {
        Some(pair) => Err(InventoryError::Twice { package: pair[0].key(), root: root.to_owned() }),
        None => Ok(packages),
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
        if let Some(provenance) = &package.provenance {
            digest_provenance(provenance, &mut bytes);
        }
        bytes.push(b'\n');
    }
    Sha256::of(&bytes)
}

fn digest_provenance(provenance: &Provenance, bytes: &mut Vec<u8>) {
    let module = provenance.module.as_ref();
    let texts = [
        provenance.vendor.as_ref().map(Vendor::as_str),
        module.map(|module| module.name.as_str()),
        module.map(|module| module.stream.as_str()),
    ];
    for text in texts {
        bytes.extend_from_slice(text.unwrap_or_default().as_bytes());
        bytes.push(0);
    }
    bytes.extend_from_slice(&provenance.installed_at.map_or(0, |at| at.timestamp()).to_le_bytes());
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::host::storage;

    /// A root below a scratch folder, removed at the end.
    pub(in crate::scan) struct Root(pub(in crate::scan) PathBuf);

    impl Root {
        #[allow(clippy::disallowed_methods, reason = "a scratch folder of the tests")]
        pub(in crate::scan) fn new(name: &str, files: &[(&str, &str)]) -> Self {
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
        assert_eq!(inventory.distribution.family(), Some(PackageFamily::Dpkg));
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
