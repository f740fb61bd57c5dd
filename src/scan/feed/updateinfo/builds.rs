//! What updates say of the builds they bring: which close holes, and which ask for more than new files.

use std::collections::HashSet;

use super::super::FeedError;
use super::super::rpm_packages::version_of;
use super::super::xml::XmlReader;
use super::wire::{self, Package, Update};
use super::{NAME, vulnerabilities};

/// A build: name, architecture, `epoch:version-release`.
pub(in crate::scan::feed) type Build = (String, String, String);

/// What updates say of the builds that they bring. A build that cannot be read is in none; the feed itself tells of those.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::scan::feed) struct Notices {
    /// They close holes.
    pub(in crate::scan::feed) security: HashSet<Build>,
    /// They take effect with the next boot.
    pub(in crate::scan::feed) reboot: HashSet<Build>,
    /// They are of the package manager itself, which is to be run anew before anything else is updated (SUSE).
    pub(in crate::scan::feed) restart: HashSet<Build>,
}

/// Reads what updates say of their builds.
///
/// # Errors
/// The content is no updateinfo.
pub(in crate::scan::feed) fn notices(content: &[u8]) -> Result<Notices, FeedError> {
    let mut found = Notices::default();
    each_update(content, |update| {
        let named = |is_meant: fn(&Package<'_>) -> bool| {
            update.packages.iter().filter(move |package| is_meant(package)).filter_map(build)
        };
        if update.kind == "security" || !vulnerabilities(update).is_empty() {
            found.security.extend(named(|_| true));
        }
        found.reboot.extend(named(|package| package.reboot));
        found.restart.extend(named(|package| package.restart));
    })?;
    Ok(found)
}

/// Visits every update that its vendor did not take back.
fn each_update(content: &[u8], mut visit: impl FnMut(&Update<'_>)) -> Result<(), FeedError> {
    let mut reader = XmlReader::new(NAME, content)?;
    reader.root("updates")?;
    reader.children(|reader, element| {
        if element.name == "update" {
            let update = wire::read_update(reader, element)?;
            if update.status != "retracted" {
                visit(&update);
            }
        }
        Ok(())
    })
}

fn build(package: &Package<'_>) -> Option<Build> {
    let version = version_of(&package.epoch, &package.version, &package.release).ok()?;
    Some((package.name.to_string(), package.architecture.to_string(), version.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_update_asks_for_is_told_of_its_builds() {
        let package = |name: &str, asks: &str| {
            format!("<package name='{name}' version='2' release='1' epoch='1' arch='noarch'>{asks}</package>")
        };
        let content = format!(
            "<updates><update status='stable' type='security'><id>SUSE-2026-1</id><pkglist><collection>{}{}{}</collection>\
             </pkglist></update></updates>",
            package("plain", "<filename>plain.rpm</filename>"),
            package("kernel", "<filename>k.rpm</filename><reboot_suggested>True</reboot_suggested>"),
            package(
                "zypper",
                "<restart_suggested>1</restart_suggested><reboot_suggested>0</reboot_suggested>"
            ),
        );
        let found = notices(content.as_bytes()).expect("readable");
        let build = |name: &str| (name.to_owned(), "noarch".to_owned(), "1:2-1".to_owned());
        assert_eq!(found.reboot, HashSet::from([build("kernel")]));
        assert_eq!(found.restart, HashSet::from([build("zypper")]));
        assert_eq!(found.security.len(), 3);
        assert_eq!(notices(b"<updates></updates>").expect("nothing"), Notices::default());
    }
}
