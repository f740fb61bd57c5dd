//! dpkg's version order, byte by byte and without allocation (deb-version(7); `lib/dpkg/version.c` is the authority).

use std::cmp::Ordering;

use super::evr::{compare_digits, take_digits};

/// Orders two Debian versions: epoch, then upstream version, then Debian revision.
///
/// Works on any text: where the grammar is broken the order is still total and never panics.
pub fn compare(left: &str, right: &str) -> Ordering {
    let (left_epoch, left_upstream, left_revision) = split(left.as_bytes());
    let (right_epoch, right_upstream, right_revision) = split(right.as_bytes());
    compare_digits(left_epoch, right_epoch)
        .then_with(|| compare_part(left_upstream, right_upstream))
        .then_with(|| compare_part(left_revision, right_revision))
}

/// Returns the version without the `+bN` suffix that a binary-only rebuild adds (Debian Policy 5.6.12, DEP-less
/// archive practice). Only a fallback: dpkg records the source version of every such rebuild in `Source:`.
pub fn without_binary_rebuild(version: &str) -> &str {
    match version.rsplit_once("+b") {
        Some((source, digits)) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => source,
        _ => version,
    }
}

/// Checks the grammar that dpkg enforces on versions it records.
pub(super) fn check(version: &str) -> Result<(), &'static str> {
    if version.is_empty() {
        return Err("it is empty");
    }
    let rest = match version.split_once(':') {
        None => version,
        Some((epoch, rest)) => {
            if epoch.is_empty() || epoch.parse::<u32>().is_err() || epoch.starts_with('+') {
                return Err("the epoch is not a number");
            }
            rest
        }
    };
    if rest.is_empty() {
        return Err("nothing follows the epoch");
    }
    let allowed = |b: u8| ALLOWED[usize::from(b)];
    if rest.bytes().all(allowed) { Ok(()) } else { Err("it has a character that versions cannot have") }
}

/// The characters of a version behind its epoch, as a table: hosts have tens of thousands of versions to check.
const ALLOWED: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0u8;
    while byte < 128 {
        table[byte as usize] =
            byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'-' | b'~' | b':' | b'_');
        byte += 1;
    }
    table
};

/// Splits into epoch digits, upstream version and revision; the parts that are missing are empty.
fn split(version: &[u8]) -> (&[u8], &[u8], &[u8]) {
    let (epoch, rest) = match memchr::memchr(b':', version) {
        Some(colon) => (&version[..colon], &version[colon + 1..]),
        None => (&version[..0], version),
    };
    match memchr::memrchr(b'-', rest) {
        Some(hyphen) => (epoch, &rest[..hyphen], &rest[hyphen + 1..]),
        None => (epoch, rest, &rest[..0]),
    }
}

/// Compares one part: runs of non-digits by character weight, runs of digits by number, in turn.
///
/// What both begin with is passed over, up to the number in which they differ: versions that meet are mostly alike.
fn compare_part(left: &[u8], right: &[u8]) -> Ordering {
    let alike = left.iter().zip(right).take_while(|(a, b)| a == b).count();
    let digits = left[..alike].iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let (mut left, mut right) = (&left[alike - digits..], &right[alike - digits..]);
    while !left.is_empty() || !right.is_empty() {
        while starts_with_text(left) || starts_with_text(right) {
            let order = weight(left).cmp(&weight(right));
            if order != Ordering::Equal {
                return order;
            }
            left = left.get(1..).unwrap_or_default();
            right = right.get(1..).unwrap_or_default();
        }
        let (left_digits, left_rest) = take_digits(left);
        let (right_digits, right_rest) = take_digits(right);
        let order = compare_digits(left_digits, right_digits);
        if order != Ordering::Equal {
            return order;
        }
        left = left_rest;
        right = right_rest;
    }
    Ordering::Equal
}

fn starts_with_text(part: &[u8]) -> bool {
    part.first().is_some_and(|b| !b.is_ascii_digit())
}

/// A tilde sorts before the end of the part, letters before everything else (deb-version(7)).
fn weight(part: &[u8]) -> i32 {
    match part.first() {
        None => 0,
        Some(b'~') => -1,
        Some(b) if b.is_ascii_digit() => 0,
        Some(b) if b.is_ascii_alphabetic() => i32::from(*b),
        Some(b) => i32::from(*b) + 256,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_as_dpkg_does() {
        let ascending = [
            "1.0~rc1-1",
            "1.0~rc1-1+b1",
            "1.0-1",
            "1.0-1+b2",
            "1.0-1+deb12u1",
            "1.0-1.1",
            "1.0a-1",
            "1.0+dfsg-1",
            "1.0.1-1",
            "1.2-1",
            "1.10-1",
            "1:0.9",
            "2:0",
        ];
        for pair in ascending.windows(2) {
            assert_eq!(compare(pair[0], pair[1]), Ordering::Less, "{pair:?}");
            assert_eq!(compare(pair[1], pair[0]), Ordering::Greater, "{pair:?}");
        }
    }

    #[test]
    fn missing_epoch_is_zero_and_missing_revision_is_empty() {
        assert_eq!(compare("0:1.0", "1.0"), Ordering::Equal);
        assert_eq!(compare("1.0-0", "1.0"), Ordering::Equal);
        assert_eq!(compare("1.000", "1.0"), Ordering::Equal);
    }

    #[test]
    fn only_a_binary_rebuild_suffix_is_cut() {
        assert_eq!(without_binary_rebuild("1.0-1+b2"), "1.0-1");
        for kept in ["1.0-1+deb12u1", "1.0-1+nmu1", "1.0-1+b", "1.0-1+build2", "1.0+bz2-1"] {
            assert_eq!(without_binary_rebuild(kept), kept);
        }
    }

    #[test]
    fn the_grammar_is_checked() {
        for good in ["1", "1:2-3", "0.9.8~rc1+dfsg-1~bpo12+1", "2024a-0+deb12u1"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in ["", ":1", "a:1", "1:", "1 2", "1\u{1b}[31m", "1_é"] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
