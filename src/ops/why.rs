//! `why`: the rule, the versions and the vendor's words behind a verdict.

use super::context::Context;
use super::exposure::exposure;
use super::request::{Subject, WhyRequest};
use super::survey;
use crate::model::failure::Failure;
use crate::model::finding::Finding;
use crate::report::documents::{Identity, WHY_SCHEMA, WhyDocument};
use crate::scan::assess::assess;
use crate::scan::explain;

/// Explains every verdict about a vulnerability, an advisory or a package, closed ones included.
///
/// # Errors
/// The root cannot be judged at all.
pub fn why(context: &Context<'_>, request: &WhyRequest) -> Result<WhyDocument, Failure> {
    let subject = match &request.subject {
        Subject::Vulnerability(id) | Subject::Advisory(id) => id.clone(),
        Subject::Package(name) => name.to_string(),
    };
    let ground = survey::ground(context)?;
    let exposures = exposure(&ground.inventory, &context.layout);
    let (explanation, assessment) =
        ground.judged(context, &exposures, |input| (explain::why(&subject, input), assess(*input)));
    let findings: Vec<Finding> =
        assessment.findings.into_iter().filter(|finding| is_about(finding, &request.subject)).collect();
    Ok(WhyDocument {
        identity: Identity::of(WHY_SCHEMA, context.now()),
        subject,
        statements: explanation.judged,
        findings,
        remarks: explanation.remarks,
        feeds: explanation.feeds,
    })
}

fn is_about(finding: &Finding, subject: &Subject) -> bool {
    match subject {
        Subject::Vulnerability(id) | Subject::Advisory(id) => {
            finding.cves.contains(id) || *finding.advisory == **id
        }
        Subject::Package(name) => finding.package.name == *name || finding.package.source.name == *name,
    }
}
