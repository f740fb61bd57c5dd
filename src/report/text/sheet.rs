//! Lines of text that keep to a width: words with a tone, joined, aligned and wrapped. Nothing reaches the sheet
//! without passing [`sanitize`](super::sanitize).

use std::borrow::Cow;

use anstyle::{AnsiColor, Effects, Style as Ansi};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::sanitize::{Repertoire, clean};
use super::style::Style;

/// What a text stands for. Colour is derived from it and never the only carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// Ordinary text.
    Plain,
    /// Beside the point.
    Dim,
    /// What the eye should find.
    Strong,
    /// Well.
    Good,
    /// Needs attention.
    Warn,
    /// Bad.
    Bad,
    /// Worst.
    Alarm,
}

impl Tone {
    fn ansi(self) -> Ansi {
        let colour = |colour: AnsiColor| Ansi::new().fg_color(Some(colour.into()));
        match self {
            Self::Plain => Ansi::new(),
            Self::Dim => Ansi::new().effects(Effects::DIMMED),
            Self::Strong => Ansi::new().effects(Effects::BOLD),
            Self::Good => colour(AnsiColor::Green),
            Self::Warn => colour(AnsiColor::Yellow),
            Self::Bad => colour(AnsiColor::Red),
            Self::Alarm => colour(AnsiColor::Red).effects(Effects::BOLD),
        }
    }
}

/// A text with its tone; foreign text is made harmless when it is put on the sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    text: String,
    tone: Tone,
}

impl Word {
    /// A text with a tone.
    pub(super) fn new(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: text.into(), tone }
    }

    /// An ordinary text.
    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self::new(text, Tone::Plain)
    }
}

/// The widest column of names: what two versions of usual length leave of 80 columns.
pub(super) const WIDEST_NAME: usize = 30;

/// From this many columns on, what is said of a package stands beside it.
const WIDE: usize = 120;
/// What stands at the end of a line stands here at most: on a wide terminal the eye would lose the line.
const EDGE: usize = 110;

/// A package with its versions: one line where they fit side by side, else two.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// What stands in the margin.
    pub(super) lead: Word,
    /// The packages.
    pub(super) title: String,
    /// The width of the column of names.
    pub(super) names: usize,
    /// The versions.
    pub(super) versions: String,
}

/// The text that is being written.
#[derive(Debug)]
pub(super) struct Sheet<'s> {
    style: &'s Style,
    text: String,
}

impl<'s> Sheet<'s> {
    /// An empty sheet.
    pub(super) fn new(style: &'s Style) -> Self {
        Self { style, text: String::new() }
    }

    /// Returns the style that it is written in.
    pub(super) fn style(&self) -> &'s Style {
        self.style
    }

    /// Returns what was written.
    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// Leaves a line empty; never two in a row, never the first.
    pub(super) fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// Writes words behind one another, separated by single spaces, wrapped at spaces below `indent`.
    pub(super) fn prose(&mut self, lead: &str, words: &[Word]) {
        let pieces = words.iter().flat_map(|word| {
            word.text.split_whitespace().map(|part| Word::new(part, word.tone)).collect::<Vec<_>>()
        });
        self.flow(lead, &pieces.collect::<Vec<_>>(), " ");
    }

    /// Writes items separated by dots, wrapped between items; `lead` stands before the first and its width indents
    /// the rest.
    pub(super) fn items(&mut self, lead: &str, items: &[Word]) {
        let separator = format!(" {} ", self.style.dot());
        self.flow(lead, items, &separator);
    }

    /// Writes items separated by commas, wrapped between items.
    pub(super) fn list(&mut self, lead: &str, items: &[Word]) {
        self.flow(lead, items, ", ");
    }

    /// Writes one line of words without separators; a line too long is broken hard.
    pub(super) fn line(&mut self, words: &[Word]) {
        let mut pen = Pen::new(self.style, 0);
        for word in words {
            pen.write(&word.text, word.tone);
        }
        self.take(pen);
    }

    /// Writes a package with its versions.
    pub(super) fn row(&mut self, row: &Row) {
        let margin = self.style.columns(&row.lead.text);
        let title = self.style.columns(&row.title).max(row.names);
        if margin + title + 2 + self.style.columns(&row.versions) <= self.style.width {
            let name = Word::new(left(&row.title, row.names), Tone::Strong);
            self.line(&[row.lead.clone(), name, Word::plain(format!("  {}", row.versions))]);
        } else {
            self.line(&[row.lead.clone(), Word::new(row.title.as_str(), Tone::Strong)]);
            self.prose(&" ".repeat(margin), &[Word::plain(row.versions.as_str())]);
        }
    }

    /// Writes a package, its versions padded to a column, and what is said of it on one line; tells whether the terminal
    /// is wide enough for that, and writes nothing where it is not.
    pub(super) fn wide_row(&mut self, row: &Row, versions: usize, items: &[Word]) -> bool {
        let margin = self.style.columns(&row.lead.text);
        let separator = format!(" {} ", self.style.dot());
        let said: usize = items.iter().map(|item| self.style.columns(&item.text) + 3).sum();
        let name = left(&row.title, row.names);
        let shown = left(&row.versions, versions);
        let used = margin + self.style.columns(&name) + 2 + self.style.columns(&shown) + said;
        if self.style.width < WIDE || used > self.style.width {
            return false;
        }
        let mut words =
            vec![row.lead.clone(), Word::new(name, Tone::Strong), Word::plain(format!("  {shown}"))];
        for (place, item) in items.iter().enumerate() {
            words.push(Word::plain(if place == 0 { "   " } else { &separator }));
            words.push(item.clone());
        }
        self.line(&words);
        true
    }

    /// Writes a package with its versions and, at the end of the line, the first of some remarks that fits beside them;
    /// where none does, the first has a line of its own.
    pub(super) fn row_with(&mut self, row: &Row, remarks: &[String]) {
        let margin = self.style.columns(&row.lead.text);
        let name = left(&row.title, row.names);
        let used = margin + self.style.columns(&name) + 2 + self.style.columns(&row.versions);
        let room = |edge: usize| edge.min(self.style.width).saturating_sub(used + 2);
        let fitting = |room: usize| {
            let fits = |text: &&String| !text.is_empty() && self.style.columns(text) <= room;
            remarks.iter().find(fits).map(|remark| (remark, room))
        };
        match fitting(room(EDGE)).or_else(|| fitting(room(usize::MAX))) {
            Some((remark, room)) => self.line(&[
                row.lead.clone(),
                Word::new(name, Tone::Strong),
                Word::plain(format!("  {}", row.versions)),
                Word::new(format!("  {}", right(remark, room)), Tone::Dim),
            ]),
            None => {
                self.row(row);
                let is_told = remarks.iter().any(String::is_empty);
                if let Some(remark) = remarks.first().filter(|_| !is_told) {
                    self.prose(&" ".repeat(margin), &[Word::new(remark.as_str(), Tone::Dim)]);
                }
            }
        }
    }

    /// Writes a labelled fact; labels stand in a column of thirteen.
    pub(super) fn fact(&mut self, label: &str, words: &[Word]) {
        self.prose(&format!(" {}", left(label, 12)), words);
    }

    /// Writes a labelled list; labels stand in a column of thirteen.
    pub(super) fn facts(&mut self, label: &str, items: &[Word]) {
        self.list(&format!(" {}", left(label, 12)), items);
    }

    /// A separator that is more than a comma stands between items of one line only, never at its end.
    fn flow(&mut self, lead: &str, items: &[Word], separator: &str) {
        let mut pen = Pen::new(self.style, lead.width());
        pen.write(lead, Tone::Plain);
        let (kept, dropped) = if separator == ", " { (",", " ") } else { ("", separator) };
        let mut before = Tone::Plain;
        for (place, item) in items.iter().enumerate() {
            let tail = if place + 1 == items.len() { "" } else { kept };
            let needed = self.style.columns(&item.text) + tail.len();
            if place > 0 && pen.column + dropped.width() + needed > self.style.width {
                pen.turn();
            } else if place > 0 {
                pen.write(dropped, if before == item.tone { before } else { Tone::Plain });
            }
            pen.write(&item.text, item.tone);
            pen.write(tail, item.tone);
            before = item.tone;
        }
        self.take(pen);
    }

    fn take(&mut self, mut pen: Pen<'_>) {
        pen.dip(Tone::Plain);
        self.text.push_str(pen.text.trim_end());
        self.text.push('\n');
    }
}

/// Writes one logical line and knows the column.
struct Pen<'s> {
    style: &'s Style,
    indent: usize,
    column: usize,
    tone: Tone,
    text: String,
}

impl<'s> Pen<'s> {
    fn new(style: &'s Style, indent: usize) -> Self {
        Self { style, indent: indent.min(style.width / 2), column: 0, tone: Tone::Plain, text: String::new() }
    }

    fn turn(&mut self) {
        self.dip(Tone::Plain);
        let end = self.text.trim_end().len();
        self.text.truncate(end);
        self.text.push('\n');
        self.text.push_str(&" ".repeat(self.indent));
        self.column = self.indent;
    }

    /// Writes a text; what does not fit goes on in the next line.
    fn write(&mut self, text: &str, tone: Tone) {
        let clean = self.style.clean(text).into_owned();
        let mut rest = clean.as_str();
        while !rest.is_empty() {
            let room = self.style.width.saturating_sub(self.column);
            let part = fitting(rest, room);
            if part.is_empty() {
                self.turn();
                continue;
            }
            self.paint(part, tone);
            rest = &rest[part.len()..];
        }
    }

    fn paint(&mut self, text: &str, tone: Tone) {
        self.column += text.width();
        let is_blank = text.trim().is_empty();
        self.dip(if is_blank && self.tone != tone { Tone::Plain } else { tone });
        self.text.push_str(text);
    }

    /// Changes the colour, where there is any.
    fn dip(&mut self, tone: Tone) {
        if tone == self.tone {
            return;
        }
        if self.style.colour {
            let (old, new) = (self.tone.ansi(), tone.ansi());
            self.text.push_str(&format!("{old:#}{new}"));
        }
        self.tone = tone;
    }
}

/// Returns the longest beginning that is at most `room` columns wide.
fn fitting(text: &str, room: usize) -> &str {
    let mut width = 0;
    for (at, c) in text.char_indices() {
        width += c.width().unwrap_or(0);
        if width > room {
            return &text[..at];
        }
    }
    text
}

/// Returns `text` padded on the right to `width` columns.
pub(super) fn left(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

/// Returns `text` padded on the left to `width` columns.
pub(super) fn right(text: &str, width: usize) -> String {
    format!("{}{text}", " ".repeat(width.saturating_sub(text.width())))
}

impl Style {
    /// Returns `text` as the terminal may show it.
    pub(super) fn clean<'t>(&self, text: &'t str) -> Cow<'t, str> {
        clean(text, if self.unicode { Repertoire::Unicode } else { Repertoire::Ascii })
    }

    /// Returns how many columns a text takes once it is clean.
    pub(super) fn columns(&self, text: &str) -> usize {
        self.clean(text).width()
    }
}
