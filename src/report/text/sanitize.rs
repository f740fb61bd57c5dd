//! Makes foreign text harmless for a terminal: what could move the cursor, hide or reorder text is shown as `\u{…}`.

use std::borrow::Cow;
use std::fmt::Write;

/// Which characters a terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repertoire {
    /// Everything that is visible.
    Unicode,
    /// ASCII alone; anything else is escaped too.
    Ascii,
}

/// Returns `text` with every character escaped that is not plainly visible.
///
/// Escaped are control characters (C0, DEL, C1: cursor movement, colours, title changes), bidirectional controls
/// and zero-width characters (Unicode UTS 39: confusables and hidden text), line and paragraph separators, and
/// tags. A tab or newline is a control character like any other: layout is patchctl's own.
pub fn clean(text: &str, repertoire: Repertoire) -> Cow<'_, str> {
    if text.chars().all(|c| is_visible(c, repertoire)) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_visible(c, repertoire) {
            shown.push(c);
        } else {
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
        }
    }
    Cow::Owned(shown)
}

/// Tells whether a character is plainly visible.
pub fn is_visible(c: char, repertoire: Repertoire) -> bool {
    match repertoire {
        Repertoire::Ascii => c == ' ' || c.is_ascii_graphic(),
        Repertoire::Unicode => !c.is_control() && !is_hidden(c),
    }
}

/// Characters that show nothing or change the order of what is shown, and the two that no text has.
fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn visible_text_is_left_alone() {
        for text in ["curl 7.88.1-10+deb12u15", "Müller · 東京 → ✓"] {
            assert!(matches!(clean(text, Repertoire::Unicode), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn terminal_commands_are_shown_not_obeyed() {
        let hostile = "a\u{1b}[2J\u{9b}31m\u{7}\r\n\u{202e}b\u{200b}\u{2066}\u{e0041}";
        let shown = clean(hostile, Repertoire::Unicode);
        assert_eq!(shown, "a\\u{1b}[2J\\u{9b}31m\\u{7}\\u{d}\\u{a}\\u{202e}b\\u{200b}\\u{2066}\\u{e0041}");
        assert_eq!(clean("é", Repertoire::Ascii), "\\u{e9}");
    }
}
