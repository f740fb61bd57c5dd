//! What a vendor says of packages that it supports in part, or no longer, where the root itself holds the lists: Debian's
//! package `debian-security-support`, which the archive's signature covers. It is no statement about vulnerabilities, but
//! tells what "no finding" is worth.

use std::path::Path;

use chrono::NaiveDate;

use super::feed::AdvisoryFeed;
use super::feed::debian_security_support::{DebianSecuritySupport, SupportLimit, parse_limited};
use crate::host::storage;
use crate::model::advisory::{Advisory, Subject};
use crate::model::assessment::LimitedSupport;
use crate::model::package::{Inventory, PackageName};

/// Where the package keeps its lists, below a root.
const LISTS: &str = "usr/share/debian-security-support";
/// Largest list that is read; real ones have some ten thousand bytes.
const LARGEST_LIST: u64 = 1024 * 1024;

/// A line of a list.
struct Entry {
    subject: Subject,
    name: String,
    ends: Option<NaiveDate>,
    words: String,
}

/// Returns what of an inventory is supported in part or until a day, by source package. Lists that are not there, or
/// cannot be read, limit nothing.
pub fn limits(root: &Path, inventory: &Inventory) -> Vec<LimitedSupport> {
    if inventory.distribution.id != "debian" {
        return Vec::new();
    }
    let mut entries = ended(root, inventory);
    entries.extend(limited(root));
    if entries.is_empty() {
        return Vec::new();
    }
    let mut sources: Vec<_> = inventory.packages.iter().map(|package| &package.source.name).collect();
    sources.sort();
    sources.dedup();
    let of_source = |source: &PackageName| {
        let entry = entries.iter().find(|entry| entry.is_about(source.as_str()))?;
        Some(LimitedSupport { source: source.clone(), ends: entry.ends, words: entry.words.clone() })
    };
    sources.into_iter().filter_map(of_source).collect()
}

/// The sources whose support ends before that of the release.
fn ended(root: &Path, inventory: &Inventory) -> Vec<Entry> {
    let distribution = &inventory.distribution;
    let major = distribution.version.split('.').next().unwrap_or_default();
    let content = list(root, &format!("security-support-ended.deb{major}"));
    let Ok(rows) = DebianSecuritySupport.parse(&content, distribution) else { return Vec::new() };
    let entry = |advisory: &Advisory<'_>| {
        let affected = advisory.affected.first()?;
        let ends = advisory.published.map(|day| day.date_naive());
        let (name, words) =
            (affected.name.to_string(), affected.note.as_deref().unwrap_or_default().to_owned());
        Some(Entry { subject: affected.subject, name, ends, words })
    };
    rows.advisories.iter().filter_map(entry).collect()
}

/// The sources that are supported in part.
fn limited(root: &Path) -> Vec<Entry> {
    let content = list(root, "security-support-limited");
    let Ok((limits, _)) = parse_limited(&content) else { return Vec::new() };
    let entry = |limit: &SupportLimit<'_>| Entry {
        subject: limit.subject,
        name: limit.name.to_owned(),
        ends: None,
        words: limit.words.to_owned(),
    };
    limits.iter().map(entry).collect()
}

fn list(root: &Path, name: &str) -> Vec<u8> {
    storage::read_at_most(&root.join(LISTS).join(name), LARGEST_LIST).unwrap_or_default()
}

impl Entry {
    fn is_about(&self, source: &str) -> bool {
        match self.subject {
            Subject::SourcePrefix => source.starts_with(&self.name),
            _ => source == self.name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::distro::Distribution;
    use crate::scan::inventory::dpkg_status;
    use crate::scan::inventory::tests::Root;

    const ENDED: &str = include_str!("../../tests/fixtures/debian-security-support/ended.deb12");
    const LIMITED: &str = include_str!("../../tests/fixtures/debian-security-support/limited");

    fn inventory(distribution: Distribution, sources: &[&str]) -> Inventory {
        let stanza = |name: &&str| {
            format!("Package: {name}\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n\n")
        };
        let status: String = sources.iter().map(stanza).collect();
        Inventory {
            distribution,
            packages: dpkg_status::parse(status.as_bytes(), "status").expect("well formed"),
            enabled_modules: Vec::new(),
            kernels: Default::default(),
            digest: crate::model::digest::Sha256::of(b""),
        }
    }

    #[test]
    fn installed_sources_with_limits_are_told_with_the_vendors_words() {
        let ended = format!("{LISTS}/security-support-ended.deb12");
        let limited = format!("{LISTS}/security-support-limited");
        let root = Root::new("support", &[(&ended, ENDED), (&limited, LIMITED)]);
        let sources = ["adns", "bash", "golang-1.19", "php-horde-core", "suricata"];
        let bookworm = inventory(Distribution::new("debian", "12", "bookworm"), &sources);
        let told: Vec<_> = limits(&root.0, &bookworm)
            .iter()
            .map(|limit| (limit.source.to_string(), limit.ends.map(|day| day.to_string())))
            .collect();
        let expected = [
            ("adns", None),
            ("golang-1.19", None),
            ("php-horde-core", Some("2025-03-22")),
            ("suricata", Some("2026-04-30")),
        ];
        let expected = expected.map(|(name, day)| (name.to_owned(), day.map(str::to_owned)));
        assert_eq!(told, expected);
        let trixie = inventory(Distribution::new("debian", "13", "trixie"), &sources);
        assert_eq!(limits(&root.0, &trixie).len(), 2, "its list of ended support is another one");
        let ubuntu = inventory(Distribution::new("ubuntu", "22.04", "jammy"), &sources);
        assert!(limits(&root.0, &ubuntu).is_empty());
        assert!(limits(&Root::new("no-support", &[]).0, &bookworm).is_empty());
    }
}
