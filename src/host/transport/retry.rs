//! Trying again what may pass: a server that is busy, a connection that broke.

use std::thread;
use std::time::{Duration, Instant};

use super::{FetchRequest, TransportError};

/// The pause before the second try; each later one is twice as long (no source; a refresh runs minutes at most).
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest that a server is obeyed that asks to be left alone.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Tries until it succeeds, fails for good, or the tries or the time are used up.
pub(super) fn persist<T>(
    request: FetchRequest<'_>,
    mut attempt: impl FnMut(FetchRequest<'_>) -> Result<T, TransportError>,
) -> Result<T, TransportError> {
    let began = Instant::now();
    let mut request = request;
    let (deadline, mut pause) = (request.limits.deadline, FIRST_PAUSE);
    for _ in 1..request.limits.attempts {
        let error = match attempt(request) {
            Err(error) if may_pass(&error) => error,
            ended => return ended,
        };
        let wait = asked_pause(&error).unwrap_or(pause);
        let left = deadline.saturating_sub(began.elapsed());
        if wait >= left {
            return Err(error);
        }
        thread::sleep(wait);
        request.limits.deadline = deadline.saturating_sub(began.elapsed());
        pause *= 2;
    }
    attempt(request)
}

/// Statuses that tell of a passing state (RFC 9110, section 15.6; 408 and 416: the same request anew is another one;
/// 429: RFC 6585, section 4), and exchanges that broke.
fn may_pass(error: &TransportError) -> bool {
    use ureq::Error;
    match error {
        TransportError::Status { status, .. } => matches!(status, 408 | 416 | 429 | 500 | 502 | 503 | 504),
        TransportError::Drips { .. } => true,
        TransportError::Exchange { source, .. } => matches!(
            **source,
            Error::Io(_)
                | Error::Timeout(_)
                | Error::ConnectionFailed
                | Error::BodyStalled
                | Error::ConnectProxyFailed(_)
        ),
        _ => false,
    }
}

fn asked_pause(error: &TransportError) -> Option<Duration> {
    match error {
        TransportError::Status { retry_after: Some(seconds), .. } => {
            Some(Duration::from_secs(*seconds).min(LONGEST_PAUSE))
        }
        _ => None,
    }
}
