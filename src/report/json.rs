//! JSON of any document, written as it is made: nothing is gathered first.
//!
//! What a terminal would obey is written as `\uXXXX`. JSON gives the same text back (RFC 8259, section 7), so nothing is
//! lost, and a document that is printed to a terminal moves no cursor and hides nothing.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

use super::text::sanitize::{Repertoire, is_visible};

/// Writes one document, indented, with a line end.
///
/// # Errors
/// `out` cannot be written, or the document has a key that is no text.
pub fn write(document: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let mut serializer = Serializer::with_formatter(&mut *out, Visible { layout: PrettyFormatter::new() });
    document.serialize(&mut serializer)?;
    out.write_all(b"\n")
}

/// A list that is made while it is written.
pub(super) struct Each<F>(pub(super) F);

impl<F, I> Serialize for Each<F>
where
    F: Fn() -> I,
    I: IntoIterator,
    I::Item: Serialize,
{
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

/// The usual layout, with visible texts.
struct Visible {
    layout: PrettyFormatter<'static>,
}

impl Formatter for Visible {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, text: &str) -> io::Result<()> {
        if text.bytes().all(|byte| byte.is_ascii() && byte != 0x7f) {
            return out.write_all(text.as_bytes());
        }
        let mut done = 0;
        for (at, c) in text.char_indices().filter(|(_, c)| !is_visible(*c, Repertoire::Unicode)) {
            out.write_all(&text.as_bytes()[done..at])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            done = at + c.len_utf8();
        }
        out.write_all(&text.as_bytes()[done..])
    }

    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.layout.begin_array(out)
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.layout.end_array(out)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.layout.begin_array_value(out, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.layout.end_array_value(out)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.layout.begin_object(out)
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.layout.end_object(out)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.layout.begin_object_key(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.layout.begin_object_value(out)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.layout.end_object_value(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_are_escaped_and_come_back() {
        let text = "a\u{1b}[2J\u{9b}\u{7f}\u{202e}\u{e0041}\u{feff}é";
        let mut bytes = Vec::new();
        write(&[text], &mut bytes).expect("a vector takes everything");
        let json = String::from_utf8(bytes).expect("JSON is UTF-8");
        assert_eq!(json, "[\n  \"a\\u001b[2J\\u009b\\u007f\\u202e\\udb40\\udc41\\ufeffé\"\n]\n");
        assert_eq!(serde_json::from_str::<Vec<String>>(&json).expect("JSON"), [text]);
    }

    #[test]
    fn the_layout_is_the_usual_one() {
        let value = serde_json::json!({ "a": [], "b": {}, "c": [1, { "d": null }] });
        let mut bytes = Vec::new();
        write(&value, &mut bytes).expect("a vector takes everything");
        let usual = serde_json::to_string_pretty(&value).expect("JSON");
        assert_eq!(String::from_utf8(bytes).expect("UTF-8"), format!("{usual}\n"));
    }
}
