//! A configuration document as TOML: what is wrong in it is told with file, line, column and key.

use std::path::Path;

use serde::de::DeserializeOwned;

use super::error::ConfigurationError;
use super::{complaint, field};

/// Reads a file's content as text; `path` is for messages.
///
/// # Errors
/// It is not UTF-8: the line is named.
pub(super) fn text<'b>(path: &Path, bytes: &'b [u8]) -> Result<&'b str, ConfigurationError> {
    std::str::from_utf8(bytes).map_err(|error| ConfigurationError::NotText {
        path: path.to_owned(),
        line: 1 + bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count(),
    })
}

/// Reads a document.
///
/// # Errors
/// It is no TOML, has an unknown key or a value that means nothing: file, line, column and key are named.
pub(super) fn read<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, ConfigurationError> {
    toml::from_str(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        let at = field::at_fault(text, &span, error.message()).unwrap_or(span.start);
        let place = Place::of(text, at);
        let reason = complaint::reason::<T>(&error, (text, &place.key));
        ConfigurationError::Malformed {
            path: path.to_owned(),
            line: place.line,
            column: place.column,
            key: place.key,
            reason,
        }
    })
}

/// Where in a file something is.
struct Place {
    line: usize,
    column: usize,
    key: String,
}

impl Place {
    fn of(text: &str, at: usize) -> Self {
        let before = text.get(..at).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.matches('\n').count() + 1;
        let column = before[line_start..].chars().count() + 1;
        Self {
            line,
            column,
            key: key_at(&text[..line_start], text[line_start..].lines().next().unwrap_or("")),
        }
    }
}

/// The key of a line, behind the table that it stands in.
fn key_at(before: &str, line: &str) -> String {
    let table_of = |line: &str| {
        let line = line.trim();
        let name = line.strip_prefix('[')?.split(']').next()?;
        Some(name.trim_start_matches('[').trim().to_owned())
    };
    if let Some(table) = table_of(line) {
        return table;
    }
    let key = line.split('=').next().unwrap_or_default().trim();
    let table = before.lines().rev().find_map(table_of);
    match (table, key) {
        (_, "") => "-".to_owned(),
        (Some(table), key) => format!("{table}.{key}"),
        (None, key) => key.to_owned(),
    }
}
