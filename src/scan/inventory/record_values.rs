//! The values of one package's record, for databases whose records are a handful of fields: apk's and pacman's.

use super::record_error::{RecordError, RecordProblem};
use crate::model::distro::PackageFamily;
use crate::model::package::Architecture;

/// The first value of each field of a record, with its line. A field is named by its place among `names`.
pub(super) struct RecordValues<'a, const N: usize> {
    pub(super) file: &'a str,
    /// The line that the record begins on.
    pub(super) line: usize,
    family: PackageFamily,
    names: &'static [&'static str; N],
    values: [Option<(usize, &'a [u8])>; N],
}

impl<'a, const N: usize> RecordValues<'a, N> {
    pub(super) fn new(file: &'a str, family: PackageFamily, names: &'static [&'static str; N]) -> Self {
        Self { file, line: 0, family, names, values: [None; N] }
    }

    /// Begins the next record of the same file.
    pub(super) fn clear(&mut self) {
        (self.line, self.values) = (0, [None; N]);
    }

    /// Takes the value of a field.
    ///
    /// # Errors
    /// The record has one already.
    pub(super) fn put(&mut self, field: usize, line: usize, value: &'a [u8]) -> Result<(), RecordError> {
        match self.values[field].replace((line, value)) {
            Some(_) => Err(self.error(line, RecordProblem::FieldTwice(self.names[field]))),
            None => Ok(()),
        }
    }

    /// Returns a value as text; none where the record has none.
    ///
    /// # Errors
    /// It is not UTF-8.
    pub(super) fn text(&self, field: usize) -> Result<Option<&'a str>, RecordError> {
        let Some((line, bytes)) = self.values[field] else { return Ok(None) };
        let not_text = |_| self.error(line, RecordProblem::NotUtf8(self.names[field]));
        std::str::from_utf8(bytes).map(Some).map_err(not_text)
    }

    /// Returns a value that the record must have.
    ///
    /// # Errors
    /// It has none, or it is not UTF-8.
    pub(super) fn required(&self, field: usize) -> Result<&'a str, RecordError> {
        self.text(field)?
            .ok_or_else(|| self.error(self.line.max(1), RecordProblem::Missing(self.names[field])))
    }

    /// Returns a value that is the name of a package.
    ///
    /// # Errors
    /// The family gives no package such a name.
    pub(super) fn name(&self, field: usize) -> Result<Option<&'a str>, RecordError> {
        match self.text(field)? {
            Some(name) if !self.family.is_package_name(name) => {
                Err(self.invalid(field, "not a name that packages have"))
            }
            name => Ok(name),
        }
    }

    /// Returns a value that is the name of an architecture.
    ///
    /// # Errors
    /// No architecture is called so.
    pub(super) fn architecture(&self, field: usize, text: &str) -> Result<Architecture, RecordError> {
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"_-".contains(&b);
        match !text.is_empty() && text.bytes().all(is_plain) {
            true => Ok(Architecture::from(text)),
            false => Err(self.invalid(field, "not an architecture's name")),
        }
    }

    /// Returns a value that is a number; none where it is something else.
    pub(super) fn number(&self, field: usize) -> Option<u64> {
        self.values[field].and_then(|(_, bytes)| std::str::from_utf8(bytes).ok()?.parse().ok())
    }

    /// A fault at a line.
    pub(super) fn error(&self, line: usize, problem: RecordProblem) -> RecordError {
        RecordError { file: self.file.to_owned(), line, problem }
    }

    /// A value that breaks its grammar.
    pub(super) fn invalid(&self, field: usize, reason: &'static str) -> RecordError {
        let (line, bytes) = self.values[field].unwrap_or((self.line.max(1), b""));
        let text = String::from_utf8_lossy(bytes).chars().take(80).collect();
        self.error(line, RecordProblem::Invalid { field: self.names[field], text, reason })
    }
}
