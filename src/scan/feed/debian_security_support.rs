//! Debian's lists of source packages without, or with limited, security support.
//!
//! They are files of the Debian package `debian-security-support` (`security-support-ended.deb12`,
//! `security-support-limited`), so the archive's signature covers them. Columns are separated by spaces and tabs in any
//! mixture; `#` begins a comment. Names are patterns that a whole source name has to match (`check-support-status`
//! gives them to `grep -P -x`): a plain name, or a beginning followed by `.*`. Other patterns are not guessed.
//!
//! | the vendor's list | what it becomes |
//! |---|---|
//! | ended, with a date | no security support from that date on ([`Advisory::published`]) for every version: the vendor's own check compares none, and shows the last supported version only |
//! | limited | no statement about vulnerabilities: a [`SupportLimit`] for people |

use std::borrow::Cow;

use chrono::NaiveTime;

use super::content::{is_word, lines, malformed};
use super::dates::read_day;
use super::{AdvisoryFeed, FeedError, PublishedSource, Rows, Unread};
use crate::model::advisory::{Advisory, Affected, Subject, VendorState};
use crate::model::distro::Distribution;
use crate::model::severity::Severity;

const NAME: &str = "debian-security-support";

/// The source packages of a release whose security support ends before that of the release.
#[derive(Clone, Copy, Debug)]
pub struct DebianSecuritySupport;

impl AdvisoryFeed for DebianSecuritySupport {
    fn name(&self) -> &'static str {
        NAME
    }

    fn covers(&self, distribution: &Distribution) -> bool {
        distribution.id == "debian"
    }

    /// Nothing: the list lies on hosts that have the package `debian-security-support`, and an administrator names it
    /// (`/usr/share/debian-security-support/security-support-ended.deb12`). It does not say for which release it is.
    fn published(&self, _: &Distribution) -> Vec<PublishedSource> {
        Vec::new()
    }

    /// A list of which no line can be read is another list.
    fn parse<'a>(&self, content: &'a [u8], _: &Distribution) -> Result<Rows<'a>, FeedError> {
        let (mut rows, mut first_fault) = (Rows::default(), None);
        for (number, line) in lines(NAME, content)? {
            let Some(columns) = columns(line) else { continue };
            rows.entries += 1;
            match ended(columns) {
                Ok(advisory) => rows.advisories.push(advisory),
                Err(reason) => {
                    rows.unread.add(&format!("line {number}: {}", columns.0), &reason);
                    first_fault.get_or_insert((number, reason));
                }
            }
        }
        match first_fault {
            Some((number, reason)) if rows.advisories.is_empty() => {
                Err(malformed(NAME, (number, 1), &reason))
            }
            _ => Ok(rows),
        }
    }
}

/// A source package that the vendor supports in part, or in some uses, only. It says nothing about vulnerabilities: it
/// tells people what "no finding" is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SupportLimit<'a> {
    /// Whether the name is a whole source name, or the beginning of several.
    pub subject: Subject,
    /// The name.
    pub name: &'a str,
    /// The vendor's words; may be empty.
    pub words: &'a str,
}

/// Reads the list of limited support, and what of it could not be read.
///
/// # Errors
/// The content breaks off or is something else.
pub fn parse_limited(content: &[u8]) -> Result<(Vec<SupportLimit<'_>>, Unread), FeedError> {
    let (mut limits, mut unread) = (Vec::new(), Unread::default());
    for (number, line) in lines(NAME, content)? {
        let Some((pattern, words)) = columns(line) else { continue };
        match subject(pattern) {
            Some((subject, name)) => limits.push(SupportLimit { subject, name, words }),
            None => {
                unread.add(&format!("line {number}"), format_args!("no simple pattern of names: {pattern:?}"))
            }
        }
    }
    Ok((limits, unread))
}

/// Splits a line into its first column and the rest; none for a comment or an empty line.
fn columns(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let (first, rest) = line.split_once([' ', '\t']).unwrap_or((line, ""));
    Some((first, rest.trim_start()))
}

/// Reads a name, the last version with support, the date of its end, and words.
fn ended<'a>((pattern, rest): (&'a str, &'a str)) -> Result<Advisory<'a>, String> {
    let (subject, name) = subject(pattern).ok_or("no simple pattern of names")?;
    let (_last_supported, rest) = columns(rest).ok_or("the last supported version is missing")?;
    let (day, words) = columns(rest).ok_or("the date is missing")?;
    let date = read_day(day).ok_or_else(|| format!("{day:?} is no date YYYY-MM-DD"))?;
    let note = if words.is_empty() { Cow::Owned(format!("ended {date}")) } else { Cow::Borrowed(words) };
    let affected = Affected { subject, note: Some(note), ..Affected::source(name, VendorState::EndOfLife) };
    Ok(Advisory {
        id: Cow::Owned(format!("{NAME}:{pattern}")),
        vulnerabilities: Vec::new(),
        severity: Severity::Unknown,
        cvss_tenths: None,
        published: Some(date.and_time(NaiveTime::MIN).and_utc()),
        affected: vec![affected],
    })
}

/// Reads a plain name, or the beginning of names before `.*`. A dot within a name stands for itself: no real list has
/// another meaning for it, and names with dots are common (`libsoup2.4`).
fn subject(pattern: &str) -> Option<(Subject, &str)> {
    let (subject, name) = match pattern.strip_suffix(".*") {
        Some(beginning) => (Subject::SourcePrefix, beginning),
        None => (Subject::Source, pattern),
    };
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.".contains(&byte);
    (is_word(name) && name.bytes().all(is_plain)).then_some((subject, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDED: &str = include_str!("../../../tests/fixtures/debian-security-support/ended.deb12");
    const LIMITED: &str = include_str!("../../../tests/fixtures/debian-security-support/limited");

    fn parse(content: &str) -> Result<Rows<'_>, FeedError> {
        let release = Distribution::new("debian", "12", "bookworm");
        DebianSecuritySupport.parse(content.as_bytes(), &release)
    }

    #[test]
    fn real_list_of_ended_support_gives_dates_names_and_beginnings_of_names() {
        let rows = parse(ENDED).expect("whole");
        assert_eq!((rows.entries, rows.advisories.len(), rows.unread.count), (9, 9, 0));
        let by_name = |name: &str| {
            let advisory =
                rows.advisories.iter().find(|advisory| advisory.affected[0].name == name).expect(name);
            let row = &advisory.affected[0];
            assert_eq!(
                (row.state, &row.range, advisory.vulnerabilities.len()),
                (VendorState::EndOfLife, &Default::default(), 0)
            );
            let day = advisory.published.expect("dated").date_naive().to_string();
            (advisory.id.to_string(), row.subject, day, row.note.clone().expect("words"))
        };
        let (id, subject, day, note) = by_name("php-horde");
        assert_eq!((id.as_str(), subject), ("debian-security-support:php-horde.*", Subject::SourcePrefix));
        assert_eq!(day, "2025-03-22");
        assert_eq!(note, "https://lists.debian.org/debian-lts/2025/03/msg00012.html; incompatible with PHP8");
        assert_eq!(by_name("intel-mediasdk").1, Subject::Source);
        assert_eq!(by_name("intel-mediasdk").2, "2024-11-21");
        assert!(by_name("intel-mediasdk").3.starts_with("abandoned upstream"));
        assert_eq!(by_name("suricata").2, "2026-04-30");
    }

    #[test]
    fn real_list_of_limited_support_gives_words_for_people_and_no_statement() {
        let (limits, unread) = parse_limited(LIMITED.as_bytes()).expect("whole");
        assert_eq!((limits.len(), unread.count), (13, 0));
        let of = |name: &str| limits.iter().find(|limit| limit.name == name).expect(name);
        assert_eq!(of("golang").subject, Subject::SourcePrefix);
        assert_eq!((of("libsoup2.4").subject, of("adns").subject), (Subject::Source, Subject::Source));
        assert_eq!(of("adns").words, "Stub resolver that should only be used with trusted recursors");
    }

    #[test]
    fn patterns_that_are_not_simple_and_broken_lines_are_counted_as_unread() {
        let list = "(a|b)\t1\t2025-01-01\tx\nnode-[a-z]+ 1 2025-01-01\n.* 0 2025-01-01\nA 0 2025-01-01\n\
                    x 1\ny 1 2025-02-30 z\nz\nok 0 2025-01-01\n";
        let rows = parse(list).expect("read");
        assert_eq!((rows.entries, rows.advisories.len(), rows.unread.count), (8, 1, 7));
        assert_eq!(rows.unread.first[0], "line 1: (a|b): no simple pattern of names");
        assert_eq!(rows.advisories[0].affected[0].note.as_deref(), Some("ended 2025-01-01"));
        let (limits, unread) = parse_limited(b"a.*b x\nc\n").expect("read");
        assert_eq!((limits.len(), limits[0].words, unread.count), (1, "", 1));
    }

    #[test]
    fn what_is_no_list_is_refused() {
        let fault = |content: &str| parse(content).expect_err("refused").to_string();
        assert!(fault("").contains("empty"));
        assert!(fault("<html>").contains("web page"));
        assert!(fault(&ENDED[..ENDED.len() - 5]).contains("breaks off"));
        assert!(parse_limited(b"a b").is_err());
        let text = fault(LIMITED);
        assert!(text.contains("line 9") && text.contains("\"resolver\" is no date"), "{text}");
    }
}
