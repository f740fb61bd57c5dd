//! A scan: the worst first, what can be done about it, and what nobody knows.

use super::group::{Group, Remedy, groups};
use super::header;
use super::policy;
use super::sheet::{Row, Sheet, Tone, WIDEST_NAME, Word, right};
use super::style::Detail;
use super::words;
use crate::model::feed::{Completeness, CompletenessLevel};
use crate::model::finding::Verdict;
use crate::model::severity::{Exposure, Severity};
use crate::model::summary::Summary;
use crate::report::schema::Report;

/// Groups that fit on one screen of 50 lines together with head and foot.
const WORST: usize = 12;
/// Where the names of a group begin: a margin, three columns of score, a gap of two.
const NAMES: usize = 6;
/// Versions beyond this many columns do not widen the column of all.
const WIDEST_VERSIONS: usize = 52;

/// Renders a scan.
pub(super) fn render(report: &Report, sheet: &mut Sheet<'_>) {
    let findings = report.findings.as_deref().unwrap_or_default();
    let is_summary = sheet.style().detail == Detail::Summary;
    let groups = if is_summary { Vec::new() } else { groups(findings) };
    header::write(report, sheet);
    sheet.gap();
    let today = sheet.style().now.date_naive();
    let counted = report.summary.clone().unwrap_or_else(|| Summary::count(0, findings, today));
    totals(&counted, level(report.completeness.as_ref()), sheet);
    if !is_summary {
        list(&groups, sheet);
    }
    sheet.gap();
    open_ends(report, &counted, sheet);
    deadlines(&counted, sheet);
    reboot(report, sheet);
    policy::notes(report, sheet);
    sheet.gap();
    header::next(&format!("{}{}", next_command(report, &counted), root(report)), sheet);
}

/// How many are open, how bad, and how many of them can be closed now.
fn totals(summary: &Summary, level: CompletenessLevel, sheet: &mut Sheet<'_>) {
    let open = summary.open_vulnerabilities;
    if open == 0 {
        return nothing_open(summary, level, sheet);
    }
    opened(summary, level, sheet);
    let (text, tone) = match summary.installable {
        0 => ("none of them can be closed by an update today".to_owned(), Tone::Plain),
        all if all == open => ("all of them can be closed now".to_owned(), Tone::Good),
        some => (format!("{} of them can be closed now", words::thousands(some)), Tone::Good),
    };
    sheet.prose(" ", &[Word::new(text, tone)]);
}

/// What is open, by severity where any of it has a name.
pub(super) fn opened(summary: &Summary, level: CompletenessLevel, sheet: &mut Sheet<'_>) {
    if summary.unnamed == summary.open_vulnerabilities {
        let why = match level {
            CompletenessLevel::Full => "no feed names the CVEs behind them yet",
            _ => "the CVEs behind them are not known without the tracker",
        };
        return sheet.prose(" ", &[Word::plain(format!("{} open; {why}", open_words(summary)))]);
    }
    sheet.items(&format!(" {} open: ", open_words(summary)), &by_severity(summary));
}

/// What is open: named vulnerabilities, and updates that close something unnamed.
fn open_words(summary: &Summary) -> String {
    let named = words::count(summary.open_vulnerabilities.saturating_sub(summary.unnamed), "CVE", "CVEs");
    let unnamed = words::count(summary.unnamed, "security update", "security updates");
    match (summary.unnamed, summary.open_vulnerabilities == summary.unnamed) {
        (0, _) => named,
        (_, true) => unnamed,
        (_, false) => format!("{named} and {unnamed}"),
    }
}

/// Only a whole result with no unknown verdict may look green.
pub(super) fn nothing_open(summary: &Summary, level: CompletenessLevel, sheet: &mut Sheet<'_>) {
    let is_known = summary.with_verdict(Verdict::Unknown) == 0;
    let (mark, text, tone) = match level {
        CompletenessLevel::Full if is_known => {
            (sheet.style().tick(), "nothing open in what these feeds cover", Tone::Good)
        }
        CompletenessLevel::Full => ("?", "nothing known to be open; some verdicts are unknown", Tone::Warn),
        CompletenessLevel::UpdatesOnly => {
            ("?", "no security update is pending; more is not known", Tone::Warn)
        }
        CompletenessLevel::Incomplete => {
            ("?", "nothing found, which means little: feeds are missing or stale", Tone::Warn)
        }
    };
    sheet.prose(&format!(" {mark} "), &[Word::new(text, tone)]);
}

/// The open vulnerabilities by severity, worst first.
fn by_severity(summary: &Summary) -> Vec<Word> {
    let word = |severity: Severity| {
        let number = words::thousands(*summary.open_by_severity.get(&severity)?);
        Some(Word::new(format!("{number} {}", words::severity(severity)), tone(severity)))
    };
    Severity::ALL.into_iter().filter_map(word).collect()
}

/// What is shown unless everything is: what an update can close, and what burns although none can.
fn belongs_on_top(group: &Group<'_>) -> bool {
    match group.remedy {
        Remedy::Installable => true,
        Remedy::NotOffered | Remedy::None => {
            !group.exploited.is_empty() || group.severity == Severity::Critical
        }
        Remedy::Unknown => !group.exploited.is_empty(),
    }
}

fn list(groups: &[Group<'_>], sheet: &mut Sheet<'_>) {
    let everything = sheet.style().detail == Detail::All;
    let listed: Vec<&Group<'_>> = groups.iter().filter(|group| everything || belongs_on_top(group)).collect();
    let shown = if everything { listed.as_slice() } else { &listed[..listed.len().min(WORST)] };
    let titles = shown.iter().map(|group| group.title(WIDEST_NAME));
    let names = titles.map(|title| sheet.style().columns(&title)).max().unwrap_or(0).min(WIDEST_NAME);
    let versions = shown.iter().map(|group| versions(group, sheet.style().arrow()));
    let versions = versions.map(|text| sheet.style().columns(&text)).max().unwrap_or(0).min(WIDEST_VERSIONS);
    sheet.gap();
    for group in shown {
        entry(group, (names, versions), sheet);
    }
    left_out(groups, &listed, shown.len(), sheet);
}

/// One line a group on a wide terminal, else two: what it is, and what is said of it.
fn entry(group: &Group<'_>, (names, column): (usize, usize), sheet: &mut Sheet<'_>) {
    let score = format!(" {}  ", right(&words::score(group.worst.priority.score), 3));
    let versions = versions(group, sheet.style().arrow());
    let row = Row {
        lead: Word::new(score, tone(group.severity)),
        title: group.title(WIDEST_NAME),
        names,
        versions,
    };
    let particulars = particulars(group, sheet);
    if !sheet.wide_row(&row, column, &particulars) {
        sheet.row(&row);
        sheet.items(&" ".repeat(NAMES), &particulars);
    }
}

fn versions(group: &Group<'_>, arrow: &str) -> String {
    let installed = group.worst.package.version.as_str();
    match (group.remedy, group.target()) {
        (Remedy::Installable, Some(target)) => format!("{installed} {arrow} {target}"),
        _ => installed.to_owned(),
    }
}

/// Severity, number, exploitation, exposure, remedy and due date: one thought each.
fn particulars(group: &Group<'_>, sheet: &Sheet<'_>) -> Vec<Word> {
    let style = sheet.style();
    let mut items = match group.is_unnamed {
        true => vec![Word::new("security update", tone(group.severity)), Word::plain("CVEs not known")],
        false => vec![
            Word::new(words::severity(group.severity), tone(group.severity)),
            Word::plain(words::cves(group.vulnerabilities.len())),
        ],
    };
    if let Some(text) = exploited(group, style.ellipsis()) {
        items.push(Word::new(text, Tone::Alarm));
    }
    match group.exposure {
        Exposure::Listening => items.push(Word::new("open to the network", Tone::Strong)),
        Exposure::Running => items.push(Word::plain("running")),
        Exposure::Installed => {}
    }
    items.extend(remedy(group));
    if let Some(date) = group.due {
        let late = date < style.now.date_naive();
        items.push(Word::new(words::due(date, style.now), if late { Tone::Bad } else { Tone::Plain }));
    }
    items
}

fn exploited(group: &Group<'_>, ellipsis: &str) -> Option<String> {
    let mut ids = group.exploited.iter();
    let first = ids.next()?;
    let more = if ids.len() > 0 { format!(" {ellipsis} (+{})", ids.len()) } else { String::new() };
    Some(format!("exploited in the wild: {first}{more}"))
}

fn remedy(group: &Group<'_>) -> Option<Word> {
    match group.remedy {
        Remedy::Installable => None,
        Remedy::NotOffered => {
            let fixed = group.worst.fixed_version.as_ref();
            let version = fixed.map(|version| format!("{version} ")).unwrap_or_default();
            Some(Word::new(format!("fix {version}is not in the enabled repositories"), Tone::Warn))
        }
        Remedy::None => Some(Word::new("no fix yet", Tone::Warn)),
        Remedy::Unknown => Some(Word::new("verdict unknown", Tone::Warn)),
    }
}

/// Says what the list does not show, so that it never looks whole.
fn left_out(groups: &[Group<'_>], listed: &[&Group<'_>], shown: usize, sheet: &mut Sheet<'_>) {
    let more = listed.len() - shown;
    let others = groups.len() - listed.len();
    let text = match (more, others) {
        (0, 0) => return,
        (0, others) => format!("{others} without an update"),
        (more, 0) => format!("{more} more"),
        (more, others) => format!("{more} more, and {others} without an update"),
    };
    let lead = format!("{}{} ", " ".repeat(NAMES), sheet.style().ellipsis());
    sheet.prose(&lead, &[Word::new(format!("{text} (patchctl scan --all)"), Tone::Dim)]);
}

/// What no update closes today: shown as numbers, never as nothing.
fn open_ends(report: &Report, summary: &Summary, sheet: &mut Sheet<'_>) {
    let mut items = Vec::new();
    let mut add = |text: &str, number: u64| {
        if number > 0 {
            items.push(Word::plain(format!("{text} {}", words::thousands(number))));
        }
    };
    let ends = &summary.open_ends;
    add("no fix yet", ends.no_fix);
    add("fix not offered here", ends.not_offered);
    add("unknown", ends.unknown);
    add("held", ends.held);
    add("mitigated live", ends.mitigated_live);
    add("waived", ends.waived);
    items.extend(not_covered(report));
    items.extend(limited_support(report));
    if !items.is_empty() {
        sheet.items(" ", &items);
    }
}

fn not_covered(report: &Report) -> Option<Word> {
    let packages = report.coverage.as_ref()?.not_covered.as_slice();
    let mut origins: Vec<&str> = packages.iter().map(|package| package.origin.as_str()).collect();
    origins.sort_unstable();
    origins.dedup();
    let named = origins.iter().take(3).copied().collect::<Vec<_>>().join(", ");
    let more = if origins.len() > 3 { format!(" and {} more", origins.len() - 3) } else { String::new() };
    let text = format!("not covered by any feed: {} ({named}{more})", words::packages(packages.len()));
    (!packages.is_empty()).then(|| Word::plain(text))
}

/// The packages of which the vendor supports a part, or none any more: what it is, `why` tells.
fn limited_support(report: &Report) -> Option<Word> {
    let limits = report.coverage.as_ref()?.limited_support.as_slice();
    let named: Vec<&str> = limits.iter().take(3).map(|limit| limit.source.as_str()).collect();
    let more = if limits.len() > 3 { format!(" and {} more", limits.len() - 3) } else { String::new() };
    let text = format!("limited security support: {}{more}", named.join(", "));
    (!limits.is_empty()).then(|| Word::plain(text))
}

fn deadlines(summary: &Summary, sheet: &mut Sheet<'_>) {
    let mut items = Vec::new();
    if summary.overdue > 0 {
        items.push(Word::new(format!("{} overdue", words::thousands(summary.overdue)), Tone::Bad));
    }
    if summary.due_soon > 0 {
        items.push(Word::plain(format!("{} due within a week", words::thousands(summary.due_soon))));
    }
    if !items.is_empty() {
        sheet.items(" ", &items);
    }
}

fn reboot(report: &Report, sheet: &mut Sheet<'_>) {
    let kernel = report.host.as_ref().map(|host| &host.kernel);
    if let Some((running, next)) = kernel
        .filter(|kernel| kernel.reboot_pending())
        .and_then(|kernel| Some((kernel.running.as_ref()?, kernel.next_boot.as_ref()?)))
    {
        header::alert(&format!("reboot due: kernel {running} runs, {next} is installed"), sheet);
    }
}

/// A result that says nothing of its completeness is not complete.
pub(super) fn level(completeness: Option<&Completeness>) -> CompletenessLevel {
    completeness.map_or(CompletenessLevel::Incomplete, |completeness| completeness.level)
}

/// Another root has to be named again.
fn root(report: &Report) -> String {
    let root = report.host.as_ref().map_or("/", |host| host.root.as_str());
    if root == "/" { String::new() } else { format!(" --root {root}") }
}

fn next_command(report: &Report, summary: &Summary) -> &'static str {
    if summary.installable_findings > 0 {
        "patchctl plan"
    } else if level(report.completeness.as_ref()) != CompletenessLevel::Full {
        "patchctl feeds refresh"
    } else if summary.open_vulnerabilities == 0 && summary.open_ends.unknown == 0 {
        "patchctl status"
    } else {
        "patchctl scan --all"
    }
}

/// The colour of a severity.
pub(super) fn tone(severity: Severity) -> Tone {
    match severity {
        Severity::Critical => Tone::Alarm,
        Severity::High => Tone::Bad,
        Severity::Medium | Severity::Unknown => Tone::Warn,
        Severity::Low | Severity::Negligible => Tone::Dim,
    }
}
