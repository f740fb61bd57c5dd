//! Fetching a feed: a file of this host, or HTTPS with limits on size, time and redirects; into memory where it is
//! small, else into a file, which goes on where an earlier try broke off.
//!
//! Answers for getting the bytes as they were sent; whether they can be trusted is the caller's question.

mod connector;
mod http;
mod partial;
mod resolve;
mod retry;
mod sink;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};

use self::partial::Partial;
use self::sink::{FileSink, Sink};
use super::environment::Environment;
use super::storage::{self, StorageError};
use crate::model::digest::Sha256;

/// The least that a server has to send while content is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Bytes.
    pub bytes: u64,
    /// In each span of this length.
    pub window: Duration,
}

impl Pace {
    /// 1 KiB/s over 60 s (safety design, T5: a server that drips keeps nobody waiting until the deadline).
    pub const LOWEST: Self = Self { bytes: 60 * 1024, window: Duration::from_secs(60) };
}

/// How much is fetched at most, and how long it may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Largest content in bytes, as sent.
    pub bytes: u64,
    /// Longest time for everything.
    pub deadline: Duration,
    /// Longest time until the connection stands.
    pub connect: Duration,
    /// The least that the server has to send.
    pub pace: Pace,
    /// How often it is tried, as long as what failed may pass.
    pub attempts: u32,
}

/// What a server said about content that is here already; sent back to ask for changes only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validators {
    /// `ETag`, or the stamp of a local file.
    pub etag: Option<String>,
    /// `Last-Modified`, as it was sent.
    pub last_modified: Option<String>,
}

/// What is to be fetched.
#[derive(Clone, Copy, Debug)]
pub struct FetchRequest<'a> {
    /// `https://`, `http://` with a pin, `file://`, or an absolute path.
    pub location: &'a str,
    /// The SHA-256 of the content is known beforehand; only then may it come over plain HTTP.
    pub pinned: bool,
    /// The limits.
    pub limits: Limits,
    /// What is known of the content that is here already.
    pub known: &'a Validators,
    /// Where the proxy is configured.
    pub environment: &'a Environment,
}

/// The answer to a fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched<T> {
    /// The content is what is here already.
    Unchanged,
    /// Other content.
    New(T),
}

/// Content as it was received: not decompressed, not checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// What to send back next time.
    pub validators: Validators,
    /// The date that the server or the file system gives the content.
    pub published: Option<DateTime<Utc>>,
}

/// A file as it was received: whole, not yet synced, not decompressed, not checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Download {
    /// Bytes.
    pub size: u64,
    /// Their digest.
    pub sha256: Sha256,
    /// What to send back next time.
    pub validators: Validators,
    /// The date that the server or the file system gives the content.
    pub published: Option<DateTime<Utc>>,
}

/// A fetch that failed.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The address is none that is fetched.
    #[error("cannot fetch {location}: {reason}")]
    Address {
        /// The address, without what stands before an `@`.
        location: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The local file cannot be read, or is too large.
    #[error("cannot fetch {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system answered.
        #[source]
        source: StorageError,
    },
    /// What is received cannot be kept.
    #[error("cannot keep what {location} sends")]
    Keep {
        /// The address.
        location: String,
        /// What the system answered.
        #[source]
        source: StorageError,
    },
    /// The server answered with a status other than 200, 206 and 304.
    #[error("cannot fetch {location}: the server answered with HTTP status {status}")]
    Status {
        /// The address.
        location: String,
        /// The status.
        status: u16,
        /// How long the server asks to be left alone (`Retry-After`, RFC 9110, section 10.2.3), in seconds.
        retry_after: Option<u64>,
    },
    /// The content is larger than the limit.
    #[error("cannot fetch {location}: larger than the limit of {limit} bytes")]
    TooLarge {
        /// The address.
        location: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// The time for all of a source is over before its turn came.
    #[error("cannot fetch {location}: the time is over")]
    OutOfTime {
        /// The address.
        location: String,
    },
    /// The server sends less than it has to.
    #[error("cannot fetch {location}: only {bytes} bytes came within {} s", window.as_secs())]
    Drips {
        /// The address.
        location: String,
        /// What came.
        bytes: u64,
        /// In this time.
        window: Duration,
    },
    /// The exchange failed.
    #[error("cannot fetch {location}")]
    Exchange {
        /// The address.
        location: String,
        /// What failed.
        #[source]
        source: Box<ureq::Error>,
    },
}

impl TransportError {
    /// Returns why in a few words, for a status line.
    pub fn reason(&self) -> String {
        match self {
            Self::Address { reason, .. } => (*reason).to_owned(),
            Self::File { source, .. } if source.is_not_found() => "no such file".to_owned(),
            Self::File { source, .. } | Self::Keep { source, .. } => format!("{source}: {}", source.source),
            Self::Status { status, .. } => format!("HTTP status {status}"),
            Self::OutOfTime { .. } => "too slow: the time is over".to_owned(),
            Self::TooLarge { limit, .. } => format!("larger than the limit of {limit} bytes"),
            Self::Drips { bytes, window, .. } => {
                format!("too slow: only {bytes} bytes came within {} s", window.as_secs())
            }
            Self::Exchange { source, .. } => http::reason(source),
        }
    }

    /// Tells whether there is nothing under the address.
    pub fn is_absent(&self) -> bool {
        match self {
            // RFC 9110, sections 15.5.5 and 15.5.11.
            Self::Status { status, .. } => matches!(status, 404 | 410),
            Self::File { source, .. } => source.is_not_found(),
            _ => false,
        }
    }
}

/// Fetches small content into memory, or learns that it did not change.
///
/// # Errors
/// See [`TransportError`].
pub fn fetch(request: FetchRequest<'_>) -> Result<Fetched<Content>, TransportError> {
    let mut sink = Vec::new();
    let answer = match approve(request)? {
        Some(path) => read_file(path, request, &mut sink),
        None => retry::persist(request, |request| http::receive(request, &mut sink)),
    }?;
    Ok(match answer {
        Fetched::Unchanged => Fetched::Unchanged,
        Fetched::New(Head { validators, published }) => {
            Fetched::New(Content { bytes: sink, validators, published })
        }
    })
}

/// Fetches content into a file, or learns that it did not change. What broke off goes on where it did, at once or the
/// next time, as long as the server has the same content under the same strong validator (RFC 9110, section 13.1.5).
///
/// # Errors
/// See [`TransportError`]. What came so far stays beside the file if it can be gone on with.
pub fn download(request: FetchRequest<'_>, into: &Path) -> Result<Fetched<Download>, TransportError> {
    let keep = |source| TransportError::Keep { location: request.location.to_owned(), source };
    let answer = match approve(request)? {
        Some(path) => {
            Partial::forget(into).map_err(keep)?;
            let mut sink = FileSink::new(into);
            read_file(path, request, &mut sink).map(|answer| (answer, sink))
        }
        None => retry::persist(request, |request| {
            let mut sink = FileSink::new(into);
            http::receive(request, &mut sink).map(|answer| (answer, sink))
        }),
    };
    match answer {
        Ok((Fetched::Unchanged, _)) => {
            Partial::forget(into).map_err(keep)?;
            Ok(Fetched::Unchanged)
        }
        Ok((Fetched::New(Head { validators, published }), sink)) => {
            let (size, sha256) = sink.finish().map_err(keep)?;
            Ok(Fetched::New(Download { size, sha256, validators, published }))
        }
        Err(error) => {
            match error {
                TransportError::Exchange { .. }
                | TransportError::Drips { .. }
                | TransportError::Status { .. } => {
                    Partial::keep_if_usable(into);
                }
                // What is too large or cannot be kept is of no use the next time either.
                _ => drop(Partial::forget(into)),
            }
            Err(error)
        }
    }
}

/// What an answer says about the content that comes with it.
#[derive(Clone, Debug)]
struct Head {
    validators: Validators,
    published: Option<DateTime<Utc>>,
}

/// Returns the path of an address of this host; `None` for one that is asked by HTTP and may be.
fn approve<'a>(request: FetchRequest<'a>) -> Result<Option<&'a Path>, TransportError> {
    let location = request.location;
    let refuse = |reason| Err(TransportError::Address { location: without_credentials(location), reason });
    match local_path(location) {
        Some(path) => Ok(Some(path)),
        None if has_credentials(location) => {
            refuse("an address with a password in it would end up in reports")
        }
        None if location.starts_with("https://") => Ok(None),
        None if location.starts_with("http://") && request.pinned => Ok(None),
        None if location.starts_with("http://") => refuse("plain http needs a sha256 pin"),
        None => refuse("https://, file:// or an absolute path expected"),
    }
}

/// Returns the path of a `file://` address or absolute path.
pub fn local_path(location: &str) -> Option<&Path> {
    let path = location.strip_prefix("file://").unwrap_or(location);
    path.starts_with('/').then(|| Path::new(path))
}

fn authority(location: &str) -> &str {
    location.split("//").nth(1).and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default()
}

fn has_credentials(location: &str) -> bool {
    authority(location).contains('@')
}

fn without_credentials(location: &str) -> String {
    match authority(location).rsplit_once('@') {
        Some((secret, _)) => location.replacen(secret, "…", 1),
        None => location.to_owned(),
    }
}

fn read_file(
    path: &Path,
    request: FetchRequest<'_>,
    sink: &mut dyn Sink,
) -> Result<Fetched<Head>, TransportError> {
    let stamp = storage::stamp(path);
    let etag = Some(format!("{}-{}.{}-{}", stamp.size, stamp.seconds, stamp.nanoseconds, stamp.inode));
    if request.known.etag == etag {
        return Ok(Fetched::Unchanged);
    }
    let limit = request.limits.bytes;
    let too_large = || TransportError::TooLarge { location: request.location.to_owned(), limit };
    if stamp.size > limit {
        return Err(too_large());
    }
    let failed = |source: StorageError| match source.source.kind() {
        // It grew meanwhile, or is none of those that have a size.
        std::io::ErrorKind::FileTooLarge => too_large(),
        _ => TransportError::File { path: path.to_owned(), source },
    };
    let mut file = storage::open(path).map_err(failed)?;
    sink.begin(None).map_err(failed)?;
    sink::copy(&mut file, sink, (path, limit)).map_err(failed)?;
    let validators = Validators { etag, last_modified: None };
    Ok(Fetched::New(Head { validators, published: DateTime::from_timestamp(stamp.seconds, 0) }))
}
