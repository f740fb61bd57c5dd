//! The forms of answers, and which verb can answer in which: refused before anything is done, so that no run ends
//! without its answer.

use clap::ValueEnum;

use super::args::{Cli, Verb};
use super::reports::{HistoryVerb, ReportArgs, ReportVerb};
use crate::model::failure::{Failure, FailureKind};
use crate::report::format::Format as ReportFormat;

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// For scripts: exactly one document
    Json,
    /// One page for people who read in a browser, or print
    Html,
    /// For code scanning: SARIF 2.1.0
    Sarif,
    /// For pipelines that show tests
    Junit,
    /// Bill of materials with vulnerabilities: CycloneDX 1.6
    Cyclonedx,
    /// What is true of each vulnerability: OpenVEX 0.2.0
    Openvex,
    /// For spreadsheets: one finding a line
    Csv,
    /// Counts for a textfile collector
    Openmetrics,
    /// For the summary page of a pipeline
    Markdown,
}

/// A form, by what it takes to write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Every result has a text.
    Text,
    /// Every result is a JSON document.
    Json,
    /// Only reports are written so.
    OfReport(ReportFormat),
}

impl Format {
    /// Returns what it takes to write it.
    pub(super) fn form(self) -> Form {
        Form::OfReport(match self {
            Self::Text => return Form::Text,
            Self::Json => return Form::Json,
            Self::Html => ReportFormat::Html,
            Self::Sarif => ReportFormat::Sarif,
            Self::Junit => ReportFormat::Junit,
            Self::Cyclonedx => ReportFormat::CycloneDx,
            Self::Openvex => ReportFormat::OpenVex,
            Self::Csv => ReportFormat::Csv,
            Self::Openmetrics => ReportFormat::OpenMetrics,
            Self::Markdown => ReportFormat::Markdown,
        })
    }

    /// Returns the word on the command line.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Html => "html",
            Self::Sarif => "sarif",
            Self::Junit => "junit",
            Self::Cyclonedx => "cyclonedx",
            Self::Openvex => "openvex",
            Self::Csv => "csv",
            Self::Openmetrics => "openmetrics",
            Self::Markdown => "markdown",
        }
    }
}

/// Tells whether a verb answers with a report.
pub(super) fn has_report(verb: &Verb) -> bool {
    match verb {
        Verb::Scan(_) | Verb::Rehearse(_) | Verb::Recover(_) | Verb::Report(_) => true,
        Verb::Apply(args) => !args.detach,
        Verb::Plan(args) => args.diff.is_empty(),
        Verb::Rollback(args) => !args.preview && !args.check,
        Verb::History(args) => matches!(args.verb, Some(HistoryVerb::Show { .. })),
        _ => false,
    }
}

/// Refuses a form that the verb does not have.
///
/// # Errors
/// It answers with no report, or with counts alone where findings would be listed.
pub(super) fn check(cli: &Cli) -> Result<(), Failure> {
    let Form::OfReport(format) = cli.global.format.form() else { return Ok(()) };
    let (verb, word) = (cli.verb.name(), cli.global.format.word());
    let refused = |message: String| Failure::new(FailureKind::Usage, message);
    if !has_report(&cli.verb) {
        return Err(refused(format!("{verb} answers here as text or json, not as {word}"))
            .hint(format!("patchctl report --format {word} writes the newest report so")));
    }
    match &cli.verb {
        Verb::Report(args) => check_stored(args, format).map_err(|()| {
            refused(format!("this answer is not written as {word}")).hint(
                "report diff knows text and json; report merge html and csv as well, a period also markdown",
            )
        }),
        Verb::Scan(args) if args.summary && format.lists_findings() => {
            Err(refused(format!("a summary has no findings to write as {word}")).hint("leave --summary out"))
        }
        _ => Ok(()),
    }
}

fn check_stored(args: &ReportArgs, format: ReportFormat) -> Result<(), ()> {
    match (&args.verb, format) {
        (None, ReportFormat::Html | ReportFormat::Csv | ReportFormat::Markdown) => Ok(()),
        (None, _) if args.is_period() => Err(()),
        (None, _) | (Some(ReportVerb::Merge { .. }), ReportFormat::Html | ReportFormat::Csv) => Ok(()),
        (Some(_), _) => Err(()),
    }
}

#[cfg(test)]
mod tests {
    use clap::{Parser, ValueEnum};

    use super::*;

    fn checked(words: &str) -> Result<(), Failure> {
        check(&Cli::try_parse_from(words.split(' ')).expect("valid words"))
    }

    #[test]
    fn every_form_is_called_as_it_is_typed() {
        for format in Format::value_variants() {
            let typed = format.to_possible_value().expect("not hidden");
            assert_eq!(typed.get_name(), format.word());
        }
    }

    #[test]
    fn only_verbs_with_a_report_have_its_forms() {
        for words in ["scan", "plan", "apply -n", "rollback", "recover", "report", "history show 1"] {
            checked(&format!("patchctl {words} --format sarif")).expect(words);
        }
        for words in [
            "status",
            "history",
            "why curl",
            "feeds",
            "rollback --preview",
            "plan --diff a b",
            "apply -y --detach",
        ] {
            let error = checked(&format!("patchctl {words} --format sarif")).expect_err(words);
            assert_eq!(error.kind(), FailureKind::Usage);
            checked(&format!("patchctl {words} --format json")).expect(words);
        }
    }

    #[test]
    fn counts_alone_are_no_list_of_findings() {
        assert!(checked("patchctl scan --summary --format csv").is_err());
        checked("patchctl scan --summary --format openmetrics").expect("counts");
    }
}
