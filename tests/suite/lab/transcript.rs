//! Answers for outputs that can be compared between runs: paths, times, durations, digests and ids get a fixed word.

use super::debian::DebianRoot;
use super::namespace::Ran;

/// A run is named by four digits or more; "run 3 times" is not one.
const RUN_DIGITS: usize = 4;

/// Returns exit code, stdout and stderr of a run with everything that varies replaced.
pub fn of(root: &DebianRoot, ran: &Ran) -> String {
    let text = format!("$ {}\n{}--- stderr\n{}--- exit {}\n", ran.command, ran.stdout, ran.stderr, ran.code);
    normalise(&text.replace(
        root.path("/").to_str().expect("a path of the laboratory is text").trim_end_matches('/'),
        "[ROOT]",
    ))
}

/// Replaces times, durations, digests, process ids and run numbers; leaves every other character.
pub fn normalise(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    let mut previous = None::<char>;
    while let Some(next) = rest.chars().next() {
        let at_word = !previous.is_some_and(|c| c.is_alphanumeric() || c == '.' || c == '-');
        let found = if at_word { replacement(rest) } else { None };
        let taken = found.map_or(next.len_utf8(), |(length, _)| length);
        result.push_str(found.map_or(&rest[..taken], |(_, word)| word));
        previous = rest[..taken].chars().last();
        rest = &rest[taken..];
    }
    result
}

/// Returns the length of what varies at the start of `text` and the word that stands for it.
fn replacement(text: &str) -> Option<(usize, &'static str)> {
    time(text)
        .map(|length| (length, "[TIME]"))
        .or_else(|| digest(text).map(|length| (length, "[DIGEST]")))
        .or_else(|| numbered(text, "pid ", 1).map(|length| (length, "[PID]")))
        .or_else(|| numbered(text, "runs/", RUN_DIGITS).map(|length| (length, "[RUN]")))
        .or_else(|| numbered(text, "run ", RUN_DIGITS).map(|length| (length, "[RUN]")))
        .or_else(|| duration(text).map(|length| (length, "[DURATION]")))
}

/// RFC 3339: `2026-01-31T12:00:00Z`, with fraction or offset, a blank allowed for the `T`, seconds optional.
fn time(text: &str) -> Option<usize> {
    let date = shaped(text, "dddd-dd-dd")?;
    let mut length = date;
    let rest = &text[length..];
    let clock = rest
        .strip_prefix(['T', ' '])
        .and_then(|rest| shaped(rest, "dd:dd:dd").or_else(|| shaped(rest, "dd:dd")));
    let Some(clock) = clock else { return ends_word(&text[length..]).then_some(length) };
    length += 1 + clock;
    if let Some(fraction) = text[length..].strip_prefix('.') {
        length += 1 + digits(fraction);
    }
    let zone = ["Z", " UTC"].into_iter().find(|zone| text[length..].starts_with(zone)).map(str::len);
    let offset =
        text[length..].strip_prefix(['+', '-']).and_then(|rest| shaped(rest, "dd:dd")).map(|found| found + 1);
    Some(length + zone.or(offset).unwrap_or(0))
}

/// 64 hexadecimal digits, with or without the name of the function before them.
fn digest(text: &str) -> Option<usize> {
    let prefix = if text.starts_with("sha256:") { 7 } else { 0 };
    let length = text[prefix..].bytes().take_while(u8::is_ascii_hexdigit).count();
    (length == 64).then_some(prefix + length)
}

/// `1.2 s`, `350ms`, `4 min`.
fn duration(text: &str) -> Option<usize> {
    let mut length = digits(text);
    if length == 0 {
        return None;
    }
    if let Some(fraction) = text[length..].strip_prefix('.') {
        length += 1 + digits(fraction);
    }
    length += usize::from(text[length..].starts_with(' '));
    let unit = ["seconds", "second", "minutes", "minute", "min", "ms", "µs", "s"].into_iter();
    unit.filter_map(|unit| text[length..].strip_prefix(unit).map(|rest| (unit, rest)))
        .find(|(_, rest)| ends_word(rest))
        .map(|(unit, _)| length + unit.len())
}

fn numbered(text: &str, word: &str, least_digits: usize) -> Option<usize> {
    let count = digits(text.strip_prefix(word)?);
    (count >= least_digits).then_some(word.len() + count)
}

/// Returns the length of `shape` if `text` starts like it; `d` stands for a digit.
fn shaped(text: &str, shape: &str) -> Option<usize> {
    let bytes = text.as_bytes().get(..shape.len())?;
    let fits =
        |(byte, wanted): (&u8, u8)| if wanted == b'd' { byte.is_ascii_digit() } else { *byte == wanted };
    bytes.iter().zip(shape.bytes()).all(fits).then_some(shape.len())
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

fn ends_word(rest: &str) -> bool {
    !rest.starts_with(|c: char| c.is_alphanumeric() || c == '-')
}
