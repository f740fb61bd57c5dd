//! `policy`: what is allowed here and where it was written, and what would be decided at a time.

use chrono::TimeDelta;

use super::central;
use super::context::Context;
use super::request::{Removals, Wish};
use super::{plan, rules, survey};
use crate::config::policy::listing::listing;
use crate::host::facts;
use crate::model::decision::{RebootPolicy, Selection};
use crate::model::failure::Failure;
use crate::model::finding::{Finding, Verdict};
use crate::model::package::PackageKey;
use crate::model::ring;
use crate::model::version::Version;
use crate::model::window::Window;
use crate::plan::policy::calendar::{self, Opening, State};
use crate::plan::policy::{self, DecisionInput};
use crate::report::documents::Identity;
use crate::report::rules::{
    FreezeEntry, OpeningEntry, POLICY_PREVIEW_SCHEMA, POLICY_SCHEMA, PolicyAction, PolicyDocument,
    PolicyPreview, PolicyValue, PreviewChange, RebootEntry, WindowState,
};

/// Openings that a preview tells.
const OPENINGS: usize = 3;

/// Tells the policy: its files were all read before.
///
/// # Errors
/// The host belongs to a ring by its machine id, and has none.
pub fn document(context: &Context<'_>, action: PolicyAction) -> Result<PolicyDocument, Failure> {
    let ring = rules::own_ring(context)?.map(|ring| ring.name);
    let value = |(key, value): (String, String)| PolicyValue {
        place: context.rules.place(&key).cloned(),
        key,
        value,
    };
    let values = match action {
        PolicyAction::Check | PolicyAction::Refresh => Vec::new(),
        PolicyAction::Show => listing(&context.settings).into_iter().map(value).collect(),
    };
    Ok(PolicyDocument {
        identity: Identity::of(POLICY_SCHEMA, context.now()),
        action,
        ring,
        central: central::entry(context.settings.central.as_ref(), &context.central),
        values,
        rules: rules::entries(context),
        remarks: remarks(context),
    })
}

/// Pulls the central policy, and tells what is in force now.
///
/// # Errors
/// It cannot be had, or is refused: the last good one stays in force.
pub fn refresh(context: &Context<'_>) -> Result<PolicyDocument, Failure> {
    let record = central::refresh(context)?;
    Ok(PolicyDocument {
        identity: Identity::of(POLICY_SCHEMA, context.now()),
        action: PolicyAction::Refresh,
        ring: None,
        central: central::entry(context.settings.central.as_ref(), &record),
        values: Vec::new(),
        rules: Vec::new(),
        remarks: Vec::new(),
    })
}

/// Policy can be told where no packages are: then only what needs none is remarked.
fn remarks(context: &Context<'_>) -> Vec<String> {
    let today = context.now().date_naive();
    let mut remarks = central::remarks(context);
    if let Ok(inventory) = survey::inventory(context) {
        remarks.extend(policy::remarks(&context.rules, &inventory, today));
    }
    remarks
}

/// Tells what would be decided at the time of the context, before the package manager says what goes together.
///
/// # Errors
/// The root cannot be judged, or its ring cannot be told.
pub fn preview(context: &Context<'_>) -> Result<PolicyPreview, Failure> {
    let survey = survey::survey(context)?;
    let wish = Wish {
        selection: Selection::default(),
        removals: Removals::AsConfigured,
        accept_no_rollback: Vec::new(),
        overrides: None,
    };
    // Where patchctl drives no package manager it is not told either which way back there is.
    let manager = context.package_manager(&survey.inventory.distribution).ok();
    let format = manager.as_ref().map(|manager| manager.archives());
    let policy = plan::policy_of((context, format), &survey, &wish)?;
    let decisions = policy::decide(&DecisionInput {
        inventory: &survey.inventory,
        view: &survey.view,
        findings: &survey.assessment.findings,
        selection: &wish.selection,
        policy: &policy,
    });
    let now = context.now();
    let change = |(key, to): (PackageKey, Version)| {
        let installed = survey.inventory.find(&key)?;
        let closes = closes(&survey.assessment.findings, &key);
        Some(PreviewChange { package: key.name, from: installed.version.clone(), to, closes })
    };
    Ok(PolicyPreview {
        identity: Identity::of(POLICY_PREVIEW_SCHEMA, context.clock.real()),
        host: context.report_host(&survey.inventory).name,
        as_of: now,
        ring: policy.rules.ring.as_ref().map(|ring| ring.name.clone()),
        window: window(&context.settings.policy.windows, context),
        openings: openings(context),
        reboot: reboot(context),
        freezes: freezes(context),
        patch: decisions.targets.into_iter().filter_map(change).collect(),
        held: decisions.held,
        remarks: central::remarks(context)
            .into_iter()
            .chain(policy::remarks(&context.rules, &survey.inventory, now.date_naive()))
            .collect(),
    })
}

/// The vulnerabilities that a newer version of a package closes.
fn closes(findings: &[Finding], key: &PackageKey) -> Vec<String> {
    let of_package = |finding: &&Finding| {
        finding.package.name == key.name
            && finding.package.architecture == key.architecture
            && finding.verdict == Verdict::Vulnerable
    };
    let ids = findings.iter().filter(of_package).flat_map(Finding::identifiers);
    let sorted: std::collections::BTreeSet<&str> = ids.collect();
    sorted.into_iter().map(str::to_owned).collect()
}

fn reboot(context: &Context<'_>) -> Option<RebootEntry> {
    let policy = &context.settings.policy;
    let windows = policy.windows_for_reboots();
    let next = match calendar::state(windows, context.now()) {
        State::Closed { next } => next,
        State::Unlimited | State::Open { .. } => None,
    };
    (context.settings.apply.reboot != RebootPolicy::Never).then(|| RebootEntry {
        window: window(windows, context),
        next,
        wait_seconds: policy.reboot_wait.as_secs(),
    })
}

fn window(windows: &[Window], context: &Context<'_>) -> WindowState {
    match calendar::state(windows, context.now()) {
        State::Unlimited => WindowState::Unlimited,
        State::Open { until } => WindowState::Open { until },
        State::Closed { .. } => WindowState::Closed,
    }
}

fn openings(context: &Context<'_>) -> Vec<OpeningEntry> {
    let policy = &context.settings.policy;
    let machine = facts::machine_id_hash(context.layout.root());
    let jitter = machine.map(|machine| ring::jitter(&machine, policy.jitter)).unwrap_or_default();
    let later = TimeDelta::from_std(jitter).unwrap_or_default();
    let entry = |opening: Opening| OpeningEntry {
        opens: opening.start,
        closes: opening.end,
        scheduled: opening.start + later,
    };
    calendar::upcoming(&policy.windows, context.now(), OPENINGS).into_iter().map(entry).collect()
}

fn freezes(context: &Context<'_>) -> Vec<FreezeEntry> {
    let now = context.now();
    let to_come =
        |freeze: &&crate::model::window::Freeze| freeze.covers(now) || freeze.to >= freeze.timezone.day(now);
    let freezes = context.settings.policy.freezes.iter().filter(to_come);
    let entries = freezes.map(|freeze| FreezeEntry {
        from: freeze.from,
        to: freeze.to,
        active: freeze.covers(now),
        words: freeze.to_string(),
        place: freeze.place.clone(),
    });
    entries.collect()
}
