//! JSON documents, read whole or refused with the place of the first fault.

use std::borrow::Cow;

use serde::Deserialize;

use super::FeedError;

/// Longest part of an error text of the parser that is passed on: it can quote the content.
const LONGEST_DETAIL: usize = 300;

/// A text, borrowed unless it has escapes in it.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Hash)]
#[serde(transparent)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// Refuses content that is nothing, or a page for people.
pub(super) fn start(feed: &'static str, content: &[u8]) -> Result<(), FeedError> {
    match content.trim_ascii_start().first() {
        None => Err(FeedError::Empty { feed }),
        Some(b'<') => Err(FeedError::WebPage { feed, expected: "JSON" }),
        Some(_) => Ok(()),
    }
}

/// Reads one document.
pub(super) fn json<'a, T: Deserialize<'a>>(feed: &'static str, content: &'a [u8]) -> Result<T, FeedError> {
    start(feed, content)?;
    serde_json::from_slice(content).map_err(|error| refused(feed, &error))
}

/// The fault of the parser as one of the feed.
pub(super) fn refused(feed: &'static str, error: &serde_json::Error) -> FeedError {
    let mut detail: String = error.to_string().chars().take(LONGEST_DETAIL).collect();
    if let Some(place) = detail.rfind(" at line ") {
        detail.truncate(place);
    }
    FeedError::Malformed { feed, line: error.line(), column: error.column(), detail }
}
