//! What importers ask of bytes before they read them: whole, a document of the vendor, and every fault with its place.

use std::borrow::Cow;

use serde::Deserialize;

use super::FeedError;

/// Longest part of a parser's error text that is passed on: it can quote the content.
const LONGEST_DETAIL: usize = 300;
/// Longest name, version or identifier that is believed; the longest real ones have about 60 bytes.
const LONGEST_WORD: usize = 128;

/// A text of a JSON document, borrowed unless it has escapes in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(transparent)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// Refuses content that is nothing, or a page for people.
pub(super) fn refuse_no_feed(
    feed: &'static str,
    content: &[u8],
    expected: &'static str,
) -> Result<(), FeedError> {
    match content.trim_ascii_start().first() {
        None => Err(FeedError::Empty { feed }),
        Some(b'<') => Err(FeedError::WebPage { feed, expected }),
        Some(_) => Ok(()),
    }
}

/// Reads one JSON document.
pub(super) fn json<'a, T: Deserialize<'a>>(feed: &'static str, content: &'a [u8]) -> Result<T, FeedError> {
    refuse_no_feed(feed, content, "JSON")?;
    serde_json::from_slice(content).map_err(|error| {
        // Only a slower reading can name the field, so it is done for broken documents alone.
        let mut reader = serde_json::Deserializer::from_slice(content);
        let path =
            serde_path_to_error::deserialize::<_, T>(&mut reader).err().map(|error| error.path().to_string());
        let path = path.filter(|path| path != ".").map(|path| path + ": ").unwrap_or_default();
        let mut detail = error.to_string();
        if let Some(place) = detail.rfind(" at line ") {
            detail.truncate(place);
        }
        malformed(feed, (error.line(), error.column()), &format!("{path}{detail}"))
    })
}

/// Reads lines of text, numbered from 1. Content that ends within a line was cut off.
pub(super) fn lines<'a>(
    feed: &'static str,
    content: &'a [u8],
) -> Result<impl Iterator<Item = (usize, &'a str)>, FeedError> {
    let text = whole_lines(feed, content)?;
    Ok(text.lines().enumerate().map(|(index, line)| (index + 1, line)))
}

/// Reads text of which the last line is whole.
pub(super) fn whole_lines<'a>(feed: &'static str, content: &'a [u8]) -> Result<&'a str, FeedError> {
    refuse_no_feed(feed, content, "a text of lines")?;
    let text = std::str::from_utf8(content)
        .map_err(|error| malformed(feed, place_at(content, error.valid_up_to()), "this is no UTF-8 text"))?;
    if !text.ends_with('\n') {
        let detail = "the content breaks off within its last line";
        return Err(malformed(feed, place_at(content, content.len()), detail));
    }
    Ok(text)
}

/// A fault at a line and a column.
pub(super) fn malformed(feed: &'static str, (line, column): (usize, usize), detail: &str) -> FeedError {
    let detail = detail.chars().take(LONGEST_DETAIL).collect();
    FeedError::Malformed { feed, line, column, detail }
}

/// Returns line and column, from 1, of a byte.
pub(super) fn place_at(content: &[u8], offset: usize) -> (usize, usize) {
    let before = content.get(..offset).unwrap_or(content);
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
    (line, column)
}

/// Returns line and column of the first place where a text stands; the start where it stands nowhere.
pub(super) fn place_of(content: &[u8], wanted: &str) -> (usize, usize) {
    place_at(content, memchr::memmem::find(content, wanted.as_bytes()).unwrap_or(0))
}

/// Tells whether a text can be a package, a version or an identifier: short, visible, without spaces.
pub(super) fn is_word(text: &str) -> bool {
    (1..=LONGEST_WORD).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_feed_is_told_apart() {
        assert!(matches!(refuse_no_feed("x", b" \n", "JSON"), Err(FeedError::Empty { .. })));
        assert!(matches!(refuse_no_feed("x", b"\n<html>", "JSON"), Err(FeedError::WebPage { .. })));
        assert!(refuse_no_feed("x", b"{", "JSON").is_ok());
    }

    #[test]
    fn a_fault_in_json_names_line_and_field() {
        #[derive(Deserialize)]
        #[expect(dead_code, reason = "only read")]
        struct Document<'a> {
            #[serde(borrow)]
            names: Vec<Text<'a>>,
        }
        let fault = |content: &'static str| match json::<Document<'_>>("x", content.as_bytes()) {
            Err(error) => error.to_string(),
            Ok(_) => String::new(),
        };
        assert_eq!(
            fault("{\"names\":\n [\"a\", 3]}"),
            "the x feed is malformed at line 2, column 8: names[1]: invalid type: integer `3`, expected a string"
        );
        assert!(fault("{}").contains("missing field `names`"));
        assert_eq!(fault("{\"names\": [\"a\\n\"]}"), "");
    }

    #[test]
    fn lines_that_break_off_or_are_no_text_are_refused_with_their_place() {
        let numbered: Vec<_> = lines("x", b"a\r\n\nb\n").expect("whole").collect();
        assert_eq!(numbered, [(1, "a"), (2, ""), (3, "b")]);
        let fault = |content: &[u8]| whole_lines("x", content).expect_err("refused").to_string();
        assert!(fault(b"a\nbc").contains("line 2, column 3: the content breaks off"));
        assert!(fault(b"a\nb\xff\n").contains("line 2, column 2: this is no UTF-8"));
    }
}
