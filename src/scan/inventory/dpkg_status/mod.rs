//! dpkg's database file: one pass over its lines, only the fields that are used (deb-control(5), dpkg-query(1)).
//!
//! Pure functions of bytes. Refuses what dpkg would not have written, and names file, line and field.

use std::collections::HashSet;

use memchr::{memchr_iter, memmem};

use super::record_error::{RecordError, RecordProblem};
use crate::model::package::{
    Architecture, InstalledPackage, PackageName, PackageState, SourcePackage, is_valid_package_name,
};
use crate::model::version::Version;
use crate::scan::source_field::source_of;

/// The fields that are used.
#[derive(Clone, Copy)]
enum Field {
    Package,
    Status,
    Architecture,
    Version,
    Source,
    Essential,
    Protected,
    Important,
    MultiArch,
    InstalledSize,
}

/// Their names, in the order of the enum.
const NAMES: [&str; 10] = [
    "Package",
    "Status",
    "Architecture",
    "Version",
    "Source",
    "Essential",
    "Protected",
    "Important",
    "Multi-Arch",
    "Installed-Size",
];

const FIELDS: [Field; 10] = [
    Field::Package,
    Field::Status,
    Field::Architecture,
    Field::Version,
    Field::Source,
    Field::Essential,
    Field::Protected,
    Field::Important,
    Field::MultiArch,
    Field::InstalledSize,
];

/// Whether a stanza without `Status` is a mistake.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// dpkg's own file: each stanza has a status, each line an end.
    Database,
    /// The control file of a package that is simply there.
    Fragment,
}

/// Reads `var/lib/dpkg/status`; packages come in the file's order.
///
/// Packages of which nothing (`not-installed`) or only configuration files (`config-files`) are left are passed
/// over: their stanzas need no version. An `Installed-Size` that is no number counts as 0.
///
/// # Errors
/// The first thing dpkg would not have written.
pub fn parse(bytes: &[u8], file: &str) -> Result<Vec<InstalledPackage>, RecordError> {
    Parser::new(file, bytes.len()).finish(bytes)
}

/// Reads one file of `var/lib/dpkg/status.d`, where `Status` and the end of the last line may be missing.
///
/// # Errors
/// As [`parse`].
pub fn parse_fragment(bytes: &[u8], file: &str) -> Result<Vec<InstalledPackage>, RecordError> {
    Parser { kind: Kind::Fragment, ..Parser::new(file, bytes.len()) }.finish(bytes)
}

/// Bytes of a stanza, about: Debian's have 1,000 to 1,200 on a server.
const STANZA: usize = 1_000;

/// A value and the line it stands on.
#[derive(Clone, Copy)]
struct Value<'a> {
    line: usize,
    bytes: &'a [u8],
}

#[derive(Default)]
struct Stanza<'a> {
    /// The line it begins on; 0 between stanzas.
    line: usize,
    values: [Option<Value<'a>>; FIELDS.len()],
}

/// Reads `var/lib/dpkg/status` piece by piece, so that the whole text need not lie in memory.
pub struct Parser<'f> {
    file: &'f str,
    kind: Kind,
    /// The lines that were read.
    line: usize,
    /// The line that the package at the same place begins on.
    lines: Vec<usize>,
    architectures: Vec<Architecture>,
    packages: Vec<InstalledPackage>,
}

impl<'f> Parser<'f> {
    /// Begins a database of about `size` bytes; `file` is its name in messages.
    pub fn new(file: &'f str, size: usize) -> Self {
        let room = size / STANZA;
        Self {
            file,
            kind: Kind::Database,
            line: 0,
            lines: Vec::with_capacity(room),
            architectures: Vec::new(),
            packages: Vec::with_capacity(room),
        }
    }

    /// Takes the whole stanzas that a piece begins with, and returns how many bytes they have: the rest belongs to the
    /// next piece.
    ///
    /// # Errors
    /// As [`parse`].
    pub fn take(&mut self, piece: &[u8]) -> Result<usize, RecordError> {
        let end = memmem::rfind(piece, b"\n\n").map_or(0, |at| at + 2);
        self.take_lines(&piece[..end], &mut Stanza::default())?;
        Ok(end)
    }

    /// Takes the last piece and returns all packages, in the file's order.
    ///
    /// # Errors
    /// As [`parse`].
    pub fn finish(self, piece: &[u8]) -> Result<Vec<InstalledPackage>, RecordError> {
        self.end(piece)?.packages()
    }

    /// Takes the last piece.
    ///
    /// # Errors
    /// As [`parse`].
    pub fn end(mut self, piece: &[u8]) -> Result<Self, RecordError> {
        let mut stanza = Stanza::default();
        let start = self.take_lines(piece, &mut stanza)?;
        if start < piece.len() {
            self.line += 1;
            if self.kind == Kind::Database {
                return Err(self.error(self.line, RecordProblem::Truncated));
            }
            self.take_line(&piece[start..], &mut stanza)?;
        }
        self.end_stanza(&mut stanza)?;
        Ok(self)
    }

    /// Adds what another parser read behind this one.
    pub fn join(&mut self, next: Self) {
        self.packages.extend(next.packages);
        self.lines.extend(next.lines.into_iter().map(|line| self.line + line));
    }

    /// Takes every line that has its end, and returns where the first one without begins.
    fn take_lines<'a>(&mut self, bytes: &'a [u8], stanza: &mut Stanza<'a>) -> Result<usize, RecordError> {
        let mut start = 0;
        for end in memchr_iter(b'\n', bytes) {
            self.line += 1;
            self.take_line(&bytes[start..end], stanza)?;
            start = end + 1;
        }
        Ok(start)
    }

    /// Returns all packages, in the file's order. dpkg writes them sorted: only where somebody else did, all have to be
    /// remembered.
    ///
    /// # Errors
    /// A package is there twice.
    pub fn packages(self) -> Result<Vec<InstalledPackage>, RecordError> {
        if self.packages.is_sorted_by(|a, b| (&a.name, &a.architecture) < (&b.name, &b.architecture)) {
            return Ok(self.packages);
        }
        let mut seen = HashSet::with_capacity(self.packages.len());
        match self.packages.iter().position(|package| !seen.insert((&package.name, &package.architecture))) {
            Some(at) => Err(self.error(self.lines[at], RecordProblem::PackageTwice(self.packages[at].key()))),
            None => Ok(self.packages),
        }
    }

    fn error(&self, line: usize, problem: RecordProblem) -> RecordError {
        RecordError { file: self.file.to_owned(), line, problem }
    }

    fn take_line<'a>(&mut self, bytes: &'a [u8], stanza: &mut Stanza<'a>) -> Result<(), RecordError> {
        let line = self.line;
        match bytes.first() {
            None => return self.end_stanza(stanza),
            Some(b' ' | b'\t') if stanza.line > 0 => return Ok(()),
            Some(b' ' | b'\t') if bytes.trim_ascii().is_empty() => return Ok(()),
            Some(_) => {}
        }
        // Names are short: a search made for long texts costs more than it saves.
        let colon = bytes.iter().position(|byte| *byte == b':');
        let colon = colon.filter(|colon| *colon > 0 && !bytes[0].is_ascii_whitespace());
        let Some(colon) = colon else { return Err(self.error(line, RecordProblem::NotAField)) };
        if stanza.line == 0 {
            stanza.line = line;
        }
        let Some(field) = field_named(&bytes[..colon]) else { return Ok(()) };
        let value = Value { line, bytes: bytes[colon + 1..].trim_ascii() };
        match stanza.values[field as usize].replace(value) {
            Some(_) => Err(self.error(line, RecordProblem::FieldTwice(NAMES[field as usize]))),
            None => Ok(()),
        }
    }

    fn end_stanza(&mut self, stanza: &mut Stanza<'_>) -> Result<(), RecordError> {
        if stanza.line == 0 {
            return Ok(());
        }
        let stanza = std::mem::take(stanza);
        let required = |field: Field| {
            let missing = RecordProblem::Missing(NAMES[field as usize]);
            stanza.value(field).ok_or_else(|| self.error(stanza.line, missing))
        };
        let name = required(Field::Package)?;
        let status = match self.kind {
            Kind::Database => self.read_status(required(Field::Status)?)?,
            Kind::Fragment => match stanza.value(Field::Status) {
                Some(value) => self.read_status(value)?,
                None => {
                    Status { hold: false, reinstall_required: false, state: Some(PackageState::Installed) }
                }
            },
        };
        let Some(state) = status.state else { return Ok(()) };
        let (version, architecture) = (required(Field::Version)?, required(Field::Architecture)?);
        let package_name = self.read_name(Field::Package, name)?;
        let package_version = self.read_version(Field::Version, version)?;
        let package = InstalledPackage {
            source: self.read_source(
                stanza.value(Field::Source),
                &package_name,
                (&package_version, version),
            )?,
            version: package_version,
            architecture: self.read_architecture(architecture)?,
            name: package_name,
            state,
            reinstall_required: status.reinstall_required,
            hold: status.hold,
            essential: [Field::Essential, Field::Protected, Field::Important]
                .iter()
                .any(|field| stanza.is(*field, b"yes")),
            multi_arch_same: stanza.is(Field::MultiArch, b"same"),
            installed_size_kib: stanza.number(Field::InstalledSize),
            provenance: None,
        };
        self.packages.push(package);
        self.lines.push(stanza.line);
        Ok(())
    }

    fn text<'a>(&self, field: Field, value: Value<'a>) -> Result<&'a str, RecordError> {
        std::str::from_utf8(value.bytes)
            .map_err(|_| self.error(value.line, RecordProblem::NotUtf8(NAMES[field as usize])))
    }

    fn invalid(&self, field: Field, value: Value<'_>, reason: &'static str) -> RecordError {
        let text = String::from_utf8_lossy(value.bytes).chars().take(80).collect();
        self.error(value.line, RecordProblem::Invalid { field: NAMES[field as usize], text, reason })
    }

    fn read_name(&self, field: Field, value: Value<'_>) -> Result<PackageName, RecordError> {
        let text = self.text(field, value)?;
        if is_valid_package_name(text) {
            Ok(PackageName::from(text))
        } else {
            Err(self.invalid(field, value, "not a package name of Debian Policy 5.6.1"))
        }
    }

    fn read_version(&self, field: Field, value: Value<'_>) -> Result<Version, RecordError> {
        Version::deb(self.text(field, value)?).map_err(|error| self.invalid(field, value, error.reason))
    }

    /// Architectures are few: each text is kept once.
    fn read_architecture(&mut self, value: Value<'_>) -> Result<Architecture, RecordError> {
        let text = self.text(Field::Architecture, value)?;
        if let Some(known) = self.architectures.iter().find(|known| known.as_str() == text) {
            return Ok(known.clone());
        }
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        {
            return Err(self.invalid(Field::Architecture, value, "not an architecture's name"));
        }
        self.architectures.push(Architecture::from(text));
        Ok(Architecture::from(text))
    }

    fn read_source(
        &self,
        source: Option<Value<'_>>,
        package: &PackageName,
        version: (&Version, Value<'_>),
    ) -> Result<SourcePackage, RecordError> {
        let stated = source.map(|value| self.text(Field::Source, value)).transpose()?;
        source_of(stated, package, version.0).map_err(|reason| match source {
            Some(value) => self.invalid(Field::Source, value, reason),
            None => self.invalid(Field::Version, version.1, reason),
        })
    }

    fn read_status(&self, value: Value<'_>) -> Result<Status, RecordError> {
        Status::parse(value.bytes).map_err(|reason| self.invalid(Field::Status, value, reason))
    }
}

impl<'a> Stanza<'a> {
    fn value(&self, field: Field) -> Option<Value<'a>> {
        self.values[field as usize]
    }

    fn is(&self, field: Field, wanted: &[u8]) -> bool {
        self.value(field).is_some_and(|value| value.bytes.eq_ignore_ascii_case(wanted))
    }

    fn number(&self, field: Field) -> u64 {
        let text = self.value(field).and_then(|value| std::str::from_utf8(value.bytes).ok());
        text.and_then(|text| text.parse().ok()).unwrap_or_default()
    }
}

/// Finds a field that is used; names are compared without case (deb822(5)).
fn field_named(name: &[u8]) -> Option<Field> {
    // Most lines are of other fields: their first letter and length tell.
    let is_it = |field: &Field| {
        let known = NAMES[*field as usize].as_bytes();
        known.len() == name.len()
            && known[0] == name[0].to_ascii_uppercase()
            && known.eq_ignore_ascii_case(name)
    };
    FIELDS.into_iter().find(is_it)
}

/// The three words of `Status` (dpkg(1), "Package states", "Package selection states", "Package flags").
struct Status {
    hold: bool,
    reinstall_required: bool,
    /// `None` when no file but configuration is left.
    state: Option<PackageState>,
}

impl Status {
    fn parse(bytes: &[u8]) -> Result<Self, &'static str> {
        let mut words = bytes.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let (want, flag, state, rest) = (words.next(), words.next(), words.next(), words.next());
        let (Some(want), Some(flag), Some(state), None) = (want, flag, state, rest) else {
            return Err("three words are expected");
        };
        if ![&b"install"[..], b"hold", b"deinstall", b"purge", b"unknown"].contains(&want) {
            return Err("the first word is no selection state");
        }
        let reinstall_required = match flag {
            b"ok" => false,
            b"reinstreq" => true,
            _ => return Err("the second word is no flag"),
        };
        Ok(Self { hold: want == b"hold", reinstall_required, state: state_named(state)? })
    }
}

fn state_named(word: &[u8]) -> Result<Option<PackageState>, &'static str> {
    match word {
        b"installed" => Ok(Some(PackageState::Installed)),
        b"unpacked" => Ok(Some(PackageState::Unpacked)),
        b"half-configured" => Ok(Some(PackageState::HalfConfigured)),
        b"half-installed" => Ok(Some(PackageState::HalfInstalled)),
        b"triggers-awaited" => Ok(Some(PackageState::TriggersAwaited)),
        b"triggers-pending" => Ok(Some(PackageState::TriggersPending)),
        b"not-installed" | b"config-files" => Ok(None),
        _ => Err("the third word is no package state"),
    }
}

#[cfg(test)]
mod tests;
