//! Pieces of a page: foreign text, headings, tables, facts.

use std::fmt::Display;
use std::io::{self, Write};

use super::super::xml::{escaped, shortened};

/// Returns foreign text as a page may show it: escaped, visible, and of a length that leaves room for the rest.
pub(super) fn text(text: &str) -> String {
    escaped(&shortened(text))
}

/// Returns foreign text as code.
pub(super) fn code(code: &str) -> String {
    format!("<code>{}</code>", text(code))
}

/// Opens a section with its heading.
pub(super) fn section(out: &mut dyn Write, id: &str, heading: &str) -> io::Result<()> {
    writeln!(out, "<section id=\"{id}\" aria-labelledby=\"{id}-h\">\n<h2 id=\"{id}-h\">{heading}</h2>")
}

/// Closes a section.
pub(super) fn end_section(out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "</section>")
}

/// Opens a table with its caption and the names of its columns. Roles are said again, because a phone's layout takes them
/// from the elements.
pub(super) fn table(out: &mut dyn Write, caption: &str, columns: &[&str]) -> io::Result<()> {
    write!(out, "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"{caption}\"><table>")?;
    write!(out, "<caption>{caption}</caption><thead><tr>")?;
    for column in columns {
        write!(out, "<th scope=\"col\">{column}</th>")?;
    }
    writeln!(out, "</tr></thead><tbody>")
}

/// Writes one row of finished cells; the first names the row.
pub(super) fn row(out: &mut dyn Write, cells: &[String]) -> io::Result<()> {
    write!(out, "<tr>")?;
    for (place, cell) in cells.iter().enumerate() {
        match place {
            0 => write!(out, "<th scope=\"row\">{cell}</th>")?,
            _ => write!(out, "<td>{cell}</td>")?,
        }
    }
    writeln!(out, "</tr>")
}

/// Closes a table.
pub(super) fn end_table(out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "</tbody></table></div>")
}

/// Writes a term and what is said of it, finished.
pub(super) fn fact(out: &mut dyn Write, term: &str, said: impl Display) -> io::Result<()> {
    writeln!(out, "<div><dt>{term}</dt><dd>{said}</dd></div>")
}
