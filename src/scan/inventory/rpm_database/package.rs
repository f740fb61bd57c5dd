//! What rpm records of one package, whichever way it was read, as an installed package.

use chrono::DateTime;

use crate::model::distro::PackageFamily;
use crate::model::package::{
    Architecture, InstalledPackage, ModuleStream, PackageName, PackageState, Provenance, SourcePackage,
    Vendor,
};
use crate::model::rpm_header::{Header, Tag};
use crate::model::version::{Version, rpm::Nevra};

/// The recorded values of a package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Record<'a> {
    pub(super) name: &'a str,
    /// `None` is 0.
    pub(super) epoch: Option<u64>,
    pub(super) version: &'a str,
    pub(super) release: &'a str,
    pub(super) architecture: Option<&'a str>,
    /// The file name of the source package.
    pub(super) source_rpm: Option<&'a str>,
    /// `name:stream:version:context`.
    pub(super) modularity_label: Option<&'a str>,
    pub(super) vendor: Option<&'a [u8]>,
    pub(super) size_bytes: u64,
    /// Seconds since 1970.
    pub(super) installed_at: Option<u64>,
}

impl<'a> Record<'a> {
    /// Reads the values of a header.
    pub(super) fn of(header: &Header<'a>) -> Result<Self, &'static str> {
        let size = match header.number(Tag::LongSize)? {
            Some(size) => Some(size),
            None => header.number(Tag::Size)?,
        };
        Ok(Self {
            name: header.text(Tag::Name)?.ok_or("the package has no name")?,
            epoch: header.number(Tag::Epoch)?,
            version: header.text(Tag::Version)?.ok_or("the package has no version")?,
            release: header.text(Tag::Release)?.ok_or("the package has no release")?,
            architecture: header.text(Tag::Architecture)?,
            source_rpm: header.text(Tag::SourceRpm)?,
            modularity_label: header.text(Tag::ModularityLabel)?,
            vendor: header.bytes(Tag::Vendor)?,
            size_bytes: size.unwrap_or_default(),
            installed_at: header.number(Tag::InstallTime)?,
        })
    }

    /// Tells whether it is a public key, which rpm records as if it were a package.
    fn is_public_key(&self) -> bool {
        self.name == "gpg-pubkey"
    }

    fn evr(&self) -> String {
        match self.epoch.filter(|epoch| *epoch != 0) {
            Some(epoch) => format!("{epoch}:{}-{}", self.version, self.release),
            None => format!("{}-{}", self.version, self.release),
        }
    }
}

/// Makes packages of records; texts that many share are kept once.
#[derive(Default)]
pub(super) struct Packages {
    architectures: Vec<Architecture>,
    vendors: Vec<Vendor>,
}

impl Packages {
    /// Returns the package; `None` for a public key.
    ///
    /// # Errors
    /// What its grammar forbids in a value.
    pub(super) fn package(&mut self, record: &Record<'_>) -> Result<Option<InstalledPackage>, &'static str> {
        if record.is_public_key() {
            return Ok(None);
        }
        if !PackageFamily::Rpm.is_package_name(record.name) {
            return Err("the package's name is none that rpm accepts");
        }
        let (name, version) = (PackageName::from(record.name), read_version(&record.evr())?);
        Ok(Some(InstalledPackage {
            source: source(record, &name, &version)?,
            architecture: self.architecture(record.architecture.ok_or("the package has no architecture")?)?,
            provenance: self.provenance(record)?,
            name,
            version,
            state: PackageState::Installed,
            reinstall_required: false,
            hold: false,
            essential: false,
            multi_arch_same: false,
            installed_size_kib: record.size_bytes.div_ceil(1024),
        }))
    }

    fn architecture(&mut self, text: &str) -> Result<Architecture, &'static str> {
        if let Some(known) = self.architectures.iter().find(|known| known.as_str() == text) {
            return Ok(known.clone());
        }
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err("the package's architecture is none");
        }
        self.architectures.push(Architecture::from(text));
        Ok(Architecture::from(text))
    }

    fn provenance(&mut self, record: &Record<'_>) -> Result<Option<Box<Provenance>>, &'static str> {
        let module = record.modularity_label.map(ModuleStream::of_label).transpose()?;
        let vendor = record.vendor.filter(|vendor| !vendor.is_empty()).map(|vendor| self.vendor(vendor));
        let installed_at = record
            .installed_at
            .and_then(|seconds| i64::try_from(seconds).ok())
            .and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        Ok(Some(Box::new(Provenance { vendor, module, installed_at })))
    }

    /// A vendor's name may be in an encoding of former times: it is shown, and compared with its like only.
    fn vendor(&mut self, bytes: &[u8]) -> Vendor {
        if let Some(known) = self.vendors.iter().find(|known| known.as_str().as_bytes() == bytes) {
            return known.clone();
        }
        let vendor = Vendor::from(String::from_utf8_lossy(bytes).as_ref());
        self.vendors.push(vendor.clone());
        vendor
    }
}

fn read_version(text: &str) -> Result<Version, &'static str> {
    Version::rpm(text).map_err(|error| error.reason)
}

/// Returns the source package from the name of its file, which carries no epoch: where the source has the binary's
/// version, it has its epoch as well; where not, nothing records it and none is taken.
///
/// A package without a source, or with a file name that names none, counts as its own source.
fn source(record: &Record<'_>, name: &PackageName, version: &Version) -> Result<SourcePackage, &'static str> {
    let own = || SourcePackage { name: name.clone(), version: version.clone() };
    let named = record.source_rpm.and_then(Nevra::parse).filter(|source| {
        PackageFamily::Rpm.is_package_name(source.name) && Version::rpm(source.version).is_ok()
    });
    let Some(source) = named else { return Ok(own()) };
    let has_own_version = (source.version, source.release) == (record.version, record.release);
    let version = if has_own_version { version.clone() } else { read_version(&source.evr())? };
    let name = if source.name == name.as_str() { name.clone() } else { PackageName::from(source.name) };
    Ok(SourcePackage { name, version })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record<'static> {
        Record {
            name: "perl-Encode-Locale",
            epoch: Some(4),
            version: "1.05",
            release: "10.module_el8.5.0+2812+ed912d05",
            architecture: Some("noarch"),
            source_rpm: Some("perl-Encode-Locale-1.05-10.module_el8.5.0+2812+ed912d05.src.rpm"),
            modularity_label: Some("perl-libwww-perl:6.34:8060020220422081956:fbe42456"),
            vendor: Some(b"AlmaLinux"),
            size_bytes: 1025,
            installed_at: Some(1_700_000_000),
        }
    }

    fn package(record: &Record<'_>) -> InstalledPackage {
        Packages::default().package(record).expect("sound").expect("no key")
    }

    #[test]
    fn every_value_finds_its_place() {
        let package = package(&record());
        assert_eq!(package.version.as_str(), "4:1.05-10.module_el8.5.0+2812+ed912d05");
        assert_eq!(package.source.name, package.name);
        assert_eq!(package.source.version, package.version, "the same version, so the same epoch");
        assert_eq!(package.installed_size_kib, 2);
        let provenance = package.provenance.expect("rpm records some");
        assert_eq!(provenance.vendor.as_ref().map(Vendor::as_str), Some("AlmaLinux"));
        let module = provenance.module.expect("it is labelled");
        assert_eq!((module.name.as_str(), module.stream.as_str()), ("perl-libwww-perl", "6.34"));
        assert_eq!(provenance.installed_at.map(|at| at.timestamp()), Some(1_700_000_000));
    }

    #[test]
    fn source_of_another_version_has_no_epoch_that_is_known() {
        let package = package(&Record { source_rpm: Some("perl-5.26.3-422.el8.src.rpm"), ..record() });
        assert_eq!(
            (package.source.name.as_str(), package.source.version.as_str()),
            ("perl", "5.26.3-422.el8")
        );
        for broken in [None, Some("perl.src.rpm"), Some("")] {
            let package = self::package(&Record { source_rpm: broken, ..record() });
            assert_eq!(package.source.name, package.name);
        }
    }

    #[test]
    fn keys_are_no_packages_and_broken_values_are_refused() {
        let mut packages = Packages::default();
        let key = Record { name: "gpg-pubkey", architecture: None, ..record() };
        assert_eq!(packages.package(&key), Ok(None));
        for broken in [
            Record { name: "-rf", ..record() },
            Record { name: "a b", ..record() },
            Record { architecture: None, ..record() },
            Record { architecture: Some("x86\u{1b}"), ..record() },
            Record { version: "1 2", ..record() },
            Record { modularity_label: Some("nodejs"), ..record() },
        ] {
            assert!(packages.package(&broken).is_err(), "{broken:?}");
        }
    }
}
