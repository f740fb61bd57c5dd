//! Many hosts in one document: who stands worst, which holes are everywhere, which packages differ where they should not.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::compliance::{ComplianceState, is_left};
use super::documents::Identity;
use super::format::Format;
use super::schema::Report;
use super::{csv, html};
use crate::model::feed::CompletenessLevel;
use crate::model::outcome::Outcome;
use crate::model::severity::Severity;
use crate::model::summary::vulnerabilities;

/// Name of [`Fleet`].
pub const FLEET_SCHEMA: &str = "patchctl.fleet/1";

/// Hosts whose names a hole or a version carries; more are counted.
const NAMED: usize = 5;

/// What the reports of many hosts tell together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Fleet {
    /// Name and version of the document.
    #[serde(flatten)]
    pub identity: Identity,
    /// The hosts, worst first.
    pub hosts: Vec<FleetHost>,
    /// Open holes that more than one host has, those of most hosts first.
    pub common: Vec<CommonHole>,
    /// Packages in several versions on hosts of one release, those with most versions first.
    pub skew: Vec<VersionSkew>,
    /// Files that are no report, with the reason: their hosts are not in the table.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub unreadable: Vec<Unreadable>,
    /// What was left out: older reports of a host.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub left_out: Vec<String>,
}

/// One host, by its newest report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FleetHost {
    /// Its name.
    pub name: String,
    /// The file that tells of it.
    pub file: String,
    /// Distribution and release.
    pub release: String,
    /// When the report was made.
    pub finished: DateTime<Utc>,
    /// How it ended.
    pub outcome: Outcome,
    /// Where the host stands to its due dates.
    pub state: ComplianceState,
    /// How complete the result is.
    pub completeness: CompletenessLevel,
    /// Open vulnerabilities.
    pub open: u64,
    /// Open past their due date.
    pub overdue: u64,
    /// Open and exploited in the wild.
    pub known_exploited: u64,
    /// Open, and an update closes them now.
    pub installable: u64,
    /// Nobody can tell whether they are there.
    pub unknown: u64,
    /// The highest priority of an open finding, 0 to 100.
    pub priority: f64,
    /// A reboot is due.
    pub reboot: bool,
    /// The version of patchctl that wrote the report.
    pub tool_version: String,
}

/// An open hole that more than one host has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CommonHole {
    /// The vulnerability; for an unnamed one, the source package.
    pub vulnerability: String,
    /// The worst severity that any host tells.
    pub severity: Severity,
    /// Exploited in the wild, as any host tells.
    pub known_exploited: bool,
    /// How many hosts have it.
    pub hosts: u64,
    /// On how many of them an update closes it now.
    pub closable: u64,
    /// Some of the hosts.
    pub names: Vec<String>,
}

/// One package in several versions on hosts of one release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VersionSkew {
    /// Distribution and release.
    pub release: String,
    /// The package, with its architecture.
    pub package: String,
    /// Its versions, that of most hosts first.
    pub versions: Vec<VersionCount>,
}

/// One version and the hosts that have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VersionCount {
    /// The version.
    pub version: String,
    /// How many hosts have it.
    pub hosts: u64,
    /// Some of the hosts.
    pub names: Vec<String>,
}

/// A file that is no report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unreadable {
    /// The file.
    pub file: String,
    /// Why.
    pub reason: String,
}

impl Fleet {
    /// Writes it as a page or as a table of hosts; `None` for the forms that only one host's report has.
    pub fn write(&self, format: Format, out: &mut dyn Write) -> Option<io::Result<()>> {
        match format {
            Format::Html => Some(html::fleet::write(self, out)),
            Format::Csv => Some(csv::hosts(self, out)),
            _ => None,
        }
    }
}

/// A fleet in the making: reports come one by one, and what a host tells is counted when a newer one cannot come any more.
#[derive(Debug, Default)]
pub struct Gathering {
    hosts: HashMap<String, Host>,
    unreadable: Vec<Unreadable>,
    left_out: Vec<String>,
}

/// What is kept of one report: no finding as a whole.
#[derive(Debug)]
struct Host {
    told: FleetHost,
    /// Open holes: severity, exploited, closable.
    holes: BTreeMap<String, (Severity, bool, bool)>,
    /// Versions by package and architecture.
    packages: Vec<(String, String)>,
}

impl Gathering {
    /// Takes a report in. Of two about one host the newer counts; one without a host is no report about any.
    pub fn add(&mut self, file: &str, report: &Report) {
        let Some(host) = &report.host else {
            return self.refuse(file, "it tells of no host: the call failed before one was known");
        };
        let identity = host.machine_id_hash.as_ref().map_or_else(|| host.name.clone(), ToString::to_string);
        let Some(taken) = taken(file, report) else {
            return self.refuse(file, "it judged nothing");
        };
        match self.hosts.get(&identity) {
            Some(known) if known.told.finished >= report.finished => {
                self.left_out.push(older(&host.name, file, &known.told.file));
            }
            Some(known) => {
                self.left_out.push(older(&host.name, &known.told.file, file));
                self.hosts.insert(identity, taken);
            }
            None => drop(self.hosts.insert(identity, taken)),
        }
    }

    /// Notes a file that is no report.
    pub fn refuse(&mut self, file: &str, reason: impl Into<String>) {
        self.unreadable.push(Unreadable { file: file.to_owned(), reason: reason.into() });
    }

    /// Returns what all of them tell together.
    pub fn fleet(self, created: DateTime<Utc>) -> Fleet {
        let mut hosts: Vec<Host> = self.hosts.into_values().collect();
        hosts.sort_by_key(|host| rank(&host.told));
        let (common, skew) = (common(&hosts), skew(&hosts));
        let hosts = hosts.into_iter().map(|host| host.told).collect();
        let identity = Identity::of(FLEET_SCHEMA, created);
        Fleet { identity, hosts, common, skew, unreadable: self.unreadable, left_out: self.left_out }
    }
}

fn older(host: &str, older: &str, newer: &str) -> String {
    format!("{host}: {older} is older than {newer}")
}

/// Worst first: exploited, overdue, how urgent, how many; names make the order stable.
fn rank(host: &FleetHost) -> impl Ord + use<> {
    let tenths = (host.priority * 10.0) as u64;
    let worst = std::cmp::Reverse((host.known_exploited, host.overdue, tenths, host.open));
    (host.state, worst, host.name.clone())
}

fn taken(file: &str, report: &Report) -> Option<Host> {
    let (host, summary) = (report.host.as_ref()?, report.summary.as_ref()?);
    let compliance = report.compliance()?;
    let findings = report.findings.as_deref().unwrap_or_default();
    let left = || findings.iter().filter(|finding| is_left(finding));
    let mut holes: BTreeMap<String, (Severity, bool, bool)> = BTreeMap::new();
    for finding in left() {
        for id in vulnerabilities(finding) {
            let hole = holes.entry(id.to_owned()).or_insert((finding.severity, false, true));
            hole.0 = hole.0.max(finding.severity);
            hole.1 |= finding.known_exploited;
            // It is closed where every package that has it can be updated.
            hole.2 &= finding.is_installable();
        }
    }
    let package = |package: &super::schema::ReportPackage| {
        (format!("{}:{}", package.name, package.architecture), package.version.to_string())
    };
    let told = FleetHost {
        name: host.name.clone(),
        file: file.to_owned(),
        release: host.distribution.title(),
        finished: report.finished,
        outcome: report.outcome,
        state: compliance.state,
        completeness: report.completeness.as_ref().map_or(CompletenessLevel::Incomplete, |c| c.level),
        open: summary.open_vulnerabilities,
        overdue: summary.overdue,
        known_exploited: summary.known_exploited,
        installable: summary.installable,
        unknown: summary.open_ends.unknown,
        priority: left().map(|finding| finding.priority.score).fold(0.0, f64::max),
        reboot: summary.reboot_required,
        tool_version: report.tool_version.clone(),
    };
    Some(Host { told, holes, packages: report.packages.iter().flatten().map(package).collect() })
}

fn common(hosts: &[Host]) -> Vec<CommonHole> {
    let mut by_hole: BTreeMap<&str, CommonHole> = BTreeMap::new();
    for host in hosts {
        for (id, (severity, exploited, closable)) in &host.holes {
            let hole = by_hole.entry(id).or_insert_with(|| CommonHole {
                vulnerability: id.clone(),
                severity: *severity,
                known_exploited: false,
                hosts: 0,
                closable: 0,
                names: Vec::new(),
            });
            hole.severity = hole.severity.max(*severity);
            hole.known_exploited |= exploited;
            hole.hosts += 1;
            hole.closable += u64::from(*closable);
            if hole.names.len() < NAMED {
                hole.names.push(host.told.name.clone());
            }
        }
    }
    let mut common: Vec<CommonHole> = by_hole.into_values().filter(|hole| hole.hosts > 1).collect();
    common.sort_by_key(|hole| std::cmp::Reverse((hole.known_exploited, hole.hosts, hole.severity)));
    common
}

fn skew(hosts: &[Host]) -> Vec<VersionSkew> {
    let mut versions: BTreeMap<(&str, &str), BTreeMap<&str, VersionCount>> = BTreeMap::new();
    for host in hosts {
        for (package, version) in &host.packages {
            let of_package = versions.entry((&host.told.release, package)).or_default();
            let count = of_package.entry(version).or_insert_with(|| VersionCount {
                version: version.clone(),
                hosts: 0,
                names: Vec::new(),
            });
            count.hosts += 1;
            if count.names.len() < NAMED {
                count.names.push(host.told.name.clone());
            }
        }
    }
    let several = versions.into_iter().filter(|(_, versions)| versions.len() > 1);
    let mut skew: Vec<VersionSkew> = several
        .map(|((release, package), versions)| {
            let mut versions: Vec<VersionCount> = versions.into_values().collect();
            versions.sort_by_key(|count| std::cmp::Reverse(count.hosts));
            VersionSkew { release: release.to_owned(), package: package.to_owned(), versions }
        })
        .collect();
    skew.sort_by_key(|skew| std::cmp::Reverse(skew.versions.len()));
    skew
}

#[cfg(test)]
mod tests {
    use super::super::text::samples;
    use super::*;

    fn of(name: &str, change: impl FnOnce(&mut Report)) -> Report {
        let mut report = samples::scan();
        report.host.as_mut().expect("it has a host").name = name.to_owned();
        change(&mut report);
        report
    }

    #[test]
    fn hosts_are_ranked_and_common_holes_counted() {
        let mut gathering = Gathering::default();
        gathering.add(
            "b.json",
            &of("b", |report| {
                report.findings.iter_mut().flatten().for_each(|finding| finding.due = None);
                report
                    .findings
                    .as_mut()
                    .expect("it has findings")
                    .retain(|f| f.package.source.name.as_str() == "curl");
            }),
        );
        gathering.add("a.json", &of("a", |_| {}));
        gathering.refuse("c.json", "damaged");
        let fleet = gathering.fleet(samples::now());
        let names: Vec<(&str, ComplianceState)> =
            fleet.hosts.iter().map(|host| (host.name.as_str(), host.state)).collect();
        assert_eq!(names, [("a", ComplianceState::NonCompliant), ("b", ComplianceState::Compliant)]);
        let common: Vec<(&str, u64, u64)> = fleet
            .common
            .iter()
            .map(|hole| (hole.vulnerability.as_str(), hole.hosts, hole.closable))
            .collect();
        assert_eq!(common, [("CVE-2026-2301", 2, 2)]);
        assert_eq!(fleet.unreadable.len(), 1);
    }

    #[test]
    fn one_host_counts_once_by_its_newest_report() {
        let mut gathering = Gathering::default();
        let old = of("a", |report| report.finished -= chrono::Duration::days(1));
        for (file, report) in [("new.json", of("a", |_| {})), ("old.json", old)] {
            gathering.add(file, &report);
        }
        gathering.add("failed.json", &Report::begin("scan", samples::now()));
        let fleet = gathering.fleet(samples::now());
        assert_eq!(fleet.hosts.len(), 1);
        assert_eq!(fleet.left_out, ["a: old.json is older than new.json"]);
        assert_eq!(fleet.unreadable[0].file, "failed.json");
    }
}
