//! What is wrong with a value, in the words of who wrote it: what stands there, and what could.

use std::ops::Range;

use serde::de::DeserializeOwned;

/// Longest piece of a file that is shown.
const SHOWN: usize = 40;

/// What toml says where one of several words is wanted and something else than a text stands there.
const NO_WORD: &str = "wanted string or table";

/// Says what is wrong. `key` is where it stands.
pub(super) fn reason<T: DeserializeOwned>(error: &toml::de::Error, (text, key): (&str, &str)) -> String {
    let message = error.message().trim().replace('\n', ", ");
    let span = error.span().unwrap_or(0..0);
    let value = shown(text, &span);
    if message == NO_WORD {
        // The words that there are stand in the answer to one that there is not.
        let asked = text.get(..span.start).zip(text.get(span.end..));
        let asked = asked.map(|(before, behind)| toml::from_str::<T>(&format!("{before}\"?\"{behind}")));
        let answer = asked.and_then(Result::err).map(|error| error.message().to_owned());
        let words = answer.as_deref().and_then(|answer| quoted(answer.strip_prefix("unknown variant `?`")?));
        return words
            .map_or_else(|| format!("{value} is no text in quotes"), |words| none_of(&value, &words));
    }
    let reworded = message
        .strip_prefix("unknown variant ")
        .and_then(|rest| Some(none_of(&value, &quoted(rest.split_once("expected ")?.1)?)))
        .or_else(|| mistyped(&message, (&value, key)))
        .or_else(|| misspelled(&message));
    reworded.unwrap_or(message)
}

/// The first line of what stands at a place, cut where it is long.
fn shown(text: &str, span: &Range<usize>) -> String {
    let line = text.get(span.clone()).unwrap_or_default().lines().next().unwrap_or_default().trim();
    let cut: String = line.chars().take(SHOWN).collect();
    if cut.len() < line.len() { format!("{cut}...") } else { cut }
}

fn none_of(value: &str, words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    format!("{value} is none of the words {}", words.join(", "))
}

/// The words between backticks.
fn quoted(text: &str) -> Option<Vec<&str>> {
    let words: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
    (!words.is_empty()).then_some(words)
}

/// `invalid type: integer `3`, expected a string`, in which serde also names types of this program.
fn mistyped(message: &str, (value, key): (&str, &str)) -> Option<String> {
    let (is_number, rest) = match message.strip_prefix("invalid type: ") {
        Some(rest) => (false, rest),
        None => (true, message.strip_prefix("invalid value: integer ")?),
    };
    let (found, expected) = rest.rsplit_once(", expected ")?;
    let wanted = match expected {
        "a boolean" => "true or false",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number",
        _ if expected.contains("string") => "a text in quotes",
        _ if expected.starts_with("a sequence") => "a list in square brackets",
        _ if expected.starts_with("struct ") || expected.contains("map") => "a table",
        other => other,
    };
    if wanted.starts_with("a list") && found == "map" {
        return Some(format!("a table stands where several can: its head is to be [[{key}]]"));
    }
    let wrong = if is_number { "is too small or too large for" } else { "is not" };
    Some(format!("{value} {wrong} {wanted}"))
}

/// `unknown field `removal`, expected one of ...`: a long list helps nobody who only mistyped.
fn misspelled(message: &str) -> Option<String> {
    let (field, known) = message.strip_prefix("unknown field `")?.split_once("`, expected ")?;
    let known = quoted(known)?;
    let begun = known.iter().find(|name| name.starts_with(field) || field.starts_with(**name));
    let close = || known.iter().map(|name| (distance(field, name), name)).min().filter(|(far, _)| *far <= 2);
    let meant = begun.or_else(|| close().map(|(_, name)| name))?;
    Some(format!("unknown field `{field}`, did you mean `{meant}`?"))
}

/// How many letters have to be changed, added or left out to make one word the other (Levenshtein, 1965).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut corner = i;
        row[0] = i + 1;
        for (j, other) in b.iter().enumerate() {
            let replaced = corner + usize::from(letter != *other);
            corner = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::fragment::Fragment;

    #[test]
    fn a_value_of_another_type_is_told_with_what_could_stand_there() {
        for (text, told) in [
            (
                "minimum_severity = 3",
                "line 2, column 20, key policy.minimum_severity: 3 is none of the words \"negligible\", \"low\", \
                 \"unknown\", \"medium\", \"high\", \"critical\"",
            ),
            ("minimum_severity = [\"low\"]", "[\"low\"] is none of the words \"negligible\""),
            ("minimum_severity = \"grave\"", "\"grave\" is none of the words \"negligible\""),
            ("removals = true", "key policy.removals: true is none of the words \"allow\", \"refuse\""),
            ("require_rehearsal = \"yes\"", "key policy.require_rehearsal: \"yes\" is not true or false"),
            ("jitter = 5", "key policy.jitter: 5 is not a text in quotes"),
            ("origins = \"x\"", "key policy.origins: \"x\" is not a list in square brackets"),
            ("rings = [5]", "key policy.rings: 5 is not a text in quotes"),
            ("due = \"3d\"", "key policy.due: \"3d\" is not a table"),
            ("due = { critical = 3 }", "3 is not a text in quotes"),
            ("window = 3", "3 is not a list in square brackets"),
            ("[policy.window]\ndays = [\"Sat\"]", "its head is to be [[policy.window]]"),
            (
                "[[policy.window]]\ndays = \"Sat\"\nstart = \"02:00\"\nduration = \"4h\"",
                "line 3, column 8, key policy.window.days: \"Sat\" is not a list in square brackets",
            ),
            (
                "[[policy.window]]\ndays = [\"Sat\"]\nstart = 2\nduration = \"4h\"",
                "key policy.window.start: 2 is not a text in quotes",
            ),
            (
                "[[policy.freeze]]\nfrom = 2026-12-20\nto = \"2027-01-04\"\nreason = \"x\"",
                "key policy.freeze.from: 2026-12-20 is not a text in quotes",
            ),
            ("removal = \"allow\"", "unknown field `removal`, did you mean `removals`?"),
            (
                "require_rehersal = true",
                "unknown field `require_rehersal`, did you mean `require_rehearsal`?",
            ),
            ("nonsense = 1", "unknown field `nonsense`, expected one of `minimum_severity`"),
        ] {
            let error = Fragment::parse(Path::new("x.toml"), format!("[policy]\n{text}\n").as_bytes());
            let error = error.expect_err(text).to_string();
            assert!(error.starts_with("x.toml, line ") && error.contains(told), "{error}\nlacks {told}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_document_panics(text in "(\\[|\\]|policy|window|removals|=|3|\"|\n| |\\{|\\}|,|\\PC){0,40}") {
            let _ = Fragment::parse(Path::new("x.toml"), text.as_bytes());
        }
    }
}
