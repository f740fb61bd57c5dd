//! Reading what came: decompressing it, parsing it and compiling the statements of a release. patchctl does it in a process
//! of its own that has no rights ([`crate::host::sealed`]; safety design, P19); what comes back from there is believed no
//! more than an index of the cache is.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::{Deserialize, Serialize};

use super::container::{self, ContainerError, Opened};
use super::registry::{self, Format};
use super::trust::{Admitted, Received, Refusal};
use super::{AdvisoryFeed, FeedError, Rows, Unread};
use crate::host::sealed::{self, SealedError};
use crate::host::storage;
use crate::model::digest::Sha256;
use crate::model::distro::Distribution;
use crate::model::failure::Told;
use crate::model::feed::FeedRole;
use crate::scan::index::{Compiler, IndexError, Provenance, build_threats};

/// Largest index, 5 % of the largest feed and room (performance design, target 8).
pub const LARGEST_INDEX: u64 = 64 * 1024 * 1024;
/// Largest head of an answer: counts, and the words for what could not be read.
const LARGEST_HEAD: u64 = 256 * 1024;

/// What the process that reads is asked.
#[derive(Serialize, Deserialize)]
enum Question {
    /// To read content.
    Read(Box<Reading>),
    /// To tell which of its rights it cannot give up.
    Shed,
}

/// Content, and what is made of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reading {
    /// The name of the format.
    format: String,
    /// The release whose statements are compiled.
    release: Distribution,
    /// The digest of everything.
    identity: Sha256,
    /// The vendor's date of it.
    published: Option<chrono::DateTime<chrono::Utc>>,
    /// The file and its size.
    content: (PathBuf, u64),
    /// The file of later documents and its size.
    changes: Option<(PathBuf, u64)>,
}

/// The head of an answer: one line of JSON, and behind it the index.
#[derive(Serialize, Deserialize)]
enum Head {
    /// It was read.
    Admitted {
        /// See [`Admitted`].
        entries: u64,
        /// See [`Admitted`].
        advisories: u64,
        /// See [`Admitted`].
        unread: Unread,
    },
    /// It says nothing about the release.
    Silent,
    /// It is refused, with every cause.
    Refused(Told),
    /// What could not be given up.
    Kept(Vec<String>),
}

impl Reading {
    /// Content that was received, to be compiled for a release.
    pub fn new(
        received: &Received,
        (format, release): (Format, &Distribution),
        provenance: Provenance,
    ) -> Self {
        let changes = received.changes.as_ref().filter(|changes| changes.documents > 0);
        Self {
            format: format.name().to_owned(),
            release: release.clone(),
            identity: provenance.content,
            published: provenance.published,
            content: (received.path.clone(), received.size),
            changes: changes.map(|changes| (changes.path.clone(), storage::stamp(&changes.path).size)),
        }
    }
}

/// Reads content in a process without rights; in this one where the program that runs is not patchctl.
///
/// # Errors
/// It is not what the vendor publishes, or nothing can read it.
pub fn read(reading: Reading) -> Result<Admitted, Refusal> {
    if !sealed::can_be_asked() {
        return Files::open(&reading)?.compile(&reading);
    }
    let release = reading.release.title();
    let reader = |source| Refusal::Reader { source };
    match ask(&Question::Read(Box::new(reading))).map_err(reader)? {
        (Head::Admitted { entries, advisories, unread }, index) => {
            Ok(Admitted { index, entries, advisories, unread })
        }
        (Head::Silent, _) => Err(Refusal::Release { release }),
        (Head::Refused(told), _) => Err(Refusal::Told(told)),
        (Head::Kept(_), _) => Err(reader(SealedError::Unclear)),
    }
}

/// Returns which of its rights a process that reads cannot give up on this host.
///
/// # Errors
/// There is no such process.
pub fn kept_rights() -> Result<Vec<String>, SealedError> {
    match ask(&Question::Shed)? {
        (Head::Kept(rights), _) => Ok(rights),
        _ => Err(SealedError::Unclear),
    }
}

fn ask(question: &Question) -> Result<(Head, Vec<u8>), SealedError> {
    let question = serde_json::to_vec(question).map_err(|_| SealedError::Unclear)?;
    let mut answer = sealed::ask(&question, LARGEST_HEAD + LARGEST_INDEX)?;
    let line = memchr::memchr(b'\n', &answer).ok_or(SealedError::Unclear)?;
    let head = serde_json::from_slice(&answer[..line]).map_err(|_| SealedError::Unclear)?;
    answer.drain(..=line);
    Ok((head, answer))
}

/// Answers the question on standard input, in the process that was started for it.
pub fn answer() -> ExitCode {
    let answered = sealed::question().and_then(|question| {
        let (head, index) = match serde_json::from_slice(&question)? {
            Question::Read(reading) => of_reading(&reading),
            Question::Shed => (Head::Kept(sealed::shed()), Vec::new()),
        };
        let mut output = io::stdout().lock();
        serde_json::to_writer(&mut output, &head)?;
        output.write_all(b"\n")?;
        output.write_all(&index)?;
        output.flush()
    });
    if answered.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn of_reading(reading: &Reading) -> (Head, Vec<u8>) {
    let read = Files::open(reading).and_then(|files| {
        // What cannot be given up is told by doctor; what can be is gone before the first byte is read.
        let _ = sealed::shed();
        files.compile(reading)
    });
    match read {
        Ok(Admitted { index, entries, advisories, unread }) => {
            (Head::Admitted { entries, advisories, unread }, index)
        }
        Err(Refusal::Release { .. }) => (Head::Silent, Vec::new()),
        Err(refusal) => (Head::Refused(Told::of(&refusal)), Vec::new()),
    }
}

/// The files of a reading, opened before anything in them is looked at.
struct Files {
    content: File,
    /// The same file, to be read piece by piece.
    pieces: Option<File>,
    /// The same file twice: names are read first.
    changes: Option<(File, File)>,
}

impl Files {
    fn open(reading: &Reading) -> Result<Self, Refusal> {
        let open = |path: &Path| storage::open(path).map_err(|source| Refusal::Read { source });
        let twice = |(path, _): &(PathBuf, u64)| Ok((open(path)?, open(path)?));
        Ok(Self {
            content: open(&reading.content.0)?,
            pieces: Some(open(&reading.content.0)?),
            changes: reading.changes.as_ref().map(twice).transpose()?,
        })
    }

    /// Decompresses everything, with the changes in their places.
    fn unpack(self, reading: &Reading) -> Result<Opened, Refusal> {
        let unpack =
            |file, size| container::open(file, size).map_err(|source| Refusal::Compression { source });
        let base = unpack(self.content, reading.content.1)?;
        let (Some((names, later)), Some((_, size))) = (self.changes, &reading.changes) else {
            return Ok(base);
        };
        let archive = |opened| match opened {
            Opened::Archive(documents) => Ok(documents),
            Opened::Whole(_) => Err(Refusal::Shape { source: FeedError::Empty { feed: "csaf-changes" } }),
        };
        let (names, later) = (archive(unpack(names, *size)?)?, archive(unpack(later, *size)?)?);
        let damaged =
            |error: ContainerError| Refusal::Shape { source: error.into_feed_error("csaf-changes") };
        container::overlaid(archive(base)?, names, later).map(Opened::Archive).map_err(damaged)
    }

    fn compile(mut self, reading: &Reading) -> Result<Admitted, Refusal> {
        let unknown = || Refusal::Told(Told::new(format!("no format is named {:?}", reading.format)));
        let format = registry::find(&reading.format).ok_or_else(unknown)?;
        let pieces = self.pieces.take().filter(|_| self.changes.is_none());
        match (format, pieces) {
            (Format::Advisories(feed), Some(file)) => match Compiling::of_pieces(feed, file, reading) {
                Some(compiling) => compiling.finish(format),
                None => self.compile_whole(reading, format),
            },
            _ => self.compile_whole(reading, format),
        }
    }

    fn compile_whole(self, reading: &Reading, format: Format) -> Result<Admitted, Refusal> {
        let opened = self.unpack(reading)?;
        let shape = |source| Refusal::Shape { source };
        match (format, opened) {
            (Format::Advisories(feed), Opened::Whole(content)) => {
                Compiling::of_rows(feed.parse(&content, &reading.release).map_err(shape)?, reading)?
                    .finish(format)
            }
            (Format::Advisories(feed), Opened::Archive(documents)) => {
                let rows = feed.parse_archive(documents, &reading.release).map_err(shape)?;
                Compiling::of_rows(rows, reading)?.finish(format)
            }
            (Format::Threats(feed), Opened::Whole(content)) => {
                let known = feed.parse(&content).map_err(shape)?;
                let entries = known.threats.len() as u64;
                let index = build_threats(&known.threats, reading.identity);
                Ok(Admitted { index, entries, advisories: entries, unread: known.unread })
            }
            (Format::Threats(feed), Opened::Archive(_)) => {
                let detail = "an archive, which this feed never is".to_owned();
                Err(shape(FeedError::Malformed { feed: feed.name(), line: 1, column: 1, detail }))
            }
        }
    }
}

/// Statements while they are compiled.
struct Compiling<'r> {
    reading: &'r Reading,
    compiler: Compiler,
    entries: u64,
    unread: Unread,
    /// No advisory came.
    is_silent: bool,
}

impl<'r> Compiling<'r> {
    fn new(reading: &'r Reading) -> Self {
        let (compiler, unread) = (Compiler::default(), Unread::default());
        Self { reading, compiler, entries: 0, unread, is_silent: true }
    }

    /// Compiles content of which a piece is held at a time; `None` where it has to be read whole.
    fn of_pieces(feed: &dyn AdvisoryFeed, file: File, reading: &'r Reading) -> Option<Self> {
        let mut compiling = Self::new(reading);
        let mut content = container::stream(file, reading.content.1).ok()?;
        feed.parse_pieces(&mut content, &reading.release, &mut |rows| compiling.add(rows).ok())?;
        Some(compiling)
    }

    fn of_rows(rows: Rows<'_>, reading: &'r Reading) -> Result<Self, Refusal> {
        let mut compiling = Self::new(reading);
        compiling.add(rows).map_err(|source| Refusal::Compile { source })?;
        Ok(compiling)
    }

    /// Compiles advisory after advisory; each is dropped behind its turn.
    fn add(&mut self, rows: Rows<'_>) -> Result<(), IndexError> {
        self.entries += rows.entries;
        self.unread.join(rows.unread);
        self.is_silent &= rows.advisories.is_empty();
        rows.advisories.into_iter().try_for_each(|advisory| self.compiler.add(&advisory))
    }

    fn finish(self, format: Format) -> Result<Admitted, Refusal> {
        let Self { reading: Reading { identity: content, published, release, .. }, compiler, .. } = self;
        // A list of names may have none yet for a release, such as that of LTS before LTS begins.
        if self.is_silent && format.role() == FeedRole::Verdicts {
            return Err(Refusal::Release { release: release.title() });
        }
        let (scheme, advisories) = (release.version_scheme(), compiler.statements());
        let provenance = Provenance { content: *content, published: *published, scheme };
        let index = compiler.finish(provenance).map_err(|source| Refusal::Compile { source })?;
        Ok(Admitted { index, entries: self.entries, advisories, unread: self.unread })
    }
}
