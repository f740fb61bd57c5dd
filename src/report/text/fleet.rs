//! Many hosts on one screen: the worst first, what is everywhere, what differs; and how two reports differ.

use super::sheet::{Row, Sheet, Tone, WIDEST_NAME, Word, left, right};
use super::{header, scan, words};
use crate::model::feed::CompletenessLevel;
use crate::report::comparison::{HoleChange, ReportDifference};
use crate::report::compliance::ComplianceState;
use crate::report::fleet::{Fleet, FleetHost};

/// Hosts, holes and packages that are shown; the rest is counted.
const SHOWN: usize = 15;

/// Renders a fleet.
pub(super) fn render(fleet: &Fleet, sheet: &mut Sheet<'_>) {
    let count = |state| fleet.hosts.iter().filter(|host| host.state == state).count() as u64;
    let mut items = vec![Word::new(words::count(fleet.hosts.len() as u64, "host", "hosts"), Tone::Strong)];
    for (state, tone) in [
        (ComplianceState::NonCompliant, Tone::Bad),
        (ComplianceState::Unknown, Tone::Warn),
        (ComplianceState::PendingReboot, Tone::Warn),
        (ComplianceState::Compliant, Tone::Good),
    ] {
        if count(state) > 0 {
            items.push(Word::new(format!("{} {}", count(state), state.words()), tone));
        }
    }
    sheet.items("", &items);
    for file in &fleet.unreadable {
        header::alert(&format!("{}: {}", file.file, file.reason), sheet);
    }
    left_out(&fleet.left_out, sheet);
    sheet.gap();
    hosts(&fleet.hosts, sheet);
    common(fleet, sheet);
    skew(fleet, sheet);
    sheet.gap();
    header::next("patchctl report merge DIR --format html -o fleet.html", sheet);
}

/// Files that do not count, because a newer one tells of the same host.
fn left_out(files: &[String], sheet: &mut Sheet<'_>) {
    let dot = format!(" {} ", sheet.style().dot());
    for told in files.iter().take(SHOWN) {
        sheet.prose(&dot, &[Word::new(told.as_str(), Tone::Dim)]);
    }
    rest(files.len(), sheet);
}

fn hosts(hosts: &[FleetHost], sheet: &mut Sheet<'_>) {
    let longest = hosts.iter().take(SHOWN).map(|host| sheet.style().columns(&host.name)).max().unwrap_or(0);
    let names = longest.clamp(4, WIDEST_NAME);
    let title = format!(" {}  open  late  exploited  state", left("host", names));
    sheet.line(&[Word::new(title, Tone::Dim)]);
    for host in hosts.iter().take(SHOWN) {
        let numbers = format!(
            "{}{}{}",
            right(&host.open.to_string(), 6),
            right(&host.overdue.to_string(), 6),
            right(&host.known_exploited.to_string(), 11)
        );
        let tone = match host.state {
            ComplianceState::NonCompliant => Tone::Bad,
            ComplianceState::Unknown | ComplianceState::PendingReboot => Tone::Warn,
            ComplianceState::Compliant => Tone::Good,
        };
        let whole = if host.completeness == CompletenessLevel::Full { "" } else { ", not whole" };
        let name = left(&sheet.style().clean(&host.name), names);
        sheet.line(&[
            Word::new(format!(" {name}"), Tone::Strong),
            Word::plain(numbers),
            Word::new(format!("  {}{whole}", host.state.words()), tone),
        ]);
    }
    rest(hosts.len(), sheet);
}

fn rest(all: usize, sheet: &mut Sheet<'_>) {
    if all > SHOWN {
        sheet.prose(
            "   ",
            &[Word::new(format!("+{} more (--format json tells all)", all - SHOWN), Tone::Dim)],
        );
    }
}

fn common(fleet: &Fleet, sheet: &mut Sheet<'_>) {
    if fleet.common.is_empty() {
        return;
    }
    sheet.gap();
    sheet.line(&[Word::plain(" open on most hosts")]);
    for hole in fleet.common.iter().take(SHOWN) {
        let exploited = if hole.known_exploited { ", exploited" } else { "" };
        let closable =
            if hole.closable > 0 { format!(", closable now on {}", hole.closable) } else { String::new() };
        let told = format!(
            "{}{exploited}, {}{closable}",
            words::severity(hole.severity),
            words::count(hole.hosts, "host", "hosts")
        );
        let lead = Word::plain("   ");
        sheet.row(&Row { lead, title: hole.vulnerability.clone(), names: 18, versions: told });
    }
    rest(fleet.common.len(), sheet);
}

fn skew(fleet: &Fleet, sheet: &mut Sheet<'_>) {
    if fleet.skew.is_empty() {
        return;
    }
    sheet.gap();
    sheet.line(&[Word::plain(" in several versions on one release")]);
    for skew in fleet.skew.iter().take(SHOWN) {
        let versions = skew.versions.iter().map(|count| format!("{} on {}", count.version, count.hosts));
        let versions = versions.collect::<Vec<_>>().join(", ");
        sheet.row(&Row { lead: Word::plain("   "), title: skew.package.clone(), names: 18, versions });
    }
    rest(fleet.skew.len(), sheet);
}

/// Renders how two reports differ.
pub(super) fn difference(difference: &ReportDifference, sheet: &mut Sheet<'_>) {
    let arrow = sheet.style().arrow();
    let side = |side: &crate::report::comparison::Side| {
        format!(
            "{} {} ({} open)",
            side.host.as_deref().unwrap_or("unknown host"),
            side.finished.format("%Y-%m-%d %H:%M UTC"),
            side.open
        )
    };
    let title = format!("{} {arrow} {}", side(&difference.before), side(&difference.after));
    sheet.prose("", &[Word::new(title, Tone::Strong)]);
    for doubt in &difference.doubts {
        header::alert(doubt, sheet);
    }
    sheet.gap();
    if difference.is_empty() {
        sheet.prose(" ", &[Word::plain("the same holes, the same packages")]);
    }
    changes("opened", Tone::Bad, &difference.opened, sheet);
    changes("cannot be told any more", Tone::Warn, &difference.lost, sheet);
    changes("with another verdict", Tone::Warn, &difference.turned, sheet);
    changes("closed", Tone::Good, &difference.closed, sheet);
    packages(difference, sheet);
    sheet.gap();
    let next = if difference.opened.is_empty() { "patchctl status" } else { "patchctl plan" };
    header::next(next, sheet);
}

fn changes(what: &str, tone: Tone, changes: &[HoleChange], sheet: &mut Sheet<'_>) {
    if changes.is_empty() {
        return;
    }
    let verdict = |change: &HoleChange| match (change.before, change.after) {
        (Some(before), Some(after)) if before != after => {
            format!(", {} before, {} now", before.word(), after.word())
        }
        _ => String::new(),
    };
    sheet.line(&[Word::new(format!(" {} {what}", changes.len()), tone)]);
    for change in changes.iter().take(SHOWN) {
        let exploited = if change.known_exploited { ", exploited" } else { "" };
        let told = format!(
            "{}, {}{exploited}{}",
            change.package.name,
            words::severity(change.severity),
            verdict(change)
        );
        let lead = Word::new("   ", scan::tone(change.severity));
        sheet.row(&Row { lead, title: change.vulnerability.clone(), names: 18, versions: told });
    }
    rest(changes.len(), sheet);
    sheet.gap();
}

fn packages(difference: &ReportDifference, sheet: &mut Sheet<'_>) {
    if difference.packages.is_empty() {
        return;
    }
    let arrow = sheet.style().arrow();
    sheet.line(&[Word::plain(format!(" {} changed", words::packages(difference.packages.len())))]);
    for change in difference.packages.iter().take(SHOWN) {
        let version = |version: &Option<crate::model::version::Version>| {
            version.as_ref().map_or("none".to_owned(), ToString::to_string)
        };
        let versions = format!("{} {arrow} {}", version(&change.before), version(&change.after));
        sheet.row(&Row {
            lead: Word::plain("   "),
            title: change.package.name.to_string(),
            names: 18,
            versions,
        });
    }
    rest(difference.packages.len(), sheet);
}
