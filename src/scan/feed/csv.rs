//! Records of comma-separated values (RFC 4180): a field in quotes may hold commas, line ends and doubled quotes.

use std::borrow::Cow;

use super::FeedError;
use super::content::{malformed, whole_lines};

/// The records of a document, one after the other.
pub(super) struct Records<'a> {
    feed: &'static str,
    rest: &'a str,
    line: usize,
}

impl<'a> Records<'a> {
    /// Begins with the first record, which in the feeds we read names the columns.
    pub(super) fn of(feed: &'static str, content: &'a [u8]) -> Result<Self, FeedError> {
        let rest = whole_lines(feed, content)?;
        Ok(Self { feed, rest: rest.strip_prefix('\u{feff}').unwrap_or(rest), line: 1 })
    }

    /// Reads the next record into `fields`, and returns the line it begins at; none at the end.
    pub(super) fn next_into(&mut self, fields: &mut Vec<Cow<'a, str>>) -> Result<Option<usize>, FeedError> {
        fields.clear();
        if self.rest.is_empty() {
            return Ok(None);
        }
        let begin = self.line;
        loop {
            let (field, end) = self.field(begin)?;
            fields.push(field);
            if end == End::Record {
                return Ok(Some(begin));
            }
        }
    }

    fn field(&mut self, begin: usize) -> Result<(Cow<'a, str>, End), FeedError> {
        let field = match self.rest.strip_prefix('"') {
            Some(quoted) => self.quoted(quoted).ok_or_else(|| {
                malformed(self.feed, (begin, 1), "a quote is not closed in the record that begins here")
            })?,
            None => {
                let end = self.rest.find([',', '\n']).unwrap_or(self.rest.len());
                let (field, rest) = self.rest.split_at(end);
                self.rest = rest;
                let is_last = !rest.starts_with(',');
                Cow::Borrowed(if is_last { field.strip_suffix('\r').unwrap_or(field) } else { field })
            }
        };
        if let Some(rest) = self.rest.strip_prefix(',') {
            self.rest = rest;
            return Ok((field, End::Field));
        }
        let rest = self.rest.strip_prefix('\r').unwrap_or(self.rest);
        let Some(rest) = rest.strip_prefix('\n') else {
            return Err(malformed(self.feed, (self.line, 1), "text follows a closing quote"));
        };
        self.rest = rest;
        self.line += 1;
        Ok((field, End::Record))
    }

    /// Takes a quoted field, after its first quote; none where it does not end.
    fn quoted(&mut self, text: &'a str) -> Option<Cow<'a, str>> {
        let mut end = 0;
        let mut has_doubled = false;
        loop {
            end += text.get(end..)?.find('"')?;
            if text[end + 1..].starts_with('"') {
                has_doubled = true;
                end += 2;
            } else {
                break;
            }
        }
        let (field, rest) = (&text[..end], &text[end + 1..]);
        self.rest = rest;
        self.line += field.bytes().filter(|byte| *byte == b'\n').count();
        Some(if has_doubled { Cow::Owned(field.replace("\"\"", "\"")) } else { Cow::Borrowed(field) })
    }
}

#[derive(PartialEq, Eq)]
enum End {
    Field,
    Record,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &str) -> Result<Vec<(usize, Vec<String>)>, String> {
        let mut records = Records::of("x", content.as_bytes()).map_err(|error| error.to_string())?;
        let (mut fields, mut all) = (Vec::new(), Vec::new());
        while let Some(line) = records.next_into(&mut fields).map_err(|error| error.to_string())? {
            all.push((line, fields.iter().map(|field| field.clone().into_owned()).collect()));
        }
        Ok(all)
    }

    #[test]
    fn quotes_hold_commas_line_ends_and_quotes() {
        let all = read("\u{feff}a,b\r\n\"x, \"\"y\"\"\nz\",\n1,\"\"\n").expect("well formed");
        let expected = [(1, ["a", "b"]), (2, ["x, \"y\"\nz", ""]), (4, ["1", ""])]
            .map(|(line, fields)| (line, fields.to_vec()));
        assert_eq!(all.len(), expected.len());
        for (found, wanted) in all.iter().zip(expected) {
            assert_eq!((found.0, found.1.iter().map(String::as_str).collect()), wanted);
        }
    }

    #[test]
    fn open_quotes_and_text_after_quotes_are_refused() {
        assert!(read("a\n\"b\n").expect_err("open").contains("line 2"));
        assert!(read("\"b\"c\n").expect_err("text").contains("follows a closing quote"));
    }
}
