//! Evidence of this host and of others: written after a rehearsal or a run, and asked for before a run.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use super::context::Context;
use super::request::{Override, Overrides};
use super::{rules, signature};
use crate::host::storage::{self, StorageError};
use crate::host::trust::{Distrust, distrust};
use crate::model::decision::{RehearsalBoot, Selection};
use crate::model::duration;
use crate::model::evidence::{Evidence, EvidenceKind, Trial};
use crate::model::failure::{Failure, FailureKind};
use crate::model::plan::{Action, PatchPlan};
use crate::observe::Event;
use crate::report::rehearsal::EvidenceReference;

/// Evidence of a plan of a thousand packages has some hundred kilobytes.
const LARGEST: u64 = 16 * 1024 * 1024;

/// Changes named in a refusal before the rest becomes a number.
const NAMED: usize = 4;

/// What a rehearsal or a run proved of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Which of the two.
    pub kind: EvidenceKind,
    /// What speaks against the plan; nothing where it passed.
    pub complaints: Vec<String>,
    /// The clone was booted.
    pub booted: bool,
}

/// Writes what came of a plan down, and signs it where a key is configured.
///
/// # Errors
/// It cannot be written.
pub fn keep(
    context: &Context<'_>,
    plan: &PatchPlan,
    proof: Proof,
) -> Result<EvidenceReference, StorageError> {
    let ring = rules::own_ring(context).ok().flatten().map(|ring| ring.name);
    let Proof { kind, complaints, booted } = proof;
    let evidence = Evidence::of(plan, Trial { kind, complaints, booted, finished: context.now(), ring });
    let folder = context.layout.evidence();
    storage::create_folder(&folder, 0o700)?;
    let word = match kind {
        EvidenceKind::Rehearsal => "rehearsal",
        EvidenceKind::Run => "run",
    };
    let path = folder.join(format!("{}-{word}.json", plan.id.short()));
    // Strings, lists and dates always have a JSON form.
    let json = serde_json::to_vec_pretty(&evidence).unwrap_or_default();
    signature::forget(&path)?;
    storage::replace(&path, &json, storage::PRIVATE)?;
    let signed = match &context.settings.policy.evidence.evidence_sign_with {
        None => false,
        Some(key) => match signature::sign(&path, key) {
            Ok(()) => true,
            Err(failure) => {
                context.observer.event(&Event::Note(super::records::error_of(&failure).message));
                false
            }
        },
    };
    Ok(EvidenceReference { path: path.display().to_string(), sha256: evidence.sha256, signed })
}

/// Keeps the evidence of a run on a host that belongs to a ring; what cannot be kept is told and no failure.
pub fn keep_of_run(context: &Context<'_>, plan: &PatchPlan, complaints: Vec<String>) {
    if !matches!(rules::own_ring(context), Ok(Some(_))) {
        return;
    }
    let proof = Proof { kind: EvidenceKind::Run, complaints, booted: false };
    if let Err(error) = keep(context, plan, proof) {
        context.observer.event(&Event::Note(format!("the evidence of the run is not kept: {error}")));
    }
}

/// Refuses a plan for which the policy asks for evidence that is not there. `file` is the plan's, where it came from one.
///
/// # Errors
/// No rehearsal of exactly these changes passed here, or the ring that has to go first has not proved each of them.
pub fn refuse_without(
    context: &Context<'_>,
    overrides: Option<&Overrides>,
    (plan, file): (&PatchPlan, Option<&Path>),
) -> Result<(), Failure> {
    let settings = &context.settings.policy.evidence;
    if rules::is_overridden(overrides, Override::Evidence) {
        return Ok(());
    }
    if settings.require_rehearsal {
        refuse_unrehearsed(context, (plan, file))?;
    }
    match &settings.of_ring {
        Some(ring) if comes_after(context, ring)? => refuse_unproved(context, ring, plan),
        _ => Ok(()),
    }
}

/// Tells whether nothing is missing that a rehearsal here could bring: none is wanted, or one of exactly these changes passed
/// and still counts.
pub fn is_rehearsed_as_wanted(context: &Context<'_>, plan: &PatchPlan) -> bool {
    !context.settings.policy.evidence.require_rehearsal || why_not_rehearsed(context, plan).is_none()
}

fn why_not_rehearsed(context: &Context<'_>, plan: &PatchPlan) -> Option<String> {
    let of_plan = |evidence: &Evidence| evidence.kind == EvidenceKind::Rehearsal && evidence.is_of(plan);
    let newest = own(context).into_iter().filter(of_plan).max_by_key(|evidence| evidence.finished);
    let Some(evidence) = newest else {
        return Some("no rehearsal of exactly these changes is kept".to_owned());
    };
    if !evidence.passed {
        return Some(format!("their rehearsal failed: {}", evidence.complaints.join("; ")));
    }
    if context.settings.policy.evidence.rehearsal_boot == RehearsalBoot::Always && !evidence.booted {
        return Some("their rehearsal did not boot its clone (policy.rehearsal_boot)".to_owned());
    }
    let most = context.settings.policy.evidence.evidence_max_age;
    (!is_of_time(context, evidence.finished))
        .then(|| format!("their rehearsal is not of the last {}", duration::write(most)))
}

fn refuse_unrehearsed(
    context: &Context<'_>,
    (plan, file): (&PatchPlan, Option<&Path>),
) -> Result<(), Failure> {
    let Some(reason) = why_not_rehearsed(context, plan) else { return Ok(()) };
    let command = match file {
        Some(file) => format!("patchctl rehearse {}", file.display()),
        None => format!("patchctl rehearse{}", flags(&plan.selection)),
    };
    Err(refused(context, "policy.require_rehearsal", ("a rehearsal first", reason))
        .hint(command)
        .hint(WAY_OUT))
}

const WAY_OUT: &str = "to go ahead now: patchctl apply --override evidence --reason TEXT";

fn refused(context: &Context<'_>, key: &str, (what, reason): (&str, String)) -> Failure {
    let place = context.rules.place(key).map_or_else(String::new, |place| format!(", {place}"));
    let message = format!("policy wants {what} ({key}{place}): {reason}; nothing was changed");
    Failure::new(FailureKind::Policy, message)
}

/// Evidence that is too old counts no more, and neither does what comes from the future.
fn is_of_time(context: &Context<'_>, finished: DateTime<Utc>) -> bool {
    let most = context.settings.policy.evidence.evidence_max_age;
    (context.now() - finished).to_std().is_ok_and(|age| age <= most)
}

/// The ring that goes first needs no evidence of itself, and those before it none of their followers.
fn comes_after(context: &Context<'_>, first: &str) -> Result<bool, Failure> {
    let rings = &context.settings.policy.rings;
    let place = |name: &str| rings.iter().position(|ring| ring.name == name);
    let own = rules::own_ring(context)?.and_then(|own| place(&own.name));
    Ok(own.is_none() || own > place(first))
}

/// Each change has to be proved by some host of the ring, and none may have failed there.
fn refuse_unproved(context: &Context<'_>, ring: &str, plan: &PatchPlan) -> Result<(), Failure> {
    let (believed, doubts) = others(context);
    let counts = |evidence: &&Evidence| {
        evidence.ring.as_deref() == Some(ring) && is_of_time(context, evidence.finished)
    };
    let of_ring: Vec<&Evidence> = believed.iter().filter(counts).collect();
    let what = format!("evidence of the ring {ring} first");
    let refuse = |reason: String| {
        let failure = refused(context, "policy.require_evidence", (&what, reason));
        let failure = doubts.iter().take(NAMED).fold(failure, |failure, doubt| failure.hint(doubt.as_str()));
        let (from, to) = (context.layout.evidence(), context.layout.evidence_of_others());
        let hint = format!("copy {} of a host of that ring into {}", from.display(), to.display());
        Err(failure.hint(hint).hint(WAY_OUT))
    };
    let failed = of_ring
        .iter()
        .find(|evidence| !evidence.passed && plan.actions().any(|action| evidence.is_about(action)));
    if let Some(failed) = failed {
        return refuse(format!("{} failed there: {}", failed.host.name, failed.complaints.join("; ")));
    }
    let is_open = |action: &&Action| !of_ring.iter().any(|evidence| evidence.proves(action));
    let open: Vec<String> = plan.actions().filter(is_open).map(told).collect();
    if open.is_empty() {
        return Ok(());
    }
    let rest = open.len().saturating_sub(NAMED);
    let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    refuse(format!("not proved there: {}{more}", open[..open.len().min(NAMED)].join(", ")))
}

fn told(action: &Action) -> String {
    match &action.to {
        Some(version) => format!("{} {version}", action.package),
        None => format!("{} removed", action.package),
    }
}

/// What this host proved itself; what cannot be read proves nothing.
fn own(context: &Context<'_>) -> Vec<Evidence> {
    let files = documents(&context.layout.evidence());
    files.iter().filter_map(|path| Evidence::open(&storage::read_at_most(path, LARGEST).ok()?).ok()).collect()
}

/// What others proved, and why the rest is not believed.
fn others(context: &Context<'_>) -> (Vec<Evidence>, Vec<String>) {
    let (mut believed, mut doubts) = (Vec::new(), Vec::new());
    for path in documents(&context.layout.evidence_of_others()) {
        match believe(context, &path) {
            Ok(evidence) => believed.push(evidence),
            Err(doubt) => doubts.push(format!("{} does not count: {doubt}", path.display())),
        }
    }
    (believed, doubts)
}

fn documents(folder: &Path) -> Vec<PathBuf> {
    let files = storage::list(folder).unwrap_or_default();
    files.into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "json")).collect()
}

/// A document that root alone can have laid here, whole, and signed where a key is configured.
fn believe(context: &Context<'_>, path: &Path) -> Result<Evidence, String> {
    match distrust(path, 0).map_err(|error| error.to_string())? {
        Some(Distrust::ForeignOwner(part, owner)) => {
            return Err(format!("{} belongs to user {owner}", part.display()));
        }
        Some(Distrust::WritableByOthers(part)) => {
            return Err(format!("{} can be written by its group or by everyone", part.display()));
        }
        None => {}
    }
    let bytes = storage::read_at_most(path, LARGEST).map_err(|error| error.to_string())?;
    let evidence = Evidence::open(&bytes).map_err(|error| error.to_string())?;
    let Some(keys) = &context.settings.policy.evidence.evidence_key else { return Ok(evidence) };
    signature::signer(context, path, keys).map(|_| evidence)
}

/// The flags that select the same.
fn flags(selection: &Selection) -> String {
    let mut text = String::new();
    let packages: Vec<String> = selection.packages.iter().map(ToString::to_string).collect();
    let exclude: Vec<String> = selection.exclude.iter().map(ToString::to_string).collect();
    for (flag, values) in [
        ("--cve", &selection.cves),
        ("--advisory", &selection.advisories),
        ("--package", &packages),
        ("--exclude", &exclude),
    ] {
        if !values.is_empty() {
            text.push_str(&format!(" {flag} {}", values.join(",")));
        }
    }
    if let Some(severity) = selection.severity {
        text.push_str(&format!(" --severity {}", severity.word()));
    }
    for (flag, is_set) in
        [("--known-exploited", selection.known_exploited), ("--all-updates", selection.all_updates)]
    {
        if is_set {
            text.push_str(&format!(" {flag}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::package::PackageName;

    #[test]
    fn a_selection_is_told_as_it_is_typed() {
        assert_eq!(flags(&Selection::default()), "");
        let selection = Selection {
            packages: vec![PackageName::from("curl"), PackageName::from("openssl")],
            known_exploited: true,
            ..Selection::default()
        };
        assert_eq!(flags(&selection), " --package curl,openssl --known-exploited");
    }
}
