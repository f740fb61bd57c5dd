//! The text of a JSON document while it is written: lines and indents, and strings in which everything is visible.

use std::fmt::{self, Display, Write as _};
use std::io::{self, Write};
use std::mem;

use serde::Serialize;

use super::super::text::sanitize::{Repertoire, is_visible};
use super::Layout;

/// Bytes that are gathered before they are handed on: a document is written in thousands of small pieces.
const GATHERED: usize = 64 * 1024;
/// A line end and the indents of the levels that documents have; deeper levels are written in steps.
const INDENT: &[u8] = b"\n                                ";

/// What holds members.
#[derive(Clone, Copy)]
pub(super) enum Bracket {
    /// A list of values.
    Array,
    /// Values by their keys.
    Object,
}

impl Bracket {
    /// How it begins and ends.
    fn bytes(self) -> (u8, u8) {
        match self {
            Self::Array => (b'[', b']'),
            Self::Object => (b'{', b'}'),
        }
    }
}

/// What is written so far of one document.
pub(super) struct Page<'a> {
    out: &'a mut dyn Write,
    /// What has not been handed on yet.
    text: Vec<u8>,
    layout: Layout,
    /// How many arrays and objects are open.
    level: usize,
    /// The level of the outermost list that is being written: what lies deeper may have to stay on its line.
    list: Option<usize>,
    /// Room for a text that is made only to be looked at.
    scratch: String,
}

impl<'a> Page<'a> {
    /// An empty page.
    pub(super) fn new(layout: Layout, out: &'a mut dyn Write) -> Self {
        Self {
            out,
            text: Vec::with_capacity(2 * GATHERED),
            layout,
            level: 0,
            list: None,
            scratch: String::new(),
        }
    }

    /// Ends the document with a line end.
    pub(super) fn end(mut self) -> io::Result<()> {
        self.text.push(b'\n');
        self.out.write_all(&self.text)?;
        self.out.flush()
    }

    /// Writes what needs no quotes and no look at its letters.
    pub(super) fn plain(&mut self, text: &[u8]) {
        self.text.extend_from_slice(text);
    }

    /// Writes a number, or `null` for one that JSON has no form for.
    pub(super) fn number(&mut self, number: impl Serialize) -> serde_json::Result<()> {
        serde_json::to_writer(&mut self.text, &number)
    }

    /// Tells whether what `write` writes is a string.
    pub(super) fn is_string(
        &mut self,
        write: impl FnOnce(&mut Self) -> serde_json::Result<()>,
    ) -> serde_json::Result<bool> {
        let begin = self.text.len();
        write(self)?;
        Ok(self.text.get(begin) == Some(&b'"'))
    }

    /// Writes as a string what a value is shown as.
    pub(super) fn shown(&mut self, value: &(impl Display + ?Sized)) -> fmt::Result {
        let mut text = mem::take(&mut self.scratch);
        text.clear();
        write!(text, "{value}")?;
        self.string(&text);
        self.scratch = text;
        Ok(())
    }

    /// Writes a string.
    pub(super) fn string(&mut self, text: &str) {
        self.text.push(b'"');
        self.letters(text);
        self.text.push(b'"');
    }

    /// Writes the letters of a string. JSON wants quotes, backslashes and controls escaped (RFC 8259, section 7); what a terminal
    /// obeys or hides is, because people look at documents there.
    fn letters(&mut self, text: &str) {
        if is_plain(text.as_bytes()) {
            return self.plain(text.as_bytes());
        }
        let mut done = 0;
        let is_special = |c| matches!(c, '"' | '\\') || !is_visible(c, Repertoire::Unicode);
        for (at, c) in text.char_indices().filter(|(_, c)| is_special(*c)) {
            self.plain(&text.as_bytes()[done..at]);
            self.escape(c);
            done = at + c.len_utf8();
        }
        self.plain(&text.as_bytes()[done..]);
    }

    fn escape(&mut self, c: char) {
        let short = match c {
            '"' => b'"',
            '\\' => b'\\',
            '\u{8}' => b'b',
            '\u{c}' => b'f',
            '\n' => b'n',
            '\r' => b'r',
            '\t' => b't',
            _ => {
                let units = c
                    .encode_utf16(&mut [0; 2])
                    .iter()
                    .map(|unit| format!("\\u{unit:04x}"))
                    .collect::<String>();
                return self.plain(units.as_bytes());
            }
        };
        self.plain(&[b'\\', short]);
    }

    /// Writes a name of a field, which needs no look at its letters, and what stands between it and its value.
    pub(super) fn name(&mut self, name: &'static str) {
        self.text.push(b'"');
        self.plain(name.as_bytes());
        self.plain(if self.is_on_lines() { b"\": " } else { b"\":" });
    }

    /// Begins an array or an object.
    pub(super) fn open(&mut self, bracket: Bracket) {
        self.level += 1;
        if let Bracket::Array = bracket {
            self.list.get_or_insert(self.level);
        }
        self.text.push(bracket.bytes().0);
    }

    /// Begins a value of an array, or a key of an object.
    pub(super) fn member(&mut self, is_first: bool) -> io::Result<()> {
        if !is_first {
            self.text.push(b',');
        }
        if self.text.len() >= GATHERED {
            self.out.write_all(&self.text)?;
            self.text.clear();
        }
        if self.is_on_lines() {
            self.line();
        }
        Ok(())
    }

    /// Stands between a key and its value.
    pub(super) fn colon(&mut self) {
        self.plain(if self.is_on_lines() { b": " } else { b":" });
    }

    /// Ends the array or object that was begun last.
    pub(super) fn close(&mut self, bracket: Bracket, is_empty: bool) {
        let is_on_lines = self.is_on_lines();
        self.level -= 1;
        if is_on_lines && !is_empty {
            self.line();
        }
        self.list.take_if(|list| *list > self.level);
        self.text.push(bracket.bytes().1);
    }

    /// Tells whether the members of what is being written have lines of their own.
    fn is_on_lines(&self) -> bool {
        matches!(self.layout, Layout::Indented) || self.list.is_none_or(|list| self.level <= list)
    }

    fn line(&mut self) {
        let mut width = 2 * self.level;
        let first = width.min(INDENT.len() - 1);
        self.plain(&INDENT[..=first]);
        while width > INDENT.len() - 1 {
            width -= INDENT.len() - 1;
            self.plain(&INDENT[1..=width.min(INDENT.len() - 1)]);
        }
    }
}

/// The bytes that do not stand for themselves, in JSON and on a terminal: all but printable ASCII, quote, backslash.
static SPECIAL: [bool; 256] = {
    let mut special = [true; 256];
    let mut byte = b' ';
    while byte < 0x7f {
        special[byte as usize] = matches!(byte, b'"' | b'\\');
        byte += 1;
    }
    special
};

/// Tells whether every byte stands for itself. All are looked at: most texts are short, and special bytes are rare.
fn is_plain(text: &[u8]) -> bool {
    !text.iter().fold(false, |any, byte| any | SPECIAL[usize::from(*byte)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_special_byte_is_seen_wherever_it_stands() {
        for length in 0..40 {
            assert!(is_plain(&vec![b'~'; length]), "{length}");
            for at in 0..length {
                for byte in [0, 0x1f, b'"', b'\\', 0x7f, 0x80, 0xc3, 0xff] {
                    let mut text = vec![b' '; length];
                    text[at] = byte;
                    assert!(!is_plain(&text), "{byte:#x} at {at} of {length}");
                }
            }
        }
    }
}
