//! JSON documents with one record, a list of records, or lines of records.

use std::fmt;

use serde::Deserializer;
use serde::de::{Deserialize, SeqAccess, Visitor};
use serde_path_to_error::deserialize as deserialize_with_path;

use super::FeedError;
use super::content::{malformed, refuse_no_feed};

/// Calls `each` with every record of a document: a list in brackets, or records one after the other. None of them is
/// kept.
///
/// # Errors
/// The content is empty, a page for people, or malformed; line, column and field tell where.
pub(super) fn read<'d, T: Deserialize<'d>>(
    feed: &'static str,
    content: &'d [u8],
    each: &mut dyn FnMut(T),
) -> Result<(), FeedError> {
    refuse_no_feed(feed, content, "JSON")?;
    let mut reader = serde_json::Deserializer::from_slice(content);
    if content.trim_ascii_start().starts_with(b"[") {
        let list = reader.deserialize_seq(List { each }).and_then(|()| reader.end());
        return list.map_err(|error| {
            // Only a slower reading can name the field, so it is done for broken documents alone.
            let path = deserialize_with_path::<_, Vec<T>>(&mut serde_json::Deserializer::from_slice(content));
            named(feed, &error, path.err())
        });
    }
    let mut records = reader.into_iter::<T>();
    loop {
        let begin = records.byte_offset();
        match records.next() {
            None => return Ok(()),
            Some(Ok(record)) => each(record),
            Some(Err(error)) => {
                let rest = content.get(begin..).unwrap_or_default();
                let path = deserialize_with_path::<_, T>(&mut serde_json::Deserializer::from_slice(rest));
                return Err(named(feed, &error, path.err()));
            }
        }
    }
}

/// A fault with its place and the path of its field.
fn named(
    feed: &'static str,
    error: &serde_json::Error,
    path: Option<serde_path_to_error::Error<serde_json::Error>>,
) -> FeedError {
    let path = path.map(|error| error.path().to_string()).filter(|path| path != ".");
    let mut detail = error.to_string();
    if let Some(place) = detail.rfind(" at line ") {
        detail.truncate(place);
    }
    let path = path.map(|path| path + ": ").unwrap_or_default();
    malformed(feed, (error.line(), error.column()), &format!("{path}{detail}"))
}

/// Reads a list of records one by one.
struct List<'e, T> {
    each: &'e mut dyn FnMut(T),
}

impl<'d, T: Deserialize<'d>> Visitor<'d> for List<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'d>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(record) = list.next_element()? {
            (self.each)(record);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Record {
        number: u8,
    }

    fn numbers(content: &str) -> Result<Vec<u8>, String> {
        let mut found = Vec::new();
        let outcome = read("x", content.as_bytes(), &mut |record: Record| found.push(record.number));
        outcome.map(|()| found).map_err(|error| error.to_string())
    }

    #[test]
    fn one_record_lines_and_lists_are_read_alike() {
        for (content, expected) in [
            ("{\"number\": 1}", vec![1]),
            ("{\"number\": 1}\n{\"number\": 2}\n", vec![1, 2]),
            (" [{\"number\": 1}, {\"number\": 2}] ", vec![1, 2]),
            ("[]", vec![]),
        ] {
            assert_eq!(numbers(content), Ok(expected), "{content}");
        }
    }

    #[test]
    fn a_fault_names_line_and_field() {
        for (content, expected) in [
            ("{\"number\": 1}\n{\"number\": \"2\"}", "line 2, column 14: number: invalid type"),
            ("[{\"number\": 1},\n{\"number\": 300}]", "line 2, column 14: [1].number: invalid value"),
            ("[{\"number\": 1}", "EOF"),
            ("[{\"number\": 1}] x", "trailing"),
        ] {
            let error = numbers(content).expect_err(content);
            assert!(error.contains(expected), "{error}");
        }
    }
}
