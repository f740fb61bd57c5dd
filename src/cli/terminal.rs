//! The only printer: data to stdout or a file, talk to stderr. A closed pipe is not an error.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::args::{Cli, Colour, Verb};
use super::failure::ToldFailure;
use super::forms::{self, Form, Format};
use crate::host::clock::{Clock, local};
use crate::host::environment::Environment;
use crate::host::outlet;
use crate::host::storage::{self, StorageError};
use crate::report::background::Background;
use crate::report::format::Format as ReportFormat;
use crate::report::json::{self, Layout};
use crate::report::schema::Report;
use crate::report::text::sanitize::{Repertoire, clean};
use crate::report::text::{Detail, Rendering, Style};

/// Columns where nobody says how many there are (product design, section 8).
const COLUMNS: usize = 80;

/// A result that could not be printed.
#[derive(Debug, thiserror::Error)]
pub enum PrintError {
    /// A small document is text or JSON; the other forms are those of reports.
    #[error("this result is written as text or json, not as {format}")]
    Form {
        /// The form that was asked for.
        format: &'static str,
    },
    /// The file of `--output` cannot be written.
    #[error("cannot write the result to {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system answered.
        #[source]
        source: StorageError,
    },
    /// Standard output cannot be written, for another reason than a closed pipe.
    #[error("cannot write to standard output")]
    StandardOutput {
        /// What the system answered.
        #[source]
        source: io::Error,
    },
}

/// Whether a result is worth a mail from cron.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Something changed, failed or is due: shown always.
    News,
    /// All is as it was: not shown with `--quiet`.
    Routine,
}

/// Prints.
#[derive(Clone, Debug)]
pub struct Terminal {
    format: Format,
    style: Style,
    talk_style: Style,
    file: Option<PathBuf>,
    quiet: bool,
    verbosity: u8,
    bars: bool,
    can_ask: bool,
    has_reports: bool,
}

impl Terminal {
    /// Decides how to print from the command line, the environment and what is connected.
    pub fn new(cli: &Cli, environment: &Environment, clock: &Clock) -> Self {
        let global = &cli.global;
        let file = global.output.clone().filter(|_| !matches!(cli.verb, Verb::Plan(_)));
        let (out, err) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        let style = Style {
            width: width(environment),
            colour: colour(global.color, environment, out && file.is_none()),
            unicode: environment.utf8,
            detail: detail(&cli.verb, global.verbose),
            now: clock.now(),
            local,
        };
        let talk_style = Style { colour: colour(global.color, environment, err), ..style.clone() };
        let is_smart = environment.term.as_deref().is_some_and(|term| term != "dumb");
        Self {
            format: global.format,
            style,
            talk_style,
            file,
            quiet: global.quiet,
            verbosity: global.verbose,
            bars: err && is_smart && !global.no_progress && !global.quiet,
            can_ask: io::stdin().is_terminal() && err,
            has_reports: forms::has_report(&cli.verb),
        }
    }

    /// The same after a while: ages are told as of `now`.
    #[must_use]
    pub fn at(&self, now: DateTime<Utc>) -> Self {
        let style = Style { now, ..self.style.clone() };
        Self { style, ..self.clone() }
    }

    /// Tells whether progress may be drawn.
    pub fn has_bars(&self) -> bool {
        self.bars
    }

    /// Tells whether somebody is there to answer.
    pub fn can_ask(&self) -> bool {
        self.can_ask
    }

    /// Tells whether only results and errors are wanted.
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Returns how talk looks.
    pub fn talk_style(&self) -> &Style {
        &self.talk_style
    }

    /// Prints a result in the form that was asked for, as it is made.
    ///
    /// # Errors
    /// File or standard output cannot be written, or the result has no such form.
    pub fn show<T: Rendering + Serialize>(&self, document: &T, weight: Weight) -> Result<(), PrintError> {
        if self.quiet && weight == Weight::Routine && self.file.is_none() && self.format == Format::Text {
            return Ok(());
        }
        match self.format.form() {
            Form::Text => self.data(document.text(&self.style).as_bytes()),
            Form::Json => self.stream(|out| json::write(document, Layout::Entries, out)),
            Form::OfReport(format) => {
                if format.lists_findings() && !document.is_judged() {
                    self.insist("note: nothing was judged here, so that no finding means nothing");
                }
                self.formed(document, format)
            }
        }
    }

    /// A document without the form ends before anything is written.
    fn formed(&self, document: &impl Rendering, format: ReportFormat) -> Result<(), PrintError> {
        let mut has_form = true;
        let written = self.stream(|out| {
            document.form(format, out).unwrap_or_else(|| {
                has_form = false;
                Err(io::ErrorKind::Unsupported.into())
            })
        });
        if has_form { written } else { Err(PrintError::Form { format: self.format.word() }) }
    }

    /// Prints bytes that are a result already.
    ///
    /// # Errors
    /// File or standard output cannot be written.
    pub fn data(&self, bytes: &[u8]) -> Result<(), PrintError> {
        self.stream(|out| out.write_all(bytes))
    }

    /// A file is written whole or not at all; it tells about holes, so it is private, unless it only counts them.
    fn stream(&self, make: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), PrintError> {
        match &self.file {
            Some(path) => outlet::write_file(path, self.mode(), make)
                .map_err(|source| PrintError::File { path: path.to_owned(), source }),
            None => outlet::write_stream(io::stdout().lock(), make)
                .map_err(|source| PrintError::StandardOutput { source }),
        }
    }

    fn mode(&self) -> u32 {
        match self.format.form() {
            Form::OfReport(format) if format.is_public() => storage::PUBLIC,
            Form::Text | Form::Json | Form::OfReport(_) => storage::PRIVATE,
        }
    }

    /// Says something to people, unless they asked for quiet. The text may hold foreign words.
    pub fn talk(&self, text: &str) {
        if !self.quiet {
            self.insist(text);
        }
    }

    /// Says something to people who asked for this much detail (`-v` is 1).
    pub fn mention(&self, verbosity: u8, text: &str) {
        if self.verbosity >= verbosity {
            self.insist(text);
        }
    }

    /// Says something to people in any case.
    pub fn insist(&self, text: &str) {
        let repertoire = if self.talk_style.unicode { Repertoire::Unicode } else { Repertoire::Ascii };
        for line in text.lines() {
            self.raw(&format!("{}\n", clean(line, repertoire)));
        }
    }

    /// Shows a document as talk, unless people asked for quiet.
    pub fn talk_about(&self, document: &impl Rendering) {
        if !self.quiet {
            self.raw(&document.text(&self.talk_style));
        }
    }

    /// Tells a failure: on stderr as text; in the other forms, also as the one document. A file that was to hold the
    /// rendering of another report is left alone.
    ///
    /// # Errors
    /// File or standard output cannot be written.
    pub fn fail(&self, failure: &ToldFailure, command: &str) -> Result<(), PrintError> {
        self.insist(&failure.text());
        let report: Report = failure.report(command, self.style.now, self.style.now);
        match self.format.form() {
            Form::Json if command != "report" || self.file.is_none() => {
                self.stream(|out| json::write(&report, Layout::Entries, out))
            }
            Form::OfReport(format) if format.tells_failures() && self.has_reports && command != "report" => {
                self.stream(|out| report.write(format, &Background::default(), out))
            }
            Form::Text | Form::Json | Form::OfReport(_) => Ok(()),
        }
    }

    /// Writes to stderr; there is nobody to tell when that fails.
    pub(super) fn raw(&self, text: &str) {
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }
}

fn detail(verb: &Verb, verbosity: u8) -> Detail {
    match verb {
        Verb::Scan(args) if args.summary => Detail::Summary,
        Verb::Scan(args) if args.all => Detail::All,
        Verb::Plan(_) | Verb::Apply(_) | Verb::Schedule(_) if verbosity > 0 => Detail::All,
        _ => Detail::Worst,
    }
}

fn width(environment: &Environment) -> usize {
    let asked = environment.columns.map(usize::from).filter(|columns| *columns > 0);
    let measured = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    asked.or_else(measured).unwrap_or(COLUMNS)
}

/// The flag wins, then `NO_COLOR` (no-color.org), then `CLICOLOR_FORCE` (bixense.com/clicolors), then the terminal.
fn colour(flag: Colour, environment: &Environment, is_terminal: bool) -> bool {
    match flag {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto if environment.no_color => false,
        Colour::Auto if environment.force_color => true,
        Colour::Auto => is_terminal && environment.term.as_deref().is_some_and(|term| term != "dumb"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_is_decided_by_flag_then_environment_then_terminal() {
        let with = |no_color, force_color, term: &str| Environment {
            no_color,
            force_color,
            term: Some(term.to_owned()),
            ..Environment::default()
        };
        assert!(colour(Colour::Always, &with(true, false, "dumb"), false));
        assert!(!colour(Colour::Never, &with(false, true, "xterm"), true));
        assert!(!colour(Colour::Auto, &with(true, true, "xterm"), true));
        assert!(colour(Colour::Auto, &with(false, true, "dumb"), false));
        assert!(colour(Colour::Auto, &with(false, false, "xterm"), true));
        assert!(!colour(Colour::Auto, &with(false, false, "dumb"), true));
        assert!(!colour(Colour::Auto, &with(false, false, "xterm"), false));
    }
}
