//! pacman's version order (vercmp(8); `lib/libalpm/version.c` of pacman 6).
//!
//! No total order, and so nothing to sort by: a version without a `pkgrel` equals the same version with any, and
//! separators at the end of a part can make a circle (`a1` < `a.b` < `a.` < `a1`). Among versions as makepkg writes
//! them (with a `pkgrel`, ending in letters or digits) it is one.

use std::cmp::Ordering;

use super::evr::{Evr, compare_digits, take_digits, take_letters, take_while};

/// Orders two texts `[epoch:]version[-release]` as vercmp(8) does; releases count only where both have one.
///
/// Works on any text and never panics.
pub fn compare(left: &str, right: &str) -> Ordering {
    let (left, right) = (Evr::split(left.as_bytes()), Evr::split(right.as_bytes()));
    compare_digits(left.epoch, right.epoch).then_with(|| compare_part(left.version, right.version)).then_with(
        || match (left.release, right.release) {
            (Some(left), Some(right)) => compare_part(left, right),
            _ => Ordering::Equal,
        },
    )
}

fn compare_part(mut left: &[u8], mut right: &[u8]) -> Ordering {
    if left == right {
        return Ordering::Equal;
    }
    while !left.is_empty() && !right.is_empty() {
        let (left_gap, left_rest) = take_while(left, |b| !b.is_ascii_alphanumeric());
        let (right_gap, right_rest) = take_while(right, |b| !b.is_ascii_alphanumeric());
        (left, right) = (left_rest, right_rest);
        if left.is_empty() || right.is_empty() {
            break;
        }
        let order = left_gap.len().cmp(&right_gap.len()).then_with(|| compare_run(&mut left, &mut right));
        if order != Ordering::Equal {
            return order;
        }
    }
    compare_rests(left, right)
}

/// Compares the runs of one kind that both begin with, and leaves what follows them; digits are newer than letters.
fn compare_run(left: &mut &[u8], right: &mut &[u8]) -> Ordering {
    match (left[0].is_ascii_digit(), right[0].is_ascii_digit()) {
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (is_number, _) => {
            let take = if is_number { take_digits } else { take_letters };
            let ((left_run, left_rest), (right_run, right_rest)) = (take(left), take(right));
            (*left, *right) = (left_rest, right_rest);
            if is_number { compare_digits(left_run, right_run) } else { left_run.cmp(right_run) }
        }
    }
}

/// The longer one is newer, unless it goes on with letters (`1.0rc` is older than `1.0`).
fn compare_rests(left: &[u8], right: &[u8]) -> Ordering {
    let goes_on_with_letters = |part: &[u8]| part.first().is_some_and(u8::is_ascii_alphabetic);
    match (left.is_empty(), right.is_empty()) {
        (true, true) => Ordering::Equal,
        (true, false) if !goes_on_with_letters(right) => Ordering::Less,
        (true, false) => Ordering::Greater,
        (false, _) if goes_on_with_letters(left) => Ordering::Less,
        (false, _) => Ordering::Greater,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_directly_behind_are_older_and_separate_parts_newer() {
        let ascending = [
            "1.0a-1",
            "1.0alpha-1",
            "1.0b-1",
            "1.0beta-1",
            "1.0p-1",
            "1.0pre-1",
            "1.0rc-1",
            "1.0-1",
            "1.0.a-1",
            "1.0.1-1",
            "1:0.1-1",
        ];
        for pair in ascending.windows(2) {
            assert_eq!(compare(pair[0], pair[1]), Ordering::Less, "{pair:?}");
            assert_eq!(compare(pair[1], pair[0]), Ordering::Greater, "{pair:?}");
        }
    }

    #[test]
    fn version_without_release_equals_each_with_one() {
        assert_eq!(compare("1.0", "1.0-1"), Ordering::Equal);
        assert_eq!(compare("1.0", "1.0-2"), Ordering::Equal);
        assert_eq!(compare("1.0-1", "1.0-2"), Ordering::Less);
    }
}
