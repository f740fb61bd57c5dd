//! Findings put together by source package: one update closes them, so one entry tells them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::model::finding::{Finding, Verdict};
use crate::model::package::PackageName;
use crate::model::severity::{Exposure, Severity};
use crate::model::summary::vulnerabilities;

/// What can be done about a group today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remedy {
    /// The enabled repositories offer a newer version.
    Installable,
    /// A fix is known; no enabled repository offers it.
    NotOffered,
    /// There is no fix.
    None,
    /// Nobody can tell.
    Unknown,
}

/// The findings of one source package that share a remedy.
#[derive(Debug)]
pub(super) struct Group<'r> {
    /// The source package.
    pub(super) source: &'r PackageName,
    /// What can be done.
    pub(super) remedy: Remedy,
    /// The finding with the highest priority.
    pub(super) worst: &'r Finding,
    /// The worst severity.
    pub(super) severity: Severity,
    /// The binary packages, the one named like the source first, then the shortest.
    pub(super) binaries: Vec<&'r str>,
    /// The vulnerabilities.
    pub(super) vulnerabilities: BTreeSet<&'r str>,
    /// No feed names what the update closes.
    pub(super) is_unnamed: bool,
    /// Those exploited in the wild.
    pub(super) exploited: BTreeSet<&'r str>,
    /// The earliest due date.
    pub(super) due: Option<NaiveDate>,
    /// The widest exposure.
    pub(super) exposure: Exposure,
}

/// Groups the open and unknown findings, worst first.
pub(super) fn groups(findings: &[Finding]) -> Vec<Group<'_>> {
    let mut by_source: BTreeMap<(&PackageName, u8), Vec<&Finding>> = BTreeMap::new();
    for finding in findings.iter().filter(|finding| !finding.is_waived()) {
        if let Some(remedy) = remedy(finding) {
            by_source.entry((&finding.package.source.name, remedy as u8)).or_default().push(finding);
        }
    }
    let mut groups: Vec<Group<'_>> = by_source.into_values().filter_map(|members| group(&members)).collect();
    groups.sort_by(|a, b| rank(b).partial_cmp(&rank(a)).unwrap_or(std::cmp::Ordering::Equal));
    groups
}

/// Worst last: exploited, score, severity, how many; the sort is stable, so names stay in order.
fn rank(group: &Group<'_>) -> (bool, f64, Severity, usize) {
    let score = group.worst.priority.score;
    (!group.exploited.is_empty(), score, group.severity, group.vulnerabilities.len())
}

fn remedy(finding: &Finding) -> Option<Remedy> {
    match finding.verdict {
        Verdict::Vulnerable if finding.is_installable() => Some(Remedy::Installable),
        Verdict::Vulnerable => Some(Remedy::NotOffered),
        Verdict::VulnerableNoFix => Some(Remedy::None),
        Verdict::Unknown => Some(Remedy::Unknown),
        Verdict::MitigatedLive | Verdict::Fixed | Verdict::NotAffected => None,
    }
}

fn group<'r>(members: &[&'r Finding]) -> Option<Group<'r>> {
    let worst = members.iter().copied().max_by(|a, b| a.priority.score.total_cmp(&b.priority.score))?;
    let source = &worst.package.source.name;
    let names: BTreeSet<&str> = members.iter().map(|finding| finding.package.name.as_str()).collect();
    let mut binaries: Vec<&str> = names.into_iter().collect();
    // The shortest name is the library itself rather than its tools and headers.
    binaries.sort_by_key(|name| (*name != source.as_str(), name.len()));
    let exploited = members.iter().filter(|finding| finding.known_exploited);
    Some(Group {
        source,
        remedy: remedy(worst)?,
        worst,
        severity: members.iter().map(|finding| finding.severity).max()?,
        binaries,
        vulnerabilities: members.iter().flat_map(|finding| vulnerabilities(finding)).collect(),
        is_unnamed: members.iter().all(|finding| finding.is_unnamed()),
        exploited: exploited.flat_map(|finding| vulnerabilities(finding)).collect(),
        due: members.iter().filter_map(|finding| finding.due).min(),
        exposure: members.iter().map(|finding| finding.exposure).max()?,
    })
}

impl Group<'_> {
    /// Returns the packages in at most `room` columns: source first, then as many binary packages as fit, then how
    /// many more.
    pub(super) fn title(&self, room: usize) -> String {
        let source = self.source.as_str();
        let others: Vec<&str> = self.binaries.iter().copied().filter(|name| *name != source).collect();
        let mut title = source.to_owned();
        let separator = if others.len() == self.binaries.len() { ": " } else { ", " };
        for (place, name) in others.iter().enumerate() {
            let left_over = others.len() - place - 1;
            let next = format!("{title}{}{name}", if place == 0 { separator } else { ", " });
            let needed = next.len() + if left_over == 0 { 0 } else { format!(" (+{left_over})").len() };
            if needed > room {
                return format!("{title} (+{})", left_over + 1);
            }
            title = next;
        }
        title
    }

    /// Returns the version that the group's remedy brings, where there is one.
    pub(super) fn target(&self) -> Option<&str> {
        match self.remedy {
            Remedy::Installable => self.worst.candidate.as_ref().map(|candidate| candidate.version.as_str()),
            _ => None,
        }
    }
}
