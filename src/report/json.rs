//! JSON of any document, written as it is made: nothing is gathered first.
//!
//! What a terminal would obey is written as `\uXXXX`. JSON gives the same text back (RFC 8259, section 7), so nothing is
//! lost, and a document that is printed to a terminal moves no cursor and hides nothing.

use std::io::{self, BufWriter, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use super::text::sanitize::{Repertoire, is_visible};

/// Bytes that are gathered before they are handed on: a document is written in thousands of small pieces.
const GATHERED: usize = 64 * 1024;
/// A line end and the indents of the levels that documents have; deeper levels are written in steps.
const INDENT: &str = "\n                                ";

/// Writes one document, indented, with a line end.
///
/// # Errors
/// `out` cannot be written, or the document has a key that is no text.
pub fn write(document: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(GATHERED, out);
    let mut serializer = Serializer::with_formatter(&mut out, Visible::default());
    document.serialize(&mut serializer)?;
    out.write_all(b"\n")?;
    out.flush()
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

/// The usual layout (that of `serde_json::ser::PrettyFormatter`), with visible texts. A line's end and its indent are
/// written in one piece.
#[derive(Default)]
struct Visible {
    level: usize,
    /// The array or object that is being written has a value.
    has_value: bool,
}

impl Visible {
    fn begin<W: ?Sized + Write>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.level += 1;
        self.has_value = false;
        out.write_all(bracket)
    }

    fn end<W: ?Sized + Write>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.level -= 1;
        if self.has_value {
            self.line(out)?;
        }
        // What is around it has it as a value.
        self.has_value = true;
        out.write_all(bracket)
    }

    /// Begins a value of an array, or a key of an object.
    fn member<W: ?Sized + Write>(&mut self, out: &mut W, is_first: bool) -> io::Result<()> {
        if !is_first {
            out.write_all(b",")?;
        }
        self.line(out)
    }

    fn line<W: ?Sized + Write>(&self, out: &mut W) -> io::Result<()> {
        let mut width = 2 * self.level;
        let first = width.min(INDENT.len() - 1);
        out.write_all(&INDENT.as_bytes()[..=first])?;
        while width > INDENT.len() - 1 {
            width -= INDENT.len() - 1;
            out.write_all(&INDENT.as_bytes()[1..=width.min(INDENT.len() - 1)])?;
        }
        Ok(())
    }
}

/// Tells whether every byte is below DEL: no terminal obeys any of them, the serializer has escaped those below a space.
/// Most texts are short, and there are a hundred thousand of them, so it looks at eight bytes at once.
fn is_plain(text: &[u8]) -> bool {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    let (eights, rest) = text.as_chunks::<8>();
    let marks = eights.iter().map(|eight| u64::from_ne_bytes(*eight));
    // One more makes DEL a byte with the high bit; what a byte of 0xff carries over is told by its own bit.
    marks.fold(0, |marks, eight| marks | eight | eight.wrapping_add(ONES)) & HIGH == 0
        && rest.iter().all(|byte| *byte < 0x7f)
}

impl Formatter for Visible {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, text: &str) -> io::Result<()> {
        if is_plain(text.as_bytes()) {
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
        self.begin(out, b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.end(out, b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.member(out, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.has_value = true;
        Ok(())
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.begin(out, b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.end(out, b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.member(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.has_value = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_from_delete_on_is_seen_wherever_it_stands() {
        for length in 0..20 {
            assert!(is_plain(&vec![b'~'; length]), "{length}");
            for at in 0..length {
                for byte in [0x7f, 0x80, 0xc3, 0xff] {
                    let mut text = vec![b' '; length];
                    text[at] = byte;
                    assert!(!is_plain(&text), "{byte:#x} at {at} of {length}");
                }
            }
        }
    }

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

    #[test]
    fn levels_deeper_than_the_indent_at_hand_are_indented_too() {
        let value = (0..40).fold(serde_json::json!("deep"), |inner, _| serde_json::json!([inner, {}]));
        let mut bytes = Vec::new();
        write(&value, &mut bytes).expect("a vector takes everything");
        let usual = serde_json::to_string_pretty(&value).expect("JSON");
        assert_eq!(String::from_utf8(bytes).expect("UTF-8"), format!("{usual}\n"));
    }
}
