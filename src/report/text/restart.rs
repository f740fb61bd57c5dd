//! What still runs replaced code: services first, because they can be restarted, then the rest, then the kernel.

use super::sheet::{Sheet, Tone, Word};
use super::{header, words};
use crate::report::documents::NeedsRestartDocument;
use crate::report::restart::OldCode;

/// Renders the answer of `needs-restart`.
pub(super) fn render(document: &NeedsRestartDocument, sheet: &mut Sheet<'_>) {
    sheet.items("", &header::identity(&document.host));
    sheet.gap();
    let restart = &document.restart;
    group("services on replaced code", &restart.services, sheet);
    group("processes on replaced code", &restart.processes, sheet);
    group("in containers and sandboxes, with files of their own", &restart.elsewhere, sheet);
    if restart.count() == 0 {
        let text = "no service or process of this host runs replaced code";
        sheet.prose(&format!(" {} ", sheet.style().tick()), &[Word::new(text, Tone::Good)]);
    }
    kernel(document, sheet);
    if document.unreadable > 0 {
        let number = words::count(document.unreadable, "process", "processes");
        header::alert(
            &format!("{number} could not be looked at; those of other users only root sees"),
            sheet,
        );
    }
    sheet.gap();
    header::next(&next_command(document), sheet);
}

fn group(title: &str, users: &[OldCode], sheet: &mut Sheet<'_>) {
    if users.is_empty() {
        return;
    }
    sheet.prose(" ", &[Word::new(title, Tone::Strong)]);
    for user in users {
        let mut items = vec![Word::new(user.name.as_str(), Tone::Warn)];
        let names: Vec<&str> = user.packages.iter().map(|name| name.as_str()).collect();
        let names = if names.is_empty() { "of no package".to_owned() } else { names.join(", ") };
        items.push(Word::plain(names));
        if !user.keeps_open.is_empty() {
            items.push(Word::new(format!("keeps {} open", words::cves(user.keeps_open.len())), Tone::Bad));
        }
        sheet.items("   ", &items);
        if let Some(reason) = &user.left_because {
            sheet.prose("     ", &[Word::new(format!("not restarted by a run: {reason}"), Tone::Dim)]);
        }
    }
    sheet.gap();
}

fn kernel(document: &NeedsRestartDocument, sheet: &mut Sheet<'_>) {
    let kernel = &document.host.kernel;
    if let Some(reason) = &document.restart.reboot {
        header::alert(&format!("reboot due: {reason}"), sheet);
    }
    if !document.reboot_keeps_open.is_empty() {
        let number = words::cves(document.reboot_keeps_open.len());
        sheet.prose("   ", &[Word::new(format!("until then it keeps {number} open"), Tone::Bad)]);
    }
    if let Some(running) = &kernel.running {
        sheet.fact("kernel", &[Word::plain(running.as_str())]);
    }
    if let Some(next) = kernel.next_boot.as_ref().filter(|next| Some(*next) != kernel.running.as_ref()) {
        sheet.fact("next boot", &[Word::plain(next.as_str())]);
    }
    if !kernel.leftover.is_empty() {
        let names: Vec<Word> = kernel.leftover.iter().map(|name| Word::plain(name.as_str())).collect();
        sheet.facts("left over", &names);
    }
}

fn next_command(document: &NeedsRestartDocument) -> String {
    let restart = &document.restart;
    let names: Vec<&str> = restart
        .services
        .iter()
        .filter(|service| service.left_because.is_none())
        .map(|service| service.name.as_str())
        .collect();
    match (&restart.reboot, names.as_slice()) {
        (Some(_), _) => "systemctl reboot".to_owned(),
        (None, []) => "patchctl status".to_owned(),
        (None, names) => format!("systemctl restart {}", names.join(" ")),
    }
}
