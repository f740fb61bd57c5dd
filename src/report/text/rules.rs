//! Policy as it stands, what would be decided at a time, and what became of a rule.

use chrono::{DateTime, TimeDelta, Utc};

use super::sheet::{Row, Sheet, Tone, WIDEST_NAME, Word, left};
use super::{header, plan, words};
use crate::report::rules::{
    CentralEntry, Change, PolicyAction, PolicyDocument, PolicyPreview, PreviewChange, RebootEntry,
    RuleChange, RuleEntry, RuleKind, WindowState,
};

/// Renders the policy of a host.
pub(super) fn policy(document: &PolicyDocument, sheet: &mut Sheet<'_>) {
    if document.action == PolicyAction::Check {
        let count = words::count(document.rules.len() as u64, "block or waiver", "blocks and waivers");
        let text = format!("every file of the policy is sound; {count}");
        sheet.prose(&format!(" {} ", sheet.style().tick()), &[Word::new(text, Tone::Good)]);
    }
    if let Some(central) = &document.central {
        self::central(central, sheet);
    }
    values(document, sheet);
    for rule in &document.rules {
        sheet.gap();
        entry(rule, sheet);
    }
    remarks(&document.remarks, sheet);
    sheet.gap();
    header::next("patchctl policy preview", sheet);
}

/// Group, version and age of the central policy, and who signed it.
fn central(central: &CentralEntry, sheet: &mut Sheet<'_>) {
    let mut words = vec![Word::plain(format!("group {}", central.group))];
    match (central.version, central.issued) {
        (Some(version), Some(issued)) => {
            words.push(Word::new(format!("version {version}"), Tone::Strong));
            words.push(Word::plain(format!("issued {}", issued.format("%Y-%m-%d"))));
        }
        _ => words.push(Word::new("never taken", Tone::Strong)),
    }
    let now = sheet.style().now;
    words.extend(
        central
            .checked
            .map(|time| Word::plain(format!("asked for {}", crate::report::words::ago(time, now)))),
    );
    sheet.facts("central", &words);
    sheet.fact("", &[Word::new(central.location.as_str(), Tone::Dim)]);
    if let Some(signer) = &central.signed_by {
        sheet.fact("", &[Word::new(format!("signed by {signer}"), Tone::Dim)]);
    }
    sheet.gap();
}

fn values(document: &PolicyDocument, sheet: &mut Sheet<'_>) {
    let longest = document.values.iter().map(|value| value.key.len()).max().unwrap_or(0);
    for value in &document.values {
        let lead = format!(" {}  ", left(&value.key, longest));
        let place = match &value.place {
            Some(place) => Word::new(format!("({place})"), Tone::Dim),
            None => Word::new("(default)", Tone::Dim),
        };
        sheet.prose(&lead, &[Word::plain(value.value.as_str()), place]);
    }
    if let Some(ring) = &document.ring {
        sheet.gap();
        sheet.fact("ring", &[Word::plain(format!("this host belongs to {ring}"))]);
    }
}

fn entry(rule: &RuleEntry, sheet: &mut Sheet<'_>) {
    let kind = match rule.kind {
        RuleKind::Block => "block",
        RuleKind::Waiver => "waiver",
    };
    let tone = if rule.holds { Tone::Strong } else { Tone::Dim };
    let state = if rule.holds { "" } else { " (over)" };
    sheet.prose(" ", &[Word::new(format!("{kind} {}: {}{state}", rule.name, rule.subject), tone)]);
    sheet.prose("     ", &[Word::plain(rule.words.as_str())]);
    sheet.prose("     ", &[Word::new(rule.place.to_string(), Tone::Dim)]);
}

fn remarks(remarks: &[String], sheet: &mut Sheet<'_>) {
    if !remarks.is_empty() {
        sheet.gap();
    }
    for remark in remarks {
        header::alert(remark, sheet);
    }
}

/// Renders what became of rules.
pub(super) fn change(document: &RuleChange, sheet: &mut Sheet<'_>) {
    for rule in &document.rules {
        let what = match document.change {
            Change::Added => "written",
            Change::Removed => "removed",
        };
        let lead = format!(" {} ", sheet.style().tick());
        sheet.prose(&lead, &[Word::new(format!("{what}: {}", rule.place.file), Tone::Good)]);
        entry(rule, sheet);
    }
    remarks(&document.remarks, sheet);
    sheet.gap();
    header::next("patchctl policy preview", sheet);
}

/// Renders what would be decided at a time.
pub(super) fn preview(document: &PolicyPreview, sheet: &mut Sheet<'_>) {
    let mut head = vec![
        Word::new(document.host.as_str(), Tone::Strong),
        Word::plain(format!("as of {}", time(document.as_of))),
    ];
    head.extend(document.ring.as_ref().map(|ring| Word::plain(format!("ring {ring}"))));
    sheet.items("", &head);
    sheet.gap();
    window(document, sheet);
    if let Some(reboot) = &document.reboot {
        sheet.fact("reboot", &[Word::plain(when_rebooted(reboot))]);
    }
    for freeze in &document.freezes {
        let text = format!("{} ({})", freeze.words, freeze.place);
        sheet.fact("freeze", &[Word::new(text, if freeze.active { Tone::Warn } else { Tone::Plain })]);
    }
    patch(&document.patch, sheet);
    plan::held(&document.held, sheet);
    remarks(&document.remarks, sheet);
    sheet.gap();
    header::next("patchctl plan", sheet);
}

fn window(document: &PolicyPreview, sheet: &mut Sheet<'_>) {
    let (text, tone) = match document.window {
        WindowState::Unlimited => ("at any time: no window is configured".to_owned(), Tone::Plain),
        WindowState::Open { until } => (format!("open until {}", time(until)), Tone::Good),
        WindowState::Closed => ("closed".to_owned(), Tone::Warn),
    };
    sheet.fact("window", &[Word::new(text, tone)]);
    for opening in &document.openings {
        let (opens, closes) = (time(opening.opens), time(opening.closes));
        let mut text = format!("opens {opens}, {}", length(opening.closes - opening.opens));
        if opening.scheduled != opening.opens {
            text.push_str(&format!("; this host starts {}", opening.scheduled.format("%H:%M")));
        }
        // A window that lasts for days says when it ends.
        if opening.closes - opening.opens >= TimeDelta::days(1) {
            text.push_str(&format!("; closes {closes}"));
        }
        sheet.fact("", &[Word::plain(text)]);
    }
}

fn when_rebooted(reboot: &RebootEntry) -> String {
    let when = match (reboot.window, reboot.next) {
        (WindowState::Unlimited, _) => "at any time".to_owned(),
        (WindowState::Open { until }, _) => format!("until {}", time(until)),
        (WindowState::Closed, Some(next)) => format!("not before {}", time(next)),
        (WindowState::Closed, None) => return "never: no window for it opens any more".to_owned(),
    };
    match reboot.wait_seconds {
        0 => format!("{when}, whoever is logged in"),
        seconds => format!("{when}; people who are logged in have {} min", seconds.div_ceil(60)),
    }
}

fn patch(changes: &[PreviewChange], sheet: &mut Sheet<'_>) {
    sheet.gap();
    if changes.is_empty() {
        return sheet.prose(" ", &[Word::plain("nothing would be patched")]);
    }
    let text = format!("{} would be patched", words::packages(changes.len()));
    sheet.prose(" ", &[Word::new(text, Tone::Good)]);
    let longest = changes.iter().map(|change| change.package.as_str().len()).max().unwrap_or(0);
    for change in changes {
        let row = Row {
            lead: Word::plain("       "),
            title: change.package.to_string(),
            names: longest.min(WIDEST_NAME),
            versions: format!("{} {} {}", change.from, sheet.style().arrow(), change.to),
        };
        let closes = if change.closes.is_empty() { String::new() } else { words::cves(change.closes.len()) };
        sheet.row_with(&row, &[closes, String::new()]);
    }
}

/// Windows are told in UTC, so that nobody has to guess a zone.
pub(super) fn time(time: DateTime<Utc>) -> String {
    time.format("%a %Y-%m-%d %H:%M UTC").to_string()
}

fn length(span: TimeDelta) -> String {
    match (span.num_minutes() % 60, span.num_hours()) {
        (0, hours) => format!("{hours} h"),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, hours) => format!("{hours} h {minutes} min"),
    }
}
