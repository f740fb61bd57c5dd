//! "Why": every statement about a CVE, an advisory or a package, judged against what is installed, also where the
//! answer is "fixed", "never affected", or that nobody speaks about it.

use std::borrow::Cow;

use super::assess::affected;
use super::assess::origin::{self, Matched};
use super::assess::{AssessInput, FeedIndex, finding_package};
use crate::model::advisory::Advisory;
use crate::model::explanation::{Explanation, JudgedStatement};

/// Explains a subject: a CVE or other identifier of a vendor, or the name of a binary or source package.
pub fn why(subject: &str, input: &AssessInput<'_>) -> Explanation {
    let covered = origin::covered(input.inventory, input.not_covered);
    let asked = Asked { subject, covered: &covered, input };
    let packages: Vec<&Matched<'_>> = covered.iter().filter(|matched| asked.names(matched)).collect();
    let judged: Vec<JudgedStatement> = match packages.is_empty() {
        true => input.indexes.iter().flat_map(|feed| asked.by_identifier(*feed)).collect(),
        false => input.indexes.iter().flat_map(|feed| by_package(*feed, &packages)).collect(),
    };
    let remarks = asked.remarks(&packages, judged.is_empty());
    let feeds = input.stamps.iter().chain(&input.view.stamps).cloned().collect();
    Explanation { subject: subject.to_owned(), judged, remarks, feeds }
}

/// A subject, and what it is looked for in.
struct Asked<'q, 'a> {
    subject: &'q str,
    covered: &'q [Matched<'a>],
    input: &'q AssessInput<'a>,
}

impl Asked<'_, '_> {
    fn names(&self, matched: &Matched<'_>) -> bool {
        [matched.package.name.as_str(), matched.package.source.name.as_str(), &matched.source]
            .contains(&self.subject)
    }

    fn by_identifier(&self, feed: FeedIndex<'_>) -> Vec<JudgedStatement> {
        let mut judged = Vec::new();
        for advisory in feed.index.rows().filter(|row| row.id.eq_ignore_ascii_case(self.subject)) {
            let affected = self.covered.iter().filter(|matched| matched.source == advisory.source);
            judged.extend(affected.map(|matched| statement(feed.feed, matched, &advisory)));
        }
        judged
    }

    /// What the statements alone do not tell.
    fn remarks(&self, packages: &[&Matched<'_>], silent: bool) -> Vec<String> {
        let subject = self.subject;
        let mut remarks = Vec::new();
        let foreign = self.input.not_covered.iter().filter(|package| package.name.as_str() == subject);
        remarks.extend(foreign.map(|package| {
            format!(
                "{}:{} comes from {}: no feed covers it",
                package.name, package.architecture, package.origin
            )
        }));
        if !remarks.is_empty() || !silent {
            return remarks;
        }
        let elsewhere = self.sources_not_installed();
        remarks.push(match (packages.is_empty(), elsewhere.is_empty()) {
            (false, _) => format!("{subject} is installed, and no feed says anything about it"),
            (true, false) => format!("{subject} concerns {}, which is not installed", elsewhere.join(", ")),
            (true, true) => {
                format!("{subject} is not installed, and no feed speaks about it for this release")
            }
        });
        remarks
    }

    fn sources_not_installed(&self) -> Vec<Cow<'_, str>> {
        let rows = self.input.indexes.iter().flat_map(|feed| feed.index.rows());
        let mut sources: Vec<Cow<'_, str>> =
            rows.filter(|row| row.id.eq_ignore_ascii_case(self.subject)).map(|row| row.source).collect();
        sources.dedup();
        sources
    }
}

fn by_package(feed: FeedIndex<'_>, packages: &[&Matched<'_>]) -> Vec<JudgedStatement> {
    let all = |matched: &&Matched<'_>| -> Vec<JudgedStatement> {
        feed.index.lookup(&matched.source).map(|advisory| statement(feed.feed, matched, &advisory)).collect()
    };
    packages.iter().flat_map(all).collect()
}

fn statement(feed: &str, matched: &Matched<'_>, advisory: &Advisory<'_>) -> JudgedStatement {
    let rule = affected::rule(matched, advisory);
    JudgedStatement {
        package: finding_package(matched),
        feed: feed.to_owned(),
        advisory: advisory.id.clone().into_owned(),
        vendor_state: advisory.state,
        note: advisory.note.as_ref().map(|note| note.clone().into_owned()),
        severity: advisory.severity,
        fixed_version: advisory.fixed_version.as_ref().map(|version| version.clone().into_owned()),
        verdict: rule.verdict(),
        rule: rule.words().to_owned(),
        reason: rule.reason(matched, advisory),
    }
}
