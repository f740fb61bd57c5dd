//! Text for XML and HTML.

use std::fmt::Write;

use super::text::sanitize::{Repertoire, clean};

/// The longest foreign text that a page for people shows, in characters: an advisory's title has a line or two, and a
/// megabyte of one would bury the rest.
pub(super) const LONGEST: usize = 600;

/// Returns a text for element content and quoted attributes alike: markup is escaped, and what could hide or reorder text
/// is shown as `\u{…}`, so that no character is left that XML 1.0 forbids (section 2.2).
pub(super) fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len() + 8);
    for c in clean(text, Repertoire::Unicode).chars() {
        match c {
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '"' => shown.push_str("&quot;"),
            '\'' => shown.push_str("&#39;"),
            c => shown.push(c),
        }
    }
    shown
}

/// Returns at most [`LONGEST`] characters of a text, and says how many are left out.
pub(super) fn shortened(text: &str) -> std::borrow::Cow<'_, str> {
    let Some((end, _)) = text.char_indices().nth(LONGEST) else { return text.into() };
    let mut shown = text[..end].to_owned();
    let _ = write!(shown, "… ({} more characters)", text[end..].chars().count());
    shown.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_and_control_characters_are_shown() {
        assert_eq!(
            escaped("<script>'a' & \"b\"\u{1b}\u{202e}\u{fffe}\n"),
            "&lt;script&gt;&#39;a&#39; &amp; &quot;b&quot;\\u{1b}\\u{202e}\\u{fffe}\\u{a}"
        );
    }

    #[test]
    fn long_texts_are_cut_at_a_character() {
        assert_eq!(shortened(&"é".repeat(LONGEST)).chars().count(), LONGEST);
        assert!(shortened(&"é".repeat(LONGEST + 3)).ends_with("é… (3 more characters)"));
    }
}
