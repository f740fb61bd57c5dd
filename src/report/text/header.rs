//! What every rendering of a report shares: who and from what, what is not whole, and what to do next.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::sheet::{Sheet, Tone, Word};
use super::words;
use crate::model::distro::Distribution;
use crate::model::feed::{CompletenessLevel, FeedStamp, FeedState};
use crate::report::schema::{Report, ReportHost};

/// Writes host, distribution, size and feeds, and below it everything that makes the result less than whole.
pub(super) fn write(report: &Report, sheet: &mut Sheet<'_>) {
    let mut items = Vec::new();
    if let Some(host) = &report.host {
        items.extend(identity(host));
    }
    if let Some(summary) = &report.summary {
        items.push(Word::plain(words::count(summary.packages, "package", "packages")));
    }
    sheet.items("", &items);
    let feeds = feeds(told(report));
    if !feeds.is_empty() {
        sheet.items("", &feeds);
    }
    if let Some(host) = &report.host {
        support_over(&host.distribution, sheet);
    }
    completeness(report, sheet);
}

/// Host name, distribution, and the root where it is not the running system.
pub(super) fn identity(host: &ReportHost) -> Vec<Word> {
    let mut items = vec![Word::new(host.name.as_str(), Tone::Strong), Word::plain(host.distribution.title())];
    if host.root != "/" {
        items.push(Word::plain(format!("root {}", host.root)));
    }
    items
}

fn support_over(distribution: &Distribution, sheet: &mut Sheet<'_>) {
    let now = sheet.style().now;
    match distribution.end_of_support {
        Some(end) if end < now.date_naive() => {
            alert(
                &format!("security support of {} ended on {end}: new holes stay open", distribution.title()),
                sheet,
            );
        }
        Some(end) if (end - now.date_naive()).num_days() <= 90 => {
            alert(&format!("security support of {} ends on {end}", distribution.title()), sheet);
        }
        _ => {}
    }
}

/// Returns the feeds that there is something to say about. One that was never fetched and whose lack makes nothing
/// incomplete decides nothing: `feeds list` has it.
fn told(report: &Report) -> impl Iterator<Item = &FeedStamp> {
    let reasons = report.completeness.as_ref().map_or(&[][..], |completeness| &completeness.reasons);
    let is_missed = |stamp: &FeedStamp| reasons.iter().any(|reason| reason.contains(&stamp.name));
    let all = report.feeds.iter().flatten();
    all.filter(move |stamp| stamp.state != FeedState::Missing || is_missed(stamp))
}

/// Feeds of one kind (`apt:…`) are told once, by the one that matters.
fn feeds<'a>(stamps: impl Iterator<Item = &'a FeedStamp>) -> Vec<Word> {
    let mut kinds: Vec<&str> = Vec::new();
    let mut telling: BTreeMap<&str, &FeedStamp> = BTreeMap::new();
    for stamp in stamps {
        let kind = stamp.name.split([':', '/']).next().unwrap_or_default();
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
        let known = telling.entry(kind).or_insert(stamp);
        if badness(stamp) > badness(known) {
            *known = stamp;
        }
    }
    kinds.iter().filter_map(|kind| Some(feed_age(kind, telling.get(kind)?))).collect()
}

/// The worst state tells; among fresh ones the youngest, because a suite that rarely changes is old and still good.
fn badness(stamp: &FeedStamp) -> (u8, i64) {
    let age = stamp.age_seconds.unwrap_or(i64::MAX);
    match stamp.state {
        FeedState::Fresh => (0, -age),
        FeedState::Stale => (1, age),
        FeedState::Suspect => (2, age),
        FeedState::Missing => (3, age),
    }
}

fn feed_age(kind: &str, stamp: &FeedStamp) -> Word {
    let age = stamp.age_seconds.map_or_else(|| "of unknown age".to_owned(), words::old);
    match stamp.state {
        FeedState::Fresh => Word::new(format!("{kind} {age}"), Tone::Dim),
        FeedState::Stale => Word::new(format!("{kind} STALE, {age}"), Tone::Warn),
        FeedState::Suspect => Word::new(format!("{kind} SUSPECT, {age}"), Tone::Bad),
        FeedState::Missing => Word::new(format!("{kind} MISSING"), Tone::Bad),
    }
}

fn completeness(report: &Report, sheet: &mut Sheet<'_>) {
    let Some(completeness) = &report.completeness else { return };
    let meaning = match completeness.level {
        CompletenessLevel::Full => return,
        CompletenessLevel::UpdatesOnly => {
            "UPDATES ONLY: pending fixes are known, holes without a fix are not"
        }
        CompletenessLevel::Incomplete => "INCOMPLETE: holes may be missing from this list",
    };
    alert(meaning, sheet);
    for reason in &completeness.reasons {
        sheet.prose("   ", &[Word::plain(reason.as_str())]);
    }
}

/// Writes what is missing from a result that should have it, for renderings that do not begin with [`write`].
pub(super) fn incomplete(report: &Report, sheet: &mut Sheet<'_>) {
    if report.completeness.as_ref().is_some_and(|c| c.level == CompletenessLevel::Incomplete) {
        completeness(report, sheet);
    }
}

/// Writes something that nobody may overlook.
pub(super) fn alert(text: &str, sheet: &mut Sheet<'_>) {
    sheet.prose(" ! ", &[Word::new(text, Tone::Warn)]);
}

/// Writes what to do next, as the last line.
pub(super) fn next(command: &str, sheet: &mut Sheet<'_>) {
    let arrow = sheet.style().arrow();
    sheet.prose(&format!(" {arrow} "), &[Word::new(command, Tone::Strong)]);
}

/// Writes a time for people: local, and how long ago.
pub(super) fn moment(time: DateTime<Utc>, sheet: &Sheet<'_>) -> String {
    let style = sheet.style();
    format!("{} ({})", (style.local)(time), words::ago(time, style.now))
}
