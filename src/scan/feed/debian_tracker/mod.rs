//! The Debian security tracker: one JSON object of source packages, bugs in them, and each bug's state by release.
//!
//! The wire shape and its traps are in the tracker's own pages and were checked on real excerpts; see the README
//! beside the fixtures. What a release does not list is no statement: nothing is derived from a gap.

mod pieces;
mod wire;

use std::borrow::Cow;
use std::io::Read;

use serde::Deserializer;

use self::wire::{ReleaseState, Sources};
use super::{AdvisoryFeed, FeedError, PublishedSource, Rows};
use crate::model::advisory::{Advisory, Affected, VendorState};
use crate::model::distro::Distribution;
use crate::model::severity::Severity;
use crate::model::version::VersionScheme;

const NAME: &str = "debian-tracker";
/// Longest part of an error text of the parser that is passed on: it can quote the content.
const LONGEST_DETAIL: usize = 300;

/// The feed of the Debian security team.
#[derive(Clone, Copy, Debug)]
pub struct DebianTracker;

impl AdvisoryFeed for DebianTracker {
    fn name(&self) -> &'static str {
        NAME
    }

    fn covers(&self, distribution: &Distribution) -> bool {
        distribution.id == "debian"
    }

    fn published(&self, _: &Distribution) -> Vec<PublishedSource> {
        let location = "https://security-tracker.debian.org/tracker/data/json";
        vec![PublishedSource { name: NAME.to_owned(), location: location.to_owned() }]
    }

    fn parse<'a>(&self, content: &'a [u8], release: &Distribution) -> Result<Rows<'a>, FeedError> {
        match content.trim_ascii_start().first() {
            None => return Err(FeedError::Empty { feed: NAME }),
            Some(b'<') => return Err(FeedError::WebPage { feed: NAME, expected: "JSON" }),
            Some(_) => {}
        }
        read(content, release).map(|(rows, _)| rows)
    }

    fn parse_pieces(
        &self,
        content: &mut dyn Read,
        release: &Distribution,
        take: &mut dyn FnMut(Rows<'_>) -> Option<()>,
    ) -> Option<()> {
        pieces::each(content, &mut |piece| {
            let (rows, last) = read(piece, release).ok()?;
            take(rows).map(|()| last.into_owned())
        })
    }
}

/// Reads an object of source packages; returns the rows, and the name of the last source.
fn read<'a>(content: &'a [u8], release: &Distribution) -> Result<(Rows<'a>, Cow<'a, str>), FeedError> {
    let mut rows = Rows::default();
    let mut reader = serde_json::Deserializer::from_slice(content);
    let last = reader
        .deserialize_map(Sources { release: &release.codename, rows: &mut rows })
        .and_then(|last| reader.end().map(|()| last))
        .map_err(malformed)?;
    Ok((rows, last))
}

fn malformed(error: serde_json::Error) -> FeedError {
    let mut detail: String = error.to_string().chars().take(LONGEST_DETAIL).collect();
    if let Some(place) = detail.rfind(" at line ") {
        detail.truncate(place);
    }
    FeedError::Malformed { feed: NAME, line: error.line(), column: error.column(), detail }
}

impl<'a> ReleaseState<'a> {
    /// Turns the tracker's words into ours. A word that is not known becomes "not yet checked", never "safe".
    fn into_advisory(self, source: Cow<'a, str>, id: Cow<'a, str>) -> Result<Advisory<'a>, String> {
        let urgency = self.urgency.as_deref().unwrap_or_default().trim_end_matches('*');
        let severity = severity(urgency);
        let end_of_life = urgency == "end-of-life";
        let (mut fixed_version, mut note) = (None, self.nodsa.filter(|text| !text.is_empty()));
        let state = match (self.status.as_deref().unwrap_or_default(), self.fixed_version) {
            // "0" says that the release was never affected; it is no version to compare with.
            ("resolved", Some(version)) if version == "0" => VendorState::NotAffected,
            ("resolved", Some(version)) => {
                let fault = |error| format!("{source}: {id}: fixed_version: {error}");
                VersionScheme::Deb.accept(&version).map_err(fault)?;
                fixed_version = Some(version);
                VendorState::Fixed
            }
            ("resolved", None) => {
                note = Some(Cow::Borrowed("called resolved without a fixed version"));
                VendorState::Undetermined
            }
            ("open", _) if end_of_life => VendorState::EndOfLife,
            ("open", _) => open_state(note.is_some(), self.nodsa_reason.as_deref()),
            ("undetermined", _) => VendorState::Undetermined,
            _ => {
                note = Some(Cow::Borrowed("the tracker uses a status word that this patchctl does not know"));
                VendorState::Undetermined
            }
        };
        let mut affected = Affected { note, ..Affected::source(source, state) };
        affected.range.fixed = fixed_version;
        let vulnerabilities = if id.starts_with("CVE-") { vec![id.clone()] } else { Vec::new() };
        Ok(Advisory {
            id,
            vulnerabilities,
            severity,
            cvss_tenths: None,
            published: None,
            affected: vec![affected],
        })
    }
}

fn open_state(has_note: bool, reason: Option<&str>) -> VendorState {
    match reason {
        Some("ignored") => VendorState::Ignored,
        Some("postponed") => VendorState::Postponed,
        Some(_) => VendorState::NoAdvisory,
        None if has_note => VendorState::NoAdvisory,
        None => VendorState::Open,
    }
}

fn severity(urgency: &str) -> Severity {
    match urgency {
        "unimportant" => Severity::Negligible,
        "low" => Severity::Low,
        "medium" => Severity::Medium,
        "high" => Severity::High,
        _ => Severity::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EXCERPTS: [&str; 3] = [
        include_str!("../../../../tests/fixtures/debian-tracker/native-excerpt-a.json"),
        include_str!("../../../../tests/fixtures/debian-tracker/native-excerpt-b.json"),
        include_str!("../../../../tests/fixtures/debian-tracker/native-excerpt-c.json"),
    ];

    fn release(codename: &str) -> Distribution {
        Distribution::new("debian", "", codename)
    }

    fn parse<'a>(content: &'a str, codename: &str) -> Rows<'a> {
        DebianTracker.parse(content.as_bytes(), &release(codename)).expect("the excerpt is whole")
    }

    fn one(state: &str) -> Affected<'static> {
        let content =
            format!(r#"{{"openssl": {{"CVE-2024-0001": {{"releases": {{"bookworm": {state}}}}}}}}}"#);
        let rows = DebianTracker.parse(content.leak().as_bytes(), &release("bookworm")).expect("well formed");
        rows.advisories.into_iter().next().expect("one row").affected.remove(0)
    }

    fn fault(content: &str) -> String {
        DebianTracker.parse(content.as_bytes(), &release("bookworm")).expect_err("refused").to_string()
    }

    #[test]
    fn real_excerpt_gives_the_rows_of_one_release_only() {
        let rows = parse(EXCERPTS[2], "bullseye");
        let found: Vec<_> =
            rows.advisories.iter().map(|r| (r.id.as_ref(), r.affected[0].state, r.severity)).collect();
        assert_eq!(
            found,
            [
                ("CVE-2012-0833", VendorState::NotAffected, Severity::Negligible),
                ("CVE-2016-5405", VendorState::Fixed, Severity::Unknown),
                ("CVE-2016-5416", VendorState::Ignored, Severity::Unknown),
                ("TEMP-0000000-0CA7E3", VendorState::NotAffected, Severity::Negligible),
            ]
        );
        assert_eq!(rows.entries, 4);
        assert_eq!(rows.advisories[1].affected[0].range.fixed.as_deref(), Some("1.3.5.15-1"));
        assert_eq!(rows.advisories[2].affected[0].note.as_deref(), Some("Minor issue"));
        let elsewhere = parse(EXCERPTS[2], "bookworm");
        assert_eq!((elsewhere.advisories.len(), elsewhere.entries), (0, 4));
    }

    #[test]
    fn urgency_marks_of_old_data_are_cut() {
        let rows = parse(EXCERPTS[0], "stretch");
        let row = rows.advisories.iter().find(|row| row.id == "CVE-2008-7220").expect("in the excerpt");
        assert_eq!((row.severity, row.affected[0].state), (Severity::High, VendorState::Fixed));
        assert!(!parse(EXCERPTS[1], "jessie").advisories.is_empty());
    }

    #[test]
    fn every_state_of_the_tracker_is_kept_apart() {
        for (text, state) in [
            (r#"{"status": "open"}"#, VendorState::Open),
            (r#"{"status": "open", "nodsa": "x", "nodsa_reason": ""}"#, VendorState::NoAdvisory),
            (r#"{"status": "open", "nodsa": "x", "nodsa_reason": "postponed"}"#, VendorState::Postponed),
            (r#"{"status": "open", "nodsa": "x", "nodsa_reason": "ignored"}"#, VendorState::Ignored),
            (r#"{"status": "open", "urgency": "end-of-life"}"#, VendorState::EndOfLife),
            (r#"{"status": "undetermined"}"#, VendorState::Undetermined),
            (r#"{"status": "resolved", "fixed_version": "0"}"#, VendorState::NotAffected),
            (r#"{"status": "resolved", "fixed_version": "1:2-3"}"#, VendorState::Fixed),
            (r#"{"status": "resolved"}"#, VendorState::Undetermined),
            (r#"{"status": "triaged"}"#, VendorState::Undetermined),
        ] {
            let row = one(text);
            assert_eq!(row.state, state, "{text}");
            assert_eq!(row.range.fixed.is_some(), state == VendorState::Fixed, "{text}");
        }
    }

    #[test]
    fn what_is_no_feed_is_refused_with_place_and_field() {
        assert!(fault(" \n").contains("empty"));
        assert!(fault("<!DOCTYPE html>").contains("web page"));
        assert!(fault(&EXCERPTS[0][..500]).contains("line"));
        let wrong = "{\"a\": {\"CVE-2024-0001\":\n {\"releases\": {\"bookworm\": {\"status\": 3}}}}}";
        let text = fault(wrong);
        assert!(
            text.contains("line 2") && text.contains("a: CVE-2024-0001: releases: bookworm: status: "),
            "{text}"
        );
        assert!(
            fault(r#"{"a": {"CVE-2024-0001": {"releases": {"bookworm": {}}}}}"#)
                .contains("status is missing")
        );
        assert!(fault(r#"{"a": {"XYZ-1": {}}}"#).contains("XYZ-1"));
        assert!(fault(r#"{"a b": {}}"#).contains("not a source package"));
        assert!(fault("{} trailing").contains("trailing"));
        let version = r#"{"status": "resolved", "fixed_version": "1 rm -rf"}"#;
        let content = format!(r#"{{"a": {{"CVE-2024-0001": {{"releases": {{"bookworm": {version}}}}}}}}}"#);
        assert!(fault(&content).contains("fixed_version"));
    }

    #[test]
    fn pieces_give_the_rows_of_the_whole() {
        let bug = |at: usize| {
            let (year, version) = (1999 + at % 25, at % 7);
            let state = format!(r#"{{"status": "resolved", "fixed_version": "1.{version}-1"}}"#);
            let more = if at.is_multiple_of(3) { r#", "debianbug": 7"# } else { "" };
            format!(r#""CVE-{year}-{at}": {{"releases": {{"sid": {state}, "bookworm": {state}}}{more}}}"#)
        };
        let source = |(name, bugs): (usize, usize)| {
            let bugs: Vec<_> = (10_000..10_000 + bugs).map(|at| bug(at + name)).collect();
            format!(r#""source{name}": {{{}}}"#, bugs.join(", "))
        };
        let sizes = (0..4000).map(|at| (at, if at % 1500 == 700 { 9000 } else { at % 5 }));
        let content = format!("{{{}}}", sizes.map(source).collect::<Vec<_>>().join(", "));
        let (mut advisories, mut entries, mut pieces) = (Vec::new(), 0, 0);
        let taken = DebianTracker.parse_pieces(&mut content.as_bytes(), &release("bookworm"), &mut |rows| {
            advisories.extend(rows.advisories.into_iter().map(Advisory::into_owned));
            (entries, pieces) = (entries + rows.entries, pieces + 1);
            Some(())
        });
        let whole = parse(&content, "bookworm");
        assert!(taken.is_some() && pieces > 20);
        assert_eq!((entries, advisories.len()), (whole.entries, whole.advisories.len()));
        assert!(advisories == whole.advisories);
        for cut in [1, content.len() / 2, content.len() - 1] {
            let mut content = &content.as_bytes()[..cut];
            let taken = DebianTracker.parse_pieces(&mut content, &release("bookworm"), &mut |_| Some(()));
            assert!(taken.is_none(), "cut off behind byte {cut}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = DebianTracker.parse(&bytes, &release("bookworm"));
        }

        #[test]
        fn no_damage_makes_the_parser_panic(at in 0..EXCERPTS[2].len(), byte in any::<u8>(), cut in any::<bool>()) {
            let mut bytes = EXCERPTS[2].as_bytes().to_vec();
            bytes[at] = byte;
            bytes.truncate(if cut { at } else { bytes.len() });
            let _ = DebianTracker.parse(&bytes, &release("bullseye"));
        }
    }
}
