//! apk's version order (`src/version.c` and `test/unit/version.data` of apk-tools 3).
//!
//! `digits{.digits}{letter}{_suffix{digits}}{~hash}{-rdigits}`. A text outside this grammar has no order: apk itself
//! falls back to the order of texts there, which says nothing about age.

use std::cmp::Ordering;

use super::evr::{compare_digits, take_digits, take_while};

/// Orders two versions; `None` where one of them is no version.
pub fn compare(left: &str, right: &str) -> Option<Ordering> {
    compare_tokens(left, right, Depth::Whole)
}

/// Tells whether a version satisfies `~wanted` of apk's world file: the parts that `wanted` has are equal.
pub fn is_within(version: &str, wanted: &str) -> bool {
    compare_within(version, wanted) == Some(Ordering::Equal)
}

/// Orders a version against a wanted one, equal where the parts that `wanted` has are; `None` where one is no version
/// that far (apk does not look at what follows either).
pub fn compare_within(version: &str, wanted: &str) -> Option<Ordering> {
    compare_tokens(version, wanted, Depth::AsFarAsRight)
}

/// Tells whether the text keeps apk's grammar.
pub fn is_valid(version: &str) -> bool {
    Tokens::of(version).end_well()
}

/// How much of two versions is compared.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    Whole,
    AsFarAsRight,
}

fn compare_tokens(left: &str, right: &str, depth: Depth) -> Option<Ordering> {
    let (mut left, mut right) = (Tokens::of(left), Tokens::of(right));
    loop {
        let (a, b) = (left.next()?, right.next()?);
        let order = match a.place().cmp(&b.place()) {
            Ordering::Equal if a.kind == Kind::End => return Some(Ordering::Equal),
            Ordering::Equal => a.compare_value(&b),
            _ if depth == Depth::AsFarAsRight && b.kind == Kind::End => Ordering::Equal,
            order => order,
        };
        let is_decided = order != Ordering::Equal || a.kind != b.kind;
        if is_decided {
            // What follows must still be valid: a broken version has no order at all.
            let is_sound = depth == Depth::AsFarAsRight || (left.end_well() && right.end_well());
            return is_sound.then_some(order);
        }
    }
}

/// What a part of a version is, in the order of the grammar: each may only follow an earlier one, but for digits,
/// which repeat, and suffixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    FirstDigits,
    Digits,
    Letter,
    Suffix,
    SuffixDigits,
    Hash,
    Revision,
    End,
}

/// One part of a version.
#[derive(Clone, Copy)]
struct Token<'a> {
    kind: Kind,
    text: &'a [u8],
    /// Which suffix it is, as a position in [`SUFFIXES`].
    suffix: usize,
}

/// The suffixes in their order; those before [`FIRST_AFTER`] come before the version without any.
const SUFFIXES: [&[u8]; 9] = [b"alpha", b"beta", b"pre", b"rc", b"cvs", b"svn", b"git", b"hg", b"p"];
const FIRST_AFTER: usize = 4;

impl Token<'_> {
    /// Where versions differ in kind, the one that ends is older, unless the other goes on with a pre-release; a part
    /// that stands earlier in the grammar is newer.
    fn place(&self) -> u8 {
        match self.kind {
            Kind::Suffix if self.suffix < FIRST_AFTER => 0,
            Kind::End => 1,
            Kind::Revision => 2,
            Kind::Hash => 3,
            Kind::SuffixDigits => 4,
            Kind::Suffix => 5,
            Kind::Letter => 6,
            Kind::Digits | Kind::FirstDigits => 7,
        }
    }

    fn compare_value(&self, other: &Self) -> Ordering {
        let has_zero = |token: &Self| token.text.first() == Some(&b'0');
        match self.kind {
            // A number with a leading zero is read as a fraction.
            Kind::Digits if has_zero(self) || has_zero(other) => self.text.cmp(other.text),
            Kind::FirstDigits | Kind::Digits | Kind::SuffixDigits | Kind::Revision => {
                compare_digits(self.text, other.text)
            }
            Kind::Suffix => self.suffix.cmp(&other.suffix),
            Kind::Letter | Kind::Hash | Kind::End => self.text.cmp(other.text),
        }
    }
}

/// The parts of a version, one after the other.
struct Tokens<'a> {
    rest: &'a [u8],
    last: Option<Kind>,
}

impl<'a> Tokens<'a> {
    fn of(version: &'a str) -> Self {
        Self { rest: version.as_bytes(), last: None }
    }

    /// Returns the next part, the end again and again once it is reached; `None` where the grammar is broken.
    fn next(&mut self) -> Option<Token<'a>> {
        let token = match (self.last, self.rest.split_first()) {
            (None, _) => self.digits(Kind::FirstDigits, self.rest)?,
            (Some(_), None) => Token { kind: Kind::End, text: self.rest, suffix: 0 },
            (Some(last), Some((first, rest))) => self.following(last, *first, rest)?,
        };
        self.last = Some(token.kind);
        Some(token)
    }

    fn following(&mut self, last: Kind, first: u8, rest: &'a [u8]) -> Option<Token<'a>> {
        match first {
            b'a'..=b'z' if last <= Kind::Digits => {
                let (text, rest) = self.rest.split_at(1);
                self.rest = rest;
                Some(Token { kind: Kind::Letter, text, suffix: 0 })
            }
            b'.' if last <= Kind::Digits => self.digits(Kind::Digits, rest),
            b'0'..=b'9' if last == Kind::Suffix => self.digits(Kind::SuffixDigits, self.rest),
            b'_' if last <= Kind::SuffixDigits => {
                let (text, rest) = take_while(rest, |b| b.is_ascii_lowercase());
                self.rest = rest;
                let suffix = SUFFIXES.iter().position(|known| *known == text)?;
                Some(Token { kind: Kind::Suffix, text, suffix })
            }
            b'~' if last < Kind::Hash => {
                let (text, rest) = take_while(rest, |b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
                self.rest = rest;
                (!text.is_empty()).then_some(Token { kind: Kind::Hash, text, suffix: 0 })
            }
            b'-' if last < Kind::Revision => self.digits(Kind::Revision, rest.strip_prefix(b"r")?),
            _ => None,
        }
    }

    fn digits(&mut self, kind: Kind, from: &'a [u8]) -> Option<Token<'a>> {
        let (text, rest) = take_digits(from);
        self.rest = rest;
        (!text.is_empty()).then_some(Token { kind, text, suffix: 0 })
    }

    /// Tells whether everything that is left keeps the grammar.
    fn end_well(mut self) -> bool {
        loop {
            match self.next() {
                None => return false,
                Some(token) if token.kind == Kind::End => return true,
                Some(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pre_releases_are_older_and_the_rest_newer() {
        let ascending = [
            "1.0_alpha1-r0",
            "1.0_rc1-r3",
            "1.0",
            "1.0-r0",
            "1.0_git20240101",
            "1.0_p1",
            "1.0a",
            "1.0.1",
            "1.1",
        ];
        for pair in ascending.windows(2) {
            assert_eq!(compare(pair[0], pair[1]), Some(Ordering::Less), "{pair:?}");
            assert_eq!(compare(pair[1], pair[0]), Some(Ordering::Greater), "{pair:?}");
        }
    }

    #[test]
    fn broken_version_has_no_order_wherever_it_breaks() {
        for broken in ["", "1.6rc1-r0", "1.0-r", "x", "2.0-r0 ", "9.9.9_foo"] {
            assert_eq!(compare(broken, "1.0-r0"), None, "{broken}");
            assert_eq!(compare("1.0-r0", broken), None, "{broken}");
            assert!(!is_valid(broken), "{broken}");
        }
    }
}
