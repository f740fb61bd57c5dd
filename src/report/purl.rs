//! Package URLs: the names under which other tools know a package.
//!
//! Form and types as in the specification (<https://github.com/package-url/purl-spec>, `types-doc/{deb,rpm,apk,alpm}`):
//! `pkg:TYPE/NAMESPACE/NAME@VERSION?arch=…&distro=…`, qualifiers sorted by name, rpm's epoch as a qualifier.

use crate::model::distro::Distribution;
use crate::model::package::{Architecture, PackageName};
use crate::model::version::{Version, VersionScheme};

/// Returns the package URL of a package of a distribution; without one, the namespace is left out.
pub(super) fn purl(
    distribution: Option<&Distribution>,
    name: &PackageName,
    architecture: &Architecture,
    version: &Version,
) -> String {
    let (kind, vendor) = match version.scheme() {
        VersionScheme::Deb => ("deb", "debian"),
        VersionScheme::Rpm => ("rpm", "redhat"),
        VersionScheme::Apk => ("apk", "alpine"),
        VersionScheme::Alpm => ("alpm", "arch"),
    };
    let (epoch, text) = match (version.scheme(), version.as_str().split_once(':')) {
        (VersionScheme::Rpm, Some((epoch, rest))) => (Some(epoch), rest),
        _ => (None, version.as_str()),
    };
    let mut url = format!("pkg:{kind}/");
    if let Some(distribution) = distribution {
        url.push_str(&encoded(&namespace(&distribution.id, vendor)));
        url.push('/');
    }
    url.push_str(&format!(
        "{}@{}?arch={}",
        encoded(name.as_str()),
        encoded(text),
        encoded(architecture.as_str())
    ));
    if let Some(distribution) = distribution {
        let release = [distribution.id.as_str(), distribution.version.as_str()];
        let release: Vec<&str> = release.into_iter().filter(|part| !part.is_empty()).collect();
        url.push_str(&format!("&distro={}", encoded(&release.join("-"))));
    }
    if let Some(epoch) = epoch.filter(|epoch| *epoch != "0") {
        url.push_str(&format!("&epoch={}", encoded(epoch)));
    }
    url
}

/// The vendor in a package URL: what os-release calls `rhel` is `redhat` in Red Hat's own bills of materials, and the
/// flavours of openSUSE are one vendor.
fn namespace(id: &str, vendor: &str) -> String {
    match id {
        "" => vendor.to_owned(),
        "rhel" => "redhat".to_owned(),
        id if id.starts_with("opensuse") => "opensuse".to_owned(),
        id => id.to_ascii_lowercase(),
    }
}

/// Percent-encodes what a package URL may not hold plainly: all but letters, digits, `.-_~` and `:` (specification,
/// "Character encoding").
fn encoded(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b".-_~:".contains(&byte) {
            shown.push(char::from(byte));
        } else {
            shown.push_str(&format!("%{byte:02X}"));
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Release, version, package and architecture, and the package URL that they make.
    #[test]
    fn each_family_has_its_own_form() {
        let debian = Distribution::new("debian", "12", "bookworm");
        let fedora = Distribution::new("fedora", "25", "");
        let rhel = Distribution::new("rhel", "9.4", "");
        let leap = Distribution::new("opensuse-leap", "15.6", "");
        let alpine = Distribution::new("alpine", "3.20.3", "");
        let arch = Distribution::new("arch", "", "");
        for (release, version, (name, architecture), expected) in [
            (
                &debian,
                Version::deb("1:2.4.47-2+b1"),
                ("attr", "amd64"),
                "pkg:deb/debian/attr@1:2.4.47-2%2Bb1?arch=amd64&distro=debian-12",
            ),
            (
                &debian,
                Version::deb("1~rc1"),
                ("g++", "all"),
                "pkg:deb/debian/g%2B%2B@1~rc1?arch=all&distro=debian-12",
            ),
            (
                &fedora,
                Version::rpm("7.50.3-1.fc25"),
                ("curl", "i386"),
                "pkg:rpm/fedora/curl@7.50.3-1.fc25?arch=i386&distro=fedora-25",
            ),
            (
                &rhel,
                Version::rpm("1:1.1.1k-12.el9^git"),
                ("openssl", "x86_64"),
                "pkg:rpm/redhat/openssl@1.1.1k-12.el9%5Egit?arch=x86_64&distro=rhel-9.4&epoch=1",
            ),
            (
                &leap,
                Version::rpm("0:1-1"),
                ("NetworkManager", "noarch"),
                "pkg:rpm/opensuse/NetworkManager@1-1?arch=noarch&distro=opensuse-leap-15.6",
            ),
            (
                &alpine,
                Version::apk("7.83.0-r0"),
                ("curl", "x86"),
                "pkg:apk/alpine/curl@7.83.0-r0?arch=x86&distro=alpine-3.20.3",
            ),
            (
                &arch,
                Version::alpm("1:6.0.1-1"),
                ("pacman", "x86_64"),
                "pkg:alpm/arch/pacman@1:6.0.1-1?arch=x86_64&distro=arch",
            ),
        ] {
            let version = version.expect("valid");
            let url = purl(Some(release), &name.into(), &architecture.into(), &version);
            assert_eq!(url, expected);
        }
    }

    #[test]
    fn nothing_hostile_is_left_in_one() {
        let version = Version::deb("1").expect("valid");
        let url = purl(None, &"a\u{1b}[2J?x=1#\u{202e}/@".into(), &"&y=2".into(), &version);
        assert_eq!(url, "pkg:deb/a%1B%5B2J%3Fx%3D1%23%E2%80%AE%2F%40@1?arch=%26y%3D2");
    }
}
