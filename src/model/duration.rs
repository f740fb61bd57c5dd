//! Spans of time as people write them: `45s`, `30m`, `6h`, `7d`.

use std::time::Duration;

/// Ten years: more than any limit or age here can sensibly be.
const LONGEST: Duration = Duration::from_secs(3650 * 86_400);

/// The units, with their seconds.
const UNITS: &[(char, u64)] = &[('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// A text that is not a span of time.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// Not a whole number with a unit.
    #[error("not a span of time: {text:?} (write a whole number and s, m, h or d, such as 30m)")]
    Malformed {
        /// The text as it was given.
        text: String,
    },
    /// Zero.
    #[error("a span of time must be longer than zero: {text:?}")]
    Zero {
        /// The text as it was given.
        text: String,
    },
    /// Longer than ten years.
    #[error("a span of time must be at most ten years: {text:?}")]
    TooLong {
        /// The text as it was given.
        text: String,
    },
}

/// Reads a span such as `30m`.
///
/// # Errors
/// It is malformed, zero, or longer than ten years.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let shown = || text.chars().take(40).collect::<String>();
    let malformed = || DurationError::Malformed { text: shown() };
    let (unit, seconds) = UNITS.iter().find(|(unit, _)| text.ends_with(*unit)).ok_or_else(malformed)?;
    let number = text.trim_end_matches(*unit);
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number || number.len() + 1 != text.len() {
        return Err(malformed());
    }
    let span = number.parse::<u64>().ok().and_then(|count| count.checked_mul(*seconds));
    match span.map(Duration::from_secs) {
        Some(Duration::ZERO) => Err(DurationError::Zero { text: shown() }),
        Some(span) if span <= LONGEST => Ok(span),
        _ => Err(DurationError::TooLong { text: shown() }),
    }
}

/// Writes a span the way [`parse`] reads it, in the largest unit that divides it; fractions of a second are dropped.
pub fn write(span: Duration) -> String {
    let whole = span.as_secs();
    let (unit, seconds) = UNITS
        .iter()
        .find(|(_, seconds)| whole >= *seconds && whole.is_multiple_of(*seconds))
        .unwrap_or(&('s', 1));
    format!("{}{unit}", whole / seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_survive_the_way_through_text() {
        for (text, seconds) in [("45s", 45), ("30m", 1_800), ("6h", 21_600), ("7d", 604_800)] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)));
            assert_eq!(write(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in
            ["", "h", "6", "6 h", "-1h", "+6h", "1.5h", "6hh", "6w", "é", "h6", "99999999999999999999d"]
        {
            assert!(parse(text).is_err(), "{text:?}");
        }
        assert!(matches!(parse("0m"), Err(DurationError::Zero { .. })));
        assert!(matches!(parse("4000d"), Err(DurationError::TooLong { .. })));
    }
}
