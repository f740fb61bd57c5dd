//! Golden texts of every rendering, and the laws that hold for all of them.

use unicode_width::UnicodeWidthStr;

use super::samples::{self, health, rehearsals, rules, runs};
use super::{Detail, Rendering, Style};
use crate::model::feed::{Completeness, CompletenessLevel};
use crate::model::package::PackageName;
use crate::report::schema::Report;

/// Where the golden texts are.
const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/text");

fn planned() -> Report {
    Report { plan: Some(runs::plan()), ..Report::begin("plan", samples::now()) }
}

fn everything() -> Vec<(&'static str, Box<dyn Rendering>)> {
    vec![
        ("scan", Box::new(samples::scan())),
        ("plan", Box::new(planned())),
        ("patched", Box::new(runs::patched())),
        ("rolled-back", Box::new(runs::rolled_back())),
        ("rehearsed", Box::new(rehearsals::passed())),
        ("rehearsal-failed", Box::new(rehearsals::failed())),
        ("unwell", Box::new(health::unwell())),
        ("needs-restart", Box::new(health::needs_restart())),
        ("doctor", Box::new(health::doctor())),
        ("history", Box::new(runs::history())),
        ("status", Box::new(runs::status())),
        ("feeds", Box::new(runs::feeds())),
        ("why", Box::new(runs::why())),
        ("preview", Box::new(runs::preview())),
        ("policy", Box::new(rules::shown())),
        ("policy-preview", Box::new(rules::preview())),
        ("rule-change", Box::new(rules::added())),
        ("bundle", Box::new(rules::bundle())),
        ("reboot", Box::new(rules::reboots().swap_remove(0))),
    ]
}

fn looks(width: usize, unicode: bool, colour: bool) -> Style {
    Style { width, unicode, colour, ..Style::plain(samples::now()) }
}

/// Removes colour sequences, as a reader without colours sees the text.
fn colourless(text: &str) -> String {
    let mut pieces = text.split("\u{1b}[");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| text + piece.split_once('m').map_or("", |(_, rest)| rest))
}

#[test]
#[allow(clippy::disallowed_methods, reason = "a test reads its golden texts")]
fn texts_are_the_golden_ones() {
    for (name, document) in everything() {
        let golden = std::fs::read_to_string(format!("{GOLDEN}/{name}.txt")).unwrap_or_default();
        let text = document.text(&looks(80, true, false));
        assert_eq!(
            text, golden,
            "{name}: write the new text with `cargo test --lib -- --ignored write_golden_texts`"
        );
        let golden = std::fs::read_to_string(format!("{GOLDEN}/{name}.wide.txt"));
        assert_eq!(golden.ok(), wide(name, document.as_ref()), "{name} at 200 columns");
    }
}

/// The texts that differ on a wide terminal by more than where prose is broken.
fn wide(name: &str, document: &dyn Rendering) -> Option<String> {
    ["scan", "plan"].contains(&name).then(|| document.text(&looks(200, true, false)))
}

#[test]
#[ignore = "writes the golden texts anew, to be read in the difference"]
#[allow(clippy::disallowed_methods, reason = "a test writes its golden texts")]
fn write_golden_texts() {
    std::fs::create_dir_all(GOLDEN).expect("the folder of fixtures can be made");
    for (name, document) in everything() {
        std::fs::write(format!("{GOLDEN}/{name}.txt"), document.text(&looks(80, true, false)))
            .expect("written");
        if let Some(text) = wide(name, document.as_ref()) {
            std::fs::write(format!("{GOLDEN}/{name}.wide.txt"), text).expect("written");
        }
    }
}

#[test]
fn no_line_is_wider_than_asked() {
    for width in [40, 60, 80, 132, 200] {
        for (name, document) in everything() {
            for line in document.text(&looks(width, true, false)).lines() {
                assert!(line.width() <= width, "{name} at {width}: {line}");
                assert_eq!(line, line.trim_end(), "{name}: no trailing blanks");
            }
        }
    }
}

#[test]
fn colour_is_never_the_only_carrier() {
    for (name, document) in everything() {
        let plain = document.text(&looks(80, true, false));
        let coloured = document.text(&looks(80, true, true));
        assert!(!plain.contains('\u{1b}'), "{name}");
        let seen: Vec<String> =
            colourless(&coloured).lines().map(|line| line.trim_end().to_owned()).collect();
        assert_eq!(seen, plain.lines().collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn ascii_stays_ascii() {
    for (name, document) in everything() {
        assert!(document.text(&looks(80, false, false)).is_ascii(), "{name}");
    }
}

#[test]
fn the_last_line_says_what_is_next() {
    for (name, document) in everything() {
        let text = document.text(&looks(80, true, false));
        assert!(text.lines().last().is_some_and(|line| line.starts_with(" → ")), "{name}: {text}");
    }
}

#[test]
fn updates_only_is_told_loudly() {
    let mut report = samples::report(Vec::new());
    report.completeness = Some(Completeness {
        level: CompletenessLevel::UpdatesOnly,
        reasons: vec!["debian-tracker was never fetched".into()],
    });
    let text = report.text(&looks(80, true, false));
    assert!(text.contains(" ! UPDATES ONLY: pending fixes are known, holes without a fix are not"), "{text}");
    assert!(text.contains("debian-tracker was never fetched"), "{text}");
    assert!(!text.contains('✓'), "not green: {text}");
}

#[test]
fn hostile_names_cannot_reach_the_terminal() {
    let mut plan = runs::plan();
    plan.steps[0].actions[0].package = PackageName::from("lib\u{1b}[2J\u{202e}ssl\r");
    plan.held[0].cause_chain[0].detail = "a\u{9b}b\u{7}\nc".into();
    let text = plan.text(&looks(80, true, false));
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
    assert!(text.contains("\\u{1b}[2J\\u{202e}ssl\\u{d}"), "{text}");
}

proptest::proptest! {
    #[test]
    fn no_text_breaks_out(name in "\\PC{0,60}", raw in proptest::collection::vec(proptest::char::any(), 0..80), width in 40usize..120) {
        let mut plan = runs::plan();
        plan.steps[0].actions[0].package = PackageName::from(name.as_str());
        plan.warnings = vec![raw.iter().collect()];
        plan.held[0].cause_chain[1].detail = raw.into_iter().collect();
        let text = plan.text(&looks(width, true, false));
        for line in text.lines() {
            assert!(line.width() <= width && line.chars().all(|c| !c.is_control()), "{line:?}");
        }
    }
}

#[test]
fn unnamed_updates_are_counted_by_source_and_not_called_a_cve() {
    let mut findings = samples::scan().findings.unwrap_or_default();
    findings.truncate(5);
    for finding in &mut findings {
        finding.cves = std::sync::Arc::from([]);
        finding.advisory = "bookworm-security".into();
        finding.known_exploited = false;
    }
    let text = samples::report(findings).text(&looks(80, true, false));
    assert!(text.contains(" 2 security updates open; no feed names the CVEs"), "{text}");
    assert!(!text.contains("CVE open") && !text.contains("1 CVE") && !text.contains("not rated"), "{text}");
}

#[test]
fn another_root_is_named_in_the_next_command() {
    let mut report = samples::scan();
    if let Some(host) = &mut report.host {
        host.root = "/srv/image".into();
    }
    assert!(report.text(&looks(80, true, false)).ends_with(" → patchctl plan --root /srv/image\n"));
}

#[test]
fn the_summary_shows_no_group() {
    let style = Style { detail: Detail::Summary, ..looks(80, true, false) };
    let text = samples::scan().text(&style);
    assert!(text.contains("8 CVEs open") && !text.contains("libssl3"), "{text}");
}

#[test]
fn all_shows_what_has_no_fix() {
    let style = Style { detail: Detail::All, ..looks(80, true, false) };
    let text = samples::scan().text(&style);
    assert!(text.contains("glibc: libc6, libc-bin") && text.contains("verdict unknown"), "{text}");
}
