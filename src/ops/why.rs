//! `why`: the rule, the versions and the vendor's words behind a verdict.

use super::context::Context;
use super::request::{Subject, WhyRequest};
use super::survey::{self, Survey};
use crate::model::failure::Failure;
use crate::model::finding::{Finding, NotCovered};
use crate::report::documents::{Identity, WHY_SCHEMA, WhyDocument};
use crate::scan::assess::Detail;

/// Explains every verdict about a vulnerability, an advisory or a package, closed ones included.
///
/// # Errors
/// The root cannot be judged at all.
pub fn why(context: &Context<'_>, request: &WhyRequest) -> Result<WhyDocument, Failure> {
    let survey = survey::survey(context, Detail::All)?;
    let findings: Vec<Finding> = survey
        .assessment
        .findings
        .iter()
        .filter(|finding| is_about(finding, &request.subject))
        .cloned()
        .collect();
    let not_covered: Vec<NotCovered> = match &request.subject {
        Subject::Package(name) => {
            survey.assessment.not_covered.iter().filter(|package| package.name == *name).cloned().collect()
        }
        _ => Vec::new(),
    };
    let note =
        (findings.is_empty() && not_covered.is_empty()).then(|| nothing_found(&survey, &request.subject));
    let mut feeds = survey.assessment.feeds;
    feeds.extend(
        survey
            .view
            .stamps
            .iter()
            .filter(|stamp| !feeds.iter().any(|known| known.name == stamp.name))
            .cloned()
            .collect::<Vec<_>>(),
    );
    Ok(WhyDocument {
        identity: Identity::of(WHY_SCHEMA, context.now()),
        subject: subject_text(&request.subject),
        statements: Vec::new(),
        findings,
        not_covered,
        feeds,
        note,
    })
}

fn subject_text(subject: &Subject) -> String {
    match subject {
        Subject::Vulnerability(id) | Subject::Advisory(id) => id.clone(),
        Subject::Package(name) => name.to_string(),
    }
}

fn is_about(finding: &Finding, subject: &Subject) -> bool {
    match subject {
        Subject::Vulnerability(id) | Subject::Advisory(id) => {
            finding.cves.contains(id) || finding.advisory == *id
        }
        Subject::Package(name) => finding.package.name == *name || finding.package.source.name == *name,
    }
}

/// What it means that no statement meets an installed package.
fn nothing_found(survey: &Survey, subject: &Subject) -> String {
    let no_feed = survey.indexes.is_empty();
    match subject {
        Subject::Package(name) if survey.inventory.named(name.as_str()).next().is_none() => {
            format!("{name} is not installed here")
        }
        Subject::Package(name) if no_feed => {
            format!(
                "{name} has no pending security update; no advisory feed was ever fetched, so open holes are unknown"
            )
        }
        Subject::Package(name) => format!("no feed speaks about {name}"),
        Subject::Vulnerability(id) | Subject::Advisory(id) if no_feed => {
            format!("{id} is unknown here: no advisory feed was ever fetched (patchctl feeds refresh)")
        }
        Subject::Vulnerability(id) | Subject::Advisory(id) => {
            format!("no feed connects {id} with a package that is installed here")
        }
    }
}
