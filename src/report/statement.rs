//! Findings put together by vulnerability and verdict: what formats state that speak about vulnerabilities rather than
//! about packages (CycloneDX, OpenVEX).

use std::borrow::Cow;

use super::schema::Report;
use crate::model::finding::{Finding, Verdict};
use crate::model::summary::vulnerabilities;

/// One vulnerability, one verdict, and the packages that it is true of.
pub(super) struct Statement<'s, 'r> {
    /// The vulnerability; for an unnamed one, the source package whose update is pending.
    id: &'r str,
    /// What is true of the packages.
    pub(super) verdict: Verdict,
    /// The findings that say so; never empty.
    members: &'s [(&'r str, &'r Finding)],
}

impl<'r> Statement<'_, 'r> {
    /// Returns the name of the vulnerability. A pending update that no feed names is called by what tells of it and
    /// its source package: a bare package name would be taken for a vulnerability's.
    pub(super) fn name(&self) -> Cow<'r, str> {
        match self.worst().filter(|finding| finding.is_unnamed()) {
            Some(finding) => format!("{}:{}", finding.advisory, self.id).into(),
            None => self.id.into(),
        }
    }

    /// Returns the findings behind it.
    pub(super) fn findings(&self) -> impl Iterator<Item = &'r Finding> {
        self.members.iter().map(|(_, finding)| *finding)
    }

    /// Returns the finding that ranks highest: all of them speak about the same vulnerability.
    pub(super) fn worst(&self) -> Option<&'r Finding> {
        self.findings().max_by(|a, b| a.priority.score.total_cmp(&b.priority.score))
    }
}

/// The findings of a report in the order of their vulnerabilities: two pointers a finding, no copies.
pub(super) struct Statements<'r>(Vec<(&'r str, &'r Finding)>);

impl<'r> Statements<'r> {
    /// Sorts the findings of a report.
    pub(super) fn of(report: &'r Report) -> Self {
        let findings = report.findings.as_deref().unwrap_or_default();
        let mut members: Vec<_> = findings
            .iter()
            .flat_map(|finding| vulnerabilities(finding).map(move |id| (id, finding)))
            .collect();
        members.sort_by(|(a, x), (b, y)| {
            let package = |finding: &'r Finding| (&finding.package.name, &finding.package.architecture);
            (a, x.verdict, package(x)).cmp(&(b, y.verdict, package(y)))
        });
        Self(members)
    }

    /// Returns the statements, sorted by vulnerability.
    pub(super) fn iter(&self) -> impl Iterator<Item = Statement<'_, 'r>> {
        self.0.chunk_by(|a, b| (a.0, a.1.verdict) == (b.0, b.1.verdict)).filter_map(|members| {
            let (id, finding) = members.first()?;
            Some(Statement { id, verdict: finding.verdict, members })
        })
    }
}
