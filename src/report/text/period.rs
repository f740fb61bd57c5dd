//! A period on one screen: from how many open holes to how many, and by which runs.

use super::sheet::{Sheet, Tone, Word, right};
use super::{header, history, words};
use crate::report::period::{Look, Period};

/// Looks and runs that are shown, the newest; the rest is counted.
const SHOWN: usize = 12;

/// Renders a period.
pub(super) fn render(period: &Period, sheet: &mut Sheet<'_>) {
    sheet.items("", &[Word::plain(period.host.as_str()), Word::new(period.span(), Tone::Strong)]);
    sheet.gap();
    if let (Some(first), Some(last)) = (period.looks.first(), period.looks.last()) {
        change(first, last, sheet);
    }
    let mut items = vec![
        Word::plain(words::count(period.looks.len() as u64, "look", "looks")),
        Word::plain(words::count(period.runs.len() as u64, "run", "runs")),
        Word::plain(format!("{} closed", words::cves(period.closed as usize))),
    ];
    if period.taken_back > 0 {
        items.push(Word::new(format!("{} taken back", period.taken_back), Tone::Warn));
    }
    sheet.items(" ", &items);
    exposure(period, sheet);
    looks(&period.looks, sheet);
    runs(period, sheet);
    sheet.gap();
    header::next("patchctl report --since TIME --format html -o period.html", sheet);
}

fn change(first: &Look, last: &Look, sheet: &mut Sheet<'_>) {
    let arrow = sheet.style().arrow();
    for (label, before, after) in [
        ("open", first.open, last.open),
        ("overdue", first.overdue, last.overdue),
        ("exploited", first.known_exploited, last.known_exploited),
    ] {
        let tone = match after.cmp(&before) {
            std::cmp::Ordering::Less => Tone::Good,
            std::cmp::Ordering::Equal => Tone::Plain,
            std::cmp::Ordering::Greater => Tone::Bad,
        };
        sheet.fact(label, &[Word::new(format!("{before} {arrow} {after}"), tone)]);
    }
}

/// How long what was closed had been open.
fn exposure(period: &Period, sheet: &mut Sheet<'_>) {
    if period.exposure.is_empty() {
        return;
    }
    sheet.gap();
    let head = " closed findings      number  median days  longest  here first  late";
    sheet.line(&[Word::new(head, Tone::Dim)]);
    for window in &period.exposure {
        let numbers = [
            (window.closed.to_string(), 11),
            (window.median_days.to_string(), 13),
            (window.longest_days.to_string(), 9),
            (window.median_latency_days.to_string(), 12),
        ];
        let numbers: String = numbers.iter().map(|(number, width)| right(number, *width)).collect();
        let tone = if window.late > 0 { Tone::Bad } else { Tone::Plain };
        let name = words::severity(window.severity);
        let late = Word::new(right(&window.late.to_string(), 6), tone);
        sheet.line(&[Word::plain(format!(" {name:<16}{numbers}")), late]);
    }
}

fn looks(looks: &[Look], sheet: &mut Sheet<'_>) {
    sheet.gap();
    sheet.line(&[Word::new(" seen at               open  overdue  exploited", Tone::Dim)]);
    for look in looks.iter().rev().take(SHOWN) {
        let numbers = [(look.open, 6), (look.overdue, 9), (look.known_exploited, 11)];
        let numbers: String =
            numbers.iter().map(|(number, width)| right(&number.to_string(), *width)).collect();
        sheet.line(&[Word::plain(format!(" {}{numbers}", look.at.format("%Y-%m-%d %H:%M UTC")))]);
    }
    rest(looks.len(), sheet);
}

fn runs(period: &Period, sheet: &mut Sheet<'_>) {
    if period.runs.is_empty() {
        return;
    }
    sheet.gap();
    for run in period.runs.iter().rev().take(SHOWN) {
        history::entry(run, sheet);
    }
    rest(period.runs.len(), sheet);
}

fn rest(all: usize, sheet: &mut Sheet<'_>) {
    if all > SHOWN {
        sheet.prose(
            "   ",
            &[Word::new(format!("+{} more (--format json tells all)", all - SHOWN), Tone::Dim)],
        );
    }
}
