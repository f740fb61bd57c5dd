//! `why`: the rule, the versions and the vendor's words behind a verdict.

use super::context::Context;
use super::exposure::{exposure, reachable};
use super::request::{Subject, WhyRequest};
use super::survey;
use crate::model::failure::Failure;
use crate::model::finding::Finding;
use crate::model::package::Inventory;
use crate::report::documents::{Identity, WHY_SCHEMA, WhyDocument};
use crate::scan::assess::assess;
use crate::scan::{explain, support};

/// Explains every verdict about a vulnerability, an advisory or a package, closed ones included.
///
/// # Errors
/// The root cannot be judged at all.
pub fn why(context: &Context<'_>, request: &WhyRequest) -> Result<WhyDocument, Failure> {
    let subject = match &request.subject {
        Subject::Vulnerability(id) | Subject::Advisory(id) => id.clone(),
        Subject::Package(name) => name.to_string(),
    };
    let ground = survey::ground(context, survey::Reach::Everything)?;
    let exposures = exposure(&ground.inventory, &context.layout, &reachable(&context.layout));
    let (explanation, assessment) =
        ground.judged(context, &exposures, |input| (explain::why(&subject, input), assess(*input)));
    let findings: Vec<Finding> =
        assessment.findings.into_iter().filter(|finding| is_about(finding, &request.subject)).collect();
    let mut remarks = explanation.remarks;
    remarks.extend(limits(context, &ground.inventory, &request.subject));
    Ok(WhyDocument {
        identity: Identity::of(WHY_SCHEMA, context.now()),
        subject,
        statements: explanation.judged,
        findings,
        remarks,
        feeds: explanation.feeds,
    })
}

/// What the vendor says of its support for a package.
fn limits(context: &Context<'_>, inventory: &Inventory, subject: &Subject) -> Vec<String> {
    let Subject::Package(name) = subject else { return Vec::new() };
    let mut sources: Vec<_> = inventory.named(name.as_str()).map(|package| &package.source.name).collect();
    sources.push(name);
    let limits = support::limits(context.layout.root(), inventory);
    let own = limits.iter().filter(|limit| sources.contains(&&limit.source));
    own.map(|limit| limit.sentence(context.now().date_naive())).collect()
}

fn is_about(finding: &Finding, subject: &Subject) -> bool {
    match subject {
        Subject::Vulnerability(id) | Subject::Advisory(id) => {
            finding.cves.contains(id) || *finding.advisory == **id
        }
        Subject::Package(name) => finding.package.name == *name || finding.package.source.name == *name,
    }
}
