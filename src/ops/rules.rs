//! The administrator's rules as decisions see them: settings, blocks, waivers, the ring of this host, and what the
//! operator overrides.

use chrono::NaiveDate;

use super::central;
use super::context::Context;
use super::request::{Override, Overrides};
use crate::config::choice::Permission;
use crate::config::load::Loaded;
use crate::config::rules::Written;
use crate::host::facts;
use crate::model::approval::ApprovalDelay;
use crate::model::decision::Disposition;
use crate::model::failure::{Failure, FailureKind};
use crate::model::finding::Finding;
use crate::model::package::{Inventory, PackageName};
use crate::model::ring::{self, Membership, Ring};
use crate::model::rule::{Block, Waiver, WaiverScope};
use crate::plan::policy::{self, Rules};
use crate::report::policy::{OverrideReport, PolicyReport};
use crate::report::rules::{RuleEntry, RuleKind};
use crate::report::schema::Report;

/// Puts together what the files say. The ring is left open: it is asked for only where something is decided.
pub fn assemble(loaded: &Loaded, written: Written) -> Rules {
    let policy = &loaded.settings.policy;
    Rules {
        delay: policy.approval_delay,
        known_exploited: policy.known_exploited,
        ring: None,
        packages: policy.packages.clone(),
        advisories: policy.advisories.clone(),
        origins: policy.origins.clone(),
        refuses_new_packages: policy.new_packages == Permission::Refuse,
        phasing: policy.phased_updates,
        freezes: policy.freezes.clone(),
        blocks: written.blocks,
        waivers: written.waivers,
        places: loaded.origins.clone().into_places(),
    }
}

/// Returns the rules that a decision obeys.
///
/// # Errors
/// The host belongs to a ring by its machine id, and has none.
pub fn deciding(context: &Context<'_>, overrides: Option<&Overrides>) -> Result<Rules, Failure> {
    let mut rules = Rules { ring: own_ring(context)?, ..context.rules.clone() };
    if is_overridden(overrides, Override::Freeze) {
        rules.freezes.clear();
    }
    if is_overridden(overrides, Override::Approval) {
        rules.delay = ApprovalDelay::default();
        rules.ring = None;
    }
    Ok(rules)
}

/// Tells whether a rule is overridden.
pub fn is_overridden(overrides: Option<&Overrides>, rule: Override) -> bool {
    overrides.is_some_and(|overrides| overrides.rules.contains(&rule))
}

/// Returns the ring of this host, where there are rings.
///
/// # Errors
/// The host belongs to a ring by its machine id, and has none.
pub fn own_ring(context: &Context<'_>) -> Result<Option<Ring>, Failure> {
    let rings = &context.settings.policy.rings;
    if rings.is_empty() {
        return Ok(None);
    }
    if let Membership::Named(name) = &context.settings.ring {
        return Ok(rings.iter().find(|ring| ring.name == *name).cloned());
    }
    let Some(machine) = facts::machine_id_hash(context.layout.root()) else {
        let place =
            context.rules.place("policy.rings").map_or_else(String::new, |place| format!("{place}: "));
        let message = format!("{place}rings are found by the machine id, and this host has none");
        return Err(Failure::new(FailureKind::Configuration, message).hint(
            "name the ring in the configuration: [host] ring = \"NAME\"; or: systemd-machine-id-setup",
        ));
    };
    Ok(ring::of_machine(&machine, rings).cloned())
}

/// Marks the findings that a waiver covers today.
pub fn mark_waived(context: &Context<'_>, findings: &mut [Finding]) {
    let (rules, today) = (&context.rules, context.now().date_naive());
    if rules.waivers.iter().all(|waiver| waiver.is_over(today)) {
        return;
    }
    for finding in findings {
        if let Some(cause) = rules.waived(finding, today) {
            finding.disposition = Some(Disposition::held(vec![cause]));
        }
    }
}

/// Tells what policy has to say about a host, for its report.
pub fn told(context: &Context<'_>, inventory: &Inventory) -> PolicyReport {
    let mut remarks = central::remarks(context);
    remarks.extend(policy::remarks(&context.rules, inventory, context.now().date_naive()));
    let ring = own_ring(context).ok().flatten().map(|ring| ring.name);
    PolicyReport { ring, overrides: Vec::new(), remarks }
}

/// Records in a report which rules the operator set aside, and why.
pub fn record_overrides(report: &mut Report, overrides: Option<&Overrides>) {
    let Some(overrides) = overrides else { return };
    let told = overrides
        .rules
        .iter()
        .map(|rule| OverrideReport { rule: rule.word().to_owned(), reason: overrides.reason.clone() });
    report.policy.get_or_insert_default().overrides = told.collect();
}

/// Tells every block and waiver.
pub fn entries(context: &Context<'_>) -> Vec<RuleEntry> {
    let today = context.now().date_naive();
    let blocks = context.rules.blocks.iter().map(|block| block_entry(block, today));
    let waivers = context.rules.waivers.iter().map(|waiver| waiver_entry(waiver, today));
    blocks.chain(waivers).collect()
}

/// Tells one block.
pub fn block_entry(block: &Block, today: NaiveDate) -> RuleEntry {
    RuleEntry {
        kind: RuleKind::Block,
        name: block.name.clone(),
        subject: block.subject.to_string(),
        words: block.words(),
        holds: !block.is_over(today),
        place: block.place.clone(),
    }
}

/// Tells one waiver.
pub fn waiver_entry(waiver: &Waiver, today: NaiveDate) -> RuleEntry {
    let WaiverScope { finding, advisory, package } = &waiver.scope;
    let parts = [finding.as_deref(), advisory.as_deref(), package.as_ref().map(PackageName::as_str)];
    RuleEntry {
        kind: RuleKind::Waiver,
        name: waiver.name.clone(),
        subject: parts.into_iter().flatten().collect::<Vec<_>>().join(" in "),
        words: waiver.words(),
        holds: !waiver.is_over(today),
        place: waiver.place.clone(),
    }
}
