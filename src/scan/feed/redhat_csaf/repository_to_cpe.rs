//! Red Hat's `repository-to-cpe.json`: which products the repositories of a host stand for.
//!
//! Published at <https://security.access.redhat.com/data/metrics/repository-to-cpe.json>.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::super::FeedError;
use super::super::content::{Text, malformed, refuse_no_feed};

const NAME: &str = "repository-to-cpe";

/// The products of a host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostProducts {
    /// CPEs, which are the channels of Red Hat's statements.
    pub channels: BTreeSet<String>,
    /// Repositories that the file does not know: whose packages nobody speaks about there.
    pub unknown: Vec<String>,
}

/// Returns the products of a host with these repositories enabled, by their names in dnf (`rhel-9-for-x86_64-…`).
///
/// # Errors
/// The content is not what Red Hat publishes.
pub fn products_of(content: &[u8], repositories: &[&str]) -> Result<HostProducts, FeedError> {
    refuse_no_feed(NAME, content, "JSON")?;
    let mut found = Found { wanted: repositories, seen: BTreeSet::new(), channels: BTreeSet::new() };
    let mut reader = serde_json::Deserializer::from_slice(content);
    let read = reader.deserialize_map(Document(&mut found)).and_then(|()| reader.end());
    read.map_err(|error| malformed(NAME, (error.line(), error.column()), &error.to_string()))?;
    let unknown = repositories.iter().filter(|name| !found.seen.contains(**name));
    Ok(HostProducts { unknown: unknown.map(|name| (*name).to_owned()).collect(), channels: found.channels })
}

/// Returns the products of an ordinary host of a release, whose repositories nobody could find out: the release's main
/// line, without the streams of its minor releases.
pub fn usual_products(major: &str) -> BTreeSet<String> {
    const EDITIONS: [(&str, &str); 15] = [
        ("a", "appstream"),
        ("o", "baseos"),
        ("a", "crb"),
        ("a", "highavailability"),
        ("a", "resilientstorage"),
        ("a", "realtime"),
        ("a", "nfv"),
        ("a", "sap"),
        ("a", "sap_hana"),
        ("a", "supplementary"),
        ("o", "server"),
        ("o", "client"),
        ("o", "workstation"),
        ("o", "computenode"),
        ("o", "hypervisor"),
    ];
    EDITIONS
        .iter()
        .map(|(part, edition)| format!("cpe:/{part}:redhat:enterprise_linux:{major}::{edition}"))
        .collect()
}

struct Found<'r> {
    wanted: &'r [&'r str],
    seen: BTreeSet<String>,
    channels: BTreeSet<String>,
}

/// `{"data": {repository: …}}`
struct Document<'f, 'r>(&'f mut Found<'r>);

impl<'de> Visitor<'de> for Document<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with data")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut has_data = false;
        while let Some(Text(field)) = map.next_key()? {
            if field == "data" {
                has_data = true;
                map.next_value_seed(Repositories(&mut *self.0))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        if has_data { Ok(()) } else { Err(serde::de::Error::missing_field("data")) }
    }
}

struct Repositories<'f, 'r>(&'f mut Found<'r>);

impl<'de> DeserializeSeed<'de> for Repositories<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Repositories<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of repositories")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Text(name)) = map.next_key()? {
            if !self.0.wanted.contains(&name.as_ref()) {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let repository: Repository<'_> = map.next_value()?;
            self.0.channels.extend(repository.cpes.into_iter().map(|Text(cpe)| cpe.into_owned()));
            self.0.seen.insert(name.into_owned());
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct Repository<'a> {
    #[serde(borrow)]
    cpes: Vec<Text<'a>>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FILE: &str = r#"{"data": {
        "rhel-9-for-x86_64-appstream-rpms": {"cpes": ["cpe:/a:redhat:enterprise_linux:9::appstream"],
            "repo_relative_urls": ["content/dist/rhel9/9/x86_64/appstream/os"]},
        "rhel-9-for-x86_64-baseos-eus-rpms": {"cpes": ["cpe:/o:redhat:rhel_eus:9.2::baseos",
            "cpe:/o:redhat:rhel_eus:9.4::baseos"], "repo_relative_urls": []}}}"#;

    #[test]
    fn repositories_of_a_host_give_its_products_and_strangers_are_told() {
        let names = ["rhel-9-for-x86_64-appstream-rpms", "rhel-9-for-x86_64-baseos-eus-rpms", "epel"];
        let found = products_of(FILE.as_bytes(), &names).expect("whole");
        let channels: Vec<_> = found.channels.iter().map(String::as_str).collect();
        assert_eq!(
            channels,
            [
                "cpe:/a:redhat:enterprise_linux:9::appstream",
                "cpe:/o:redhat:rhel_eus:9.2::baseos",
                "cpe:/o:redhat:rhel_eus:9.4::baseos",
            ]
        );
        assert_eq!(found.unknown, ["epel"]);
    }

    #[test]
    fn what_is_no_such_file_is_refused() {
        let fault = |content: &str| products_of(content.as_bytes(), &["a"]).expect_err("refused").to_string();
        assert!(fault("").contains("empty"));
        assert!(fault("<html>").contains("web page"));
        assert!(fault("{}").contains("data"));
        assert!(fault(r#"{"data": {"a": {"cpes": 3}}}"#).contains("line 1, column "));
        assert!(fault(&FILE[..200]).contains("line"));
    }

    #[test]
    fn usual_products_leave_out_streams_of_minor_releases() {
        let usual = usual_products("9");
        assert!(usual.contains("cpe:/o:redhat:enterprise_linux:9::baseos"));
        assert!(usual.iter().all(|cpe| cpe.contains(":enterprise_linux:9::")));
    }

    proptest! {
        #[test]
        fn no_damage_makes_the_reader_panic(at in 0..FILE.len(), byte in any::<u8>()) {
            let mut bytes = FILE.as_bytes().to_vec();
            bytes[at] = byte;
            let _ = products_of(&bytes, &["rhel-9-for-x86_64-appstream-rpms"]);
        }
    }
}
