//! Judgements become findings. What is the same for all findings of a package or statement is made once.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::affected::Rule;
use super::announced::Announcements;
use super::kernels::{KernelRemark, kernel_remark, next_kernel};
use super::origin::Matched;
use super::priority::{Limits, Threats, due, priority};
use super::{AssessInput, Judgement};
use crate::model::advisory::{Subject, VendorState};
use crate::model::finding::{Candidate, Finding, FindingPackage};
use crate::model::first_seen::Dates;
use crate::model::package::SourcePackage;
use crate::model::severity::{Exposure, Priority};
use crate::model::version::Version;
use crate::scan::index::Statement;

/// Makes the findings of packages that are judged alike.
pub(super) struct Materialiser<'i, 'a> {
    input: &'i AssessInput<'a>,
    feed: Arc<str>,
    members: Vec<Member<'i, 'a>>,
    exposure: Exposure,
    next_kernel: Option<Matched<'a>>,
    announcements: Announcements<'a>,
    fixed: Option<Version>,
}

/// A package of the group, as its findings carry it.
struct Member<'i, 'a> {
    matched: &'i Matched<'a>,
    package: Arc<FindingPackage>,
    candidate: Option<Arc<Candidate>>,
    /// What tells it apart from every other package here, as ids of findings end with.
    identity: String,
    first_seen: Option<&'i Dates>,
}

/// A statement and what follows from it for every package of the group.
struct Judged<'s> {
    statement: Statement<'s>,
    rule: Rule,
    threats: Threats,
    priority: Priority,
    fixed_version: Option<Version>,
    id: Arc<str>,
    cves: Arc<[String]>,
    /// The advisory of another feed that announced the fix, and when.
    announced: Option<(Arc<str>, Option<DateTime<Utc>>)>,
    /// The packages are judged alike, so they share the reason.
    reason: Arc<str>,
}

/// Returns a package as its findings carry it: with the source version that was compared, where one was.
pub fn finding_package(matched: &Matched<'_>) -> FindingPackage {
    let package = matched.package;
    let source = match matched.subject {
        Subject::Binary => package.source.clone(),
        _ => SourcePackage { name: matched.name.as_ref().into(), version: matched.version.clone() },
    };
    FindingPackage {
        name: package.name.clone(),
        architecture: package.architecture.clone(),
        version: package.version.clone(),
        source,
    }
}

impl<'i, 'a> Materialiser<'i, 'a> {
    pub(super) fn new(input: &'i AssessInput<'a>, feed: &str, group: &'i [Matched<'a>]) -> Self {
        let source = group.first().map_or("", |first| first.package.source.name.as_str());
        Self {
            input,
            feed: Arc::from(feed),
            members: group.iter().map(|matched| member(input, feed, matched)).collect(),
            exposure: (input.exposure)(source),
            next_kernel: group.iter().find_map(|member| next_kernel(input.inventory, member)),
            announcements: Announcements::about(input.announcements, group),
            fixed: None,
        }
    }

    /// Adds one finding for each package of the group.
    pub(super) fn findings(&mut self, judgement: &Judgement<'_>, into: &mut Vec<Finding>) {
        let Judgement { statement, rule } = *judgement;
        let threats = Threats::of(&statement, self.input.threats);
        let fixed_version = self.fixed_version(&statement);
        let Some(first) = self.members.first() else { return };
        let judged = Judged {
            statement,
            rule,
            threats,
            priority: priority(&statement, threats, self.exposure, self.input.settings),
            fixed_version,
            id: Arc::from(statement.id().to_string()),
            cves: cves(&statement),
            announced: self.announcements.of(&statement),
            reason: Arc::from(rule.reason(first.matched, &statement)),
        };
        into.extend(self.members.iter().map(|member| self.finding(member, &judged)));
    }

    fn finding(&self, member: &Member<'_, '_>, judged: &Judged<'_>) -> Finding {
        let (statement, input) = (judged.statement, self.input);
        let (verdict, severity) = (judged.rule.verdict(), statement.severity());
        let id = [&*self.feed, "/", &judged.id, "/", &member.identity].concat();
        let known = member.first_seen.and_then(|dates| dates.of(statement.id()));
        let first_seen = known.unwrap_or(input.now);
        let limits = Limits { settings: input.settings, now: input.now };
        let due = due((verdict, severity, judged.threats.known_exploited), || first_seen, limits);
        let remark = self.remark(member, judged);
        let reason = match remark {
            Some(remark) => Arc::from([&*judged.reason, "; ", remark.text()].concat()),
            None => judged.reason.clone(),
        };
        let is_fixed = matches!(statement.state(), VendorState::Fixed | VendorState::NeedsEntitlement);
        let announced = judged.announced.as_ref();
        Finding {
            id,
            package: member.package.clone(),
            verdict,
            reason,
            vendor_state: Some(statement.state()),
            advisory: judged.id.clone(),
            announced_in: announced.map(|(id, _)| id.clone()),
            cves: judged.cves.clone(),
            severity,
            cvss: statement.cvss(),
            epss: judged.threats.epss,
            known_exploited: judged.threats.known_exploited,
            ransomware: judged.threats.ransomware,
            published: statement.published(),
            fix_available: announced
                .and_then(|(_, date)| *date)
                .or_else(|| statement.published().filter(|_| is_fixed)),
            fixed_version: judged.fixed_version.clone(),
            candidate: member.candidate.clone(),
            first_seen: Some(first_seen),
            due: due.date,
            days_overdue: due.days_overdue,
            exposure: self.exposure,
            priority: judged.priority,
            feed: self.feed.clone(),
            disposition: None,
            state_after: None,
            closed_by_reboot: remark == Some(KernelRemark::FixedByReboot),
        }
    }

    fn remark(&self, member: &Member<'_, '_>, judged: &Judged<'_>) -> Option<KernelRemark> {
        let is_open = matches!(judged.rule, Rule::OlderThanFixed | Rule::PatchedInMemory);
        let next = self.next_kernel.as_ref().filter(|_| is_open);
        kernel_remark(member.matched, next, &judged.statement)
    }

    /// The fixed version as a value; rows of one source often share it.
    fn fixed_version(&mut self, statement: &Statement<'_>) -> Option<Version> {
        let text = statement.fixed()?;
        if self.fixed.as_ref().is_none_or(|last| last.as_str() != text) {
            self.fixed = Version::of(statement.scheme(), text).ok();
        }
        self.fixed.clone()
    }
}

fn member<'i, 'a>(input: &'i AssessInput<'_>, feed: &str, matched: &'i Matched<'a>) -> Member<'i, 'a> {
    let key = matched.package.key();
    Member {
        matched,
        package: Arc::new(finding_package(matched)),
        candidate: input.view.candidates.get(&key).cloned(),
        first_seen: input.first_seen.of(feed, &key),
        identity: input.inventory.identity_of(matched.package),
    }
}

/// The CVEs behind a statement; a vendor's own identifiers are none.
fn cves(statement: &Statement<'_>) -> Arc<[String]> {
    statement.vulnerabilities().filter(|name| name.is_cve()).map(|name| name.to_string()).collect()
}
