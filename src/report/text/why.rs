//! Why a verdict is what it is: the rule, the versions, the feed, the arithmetic of the priority.

use super::scan::tone;
use super::sheet::{Sheet, Tone, Word};
use super::{feeds, header, words};
use crate::model::feed::FeedStamp;
use crate::model::finding::{Finding, Verdict};
use crate::report::documents::WhyDocument;

/// Renders the answer of `why`.
pub(super) fn render(document: &WhyDocument, sheet: &mut Sheet<'_>) {
    sheet.line(&[Word::new(document.subject.as_str(), Tone::Strong)]);
    if let Some(note) = &document.note {
        sheet.prose(" ", &[Word::plain(note.as_str())]);
    }
    for package in &document.not_covered {
        let text = format!(
            "{} {} comes from {}: no feed speaks about it, so nobody can tell",
            package.name, package.version, package.origin
        );
        header::alert(&text, sheet);
    }
    for finding in &document.findings {
        let stamp = document.feeds.iter().find(|feed| feed.name == *finding.feed);
        sheet.gap();
        explain(finding, stamp, sheet);
    }
    sheet.gap();
    header::next(next_command(document), sheet);
}

fn explain(finding: &Finding, stamp: Option<&FeedStamp>, sheet: &mut Sheet<'_>) {
    let package = &finding.package;
    sheet.items(
        " ",
        &[
            Word::new(format!("{}:{}", package.name, package.architecture), Tone::Strong),
            Word::plain(finding.advisory.as_str()),
            Word::new(words::severity(finding.severity), tone(finding.severity)),
            Word::new(finding.verdict.word(), verdict_tone(finding.verdict)),
        ],
    );
    sheet.fact("because", &[Word::plain(finding.reason.as_str())]);
    let source = format!("{} (source {} {})", package.version, package.source.name, package.source.version);
    sheet.fact("installed", &[Word::plain(source)]);
    if let Some(fixed) = &finding.fixed_version {
        sheet.fact("fixed in", &[Word::plain(format!("{} {fixed}", package.source.name))]);
    }
    if let Some(state) = finding.vendor_state {
        sheet.fact("vendor", &[Word::plain(state.words())]);
    }
    candidate(finding, sheet);
    priority(finding, sheet);
    feed(finding, stamp, sheet);
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

fn feed(finding: &Finding, stamp: Option<&FeedStamp>, sheet: &mut Sheet<'_>) {
    let mut text = finding.feed.to_string();
    if let Some(stamp) = stamp {
        let age = stamp
            .age_seconds
            .map_or_else(|| "of unknown age".into(), |age| format!("{} old", words::span(age)));
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
