//! Red Hat's names of packages, modules and platforms: package URLs and CPEs.

use std::borrow::Cow;

use super::super::csaf::Part;

/// A package URL of an rpm or a module (<https://github.com/package-url/purl-spec>, type `rpm`; `rpmmod` is Red Hat's).
pub(super) struct PackageUrl<'p> {
    /// `rpm`, `rpmmod`, `oci` …
    pub(super) kind: &'p str,
    pub(super) name: Cow<'p, str>,
    /// Empty where all versions are meant.
    pub(super) version: Cow<'p, str>,
    qualifiers: &'p str,
}

impl<'p> PackageUrl<'p> {
    /// Takes a package URL apart; none for what is no such thing.
    pub(super) fn parse(text: &'p str) -> Option<Self> {
        let (path, qualifiers) =
            text.strip_prefix("pkg:")?.split_once('?').unwrap_or((text.strip_prefix("pkg:")?, ""));
        let (kind, path) = path.split_once('/')?;
        let (path, version) = path.split_once('@').unwrap_or((path, ""));
        let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
        (!name.is_empty()).then(|| Self { kind, name: decoded(name), version: decoded(version), qualifiers })
    }

    /// Returns a qualifier, decoded; empty where it is not there.
    pub(super) fn qualifier(&self, key: &str) -> Cow<'p, str> {
        let found =
            self.qualifiers.split('&').filter_map(|pair| pair.split_once('=')).find(|pair| pair.0 == key);
        found.map_or(Cow::Borrowed(""), |(_, value)| decoded(value))
    }

    /// Returns `name:stream` of a module, from the URL of the module itself (`pkg:rpmmod/redhat/virt@rhel:8060…:ad…`)
    /// or from the qualifier of one of its packages (`rpmmod=go-toolset:rhel8`).
    pub(super) fn module(&self) -> Option<String> {
        let (name, rest) = match self.kind {
            "rpmmod" => (self.name.as_ref().to_owned(), self.version.clone().into_owned()),
            _ => {
                let qualifier = self.qualifier("rpmmod");
                let (name, rest) = qualifier.split_once(':')?;
                (name.to_owned(), rest.to_owned())
            }
        };
        let stream = rest.split(':').next().filter(|stream| !stream.is_empty() && !name.is_empty())?;
        Some(format!("{name}:{stream}"))
    }
}

/// Undoes the percent signs of a package URL; what is no such sign stays.
fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        plain.push_str(before);
        match after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(u8::is_ascii) {
            Some(byte) => {
                plain.push(char::from(byte));
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                plain.push('%');
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

/// Tells which part of a release of RHEL a platform's CPE is. `cpe:/o:redhat:enterprise_linux:9` is all of RHEL 9, and
/// with an edition (`:9::appstream`) one of its repositories. Streams of a minor release have products of their own
/// (`rhel_eus:9.2`, `rhel_aus`, `rhel_e4s`, `rhel_tus`, `rhel_els`): their fixes have other versions, and are not for
/// hosts that do not have them (vulsio/goval-dictionary issue 85). Layered products say in the edition on which
/// release they run (`openshift:4.12::el8`).
pub(super) fn part<'a>(cpe: &Cow<'a, str>, version: &str) -> Part<'a> {
    let major = version.split('.').next().unwrap_or(version);
    let fields: Vec<&str> = cpe.split(':').collect();
    let field = |place: usize| fields.get(place).copied().unwrap_or_default();
    let (product, product_version, edition) = (field(3), field(4), field(6));
    let is_release = matches!(product, "enterprise_linux" | "rhel") || product.starts_with("rhel_");
    let is_of_major = product_version.split('.').next() == Some(major);
    let runs_on = edition.strip_prefix("el").is_some_and(|number| number == major);
    match field(2) {
        "redhat" if product == "enterprise_linux" && product_version == major && edition.is_empty() => {
            Part::Whole
        }
        "redhat" if (is_release && is_of_major && !runs_elsewhere(edition, major)) || runs_on => {
            Part::Channel(cpe.clone())
        }
        _ => Part::Elsewhere,
    }
}

/// `rhel_software_collections:3::el7` is a release of the collections, for another release of RHEL.
fn runs_elsewhere(edition: &str, major: &str) -> bool {
    let number = edition.strip_prefix("el").unwrap_or_default();
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) && number != major
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_urls_tell_name_version_and_module() {
        let url = PackageUrl::parse(
            "pkg:rpm/redhat/python-nose-docs@1.3.7-30.module%2Bel8.4.0%2B15040%2B36b018e7.1?arch=noarch&epoch=1",
        )
        .expect("a package URL");
        assert_eq!((url.kind, url.name.as_ref()), ("rpm", "python-nose-docs"));
        assert_eq!(url.version, "1.3.7-30.module+el8.4.0+15040+36b018e7.1");
        assert_eq!((url.qualifier("arch").as_ref(), url.qualifier("epoch").as_ref()), ("noarch", "1"));
        assert_eq!((url.qualifier("none").as_ref(), url.module()), ("", None));
        for (text, module) in [
            ("pkg:rpmmod/redhat/virt@rhel:8060020230403063348:ad008a3a", Some("virt:rhel")),
            ("pkg:rpmmod/redhat/python36@3.6:8040020241213073301:9bf6f064", Some("python36:3.6")),
            ("pkg:rpm/redhat/go-toolset@rhel8?arch=src&rpmmod=go-toolset:rhel8", Some("go-toolset:rhel8")),
            ("pkg:rpm/redhat/npm@1-1?arch=x86_64&rpmmod=nodejs%3A18:8090:abc", Some("nodejs:18")),
            ("pkg:rpm/redhat/firefox-flatpak@128.0-1.el10?arch=src&rpmmod=rhel10", None),
        ] {
            assert_eq!(PackageUrl::parse(text).expect(text).module().as_deref(), module, "{text}");
        }
        for text in ["", "pkg:", "pkg:rpm", "pkg:rpm/", "npm/x", "pkg:rpm/redhat/@1"] {
            assert!(PackageUrl::parse(text).is_none(), "{text}");
        }
        assert_eq!(decoded("a%2Bb%zz%e9%"), "a+b%zz%e9%");
    }

    #[test]
    fn goval_dictionary_85_minor_streams_are_channels_of_their_own() {
        let told = |cpe: &'static str| match part(&Cow::Borrowed(cpe), "9.4") {
            Part::Whole => "whole".to_owned(),
            Part::Channel(channel) => channel.into_owned(),
            Part::Elsewhere => "elsewhere".to_owned(),
        };
        assert_eq!(told("cpe:/o:redhat:enterprise_linux:9"), "whole");
        for channel in [
            "cpe:/a:redhat:enterprise_linux:9::appstream",
            "cpe:/o:redhat:enterprise_linux:9::baseos",
            "cpe:/o:redhat:enterprise_linux:9.2",
            "cpe:/a:redhat:rhel_eus:9.2::appstream",
            "cpe:/o:redhat:rhel_els:9",
            "cpe:/a:redhat:openshift:4.16::el9",
        ] {
            assert_eq!(told(channel), channel);
        }
        for cpe in [
            "cpe:/o:redhat:enterprise_linux:8",
            "cpe:/o:redhat:enterprise_linux:10",
            "cpe:/a:redhat:rhel_eus:8.6::appstream",
            "cpe:/a:redhat:rhel_software_collections:9::el7",
            "cpe:/a:redhat:openshift:4.12::el8",
            "cpe:/a:redhat:logging:5",
            "cpe:/a:redhat",
            "",
        ] {
            assert_eq!(told(cpe), "elsewhere", "{cpe}");
        }
    }
}
