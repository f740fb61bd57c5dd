//! Patterns of names as administrators write them: `*` stands for any text.

/// Tells whether a pattern names a text as a whole.
pub fn matches(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(head) else { return false };
    let mut pieces: Vec<&str> = rest.split('*').collect();
    let Some(tail) = pieces.pop() else { return true };
    for piece in pieces {
        let Some(at) = text.find(piece) else { return false };
        text = &text[at + piece.len()..];
    }
    text.ends_with(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_with_any_number_of_stars() {
        assert!(matches("a*b*c", "a-x-b-y-c") && matches("*", "") && matches("*swan*", "strongswan.service"));
        assert!(!matches("a*b", "a-c") && !matches("ab", "abc") && !matches("a*ba", "aba-"));
    }
}
