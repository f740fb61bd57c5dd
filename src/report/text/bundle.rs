//! What a bundle holds.

use super::header;
use super::sheet::{Sheet, Tone, Word};
use crate::report::bundle::{BundleAction, BundleDocument};
use crate::report::words;

/// Renders a bundle.
pub(super) fn render(document: &BundleDocument, sheet: &mut Sheet<'_>) {
    let done = match document.action {
        BundleAction::Create => "written",
        BundleAction::Verify => "whole: every member is what its manifest says",
    };
    let lead = format!(" {} ", sheet.style().tick());
    sheet.prose(&lead, &[Word::plain(document.file.as_str()), Word::new(done, Tone::Good)]);
    let plain = |text: &String| Word::plain(text.as_str());
    sheet.facts("feeds", &document.feeds.iter().map(plain).collect::<Vec<_>>());
    let plan = if document.has_plan { "with a sealed plan" } else { "without a plan" };
    let packages = words::count(document.archives.len() as u64, "archive", "archives");
    sheet.facts("packages", &[Word::plain(packages), Word::plain(plan)]);
    let lists = words::count(document.lists, "file", "files");
    sheet.fact("lists", &[Word::plain(format!("{lists} of what repositories offer"))]);
    if let Some(policy) = &document.policy {
        sheet.fact("policy", &[plain(policy)]);
    }
    let signer = match &document.signed_by {
        Some(signer) => Word::plain(signer.as_str()),
        None => Word::new("not proved here: feeds.bundle_key names the keys that count", Tone::Warn),
    };
    sheet.fact("signed by", &[signer]);
    sheet.gap();
    header::next(&format!("patchctl apply --bundle {}", document.file), sheet);
}
