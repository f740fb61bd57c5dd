//! Every finding, one row each. Without script the rows stand in the order of their priority; with it they can be sorted
//! and filtered.

use std::io::{self, Write};

use super::super::schema::Report;
use super::super::words;
use super::part::{code, end_section, section, text};
use crate::model::finding::{Finding, StateAfter, Verdict};
use crate::model::severity::{Exposure, Severity};
use crate::model::vulnerability::CveId;

/// The columns: name, and how the script compares their cells.
const COLUMNS: [(&str, &str); 7] = [
    ("severity", "rank"),
    ("vulnerability", "text"),
    ("package", "text"),
    ("installed", "text"),
    ("what can be done", "text"),
    ("due", "text"),
    ("priority", "number"),
];

/// Rows that a browser lays out together, and only once a reader comes near them; the style sheet gives their height. With
/// 5,000 findings, a group for each row cost 16 to 611 ms after parsing, these groups 32 to 283 (Chromium 156, busy machine,
/// five loads each; benches/RESULTS.md).
const ROWS: usize = 50;

/// Writes the findings, where the report has judged anything.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let Some(findings) = &report.findings else { return Ok(()) };
    section(out, "findings", "Findings")?;
    if findings.is_empty() {
        writeln!(out, "<p>None.</p>")?;
        return end_section(out);
    }
    controls(findings.len(), out)?;
    let caption = "Findings: what vendors state about what is installed";
    write!(out, "<table id=\"list\" role=\"table\"><caption class=\"read\">{caption}</caption>")?;
    write!(out, "<thead role=\"rowgroup\"><tr role=\"row\">")?;
    for (name, kind) in COLUMNS {
        write!(out, "<th scope=\"col\" role=\"columnheader\" data-kind=\"{kind}\">{name}</th>")?;
    }
    writeln!(out, "</tr></thead>")?;
    for few in findings.chunks(ROWS) {
        writeln!(out, "<tbody role=\"rowgroup\">")?;
        few.iter().try_for_each(|finding| row(finding, report, out))?;
        writeln!(out, "</tbody>")?;
    }
    writeln!(out, "</table>")?;
    end_section(out)
}

/// Hidden until the script shows them: without it they would do nothing.
fn controls(all: usize, out: &mut dyn Write) -> io::Result<()> {
    write!(
        out,
        "<form id=\"filter\" class=\"filter\" hidden><label>Search <input type=\"search\" id=\"words\" autocomplete=\"off\" \
         placeholder=\"CVE, package, words\"></label><label>Severity <select id=\"severity\"><option value=\"\">all</option>"
    )?;
    for severity in Severity::ALL {
        write!(out, "<option value=\"{}\">{}</option>", severity.word(), words::severity(severity))?;
    }
    writeln!(
        out,
        "</select></label><label>Show <select id=\"verdict\"><option value=\"\">everything</option><option \
         value=\"now\">closable now</option><option value=\"late\">overdue</option><option value=\"known\">exploited</option>\
         <option value=\"none\">no fix yet</option><option value=\"ask\">verdict unknown</option></select></label><p \
         id=\"shown\" role=\"status\">{all} of {all} findings</p></form>"
    )
}

fn row(finding: &Finding, report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let severity = finding.severity.word();
    write!(out, "<tr role=\"row\" data-s=\"{severity}\" data-v=\"{}\">", marks(finding, report))?;
    write!(
        out,
        "<td role=\"cell\"><span class=\"tag {severity}\">{}</span></td>",
        words::severity(finding.severity)
    )?;
    write!(out, "<td role=\"cell\">{}<p class=\"small\">{}</p></td>", names(finding), text(&finding.reason))?;
    let (package, source) = (&finding.package, &finding.package.source);
    let of = if package.name == source.name {
        String::new()
    } else {
        format!("<p class=\"small\">of {}</p>", text(source.name.as_str()))
    };
    write!(out, "<td role=\"cell\">{}{of}</td>", text(package.name.as_str()))?;
    write!(
        out,
        "<td role=\"cell\">{}</td><td role=\"cell\">{}</td>",
        text(package.version.as_str()),
        remedy(finding)
    )?;
    write!(out, "<td role=\"cell\">{}</td>", due(finding, report))?;
    writeln!(out, "<td role=\"cell\" class=\"number\">{}</td></tr>", words::score(finding.priority.score))
}

/// What the filter asks for.
fn marks(finding: &Finding, report: &Report) -> String {
    let late = finding.verdict.is_open() && finding.due.is_some_and(|due| due < report.finished.date_naive());
    let marks = [
        ("now", finding.is_installable()),
        ("late", late),
        ("known", finding.known_exploited),
        ("none", finding.verdict == Verdict::VulnerableNoFix),
        ("ask", finding.verdict == Verdict::Unknown),
    ];
    marks.iter().filter(|(_, is_set)| *is_set).map(|(mark, _)| *mark).collect::<Vec<_>>().join(" ")
}

/// Identifiers, those of CVEs as links (nothing is loaded before a reader follows one), and what raises them.
fn names(finding: &Finding) -> String {
    let link = |id: &str| match CveId::parse(id) {
        Some(cve) => format!("<a href=\"https://www.cve.org/CVERecord?id={cve}\">{cve}</a>"),
        None => text(id),
    };
    let mut names: Vec<String> = finding.identifiers().map(link).collect();
    if names.is_empty() {
        names.push("pending security update".to_owned());
    }
    names
        .extend(finding.announced_in.as_deref().map(|id| format!("<span class=\"dim\">{}</span>", text(id))));
    let mut shown = names.join(" ");
    if finding.known_exploited {
        shown.push_str(" <span class=\"tag exploited\">exploited</span>");
    }
    match finding.exposure {
        Exposure::Listening => shown.push_str(" <span class=\"tag plain\">listening</span>"),
        Exposure::Running => shown.push_str(" <span class=\"tag plain\">running</span>"),
        Exposure::Installed => {}
    }
    shown
}

fn remedy(finding: &Finding) -> String {
    if let Some(state) =
        finding.state_after.filter(|state| *state != StateAfter::StillOpen && *state != StateAfter::Held)
    {
        return match state {
            StateAfter::Closed => "<span class=\"done\">closed by the run</span>".to_owned(),
            StateAfter::OldCodeInMemory => "closed on disk; old code still runs".to_owned(),
            StateAfter::PendingReboot | StateAfter::Held | StateAfter::StillOpen => {
                "closed with the next boot".to_owned()
            }
        };
    }
    let hold = finding.disposition.as_ref().and_then(|disposition| disposition.reason);
    let held =
        hold.map_or_else(String::new, |reason| format!("<p class=\"small\">held: {}</p>", reason.words()));
    let remedy = match (&finding.candidate, finding.verdict) {
        (Some(candidate), _) if finding.is_installable() => {
            format!("install {}", code(candidate.version.as_str()))
        }
        (_, Verdict::Vulnerable) => "fix known, not offered".to_owned(),
        (_, verdict) => verdict.word().replace("vulnerable, no fix", "no fix yet"),
    };
    format!("{remedy}{held}")
}

fn due(finding: &Finding, report: &Report) -> String {
    let Some(due) = finding.due else { return "<span class=\"dim\">–</span>".to_owned() };
    match (due - report.finished.date_naive()).num_days() {
        days if days < 0 && finding.verdict.is_open() => format!(
            "<span class=\"late\">{due}<br>{} late</span>",
            words::count(days.unsigned_abs(), "day", "days")
        ),
        _ => due.to_string(),
    }
}
