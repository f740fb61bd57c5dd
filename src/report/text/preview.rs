//! What a way back would do, and how two plans differ.

use std::collections::HashSet;

use super::header;
use super::plan::told;
use super::sheet::{Row, Sheet, Tone, WIDEST_NAME, Word};
use super::style::Detail;
use super::words;
use crate::report::documents::{PlanDifference, RollbackPreview};

/// Renders what the way back of a run would do.
pub(super) fn render(preview: &RollbackPreview, sheet: &mut Sheet<'_>) {
    let title = Word::new(format!("way back of run {}", preview.run), Tone::Strong);
    sheet.items("", &[title, Word::plain(words::packages(preview.actions.len()))]);
    for obstacle in &preview.obstacles {
        let cross = sheet.style().cross();
        sheet.prose(&format!(" {cross} "), &[Word::new(obstacle.as_str(), Tone::Bad)]);
    }
    if let Some(snapshot) = &preview.snapshot {
        let text = format!("the whole root goes back to the snapshot {snapshot}");
        sheet.prose(" ", &[Word::plain(text)]);
    }
    changes(preview, sheet);
    sheet.gap();
    lost(preview, sheet);
    lists(preview, sheet);
    sheet.gap();
    let command = if preview.obstacles.is_empty() {
        let level = if preview.snapshot.is_some() { " --snapshot" } else { "" };
        let loss = if preview.lost.is_empty() { "" } else { " --accept-lost" };
        format!("patchctl rollback {}{level}{loss}", preview.run)
    } else {
        format!("patchctl history show {}", preview.run)
    };
    header::next(&command, sheet);
}

fn changes(preview: &RollbackPreview, sheet: &mut Sheet<'_>) {
    sheet.gap();
    let longest = preview.actions.iter().map(|action| action.package.as_str().len()).max().unwrap_or(0);
    for action in &preview.actions {
        let arrow = sheet.style().arrow();
        let from = action.from.as_ref().map_or_else(|| "not installed".to_owned(), ToString::to_string);
        let to = action.to.as_ref().map_or_else(|| "REMOVED".to_owned(), ToString::to_string);
        sheet.row(&Row {
            lead: Word::plain(" "),
            title: action.package.to_string(),
            names: longest.min(WIDEST_NAME),
            versions: format!("{from} {arrow} {to}"),
        });
    }
}

fn lists(preview: &RollbackPreview, sheet: &mut Sheet<'_>) {
    let words = |texts: &[String]| texts.iter().map(|text| Word::plain(text.as_str())).collect::<Vec<_>>();
    let configuration = match sheet.style().detail {
        Detail::All => preview.configuration.clone(),
        _ => by_folder(&preview.configuration),
    };
    for (label, texts) in
        [("put back", &configuration), ("services", &preview.services), ("not as was", &preview.not_restored)]
    {
        if !texts.is_empty() {
            sheet.facts(label, &words(texts));
        }
    }
    if !preview.reopens.is_empty() {
        let number = words::cves(preview.reopens.len());
        sheet.list(&format!(" ! {number} open again: "), &told(&preview.reopens));
    }
}

/// Files of one folder that are told by name; more of them are told as a number: a new set of certificates changes a
/// hundred links.
const OF_ONE_FOLDER: usize = 4;

/// Paths in their order, those of a crowded folder as one.
fn by_folder(paths: &[String]) -> Vec<String> {
    let folder = |path: &str| path.rsplit_once('/').map_or(String::new(), |(folder, _)| folder.to_owned());
    let mut told: Vec<String> = Vec::new();
    for path in paths {
        let own = folder(path);
        let siblings = paths.iter().filter(|other| folder(other) == own).count();
        match siblings > OF_ONE_FOLDER {
            true => told.push(format!("{own} ({siblings} files)")),
            false => told.push(path.clone()),
        }
    }
    let mut seen = HashSet::new();
    told.retain(|text| seen.insert(text.clone()));
    told
}

/// Paths told of what would be lost before the rest becomes a number.
const LOST: usize = 12;

fn lost(preview: &RollbackPreview, sheet: &mut Sheet<'_>) {
    if preview.lost.is_empty() {
        return;
    }
    let number = words::count(preview.lost.len() as u64, "path", "paths");
    let text = format!("{number} changed since the snapshot would be lost");
    header::alert(&text, sheet);
    for path in preview.lost.iter().take(LOST) {
        sheet.prose("     ", &[Word::plain(path.as_str())]);
    }
    if preview.lost.len() > LOST {
        let text = format!("+{} more (--format json tells all)", preview.lost.len() - LOST);
        sheet.prose("     ", &[Word::new(text, Tone::Dim)]);
    }
}

/// Renders how two plans differ.
pub(super) fn difference(difference: &PlanDifference, sheet: &mut Sheet<'_>) {
    let arrow = sheet.style().arrow();
    let title = format!("plan {} {arrow} {}", difference.before, difference.after);
    sheet.line(&[Word::new(title, Tone::Strong)]);
    let is_same = difference.changes.is_empty()
        && difference.closes_more.is_empty()
        && difference.closes_less.is_empty()
        && difference.newly_held.is_empty();
    if is_same {
        sheet.prose(" ", &[Word::plain("the same changes")]);
    }
    sheet.gap();
    let longest = difference.changes.iter().map(|change| change.package.len()).max().unwrap_or(0);
    for change in &difference.changes {
        let shown = |version: &Option<crate::model::version::Version>| {
            version.as_ref().map_or_else(|| "not in the plan".to_owned(), ToString::to_string)
        };
        sheet.row(&Row {
            lead: Word::plain(" "),
            title: change.package.clone(),
            names: longest.min(WIDEST_NAME),
            versions: format!("{} {arrow} {}", shown(&change.before), shown(&change.after)),
        });
    }
    consequences(difference, sheet);
    sheet.gap();
    header::next("patchctl apply PLAN", sheet);
}

fn consequences(difference: &PlanDifference, sheet: &mut Sheet<'_>) {
    for (ids, text) in [(&difference.closes_more, "more"), (&difference.closes_less, "fewer")] {
        if !ids.is_empty() {
            sheet.list(&format!(" closes {} {text}: ", ids.len()), &told(ids));
        }
    }
    for held in &difference.newly_held {
        let cause = held.cause_chain.last().map(|cause| cause.detail.as_str()).unwrap_or_default();
        header::alert(&format!("{} is held now: {cause}", held.package), sheet);
    }
}

#[cfg(test)]
mod tests {
    use super::by_folder;

    #[test]
    fn a_crowded_folder_is_told_as_a_number() {
        let mut paths = vec!["/etc/ca-certificates.conf".to_owned()];
        paths.extend((0..112).map(|number| format!("/etc/ssl/certs/{number}.0")));
        paths.push("/etc/ssl/openssl.cnf".to_owned());
        assert_eq!(
            by_folder(&paths),
            ["/etc/ca-certificates.conf", "/etc/ssl/certs (112 files)", "/etc/ssl/openssl.cnf"]
        );
    }
}
