//! The forms that a report takes, each a pure rendering of the same values, written as it is made.

use std::io::{self, Write};

use super::background::Background;
use super::schema::Report;
use super::{csv, cyclonedx, html, json, junit, markdown, openmetrics, openvex, sarif};

/// A form for other programs and pages. Text for people is [`text`](super::text)'s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// The report itself, `patchctl.report/1`.
    Json,
    /// One self-contained page.
    Html,
    /// SARIF 2.1.0.
    Sarif,
    /// JUnit XML.
    Junit,
    /// CycloneDX 1.6 JSON.
    CycloneDx,
    /// OpenVEX 0.2.0.
    OpenVex,
    /// RFC 4180, one finding a line.
    Csv,
    /// OpenMetrics 1.0 text.
    OpenMetrics,
    /// Markdown.
    Markdown,
}

impl Format {
    /// Every form.
    pub const ALL: [Self; 9] = [
        Self::Json,
        Self::Html,
        Self::Sarif,
        Self::Junit,
        Self::CycloneDx,
        Self::OpenVex,
        Self::Csv,
        Self::OpenMetrics,
        Self::Markdown,
    ];

    /// Tells whether it is a list of findings: a report that judged nothing would look clean in it.
    pub fn lists_findings(self) -> bool {
        matches!(self, Self::Sarif | Self::Junit | Self::CycloneDx | Self::OpenVex | Self::Csv)
    }

    /// Tells whether anybody may read it: counts and states, and no name of a hole.
    pub fn is_public(self) -> bool {
        self == Self::OpenMetrics
    }

    /// Tells whether it has a place for a failure.
    pub fn tells_failures(self) -> bool {
        !matches!(self, Self::CycloneDx | Self::OpenVex | Self::Csv)
    }
}

impl Report {
    /// Writes the report in a form; a page shows the history around it. Beyond two pointers a finding, nothing is gathered before it is written; `out` is
    /// written in small pieces and wants a buffer.
    ///
    /// # Errors
    /// `out` cannot be written.
    pub fn write(&self, format: Format, background: &Background, out: &mut dyn Write) -> io::Result<()> {
        match format {
            Format::Json => json::write(self, json::Layout::Entries, out),
            Format::Html => html::write(self, background, out),
            Format::Sarif => sarif::write(self, out),
            Format::Junit => junit::write(self, out),
            Format::CycloneDx => cyclonedx::write(self, out),
            Format::OpenVex => openvex::write(self, out),
            Format::Csv => csv::write(self, out),
            Format::OpenMetrics => openmetrics::write(self, out),
            Format::Markdown => markdown::write(self, out),
        }
    }
}
