//! The plan: what would change or was to be changed, what is held and why, and what to know before.

use std::collections::HashSet;
use std::io::{self, Write};

use super::super::schema::Report;
use super::super::words::{self, count};
use super::part::{code, end_section, end_table, fact, row, section, table, text};
use crate::model::decision::Held;
use crate::model::plan::{Action, ActionKind, PatchPlan, Reversibility};
use crate::model::version::Version;

/// Names of holes that a cell shows; the rest is counted.
const NAMES: usize = 6;

/// Writes the plan, where there is one.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let Some(plan) = &report.plan else { return Ok(()) };
    section(out, "plan", "Plan")?;
    facts(plan, out)?;
    warnings(plan, out)?;
    changes(plan, out)?;
    held(&plan.held, out)?;
    beside(plan, out)?;
    end_section(out)
}

fn facts(plan: &PatchPlan, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<dl class=\"facts card\">")?;
    fact(out, "seal", code(&plan.id.to_string()))?;
    fact(
        out,
        "changes",
        format!(
            "{} in {}",
            words::packages(plan.actions().count()),
            count(plan.steps.len() as u64, "step", "steps")
        ),
    )?;
    fact(out, "closes", closes(plan))?;
    fact(out, "download", words::size(plan.download_bytes))?;
    fact(out, "protected by", text(&plan.snapshot.provider))?;
    fact(out, "not covered", listed(&plan.snapshot.does_not_cover))?;
    fact(out, "reboot", plan.reboot.as_deref().map_or_else(|| "not needed".to_owned(), text))?;
    writeln!(out, "</dl>")
}

/// What it closes; where no feed names that, how many of its updates are for security.
fn closes(plan: &PatchPlan) -> String {
    let updates = plan.actions().filter(|action| action.security).count() as u64;
    match (plan.closes().len(), updates) {
        (0, 1..) => format!("what {} close", count(updates, "security update", "security updates")),
        (number, _) => words::cves(number),
    }
}

fn listed(texts: &[String]) -> String {
    if texts.is_empty() {
        "–".to_owned()
    } else {
        texts.iter().map(|each| text(each)).collect::<Vec<_>>().join(", ")
    }
}

fn warnings(plan: &PatchPlan, out: &mut dyn Write) -> io::Result<()> {
    if plan.warnings.is_empty() {
        return Ok(());
    }
    writeln!(out, "<div class=\"alert\"><p><strong>Before you say yes</strong></p><ul>")?;
    for warning in &plan.warnings {
        writeln!(out, "<li>{}</li>", text(warning))?;
    }
    writeln!(out, "</ul></div>")
}

fn changes(plan: &PatchPlan, out: &mut dyn Write) -> io::Result<()> {
    if plan.is_empty() {
        return writeln!(out, "<p>There is nothing to change.</p>");
    }
    let whys: HashSet<&str> = plan.actions().map(|action| action.why.as_str()).collect();
    if let (1, Some(why)) = (whys.len(), whys.iter().next()) {
        writeln!(out, "<p class=\"small\">{}: {}</p>", words::packages(plan.actions().count()), text(why))?;
    }
    table(out, "Changes, in order", &["package", "step", "from", "to", "closes", "way back"])?;
    for step in &plan.steps {
        for action in &step.actions {
            row(out, &change(step.ordinal, action, whys.len() > 1))?;
        }
    }
    end_table(out)
}

fn change(step: u32, action: &Action, has_own_why: bool) -> [String; 6] {
    let kind = match action.kind {
        ActionKind::Upgrade => "",
        ActionKind::Install => " (new)",
        ActionKind::Add => " (beside the old)",
        ActionKind::Downgrade => " (older)",
        ActionKind::Remove => " (removed)",
    };
    let version = |version: &Option<Version>| {
        version.as_ref().map_or("–".to_owned(), |version| code(version.as_str()))
    };
    let back = match action.reversible {
        Reversibility::Reversible => "yes",
        Reversibility::Reconstructed => "rebuilt from installed files",
        Reversibility::SnapshotOnly => "snapshot only",
        Reversibility::NotReversible => "<strong>none</strong>",
    };
    let kept = action.not_undone.as_ref();
    let kept = kept.map_or_else(String::new, |kept| small(&format!("it does not undo {kept}")));
    let why = if has_own_why { small(&action.why) } else { String::new() };
    [
        format!("{}{kind}{}", text(action.package.as_str()), small(&action.origin)),
        step.to_string(),
        version(&action.from),
        version(&action.to),
        names(&action.closes),
        format!("{back}{why}{kept}"),
    ]
}

/// A line below what a cell says.
fn small(line: &str) -> String {
    if line.is_empty() { String::new() } else { format!("<p class=\"small\">{}</p>", text(line)) }
}

/// Names of holes, the first few.
pub(super) fn names(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(NAMES).map(|name| text(name)).collect();
    match names.len().saturating_sub(NAMES) {
        0 if shown.is_empty() => "–".to_owned(),
        0 => shown.join(" "),
        more => format!("{} <span class=\"dim\">and {more} more</span>", shown.join(" ")),
    }
}

fn held(held: &[Held], out: &mut dyn Write) -> io::Result<()> {
    if held.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h3>Held</h3>")?;
    table(out, "What stays as it is, and why", &["package", "installed", "would be", "cause", "keeps open"])?;
    for item in held {
        let causes: Vec<String> = item
            .cause_chain
            .iter()
            .map(|cause| {
                format!(
                    "<li>{}: {}<p class=\"small\">{}</p></li>",
                    text(&cause.subject),
                    cause.reason.words(),
                    text(&cause.detail)
                )
            })
            .collect();
        row(
            out,
            &[
                text(item.package.as_str()),
                code(item.installed.as_str()),
                item.candidate.as_ref().map_or("–".to_owned(), |version| code(version.as_str())),
                format!("<ol class=\"causes\">{}</ol>", causes.concat()),
                names(&item.keeps_open),
            ],
        )?;
    }
    end_table(out)
}

/// Edited configuration files and services that will run old code.
fn beside(plan: &PatchPlan, out: &mut dyn Write) -> io::Result<()> {
    if !plan.conffiles.is_empty() {
        table(out, "Configuration files that were edited here", &["file", "package", "what happens"])?;
        for file in &plan.conffiles {
            row(out, &[code(&file.path), text(file.package.as_str()), text(&file.outcome)])?;
        }
        end_table(out)?;
    }
    if !plan.restarts.is_empty() {
        table(out, "Services on code that is replaced", &["service or process", "because of"])?;
        for restart in &plan.restarts {
            let packages: Vec<String> = restart.because_of.iter().map(|name| text(name.as_str())).collect();
            row(out, &[text(&restart.name), packages.join(", ")])?;
        }
        end_table(out)?;
    }
    Ok(())
}
