//! Feeds: how old, how far to be trusted, how much they know.

use super::header;
use super::sheet::{Sheet, Tone, WIDEST_NAME, Word, left, right};
use super::words;
use crate::model::feed::{Authenticity, FeedStamp, FeedState};
use crate::report::documents::{FeedsAction, FeedsDocument};

/// Renders the feeds of a host.
pub(super) fn render(document: &FeedsDocument, sheet: &mut Sheet<'_>) {
    if document.feeds.is_empty() {
        sheet.prose("", &[Word::new("no feed is configured for this distribution", Tone::Warn)]);
    }
    table(&document.feeds, sheet);
    if document.action == FeedsAction::Verify {
        proved(&document.feeds, sheet);
    }
    sheet.gap();
    let is_whole = document.feeds.iter().all(|feed| feed.state == FeedState::Fresh);
    header::next(if is_whole { "patchctl scan" } else { "patchctl feeds refresh" }, sheet);
}

/// What a verification proved; one that finds anything else ends with an error.
fn proved(feeds: &[FeedStamp], sheet: &mut Sheet<'_>) {
    let tick = format!(" {} ", sheet.style().tick());
    let signed: Vec<&str> =
        feeds.iter().filter(|feed| feed.signed_by.is_some()).map(|feed| feed.name.as_str()).collect();
    sheet.gap();
    sheet.prose(&tick, &[Word::new("what is stored is what was fetched", Tone::Good)]);
    if !signed.is_empty() {
        let text = format!("signatures and digests proved: {}", signed.join(", "));
        sheet.prose(&tick, &[Word::new(text, Tone::Good)]);
    }
}

/// One line a feed, and below it what is wrong with it.
pub(super) fn table(feeds: &[FeedStamp], sheet: &mut Sheet<'_>) {
    let longest = feeds.iter().map(|feed| sheet.style().columns(&feed.name)).max().unwrap_or(0);
    for feed in feeds {
        let (state, tone) = state(feed.state);
        let age = feed.age_seconds.map_or_else(|| "never".to_owned(), age);
        let facts = format!(
            "{}  {}  {}",
            right(&age, 8),
            right(&advisories(feed.advisories), 18),
            left(authenticity(feed.authenticity), 8)
        );
        sheet.line(&[
            Word::new(format!(" {}  ", left(&feed.name, longest.min(WIDEST_NAME))), Tone::Strong),
            Word::plain(format!("{facts}  ")),
            Word::new(state, tone),
        ]);
        if let Some(first) = feed.unread.first.first() {
            let number = words::count(feed.unread.count, "statement", "statements");
            let text = format!("{number} could not be read, first {first}");
            sheet.prose("   ! ", &[Word::new(text, Tone::Warn)]);
        }
        if let Some(problem) = &feed.problem {
            sheet.prose("   ! ", &[Word::new(problem.as_str(), Tone::Warn)]);
        }
    }
}

/// An age in few columns; content of after the time that was asked for has none.
fn age(seconds: i64) -> String {
    if words::old(seconds).ends_with(" old") { words::span(seconds) } else { "newer".to_owned() }
}

/// A repository has offers, no advisories.
fn advisories(number: u64) -> String {
    if number == 0 { "-".to_owned() } else { words::count(number, "advisory", "advisories") }
}

fn state(state: FeedState) -> (&'static str, Tone) {
    match state {
        FeedState::Fresh => ("fresh", Tone::Good),
        FeedState::Stale => ("STALE", Tone::Warn),
        FeedState::Suspect => ("SUSPECT", Tone::Bad),
        FeedState::Missing => ("MISSING", Tone::Bad),
    }
}

/// Returns how a feed was authenticated, in one word.
pub(super) fn authenticity(authenticity: Option<Authenticity>) -> &'static str {
    match authenticity {
        Some(Authenticity::Signed) => "signed",
        Some(Authenticity::Tls) => "TLS only",
        Some(Authenticity::Pinned) => "pinned",
        Some(Authenticity::Local) => "local",
        None => "-",
    }
}
