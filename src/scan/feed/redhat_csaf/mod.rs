//! Red Hat's CSAF documents: advisories (RHSA, RHBA, RHEA) and VEX (one for each CVE, with what is not fixed yet).
//!
//! States are those of [`super::csaf`]. A product with a version is a binary package; one without is a source package,
//! all versions of it. Platforms are told by their CPE, which is the channel of a statement unless it is the whole
//! release; [`repository_to_cpe`] tells those of a host. What to fetch after the first archive is for
//! [`super::csaf_changes`] to say. Red Hat's OVAL is in maintenance and its CVRF retired, so neither is read.

mod names;
pub mod repository_to_cpe;

use std::borrow::Cow;

use self::names::PackageUrl;
use super::container::Documents;
use super::csaf::{Component, Part, Place, Product, Vendor, read, read_archive};
use super::rpm_packages::{STREAM_UNTOLD, is_modular, is_name, version_of};
use super::{Addressing, AdvisoryFeed, ArchivePlace, FeedError, PublishedSource, Rows};
use crate::model::advisory::Subject;
use crate::model::distro::Distribution;
use crate::model::version::rpm::Nevra;

const NAME: &str = "redhat-csaf";

/// The feed of Red Hat's product security.
#[derive(Clone, Copy, Debug)]
pub struct RedHatCsaf;

impl AdvisoryFeed for RedHatCsaf {
    fn name(&self) -> &'static str {
        NAME
    }

    fn covers(&self, distribution: &Distribution) -> bool {
        distribution.id == "rhel"
    }

    /// VEX holds what the advisories hold and more. The address names the newest archive.
    fn published(&self, _: &Distribution) -> Vec<PublishedSource> {
        let location = "https://security.access.redhat.com/data/csaf/v2/vex/archive_latest.txt";
        vec![PublishedSource { name: NAME.to_owned(), location: location.to_owned() }]
    }

    fn addressing(&self) -> Addressing {
        Addressing::Folder(ArchivePlace::Named)
    }

    fn is_archive(&self) -> bool {
        true
    }

    fn parse<'a>(&self, content: &'a [u8], release: &Distribution) -> Result<Rows<'a>, FeedError> {
        read(&RedHat, content, release)
    }

    fn parse_archive<'a>(
        &self,
        documents: Documents<'a>,
        release: &Distribution,
    ) -> Result<Rows<'a>, FeedError> {
        read_archive(&RedHat, documents, release)
    }
}

/// How Red Hat fills CSAF documents.
struct RedHat;

impl Vendor for RedHat {
    fn name(&self) -> &'static str {
        NAME
    }

    fn part<'a>(&self, platform: &Product<'a>, release: &Distribution) -> Part<'a> {
        names::part(&platform.helper.cpe, &release.version)
    }

    fn component<'a>(&self, place: &Place<'_, 'a>, _: bool) -> Result<Option<Component<'a>>, String> {
        let product = place.package;
        let found = match product.helper.purl.as_ref() {
            "" => by_name(&product.name)?,
            purl => by_url(purl, &product.name)?,
        };
        let Some(mut component) = found else { return Ok(None) };
        let of_chain = place.modules.iter().find_map(|module| module_of(module));
        component.module = of_chain.map(Cow::Owned).or(component.module);
        if component.module.is_none() && component.version.as_deref().is_some_and(is_modular) {
            component.note = Some(Cow::Borrowed(STREAM_UNTOLD));
        }
        match is_name(&component.name) {
            true => Ok(Some(component)),
            false => Err("no name of a package".to_owned()),
        }
    }
}

/// A package by its URL. Containers and libraries of languages are none; neither is a module itself.
fn by_url<'a>(purl: &str, name: &str) -> Result<Option<Component<'a>>, String> {
    let url = PackageUrl::parse(purl).ok_or("purl: no package URL")?;
    if url.kind != "rpm" {
        return Ok(None);
    }
    let module = url.module();
    if module.is_none() && !url.qualifier("rpmmod").is_empty() {
        return Err("purl: rpmmod: a module without a stream".to_owned());
    }
    let mut component = Component {
        subject: Subject::Source,
        name: Cow::Owned(url.name.clone().into_owned()),
        version: None,
        architecture: Cow::Owned(url.qualifier("arch").into_owned()),
        module: module.map(Cow::Owned),
        note: None,
    };
    // `go-toolset@rhel8` is a stream, no version: versions of rpm have a release.
    if let Some((version, release)) = url.version.rsplit_once('-') {
        let of_name = Nevra::parse(name).filter(|nevra| nevra.name == url.name).and_then(|nevra| nevra.epoch);
        let epoch = url.qualifier("epoch");
        let epoch = if epoch.is_empty() { of_name.unwrap_or_default() } else { epoch.as_ref() };
        component.version = Some(version_of(epoch, version, release)?);
        component.subject = Subject::Binary;
    } else {
        component.architecture = Cow::Borrowed("");
    }
    Ok(Some(component))
}

/// A package by its name, in older documents: `curl-0:7.76.1-23.el9.x86_64`, `curl`, or `virt:rhel/libtpms`. Red Hat
/// always writes the epoch, which tells versions from parts of names. Other names with a slash are containers.
fn by_name<'a>(text: &Cow<'a, str>) -> Result<Option<Component<'a>>, String> {
    let (module, name) = match text.split_once('/') {
        Some((module, name)) if module.contains(':') && !name.contains('/') => (Some(module), name),
        Some(_) => return Ok(None),
        None => (None, text.as_ref()),
    };
    let mut component = Component {
        subject: Subject::Source,
        name: Cow::Owned(name.to_owned()),
        version: None,
        architecture: Cow::Borrowed(""),
        module: module.map(|module| Cow::Owned(module.to_owned())),
        note: None,
    };
    if let Some(nevra) = Nevra::parse(name).filter(|nevra| nevra.epoch.is_some()) {
        component.name = Cow::Owned(nevra.name.to_owned());
        component.architecture = Cow::Owned(nevra.architecture.to_owned());
        component.version = Some(version_of(nevra.epoch.unwrap_or_default(), nevra.version, nevra.release)?);
        component.subject = Subject::Binary;
    } else if name.contains(':') {
        return Ok(None);
    }
    Ok(Some(component))
}

/// `name:stream` of a module, by its URL or, where it has none, its name `virt:rhel:8060020230403063348:ad008a3a`.
fn module_of(product: &Product<'_>) -> Option<String> {
    let url = PackageUrl::parse(&product.helper.purl);
    let of_name = || {
        let mut parts = product.name.split(':');
        let (name, stream) = (parts.next()?, parts.next()?);
        (parts.next().is_some() && !name.is_empty() && !stream.is_empty()).then(|| format!("{name}:{stream}"))
    };
    url.and_then(|url| url.module()).or_else(of_name)
}

#[cfg(test)]
mod tests;
