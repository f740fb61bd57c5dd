//! What changed between two reports: what opened, what was closed, what nobody can tell any more.
//!
//! A hole that the later report does not mention counts as closed only where that report is whole: otherwise the feed
//! that told of it may only be missing.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::documents::Identity;
use super::schema::Report;
use crate::model::feed::CompletenessLevel;
use crate::model::finding::{Finding, Verdict};
use crate::model::package::PackageKey;
use crate::model::severity::Severity;
use crate::model::summary::vulnerabilities;
use crate::model::version::Version;

/// Name of [`ReportDifference`].
pub const REPORT_DIFFERENCE_SCHEMA: &str = "patchctl.report-diff/1";

/// How two reports differ.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReportDifference {
    /// Name and version of the document.
    #[serde(flatten)]
    pub identity: Identity,
    /// The first report.
    pub before: Side,
    /// The second report.
    pub after: Side,
    /// What makes the comparison doubtful: another host, another release, a result that is not whole.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub doubts: Vec<String>,
    /// Open in the second alone, worst first.
    pub opened: Vec<HoleChange>,
    /// Open in the first alone, and closed.
    pub closed: Vec<HoleChange>,
    /// Open in the first, and the second cannot tell.
    pub lost: Vec<HoleChange>,
    /// Open in both, with another verdict.
    pub turned: Vec<HoleChange>,
    /// Open in both, with the same verdict.
    pub unchanged: u64,
    /// Packages whose version differs, sorted.
    pub packages: Vec<PackageChange>,
}

/// One of the two reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Side {
    /// The host; absent when the report failed before it was known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub host: Option<String>,
    /// The verb that made it.
    pub command: String,
    /// When it was made.
    pub finished: DateTime<Utc>,
    /// Open vulnerabilities, by package.
    pub open: u64,
}

/// One vulnerability in one package, before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HoleChange {
    /// The vulnerability; for an unnamed one, the source package.
    pub vulnerability: String,
    /// The binary package.
    #[serde(flatten)]
    pub package: PackageKey,
    /// The vendor's word.
    pub severity: Severity,
    /// Exploited in the wild.
    pub known_exploited: bool,
    /// The verdict in the first report; absent where it does not mention it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub before: Option<Verdict>,
    /// The verdict in the second.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub after: Option<Verdict>,
}

/// One package in two versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PackageChange {
    /// The binary package.
    #[serde(flatten)]
    pub package: PackageKey,
    /// The version in the first report; absent where it is not installed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub before: Option<Version>,
    /// The version in the second.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub after: Option<Version>,
}

/// Findings by what they are about, each by its worst verdict.
type Holes<'r> = BTreeMap<(&'r str, PackageKey), &'r Finding>;

/// Compares two reports.
pub fn compare(before: &Report, after: &Report, created: DateTime<Utc>) -> ReportDifference {
    let (first, second) = (holes(before), holes(after));
    let mut difference = ReportDifference {
        identity: Identity::of(REPORT_DIFFERENCE_SCHEMA, created),
        before: side(before, &first),
        after: side(after, &second),
        doubts: doubts(before, after),
        opened: Vec::new(),
        closed: Vec::new(),
        lost: Vec::new(),
        turned: Vec::new(),
        unchanged: 0,
        packages: packages(before, after),
    };
    let whole = is_whole(after);
    let mut keys: Vec<_> = first.keys().chain(second.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        let (old, new) = (first.get(key).copied(), second.get(key).copied());
        if let Some((list, change)) = judge(key, (old, new), whole) {
            difference.list(list).push(change);
        } else if is_open(old) && is_open(new) {
            difference.unchanged += 1;
        }
    }
    let worst_first = |change: &HoleChange| (!change.known_exploited, std::cmp::Reverse(change.severity));
    for list in [List::Opened, List::Closed, List::Lost, List::Turned] {
        difference.list(list).sort_by_key(worst_first);
    }
    difference
}

/// Where a change is told.
#[derive(Clone, Copy)]
enum List {
    Opened,
    Closed,
    Lost,
    Turned,
}

impl ReportDifference {
    fn list(&mut self, list: List) -> &mut Vec<HoleChange> {
        match list {
            List::Opened => &mut self.opened,
            List::Closed => &mut self.closed,
            List::Lost => &mut self.lost,
            List::Turned => &mut self.turned,
        }
    }

    /// Tells whether nothing differs.
    pub fn is_empty(&self) -> bool {
        [&self.opened, &self.closed, &self.lost, &self.turned].iter().all(|list| list.is_empty())
            && self.packages.is_empty()
    }
}

fn judge(
    (id, package): &(&str, PackageKey),
    (old, new): (Option<&Finding>, Option<&Finding>),
    whole: bool,
) -> Option<(List, HoleChange)> {
    let (was, is) = (old.map(|finding| finding.verdict), new.map(|finding| finding.verdict));
    let list = match (is_open(old), is_open(new)) {
        (false, true) => List::Opened,
        (true, true) if was != is => List::Turned,
        (true, false) if is == Some(Verdict::Unknown) || (is.is_none() && !whole) => List::Lost,
        (true, false) => List::Closed,
        _ => return None,
    };
    let told = new.or(old)?;
    let change = HoleChange {
        vulnerability: (*id).to_owned(),
        package: package.clone(),
        severity: told.severity,
        known_exploited: told.known_exploited,
        before: was,
        after: is,
    };
    Some((list, change))
}

fn is_open(finding: Option<&Finding>) -> bool {
    finding.is_some_and(|finding| finding.verdict.is_open())
}

fn holes(report: &Report) -> Holes<'_> {
    let mut holes = Holes::new();
    for finding in report.findings.iter().flatten() {
        let package = PackageKey {
            name: finding.package.name.clone(),
            architecture: finding.package.architecture.clone(),
        };
        for id in vulnerabilities(finding) {
            let told = holes.entry((id, package.clone())).or_insert(finding);
            // Two feeds may speak about one hole: what is open wins (verdicts are ordered so).
            if finding.verdict < told.verdict {
                *told = finding;
            }
        }
    }
    holes
}

fn side(report: &Report, holes: &Holes<'_>) -> Side {
    Side {
        host: report.host.as_ref().map(|host| host.name.clone()),
        command: report.command.clone(),
        finished: report.finished,
        open: holes.values().filter(|finding| finding.verdict.is_open()).count() as u64,
    }
}

fn is_whole(report: &Report) -> bool {
    let level = report.completeness.as_ref().map(|completeness| completeness.level);
    level == Some(CompletenessLevel::Full) && report.findings.is_some()
}

fn doubts(before: &Report, after: &Report) -> Vec<String> {
    let mut doubts = Vec::new();
    if let (Some(first), Some(second)) = (&before.host, &after.host) {
        if first.name != second.name {
            doubts.push(format!("two hosts: {} and {}", first.name, second.name));
        }
        if first.distribution.title() != second.distribution.title() {
            let (first, second) = (first.distribution.title(), second.distribution.title());
            doubts.push(format!("two releases: {first} and {second}"));
        }
    }
    for (which, report) in [("first", before), ("second", after)] {
        if report.findings.is_none() {
            doubts.push(format!("the {which} report judged nothing"));
        } else if !is_whole(report) {
            doubts.push(format!(
                "the {which} report is not whole: what it does not show is not known to be safe"
            ));
        }
    }
    if before.finished > after.finished {
        doubts.push("the first report is the newer one".to_owned());
    }
    doubts
}

fn packages(before: &Report, after: &Report) -> Vec<PackageChange> {
    // Without both lists nobody can tell what was removed.
    if before.packages.is_none() || after.packages.is_none() {
        return Vec::new();
    }
    let mut versions: BTreeMap<PackageKey, (Option<Version>, Option<Version>)> = BTreeMap::new();
    let key = |name: &_, architecture: &_| PackageKey {
        name: Clone::clone(name),
        architecture: Clone::clone(architecture),
    };
    for package in before.packages.iter().flatten() {
        versions.entry(key(&package.name, &package.architecture)).or_default().0 =
            Some(package.version.clone());
    }
    for package in after.packages.iter().flatten() {
        versions.entry(key(&package.name, &package.architecture)).or_default().1 =
            Some(package.version.clone());
    }
    let differing = versions.into_iter().filter(|(_, (before, after))| before != after);
    differing.map(|(package, (before, after))| PackageChange { package, before, after }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::text::samples;
    use super::*;

    fn names(changes: &[HoleChange]) -> Vec<&str> {
        changes.iter().map(|change| change.vulnerability.as_str()).collect()
    }

    #[test]
    fn what_is_gone_is_closed_only_where_the_later_report_is_whole() {
        let before = samples::scan();
        let mut after = samples::scan();
        let findings = after.findings.as_mut().expect("it has findings");
        findings.retain(|finding| &*finding.advisory != "CVE-2026-11300");
        for finding in findings.iter_mut().filter(|finding| &*finding.advisory == "CVE-2026-2301") {
            finding.verdict = Verdict::Unknown;
        }
        let difference = compare(&before, &after, samples::now());
        assert_eq!(names(&difference.closed), ["CVE-2026-11300"]);
        assert_eq!(names(&difference.lost), ["CVE-2026-2301", "CVE-2026-2301"], "unknown is not closed");
        assert!(difference.opened.is_empty() && difference.doubts.is_empty());
        after.completeness = None;
        let difference = compare(&before, &after, samples::now());
        assert_eq!((difference.closed.len(), difference.lost.len(), difference.doubts.len()), (0, 3, 1));
    }

    #[test]
    fn what_is_new_is_opened_and_another_verdict_is_told() {
        let after = samples::scan();
        let mut before = samples::scan();
        let findings = before.findings.as_mut().expect("it has findings");
        findings[0].verdict = Verdict::VulnerableNoFix;
        findings.truncate(3);
        let difference = compare(&before, &after, samples::now());
        assert_eq!(names(&difference.turned), ["CVE-2026-11234"]);
        assert_eq!(difference.unchanged, 2);
        assert_eq!(difference.opened.len() as u64, difference.after.open - 3);
        assert!(compare(&after, &after, samples::now()).is_empty());
    }
}
