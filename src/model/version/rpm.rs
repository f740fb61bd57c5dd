//! rpm's version order (`rpmio/rpmver.c` and `rpmio/rpmvercmp.c` of rpm 4.18), and the texts that name whole packages.
//!
//! A missing epoch is 0. A tilde sorts before the end of a part, a caret after it and before anything else.

use std::cmp::Ordering;

use super::evr::{Evr, compare_digits, take_digits, take_letters, take_while};

/// Orders two texts `[epoch:]version[-release]`; a release that is not written is older than any that is.
///
/// Works on any text: the order is total and never panics.
pub fn compare(left: &str, right: &str) -> Ordering {
    let (left, right) = (Evr::split(left.as_bytes()), Evr::split(right.as_bytes()));
    compare_digits(left.epoch, right.epoch)
        .then_with(|| compare_part(left.version, right.version))
        .then_with(|| compare_release(left.release, right.release))
}

/// Orders two texts `version-release` or `version` without regard to epochs.
///
/// For what never carries one, such as the release of a kernel (`uname -r`).
pub fn compare_without_epoch(left: &str, right: &str) -> Ordering {
    let (left, right) = (Evr::split(left.as_bytes()), Evr::split(right.as_bytes()));
    compare_part(left.version, right.version).then_with(|| compare_release(left.release, right.release))
}

fn compare_release(left: Option<&[u8]>, right: Option<&[u8]>) -> Ordering {
    match (left, right) {
        (Some(left), Some(right)) => compare_part(left, right),
        (left, right) => left.is_some().cmp(&right.is_some()),
    }
}

/// Compares one part (a version or a release): runs of digits and runs of letters, whatever stands between them.
fn compare_part(mut left: &[u8], mut right: &[u8]) -> Ordering {
    loop {
        left = skip_separators(left);
        right = skip_separators(right);
        let (rank_left, rank_right) = (rank(left), rank(right));
        if rank_left != rank_right {
            return rank_left.cmp(&rank_right);
        }
        let order = match rank_left {
            Rank::End => return Ordering::Equal,
            Rank::Tilde | Rank::Caret => {
                (left, right) = (&left[1..], &right[1..]);
                continue;
            }
            Rank::Letters => {
                let ((left_run, left_rest), (right_run, right_rest)) =
                    (take_letters(left), take_letters(right));
                (left, right) = (left_rest, right_rest);
                left_run.cmp(right_run)
            }
            Rank::Digits => {
                let ((left_run, left_rest), (right_run, right_rest)) =
                    (take_digits(left), take_digits(right));
                (left, right) = (left_rest, right_rest);
                compare_digits(left_run, right_run)
            }
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// What a part goes on with, in the order that rpm gives them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Tilde,
    End,
    Caret,
    Letters,
    Digits,
}

fn rank(part: &[u8]) -> Rank {
    match part.first() {
        None => Rank::End,
        Some(b'~') => Rank::Tilde,
        Some(b'^') => Rank::Caret,
        Some(b) if b.is_ascii_digit() => Rank::Digits,
        Some(_) => Rank::Letters,
    }
}

fn skip_separators(part: &[u8]) -> &[u8] {
    take_while(part, |b| !b.is_ascii_alphanumeric() && b != b'~' && b != b'^').1
}

/// The text that names one package: `name-[epoch:]version-release.architecture`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nevra<'a> {
    /// The package's name.
    pub name: &'a str,
    /// The digits of the epoch; `None` where none is written, which counts as 0 (rpm, `parseEVR`).
    pub epoch: Option<&'a str>,
    /// The version.
    pub version: &'a str,
    /// The release.
    pub release: &'a str,
    /// The architecture, `src` and `nosrc` for source packages.
    pub architecture: &'a str,
}

impl<'a> Nevra<'a> {
    /// Cuts the name of a package or of its file (`.rpm` at the end), with the epoch before the version or, as dnf
    /// writes it, before the name. `None` where a part is missing.
    pub fn parse(text: &'a str) -> Option<Self> {
        let text = text.strip_suffix(".rpm").unwrap_or(text);
        let (rest, architecture) = text.rsplit_once('.')?;
        let (rest, release) = rest.rsplit_once('-')?;
        let (name, version) = rest.rsplit_once('-')?;
        let (epoch, name, version) = match (version.split_once(':'), name.split_once(':')) {
            (Some((epoch, version)), None) => (Some(epoch), name, version),
            (None, Some((epoch, name))) => (Some(epoch), name, version),
            (None, None) => (None, name, version),
            (Some(_), Some(_)) => return None,
        };
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let is_whole = [name, version, release, architecture].iter().all(|part| !part.is_empty());
        (is_whole && epoch.is_none_or(is_number)).then_some(Self {
            name,
            epoch,
            version,
            release,
            architecture,
        })
    }

    /// Returns `epoch:version-release`, without an epoch that is not written or 0.
    pub fn evr(&self) -> String {
        match self.epoch {
            Some(epoch) if epoch.bytes().any(|b| b != b'0') => {
                format!("{epoch}:{}-{}", self.version, self.release)
            }
            _ => format!("{}-{}", self.version, self.release),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epoch_that_is_not_written_is_zero() {
        assert_eq!(compare("0:1.0-1", "1.0-1"), Ordering::Equal);
        assert_eq!(compare("1:0.9-1", "2.0-1"), Ordering::Greater);
        assert_eq!(compare("00:1.0-1", ":1.0-1"), Ordering::Equal);
    }

    #[test]
    fn tilde_is_before_the_end_and_caret_behind_it() {
        let ascending = ["1.0~rc1", "1.0", "1.0^git1", "1.0^git2", "1.0.1", "1.1"];
        for pair in ascending.windows(2) {
            assert_eq!(compare(pair[0], pair[1]), Ordering::Less, "{pair:?}");
        }
    }

    #[test]
    fn kernel_releases_are_compared_without_epochs() {
        let (old, new) = ("4.18.0-553.el8_10.x86_64", "4.18.0-553.5.1.el8_10.x86_64");
        assert_eq!(compare_without_epoch(old, new), Ordering::Less);
    }

    #[test]
    fn names_of_packages_are_cut_into_their_parts() {
        let parsed = Nevra::parse("fonts-filesystem-1:2.0.5-12.fc39.noarch").expect("whole");
        assert_eq!((parsed.name, parsed.epoch), ("fonts-filesystem", Some("1")));
        assert_eq!((parsed.version, parsed.release, parsed.architecture), ("2.0.5", "12.fc39", "noarch"));
        assert_eq!(parsed.evr(), "1:2.0.5-12.fc39");
        let file = Nevra::parse("openssl-1.1.1k-12.el8_9.src.rpm").expect("whole");
        assert_eq!((file.name, file.epoch, file.architecture), ("openssl", None, "src"));
        assert_eq!(file.evr(), "1.1.1k-12.el8_9");
        assert_eq!(
            Nevra::parse("1:bind-9.11-1.x86_64").map(|n| (n.name, n.evr())),
            Some(("bind", "1:9.11-1".into()))
        );
        assert_eq!(Nevra::parse("bind-0:9.11-1.x86_64").map(|n| n.evr()), Some("9.11-1".into()));
    }

    #[test]
    fn names_without_a_part_are_none() {
        for broken in [
            "",
            "bash",
            "bash-5.1",
            "bash-5.1-6",
            "-5.1-6.x86_64",
            "a-b:1-2.noarch",
            "1:a-2:1-2.noarch",
            "a-1-.x",
        ] {
            assert_eq!(Nevra::parse(broken), None, "{broken}");
        }
    }
}
