//! A plan: every change, what it closes, what stays, what protects it, and what comes after.

use super::header;
use super::policy;
use super::sheet::{Row, Sheet, Tone, WIDEST_NAME, Word, right};
use super::style::Detail;
use super::words;
use crate::model::decision::{Cause, Held};
use crate::model::plan::{Action, ActionKind, PatchPlan, Reversibility};
use crate::model::snapshot::RollbackKind;
use crate::report::schema::Report;

/// Margin, four columns of step, a gap of two.
const MARGIN: &str = "       ";
/// Identifiers told of one change before the rest becomes a number.
const TOLD: usize = 3;
/// What is said of a change whose security pocket names no vulnerability.
const SECURITY: &str = "security";
/// Held packages told before the rest becomes a number.
const HELD: usize = 8;

/// Renders the report of a plan with what to type next.
pub(super) fn render(report: &Report, plan: &PatchPlan, sheet: &mut Sheet<'_>) {
    let file = report.files.as_ref().and_then(|files| files.plan.as_deref());
    body(plan, sheet);
    policy::notes(report, sheet);
    header::incomplete(report, sheet);
    let command = match (plan.is_empty(), file) {
        (true, _) => "patchctl scan --all".to_owned(),
        (false, Some(file)) => format!("patchctl apply {file}"),
        (false, None) => "patchctl apply".to_owned(),
    };
    header::next(&command, sheet);
}

/// Renders a plan alone, for somebody who is about to be asked.
pub(super) fn body(plan: &PatchPlan, sheet: &mut Sheet<'_>) {
    title(plan, sheet);
    for warning in &plan.warnings {
        header::alert(warning, sheet);
    }
    steps(plan, sheet);
    held(&plan.held, sheet);
    sheet.gap();
    if !plan.is_empty() {
        way_back(plan, sheet);
        afterwards(plan, sheet);
        room(plan, sheet);
        sheet.gap();
    }
}

fn title(plan: &PatchPlan, sheet: &mut Sheet<'_>) {
    let mut items = vec![Word::new(format!("plan {}", plan.id.short()), Tone::Strong)];
    if plan.is_empty() {
        items.push(Word::plain("nothing to do"));
        return sheet.items("", &items);
    }
    items.push(Word::plain(words::packages(plan.actions().count())));
    let security = plan.actions().filter(|action| action.security).count() as u64;
    if security > 0 {
        let text = words::count(security, "security update", "security updates");
        items.push(Word::new(text, Tone::Good));
    }
    if !plan.closes().is_empty() {
        items.push(Word::new(format!("closes {}", words::cves(plan.closes().len())), Tone::Good));
    }
    items.push(Word::plain(words::size(plan.download_bytes)));
    sheet.items("", &items);
}

fn steps(plan: &PatchPlan, sheet: &mut Sheet<'_>) {
    sheet.gap();
    let longest = plan.actions().map(|action| action.package.as_str().len()).max().unwrap_or(0);
    // What the title says of all of them no line says again.
    let is_said = plan.actions().all(|action| marks(action) == [SECURITY]);
    for step in &plan.steps {
        for (place, action) in step.actions.iter().enumerate() {
            let number = if place == 0 { step.ordinal.to_string() } else { String::new() };
            let row = Row {
                lead: Word::new(format!(" {}  ", right(&number, 4)), Tone::Dim),
                title: action.package.to_string(),
                names: longest.min(WIDEST_NAME),
                versions: change(action, sheet.style().arrow()),
            };
            sheet.row_with(&row, &if is_said { Vec::new() } else { marks(action) });
            particulars(action, sheet);
        }
    }
}

/// What is told of a change behind its versions, the longest first: the line takes the first that fits.
fn marks(action: &Action) -> Vec<String> {
    let closes = match action.closes.len() {
        0 if action.security => SECURITY.to_owned(),
        0 => String::new(),
        number => words::cves(number),
    };
    match (action.reversible, closes.is_empty()) {
        (Reversibility::Reconstructed, false) => vec![format!("{closes}, rebuilt"), closes],
        (Reversibility::Reconstructed, true) => vec!["rebuilt".to_owned(), String::new()],
        _ => vec![closes],
    }
}

/// `old → new`, or the words for what has no old or no new.
fn change(action: &Action, arrow: &str) -> String {
    let (from, to) = (action.from.as_ref(), action.to.as_ref());
    let shown = |version: Option<&crate::model::version::Version>, none: &str| {
        version.map_or_else(|| none.to_owned(), ToString::to_string)
    };
    let kind = match action.kind {
        ActionKind::Add => return format!("+ {} (the present one stays)", shown(to, "")),
        ActionKind::Upgrade | ActionKind::Install | ActionKind::Remove => "",
        ActionKind::Downgrade => " (downgrade)",
    };
    format!("{} {arrow} {}{kind}", shown(from, "not installed"), shown(to, "REMOVED"))
}

/// What one line cannot hold: every identifier where all is asked for, and a way back that is not whole or none.
fn particulars(action: &Action, sheet: &mut Sheet<'_>) {
    if sheet.style().detail == Detail::All && !action.closes.is_empty() {
        let ids: Vec<Word> = action.closes.iter().map(|id| Word::plain(id.as_str())).collect();
        sheet.list(&format!("{MARGIN}closes "), &ids);
    }
    if let Some(kept) = &action.not_undone {
        sheet.prose(MARGIN, &[Word::new(format!("a way back does not undo {kept}"), Tone::Warn)]);
    }
    let (text, tone) = match action.reversible {
        Reversibility::Reversible | Reversibility::Reconstructed => return,
        Reversibility::SnapshotOnly => ("way back: the file system snapshot alone", Tone::Warn),
        Reversibility::NotReversible => ("NO WAY BACK", Tone::Alarm),
    };
    sheet.prose(MARGIN, &[Word::new(format!("{text}: {}", action.why), tone)]);
}

/// The first identifiers, and how many more there are.
pub(super) fn told(ids: &[String]) -> Vec<Word> {
    let mut items: Vec<Word> = ids.iter().take(TOLD).map(|id| Word::plain(id.as_str())).collect();
    if ids.len() > TOLD {
        items.push(Word::new(format!("+{} more", ids.len() - TOLD), Tone::Dim));
    }
    items
}

/// What stays as it is: each with the chain of causes down to the root.
pub(super) fn held(held: &[Held], sheet: &mut Sheet<'_>) {
    if held.is_empty() {
        return;
    }
    sheet.gap();
    sheet.prose(" ", &[Word::new(format!("{} held back", words::packages(held.len())), Tone::Warn)]);
    let names = held.iter().map(|item| item.package.as_str().len()).max().unwrap_or(0).min(WIDEST_NAME);
    let shown = if sheet.style().detail == Detail::All { held.len() } else { held.len().min(HELD) };
    let held_alike = alike(held);
    let mut left = shown;
    for group in &held_alike {
        let rows = &group[..group.len().min(left)];
        left -= rows.len();
        if rows.is_empty() {
            break;
        }
        rows.iter().for_each(|item| held_row(item, names, sheet));
        causes(group[0], sheet);
    }
    if shown < held.len() {
        let lead = format!("{MARGIN}{} ", sheet.style().ellipsis());
        let text = format!("{} more held back (patchctl plan -v)", held.len() - shown);
        sheet.prose(&lead, &[Word::new(text, Tone::Dim)]);
    }
}

/// Packages that are held for the same causes stand together, so that these are told once; the first of each first.
fn alike(held: &[Held]) -> Vec<Vec<&Held>> {
    let causes = |item: &Held| -> Vec<String> {
        let told = |(depth, cause): (usize, &Cause)| match depth {
            0 => format!("{:?} {}", cause.reason, cause.detail),
            _ => format!("{:?} {} {}", cause.reason, cause.subject, cause.detail),
        };
        item.cause_chain.iter().enumerate().map(told).chain(item.keeps_open.iter().cloned()).collect()
    };
    let mut groups: Vec<(Vec<String>, Vec<&Held>)> = Vec::new();
    for item in held {
        let key = causes(item);
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, group)) => group.push(item),
            None => groups.push((key, vec![item])),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

fn held_row(item: &Held, names: usize, sheet: &mut Sheet<'_>) {
    let arrow = sheet.style().arrow();
    let candidate = item.candidate.as_ref().map(|version| format!(" {arrow} {version}")).unwrap_or_default();
    sheet.row(&Row {
        lead: Word::plain(MARGIN),
        title: item.package.to_string(),
        names,
        versions: format!("{}{candidate}", item.installed),
    });
}

fn causes(item: &Held, sheet: &mut Sheet<'_>) {
    for (depth, cause) in item.cause_chain.iter().enumerate() {
        let lead = format!("{MARGIN}{}", "  ".repeat(depth.min(5)));
        let is_new = depth == 0 || Some(cause.reason) != item.cause_chain.first().map(|first| first.reason);
        let words = if is_new { format!("{}: ", cause.reason.words()) } else { String::new() };
        let subject = if depth == 0 { String::new() } else { format!("{}: ", cause.subject) };
        let text = format!("{subject}{words}{}", cause.detail);
        sheet.prose(&lead, &[Word::new(text, if depth == 0 { Tone::Warn } else { Tone::Plain })]);
    }
    if !item.keeps_open.is_empty() {
        sheet.list(&format!("{MARGIN}keeps open "), &told(&item.keeps_open));
    }
}

fn way_back(plan: &PatchPlan, sheet: &mut Sheet<'_>) {
    let count = |kind: Reversibility| plan.actions().filter(|action| action.reversible == kind).count();
    let none = count(Reversibility::NotReversible);
    let mut items = vec![Word::plain(plan.snapshot.provider.as_str())];
    for (number, text) in [
        (count(Reversibility::Reversible), "reversible"),
        (count(Reversibility::Reconstructed), "rebuilt from the installed files"),
        (count(Reversibility::SnapshotOnly), "by snapshot alone"),
    ] {
        if number > 0 {
            items.push(Word::plain(format!("{number} {text}")));
        }
    }
    if none > 0 {
        items.push(Word::new(format!("{none} WITHOUT A WAY BACK"), Tone::Alarm));
    }
    sheet.facts("way back", &items);
    let words = |texts: &[String]| texts.iter().map(|text| Word::plain(text.as_str())).collect::<Vec<_>>();
    if plan.snapshot.rollback != RollbackKind::PackagesOnly {
        sheet.facts("covered", &words(&plan.snapshot.covers));
    }
    if !plan.snapshot.does_not_cover.is_empty() {
        sheet.facts("not covered", &words(&plan.snapshot.does_not_cover));
    }
}

fn afterwards(plan: &PatchPlan, sheet: &mut Sheet<'_>) {
    if !plan.restarts.is_empty() {
        let names: Vec<Word> = plan.restarts.iter().map(|item| Word::plain(item.name.as_str())).collect();
        sheet.facts("restarts", &names);
    }
    if let Some(reason) = &plan.reboot {
        sheet.fact("reboot", &[Word::new(reason.as_str(), Tone::Warn)]);
    }
    for file in &plan.conffiles {
        let text = format!("{} ({}): {}", file.path, file.package, file.outcome);
        sheet.fact("your edit", &[Word::plain(text)]);
    }
}

fn room(plan: &PatchPlan, sheet: &mut Sheet<'_>) {
    for need in &plan.space {
        let (needed, free) = (words::size(need.needed_bytes), words::size(need.free_bytes));
        let text = format!("{}: needs {needed}, {free} free", need.mount);
        let (text, tone) = match (need.fits(), need.needed_bytes <= need.free_bytes) {
            (true, _) => (text, Tone::Plain),
            _ if need.read_only => (format!("{}: READ-ONLY", need.mount), Tone::Bad),
            (false, false) => (format!("{text}: TOO LITTLE"), Tone::Bad),
            (false, true) => (format!("{}: TOO FEW INODES", need.mount), Tone::Bad),
        };
        sheet.fact("room", &[Word::new(text, tone)]);
    }
}
