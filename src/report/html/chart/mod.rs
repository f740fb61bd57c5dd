//! Plots as inline SVG: classes for the colours of the theme, a title and a description to be read aloud, and the same
//! numbers as a table below. No colour stands alone: a word, a place or a shape says the same.

mod bars;
mod due;
mod exposure;
mod open;
mod runs;

use std::io::{self, Write};

use chrono::{DateTime, Duration, Utc};

pub(super) use self::bars::{ages, latency};
pub(super) use self::due::burn_down;
pub(super) use self::exposure::exposure;
pub(super) use self::open::open_over_time;
pub(super) use self::runs::{fate, runs};

/// The width of every drawing, in its own units.
const WIDTH: f64 = 480.0;
/// Where the drawing area begins and ends: room for numbers on the left.
const LEFT: f64 = 44.0;
const RIGHT: f64 = 470.0;

/// What stands around a drawing.
struct Plot<'p> {
    /// Tells its elements from those of other plots.
    id: &'p str,
    /// The heading, finished.
    title: &'p str,
    /// What somebody who cannot see it is told, finished.
    said: &'p str,
    /// The height of the drawing, in its own units.
    height: f64,
}

impl Plot<'_> {
    fn begin(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self { id, title, said, height } = self;
        writeln!(
            out,
            "<figure class=\"card plot\"><figcaption><h3>{title}</h3></figcaption>\n<svg viewBox=\"0 0 {WIDTH} {height}\" \
             role=\"img\" aria-labelledby=\"{id}-t {id}-d\"><title id=\"{id}-t\">{title}</title><desc \
             id=\"{id}-d\">{said}</desc>"
        )
    }
}

/// A mark of the legend, finished SVG of 20 by 12, and its word.
type Key = (String, String);

/// Closes the drawing and explains its marks.
fn legend(keys: &[Key], out: &mut dyn Write) -> io::Result<()> {
    write!(out, "</svg>\n<p class=\"legend\" aria-hidden=\"true\">")?;
    for (mark, word) in keys {
        write!(out, "<span><svg viewBox=\"0 0 20 12\">{mark}</svg> {word}</span> ")?;
    }
    writeln!(out, "</p>")
}

/// Writes the numbers behind a drawing, finished cells, and ends the figure.
fn numbers(columns: &[&str], rows: &[Vec<String>], out: &mut dyn Write) -> io::Result<()> {
    write!(out, "<details><summary>The numbers</summary><table><thead><tr>")?;
    for column in columns {
        write!(out, "<th scope=\"col\">{column}</th>")?;
    }
    writeln!(out, "</tr></thead><tbody>")?;
    for row in rows {
        let (first, rest) = row.split_first().map_or(("", &row[..]), |(first, rest)| (first, rest));
        write!(out, "<tr><th scope=\"row\">{first}</th>")?;
        for cell in rest {
            write!(out, "<td>{cell}</td>")?;
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</tbody></table></details></figure>")
}

/// Where a time stands on an axis.
struct Axis {
    first: DateTime<Utc>,
    last: DateTime<Utc>,
}

impl Axis {
    /// From the first of these times to the last; `None` where there is none.
    fn over(times: impl Iterator<Item = DateTime<Utc>>) -> Option<Self> {
        let mut times: Vec<DateTime<Utc>> = times.collect();
        times.sort();
        let (first, last) = (*times.first()?, *times.last()?);
        // A single moment stands in the middle of its day.
        let margin = Duration::hours(if first == last { 12 } else { 0 });
        Some(Self { first: first - margin, last: last + margin })
    }

    fn place(&self, time: DateTime<Utc>) -> f64 {
        let seconds = (self.last - self.first).num_seconds().max(1) as f64;
        LEFT + (time - self.first).num_seconds() as f64 / seconds * (RIGHT - LEFT)
    }

    /// Writes the first and the last day below the axis.
    fn dates(&self, out: &mut dyn Write, y: f64) -> io::Result<()> {
        let day = |time: DateTime<Utc>| time.format("%Y-%m-%d");
        writeln!(
            out,
            "<text x=\"{LEFT}\" y=\"{y}\" class=\"label\">{}</text><text x=\"{RIGHT}\" y=\"{y}\" class=\"label end\">{}</text>",
            day(self.first),
            day(self.last)
        )
    }
}

/// Writes a line across the drawing with its number on the left.
fn level(out: &mut dyn Write, y: f64, label: &str) -> io::Result<()> {
    writeln!(
        out,
        "<path d=\"M{LEFT} {y:.1}H{RIGHT}\" class=\"grid\"/><text x=\"{:.0}\" y=\"{:.1}\" class=\"label end\">{label}</text>",
        LEFT - 6.0,
        y + 4.0
    )
}
