//! updateinfo.xml: what an rpm repository says about its own updates, in the dialects of Fedora, EPEL, Red Hat,
//! AlmaLinux, Rocky, Oracle, Amazon, SUSE, openSUSE and of CEFS for CentOS.
//!
//! | vendor's word | our state |
//! |---|---|
//! | a package of an update of type `security`, or of any update that names CVEs | fixed, below its version |
//! | a package of another update (bug fix, enhancement, new package, recommended) | no statement, counted only |
//! | status `retracted` (SUSE took the patch back) | no statement, counted only |
//!
//! It never says that something is affected without a fix, nor that it is not affected. Flags that suggest a restart
//! (`reboot_suggested`, `restart_suggested`, `relogin_suggested`) are no statement about vulnerabilities. Updates that
//! became obsolete vanish from Fedora's, so that an old host may lack the advisory for a fix that it lacks.

pub(super) mod builds;
mod cves;
mod wire;

use std::borrow::Cow;

use self::wire::{Package, Update};
use super::dates::read_date;
use super::identifiers::is_advisory;
use super::joined::Joined;
use super::rpm_packages::{
    NamedPackage, STREAM_UNTOLD, is_left_out, is_modular, is_name, module_of_title, rows, severity,
    version_of,
};
use super::xml::XmlReader;
use super::{Addressing, AdvisoryFeed, FeedError, PublishedSource, Rows};
use crate::model::advisory::{Advisory, Affected, VendorState};
use crate::model::distro::Distribution;
use crate::model::vulnerability::CveId;

const NAME: &str = "updateinfo";

/// The feed that lies in rpm repositories.
#[derive(Clone, Copy, Debug)]
pub struct Updateinfo;

impl AdvisoryFeed for Updateinfo {
    fn name(&self) -> &'static str {
        NAME
    }

    fn covers(&self, distribution: &Distribution) -> bool {
        const IDS: [&str; 18] = [
            "fedora",
            "rhel",
            "centos",
            "almalinux",
            "rocky",
            "ol",
            "amzn",
            "sles",
            "sled",
            "sles_sap",
            "sle_hpc",
            "sle-micro",
            "sl-micro",
            "suse-manager-server",
            "opensuse-leap",
            "opensuse-leap-micro",
            "opensuse-tumbleweed",
            "opensuse-slowroll",
        ];
        IDS.contains(&distribution.id.as_str())
    }

    /// The repositories that are open to everybody and have updateinfo. Red Hat's and SUSE's ask for a certificate of
    /// the customer, and their CSAF says more; AlmaLinux's errata file says more than its updateinfo; real CentOS
    /// repositories have none. EPEL, extras and modules are for an administrator to name. Each address is that of
    /// `repomd.xml`, or for Amazon of the list of mirrors, for the machine type of this program.
    fn published(&self, distribution: &Distribution) -> Vec<PublishedSource> {
        published(distribution)
            .into_iter()
            .map(|(part, location)| PublishedSource { name: format!("{NAME}-{part}"), location })
            .collect()
    }

    fn addressing(&self) -> Addressing {
        Addressing::Repository
    }

    fn parse<'a>(&self, content: &'a [u8], release: &Distribution) -> Result<Rows<'a>, FeedError> {
        let mut reader = XmlReader::new(NAME, content)?;
        let mut rows = Rows::default();
        let mut joined = Joined::default();
        reader.root("updates")?;
        reader.children(|reader, element| {
            if element.name == "update" {
                let update = wire::read_update(reader, element)?;
                rows.entries += 1;
                if let Some(advisory) = advisory(update, release, &mut rows) {
                    joined.keep(advisory);
                }
            }
            Ok(())
        })?;
        reader.end()?;
        rows.advisories = joined.into_advisories();
        Ok(rows)
    }
}

/// Part of the name of the source, and address, by os-release.
fn published(distribution: &Distribution) -> Vec<(&'static str, String)> {
    /// rpm's name of the machine type is Rust's for those that patchctl is built for.
    const MACHINE: &str = std::env::consts::ARCH;
    let version = distribution.version.as_str();
    let major = major(version);
    let repomd = |part, path: String| (part, format!("https://{path}/repodata/repomd.xml"));
    match (distribution.id.as_str(), major) {
        ("fedora", _) => {
            let root = format!("dl.fedoraproject.org/pub/fedora/linux/updates/{version}");
            vec![repomd("updates", format!("{root}/Everything/{MACHINE}"))]
        }
        ("rocky", _) => ["BaseOS", "AppStream"]
            .map(|part| {
                repomd(part, format!("download.rockylinux.org/pub/rocky/{major}/{part}/{MACHINE}/os"))
            })
            .to_vec(),
        ("ol", "7") => {
            vec![repomd("latest", format!("yum.oracle.com/repo/OracleLinux/OL7/latest/{MACHINE}"))]
        }
        ("ol", _) => ["baseos/latest", "appstream"]
            .map(|part| {
                let name = part.split('/').next().unwrap_or(part);
                repomd(name, format!("yum.oracle.com/repo/OracleLinux/OL{major}/{part}/{MACHINE}"))
            })
            .to_vec(),
        ("amzn", "2") => {
            vec![("core", format!("https://cdn.amazonlinux.com/2/core/latest/{MACHINE}/mirror.list"))]
        }
        ("amzn", "2023") => ["core", "kernel-livepatch"]
            .map(|part| {
                (
                    part,
                    format!("https://cdn.amazonlinux.com/al2023/{part}/mirrors/latest/{MACHINE}/mirror.list"),
                )
            })
            .to_vec(),
        ("opensuse-leap", _) => ["oss", "sle", "backports"]
            .map(|part| repomd(part, format!("download.opensuse.org/update/leap/{version}/{part}")))
            .to_vec(),
        ("opensuse-tumbleweed", _) => {
            vec![repomd("tumbleweed", "download.opensuse.org/update/tumbleweed".to_owned())]
        }
        _ => Vec::new(),
    }
}

/// Turns an update into what it states about the release, if it states anything. What cannot be read is counted.
fn advisory<'a>(
    update: Update<'a>,
    release: &Distribution,
    rows_read: &mut Rows<'_>,
) -> Option<Advisory<'a>> {
    let unread = &mut rows_read.unread;
    let id = trimmed(&update.id);
    if !is_advisory(&id) {
        unread.add(
            &format!("update {}", rows_read.entries),
            format_args!("no identifier: {:?}", shortened(&id)),
        );
        return None;
    }
    let vulnerabilities = vulnerabilities(&update);
    let is_statement = update.kind == "security" || !vulnerabilities.is_empty();
    if !is_statement || update.status == "retracted" || !is_for(&update.release, release) {
        return None;
    }
    let published = read_date(&update.issued);
    if published.is_none() && !update.issued.trim().is_empty() {
        unread.add(&id, format_args!("issued: no date: {:?}; kept without", shortened(&update.issued)));
    }
    let mut packages = Vec::with_capacity(update.packages.len());
    for package in &update.packages {
        if is_left_out(&package.name, &package.architecture) || is_of_another_release(&id, package, release) {
            continue;
        }
        match named(package, &update, &id) {
            Ok(named) => packages.push(named),
            Err(reason) => unread.add(&id, reason),
        }
    }
    let severity = severity(&update.severity);
    Some(Advisory { id, vulnerabilities, severity, cvss_tenths: None, published, affected: rows(packages) })
}

fn named<'a>(package: &Package<'a>, update: &Update<'a>, id: &str) -> Result<NamedPackage<'a>, String> {
    if !is_name(&package.name) {
        return Err(format!("name: no package: {:?}", shortened(&package.name)));
    }
    let in_package = |reason| format!("{}: {reason}", package.name);
    let fixed = version_of(&package.epoch, &package.version, &package.release).map_err(in_package)?;
    let mut statement = Affected::binary(package.name.clone(), VendorState::Fixed);
    statement.scope.module = package.module.clone();
    if package.module.is_none() && is_modular(&fixed) {
        statement.scope.module = module_of_title(&update.title).map(Cow::Owned);
        if statement.scope.module.is_none() {
            statement.note = Some(Cow::Borrowed(STREAM_UNTOLD));
        }
    }
    statement.scope.channel = amazon_channel(id, &package.collection);
    statement.range.fixed = Some(fixed);
    Ok(NamedPackage { architecture: package.architecture.clone(), statement })
}

/// Returns the CVEs that an update names. Everybody but Fedora has references of type `cve`; Fedora only has titles of
/// bugs, some of them with that type, and its description.
fn vulnerabilities<'a>(update: &Update<'a>) -> Vec<Cow<'a, str>> {
    let mut found: Vec<Cow<'a, str>> = Vec::new();
    let mut add = |cve: Cow<'a, str>| {
        if !found.contains(&cve) {
            found.push(cve);
        }
    };
    let is_fedora = update.id.starts_with("FEDORA-");
    for reference in &update.references {
        let id = trimmed(&reference.id);
        if reference.kind == "cve" && CveId::parse(&id).is_some() {
            add(id);
        } else if is_fedora {
            cves::leading_cves(&reference.title).for_each(|cve| add(Cow::Owned(cve.to_owned())));
        }
    }
    for line in update.description.lines().filter(|_| is_fedora) {
        cves::leading_cves(line).for_each(|cve| add(Cow::Owned(cve.to_owned())));
    }
    found
}

/// Tells whether the words in `<release>` are those of the host's release. Most vendors write nothing useful there.
fn is_for(words: &str, release: &Distribution) -> bool {
    let words = words.trim();
    let number = |prefix: &str| words.strip_prefix(prefix)?.split_ascii_whitespace().next();
    let expected = |number: &str| number == release.version || number == major(&release.version);
    match number("Fedora EPEL ").or_else(|| number("Fedora ")).or_else(|| number("Rocky Linux ")) {
        Some(number) if number.bytes().all(|byte| byte.is_ascii_digit()) => expected(number),
        _ => true,
    }
}

/// CEFS puts the builds for two releases of CentOS into one update and calls it by the older one (CESA_2016__0301):
/// the mark in the build tells them apart.
fn is_of_another_release(id: &str, package: &Package<'_>, release: &Distribution) -> bool {
    if !id.starts_with("CESA") && !id.starts_with("CEBA") && !id.starts_with("CEEA") {
        return false;
    }
    let marked = package.release.split('.').find_map(|part| part.strip_prefix("el"));
    let number = marked.map(|part| part.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default());
    number.is_some_and(|number| !number.is_empty() && number != major(&release.version))
}

/// The extra repository that an advisory of Amazon is for; none for the core. An advisory of the core says nothing
/// about a package of an extra (aquasecurity/vuln-list-update issue 267). The collection tells it
/// (`amazon-linux-2---kernel-5.15`), else the identifier (`ALASDOCKER-2021-001`).
fn amazon_channel<'a>(id: &str, collection: &Cow<'a, str>) -> Option<Cow<'a, str>> {
    let kind = id.strip_prefix("ALAS")?;
    if let Some((_, extra)) = collection.split_once("---").filter(|(_, extra)| !extra.is_empty()) {
        return Some(Cow::Owned(extra.to_owned()));
    }
    let extra = kind.trim_start_matches(|c: char| c.is_ascii_digit()).rsplitn(3, '-').nth(2)?;
    (!extra.is_empty()).then(|| Cow::Owned(extra.to_ascii_lowercase()))
}

fn major(version: &str) -> &str {
    version.split('.').next().unwrap_or(version)
}

fn trimmed<'a>(text: &Cow<'a, str>) -> Cow<'a, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests;
