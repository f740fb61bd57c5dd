//! Arch Linux's security tracker: groups of issues in packages of one base
//! (<https://security.archlinux.org/all.json>, and `vulnerable.json` with the open ones only).
//!
//! The name is that of the package, not of its base: the tracker's form accepts names of packages only
//! (`tracker/form/validators.py`, `ValidPackageNames`). `affected` is one version that is known to be affected, no
//! beginning of a range.
//!
//! | the vendor's status | our state |
//! |---|---|
//! | `Not affected`, whatever the versions say | not affected |
//! | `Fixed` with a version | fixed in it |
//! | `Testing` | open until the fixed version, which only a testing repository has |
//! | `Vulnerable` with a fixed version | open until it; no repository has it |
//! | `Vulnerable` without | unconfirmed: affected up to the version that is named, unknown beyond; such groups are left alone for years (archlinux/arch-security-tracker#237) |
//! | `Fixed`, `Testing` without a version | undetermined |
//! | `Unknown` | undetermined, until the fixed version where there is one |
//! | any other | undetermined, and counted as unread |

use std::borrow::Cow;

use serde::Deserialize;

use super::content::{Text, is_word, json};
use super::{AdvisoryFeed, FeedError, PublishedSource, Rows};
use crate::model::advisory::{Advisory, Affected, VendorState};
use crate::model::distro::Distribution;
use crate::model::severity::Severity;
use crate::model::vulnerability::CveId;

const NAME: &str = "arch-tracker";

/// The tracker of the Arch Linux security team.
#[derive(Clone, Copy, Debug)]
pub struct ArchTracker;

impl AdvisoryFeed for ArchTracker {
    fn name(&self) -> &'static str {
        NAME
    }

    /// Derivatives hold packages back or rebuild them, and have other versions.
    fn covers(&self, distribution: &Distribution) -> bool {
        distribution.id == "arch"
    }

    fn published(&self, _: &Distribution) -> Vec<PublishedSource> {
        let location = "https://security.archlinux.org/all.json";
        vec![PublishedSource { name: NAME.to_owned(), location: location.to_owned() }]
    }

    /// Arch has one release, so that every statement is about it.
    fn parse<'a>(&self, content: &'a [u8], _: &Distribution) -> Result<Rows<'a>, FeedError> {
        let groups: Vec<Group<'a>> = json(NAME, content)?;
        let mut rows = Rows { entries: groups.len() as u64, ..Rows::default() };
        rows.advisories.reserve(groups.len());
        for group in groups {
            match group.into_advisory(&mut rows) {
                Ok(advisory) => rows.advisories.push(advisory),
                Err((place, reason)) => rows.unread.add(&place, reason),
            }
        }
        Ok(rows)
    }
}

#[derive(Deserialize)]
struct Group<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    packages: Vec<Text<'a>>,
    #[serde(borrow)]
    status: Cow<'a, str>,
    #[serde(borrow)]
    severity: Cow<'a, str>,
    #[serde(borrow)]
    affected: Cow<'a, str>,
    #[serde(borrow)]
    fixed: Option<Text<'a>>,
    #[serde(borrow)]
    issues: Vec<Text<'a>>,
}

impl<'a> Group<'a> {
    /// Turns the group into a statement, or gives its name and what keeps it from being one.
    fn into_advisory(self, rows: &mut Rows<'a>) -> Result<Advisory<'a>, (String, String)> {
        let fault = |reason: String| (self.name.chars().take(40).collect(), reason);
        if !is_group(&self.name) {
            return Err(fault("not a group of the tracker: AVG-number is expected".to_owned()));
        }
        let versions = self.fixed.as_ref().map(|fixed| &fixed.0).into_iter().chain([&self.affected]);
        for version in versions {
            if !is_version(version) {
                return Err(fault(format!("not a version: {version:?}")));
            }
        }
        if let Some(package) = self.packages.iter().find(|package| !is_word(&package.0)) {
            return Err(fault(format!("not a package: {:?}", package.0)));
        }
        let template = self.statement();
        if !matches!(&*self.status, "Not affected" | "Fixed" | "Testing" | "Vulnerable" | "Unknown") {
            rows.unread.add(&self.name, format_args!("an unknown status: {:?}", self.status));
        }
        let mut vulnerabilities = Vec::with_capacity(self.issues.len());
        for Text(issue) in self.issues {
            match CveId::parse(&issue) {
                Some(_) => vulnerabilities.push(issue),
                None => rows.unread.add(&self.name, format_args!("not a CVE identifier: {issue:?}")),
            }
        }
        let affected =
            self.packages.into_iter().map(|package| Affected { name: package.0, ..template.clone() });
        Ok(Advisory {
            affected: affected.collect(),
            id: self.name,
            vulnerabilities,
            severity: severity(&self.severity),
            cvss_tenths: None,
            published: None,
        })
    }

    /// What the group says of each of its packages. The status comes first: a group that is not affected has versions
    /// too.
    fn statement(&self) -> Affected<'a> {
        let in_state = |state, note: Option<&'static str>| Affected {
            note: note.map(Cow::Borrowed),
            ..Affected::binary("", state)
        };
        let (row, fixed) = match (&*self.status, &self.fixed) {
            ("Not affected", _) => (in_state(VendorState::NotAffected, None), None),
            ("Fixed", Some(fixed)) => (in_state(VendorState::Fixed, None), Some(fixed)),
            ("Testing", Some(fixed)) => {
                let note = "the fixed version is in a testing repository only";
                (in_state(VendorState::Open, Some(note)), Some(fixed))
            }
            ("Vulnerable", Some(fixed)) => {
                let note = "the fixed version is in no repository yet";
                (in_state(VendorState::Open, Some(note)), Some(fixed))
            }
            ("Vulnerable", None) => {
                let note = "the tracker names one affected version and confirms nothing about later ones";
                let mut row = in_state(VendorState::Unconfirmed, Some(note));
                row.range.last_affected = Some(self.affected.clone());
                (row, None)
            }
            ("Fixed" | "Testing", None) => {
                let note = "called fixed without a fixed version";
                (in_state(VendorState::Undetermined, Some(note)), None)
            }
            ("Unknown", fixed) => (in_state(VendorState::Undetermined, None), fixed.as_ref()),
            (_, fixed) => {
                let note = "the tracker uses a status that this patchctl does not know";
                (in_state(VendorState::Undetermined, Some(note)), fixed.as_ref())
            }
        };
        match fixed {
            Some(Text(version)) => row.fixed_in(version.clone()),
            None => row,
        }
    }
}

/// `AVG-2901`
fn is_group(name: &str) -> bool {
    name.strip_prefix("AVG-").is_some_and(|number| {
        (1..=9).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn is_version(text: &str) -> bool {
    is_word(text)
}

fn severity(word: &str) -> Severity {
    match word {
        "Critical" => Severity::Critical,
        "High" => Severity::High,
        "Medium" => Severity::Medium,
        "Low" => Severity::Low,
        _ => Severity::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &str = include_str!("../../../tests/fixtures/arch-tracker/all.json");
    const SYNTHETIC: &str = include_str!("../../../tests/fixtures/arch-tracker/synthetic.json");

    fn parse(content: &str) -> Result<Rows<'_>, FeedError> {
        let release = Distribution::new("arch", "", "");
        ArchTracker.parse(content.as_bytes(), &release)
    }

    fn group<'r, 'a>(rows: &'r Rows<'a>, id: &str) -> &'r Advisory<'a> {
        rows.advisories.iter().find(|advisory| advisory.id == id).expect(id)
    }

    /// A group in a status, with and without a fixed version.
    fn one(status: &str, fixed: &str) -> (Affected<'static>, u64) {
        let content = format!(
            r#"[{{"name": "AVG-1", "packages": ["a"], "status": "{status}", "severity": "Low", "type": "x",
            "affected": "1-1", "fixed": {fixed}, "ticket": null, "issues": ["CVE-2024-0001"], "advisories": []}}]"#
        );
        let mut rows = parse(content.leak()).expect("well formed");
        (rows.advisories.remove(0).affected.remove(0), rows.unread.count)
    }

    #[test]
    fn real_groups_give_packages_issues_severity_and_fixed_version() {
        let rows = parse(ALL).expect("whole");
        assert_eq!((rows.entries, rows.advisories.len(), rows.unread.count), (14, 14, 0));
        let kernel = group(&rows, "AVG-2800");
        assert_eq!((kernel.severity, kernel.vulnerabilities.len()), (Severity::Critical, 5));
        let row = &kernel.affected[0];
        assert_eq!((row.name.as_ref(), row.state), ("linux-hardened", VendorState::Fixed));
        assert_eq!(row.range.fixed.as_deref(), Some("5.19.15.hardened2-1"));
        assert_eq!(group(&rows, "AVG-2781").affected[0].state, VendorState::Undetermined);
        let several = parse(SYNTHETIC).expect("whole");
        let glibc = group(&several, "AVG-1324");
        let names: Vec<_> = glibc.affected.iter().map(|row| row.name.as_ref()).collect();
        assert_eq!(names, ["glibc", "lib32-glibc"]);
        assert_eq!(group(&several, "AVG-2222").vulnerabilities.len(), 0);
    }

    #[test]
    fn vulnerablecode_not_affected_avg_is_decided_by_its_status_and_not_by_its_versions() {
        let rows = parse(ALL).expect("whole");
        let row = &group(&rows, "AVG-2737").affected[0];
        assert_eq!((row.state, row.range.fixed.as_deref()), (VendorState::NotAffected, None));
    }

    #[test]
    fn arch_security_tracker_237_a_stale_group_without_a_fix_confirms_nothing_beyond_its_version() {
        let rows = parse(ALL).expect("whole");
        let row = &group(&rows, "AVG-2901").affected[0];
        assert_eq!((row.name.as_ref(), row.state), ("pam", VendorState::Unconfirmed));
        assert_eq!((row.range.last_affected.as_deref(), row.range.fixed.as_deref()), (Some("1.7.0-2"), None));
    }

    #[test]
    fn every_status_is_kept_apart() {
        for (status, fixed, state, has_note, unread) in [
            ("Fixed", "\"1-2\"", VendorState::Fixed, false, 0),
            ("Fixed", "null", VendorState::Undetermined, true, 0),
            ("Testing", "\"1-2\"", VendorState::Open, true, 0),
            ("Testing", "null", VendorState::Undetermined, true, 0),
            ("Vulnerable", "\"1-2\"", VendorState::Open, true, 0),
            ("Vulnerable", "null", VendorState::Unconfirmed, true, 0),
            ("Unknown", "\"1-2\"", VendorState::Undetermined, false, 0),
            ("Unknown", "null", VendorState::Undetermined, false, 0),
            ("Not affected", "\"1-2\"", VendorState::NotAffected, false, 0),
            ("Rejected", "\"1-2\"", VendorState::Undetermined, true, 1),
        ] {
            let (row, count) = one(status, fixed);
            assert_eq!((row.state, row.note.is_some(), count), (state, has_note, unread), "{status} {fixed}");
            let is_bounded = fixed != "null" && state != VendorState::NotAffected;
            assert_eq!(row.range.fixed.is_some(), is_bounded, "{status} {fixed}");
        }
    }

    #[test]
    fn what_is_no_list_of_groups_is_refused_and_single_faults_are_counted() {
        let fault = |content: &str| parse(content).expect_err("refused").to_string();
        assert!(fault("<html>").contains("web page"));
        assert!(fault("{}").contains("line 1"));
        assert!(fault(&ALL[..700]).contains("[1]"));
        let text = fault(&ALL.replace("\"2.34.0-1\"", "3"));
        assert!(text.contains("line 10") && text.contains("[0].affected"), "{text}");
        assert!(fault(&ALL.replacen("\"status\"", "\"state\"", 1)).contains("status"));
        let broken = ALL
            .replace("AVG-5\"", "403 Forbidden\"")
            .replace("CVE-2016-6352", "CVE-x")
            .replace("\"4.8-1\"", "\"\"")
            .replace("\"jasper\"", "\"jas per\"");
        let rows = parse(&broken).expect("read");
        assert_eq!((rows.advisories.len(), rows.unread.count), (11, 4), "{:?}", rows.unread);
    }
}
