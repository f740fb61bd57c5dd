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

/// How a document is laid out on lines.
#[derive(Clone, Copy)]
pub enum Layout {
    /// Each value on a line of its own, indented: for documents whose long lists lie deep.
    Indented,
    /// The same, but an entry of a list stays on one line with all that it has. So a search for lines finds whole findings,
    /// and a scan's report has two thirds of the bytes.
    Entries,
}

/// Writes one document with a line end.
///
/// # Errors
/// `out` cannot be written, or the document has a key that is no text.
pub fn write(document: &impl Serialize, layout: Layout, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(GATHERED, out);
    let mut serializer = Serializer::with_formatter(&mut out, Visible::of(layout));
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

/// The usual layouts (those of `serde_json::ser::PrettyFormatter` and, within a line, `CompactFormatter`), with visible
/// texts. A line's end and its indent are written in one piece.
struct Visible {
    level: usize,
    layout: Layout,
    /// The level of the outermost list that is being written: what lies deeper may have to stay on its line.
    list: Option<usize>,
    /// The array or object that is being written has a value.
    has_value: bool,
}

impl Visible {
    fn of(layout: Layout) -> Self {
        Self { level: 0, layout, list: None, has_value: false }
    }

    /// Tells whether the values of what is being written have lines of their own.
    fn is_on_lines(&self) -> bool {
        matches!(self.layout, Layout::Indented) || self.list.is_none_or(|list| self.level <= list)
    }

    fn begin<W: ?Sized + Write>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.level += 1;
        self.has_value = false;
        out.write_all(bracket)
    }

    fn end<W: ?Sized + Write>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<()> {
        let was_on_lines = self.has_value && self.is_on_lines();
        self.level -= 1;
        if was_on_lines {
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
        if self.is_on_lines() { self.line(out) } else { Ok(()) }
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
        self.begin(out, b"[")?;
        self.list.get_or_insert(self.level);
        Ok(())
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.end(out, b"]")?;
        self.list.take_if(|list| *list > self.level);
        Ok(())
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
        out.write_all(if self.is_on_lines() { ": " } else { ":" }.as_bytes())
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
        write(&[text], Layout::Indented, &mut bytes).expect("a vector takes everything");
        let json = String::from_utf8(bytes).expect("JSON is UTF-8");
        assert_eq!(json, "[\n  \"a\\u001b[2J\\u009b\\u007f\\u202e\\udb40\\udc41\\ufeffé\"\n]\n");
        assert_eq!(serde_json::from_str::<Vec<String>>(&json).expect("JSON"), [text]);
    }

    #[test]
    fn the_layout_is_the_usual_one() {
        let value = serde_json::json!({ "a": [], "b": {}, "c": [1, { "d": null }] });
        let mut bytes = Vec::new();
        write(&value, Layout::Indented, &mut bytes).expect("a vector takes everything");
        let usual = serde_json::to_string_pretty(&value).expect("JSON");
        assert_eq!(String::from_utf8(bytes).expect("UTF-8"), format!("{usual}\n"));
    }

    #[test]
    fn an_entry_of_a_list_has_a_line() {
        let value = serde_json::json!({ "a": [], "b": { "c": [1, [2]], "d": { "e": "x" } }, "f": [{ "g": [{}], "h": 1 }, 2] });
        let mut bytes = Vec::new();
        write(&value, Layout::Entries, &mut bytes).expect("a vector takes everything");
        let lines = [
            "{",
            r#"  "a": [],"#,
            r#"  "b": {"#,
            r#"    "c": ["#,
            "      1,",
            "      [2]",
            "    ],",
            r#"    "d": {"#,
            r#"      "e": "x""#,
            "    }",
            "  },",
            r#"  "f": ["#,
            r#"    {"g":[{}],"h":1},"#,
            "    2",
            "  ]",
            "}",
            "",
        ];
        assert_eq!(String::from_utf8(bytes).expect("UTF-8"), lines.join("\n"));
    }

    #[test]
    fn levels_deeper_than_the_indent_at_hand_are_indented_too() {
        let value = (0..40).fold(serde_json::json!("deep"), |inner, _| serde_json::json!([inner, {}]));
        let mut bytes = Vec::new();
        write(&value, Layout::Indented, &mut bytes).expect("a vector takes everything");
        let usual = serde_json::to_string_pretty(&value).expect("JSON");
        assert_eq!(String::from_utf8(bytes).expect("UTF-8"), format!("{usual}\n"));
    }
}
