//! The table of advisory feeds. A new vendor is a new file and a line here.

use super::alma_errata::AlmaErrata;
use super::alpine_secdb::AlpineSecdb;
use super::arch_tracker::ArchTracker;
use super::debian_lists::DebianLists;
use super::debian_security_support::DebianSecuritySupport;
use super::debian_tracker::DebianTracker;
use super::osv::Osv;
use super::redhat_csaf::RedHatCsaf;
use super::suse_csaf::SuseCsaf;
use super::threats::{ExploitPredictionFeed, KnownExploitedFeed};
use super::ubuntu_vex::UbuntuVex;
use super::updateinfo::Updateinfo;
use super::{Addressing, AdvisoryFeed, PublishedSource, ThreatFeed};
use crate::model::distro::Distribution;
use crate::model::feed::FeedRole;

/// Every advisory feed that patchctl can read.
#[rustfmt::skip] // One line a feed.
pub const FEEDS: &[&dyn AdvisoryFeed] = &[
    &DebianTracker,
    &DebianLists,
    &DebianSecuritySupport,
    &Osv,
    &UbuntuVex,
    &Updateinfo,
    &AlmaErrata,
    &RedHatCsaf,
    &SuseCsaf,
    &AlpineSecdb,
    &ArchTracker,
];

/// Every catalogue of attacks that patchctl can read.
pub const THREATS: &[&dyn ThreatFeed] = &[&KnownExploitedFeed, &ExploitPredictionFeed];

/// A format that patchctl can read.
#[derive(Clone, Copy)]
pub enum Format {
    /// Statements about packages.
    Advisories(&'static dyn AdvisoryFeed),
    /// What is known about attacks.
    Threats(&'static dyn ThreatFeed),
}

impl Format {
    /// Returns the name that configuration and reports use.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Advisories(feed) => feed.name(),
            Self::Threats(feed) => feed.name(),
        }
    }

    /// Returns what its statements are used for.
    pub fn role(&self) -> FeedRole {
        match self {
            Self::Advisories(feed) => feed.role(),
            Self::Threats(_) => FeedRole::Threats,
        }
    }

    /// Returns how its content is found from the address of a source.
    pub fn addressing(&self) -> Addressing {
        match self {
            Self::Advisories(feed) => feed.addressing(),
            Self::Threats(_) => Addressing::Direct,
        }
    }

    /// Returns where the content lies, given an address that may be that of a folder, with a slash at its end: of an rpm
    /// repository, of CSAF documents, or one that holds a file with the name of the source, as an unpacked bundle does.
    pub fn location(&self, address: &str, source: &str) -> String {
        let in_folder = match self.addressing() {
            _ if !address.ends_with('/') => "",
            Addressing::Repository => "repodata/repomd.xml",
            Addressing::Folder(archive) => archive.list(),
            Addressing::Direct => source,
        };
        format!("{address}{in_folder}")
    }

    /// Tells whether it is published as an archive of documents, which may be far larger than memory.
    pub fn is_archive(&self) -> bool {
        match self {
            Self::Advisories(feed) => feed.is_archive(),
            Self::Threats(_) => false,
        }
    }

    /// Tells whether it can say anything about a distribution.
    pub fn covers(&self, distribution: &Distribution) -> bool {
        match self {
            Self::Advisories(feed) => feed.covers(distribution),
            Self::Threats(_) => true,
        }
    }
}

/// Returns the format of that name.
pub fn find(name: &str) -> Option<Format> {
    let formats = FEEDS.iter().map(|feed| Format::Advisories(*feed));
    formats.chain(THREATS.iter().map(|feed| Format::Threats(*feed))).find(|format| format.name() == name)
}

/// Returns what is published about a distribution's packages, and about attacks where anything is, each with the format
/// that reads it.
pub fn published(distribution: &Distribution) -> Vec<(Format, PublishedSource)> {
    let covering = FEEDS.iter().copied().filter(|feed| feed.covers(distribution));
    let of_feed = |feed: &'static dyn AdvisoryFeed| {
        feed.published(distribution).into_iter().map(move |source| (Format::Advisories(feed), source))
    };
    let mut published: Vec<_> = covering.flat_map(of_feed).collect();
    if !published.is_empty() {
        published.extend(THREATS.iter().map(|feed| {
            let (name, location) = (feed.name().to_owned(), feed.location().to_owned());
            (Format::Threats(*feed), PublishedSource { name, location })
        }));
    }
    published
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::feed::{FORMATS, format_of_name};

    #[test]
    fn address_of_a_folder_leads_to_what_lies_in_it() {
        for (format, address, location) in [
            ("osv", "https://mirror.example.org/osv.zip", "https://mirror.example.org/osv.zip"),
            ("osv", "/srv/feeds/", "/srv/feeds/own"),
            ("updateinfo", "/srv/repository/", "/srv/repository/repodata/repomd.xml"),
            (
                "redhat-csaf",
                "https://mirror.example.org/vex/",
                "https://mirror.example.org/vex/archive_latest.txt",
            ),
            (
                "suse-csaf",
                "https://mirror.example.org/csaf-vex/",
                "https://mirror.example.org/csaf-vex/changes.csv",
            ),
        ] {
            assert_eq!(find(format).expect("known").location(address, "own"), location);
        }
    }

    #[test]
    fn configuration_knows_every_format_and_every_name_of_a_default_source() {
        let advisories = FEEDS.iter().map(|feed| feed.name());
        let all: Vec<&str> = advisories.chain(THREATS.iter().map(|feed| feed.name())).collect();
        assert_eq!(all, FORMATS);
        for (id, version, codename) in [
            ("debian", "12", "bookworm"),
            ("ubuntu", "24.04", "noble"),
            ("rhel", "9.4", ""),
            ("almalinux", "9.4", ""),
            ("rocky", "9.4", ""),
            ("ol", "9.4", ""),
            ("amzn", "2023", ""),
            ("fedora", "40", ""),
            ("sles", "15.6", ""),
            ("opensuse-leap", "15.6", ""),
            ("alpine", "3.20.1", ""),
            ("arch", "", ""),
        ] {
            let published = published(&Distribution::new(id, version, codename));
            assert!(!published.is_empty(), "{id}");
            for (format, source) in published {
                assert_eq!(format_of_name(&source.name), Some(format.name()), "{}", source.name);
            }
        }
    }
}
