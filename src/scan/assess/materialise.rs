//! Judgements become findings. What is the same for all findings of a package or statement is made once.

use std::sync::Arc;

use super::AssessInput;
use super::affected::{Rule, kernel_remark};
use super::origin::{Matched, matched};
use super::priority::{Limits, due, priority};
use crate::model::advisory::Advisory;
use crate::model::finding::{Candidate, Finding, FindingPackage};
use crate::model::package::SourcePackage;
use crate::model::severity::{Exposure, Priority, Severity};
use crate::model::version::Version;

/// Makes the findings of packages that are judged alike.
pub(super) struct Materialiser<'i, 'a> {
    input: &'i AssessInput<'a>,
    feed: Arc<str>,
    members: Vec<Member<'i, 'a>>,
    exposure: Exposure,
    next_kernel: Option<Matched<'a>>,
    priorities: Vec<(Severity, Priority)>,
    fixed: Option<Version>,
}

/// A package of the group, as its findings carry it.
struct Member<'i, 'a> {
    matched: &'i Matched<'a>,
    package: Arc<FindingPackage>,
    candidate: Option<Arc<Candidate>>,
    /// What the ids of its findings end with.
    id_end: String,
}

/// A statement and what follows from it for every package of the group.
struct Statement<'s> {
    advisory: &'s Advisory<'s>,
    rule: Rule,
    priority: Priority,
    fixed_version: Option<Version>,
    id: Arc<str>,
    cves: Arc<[String]>,
    /// The packages are judged alike, so they share the reason.
    reason: Arc<str>,
}

/// Returns a package as its findings carry it.
pub fn finding_package(matched: &Matched<'_>) -> FindingPackage {
    let package = matched.package;
    let source = SourcePackage { name: matched.source.as_ref().into(), version: matched.version.clone() };
    FindingPackage {
        name: package.name.clone(),
        architecture: package.architecture.clone(),
        version: package.version.clone(),
        source,
    }
}

impl<'i, 'a> Materialiser<'i, 'a> {
    pub(super) fn new(input: &'i AssessInput<'a>, feed: &str, group: &'i [Matched<'a>]) -> Self {
        let source = group.first().map_or("", |first| first.source.as_ref());
        Self {
            input,
            feed: Arc::from(feed),
            members: group.iter().map(|matched| member(input, matched)).collect(),
            exposure: (input.exposure)(source),
            next_kernel: next_kernel(input, group),
            priorities: Vec::new(),
            fixed: None,
        }
    }

    /// Adds one finding for each package of the group.
    pub(super) fn findings(&mut self, advisory: &Advisory<'_>, rule: Rule, into: &mut Vec<Finding>) {
        let priority = self.priority(advisory.severity);
        let fixed_version = self.fixed_version(advisory);
        let Some(first) = self.members.first() else { return };
        let statement = Statement {
            advisory,
            rule,
            priority,
            fixed_version,
            id: Arc::from(&*advisory.id),
            cves: cves(&advisory.id),
            reason: Arc::from(rule.reason(first.matched, advisory)),
        };
        into.extend(self.members.iter().map(|member| self.finding(member, &statement)));
    }

    fn finding(&self, member: &Member<'_, '_>, statement: &Statement<'_>) -> Finding {
        let (advisory, verdict) = (statement.advisory, statement.rule.verdict());
        let input = self.input;
        let id = [&*self.feed, "/", &advisory.id, &member.id_end].concat();
        let first_seen = input.first_seen.get(&id).copied().unwrap_or(input.now);
        let limits = Limits { settings: input.settings, now: input.now };
        let due = due(verdict, advisory.severity, first_seen, limits);
        Finding {
            id,
            package: member.package.clone(),
            verdict,
            reason: self.reason(member, statement),
            vendor_state: Some(advisory.state),
            advisory: statement.id.clone(),
            cves: statement.cves.clone(),
            severity: advisory.severity,
            cvss: None,
            epss: None,
            known_exploited: false,
            published: None,
            fixed_version: statement.fixed_version.clone(),
            candidate: member.candidate.clone(),
            first_seen: Some(first_seen),
            due: due.date,
            days_overdue: due.days_overdue,
            exposure: self.exposure,
            priority: statement.priority,
            feed: self.feed.clone(),
            disposition: None,
            state_after: None,
        }
    }

    fn reason(&self, member: &Member<'_, '_>, statement: &Statement<'_>) -> Arc<str> {
        let (advisory, rule) = (statement.advisory, statement.rule);
        let kernels = &self.input.inventory.kernels;
        let next = self.next_kernel.as_ref().filter(|_| rule == Rule::OlderThanFixed);
        match kernel_remark(member.matched, kernels, next, advisory) {
            Some(remark) => Arc::from([&*statement.reason, "; ", remark].concat()),
            None => statement.reason.clone(),
        }
    }

    fn priority(&mut self, severity: Severity) -> Priority {
        if let Some((_, known)) = self.priorities.iter().find(|(of, _)| *of == severity) {
            return *known;
        }
        let priority = priority(severity, self.exposure, self.input.settings);
        self.priorities.push((severity, priority));
        priority
    }

    /// The fixed version as a value; rows of one source often share it.
    fn fixed_version(&mut self, advisory: &Advisory<'_>) -> Option<Version> {
        let text = advisory.fixed_version.as_deref()?;
        if self.fixed.as_ref().is_none_or(|last| last.as_str() != text) {
            self.fixed = Version::deb(text).ok();
        }
        self.fixed.clone()
    }
}

fn member<'i, 'a>(input: &AssessInput<'_>, matched: &'i Matched<'a>) -> Member<'i, 'a> {
    let key = matched.package.key();
    Member {
        matched,
        package: Arc::new(finding_package(matched)),
        candidate: input.view.candidates.get(&key).cloned(),
        id_end: format!("/{key}"),
    }
}

/// A vendor's own identifiers are no CVEs.
fn cves(id: &str) -> Arc<[String]> {
    if id.starts_with("CVE-") { Arc::from([id.to_owned()]) } else { Arc::from([]) }
}

/// Finds the image of the kernel that boots next, where the group holds kernel images.
fn next_kernel<'a>(input: &AssessInput<'a>, group: &[Matched<'_>]) -> Option<Matched<'a>> {
    group.iter().find(|member| member.kernel.is_some())?;
    let next = input.inventory.kernels.next_boot.as_deref()?;
    input.inventory.packages.iter().map(matched).find(|package| package.kernel == Some(next))
}
