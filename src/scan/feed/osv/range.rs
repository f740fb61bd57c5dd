//! Events of a range become ranges of versions, as the schema evaluates them
//! (<https://ossf.github.io/osv-schema/#evaluation>): sorted, affected from an `introduced` to the next `fixed`
//! (exclusive) or `last_affected` (inclusive).

use std::borrow::Cow;
use std::cmp::Ordering;

use super::wire::Event;
use crate::model::advisory::{VendorState, VersionRange};
use crate::model::version::{Version, VersionScheme, compare_text};

/// Longest version that is believed, in bytes; the longest real ones have about 70.
const LONGEST_VERSION: usize = 256;

/// A part of a range, and what the vendor says of the versions in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part<'a> {
    pub(super) range: VersionRange<'a>,
    pub(super) state: VendorState,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum End<'a> {
    Introduced(Cow<'a, str>),
    Fixed(Cow<'a, str>),
    LastAffected(Cow<'a, str>),
}

impl End<'_> {
    fn version(&self) -> &str {
        match self {
            Self::Introduced(version) | Self::Fixed(version) | Self::LastAffected(version) => version,
        }
    }

    /// At one version: what ends comes before what begins, but a version that is the last affected one was begun.
    fn rank(&self) -> u8 {
        match self {
            Self::Fixed(_) => 0,
            Self::Introduced(_) => 1,
            Self::LastAffected(_) => 2,
        }
    }
}

/// Turns the events of one range into its parts.
///
/// # Errors
/// An event is none that is known, a version is none of the family, or the range never begins; the text names it.
pub(super) fn parts<'a>(events: Vec<Event<'a>>, scheme: VersionScheme) -> Result<Vec<Part<'a>>, String> {
    let mut ends = Vec::with_capacity(events.len());
    for event in events {
        match end(event)? {
            End::Fixed(word) if word.starts_with('<') => return leaked_word(&word).map(|part| vec![part]),
            End::Fixed(zero) if zero == "0" => return Ok(vec![whole(VendorState::NotAffected)]),
            end => ends.push(end),
        }
    }
    for end in &ends {
        check(end.version(), scheme)?;
    }
    sort(&mut ends, scheme)?;
    if !matches!(ends.first(), Some(End::Introduced(_))) {
        return Err("events: nothing is introduced before something is fixed".to_owned());
    }
    Ok(walk(ends))
}

fn end(event: Event<'_>) -> Result<End<'_>, String> {
    match (event.introduced, event.fixed, event.last_affected, event.limit) {
        (Some(version), None, None, None) => Ok(End::Introduced(version.0)),
        (None, Some(version), None, None) => Ok(End::Fixed(version.0)),
        (None, None, Some(version), None) => Ok(End::LastAffected(version.0)),
        (None, None, None, Some(_)) => Err("events: limit: versions of packages have no branches".to_owned()),
        _ => Err("events: an event has to be one of introduced, fixed, last_affected".to_owned()),
    }
}

/// Words of Debian's tracker that leaked into versions (google/osv.dev issue 1698, ossf/osv-schema issue 189).
fn leaked_word<'a>(word: &str) -> Result<Part<'a>, String> {
    match word {
        "<unfixed>" => Ok(whole(VendorState::Open)),
        "<not-affected>" => Ok(whole(VendorState::NotAffected)),
        "<end-of-life>" => Ok(whole(VendorState::EndOfLife)),
        "<undetermined>" => Ok(whole(VendorState::Undetermined)),
        _ => Err(format!("fixed: not a version: {:?}", shortened(word))),
    }
}

fn whole<'a>(state: VendorState) -> Part<'a> {
    Part { range: VersionRange::default(), state }
}

/// Checks that a text can be a version of the family; `0` stands for what is before every version.
pub(super) fn check(version: &str, scheme: VersionScheme) -> Result<(), String> {
    if version.len() > LONGEST_VERSION {
        return Err(format!("a version has more than {LONGEST_VERSION} bytes"));
    }
    if version == "0" {
        return Ok(());
    }
    let version = Version::of(scheme, version).map_err(|error| error.to_string())?;
    if version.is_ordered() { Ok(()) } else { Err(format!("not a valid version: {:?}", version.as_str())) }
}

/// Sorts by version, `0` before everything.
fn sort(ends: &mut [End<'_>], scheme: VersionScheme) -> Result<(), String> {
    if ends.len() == 2 && matches!((&ends[0], &ends[1]), (End::Introduced(zero), _) if zero == "0") {
        return Ok(());
    }
    let mut is_ordered = true;
    ends.sort_by(|left, right| {
        let order = match (left.version(), right.version()) {
            ("0", "0") => Some(Ordering::Equal),
            ("0", _) => Some(Ordering::Less),
            (_, "0") => Some(Ordering::Greater),
            (left, right) => compare_text(scheme, left, right),
        };
        is_ordered &= order.is_some();
        order.unwrap_or(Ordering::Equal).then(left.rank().cmp(&right.rank()))
    });
    if is_ordered { Ok(()) } else { Err("events: versions that have no order".to_owned()) }
}

/// `0` is before every version: no limit.
fn begin_of(version: Cow<'_, str>) -> Option<Cow<'_, str>> {
    (version != "0").then_some(version)
}

fn walk(ends: Vec<End<'_>>) -> Vec<Part<'_>> {
    let (mut parts, mut begun) = (Vec::new(), None);
    for end in ends {
        match end {
            End::Introduced(version) => {
                begun.get_or_insert(version);
            }
            End::Fixed(version) => parts.extend(begun.take().map(|from| Part {
                range: VersionRange { introduced: begin_of(from), fixed: Some(version), last_affected: None },
                state: VendorState::Fixed,
            })),
            End::LastAffected(version) => parts.extend(begun.take().map(|from| Part {
                range: VersionRange { introduced: begin_of(from), fixed: None, last_affected: Some(version) },
                state: VendorState::Open,
            })),
        }
    }
    parts.extend(begun.map(|from| Part {
        range: VersionRange { introduced: begin_of(from), ..VersionRange::default() },
        state: VendorState::Open,
    }));
    parts
}

/// Returns the listed versions that no part covers. Where there are no ranges, the list is all that the record says. A
/// version beyond every range is a contradiction: the schema calls it affected, but the lists are derived from the
/// ranges, and OSV's own are wrong at times (w3m 0.5.5-r0 in ALPINE-CVE-2023-38252, fixed in 0.5.3_git20230121-r0). So
/// nobody can know.
pub(super) fn listed<'a>(
    versions: Vec<Cow<'a, str>>,
    parts: &[Part<'a>],
    scheme: VersionScheme,
) -> Vec<Part<'a>> {
    let state = if parts.is_empty() { VendorState::Open } else { VendorState::Undetermined };
    let is_covered = |version: &str| parts.iter().any(|part| covers(&part.range, version, scheme));
    let exact = |version: Cow<'a, str>| Part {
        range: VersionRange { introduced: Some(version.clone()), fixed: None, last_affected: Some(version) },
        state,
    };
    versions.into_iter().filter(|version| !is_covered(version)).map(exact).collect()
}

fn covers(range: &VersionRange<'_>, version: &str, scheme: VersionScheme) -> bool {
    let is = |bound: &Option<Cow<'_, str>>, orders: &[Ordering]| {
        bound.as_deref().is_none_or(|bound| {
            compare_text(scheme, version, bound).is_some_and(|order| orders.contains(&order))
        })
    };
    is(&range.introduced, &[Ordering::Greater, Ordering::Equal])
        && is(&range.fixed, &[Ordering::Less])
        && is(&range.last_affected, &[Ordering::Less, Ordering::Equal])
}

/// Returns the beginning of a text for a message.
pub(super) fn shortened(text: &str) -> String {
    /// Longest part of foreign text in a message.
    const LONGEST: usize = 80;
    text.chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Vec<Part<'_>>, String> {
        parts(serde_json::from_str(json).expect("well formed"), VersionScheme::Deb)
    }

    fn shown(json: &str) -> Vec<(String, String, String)> {
        let text = |bound: Option<Cow<'_, str>>| bound.map_or("-".to_owned(), Cow::into_owned);
        let show = |part: Part<'_>| {
            (text(part.range.introduced), text(part.range.fixed), text(part.range.last_affected))
        };
        read(json).expect(json).into_iter().map(show).collect()
    }

    #[test]
    fn events_are_sorted_and_every_interval_is_a_part() {
        let row = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
        for (json, expected) in [
            (r#"[{"introduced": "0"}, {"fixed": "1.2-3"}]"#, vec![row("-", "1.2-3", "-")]),
            (r#"[{"introduced": "0"}]"#, vec![row("-", "-", "-")]),
            (r#"[{"introduced": "1:1"}]"#, vec![row("1:1", "-", "-")]),
            (r#"[{"introduced": "0"}, {"last_affected": "2"}]"#, vec![row("-", "-", "2")]),
            (r#"[{"introduced": "2"}, {"last_affected": "2"}]"#, vec![row("2", "-", "2")]),
            (
                r#"[{"fixed": "10"}, {"introduced": "9"}, {"fixed": "2"}, {"introduced": "0"}]"#,
                vec![row("-", "2", "-"), row("9", "10", "-")],
            ),
            (r#"[{"introduced": "0"}, {"fixed": "2"}, {"fixed": "3"}]"#, vec![row("-", "2", "-")]),
            (
                r#"[{"introduced": "0"}, {"introduced": "2"}, {"fixed": "2"}]"#,
                vec![row("-", "2", "-"), row("2", "-", "-")],
            ),
        ] {
            assert_eq!(shown(json), expected, "{json}");
        }
    }

    #[test]
    fn fixed_in_zero_is_not_affected_and_never_a_version() {
        let parts = read(r#"[{"introduced": "0"}, {"fixed": "0"}]"#).expect("known");
        assert_eq!(parts, [whole(VendorState::NotAffected)]);
    }

    /// google/osv.dev issue 1698, ossf/osv-schema issue 189: `<unfixed>` and its kin are words, no versions.
    #[test]
    fn osv_dev_1698_words_that_leaked_into_versions_keep_their_meaning() {
        for (word, state) in [
            ("<unfixed>", VendorState::Open),
            ("<not-affected>", VendorState::NotAffected),
            ("<end-of-life>", VendorState::EndOfLife),
        ] {
            let json = format!(r#"[{{"introduced": "0"}}, {{"fixed": "{word}"}}]"#);
            assert_eq!(read(&json).expect("known"), [whole(state)]);
        }
        assert!(read(r#"[{"introduced": "0"}, {"fixed": "<itp>"}]"#).is_err());
    }

    #[test]
    fn range_that_cannot_be_evaluated_is_told_with_its_field() {
        for (json, field) in [
            (r#"[{"fixed": "2"}]"#, "introduced"),
            (r#"[]"#, "introduced"),
            (r#"[{"introduced": "0"}, {"limit": "3"}]"#, "limit"),
            (r#"[{"introduced": "0", "fixed": "3"}]"#, "event"),
            (r#"[{"introduced": "0"}, {"fixed": "1 rm -rf"}]"#, "1 rm -rf"),
        ] {
            let error = read(json).expect_err(json);
            assert!(error.contains(field), "{error}");
        }
    }

    #[test]
    fn listed_version_outside_of_every_range_is_a_contradiction() {
        let parts = read(r#"[{"introduced": "2"}, {"fixed": "4"}]"#).expect("known");
        let versions = ["1", "2", "3", "4", "5"].map(Cow::Borrowed).to_vec();
        let exact = listed(versions, &parts, VersionScheme::Deb);
        let found: Vec<_> = exact.iter().map(|part| part.range.introduced.as_deref()).collect();
        assert_eq!(found, [Some("1"), Some("4"), Some("5")]);
        assert!(exact.iter().all(|part| part.range.introduced == part.range.last_affected));
        assert!(exact.iter().all(|part| part.state == VendorState::Undetermined));
    }
}
