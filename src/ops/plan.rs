//! `plan`: what exactly would change.

use std::path::Path;

use super::context::Context;
use super::exposure::{self, Running};
use super::foresight::{self, Known};
use super::request::{Removals, Wish};
use super::resolve::{self, Outlook};
use super::survey::{self, Survey};
use super::way_back::{self, Examined, Lost};
use super::{image, quarantine, records, rules, runs, scan};
use crate::apply::old_archives::{self, Places};
use crate::config::choice::Permission;
use crate::host::{processes, storage};
use crate::model::approval::ApprovalDelay;
use crate::model::decision::{Held, Selection};
use crate::model::distro::Distribution;
use crate::model::exit_code::ExitCode;
use crate::model::failure::{Failure, FailureKind};
use crate::model::offer::Suggestions;
use crate::model::outcome::Outcome;
use crate::model::package::PackageName;
use crate::model::plan::{Action, ActionKind, PatchPlan, Resolution, Reversibility};
use crate::model::version::Version;
use crate::observe::Event;
use crate::package_manager::PackageManager;
use crate::package_manager::archives::ArchiveFormat;
use crate::plan::policy::{self, DecisionInput, Decisions, Policy};
use crate::plan::{self, Circumstances, PlanInput, difference, seal};
use crate::report::documents::{
    ActionDifference, HeldDifference, Identity, PLAN_DIFFERENCE_SCHEMA, PlanDifference,
};
use crate::report::schema::{Report, ReportFiles};
use crate::threads;

/// A plan with the survey it was made from.
pub struct Planned {
    /// The survey.
    pub survey: Survey,
    /// The sealed plan.
    pub plan: PatchPlan,
}

/// Makes a plan, stores it, and returns the report.
///
/// # Errors
/// The host cannot be judged, or the package manager refuses.
pub fn plan(context: &Context<'_>, wish: &Wish, file: Option<&Path>) -> Result<Report, Failure> {
    let mut report = context.report("plan");
    let planned = make(context, wish)?;
    if let Some(file) = file {
        write(file, &planned.plan)?;
        report.files = Some(ReportFiles { report: None, plan: Some(file.display().to_string()) });
    }
    keep(context, &planned.plan);
    report.plan = Some(planned.plan);
    scan::fill(context, &mut report, planned.survey);
    if report.plan.as_ref().is_some_and(PatchPlan::is_empty) {
        records::conclude_without_work(context, &mut report);
    } else {
        records::conclude(context, &mut report, Outcome::Planned, ExitCode::Done);
    }
    if let Err(error) = records::store(context, &report) {
        context.observer.event(&Event::Note(format!("the report is not stored: {error}")));
    }
    Ok(report)
}

/// Makes a sealed plan.
///
/// # Errors
/// The host cannot be judged, a version that was named is not offered, or the package manager refuses.
pub fn make(context: &Context<'_>, wish: &Wish) -> Result<Planned, Failure> {
    make_without(context, wish, &Lost::new())
}

/// Makes a sealed plan that leaves alone what is known already to have no way back.
///
/// # Errors
/// As [`make`].
pub fn make_without(context: &Context<'_>, wish: &Wish, lost: &Lost) -> Result<Planned, Failure> {
    image::refuse(&context.layout)?;
    let mut survey = survey::at_rest(context)?;
    let advice = survey.inventory.distribution.advice();
    let manager = context.package_manager(&survey.inventory.distribution)?;
    if survey.view.is_empty() {
        return Err(Failure::new(
            FailureKind::MissingFeed,
            "there are no repository lists, so nothing can be planned",
        )
        .hint(format!("fetch them first: {}", advice.refresh)));
    }
    let wish = &of_this_root(wish, &survey.inventory.distribution)?;
    check_exact(&survey, &wish.selection)?;
    let (settled, running) = settle_beside(context, manager.as_ref(), &survey, (wish, lost))?;
    let Settled { decisions, resolution, actions, suggestions, known } = settled;
    let mut foresight = foresight::foresee(context, &survey, &actions, (known, &running.processes))?;
    foresight::add_suggestions(&mut foresight, &suggestions);
    if !actions.is_empty() {
        let partial = partial_upgrade(&survey.inventory.distribution, &decisions.held);
        foresight.warnings.extend(partial);
    }
    for (finding, disposition) in survey.assessment.findings.iter_mut().zip(decisions.dispositions) {
        finding.disposition = Some(disposition);
    }
    survey.expose(context, &running.exposures);
    let circumstances = Circumstances {
        now: context.now(),
        host: context.plan_host(&survey.inventory.distribution),
        inventory_digest: survey.inventory.digest,
        feeds: survey.assessment.feeds.clone(),
        policy_digest: context.policy_digest(),
        selection: wish.selection.clone(),
    };
    let plan = plan::assemble(circumstances, &resolution, (actions, decisions.held), foresight);
    Ok(Planned { survey, plan })
}

/// What a sealed plan was allowed when it was made, it is allowed when it is carried out.
pub(super) fn wish_for(mut wish: Wish, asked: Option<&PatchPlan>) -> Wish {
    if let Some(asked) = asked {
        wish.selection = asked.selection.clone();
        if asked.actions().any(|action| action.kind == ActionKind::Remove) {
            wish.removals = Removals::Allow;
        }
        wish.accept_no_rollback.extend(accepted(asked));
    }
    wish
}

/// The packages that the plan shows to be without a way back: it was made, and approved, with them.
pub(super) fn accepted(plan: &PatchPlan) -> Vec<PackageName> {
    let without = plan.actions().filter(|action| action.reversible == Reversibility::NotReversible);
    without.map(|action| action.package.clone()).collect()
}

/// What is to be done, after everything without a way back was left out.
struct Settled {
    decisions: Decisions,
    resolution: Resolution,
    actions: Vec<Action>,
    suggestions: Suggestions,
    known: Known,
}

/// Settles what is to be done, and looks meanwhile at what runs: the package manager takes longer, and needs another core.
fn settle_beside(
    context: &Context<'_>,
    manager: &dyn PackageManager,
    survey: &Survey,
    (wish, lost): (&Wish, &Lost),
) -> Result<(Settled, Running), Failure> {
    let layout = &context.layout;
    // Before the package manager is asked: it is no program of the host while it answers.
    let numbers = processes::numbers();
    let look = || exposure::running(&survey.inventory, layout, numbers.clone());
    let (running, settled) = threads::both(look, || settle((context, manager), survey, wish, lost));
    Ok((settled?, running.unwrap_or_else(look)))
}

/// Decides, lets the package manager resolve, and begins again without what turns out to have no way back.
fn settle(
    (context, manager): (&Context<'_>, &dyn PackageManager),
    survey: &Survey,
    wish: &Wish,
    lost: &Lost,
) -> Result<Settled, Failure> {
    let (root, format) = (context.layout.root(), manager.archives());
    let mut policy = policy_of((context, Some(format)), survey, wish)?;
    for (key, reason) in lost {
        policy.way_back.insert(key.clone(), (Reversibility::NotReversible, reason.clone()));
    }
    let mut examined = Examined::new();
    let mut known = Known::default();
    loop {
        let mut decisions = policy::decide(&DecisionInput {
            inventory: &survey.inventory,
            view: &survey.view,
            findings: &survey.assessment.findings,
            selection: &wish.selection,
            policy: &policy,
        });
        let doubtful = way_back::unexamined(&policy, &examined, decisions.targets.keys());
        let likely = known.missing(decisions.targets.keys().cloned());
        // The package manager takes longer than reading the files does, and both are needed.
        let resolve = || resolve::resolve((context, manager), survey, &mut decisions, (&policy, wish));
        let with_records = || threads::both(|| Known::asking(root, likely), resolve);
        let (found, (recorded, outlook)) =
            threads::both(|| way_back::examine(format, doubtful), with_records);
        examined.extend(found.unwrap_or_default());
        // What could not be told is asked once more, when its answer is needed.
        known.add(recorded.and_then(Result::ok).unwrap_or_default());
        let Outlook { resolution, additions, suggestions } = outlook?;
        if way_back::has_lost((context, format), survey, (&mut policy, &mut examined), &resolution) {
            continue;
        }
        let actions = plan::actions(&PlanInput {
            inventory: &survey.inventory,
            view: &survey.view,
            additions: &additions,
            findings: &survey.assessment.findings,
            resolution: &resolution,
            way_back: &policy.way_back,
        });
        let actions = actions.map_err(outside_repositories)?;
        return Ok(Settled { decisions, resolution, actions, suggestions, known });
    }
}

fn outside_repositories(error: plan::Unoffered) -> Failure {
    Failure::new(FailureKind::Policy, "the plan would leave the enabled repositories").caused_by(error)
}

/// Puts together what decides: settings, rules, and what earlier runs taught.
///
/// # Errors
/// The quarantine cannot be believed, or the ring of this host cannot be told.
pub(super) fn policy_of(
    (context, format): (&Context<'_>, Option<&dyn ArchiveFormat>),
    survey: &Survey,
    wish: &Wish,
) -> Result<Policy, Failure> {
    let places = format.map(|format| Places { layout: &context.layout, view: &survey.view, format });
    let pending = || old_archives::pending(&survey.inventory, &survey.view);
    let mut rules = rules::deciding(context, wish.overrides.as_ref())?;
    if survey.inventory.distribution.upgrades_whole() {
        // What waits alone would make every upgrade a partial one. Windows and freezes hold all of it.
        (rules.delay, rules.ring) = (ApprovalDelay::default(), None);
    }
    Ok(Policy {
        minimum_severity: context.settings.policy.minimum_severity,
        quarantine: quarantine::load(&context.layout)?,
        way_back: places.map(|places| places.foresee(pending())).unwrap_or_default(),
        accept_no_rollback: wish.accept_no_rollback.clone(),
        needs_way_back: context.layout.is_live(),
        accept_reconstructed: context.settings.policy.reconstructed_archives == Permission::Allow,
        rules,
        now: context.now(),
    })
}

/// Versions on the command line count by the order of the root that is looked at.
fn of_this_root(wish: &Wish, distribution: &Distribution) -> Result<Wish, Failure> {
    let mut wish = wish.clone();
    if distribution.upgrades_whole() {
        refuse_part(&wish.selection, distribution)?;
        wish.selection.all_updates = true;
    }
    for exact in &mut wish.selection.exact {
        let version = Version::of(distribution.version_scheme(), exact.version.as_str());
        exact.version = version.map_err(|error| {
            let what = format!("{} is no version of {}", exact.version, distribution.title());
            Failure::new(FailureKind::Usage, what).caused_by(error)
        })?;
    }
    Ok(wish)
}

/// What a distribution without releases offers is built for each other: a part of it alone is not supported.
fn refuse_part(selection: &Selection, distribution: &Distribution) -> Result<(), Failure> {
    let whole = Selection { exclude: Vec::new(), ..selection.clone() };
    if whole.is_everything() {
        return Ok(());
    }
    let message =
        format!("{} supports whole upgrades only, so a part cannot be planned", distribution.title());
    Err(Failure::new(FailureKind::Usage, message)
        .hint("patchctl plan takes every update and marks what closes a hole; --exclude NAME leaves one out"))
}

/// Names what a plan leaves where it is although something newer exists, where the distribution does not support that.
fn partial_upgrade(distribution: &Distribution, held: &[Held]) -> Option<String> {
    let behind = held.iter().filter(|held| held.candidate.is_some());
    let names: Vec<&str> = behind.map(|held| held.package.as_str()).collect();
    (distribution.upgrades_whole() && !names.is_empty()).then(|| {
        let title = distribution.title();
        format!(
            "partial upgrade, which {title} does not support: what is held may break ({})",
            names.join(", ")
        )
    })
}

/// A version that the operator names must be installed in another version, newer, and offered.
fn check_exact(survey: &Survey, selection: &Selection) -> Result<(), Failure> {
    let advice = survey.inventory.distribution.advice();
    for exact in &selection.exact {
        let name = &exact.name;
        let Some(package) = survey::installed(&survey.inventory, name.as_str()) else {
            return Err(Failure::new(FailureKind::Usage, format!("{name} is not installed"))
                .hint(format!("patchctl changes what is installed; {} adds packages", advice.add)));
        };
        let offers = survey.view.offers.get(&package.key()).map(Vec::as_slice).unwrap_or_default();
        if !offers.iter().any(|offer| offer.version == exact.version) {
            let known: Vec<&str> = offers.iter().map(|offer| offer.version.as_str()).collect();
            return Err(Failure::new(
                FailureKind::Usage,
                format!("no enabled repository offers {name} {}", exact.version),
            )
            .hint(format!(
                "offered now: {}",
                if known.is_empty() { "nothing".to_owned() } else { known.join(", ") }
            )));
        }
        if exact.version.is_older_than(&package.version) {
            return Err(Failure::new(
                FailureKind::Policy,
                format!("{name} {} is older than the installed {}", exact.version, package.version),
            )
            .hint(format!("patchctl rollback takes a run back; {} goes to any version", advice.downgrade)));
        }
    }
    Ok(())
}

/// Keeps the plan among patchctl's own; a user without a place for it still gets it on the screen.
fn keep(context: &Context<'_>, plan: &PatchPlan) {
    let path = context.layout.plans().join(format!("{}.json", plan.id.short()));
    let kept = runs::prepare(&context.layout)
        .and_then(|()| storage::replace(&path, seal::to_json(plan).as_bytes(), storage::PRIVATE));
    if let Err(error) = kept {
        context.observer.event(&Event::Note(format!("the plan is not stored: {error}")));
    }
}

fn write(file: &Path, plan: &PatchPlan) -> Result<(), Failure> {
    let written = storage::replace(file, seal::to_json(plan).as_bytes(), storage::PRIVATE);
    written.map_err(|error| {
        Failure::new(FailureKind::Host, format!("the plan cannot be written to {}", file.display()))
            .caused_by(error)
    })
}

/// Reads a sealed plan.
///
/// # Errors
/// It is missing, no plan, of another format, or was changed after it was made.
pub fn load(path: &Path) -> Result<PatchPlan, Failure> {
    const LARGEST: u64 = 64 * 1024 * 1024;
    let bytes = storage::read_at_most(path, LARGEST)
        .map_err(|error| Failure::new(FailureKind::Usage, "the plan cannot be read").caused_by(error))?;
    seal::open(&bytes).map_err(|error| {
        let kind = if matches!(error, seal::SealError::Broken { .. }) {
            FailureKind::Drift
        } else {
            FailureKind::Usage
        };
        Failure::new(kind, format!("the plan {} cannot be used", path.display()))
            .caused_by(error)
            .hint("make a new one: patchctl plan -o FILE")
    })
}

/// Tells how the second plan differs from the first.
///
/// # Errors
/// One of them cannot be read.
pub fn compare(context: &Context<'_>, before: &Path, after: &Path) -> Result<PlanDifference, Failure> {
    let (before, after) = (load(before)?, load(after)?);
    let changes = difference::actions(&before, &after).into_iter().map(|change| ActionDifference {
        package: change.package.to_string(),
        before: change.before.and_then(|change| change.to),
        after: change.after.and_then(|change| change.to),
    });
    let (closed_before, closed_after) = (before.closes(), after.closes());
    let owned = |ids: Vec<&str>| ids.into_iter().map(str::to_owned).collect();
    let newly_held =
        after.held.iter().filter(|held| !before.held.iter().any(|known| known.package == held.package));
    Ok(PlanDifference {
        identity: Identity::of(PLAN_DIFFERENCE_SCHEMA, context.now()),
        before: before.id.short(),
        after: after.id.short(),
        changes: changes.collect(),
        closes_more: owned(difference::added(&closed_before, &closed_after)),
        closes_less: owned(difference::added(&closed_after, &closed_before)),
        newly_held: newly_held
            .map(|held| HeldDifference {
                package: held.package.clone(),
                cause_chain: held.cause_chain.clone(),
            })
            .collect(),
    })
}
