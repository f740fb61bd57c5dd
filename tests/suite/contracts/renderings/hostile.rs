//! Hostile text reaches every sink as text: it moves no cursor, ends no cell, opens no element, and starts no formula.

use std::io;
use std::sync::Arc;

use patchctl::model::digest::Sha256;
use patchctl::model::finding::{Finding, FindingPackage};
use patchctl::model::package::{Architecture, PackageName};
use patchctl::model::run::RunId;
use patchctl::model::severity::Severity;
use patchctl::model::transaction::Phase;
use patchctl::report::background::Background;
use patchctl::report::comparison::compare;
use patchctl::report::documents::{Identity, RunEntry};
use patchctl::report::fleet::Gathering;
use patchctl::report::format::Format;
use patchctl::report::lifetimes::Closure;
use patchctl::report::period::{PERIOD_SCHEMA, Period};
use patchctl::report::schema::Report;
use patchctl::report::text::{Rendering, Style};
use serde_json::Value;

use super::documents::{assert_cyclonedx, assert_openvex, assert_sarif};
use super::{rendered, report};

/// Where the made strings begin; every one is a function of its number.
const SEED: u64 = 0x9e37_79b9_7f4a_7c15;

/// What is known to break something.
const KNOWN: [&str; 28] = [
    "\u{1b}[2J\u{1b}]0;owned\u{7}",
    "\u{9b}31m",
    "\u{202e}gnp.exe",
    "\u{2066}\u{2069}\u{200b}\u{feff}",
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "</title></style></script>",
    "<!--",
    "]]>",
    "&lt;&amp;&#0;",
    "=cmd|'/c calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "\t=1",
    "\r\n=1",
    "a\",=1,\"",
    "a\r\nb\nc\u{2028}d\u{2029}e\u{85}f",
    "\0",
    "{0} {1}",
    "[text](javascript:alert(1))",
    "![x](https://example.org/x)",
    "`code` | cell | **bold**",
    "@everyone #1 https://example.org",
    "\\\" \\n } # EOF",
    "# EOF",
    "\u{fffe}\u{ffff}\u{fdd0}\u{e0041}",
    "']]><a>&'\"",
];

/// The next number of a linear congruence (Knuth, MMIX).
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

/// A string of known troubles and of characters from everywhere.
fn hostile(number: u64) -> String {
    let mut state = SEED.wrapping_add(number);
    let pieces = 1 + next(&mut state) % 5;
    (0..pieces)
        .map(|_| match next(&mut state) % 3 {
            0 => char::from_u32((next(&mut state) % 0x11_0000) as u32).unwrap_or('\u{fffd}').to_string(),
            1 => char::from((next(&mut state) % 0x80) as u8).to_string(),
            _ => KNOWN[(next(&mut state) as usize) % KNOWN.len()].to_owned(),
        })
        .collect()
}

/// Puts a text wherever a vendor, a repository or a host name could have put it.
fn infect(report: &mut Report, text: &str) {
    let host = report.host.as_mut().unwrap();
    host.name = text.to_owned();
    host.distribution.codename = text.to_owned();
    report.command = text.to_owned();
    let completeness = report.completeness.as_mut().unwrap();
    completeness.reasons = vec![text.to_owned()];
    for feed in report.feeds.iter_mut().flatten() {
        feed.name = text.to_owned();
        feed.location = text.to_owned();
        feed.problem = Some(text.to_owned());
    }
    let findings = report.findings.as_mut().unwrap();
    findings.truncate(2);
    findings.iter_mut().for_each(|finding| infect_finding(finding, text));
}

fn infect_finding(finding: &mut Finding, text: &str) {
    let package = FindingPackage {
        name: PackageName::from(text),
        architecture: Architecture::from(text),
        ..(*finding.package).clone()
    };
    finding.package = Arc::new(package);
    finding.id = text.to_owned();
    finding.reason = text.into();
    finding.advisory = text.into();
    finding.announced_in = Some(text.into());
    finding.cves = Arc::from([text.to_owned()]);
    finding.feed = text.into();
}

/// Nothing that a terminal, a spreadsheet or an XML parser obeys is left.
fn assert_visible(format: Format, shown: &str, text: &str) {
    let is_layout = |c: char| c == '\n' || (c == '\r' && format == Format::Csv);
    let hidden = |c: &char| {
        (c.is_control() && !is_layout(*c))
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}' | '\u{feff}' | '\u{2028}' | '\u{2029}')
    };
    let found: Vec<char> = shown.chars().filter(hidden).collect();
    assert!(found.is_empty(), "{format:?} of {text:?}: {found:?}");
}

/// Every cell of the text, read as RFC 4180 has it.
fn cells(text: &str) -> Vec<Vec<String>> {
    let mut rows = vec![vec![String::new()]];
    let (mut quoted, mut chars) = (false, text.chars().peekable());
    while let Some(c) = chars.next() {
        let row = rows.last_mut().unwrap();
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                row.last_mut().unwrap().push(chars.next().unwrap())
            }
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(String::new()),
            '\r' if !quoted => assert_eq!(chars.next(), Some('\n')),
            c => row.last_mut().unwrap().push(c),
        }
        if c == '\r' && !quoted {
            rows.push(vec![String::new()]);
        }
    }
    rows.pop();
    rows
}

#[test]
fn a_thousand_hostile_strings_are_only_text_in_every_form() {
    let sound = report("scan");
    let mut hostile_report = sound.clone();
    hostile_report.packages = None;
    infect(&mut hostile_report, "x");
    let plain = rendered(&hostile_report, Format::Html);
    let skeleton = tags(&plain);
    let counts = |text: &str| (text.matches("<testcase").count(), text.matches("<error").count());
    for number in 0..1000 {
        let text =
            if number < KNOWN.len() as u64 { KNOWN[number as usize].to_owned() } else { hostile(number) };
        infect(&mut hostile_report, &text);
        for format in Format::ALL {
            let shown = rendered(&hostile_report, format);
            assert_visible(format, &shown, &text);
            match format {
                Format::Json => {
                    assert_eq!(serde_json::from_str::<Report>(&shown).unwrap(), hostile_report, "{text:?}");
                }
                Format::Sarif | Format::CycloneDx | Format::OpenVex => {
                    let value: Value = serde_json::from_str(&shown).unwrap();
                    // The schemas take their time: a sample of the made strings, and all known ones.
                    if number < KNOWN.len() as u64 || number % 100 == 0 {
                        match format {
                            Format::Sarif => assert_sarif(&value, &text),
                            Format::CycloneDx => assert_cyclonedx(&value, &text),
                            _ => assert_openvex(&value, &text),
                        }
                    }
                }
                Format::Junit => {
                    assert_eq!(counts(&shown).0, 4, "{text:?}: {shown}");
                    assert_well_formed(&shown, &text);
                }
                Format::Csv => {
                    let rows = cells(&shown);
                    assert!(rows.len() == 3 && rows.iter().all(|row| row.len() == 27), "{text:?}: {shown}");
                    let executes = |cell: &String| {
                        cell.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'])
                    };
                    assert!(!rows.iter().flatten().any(executes), "{text:?}: {shown}");
                }
                Format::OpenMetrics => {
                    assert!(
                        shown.ends_with("\n# EOF\n") && shown.matches("\n# EOF").count() == 1,
                        "{text:?}"
                    );
                }
                Format::Html => {
                    assert_eq!(tags(&shown), skeleton, "{text:?}");
                }
                Format::Markdown => {
                    let outside: String = shown.split('`').step_by(2).collect();
                    assert!(!outside.contains(['<', '[', '@', '!', '\\']), "{text:?}: {shown}");
                }
            }
        }
    }
}

/// The other documents that foreign text goes through: a fleet, a period, a comparison, and what a terminal shows.
#[test]
fn a_thousand_hostile_strings_are_only_text_in_every_other_document() {
    let sound = report("scan");
    let mut skeletons: Option<Vec<usize>> = None;
    for number in 0..1000 {
        let text =
            if number < KNOWN.len() as u64 { KNOWN[number as usize].to_owned() } else { hostile(number) };
        let mut one = sound.clone();
        one.packages = None;
        infect(&mut one, &text);
        let mut two = one.clone();
        let host = two.host.as_mut().unwrap();
        host.machine_id_hash = Some(Sha256::of(b"another"));
        let mut gathering = Gathering::default();
        gathering.add(&text, &one);
        gathering.add(&text, &two);
        gathering.refuse(&text, text.as_str());
        let fleet = gathering.fleet(sound.finished);
        let period = period(&text);
        let style = Style { unicode: number % 2 == 0, width: 72, ..Style::plain(sound.finished) };
        let difference = compare(&sound, &one, sound.finished);
        for shown in [fleet.text(&style), period.text(&style), difference.text(&style), one.text(&style)] {
            assert_visible(Format::Markdown, &shown, &text);
        }
        let written = |write: &dyn Fn(&mut Vec<u8>) -> Option<io::Result<()>>| {
            let mut bytes = Vec::new();
            write(&mut bytes).expect("the form is there").unwrap();
            String::from_utf8(bytes).unwrap()
        };
        let pages =
            [written(&|out| fleet.write(Format::Html, out)), written(&|out| period.write(Format::Html, out))];
        let found: Vec<usize> = pages.iter().map(|page| tags(page).len()).collect();
        pages.iter().for_each(|page| assert_visible(Format::Html, page, &text));
        assert_eq!(skeletons.get_or_insert(found.clone()), &found, "{text:?}");
        for table in
            [written(&|out| fleet.write(Format::Csv, out)), written(&|out| period.write(Format::Csv, out))]
        {
            assert_visible(Format::Csv, &table, &text);
            let rows = cells(&table);
            assert!(rows.iter().all(|row| row.len() == rows[0].len()), "{text:?}: {table}");
            let executes = |cell: &String| cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
            assert!(!rows.iter().flatten().any(executes), "{text:?}: {table}");
        }
        let markdown = written(&|out| period.write(Format::Markdown, out));
        assert_visible(Format::Markdown, &markdown, &text);
        let outside: String = markdown.split('`').step_by(2).collect();
        assert!(!outside.contains(['<', '[', '@', '!', '\\']), "{text:?}: {markdown}");
    }
}

fn period(text: &str) -> Period {
    let now = report("scan").finished;
    let closure = Closure {
        id: text.to_owned(),
        severity: Severity::High,
        published: Some(now),
        first_seen: None,
        due: None,
        closed: now,
    };
    let run = RunEntry {
        run: RunId::new(1),
        command: text.to_owned(),
        started: now,
        finished: None,
        phase: Phase::Operator,
        outcome: None,
        packages: 0,
        closed: 0,
        security: 0,
        problem: Some(text.to_owned()),
    };
    let background = Background { runs: vec![run], surveys: Vec::new(), closures: vec![closure] };
    Period::of(Identity::of(PERIOD_SCHEMA, now), (None, now), text.to_owned(), background)
}

/// The elements of a page in their order, as anything that reads HTML finds them: foreign text adds none and ends none.
fn tags(page: &str) -> Vec<&str> {
    page.split('<').skip(1).map(|rest| rest.split([' ', '>', '\n']).next().unwrap_or_default()).collect()
}

fn assert_well_formed(xml: &str, text: &str) {
    let mut reader = quick_xml::Reader::from_str(xml);
    loop {
        match reader.read_event().unwrap_or_else(|error| panic!("{text:?}: {error}")) {
            quick_xml::events::Event::Eof => return,
            quick_xml::events::Event::Start(element) | quick_xml::events::Event::Empty(element) => {
                for attribute in element.attributes() {
                    let attribute = attribute.unwrap_or_else(|error| panic!("{text:?}: {error}"));
                    assert!(!attribute.value.contains('<'), "{text:?}");
                }
            }
            _ => {}
        }
    }
}

#[test]
fn a_title_of_a_megabyte_does_not_bury_a_page() {
    let mut report = report("scan");
    report.packages = None;
    infect(&mut report, &"A<b>=".repeat(200_000));
    for (format, longest) in [(Format::Markdown, 20_000), (Format::Html, 120_000)] {
        let page = rendered(&report, format);
        assert!(page.len() < longest, "{format:?}: {} bytes", page.len());
        assert!(page.contains("more characters)"), "{format:?}");
    }
    // Other programs get the whole of it.
    assert!(rendered(&report, Format::Sarif).len() > 4_000_000);
}
