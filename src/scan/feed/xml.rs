//! XML as vendors publish it, read as a stream: no document type, no entities of its own, no endless nesting.
//!
//! Elements come with texts that are borrowed from the content wherever nothing had to be unescaped.

use std::borrow::Cow;

use quick_xml::events::Event;
use quick_xml::events::attributes::Attributes;
use quick_xml::{Reader, escape};

use super::FeedError;

/// Deepest nesting that is read. Updateinfo has six levels, repomd four; what is deeper is no such file.
const DEEPEST: usize = 64;
/// Most attributes that an element may have. Updateinfo has seven at most; the cap stops floods.
const MOST_ATTRIBUTES: usize = 64;
/// Longest attribute value that is believed, in bytes. The longest real ones are bug titles of a few hundred.
const LONGEST_VALUE: usize = 64 * 1024;
/// Longest part of a parser's own words that is passed on: they can quote the content.
const LONGEST_DETAIL: usize = 300;

/// A reader of one document, with the name of the feed for its errors.
pub(super) struct XmlReader<'a> {
    feed: &'static str,
    content: &'a str,
    reader: Reader<&'a [u8]>,
    depth: usize,
}

/// The opening of an element; its children follow.
#[derive(Clone, Copy)]
pub(super) struct Element<'a> {
    /// The name as it is written, prefix included.
    pub(super) name: &'a str,
    /// Everything between the name and the closing bracket.
    attributes: &'a str,
}

impl<'a> XmlReader<'a> {
    /// Starts on content that must be UTF-8, as XML is unless it says otherwise (XML 1.0, 4.3.3).
    ///
    /// # Errors
    /// There is nothing in it, it is a web page, or it is not UTF-8.
    pub(super) fn new(feed: &'static str, content: &'a [u8]) -> Result<Self, FeedError> {
        let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
        let text = std::str::from_utf8(content)
            .map_err(|error| malformed_at(feed, content, error.valid_up_to(), "not UTF-8".to_owned()))?;
        let start = text.trim_ascii_start();
        if start.is_empty() {
            return Err(FeedError::Empty { feed });
        }
        if is_web_page(start) {
            return Err(FeedError::WebPage { feed, expected: "XML" });
        }
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        Ok(Self { feed, content: text, reader, depth: 0 })
    }

    /// Reads up to the opening of the outermost element, which must have that name.
    ///
    /// # Errors
    /// It has another name, or the content is no XML.
    pub(super) fn root(&mut self, name: &str) -> Result<Element<'a>, FeedError> {
        match self.opening()? {
            Some(element) if element.name == name => Ok(element),
            Some(element) => Err(self.malformed(format!("<{name}> expected, found <{}>", element.name))),
            None => Err(self.malformed(format!("no <{name}> in it"))),
        }
    }

    /// Calls `visit` for each child of the element that was opened last, up to its end. What the visitor does not
    /// read of a child is passed over.
    ///
    /// # Errors
    /// The content is no XML, or the visitor refuses a child.
    pub(super) fn children(
        &mut self,
        mut visit: impl FnMut(&mut Self, Element<'a>) -> Result<(), FeedError>,
    ) -> Result<(), FeedError> {
        let depth = self.depth;
        while let Some(child) = self.opening()? {
            visit(self, child)?;
            while self.depth > depth {
                self.next_event()?;
            }
        }
        Ok(())
    }

    /// Returns the text of the element that was opened last, without that of its children, up to its end.
    ///
    /// # Errors
    /// The content is no XML, or names an entity that XML itself does not know.
    pub(super) fn text(&mut self) -> Result<Cow<'a, str>, FeedError> {
        let depth = self.depth;
        let mut whole = Cow::Borrowed("");
        while self.depth >= depth {
            let piece = match self.next_event()? {
                _ if self.depth > depth => continue,
                Event::Text(text) => text.into_inner(),
                Event::CData(text) => text.into_inner(),
                Event::GeneralRef(reference) => Cow::Owned(self.referred(&reference.into_inner())?),
                _ => continue,
            };
            match whole.is_empty() {
                true => whole = piece,
                false => whole.to_mut().push_str(&piece),
            }
        }
        Ok(whole)
    }

    /// Ends the reading: nothing but remarks may follow the outermost element.
    ///
    /// # Errors
    /// More elements or text follow.
    pub(super) fn end(&mut self) -> Result<(), FeedError> {
        loop {
            match self.next_event()? {
                Event::Eof => return Ok(()),
                Event::Text(text) if text.trim_ascii().is_empty() => {}
                Event::Comment(_) | Event::PI(_) => {}
                _ => return Err(self.malformed("content behind the end of the document".to_owned())),
            }
        }
    }

    /// An error at the place that was read last.
    pub(super) fn malformed(&self, detail: String) -> FeedError {
        let place = usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX);
        malformed_at(self.feed, self.content.as_bytes(), place, detail)
    }

    /// Passes over texts and remarks to the next opening; at the end of the element there is none.
    fn opening(&mut self) -> Result<Option<Element<'a>>, FeedError> {
        loop {
            match self.next_event()? {
                Event::Start(start) => {
                    let whole = self.borrowed(&start);
                    let length = start.name().as_ref().len();
                    let (Some(name), Some(attributes)) = (whole.get(..length), whole.get(length..)) else {
                        return Err(self.malformed("an element without a name".to_owned()));
                    };
                    return Ok(Some(Element { name, attributes }));
                }
                Event::End(_) | Event::Eof => return Ok(None),
                _ => {}
            }
        }
    }

    /// The same text as a part of the content, which outlives the event.
    fn borrowed(&self, part: &str) -> &'a str {
        let offset = (part.as_ptr() as usize).wrapping_sub(self.content.as_ptr() as usize);
        let end = offset.saturating_add(part.len());
        self.content.get(offset..end).unwrap_or_default()
    }

    fn next_event(&mut self) -> Result<Event<'a>, FeedError> {
        let event = match self.reader.read_event() {
            Ok(event) => event,
            Err(error) => return Err(self.refused(&error)),
        };
        match &event {
            Event::Start(_) => self.depth += 1,
            Event::End(_) => self.depth = self.depth.saturating_sub(1),
            Event::DocType(_) => {
                return Err(self.malformed("a document type, which could define entities".to_owned()));
            }
            Event::Eof if self.depth > 0 => {
                return Err(self.malformed("it breaks off within an element".to_owned()));
            }
            _ => {}
        }
        if self.depth > DEEPEST {
            let detail = format!("more than {DEEPEST} elements within one another");
            return Err(FeedError::BeyondLimits { feed: self.feed, detail });
        }
        Ok(event)
    }

    fn refused(&self, error: &quick_xml::Error) -> FeedError {
        let place = usize::try_from(self.reader.error_position()).unwrap_or(usize::MAX);
        let detail = error.to_string().chars().take(LONGEST_DETAIL).collect();
        malformed_at(self.feed, self.content.as_bytes(), place, detail)
    }

    fn referred(&self, name: &str) -> Result<String, FeedError> {
        escape::unescape(&format!("&{name};"))
            .map(Cow::into_owned)
            .map_err(|_| self.malformed(format!("an entity that XML does not know: {:?}", shortened(name))))
    }
}

impl<'a> Element<'a> {
    /// Calls `visit` with name and unescaped value of each attribute.
    ///
    /// # Errors
    /// They are no attributes, one occurs twice, there are too many, or a value is too long.
    pub(super) fn attributes(
        &self,
        reader: &XmlReader<'_>,
        mut visit: impl FnMut(&'a str, Cow<'a, str>),
    ) -> Result<(), FeedError> {
        for (count, attribute) in Attributes::new(self.attributes, 0).enumerate() {
            let refused = |detail: String| reader.malformed(format!("<{}>: {detail}", shortened(self.name)));
            let attribute = attribute.map_err(|error| refused(error.to_string()))?;
            if count >= MOST_ATTRIBUTES || attribute.value.len() > LONGEST_VALUE {
                return Err(refused(format!(
                    "more than {MOST_ATTRIBUTES} attributes, or one of them too long"
                )));
            }
            let value = match &attribute.value {
                Cow::Borrowed(raw) => escape::unescape(raw),
                Cow::Owned(raw) => escape::unescape(raw).map(|text| Cow::Owned(text.into_owned())),
            };
            let key: &'a str = attribute.key.into_inner();
            visit(key, value.map_err(|error| refused(format!("{}: {error}", shortened(key))))?);
        }
        Ok(())
    }

    /// Returns the unescaped value of one attribute.
    ///
    /// # Errors
    /// As [`Element::attributes`].
    pub(super) fn attribute(
        &self,
        reader: &XmlReader<'_>,
        name: &str,
    ) -> Result<Option<Cow<'a, str>>, FeedError> {
        let mut found = None;
        self.attributes(reader, |key, value| {
            if key == name {
                found = Some(value);
            }
        })?;
        Ok(found)
    }
}

/// A page for people begins so; the XML that vendors publish has no document type and no such element.
fn is_web_page(start: &str) -> bool {
    let head: String = start.chars().take(16).collect::<String>().to_ascii_lowercase();
    !start.starts_with('<') || head.starts_with("<!doctype html") || head.starts_with("<html")
}

fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

fn malformed_at(feed: &'static str, content: &[u8], place: usize, detail: String) -> FeedError {
    let before = &content[..place.min(content.len())];
    let line = memchr::memchr_iter(b'\n', before).count() + 1;
    let column = before.len() - memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1) + 1;
    FeedError::Malformed { feed, line, column, detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &str) -> Result<Vec<String>, FeedError> {
        let mut found = Vec::new();
        let mut reader = XmlReader::new("test", content.as_bytes())?;
        reader.root("r")?;
        reader.children(|reader, child| {
            let mut line = child.name.to_owned();
            child.attributes(reader, |key, value| line.push_str(&format!(" {key}={value}")))?;
            line.push_str(&format!(": {}", reader.text()?));
            found.push(line);
            Ok(())
        })?;
        reader.end()?;
        Ok(found)
    }

    fn fault(content: &str) -> String {
        read(content).expect_err("refused").to_string()
    }

    #[test]
    fn elements_attributes_and_texts_come_unescaped() {
        let content = "\u{feff}<?xml version=\"1.0\"?>\n<!-- x --><r xmlns='y'>\n <a b='1' c=\"&lt;&#65;\"/> <d>x &amp; <e>no\
                       </e><![CDATA[<y>]]> z</d><f></f></r>\n<!-- end -->\n";
        let found = read(content).expect("well formed");
        assert_eq!(found, ["a b=1 c=<A: ", "d: x & <y> z", "f: "]);
    }

    #[test]
    fn what_a_visitor_leaves_is_passed_over() {
        let mut names = Vec::new();
        let mut reader = XmlReader::new("test", b"<r><a><b/><c>x</c></a><d/></r>").expect("xml");
        reader.root("r").expect("root");
        reader
            .children(|_, child| {
                names.push(child.name);
                Ok(())
            })
            .expect("children");
        assert_eq!(names, ["a", "d"]);
    }

    #[test]
    fn what_is_no_such_document_is_refused_with_its_place() {
        for (content, words) in [
            ("", "empty"),
            (" \n", "empty"),
            ("<!DOCTYPE html><html>", "web page"),
            ("<HTML>", "web page"),
            ("503 Service Unavailable", "web page"),
            ("<x/>", "<r> expected, found <x>"),
            ("<?xml version='1.0'?>", "no <r> in it"),
            ("<r>\n<a>", "line 2, column 4: it breaks off within an element"),
            ("<r>\n<a></b></r>", "line 2"),
            ("<r><a b='1' b='2'/></r>", "<a>"),
            ("<r><a b=1/></r>", "<a>"),
            ("<r><a>&bomb;</a></r>", "an entity that XML does not know: \"bomb\""),
            ("<r><a b='&bomb;'/></r>", "<a>: b: "),
            ("<!DOCTYPE r [<!ENTITY a 'b'>]><r/>", "document type"),
            ("<r/><r/>", "content behind the end"),
        ] {
            let text = fault(content);
            assert!(text.contains(words), "{content}: {text}");
        }
    }

    #[test]
    fn deep_nesting_and_attribute_floods_are_refused() {
        let deep = format!("<r>{}{}</r>", "<a>".repeat(70), "</a>".repeat(70));
        assert!(fault(&deep).contains("beyond the limits"), "{}", fault(&deep));
        let many: String = (0..70).map(|number| format!(" a{number}='x'")).collect();
        assert!(fault(&format!("<r><a{many}/></r>")).contains("attributes"));
    }
}
