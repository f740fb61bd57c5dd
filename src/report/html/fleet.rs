//! Many hosts on one page.

use std::io::{self, Write};

use super::super::compliance::ComplianceState;
use super::super::fleet::{Fleet, FleetHost};
use super::super::words::{self, count};
use super::frame::{self, Page};
use super::part::{code, end_section, end_table, row, section, table, text};

/// Rows of the lists of holes and packages: the rest is in the JSON.
const ROWS: usize = 200;

/// Writes a fleet as one HTML page.
///
/// # Errors
/// `out` cannot be written.
pub(in crate::report) fn write(fleet: &Fleet, out: &mut dyn Write) -> io::Result<()> {
    let created = fleet.identity.created;
    let heading = count(fleet.hosts.len() as u64, "host", "hosts");
    frame::begin(
        &Page {
            title: format!("{heading}: fleet of {} · patchctl", created.format("%Y-%m-%d")),
            brand: "fleet report".to_owned(),
            heading,
            about: created.format("%Y-%m-%d %H:%M UTC").to_string(),
            places: vec![
                ("overview", "Overview"),
                ("hosts", "Hosts"),
                ("common", "Common holes"),
                ("skew", "Version skew"),
            ],
        },
        out,
    )?;
    overview(fleet, out)?;
    hosts(&fleet.hosts, out)?;
    common(fleet, out)?;
    skew(fleet, out)?;
    frame::end(
        &format!("patchctl {} from {}", text(&fleet.identity.tool_version), text(&fleet.identity.schema)),
        out,
    )
}

fn overview(fleet: &Fleet, out: &mut dyn Write) -> io::Result<()> {
    section(out, "overview", "Overview")?;
    let with = |state| fleet.hosts.iter().filter(|host| host.state == state).count() as u64;
    writeln!(out, "<dl class=\"figures\">")?;
    for (name, number, tone) in [
        ("non-compliant", with(ComplianceState::NonCompliant), "bad"),
        ("unknown", with(ComplianceState::Unknown), "warn"),
        ("pending reboot", with(ComplianceState::PendingReboot), "warn"),
        ("compliant", with(ComplianceState::Compliant), ""),
        ("files not read", fleet.unreadable.len() as u64, "bad"),
    ] {
        let tone = if number == 0 { "zero" } else { tone };
        writeln!(out, "<div class=\"{tone}\"><dt>{name}</dt><dd>{}</dd></div>", words::thousands(number))?;
    }
    writeln!(out, "</dl>")?;
    if !fleet.unreadable.is_empty() {
        writeln!(
            out,
            "<div class=\"alert\"><p><strong>Not in the table: nothing is known about these hosts.</strong></p><ul>"
        )?;
        for file in &fleet.unreadable {
            writeln!(out, "<li>{}: {}</li>", code(&file.file), text(&file.reason))?;
        }
        writeln!(out, "</ul></div>")?;
    }
    for line in &fleet.left_out {
        writeln!(out, "<p class=\"small\">Left out: {}</p>", text(line))?;
    }
    end_section(out)
}

fn hosts(hosts: &[FleetHost], out: &mut dyn Write) -> io::Result<()> {
    section(out, "hosts", "Hosts")?;
    let columns = [
        "host",
        "state",
        "open",
        "overdue",
        "exploited",
        "closable now",
        "unknown",
        "reboot",
        "release",
        "report of",
    ];
    table(out, "Hosts, worst first", &columns)?;
    for host in hosts {
        row(
            out,
            &[
                text(&host.name),
                state(host.state),
                host.open.to_string(),
                mark(host.overdue),
                mark(host.known_exploited),
                host.installable.to_string(),
                host.unknown.to_string(),
                if host.reboot { "due" } else { "–" }.to_owned(),
                text(&host.release),
                host.finished.format("%Y-%m-%d %H:%M").to_string(),
            ],
        )?;
    }
    end_table(out)?;
    end_section(out)
}

fn state(state: ComplianceState) -> String {
    let tone = match state {
        ComplianceState::NonCompliant => "late",
        ComplianceState::Compliant => "done",
        ComplianceState::Unknown | ComplianceState::PendingReboot => "soon",
    };
    format!("<span class=\"{tone}\">{}</span>", state.words())
}

fn mark(number: u64) -> String {
    if number == 0 { "0".to_owned() } else { format!("<span class=\"late\">{number}</span>") }
}

fn common(fleet: &Fleet, out: &mut dyn Write) -> io::Result<()> {
    section(out, "common", "Common holes")?;
    if fleet.common.is_empty() {
        writeln!(out, "<p>No open hole is on more than one host.</p>")?;
        return end_section(out);
    }
    table(
        out,
        "Open on more than one host",
        &["vulnerability", "severity", "hosts", "closable now on", "among them"],
    )?;
    for hole in fleet.common.iter().take(ROWS) {
        let exploited =
            if hole.known_exploited { " <span class=\"tag exploited\">exploited</span>" } else { "" };
        let severity = hole.severity.word();
        row(
            out,
            &[
                format!("{}{exploited}", text(&hole.vulnerability)),
                format!("<span class=\"tag {severity}\">{}</span>", words::severity(hole.severity)),
                hole.hosts.to_string(),
                hole.closable.to_string(),
                text(&hole.names.join(", ")),
            ],
        )?;
    }
    end_table(out)?;
    rest(fleet.common.len(), out)?;
    end_section(out)
}

fn skew(fleet: &Fleet, out: &mut dyn Write) -> io::Result<()> {
    section(out, "skew", "Version skew")?;
    if fleet.skew.is_empty() {
        writeln!(out, "<p>Hosts of one release have the same versions.</p>")?;
        return end_section(out);
    }
    table(out, "Packages in several versions on hosts of one release", &["package", "release", "versions"])?;
    for skew in fleet.skew.iter().take(ROWS) {
        let one = |count: &super::super::fleet::VersionCount| {
            let names = text(&count.names.join(", "));
            format!("{} on {} <span class=\"dim\">({names})</span>", code(&count.version), count.hosts)
        };
        let versions = skew.versions.iter().map(one).collect::<Vec<_>>().join("<br>");
        row(out, &[text(&skew.package), text(&skew.release), versions])?;
    }
    end_table(out)?;
    rest(fleet.skew.len(), out)?;
    end_section(out)
}

fn rest(all: usize, out: &mut dyn Write) -> io::Result<()> {
    match all.saturating_sub(ROWS) {
        0 => Ok(()),
        more => writeln!(out, "<p class=\"small\">and {more} more in the JSON form</p>"),
    }
}
