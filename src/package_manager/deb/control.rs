//! Control paragraphs: fields in their order, values as written (deb-control(5), the deb822 format).

use std::fmt;

/// One paragraph of fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paragraph {
    fields: Vec<(String, String)>,
}

/// A line that no paragraph has.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} {reason}")]
pub struct ParagraphError {
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl Paragraph {
    /// Reads the first paragraph of a text.
    ///
    /// # Errors
    /// The text is not UTF-8, a line is neither a field nor its continuation, or a field comes twice.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParagraphError> {
        let refuse = |line, reason| ParagraphError { line, reason };
        let text = std::str::from_utf8(bytes).map_err(|_| refuse(1, "or one after it is not UTF-8"))?;
        let mut paragraph = Self::default();
        for (number, line) in text.lines().enumerate() {
            if line.trim().is_empty() && paragraph.fields.is_empty() {
                continue;
            }
            if line.trim().is_empty() {
                break;
            }
            paragraph.take(line).map_err(|reason| refuse(number + 1, reason))?;
        }
        Ok(paragraph)
    }

    fn take(&mut self, line: &str) -> Result<(), &'static str> {
        if line.starts_with([' ', '\t']) {
            let (_, value) = self.fields.last_mut().ok_or("continues a field, but none came before")?;
            value.push('\n');
            value.push_str(line.trim_end());
            return Ok(());
        }
        let (name, value) = line.split_once(':').ok_or("is not a field")?;
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_graphic()) {
            return Err("has no valid field name");
        }
        if self.get(name).is_some() {
            return Err("has a field that came before");
        }
        self.fields.push((name.to_owned(), value.trim().to_owned()));
        Ok(())
    }

    /// Returns a field's value; names are compared without regard to case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Returns all fields in their order.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Removes fields by name.
    pub fn remove(&mut self, names: &[&str]) {
        self.fields.retain(|(own, _)| !names.iter().any(|name| own.eq_ignore_ascii_case(name)));
    }

    /// Sets a field, at its place or at the end.
    pub fn set(&mut self, name: &str, value: &str) {
        match self.fields.iter_mut().find(|(own, _)| own.eq_ignore_ascii_case(name)) {
            Some((_, old)) => value.clone_into(old),
            None => self.fields.push((name.to_owned(), value.to_owned())),
        }
    }
}

impl fmt::Display for Paragraph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.fields {
            let space = if value.starts_with('\n') { "" } else { " " };
            writeln!(f, "{name}:{space}{value}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "Package: hello\nConffiles:\n /etc/hello 0123\nDescription: says\n hello\n .\n twice\n";

    #[test]
    fn a_paragraph_survives_the_way_through_text() {
        let paragraph = Paragraph::parse(TEXT.as_bytes()).expect("a paragraph");
        assert_eq!(paragraph.get("package"), Some("hello"));
        assert_eq!(paragraph.get("Conffiles"), Some("\n /etc/hello 0123"));
        assert_eq!(paragraph.to_string(), TEXT);
    }

    #[test]
    fn a_wrong_line_is_named() {
        let line_of = |text: &[u8]| Paragraph::parse(text).map_err(|error| error.line);
        assert_eq!(line_of(b"Package: a\nnonsense\n"), Err(2));
        assert_eq!(line_of(b" a\n"), Err(1));
        assert_eq!(line_of(b"A: 1\na: 2\n"), Err(2));
        assert!(Paragraph::parse(b"A: \xff\n").is_err());
        assert_eq!(Paragraph::parse(b""), Ok(Paragraph::default()));
    }
}
