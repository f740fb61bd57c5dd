//! HTTPS, one request at a time: conditional, with limits, through a proxy where one is configured.

use std::io::Read;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use ureq::http::{HeaderMap, Response};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body, Proxy};

use super::connector::SharedConnector;
use super::resolve::HostResolver;
use super::sink::Sink;
use super::{FetchRequest, Fetched, Head, Limits, TransportError, Validators, authority};
use crate::host::environment::Environment;

/// Redirects that are followed (safety design, T5).
const REDIRECTS: u32 = 5;
/// Bytes of response headers that are read (safety design, T5).
const HEADER_BYTES: usize = 64 * 1024;
/// Longest wait for one read, so that a stalling server is noticed before the deadline.
const STALL: Duration = Duration::from_secs(20);
/// Bytes that are read at once.
const PIECE: usize = 64 * 1024;

/// Asks once and gives the sink what comes. A sink that has a part already asks for the rest of it.
///
/// # Errors
/// See [`TransportError`].
pub(super) fn receive(
    request: FetchRequest<'_>,
    sink: &mut dyn Sink,
) -> Result<Fetched<Head>, TransportError> {
    let exchange = |source| exchanging(request, source);
    let mut call = agent(&request).map_err(exchange)?.get(request.location);
    if let Some(etag) = &request.known.etag {
        call = call.header("if-none-match", etag);
    }
    if let Some(date) = &request.known.last_modified {
        call = call.header("if-modified-since", date);
    }
    let partial = sink.partial(request.location);
    if let Some(partial) = &partial {
        call = call.header("range", format!("bytes={}-", partial.size)).header("if-range", &partial.etag);
    }
    let response = call.call().map_err(exchange)?;
    let status = response.status().as_u16();
    match (status, partial) {
        (200, _) => body(response, request, (sink, 0)).map(Fetched::New),
        (206, Some(partial)) if continues(response.headers(), partial.size) => {
            body(response, request, (sink, partial.size)).map(Fetched::New)
        }
        (304, _) => Ok(Fetched::Unchanged),
        _ => {
            if matches!(status, 206 | 416) {
                // No range of what we have: the next try begins anew.
                sink.drop_partial();
            }
            let retry_after = text(response.headers(), "retry-after").and_then(|text| text.parse().ok());
            Err(TransportError::Status { location: request.location.to_owned(), status, retry_after })
        }
    }
}

fn exchanging(request: FetchRequest<'_>, source: ureq::Error) -> TransportError {
    TransportError::Exchange { location: request.location.to_owned(), source: Box::new(source) }
}

/// Tells whether a part begins where ours ends: `bytes 1000-1999/2000` (RFC 9110, section 14.4).
fn continues(headers: &HeaderMap, size: u64) -> bool {
    text(headers, "content-range").is_some_and(|range| range.starts_with(&format!("bytes {size}-")))
}

/// Why an exchange failed, in a few words.
pub(super) fn reason(error: &ureq::Error) -> String {
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
    Ok(Agent::with_parts(configuration, SharedConnector, HostResolver))
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

fn body(
    mut response: Response<Body>,
    request: FetchRequest<'_>,
    (sink, already): (&mut dyn Sink, u64),
) -> Result<Head, TransportError> {
    let validators = validators(response.headers());
    let published = validators.last_modified.as_deref().and_then(http_date);
    let keep = |source| TransportError::Keep { location: request.location.to_owned(), source };
    if already == 0 {
        let etag = validators.etag.as_deref().filter(|etag| !etag.starts_with("W/"));
        sink.begin(etag.map(|etag| (request.location, etag))).map_err(keep)?;
    } else {
        sink.go_on().map_err(keep)?;
    }
    let left = request.limits.bytes.saturating_sub(already);
    let mut reader = response.body_mut().with_config().limit(left).reader();
    read_at_pace(&mut reader, request, sink)?;
    Ok(Head { validators, published })
}

/// Reads to the end, as long as enough comes; each single read has a limit of its own.
fn read_at_pace(
    reader: &mut dyn Read,
    request: FetchRequest<'_>,
    sink: &mut dyn Sink,
) -> Result<(), TransportError> {
    let location = || request.location.to_owned();
    let Limits { bytes: limit, pace, .. } = request.limits;
    let mut piece = vec![0; PIECE];
    let (mut began, mut came) = (Instant::now(), 0);
    loop {
        let count = reader.read(&mut piece).map_err(|source| match ureq::Error::from(source) {
            ureq::Error::BodyExceedsLimit(_) => TransportError::TooLarge { location: location(), limit },
            source => exchanging(request, source),
        })?;
        if count == 0 {
            return Ok(());
        }
        let keep = |source| TransportError::Keep { location: location(), source };
        sink.take(&piece[..count]).map_err(keep)?;
        came += count as u64;
        if began.elapsed() >= pace.window {
            if came < pace.bytes {
                return Err(TransportError::Drips { location: location(), bytes: came, window: pace.window });
            }
            (began, came) = (Instant::now(), 0);
        }
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

fn validators(headers: &HeaderMap) -> Validators {
    Validators { etag: text(headers, "etag"), last_modified: text(headers, "last-modified") }
}

/// Reads a date of RFC 9110, section 5.6.7, in its preferred form.
fn http_date(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc2822(text).ok().map(|date| date.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::transport::Pace;

    #[test]
    fn a_redirect_of_https_stays_https() {
        let (known, environment) = (Validators::default(), Environment::default());
        let limits = Limits { bytes: 1, deadline: STALL, connect: STALL, pace: Pace::LOWEST, attempts: 1 };
        let location = "https://feeds.example.org/x";
        let request =
            FetchRequest { location, pinned: true, limits, known: &known, environment: &environment };
        let agent = agent(&request).expect("settings are whole");
        assert!(agent.config().https_only());
        assert_eq!(agent.config().max_redirects(), REDIRECTS);
        assert_eq!(reason(&ureq::Error::RequireHttpsOnly(String::new())), "redirected from https to http");
    }

    #[test]
    fn no_proxy_is_read_as_curl_reads_it() {
        assert!(is_exempt("a.example.org", ".example.org") && is_exempt("example.org", "example.org"));
        assert!(is_exempt("x", "*") && !is_exempt("notexample.org", "example.org") && !is_exempt("x", ""));
    }
}
