//! "Why": every statement about a CVE, an advisory or a package, judged against what is installed, also where the
//! answer is "fixed", "never affected", or that nobody speaks about it.

use super::assess::origin::{self, Matched};
use super::assess::{AssessInput, Circumstances, FeedIndex, finding_package, statements};
use super::index::Statement;
use crate::model::advisory::Subject;
use crate::model::explanation::{Explanation, JudgedStatement};

/// Explains a subject: a CVE or other identifier of a vendor, or the name of a binary or source package.
pub fn why(subject: &str, input: &AssessInput<'_>) -> Explanation {
    let of = |subject| origin::covered(input.inventory, input.not_covered, subject);
    let covered = [of(Subject::Source), of(Subject::Binary)].concat();
    let asked = Asked { subject, covered: &covered, input, circumstances: Circumstances::of(input) };
    let packages: Vec<&Matched<'_>> = covered.iter().filter(|matched| asked.names(matched)).collect();
    let judged: Vec<JudgedStatement> = match packages.is_empty() {
        true => input.indexes.iter().flat_map(|feed| asked.by_identifier(*feed)).collect(),
        false => input.indexes.iter().flat_map(|feed| asked.by_package(*feed, &packages)).collect(),
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
    circumstances: Circumstances<'a>,
}

impl Asked<'_, '_> {
    fn names(&self, matched: &Matched<'_>) -> bool {
        [matched.package.name.as_str(), matched.package.source.name.as_str(), &matched.name]
            .contains(&self.subject)
    }

    fn by_identifier(&self, feed: FeedIndex<'_>) -> Vec<JudgedStatement> {
        let mut judged = Vec::new();
        let packages = || self.covered.iter().filter(|package| feed.index.speaks_of(package.subject));
        for statement in feed.index.statements().filter(|statement| self.is_about(statement)) {
            let affected = packages().filter(|package| package.name == statement.name());
            judged.extend(affected.filter_map(|package| self.judge(feed.feed, package, &statement)));
        }
        judged
    }

    fn is_about(&self, statement: &Statement<'_>) -> bool {
        statement.id().is(self.subject) || statement.vulnerabilities().any(|name| name.is(self.subject))
    }

    fn by_package(&self, feed: FeedIndex<'_>, packages: &[&Matched<'_>]) -> Vec<JudgedStatement> {
        let all = |package: &&Matched<'_>| -> Vec<JudgedStatement> {
            let judge = |statement| self.judge(feed.feed, package, &statement);
            statements(feed.index, package).filter_map(judge).collect()
        };
        packages.iter().flat_map(all).collect()
    }

    fn judge(&self, feed: &str, package: &Matched<'_>, statement: &Statement<'_>) -> Option<JudgedStatement> {
        let rule = self.circumstances.rule(package, statement)?;
        Some(JudgedStatement {
            package: finding_package(package),
            feed: feed.to_owned(),
            advisory: statement.id().to_string(),
            vendor_state: statement.state(),
            note: statement.note().map(str::to_owned),
            severity: statement.severity(),
            fixed_version: statement.fixed().map(str::to_owned),
            verdict: rule.verdict(),
            rule: rule.words(statement.scheme()),
            reason: rule.reason(package, statement),
        })
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

    fn sources_not_installed(&self) -> Vec<&str> {
        let all = self.input.indexes.iter().flat_map(|feed| feed.index.statements());
        let mut names: Vec<&str> = all.filter(|row| self.is_about(row)).map(|row| row.name()).collect();
        names.dedup();
        names
    }
}
