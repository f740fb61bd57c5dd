//! The elements of updateinfo.xml that matter, as they are written.

use std::borrow::Cow;

use super::super::FeedError;
use super::super::xml::{Element, XmlReader};

/// Most packages that one update may list. Fedora's largest real one has about 2,000; the cap stops floods.
const MOST_PACKAGES: usize = 200_000;

/// `<update>`
#[derive(Default)]
pub(super) struct Update<'a> {
    /// `security`, `bugfix`, `enhancement`, `newpackage`, `recommended` …
    pub(super) kind: Cow<'a, str>,
    /// `final`, `stable`, `testing`, `retracted`
    pub(super) status: Cow<'a, str>,
    pub(super) id: Cow<'a, str>,
    pub(super) title: Cow<'a, str>,
    pub(super) release: Cow<'a, str>,
    pub(super) severity: Cow<'a, str>,
    /// As it is written, in an attribute or as text.
    pub(super) issued: Cow<'a, str>,
    pub(super) description: Cow<'a, str>,
    pub(super) references: Vec<Reference<'a>>,
    pub(super) packages: Vec<Package<'a>>,
}

/// `<reference>`
#[derive(Default)]
pub(super) struct Reference<'a> {
    pub(super) id: Cow<'a, str>,
    /// `cve`, `bugzilla`, `self`, `rhsa`, `CEFS` …
    pub(super) kind: Cow<'a, str>,
    pub(super) title: Cow<'a, str>,
}

/// `<package>`, with what its collection says of it.
#[derive(Default)]
pub(super) struct Package<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) epoch: Cow<'a, str>,
    pub(super) version: Cow<'a, str>,
    pub(super) release: Cow<'a, str>,
    pub(super) architecture: Cow<'a, str>,
    /// `short` of the collection.
    pub(super) collection: Cow<'a, str>,
    /// `name:stream` of the collection's module.
    pub(super) module: Option<Cow<'a, str>>,
    /// `reboot_suggested`
    pub(super) reboot: bool,
    /// `restart_suggested`: SUSE's word for updates of the package manager itself.
    pub(super) restart: bool,
}

/// Reads an update that was opened, up to its end. What is not known is passed over: vendors add elements
/// (`pushcount`, `rights`, `solution`).
pub(super) fn read_update<'a>(
    reader: &mut XmlReader<'a>,
    element: Element<'a>,
) -> Result<Update<'a>, FeedError> {
    let mut update = Update::default();
    element.attributes(reader, |key, value| match key {
        "type" => update.kind = value,
        "status" => update.status = value,
        _ => {}
    })?;
    reader.children(|reader, child| {
        match child.name {
            "id" => update.id = reader.text()?,
            "title" => update.title = reader.text()?,
            "release" => update.release = reader.text()?,
            "severity" => update.severity = reader.text()?,
            // Only Fedora tells vulnerabilities here, and its identifier comes first.
            "description" if update.id.starts_with("FEDORA-") => update.description = reader.text()?,
            "issued" => {
                update.issued = match child.attribute(reader, "date")? {
                    Some(date) => date,
                    None => reader.text()?,
                };
            }
            "references" => read_references(reader, &mut update.references)?,
            "pkglist" => read_packages(reader, &mut update.packages)?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(update)
}

fn read_references<'a>(
    reader: &mut XmlReader<'a>,
    references: &mut Vec<Reference<'a>>,
) -> Result<(), FeedError> {
    reader.children(|reader, child| {
        let mut reference = Reference::default();
        child.attributes(reader, |key, value| match key {
            "id" => reference.id = value,
            "type" => reference.kind = value,
            "title" => reference.title = value,
            _ => {}
        })?;
        references.push(reference);
        Ok(())
    })
}

fn read_packages<'a>(reader: &mut XmlReader<'a>, packages: &mut Vec<Package<'a>>) -> Result<(), FeedError> {
    reader.children(|reader, collection| {
        let short = collection.attribute(reader, "short")?.unwrap_or_default();
        let (first, mut module) = (packages.len(), None);
        reader.children(|reader, child| {
            match child.name {
                "module" => module = read_module(reader, child)?,
                "package" => packages.push(read_package(reader, child)?),
                _ => {}
            }
            if packages.len() > MOST_PACKAGES {
                return Err(reader.malformed(format!("more than {MOST_PACKAGES} packages in one update")));
            }
            Ok(())
        })?;
        for package in packages.iter_mut().skip(first) {
            package.collection.clone_from(&short);
            package.module.clone_from(&module);
        }
        Ok(())
    })
}

fn read_module<'a>(reader: &XmlReader<'a>, element: Element<'a>) -> Result<Option<Cow<'a, str>>, FeedError> {
    let (mut name, mut stream) = (Cow::default(), Cow::default());
    element.attributes(reader, |key, value| match key {
        "name" => name = value,
        "stream" => stream = value,
        _ => {}
    })?;
    let is_told = !name.is_empty() && !stream.is_empty();
    Ok(is_told.then(|| Cow::Owned(format!("{name}:{stream}"))))
}

/// `src` and the file name are passed over: they carry no epoch, and the source's name is that of another package in
/// some of Fedora's.
fn read_package<'a>(reader: &mut XmlReader<'a>, element: Element<'a>) -> Result<Package<'a>, FeedError> {
    let mut package = Package::default();
    element.attributes(reader, |key, value| match key {
        "name" => package.name = value,
        "epoch" => package.epoch = value,
        "version" => package.version = value,
        "release" => package.release = value,
        "arch" => package.architecture = value,
        _ => {}
    })?;
    reader.children(|reader, child| {
        let told = match child.name {
            "reboot_suggested" => &mut package.reboot,
            "restart_suggested" => &mut package.restart,
            _ => return Ok(()),
        };
        *told = matches!(reader.text()?.trim(), "1" | "True" | "true");
        Ok(())
    })?;
    Ok(package)
}
