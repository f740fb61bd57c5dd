//! Why a verdict is what it is: the rule, the versions, the feed, the arithmetic of the priority.

use super::scan::tone;
use super::sheet::{Sheet, Tone, Word};
use super::{feeds, header, words};
use crate::model::explanation::JudgedStatement;
use crate::model::feed::FeedStamp;
use crate::model::finding::{Finding, FindingPackage, Verdict};
use crate::model::severity::Severity;
use crate::report::documents::WhyDocument;

/// Renders the answer of `why`.
pub(super) fn render(document: &WhyDocument, sheet: &mut Sheet<'_>) {
    sheet.line(&[Word::new(document.subject.as_str(), Tone::Strong)]);
    for remark in &document.remarks {
        header::alert(remark, sheet);
    }
    for statement in &document.statements {
        let finding = document.findings.iter().find(|finding| is_about(finding, statement));
        sheet.gap();
        explain(statement, finding, sheet);
        feed(&statement.feed, &document.feeds, sheet);
    }
    let is_told =
        |finding: &Finding| document.statements.iter().any(|statement| is_about(finding, statement));
    for finding in document.findings.iter().filter(|finding| !is_told(finding)) {
        sheet.gap();
        found(finding, sheet);
        feed(&finding.feed, &document.feeds, sheet);
    }
    sheet.gap();
    header::next(next_command(document), sheet);
}

fn is_about(finding: &Finding, statement: &JudgedStatement) -> bool {
    *finding.advisory == *statement.advisory
        && *finding.package == statement.package
        && *finding.feed == *statement.feed
}

/// A statement of a vendor: the rule, and what follows from it.
fn explain(statement: &JudgedStatement, finding: Option<&Finding>, sheet: &mut Sheet<'_>) {
    let (id, severity) = (statement.advisory.as_str(), statement.severity);
    title(&statement.package, (id, severity, statement.verdict), sheet);
    sheet.fact("because", &[Word::plain(statement.reason.as_str())]);
    sheet.fact("rule", &[Word::plain(statement.rule.as_str())]);
    installed(&statement.package, sheet);
    if let Some(fixed) = &statement.fixed_version {
        sheet.fact("fixed in", &[Word::plain(format!("{} {fixed}", statement.package.source.name))]);
    }
    let note = statement.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
    sheet.fact("vendor", &[Word::plain(format!("{}{note}", statement.vendor_state.words()))]);
    if let Some(finding) = finding {
        consequences(finding, sheet);
    }
}

/// A finding that repository metadata alone brought.
fn found(finding: &Finding, sheet: &mut Sheet<'_>) {
    let id = if finding.is_unnamed() { "security update, CVEs not known" } else { &*finding.advisory };
    title(&finding.package, (id, finding.severity, finding.verdict), sheet);
    sheet.fact("because", &[Word::plain(&*finding.reason)]);
    installed(&finding.package, sheet);
    if let Some(fixed) = &finding.fixed_version {
        sheet.fact("fixed in", &[Word::plain(format!("{} {fixed}", finding.package.source.name))]);
    }
    consequences(finding, sheet);
}

fn title(
    package: &FindingPackage,
    (id, severity, verdict): (&str, Severity, Verdict),
    sheet: &mut Sheet<'_>,
) {
    let name = Word::new(format!("{}:{}", package.name, package.architecture), Tone::Strong);
    let severity = Word::new(words::severity(severity), tone(severity));
    sheet.items(" ", &[name, Word::plain(id), severity, Word::new(verdict.word(), verdict_tone(verdict))]);
}

fn installed(package: &FindingPackage, sheet: &mut Sheet<'_>) {
    let source = format!("{} (source {} {})", package.version, package.source.name, package.source.version);
    sheet.fact("installed", &[Word::plain(source)]);
}

fn consequences(finding: &Finding, sheet: &mut Sheet<'_>) {
    candidate(finding, sheet);
    priority(finding, sheet);
    decision(finding, sheet);
}

fn candidate(finding: &Finding, sheet: &mut Sheet<'_>) {
    let Some(candidate) = &finding.candidate else {
        sheet.fact("candidate", &[Word::plain("none in the enabled repositories")]);
        return;
    };
    let origin = &candidate.origin;
    let phased =
        candidate.phased_percent.map(|percent| format!(", phased to {percent} %")).unwrap_or_default();
    let pins = if candidate.pins_evaluated { "" } else { ", pins not evaluated" };
    let text = format!("{} from {} {}{phased}{pins}", candidate.version, origin.label, origin.codename);
    sheet.fact("candidate", &[Word::plain(text)]);
}

fn priority(finding: &Finding, sheet: &mut Sheet<'_>) {
    let parts = finding.priority.parts;
    let exploited = if finding.known_exploited { " (exploited in the wild)" } else { "" };
    let text = format!(
        "{} = 100 x threat {}{exploited} x impact {} x exposure {} x criticality {}",
        words::score(finding.priority.score),
        parts.threat,
        parts.impact,
        parts.exposure,
        parts.criticality
    );
    sheet.fact("priority", &[Word::plain(text)]);
    if let Some(date) = finding.due {
        let text = words::due(date, sheet.style().now);
        let first =
            finding.first_seen.map(|time| format!(", first seen {}", time.date_naive())).unwrap_or_default();
        sheet.fact("deadline", &[Word::plain(format!("{text}{first}"))]);
    }
}

fn feed(name: &str, stamps: &[FeedStamp], sheet: &mut Sheet<'_>) {
    let mut text = name.to_owned();
    if let Some(stamp) = stamps.iter().find(|stamp| stamp.name == name) {
        let age = stamp.age_seconds.map_or_else(|| "of unknown age".to_owned(), words::old);
        text = format!("{text}, {age}, {}", feeds::authenticity(stamp.authenticity));
        if let Some(digest) = stamp.sha256 {
            text = format!("{text}, sha256 {}", digest.short());
        }
    }
    sheet.fact("feed", &[Word::plain(text)]);
}

fn decision(finding: &Finding, sheet: &mut Sheet<'_>) {
    let Some(disposition) = &finding.disposition else { return };
    if disposition.cause_chain.is_empty() {
        sheet.fact("decision", &[Word::new("the plan closes it", Tone::Good)]);
    }
    for (depth, cause) in disposition.cause_chain.iter().enumerate() {
        let label = if depth == 0 { "held" } else { "" };
        let text = format!("{}: {}: {}", cause.subject, cause.reason.words(), cause.detail);
        sheet.fact(label, &[Word::new(text, Tone::Warn)]);
    }
}

fn verdict_tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Vulnerable | Verdict::VulnerableNoFix => Tone::Bad,
        Verdict::Unknown | Verdict::MitigatedLive => Tone::Warn,
        Verdict::Fixed | Verdict::NotAffected => Tone::Good,
    }
}

fn next_command(document: &WhyDocument) -> &'static str {
    if document.findings.iter().any(Finding::is_installable) {
        "patchctl plan"
    } else {
        "patchctl scan --all"
    }
}
