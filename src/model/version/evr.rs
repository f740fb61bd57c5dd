//! The parts that rpm's and pacman's versions share, and runs of digits and letters, which every order compares.
//!
//! `[epoch:]version[-release]`: a run of digits before the first colon is the epoch; the last hyphen begins the release
//! (rpm `parseEVR` in `rpmio/rpmver.c`; pacman `parseEVR` in `lib/libalpm/version.c`).

use std::cmp::Ordering;

/// A version cut into its parts.
pub(super) struct Evr<'a> {
    /// The digits of the epoch; empty where none is written, which counts as 0.
    pub(super) epoch: &'a [u8],
    /// The version.
    pub(super) version: &'a [u8],
    /// What follows the last hyphen; `None` without a hyphen.
    pub(super) release: Option<&'a [u8]>,
}

impl<'a> Evr<'a> {
    /// Cuts any text: what is no epoch belongs to the version.
    pub(super) fn split(text: &'a [u8]) -> Self {
        let (digits, rest) = take_digits(text);
        let (epoch, rest) = match rest.split_first() {
            Some((b':', rest)) => (digits, rest),
            _ => (&text[..0], text),
        };
        match memchr::memrchr(b'-', rest) {
            Some(hyphen) => Self { epoch, version: &rest[..hyphen], release: Some(&rest[hyphen + 1..]) },
            None => Self { epoch, version: rest, release: None },
        }
    }
}

/// Splits after the leading digits.
pub(super) fn take_digits(text: &[u8]) -> (&[u8], &[u8]) {
    take_while(text, |b| b.is_ascii_digit())
}

/// Splits after the leading letters.
pub(super) fn take_letters(text: &[u8]) -> (&[u8], &[u8]) {
    take_while(text, |b| b.is_ascii_alphabetic())
}

/// Splits before the first byte that `belongs` refuses.
pub(super) fn take_while(text: &[u8], belongs: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    text.split_at(text.iter().position(|b| !belongs(*b)).unwrap_or(text.len()))
}

/// Compares two runs of digits of any length as numbers; an empty run is 0.
pub(super) fn compare_digits(left: &[u8], right: &[u8]) -> Ordering {
    let (_, left) = take_while(left, |b| b == b'0');
    let (_, right) = take_while(right, |b| b == b'0');
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}
