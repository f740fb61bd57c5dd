//! The tracker piece by piece: 65 MB that are not held pass through a buffer that stays in the processor's cache.
//!
//! A piece ends at a comma that looks as one between two source packages does, or as one between two bugs. What is open
//! there is closed in its place, and opened again where the next piece begins, so that each piece is an object of its own.
//! The parser proves the look: what stands before the comma becomes a whole object by `}` only if nothing but the outermost
//! object was open there, and by `}}` only within a source, which is the last one of the piece.

use std::io::Read;

use super::wire::LONGEST_NAME;

/// Bytes of a piece: many bugs, of which each has about a kilobyte. The kernel alone has 14 MB.
const PIECE: usize = 256 * 1024;
/// How a bug's name begins.
const BUGS: [&[u8]; 2] = [b"\"CVE-", b"\"TEMP-"];

/// A comma where a piece may end.
#[derive(Clone, Copy)]
enum Cut {
    /// Between two sources.
    Sources(usize),
    /// Between two bugs of a source.
    Bugs(usize),
}

/// Gives one piece after the other away, as long as they are taken, which is answered with the name of the last source in
/// it. `None` for content that cannot be read, cannot be taken apart or is not taken: what is wrong with it is found when
/// it is read whole.
pub(super) fn each(content: &mut dyn Read, take: &mut dyn FnMut(&[u8]) -> Option<String>) -> Option<()> {
    let (mut buffer, mut held) = (vec![0; PIECE], 0);
    loop {
        held += fill(content, &mut buffer[held..])?;
        if held < PIECE {
            return take(&buffer[..held]).map(drop);
        }
        held = match last_cut(&buffer)? {
            Cut::Sources(comma) => {
                buffer[comma] = b'}';
                take(&buffer[..=comma])?;
                buffer[comma] = b'{';
                buffer.copy_within(comma.., 0);
                PIECE - comma
            }
            Cut::Bugs(comma) => {
                let next = buffer[comma + 1];
                buffer[comma..comma + 2].fill(b'}');
                let opening = opening(&take(&buffer[..comma + 2])?)?;
                buffer[comma + 1] = next;
                buffer.copy_within(comma + 1.., opening.len());
                buffer[..opening.len()].copy_from_slice(opening.as_bytes());
                opening.len() + PIECE - (comma + 1)
            }
        };
    }
}

/// Reads until the buffer is full or the content over, and returns how much came.
fn fill(content: &mut dyn Read, buffer: &mut [u8]) -> Option<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match content.read(&mut buffer[filled..]).ok()? {
            0 => break,
            count => filled += count,
        }
    }
    Some(filled)
}

/// Returns the last place that looks as one between two bugs, or between two sources: a name that is followed by a bug.
fn last_cut(content: &[u8]) -> Option<Cut> {
    let commas = memchr::memrchr_iter(b',', content).filter(|comma| content[..*comma].ends_with(b"}"));
    commas.into_iter().find_map(|comma| {
        let after = content[comma + 1..].trim_ascii_start();
        if begins_with_bug(after) {
            return Some(Cut::Bugs(comma));
        }
        let value = value_after_name(after)?.strip_prefix(b"{")?;
        begins_with_bug(value).then_some(Cut::Sources(comma))
    })
}

fn begins_with_bug(content: &[u8]) -> bool {
    BUGS.iter().any(|beginning| content.trim_ascii_start().starts_with(beginning))
}

/// Returns what stands behind `"name": `.
fn value_after_name(content: &[u8]) -> Option<&[u8]> {
    let name = content.strip_prefix(b"\"")?.get(..LONGEST_NAME.min(content.len() - 1))?;
    let rest = &content[1 + memchr::memchr(b'"', name)? + 1..];
    Some(rest.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start())
}

/// Returns what opens a source; it is never longer than what opened it in the piece before.
fn opening(source: &str) -> Option<String> {
    let is_plain = !source.is_empty() && !source.contains(['"', '\\']);
    is_plain.then(|| format!(r#"{{"{source}":{{"#))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUG: &str = r#"{"description": "a}, \"b\": {\"CVE-", "releases": {"sid": {"status": "open"}}}"#;
    const OLD_BUG: &str = r#"{"releases": {"sid": {"status": "open"}}, "debianbug": 686263}"#;

    /// As many sources, each with two bugs.
    fn sources(count: usize) -> String {
        let last = |at| if at % 3 == 0 { BUG } else { OLD_BUG };
        let source = |at| format!(r#""source{at}": {{"CVE-2024-0001": {BUG}, "TEMP-1-A": {}}}"#, last(at));
        format!("{{{}}}", (0..count).map(source).collect::<Vec<_>>().join(", "))
    }

    fn pieces_of(content: &str) -> Option<Vec<serde_json::Value>> {
        let mut pieces: Vec<serde_json::Value> = Vec::new();
        each(&mut content.as_bytes(), &mut |piece| {
            pieces.push(serde_json::from_slice(piece).ok()?);
            pieces.last()?.as_object()?.keys().next_back().cloned()
        })?;
        Some(pieces)
    }

    #[test]
    fn pieces_are_objects_that_together_are_the_whole() {
        let bugs: Vec<_> = (1000..16_000).map(|at| format!(r#""CVE-2024-{at}": {BUG}"#)).collect();
        let (before, after) = (sources(9000), sources(12_000).replace("source", "t"));
        let before = &before[..before.len() - 1];
        let content = format!(r#"{before}, "sourcex": {{{}}}, {}"#, bugs.join(","), &after[1..]);
        let pieces = pieces_of(&content).expect("taken apart");
        assert!(pieces.len() > 20);
        let mut joined = serde_json::Map::new();
        let sources = pieces.iter().flat_map(|piece| piece.as_object().expect("an object"));
        for (source, bugs) in sources {
            let known = joined.entry(source).or_insert_with(|| serde_json::json!({}));
            let known = known.as_object_mut().expect("an object");
            bugs.as_object().expect("an object").iter().for_each(|(name, bug)| {
                assert!(known.insert(name.clone(), bug.clone()).is_none(), "{source}: {name} came twice");
            });
        }
        let whole: serde_json::Value = serde_json::from_str(&content).expect("an object");
        assert!(whole == serde_json::Value::Object(joined));
    }

    #[test]
    fn content_of_another_shape_is_not_taken_apart() {
        assert!(pieces_of(&"[1, 2], ".repeat(PIECE)).is_none());
        // In a text, what looks as an end of a source is none.
        let hidden = BUG
            .replace(r#"a}, \"b\": {\"CVE-"#, r#"a}, "#)
            .replace(r#", "releases"#, r#": {"CVE-": 0, "releases"#);
        assert!(pieces_of(&sources(20_000).replace(BUG, &hidden)).is_none());
    }

    #[test]
    fn a_name_that_would_open_something_else_is_not_opened_again() {
        assert_eq!(opening("linux").as_deref(), Some(r#"{"linux":{"#));
        assert_eq!((opening(r#"a":{"b"#), opening(""), opening("\\u0041")), (None, None, None));
    }
}
