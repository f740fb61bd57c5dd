//! A scan of a real host, as vulsio/integration keeps them: installed packages, their sources, and what the host's own
//! package manager offered on that day.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use patchctl::model::digest::Sha256;
use patchctl::model::distro::{Distribution, PackageFamily};
use patchctl::model::finding::{Candidate, Origin};
use patchctl::model::kernel::Kernels;
use patchctl::model::offer::RepositoryView;
use patchctl::model::package::{
    InstalledPackage, Inventory, ModuleStream, PackageKey, PackageState, Provenance, SourcePackage,
};
use patchctl::model::version::Version;
use patchctl::scan::inventory::{apk_installed, dpkg_status};
use serde::Deserialize;

/// The scanner's file.
#[derive(Deserialize)]
struct Scan {
    family: String,
    release: String,
    #[serde(rename = "scannedAt")]
    scanned_at: DateTime<Utc>,
    #[serde(rename = "runningKernel")]
    running: Running,
    packages: HashMap<String, Package>,
    #[serde(rename = "SrcPackages", default)]
    sources: HashMap<String, Source>,
}

#[derive(Deserialize)]
struct Running {
    release: String,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    release: String,
    #[serde(rename = "newVersion")]
    new_version: String,
    #[serde(rename = "newRelease")]
    new_release: String,
    arch: String,
    repository: String,
    #[serde(default)]
    modularitylabel: String,
}

#[derive(Deserialize)]
struct Source {
    name: String,
    version: String,
    #[serde(rename = "binaryNames")]
    binaries: Vec<String>,
}

impl Source {
    /// Its binaries, each with it.
    fn binaries_of(&self) -> impl Iterator<Item = (&str, &Self)> {
        self.binaries.iter().map(move |name| (name.as_str(), self))
    }
}

/// A host with what its package manager offered.
pub struct Host {
    pub scanned_at: DateTime<Utc>,
    pub inventory: Inventory,
    pub view: RepositoryView,
}

/// The scanner's names of distributions, with os-release's.
const IDS: [(&str, &str); 10] = [
    ("alma", "almalinux"),
    ("alpine", "alpine"),
    ("amazon", "amzn"),
    ("oracle", "ol"),
    ("redhat", "rhel"),
    ("suse.linux.enterprise.server", "sles"),
    ("opensuse.leap", "opensuse-leap"),
    ("debian", "debian"),
    ("ubuntu", "ubuntu"),
    ("rocky", "rocky"),
];

/// Reads a scan. Packages of dpkg and apk go through their own databases and our readers; those of rpm are taken as they
/// stand there, as the scans do not keep headers.
pub fn read(path: &Path) -> Host {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let scan: Scan = serde_json::from_slice(&zstd::decode_all(&bytes[..]).unwrap()).unwrap();
    let distribution = distribution(&scan);
    let family = distribution.family().expect("a distribution that is known");
    let of_source = |source| Source::binaries_of(source);
    let sources: HashMap<&str, &Source> = scan.sources.values().flat_map(of_source).collect();
    let is_package = |package: &&Package| package.name != "gpg-pubkey";
    let mut listed: Vec<&Package> = scan.packages.values().filter(is_package).collect();
    listed.sort_by(|a, b| a.name.cmp(&b.name));
    let text = |write: fn(&Package, Option<&&Source>) -> String| -> String {
        listed.iter().map(|package| write(package, sources.get(&*package.name))).collect()
    };
    let packages = match family {
        PackageFamily::Dpkg => dpkg_status::parse(text(stanza).as_bytes(), "status").unwrap(),
        PackageFamily::Apk => apk_installed::parse(text(entry).as_bytes(), "installed").unwrap(),
        _ => listed.iter().map(|package| installed(package, &sources, family)).collect(),
    };
    assert!(
        packages.iter().map(|package| package.name.as_str()).eq(listed.iter().map(|listed| &*listed.name))
    );
    let offered = listed.iter().zip(&packages);
    let candidates = offered.filter_map(|(listed, package)| candidate(listed, package, family)).collect();
    let view = RepositoryView { candidates, ..Default::default() };
    let kernels = Kernels { running: Some(scan.running.release), ..Kernels::default() };
    let digest = Sha256::of(&bytes);
    let inventory = Inventory { distribution, packages, enabled_modules: Vec::new(), kernels, digest };
    Host { scanned_at: scan.scanned_at, inventory, view }
}

/// A package as dpkg records it.
fn stanza(package: &Package, source: Option<&&Source>) -> String {
    let source = source.map(|source| format!("Source: {} ({})\n", source.name, source.version));
    let (name, version) = (&package.name, &package.version);
    let status = "Status: install ok installed\nArchitecture: amd64\n";
    format!("Package: {name}\n{status}Version: {version}\n{}\n", source.unwrap_or_default())
}

/// A package as apk records it.
fn entry(package: &Package, source: Option<&&Source>) -> String {
    let origin = source.map_or(&package.name, |source| &source.name);
    format!("P:{}\nV:{}\nA:{}\no:{origin}\n\n", package.name, package.version, package.arch)
}

fn distribution(scan: &Scan) -> Distribution {
    let id = IDS.iter().find(|(theirs, _)| *theirs == scan.family).map_or(&*scan.family, |(_, ours)| ours);
    let codename = match (id, &*scan.release) {
        ("debian", "11") => "bullseye",
        ("debian", "12") => "bookworm",
        ("ubuntu", "18.04") => "bionic",
        ("ubuntu", "22.04") => "jammy",
        _ => "",
    };
    // CentOS and Amazon say their major version alone.
    let version = match id {
        "centos" | "amzn" => scan.release.split('.').next().unwrap(),
        _ => &scan.release,
    };
    Distribution::new(id, version, codename)
}

fn version(family: PackageFamily, version: &str, release: &str) -> Version {
    let text = if release.is_empty() { version.to_owned() } else { format!("{version}-{release}") };
    Version::of(family.scheme(), &text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn installed(package: &Package, sources: &HashMap<&str, &Source>, family: PackageFamily) -> InstalledPackage {
    let own = version(family, &package.version, &package.release);
    let source = sources.get(&*package.name).map(|source| SourcePackage {
        name: source.name.as_str().into(),
        version: version(family, &source.version, ""),
    });
    let module = Some(&*package.modularitylabel).filter(|label| !label.is_empty());
    let provenance = Provenance {
        vendor: None,
        module: module.map(|label| ModuleStream::of_label(label).unwrap()),
        installed_at: None,
    };
    InstalledPackage {
        name: package.name.as_str().into(),
        architecture: package.arch.as_str().into(),
        source: source
            .unwrap_or_else(|| SourcePackage { name: package.name.as_str().into(), version: own.clone() }),
        version: own,
        state: PackageState::Installed,
        reinstall_required: false,
        hold: false,
        essential: false,
        multi_arch_same: false,
        installed_size_kib: 0,
        provenance: Some(Box::new(provenance)),
    }
}

/// What the package manager would have installed; none where the scan did not ask it.
fn candidate(
    listed: &Package,
    package: &InstalledPackage,
    family: PackageFamily,
) -> Option<(PackageKey, Arc<Candidate>)> {
    let offered = Some(&listed.new_version).filter(|version| !version.is_empty())?;
    Some((package.key(), offer(version(family, offered, &listed.new_release), &listed.repository)))
}

/// A candidate of a repository that is known by name only.
pub fn offer(version: Version, repository: &str) -> Arc<Candidate> {
    let origin = Origin {
        vendor: String::new(),
        label: String::new(),
        suite: repository.to_owned(),
        codename: String::new(),
        component: String::new(),
        site: String::new(),
        security: repository.contains("-security"),
        signed: true,
    };
    Arc::new(Candidate { version, origin: Arc::new(origin), phased_percent: None, pins_evaluated: true })
}
