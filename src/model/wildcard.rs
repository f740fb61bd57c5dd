//! Shell patterns as dpkg and dnf use them: fnmatch(3) without flags, so `*` and `?` match `/` and a leading dot too.

/// Tells whether the whole of `text` matches `pattern`.
pub fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        if pattern.get(p) == Some(&b'*') {
            retry = Some((p, t));
            p += 1;
        } else if let Some(length) = match_one(&pattern[p.min(pattern.len())..], text[t]) {
            p += length;
            t += 1;
        } else if let Some((star, begun)) = retry {
            retry = Some((star, begun + 1));
            (p, t) = (star + 1, begun + 1);
        } else {
            return false;
        }
    }
    pattern[p.min(pattern.len())..].iter().all(|byte| *byte == b'*')
}

/// Matches one byte against the first element of `pattern` and returns how long that element is.
fn match_one(pattern: &[u8], byte: u8) -> Option<usize> {
    match pattern {
        [] => None,
        [b'?', ..] => Some(1),
        [b'\\', escaped, ..] => (*escaped == byte).then_some(2),
        [b'[', set @ ..] => match set_length(set) {
            Some(length) => in_set(&set[..length], byte).then_some(length + 2),
            None => (byte == b'[').then_some(1),
        },
        [plain, ..] => (*plain == byte).then_some(1),
    }
}

/// Returns how long the inside of a bracket expression is; `]` at its begin is a member.
fn set_length(set: &[u8]) -> Option<usize> {
    let skip = match set {
        [b'!' | b'^', b']', ..] => 2,
        [b'!' | b'^' | b']', ..] => 1,
        _ => 0,
    };
    set.iter().skip(skip).position(|byte| *byte == b']').map(|at| at + skip)
}

fn in_set(set: &[u8], byte: u8) -> bool {
    let (negated, mut rest) = match set {
        [b'!' | b'^', rest @ ..] => (true, rest),
        _ => (false, set),
    };
    let mut found = false;
    while let [first, after @ ..] = rest {
        rest = after;
        if let [b'-', last, after_range @ ..] = after {
            found |= (*first..=*last).contains(&byte);
            rest = after_range;
        } else {
            found |= *first == byte;
        }
    }
    found != negated
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_match_as_fnmatch_without_flags() {
        let table: &[(&str, &str, bool)] = &[
            ("/usr/share/doc/*", "/usr/share/doc/a/b", true),
            ("/usr/share/doc/*", "/usr/share/doc", false),
            ("/usr/share/locale/*/LC_MESSAGES/*.mo", "/usr/share/locale/de/LC_MESSAGES/x.mo", true),
            ("*.mo", "/a/.mo", true),
            ("/a?c", "/a/c", true),
            ("/[a-c]x", "/bx", true),
            ("/[!a-c]x", "/bx", false),
            ("/[]]x", "/]x", true),
            ("/\\*x", "/*x", true),
            ("/\\*x", "/ax", false),
            ("/[x", "/[x", true),
            ("", "", true),
            ("", "a", false),
            ("**", "", true),
            ("a*b*c", "a--b--c", true),
            ("a*b*c", "a--c--b", false),
        ];
        for (pattern, text, expected) in table {
            assert_eq!(matches(pattern.as_bytes(), text.as_bytes()), *expected, "{pattern} {text}");
        }
    }

    #[test]
    fn many_stars_end_soon() {
        assert!(!matches("*a".repeat(60).as_bytes(), "a".repeat(3000).replace('a', "b").as_bytes()));
    }
}
