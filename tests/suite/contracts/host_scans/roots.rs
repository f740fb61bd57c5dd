//! Real package databases without a scan: put into a root of their own and read as any root is.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use chrono::DateTime;
use patchctl::model::offer::RepositoryView;
use patchctl::model::package::Inventory;
use patchctl::model::version::Version;
use patchctl::scan::feed::decompress::{LARGEST_FEED, decompress};
use patchctl::scan::inventory;

use super::scan::{Host, offer};

/// A database: its name in the table, `/etc/os-release`, where it lies among the inventories, and in a root.
pub struct Database {
    pub name: &'static str,
    os_release: &'static str,
    from: &'static str,
    to: &'static str,
}

/// The whole ones. Left out are those that are broken on purpose (`apk/installed-trivy` among them), those of at most
/// three packages, and manifests of images, which are no database.
pub const DATABASES: [Database; 5] = [
    Database {
        name: "bookworm-build-host",
        os_release: "ID=debian\nVERSION_ID=12\nVERSION_CODENAME=bookworm\n",
        from: "dpkg/bookworm-build-host.status.zst",
        to: "var/lib/dpkg/status",
    },
    Database {
        name: "ubuntu1804-trivy",
        os_release: "ID=ubuntu\nVERSION_ID=18.04\nVERSION_CODENAME=bionic\n",
        from: "dpkg/ubuntu1804-trivy/var/lib/dpkg/status",
        to: "var/lib/dpkg/status",
    },
    Database {
        name: "apk-syft",
        os_release: "ID=alpine\nVERSION_ID=3.16.0\n",
        from: "apk/installed-syft-multiple",
        to: "lib/apk/db/installed",
    },
    Database {
        name: "apk-scalibr",
        os_release: "ID=alpine\nVERSION_ID=3.18.0\n",
        from: "apk/installed-scalibr",
        to: "lib/apk/db/installed",
    },
    Database {
        name: "pacman-syft",
        os_release: "ID=arch\n",
        from: "pacman/syft-2/var/lib/pacman/local",
        to: "var/lib/pacman/local",
    },
];

/// Reads a database of the folder of inventories.
pub fn read(folder: &Path, database: &Database) -> Host {
    let root = Root::new(database.name);
    root.put("etc/os-release", database.os_release.as_bytes());
    root.copy(&folder.join(database.from), Path::new(database.to));
    let inventory =
        inventory::read(&root.0, false).unwrap_or_else(|error| panic!("{}: {error:?}", database.name));
    let simulation = folder.join(format!("dpkg/{}.apt-upgrade-simulation.txt", database.name));
    let view = match std::fs::read_to_string(simulation) {
        Ok(text) => simulated(&inventory, &text),
        Err(_) => RepositoryView::default(),
    };
    Host { scanned_at: DateTime::from_timestamp(1_790_000_000, 0).unwrap(), inventory, view }
}

/// What apt would install: `Inst name [installed] (candidate origin [arch])`, and for every other package nothing newer.
fn simulated(inventory: &Inventory, text: &str) -> RepositoryView {
    let of_line = |line| Inst::parse(line).map(|inst| (inst.name, inst.candidate));
    let upgrades: HashMap<&str, &str> = text.lines().filter_map(of_line).collect();
    let candidates = inventory.packages.iter().map(|package| {
        let newer = upgrades.get(package.name.as_str()).map(|version| Version::deb(version).unwrap());
        (package.key(), offer(newer.unwrap_or_else(|| package.version.clone()), "simulation"))
    });
    RepositoryView { candidates: candidates.collect(), ..Default::default() }
}

struct Inst<'a> {
    name: &'a str,
    candidate: &'a str,
}

impl<'a> Inst<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (name, rest) = line.strip_prefix("Inst ")?.split_once(' ')?;
        let candidate = rest.split_once('(')?.1.split(' ').next()?;
        Some(Self { name, candidate })
    }
}

/// A root that is removed at the end.
struct Root(PathBuf);

impl Root {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("patchctl-real-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        Self(folder)
    }

    fn put(&self, path: &str, bytes: &[u8]) {
        let path = self.0.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    fn copy(&self, from: &Path, to: &Path) {
        if from.is_dir() {
            for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
                self.copy(&entry.path(), &to.join(entry.file_name()));
            }
            return;
        }
        let bytes = std::fs::read(from).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
        self.put(to.to_str().unwrap(), &decompress(&bytes, LARGEST_FEED).unwrap());
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
