//! What other scanners got wrong, each case named for the public issue that tells of it (`repository_number`), with the
//! right answer. Databases and feeds are in the form in which hosts and vendors have them.

mod apk_and_pacman;
mod dpkg;
mod rpm;
mod suse;
mod ubuntu;

use std::sync::Arc;

use patchctl::model::digest::Sha256;
use patchctl::model::distro::Distribution;
use patchctl::model::finding::{Finding, Origin};
use patchctl::model::kernel::Kernels;
use patchctl::model::offer::{Asks, Offer, RepositoryView};
use patchctl::model::package::{
    InstalledPackage, Inventory, ModuleStream, PackageKey, PackageState, Provenance, SourcePackage, Vendor,
};
use patchctl::model::plan::Artifact;
use patchctl::model::version::Version;
use patchctl::scan::assess::assess;
use patchctl::scan::inventory::dpkg_status;
use patchctl::scan::vendors;

use super::one_feed::{Ground, feed};

/// A host.
struct Host {
    inventory: Inventory,
    view: RepositoryView,
    channels: Option<Vec<String>>,
}

impl Host {
    fn new(distribution: (&str, &str, &str), mut packages: Vec<InstalledPackage>) -> Self {
        let (id, version, codename) = distribution;
        packages.sort_by(|a, b| a.name.cmp(&b.name));
        let inventory = Inventory {
            distribution: Distribution::new(id, version, codename),
            packages,
            enabled_modules: Vec::new(),
            kernels: Kernels::default(),
            digest: Sha256::of(b""),
        };
        Self { inventory, view: RepositoryView::default(), channels: None }
    }

    /// A host of dpkg; each package as `name version`, with the source behind it where it has another name, and its
    /// version where that differs: `libssl3 3.0.2-1 openssl`.
    fn dpkg(distribution: (&str, &str, &str), packages: &[&str]) -> Self {
        let stanza = |text: &&str| {
            let words: Vec<&str> = text.split(' ').collect();
            let source = match words[2..] {
                [] => String::new(),
                [source] => format!("Source: {source}\n"),
                [source, version, ..] => format!("Source: {source} ({version})\n"),
            };
            let fields = "Status: install ok installed\nArchitecture: amd64\n";
            format!("Package: {}\n{fields}Version: {}\n{source}\n", words[0], words[1])
        };
        let status: String = packages.iter().map(stanza).collect();
        Self::new(distribution, dpkg_status::parse(status.as_bytes(), "status").unwrap())
    }

    fn debian(packages: &[&str]) -> Self {
        Self::dpkg(("debian", "12", "bookworm"), packages)
    }

    /// A host of rpm; each package as `name version`, with its module stream behind it where it has one.
    fn rpm(distribution: (&str, &str), packages: &[&str]) -> Self {
        let package = |text: &&str| {
            let words: Vec<&str> = text.split(' ').collect();
            let version = Version::rpm(words[1]).unwrap();
            let module = words.get(2).map(|label| ModuleStream::of_label(label).unwrap());
            InstalledPackage {
                name: words[0].into(),
                architecture: "x86_64".into(),
                source: SourcePackage { name: words[0].into(), version: version.clone() },
                version,
                state: PackageState::Installed,
                reinstall_required: false,
                hold: false,
                essential: false,
                multi_arch_same: false,
                installed_size_kib: 0,
                provenance: Some(Box::new(Provenance { vendor: None, module, installed_at: None })),
            }
        };
        Self::new((distribution.0, distribution.1, ""), packages.iter().map(package).collect())
    }

    /// The same where every package names its vendor.
    fn of_vendors(mut self, vendors: &[&str]) -> Self {
        for (package, vendor) in self.inventory.packages.iter_mut().zip(vendors) {
            package.provenance.as_mut().unwrap().vendor = Some(Vendor::from(*vendor));
        }
        self
    }

    fn using(mut self, channels: &[&str]) -> Self {
        self.channels = Some(channels.iter().map(|channel| (*channel).to_owned()).collect());
        self
    }

    /// The security pocket offers a version of a package.
    fn offered(mut self, name: &str, version: &str) -> Self {
        let text = |text: &str| text.to_owned();
        let origin = Origin {
            vendor: text("Debian"),
            label: text("Debian-Security"),
            suite: text("stable-security"),
            codename: text("bookworm-security"),
            component: text("main"),
            site: text("https://security.example.org"),
            security: true,
            signed: true,
        };
        let version = Version::deb(version).unwrap();
        let source = SourcePackage { name: name.into(), version: version.clone() };
        let artifact = Artifact { uri: text("pool/x.deb"), size: 1, digest: Sha256::of(b"x").into() };
        let key = PackageKey { name: name.into(), architecture: "amd64".into() };
        self.view.offers.insert(
            key,
            vec![Offer { version, source, origin: Arc::new(origin), artifact, asks: Asks::default() }],
        );
        self
    }

    /// Judges by a content of a feed; every verdict is a finding.
    fn findings(&self, format: &str, content: &[u8]) -> Vec<Finding> {
        let foreign = vendors::foreign(&self.inventory, &[]);
        let ground = Ground {
            inventory: &self.inventory,
            view: &self.view,
            not_covered: &foreign,
            channels: self.channels.as_deref(),
        };
        ground.with(feed(format), content, |input, _| assess(input).findings)
    }

    /// The verdicts as `package identifier: verdict`, sorted.
    fn verdicts(&self, format: &str, content: impl AsRef<[u8]>) -> Vec<String> {
        let tell = |finding: &Finding| {
            format!("{} {}: {}", finding.package.name, finding.advisory, finding.verdict.word())
        };
        let mut verdicts: Vec<String> = self.findings(format, content.as_ref()).iter().map(tell).collect();
        verdicts.sort();
        verdicts
    }
}

const NOTHING: [&str; 0] = [];

fn fixture(path: &str) -> Vec<u8> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let bytes = std::fs::read(folder.join(path)).unwrap();
    patchctl::scan::feed::decompress::decompress(&bytes, 1 << 26).unwrap().into_owned()
}
