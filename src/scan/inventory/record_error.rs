//! A place in a database of text that cannot be understood.

use crate::model::package::PackageKey;

/// Which place of which file, and what is wrong there.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}, line {line}: {problem}")]
pub struct RecordError {
    /// The file, as the caller named it.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub problem: RecordProblem,
}

/// What is wrong with a line or the record of a package.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordProblem {
    /// The last line has no end.
    #[error("the file ends in the middle of a line: it was cut off")]
    Truncated,
    /// The line is neither a field nor the continuation of one.
    #[error("the line is no field")]
    NotAField,
    /// A record lacks a field that it must have.
    #[error("the package that begins here has no {0}")]
    Missing(&'static str),
    /// A record has a field twice.
    #[error("{0} stands twice in one package")]
    FieldTwice(&'static str),
    /// The value is no text.
    #[error("{0} is not UTF-8")]
    NotUtf8(&'static str),
    /// The value breaks the field's grammar.
    #[error("{field} is not valid: {text:?} ({reason})")]
    Invalid {
        /// The field.
        field: &'static str,
        /// Its value, at most 80 characters of it.
        text: String,
        /// What its grammar forbids.
        reason: &'static str,
    },
    /// The package stood there before.
    #[error("{0} is recorded a second time")]
    PackageTwice(PackageKey),
}
