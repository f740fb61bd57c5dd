//! One host against one feed: the findings, each explained, each held against what the package manager offered.

use std::collections::HashMap;

use patchctl::model::assessment::VerdictCounts;
use patchctl::model::finding::{Finding, Verdict};
use patchctl::model::version::Version;
use patchctl::scan::assess::{AssessInput, assess};
use patchctl::scan::explain::why;
use patchctl::scan::feed::AdvisoryFeed;

use super::super::one_feed::Ground;
use super::scan::Host;

/// What one feed says about one host.
#[derive(Default)]
pub struct Judged {
    pub statements: usize,
    pub counts: VerdictCounts,
    /// Findings whose fix the package manager offered.
    pub offered: usize,
    /// Findings for which the scan knows no candidate.
    pub not_asked: usize,
    /// Findings with a fix that the candidate does not have, by what explains it.
    pub younger: usize,
    pub other_package: usize,
    pub as_text: usize,
    /// What nothing explains but the words in the document.
    pub others: Vec<String>,
}

/// Judges a host by one content of a feed.
pub fn judge(host: &Host, feed: &dyn AdvisoryFeed, content: &[u8]) -> Judged {
    let ground = Ground { inventory: &host.inventory, view: &host.view, not_covered: &[], channels: None };
    ground.with(feed, content, |input, statements| {
        let assessment = assess(input);
        every_finding_is_explained(&assessment.findings, &input);
        let mut judged = Judged { statements, counts: assessment.counts, ..Judged::default() };
        for finding in assessment.findings.iter().filter(|finding| finding.verdict == Verdict::Vulnerable) {
            hold_against_candidate(host, finding, &mut judged);
        }
        judged.others.sort();
        judged
    })
}

/// The reason names what was compared, and "why" tells the same.
fn every_finding_is_explained(findings: &[Finding], input: &AssessInput<'_>) {
    let mut told: HashMap<String, Vec<(String, String, Verdict)>> = HashMap::new();
    for finding in findings {
        let package = &finding.package;
        let name = package.name.as_str();
        let known = told.entry(name.to_owned()).or_insert_with(|| {
            let judged = why(name, input).judged;
            assert!(judged.iter().all(|statement| !statement.rule.is_empty()), "{name}");
            judged.into_iter().map(|s| (s.advisory, s.reason, s.verdict)).collect()
        });
        let own = known.iter().any(|(advisory, reason, verdict)| {
            **advisory == *finding.advisory
                && finding.reason.starts_with(&**reason)
                && *verdict == finding.verdict
        });
        assert!(own, "why {name} does not tell {}: {}", finding.id, finding.reason);
        if let (Verdict::Vulnerable | Verdict::Fixed, Some(fixed)) = (finding.verdict, &finding.fixed_version)
        {
            let compared = [package.version.as_str(), package.source.version.as_str()];
            assert!(
                finding.reason.contains(fixed.as_str())
                    && compared.iter().any(|text| finding.reason.contains(text)),
                "{}: {}",
                finding.id,
                finding.reason
            );
        }
    }
}

fn hold_against_candidate(host: &Host, finding: &Finding, judged: &mut Judged) {
    let package = &finding.package;
    let Some(candidate) = &finding.candidate else {
        judged.not_asked += 1;
        return;
    };
    let fixed = finding.fixed_version.as_ref().expect("a vulnerable package has a fix");
    let offered = &candidate.version;
    match () {
        () if !offered.is_older_than(fixed) => judged.offered += 1,
        () if finding.published.is_some_and(|date| date > host.scanned_at) => judged.younger += 1,
        () if is_offered_under_another_name(host, finding, fixed) => judged.other_package += 1,
        () if offered.as_str() > without_epoch(fixed.as_str()) => judged.as_text += 1,
        () => judged.others.push(format!(
            "{} {} {}: fixed in {fixed}, offered {offered}",
            finding.advisory, package.name, package.version
        )),
    }
}

/// dnf lists every version of a package that is newer, sorted as text, and the scanner kept the last line: `611.9.1`
/// stands behind `611.54.1`.
fn without_epoch(version: &str) -> &str {
    version.strip_prefix("0:").unwrap_or(version)
}

/// The version stands in the name of Debian's kernel images, so the fixed one is a new package that another package of
/// the same source depends on.
fn is_offered_under_another_name(host: &Host, finding: &Finding, fixed: &Version) -> bool {
    let own = &finding.package.name;
    let own_source = host.inventory.named(own.as_str()).next().map(|package| &package.source.name);
    let mut others = host
        .inventory
        .packages
        .iter()
        .filter(|other| other.name != *own && Some(&other.source.name) == own_source);
    others.any(|other| {
        let candidate = host.view.candidates.get(&other.key());
        candidate.is_some_and(|candidate| !candidate.version.is_older_than(fixed))
    })
}
