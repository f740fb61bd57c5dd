//! OpenMetrics text for a textfile collector: counts and states, never the name of a hole.
//!
//! Written so that both parsers read it: OpenMetrics 1.0 (<https://prometheus.io/docs/specs/om/open_metrics_spec/>) and
//! the older Prometheus text format, which node_exporter's textfile collector has. So every family is a gauge, and the
//! closing `# EOF` is a comment to the latter.

use std::io::{self, Write};

use super::schema::Report;
use super::text::sanitize::{Repertoire, clean};
use crate::model::feed::{CompletenessLevel, FeedState};
use crate::model::severity::Severity;
use crate::model::summary::Summary;

/// Writes the counts of a report.
///
/// # Errors
/// `out` cannot be written.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    identity(report, out)?;
    if let Some(summary) = &report.summary {
        counts(summary, out)?;
    }
    states(report, out)?;
    feeds(report, out)?;
    out.write_all(b"# EOF\n")
}

/// Name, unit and meaning of a family.
struct Family(&'static str, &'static str, &'static str);

/// A sample: labels and value.
type Sample<'s> = (Vec<(&'s str, &'s str)>, f64);

fn family(out: &mut dyn Write, family: &Family, samples: &[Sample<'_>]) -> io::Result<()> {
    let Family(name, unit, meaning) = family;
    if samples.is_empty() {
        return Ok(());
    }
    writeln!(out, "# TYPE {name} gauge")?;
    if !unit.is_empty() {
        writeln!(out, "# UNIT {name} {unit}")?;
    }
    writeln!(out, "# HELP {name} {meaning}.")?;
    for (labels, value) in samples {
        let labels: Vec<String> =
            labels.iter().map(|(label, text)| format!("{label}=\"{}\"", escaped(text))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        writeln!(out, "{name}{labels} {value}")?;
    }
    Ok(())
}

/// Backslash, quote and line end are what a label value may not hold plainly; the last never comes this far.
fn escaped(text: &str) -> String {
    clean(text, Repertoire::Unicode).replace('\\', "\\\\").replace('"', "\\\"")
}

fn identity(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut labels = vec![("command", report.command.as_str()), ("tool_version", &report.tool_version)];
    let outcome = serde_json::to_value(report.outcome).unwrap_or_default();
    labels.push(("outcome", outcome.as_str().unwrap_or_default()));
    if let Some(host) = &report.host {
        let distribution = &host.distribution;
        labels.extend([("host", host.name.as_str()), ("distribution", &distribution.id)]);
        labels.extend([("release", distribution.version.as_str()), ("codename", &distribution.codename)]);
    }
    let about = Family("patchctl_report_info", "", "What the report is about; always 1");
    family(out, &about, &[(labels, 1.0)])?;
    let finished =
        Family("patchctl_report_finished_timestamp_seconds", "seconds", "When the report ended, Unix time");
    family(out, &finished, &[(Vec::new(), report.finished.timestamp() as f64)])?;
    let code = Family("patchctl_report_exit_code", "", "The exit code that goes with the report");
    family(out, &code, &[(Vec::new(), f64::from(report.exit_code))])
}

fn counts(summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
    let open = |severity: &Severity| summary.open_by_severity.get(severity).copied().unwrap_or(0) as f64;
    let by_severity: Vec<Sample<'_>> =
        Severity::ALL.iter().map(|severity| (vec![("severity", severity.word())], open(severity))).collect();
    family(
        out,
        &Family("patchctl_open_vulnerabilities", "", "Open vulnerabilities by their worst severity"),
        &by_severity,
    )?;
    let ends = &summary.open_ends;
    let by_reason = [
        ("no-fix", ends.no_fix),
        ("not-offered", ends.not_offered),
        ("unknown", ends.unknown),
        ("held", ends.held),
        ("waived", ends.waived),
        ("mitigated-live", ends.mitigated_live),
    ];
    let by_reason = by_reason.map(|(reason, count)| (vec![("reason", reason)], count as f64));
    let meaning = "Vulnerabilities that no update closes today, by reason";
    family(out, &Family("patchctl_unclosable_vulnerabilities", "", meaning), &by_reason)?;
    for (name, meaning, count) in [
        ("patchctl_packages", "Installed packages", summary.packages),
        (
            "patchctl_known_exploited_vulnerabilities",
            "Open and exploited in the wild",
            summary.known_exploited,
        ),
        ("patchctl_overdue_vulnerabilities", "Open and past their due date", summary.overdue),
        ("patchctl_due_soon_vulnerabilities", "Open and due within a week", summary.due_soon),
        ("patchctl_installable_vulnerabilities", "Open, and an update closes them now", summary.installable),
        ("patchctl_pending_updates", "Packages with a newer version on offer", summary.pending_updates),
        ("patchctl_reboot_required", "1 when a reboot is due", u64::from(summary.reboot_required)),
        ("patchctl_restarts_required", "Services and processes on replaced code", summary.restarts_required),
    ] {
        family(out, &Family(name, "", meaning), &[(Vec::new(), count as f64)])?;
    }
    Ok(())
}

/// One sample a state, 1 for the one that holds: what is not told is incomplete.
fn states(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let level = report.completeness.as_ref().map_or(CompletenessLevel::Incomplete, |c| c.level);
    let levels = [
        ("full", CompletenessLevel::Full),
        ("updates-only", CompletenessLevel::UpdatesOnly),
        ("incomplete", CompletenessLevel::Incomplete),
    ];
    let samples = levels.map(|(word, each)| (vec![("level", word)], f64::from(u8::from(each == level))));
    let meaning = "How complete the result is; 1 for the level that holds";
    family(out, &Family("patchctl_completeness", "", meaning), &samples)?;
    let uncovered = report.coverage.iter().map(|coverage| (Vec::new(), coverage.not_covered.len() as f64));
    let meaning = "Packages that no vendor's advisories speak about";
    family(out, &Family("patchctl_not_covered_packages", "", meaning), &uncovered.collect::<Vec<_>>())
}

fn feeds(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let feeds = || report.feeds.iter().flatten();
    let label = |name| vec![("feed", name)];
    let ages = feeds().filter_map(|feed| Some((label(feed.name.as_str()), feed.age_seconds? as f64)));
    let age = Family("patchctl_feed_age_seconds", "seconds", "Age of the feed at the time of the report");
    family(out, &age, &ages.collect::<Vec<_>>())?;
    let fresh = |state| f64::from(u8::from(state == FeedState::Fresh));
    let states = feeds().map(|feed| (label(feed.name.as_str()), fresh(feed.state)));
    let meaning = "1 when the feed is fresh; 0 when it is stale, suspect or missing";
    family(out, &Family("patchctl_feed_fresh", "", meaning), &states.collect::<Vec<_>>())
}
