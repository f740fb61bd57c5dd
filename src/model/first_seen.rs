//! When findings were first seen on this host: due dates count from there where a vendor gives none.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::finding::{Finding, FindingPackage};
use super::vulnerability::{CveId, Identifier};

/// The dates of all findings, by feed and package. Thousands of findings share a handful of dates, and the packages of
/// one source share their findings, so each date is kept once with the names it holds for, and once for all packages
/// that have the same ones: a scan reads this every time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Kept")]
pub struct FirstSeen(BTreeMap<String, BTreeMap<String, Arc<Dates>>>);

/// As it is written: by feed, and by all the packages of the same dates, their names in one text with spaces between.
type Kept = BTreeMap<String, BTreeMap<String, Dates>>;

/// The dates of one package's findings by one feed: for each the statements that were new then, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "BTreeMap<DateTime<Utc>, Vec<Name>>")]
pub struct Dates(BTreeMap<DateTime<Utc>, Vec<Name>>);

/// The name of a vendor's statement, with room for the usual ones in place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Name {
    Cve(CveId),
    Text(Box<str>),
}

impl FirstSeen {
    /// Tells whether nothing was seen yet.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the dates of a package's findings by one feed; `package` writes itself as `name:architecture`.
    pub fn of(&self, feed: &str, package: &impl fmt::Display) -> Option<&Dates> {
        self.0.get(feed)?.get(&package.to_string()).map(Arc::as_ref)
    }

    /// Returns when a finding was first seen.
    pub fn date(&self, finding: &Finding) -> Option<DateTime<Utc>> {
        self.of(&finding.feed, &name_of(&finding.package))?.of(Identifier::of(&finding.advisory))
    }

    /// Notes when a finding was first seen, unless that is known.
    pub fn note(&mut self, finding: &Finding, date: DateTime<Utc>) {
        if self.date(finding).is_some() {
            return;
        }
        let of_feed = self.0.entry(finding.feed.to_string()).or_default();
        let dates = Arc::make_mut(of_feed.entry(name_of(&finding.package)).or_default());
        let names = dates.0.entry(date).or_default();
        let name = Name::from(Identifier::of(&finding.advisory));
        if let Err(place) = names.binary_search(&name) {
            names.insert(place, name);
        }
    }
}

impl Dates {
    /// Returns when a statement was first seen.
    pub fn of(&self, statement: Identifier<'_>) -> Option<DateTime<Utc>> {
        let has = |names: &[Name]| names.binary_search_by(|name| name.identifier().cmp(&statement)).is_ok();
        self.0.iter().find(|(_, names)| has(names)).map(|(date, _)| *date)
    }
}

/// Returns the name by which a package's dates are kept.
fn name_of(package: &FindingPackage) -> String {
    format!("{}:{}", package.name, package.architecture)
}

impl Name {
    fn identifier(&self) -> Identifier<'_> {
        match self {
            Self::Cve(cve) => Identifier::Cve(*cve),
            Self::Text(text) => Identifier::Text(text),
        }
    }
}

impl From<Identifier<'_>> for Name {
    fn from(identifier: Identifier<'_>) -> Self {
        match identifier {
            Identifier::Cve(cve) => Self::Cve(cve),
            Identifier::Text(text) => Self::Text(text.into()),
        }
    }
}

impl From<Kept> for FirstSeen {
    fn from(kept: Kept) -> Self {
        let each = |(packages, dates): (String, Dates)| -> Vec<(String, Arc<Dates>)> {
            let dates = Arc::new(dates);
            packages.split(' ').map(|package| (package.to_owned(), Arc::clone(&dates))).collect()
        };
        let of_feed = |(feed, by_packages): (String, BTreeMap<String, Dates>)| {
            (feed, by_packages.into_iter().flat_map(each).collect())
        };
        Self(kept.into_iter().map(of_feed).collect())
    }
}

impl Serialize for FirstSeen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(feed, packages)| (feed, by_dates(packages))))
    }
}

/// Puts packages of the same dates under one key.
fn by_dates(packages: &BTreeMap<String, Arc<Dates>>) -> BTreeMap<String, &Dates> {
    let mut alike: BTreeMap<&Dates, String> = BTreeMap::new();
    for (package, dates) in packages {
        let names = alike.entry(dates).or_default();
        if !names.is_empty() {
            names.push(' ');
        }
        names.push_str(package);
    }
    alike.into_iter().map(|(dates, names)| (names, dates)).collect()
}

/// A file that somebody edited need not be in order.
impl From<BTreeMap<DateTime<Utc>, Vec<Name>>> for Dates {
    fn from(mut dates: BTreeMap<DateTime<Utc>, Vec<Name>>) -> Self {
        dates.values_mut().for_each(|names| names.sort_unstable());
        Self(dates)
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.identifier())
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(NameVisitor)
    }
}

/// Reads a name without a copy of its text.
struct NameVisitor;

impl Visitor<'_> for NameVisitor {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a vendor's statement")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Name, E> {
        Ok(Identifier::of(text).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEDGER: &str = r#"{"debian-tracker":{"vim:amd64":{"2026-01-02T00:00:00Z":["CVE-2026-0002","CVE-2026-0001"],
        "2026-03-04T00:00:00Z":["TEMP-0000000-ABCDEF"]}}}"#;

    fn seen(statement: &str) -> Option<String> {
        let ledger: FirstSeen = serde_json::from_str(LEDGER).expect("a ledger");
        let dates = ledger.of("debian-tracker", &"vim:amd64").expect("known");
        dates.of(Identifier::of(statement)).map(|date| date.date_naive().to_string())
    }

    #[test]
    fn a_date_is_found_by_the_statement_also_in_an_edited_file() {
        assert_eq!(seen("CVE-2026-0001").as_deref(), Some("2026-01-02"));
        assert_eq!(seen("CVE-2026-0002").as_deref(), Some("2026-01-02"));
        assert_eq!(seen("TEMP-0000000-ABCDEF").as_deref(), Some("2026-03-04"));
        assert_eq!(seen("CVE-2026-0003"), None);
    }

    #[test]
    fn what_is_written_is_read_again_and_packages_of_the_same_dates_are_written_once() {
        let alike = LEDGER.replace("vim:amd64", "vim-common:all vim:amd64 xxd:amd64");
        let ledger: FirstSeen = serde_json::from_str(&alike).expect("a ledger");
        let text = serde_json::to_string(&ledger).expect("JSON");
        assert_eq!(ledger, serde_json::from_str(&text).expect("a ledger"));
        assert_eq!(text.matches("CVE-2026-0001").count(), 1, "{text}");
        for package in ["vim-common:all", "vim:amd64", "xxd:amd64"] {
            let dates = ledger.of("debian-tracker", &package).expect("known");
            assert!(dates.of(Identifier::of("CVE-2026-0002")).is_some(), "{package}");
        }
    }
}
