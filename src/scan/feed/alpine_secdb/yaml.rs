//! The YAML of the database: block lists and mappings of texts, as events of a parser.
//!
//! Aliases, anchors and tags are refused: no real file has them, and they are how a small file becomes a large one.

use std::borrow::Cow;

use saphyr_parser::{Event, Marker, Parser, StrInput};

use super::NAME;
use super::wire::{Document, Fix, Fixes, Listed, Package};
use crate::scan::feed::FeedError;
use crate::scan::feed::content::{malformed, whole_lines};

/// Deepest nesting that is read; a real file has seven levels.
const DEEPEST: usize = 64;

/// Reads a whole file.
pub(super) fn read(content: &[u8]) -> Result<Document<'_>, FeedError> {
    let mut reader = Reader { parser: Parser::new_from_str(whole_lines(NAME, content)?) };
    let mut document = Document { branch: None, packages: Vec::new() };
    let mut has_packages = false;
    reader.expect(|event| matches!(event, Event::StreamStart), "a text")?;
    reader.expect(|event| matches!(event, Event::DocumentStart(_)), "a document")?;
    reader.mapping("document", |reader, key| {
        match &*key {
            "distroversion" => document.branch = Some(reader.text("distroversion")?),
            "packages" => {
                has_packages = true;
                document.packages = reader.packages()?;
            }
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    if !has_packages {
        return Err(malformed(NAME, (1, 1), "missing field `packages`"));
    }
    reader.expect(|event| matches!(event, Event::DocumentEnd), "the end of the document")?;
    reader.expect(|event| matches!(event, Event::StreamEnd), "the end of the content")?;
    Ok(document)
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Marker), FeedError> {
        match self.parser.next_event() {
            None => Err(malformed(NAME, (1, 1), "the content ends too early")),
            Some(Err(error)) => Err(fault(error.marker(), error.info())),
            Some(Ok((event, span))) => {
                let is_plain = match &event {
                    Event::Alias(_) => false,
                    Event::Scalar(_, _, anchor, tag) => *anchor == 0 && tag.is_none(),
                    Event::SequenceStart(anchor, tag) | Event::MappingStart(anchor, tag) => {
                        *anchor == 0 && tag.is_none()
                    }
                    _ => true,
                };
                if !is_plain {
                    return Err(fault(&span.start, "an alias, an anchor or a tag"));
                }
                Ok((event, span.start))
            }
        }
    }

    fn expect(&mut self, is_wanted: impl Fn(&Event<'a>) -> bool, wanted: &str) -> Result<(), FeedError> {
        let (event, place) = self.next()?;
        if is_wanted(&event) { Ok(()) } else { Err(fault(&place, &format!("{wanted} is expected"))) }
    }

    fn text(&mut self, field: &str) -> Result<Cow<'a, str>, FeedError> {
        match self.next()? {
            (Event::Scalar(text, ..), _) => Ok(text),
            (_, place) => Err(fault(&place, &format!("{field}: a text is expected"))),
        }
    }

    /// Reads the values of a mapping by their keys; nothing at all is an empty one.
    fn mapping(
        &mut self,
        field: &str,
        mut take: impl FnMut(&mut Self, Cow<'a, str>) -> Result<(), FeedError>,
    ) -> Result<(), FeedError> {
        match self.next()? {
            (Event::MappingStart(..), _) => {}
            (Event::Scalar(text, ..), _) if text.is_empty() => return Ok(()),
            (_, place) => return Err(fault(&place, &format!("{field}: a mapping is expected"))),
        }
        loop {
            match self.next()? {
                (Event::MappingEnd, _) => return Ok(()),
                (Event::Scalar(key, ..), _) => take(self, key)?,
                (_, place) => return Err(fault(&place, &format!("{field}: a key is expected"))),
            }
        }
    }

    /// Tells whether a list has another element, or begins. Nothing at all is an empty list.
    fn list_begins(&mut self, field: &str) -> Result<bool, FeedError> {
        match self.next()? {
            (Event::SequenceStart(..), _) => Ok(true),
            (Event::Scalar(text, ..), _) if text.is_empty() => Ok(false),
            (_, place) => Err(fault(&place, &format!("{field}: a list is expected"))),
        }
    }

    fn list_goes_on(&mut self) -> Result<bool, FeedError> {
        let is_end = match self.parser.peek() {
            Some(Ok((event, _))) => matches!(event, Event::SequenceEnd),
            _ => false,
        };
        if is_end {
            self.next()?;
        }
        Ok(!is_end)
    }

    fn packages(&mut self) -> Result<Vec<Listed<'a>>, FeedError> {
        let mut packages = Vec::new();
        if self.list_begins("packages")? {
            while self.list_goes_on()? {
                self.mapping("packages", |reader, key| {
                    match &*key {
                        "pkg" => packages.push(Listed { package: reader.package()? }),
                        _ => reader.skip()?,
                    }
                    Ok(())
                })?;
            }
        }
        Ok(packages)
    }

    fn package(&mut self) -> Result<Package<'a>, FeedError> {
        let (mut name, mut fixes) = (None, Vec::new());
        self.mapping("pkg", |reader, key| {
            match &*key {
                "name" => name = Some(reader.text("name")?),
                "secfixes" => reader.mapping("secfixes", |reader, version| {
                    let entries = reader.entries()?;
                    fixes.push(Fix { version, entries });
                    Ok(())
                })?,
                _ => reader.skip()?,
            }
            Ok(())
        })?;
        // The parser's own place is that of what comes next.
        let name = name.ok_or_else(|| malformed(NAME, (1, 1), "pkg: missing field `name`"))?;
        Ok(Package { name, secfixes: Fixes(fixes) })
    }

    fn entries(&mut self) -> Result<Vec<Cow<'a, str>>, FeedError> {
        let mut entries = Vec::new();
        if self.list_begins("secfixes")? {
            while self.list_goes_on()? {
                entries.push(self.text("secfixes")?);
            }
        }
        Ok(entries)
    }

    /// Passes over a value.
    fn skip(&mut self) -> Result<(), FeedError> {
        let mut depth = 0_usize;
        loop {
            let (event, place) = self.next()?;
            match event {
                Event::MappingStart(..) | Event::SequenceStart(..) => depth += 1,
                Event::MappingEnd | Event::SequenceEnd => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth > DEEPEST {
                return Err(fault(&place, "nested more deeply than any real file"));
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }
}

fn fault(place: &Marker, detail: &str) -> FeedError {
    malformed(NAME, (place.line(), place.col() + 1), detail)
}
