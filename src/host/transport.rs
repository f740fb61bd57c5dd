//! Fetching a feed: a file of this host, or HTTPS with limits on size, time and redirects.
//!
//! Answers for getting the bytes as they were sent; whether they can be trusted is the caller's question.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use ureq::http::{HeaderMap, Response};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body, Proxy};

use super::environment::Environment;
use super::storage::{self, StorageError};

/// Redirects that are followed (safety design, T5).
const REDIRECTS: u32 = 5;
/// Bytes of response headers that are read (safety design, T5).
const HEADER_BYTES: usize = 64 * 1024;
/// Longest wait for one read, so that a stalling server is noticed before the deadline.
const STALL: Duration = Duration::from_secs(20);
/// Bytes that are read at once.
const PIECE: usize = 64 * 1024;

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
pub enum Fetched {
    /// The content is what is here already.
    Unchanged,
    /// Other content.
    New(Content),
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
    /// The server answered with a status other than 200 and 304.
    #[error("cannot fetch {location}: the server answered with HTTP status {status}")]
    Status {
        /// The address.
        location: String,
        /// The status.
        status: u16,
    },
    /// The content is larger than the limit.
    #[error("cannot fetch {location}: larger than the limit of {limit} bytes")]
    TooLarge {
        /// The address.
        location: String,
        /// The limit in bytes.
        limit: u64,
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
            Self::File { source, .. } => format!("{source}: {}", source.source),
            Self::Status { status, .. } => format!("HTTP status {status}"),
            Self::TooLarge { limit, .. } => format!("larger than the limit of {limit} bytes"),
            Self::Drips { bytes, window, .. } => {
                format!("too slow: only {bytes} bytes came within {} s", window.as_secs())
            }
            Self::Exchange { source, .. } => exchange_reason(source),
        }
    }
}

fn exchange_reason(error: &ureq::Error) -> String {
    use ureq::Error;
    match error {
        Error::HostNotFound => "no route: the host name is not known".to_owned(),
        Error::ConnectionFailed => "no route: no connection".to_owned(),
        Error::Io(source) => format!("no route: {source}"),
        Error::Timeout(stage) => format!("too slow: no end within the {stage} time limit"),
        Error::BodyStalled => "too slow: the server stalled".to_owned(),
        Error::Tls(_) | Error::Rustls(_) | Error::Pem(_) | Error::TlsRequired => format!("TLS: {error}"),
        Error::RequireHttpsOnly(_) => "redirected from https to http".to_owned(),
        Error::TooManyRedirects | Error::RedirectFailed => format!("more than {REDIRECTS} redirects"),
        Error::ConnectProxyFailed(_) | Error::InvalidProxyUrl => format!("proxy: {error}"),
        other => other.to_string(),
    }
}

/// Fetches content, or learns that it did not change.
///
/// # Errors
/// See [`TransportError`]; nothing is retried here.
pub fn fetch(request: FetchRequest<'_>) -> Result<Fetched, TransportError> {
    let location = request.location;
    let refuse = |reason| Err(TransportError::Address { location: without_credentials(location), reason });
    match local_path(location) {
        Some(path) => return fetch_file(path, request),
        None if has_credentials(location) => {
            return refuse("an address with a password in it would end up in reports");
        }
        None if location.starts_with("https://") => {}
        None if location.starts_with("http://") && request.pinned => {}
        None if location.starts_with("http://") => return refuse("plain http needs a sha256 pin"),
        None => return refuse("https://, file:// or an absolute path expected"),
    }
    fetch_http(request)
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

fn fetch_file(path: &Path, request: FetchRequest<'_>) -> Result<Fetched, TransportError> {
    let stamp = storage::stamp(path);
    let etag = Some(format!("{}-{}.{}-{}", stamp.size, stamp.seconds, stamp.nanoseconds, stamp.inode));
    if request.known.etag == etag {
        return Ok(Fetched::Unchanged);
    }
    let bytes = storage::read_at_most(path, request.limits.bytes)
        .map_err(|source| TransportError::File { path: path.to_owned(), source })?;
    let published = DateTime::from_timestamp(stamp.seconds, 0);
    Ok(Fetched::New(Content { bytes, validators: Validators { etag, last_modified: None }, published }))
}

fn fetch_http(request: FetchRequest<'_>) -> Result<Fetched, TransportError> {
    let exchange =
        |source| TransportError::Exchange { location: request.location.to_owned(), source: Box::new(source) };
    let mut call = agent(&request).map_err(exchange)?.get(request.location);
    if let Some(etag) = &request.known.etag {
        call = call.header("if-none-match", etag);
    }
    if let Some(date) = &request.known.last_modified {
        call = call.header("if-modified-since", date);
    }
    let response = call.call().map_err(exchange)?;
    match response.status().as_u16() {
        200 => receive(response, request).map(Fetched::New),
        304 => Ok(Fetched::Unchanged),
        status => Err(TransportError::Status { location: request.location.to_owned(), status }),
    }
}

/// One connection's settings; gzip is asked for, and the bytes are kept as they were sent.
fn agent(request: &FetchRequest<'_>) -> Result<Agent, ureq::Error> {
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
    let configuration = Agent::config_builder()
        .https_only(request.location.starts_with("https://"))
        .tls_config(tls)
        .proxy(proxy(request.environment, request.location)?)
        .max_redirects(REDIRECTS)
        .max_redirects_will_error(true)
        .max_response_header_size(HEADER_BYTES)
        .user_agent(concat!("patchctl/", env!("CARGO_PKG_VERSION")))
        .accept_encoding("gzip")
        .http_status_as_error(false)
        .timeout_global(Some(request.limits.deadline))
        .timeout_connect(Some(request.limits.connect))
        .timeout_resolve(Some(request.limits.connect))
        .timeout_per_read(Some(STALL.min(request.limits.deadline)))
        .build();
    Ok(configuration.into())
}

/// The proxy of the environment, unless `no_proxy` names the host.
fn proxy(environment: &Environment, location: &str) -> Result<Option<Proxy>, ureq::Error> {
    let Some(address) = &environment.https_proxy else { return Ok(None) };
    let host = authority(location).split(':').next().unwrap_or_default();
    let listed = environment.no_proxy.as_deref().unwrap_or_default().split(',').map(str::trim);
    if listed.into_iter().any(|entry| is_exempt(host, entry)) {
        return Ok(None);
    }
    Proxy::new(address).map(Some)
}

/// `*`, a host, or a domain with or without a leading dot, as curl(1) reads `no_proxy`.
fn is_exempt(host: &str, entry: &str) -> bool {
    let domain = entry.trim_start_matches('.');
    let below = host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    entry == "*" || (!domain.is_empty() && below)
}

fn receive(mut response: Response<Body>, request: FetchRequest<'_>) -> Result<Content, TransportError> {
    let validators = validators(response.headers());
    let mut reader = response.body_mut().with_config().limit(request.limits.bytes).reader();
    let bytes = read_at_pace(&mut reader, request)?;
    let published = validators.last_modified.as_deref().and_then(http_date);
    Ok(Content { bytes, validators, published })
}

/// Reads to the end, as long as enough comes; each single read has a limit of its own.
fn read_at_pace(reader: &mut dyn Read, request: FetchRequest<'_>) -> Result<Vec<u8>, TransportError> {
    let location = || request.location.to_owned();
    let Limits { bytes: limit, pace, .. } = request.limits;
    let (mut content, mut piece) = (Vec::new(), vec![0; PIECE]);
    let (mut began, mut came) = (Instant::now(), 0);
    loop {
        let count = reader.read(&mut piece).map_err(|source| match ureq::Error::from(source) {
            ureq::Error::BodyExceedsLimit(_) => TransportError::TooLarge { location: location(), limit },
            source => TransportError::Exchange { location: location(), source: Box::new(source) },
        })?;
        if count == 0 {
            return Ok(content);
        }
        content.extend_from_slice(&piece[..count]);
        came += count as u64;
        if began.elapsed() >= pace.window {
            if came < pace.bytes {
                return Err(TransportError::Drips { location: location(), bytes: came, window: pace.window });
            }
            (began, came) = (Instant::now(), 0);
        }
    }
}

fn validators(headers: &HeaderMap) -> Validators {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    Validators { etag: text("etag"), last_modified: text("last-modified") }
}

/// Reads a date of RFC 9110, section 5.6.7, in its preferred form.
fn http_date(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc2822(text).ok().map(|date| date.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    const LIMITS: Limits = Limits {
        bytes: 1000,
        deadline: Duration::from_secs(2),
        connect: Duration::from_secs(1),
        pace: Pace::LOWEST,
    };

    /// Serves one answer per connection and returns the address.
    fn server(answers: Vec<String>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        thread::spawn(move || {
            for answer in answers {
                let Ok((mut stream, _)) = listener.accept() else { return };
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        format!("http://{address}/feed")
    }

    fn get(location: &str, known: &Validators) -> Result<Fetched, TransportError> {
        let environment = Environment::default();
        fetch(FetchRequest { location, pinned: true, limits: LIMITS, known, environment: &environment })
    }

    fn reason(answers: Vec<String>) -> String {
        get(&server(answers), &Validators::default()).expect_err("the answer is a fault").reason()
    }

    #[test]
    fn content_comes_with_its_date_and_validators() {
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nETag: \"a\"\r\nLast-Modified: Wed, 21 Oct 2015 07:28:00 GMT\r\n\r\n{}";
        let fetched = get(&server(vec![answer.to_owned()]), &Validators::default()).expect("served");
        let Fetched::New(content) = fetched else { panic!("new content expected") };
        assert_eq!(content.bytes, b"{}");
        assert_eq!(content.validators.etag.as_deref(), Some("\"a\""));
        assert_eq!(content.published.map(|date| date.timestamp()), Some(1_445_412_480));
    }

    #[test]
    fn not_modified_is_unchanged() {
        let known = Validators { etag: Some("\"a\"".into()), last_modified: None };
        let answer = "HTTP/1.1 304 Not Modified\r\n\r\n".to_owned();
        assert_eq!(get(&server(vec![answer]), &known).expect("served"), Fetched::Unchanged);
    }

    #[test]
    fn faults_are_named() {
        let status = reason(vec!["HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n".into()]);
        assert_eq!(status, "HTTP status 503");
        let large = format!("HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n{}", "x".repeat(2000));
        assert_eq!(reason(vec![large]), "larger than the limit of 1000 bytes");
        assert!(
            get("http://127.0.0.1:1/", &Validators::default())
                .is_err_and(|e| e.reason().contains("no route"))
        );
    }

    #[test]
    fn endless_redirects_and_silence_end() {
        let turn = "HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        assert_eq!(reason(vec![turn.into(); 9]), "more than 5 redirects");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = format!("http://{}/", listener.local_addr().expect("bound"));
        let error = get(&address, &Validators::default()).expect_err("nobody answers");
        assert!(error.reason().starts_with("too slow"), "{}", error.reason());
    }

    #[test]
    fn a_server_that_drips_is_given_up_before_the_deadline() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = format!("http://{}/feed", listener.local_addr().expect("bound"));
        thread::spawn(move || {
            let Ok((mut stream, _)) = listener.accept() else { return };
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n");
            while stream.write_all(b"x").is_ok() {
                thread::sleep(Duration::from_millis(5));
            }
        });
        let pace = Pace { bytes: 500, window: Duration::from_millis(50) };
        let limits = Limits { deadline: Duration::from_secs(600), pace, ..LIMITS };
        let (known, environment) = (Validators::default(), Environment::default());
        let request = FetchRequest {
            location: &address,
            pinned: true,
            limits,
            known: &known,
            environment: &environment,
        };
        let error = fetch(request).expect_err("it drips");
        assert!(matches!(error, TransportError::Drips { bytes, .. } if bytes < 500), "{error}");
        assert!(error.reason().starts_with("too slow"), "{}", error.reason());
    }

    #[test]
    fn addresses_that_cannot_be_trusted_are_refused() {
        let environment = Environment::default();
        let known = Validators::default();
        for location in ["http://127.0.0.1/", "ftp://127.0.0.1/", "feed.json", "https://me:secret@127.0.0.1/"]
        {
            let request = FetchRequest {
                location,
                pinned: false,
                limits: LIMITS,
                known: &known,
                environment: &environment,
            };
            let error = fetch(request).expect_err("refused");
            assert!(matches!(error, TransportError::Address { .. }) && !error.to_string().contains("secret"));
        }
    }

    #[test]
    fn no_proxy_is_read_as_curl_reads_it() {
        assert!(is_exempt("a.example.org", ".example.org") && is_exempt("example.org", "example.org"));
        assert!(is_exempt("x", "*") && !is_exempt("notexample.org", "example.org") && !is_exempt("x", ""));
    }
}
