//! `bundle create` and `verify`, and `apply --bundle`: everything that patches a host, carried to where no network is.
//!
//! The lists of repositories decide what is installed, and nobody proves them again where they are carried to. So a bundle
//! patches a host only when one of the administrator's own keys signed it ([`take_in`]); what arrived is then measured like any
//! other run: archives by the digests of the lists, feeds and the central policy by their own steps.

use std::path::{Path, PathBuf};

use super::bundle::{self, Host};
use super::central::Pull;
use super::context::Context;
use super::feeds::{Import, request};
use super::plan::{self, Planned};
use super::request::{Removals, Wish};
use super::{lists, runs, signature, survey};
use crate::apply::{fetch, stage};
use crate::host::copies;
use crate::host::storage::{self, StorageError};
use crate::model::decision::Selection;
use crate::model::failure::{Failure, FailureKind};
use crate::model::package::Inventory;
use crate::model::plan::{Action, PatchPlan};
use crate::observe::Event;
use crate::plan::seal;
use crate::report::bundle::{BUNDLE_SCHEMA, BundleAction, BundleDocument};
use crate::report::documents::Identity;
use crate::scan::feed::kept_lists::KeptLists;
use crate::scan::refresh::bundle::{
    BundleImport, BundleRequest, Contents, PLAN, Payload, export_bundle, verify_bundle,
};

/// Packs feeds, lists, central policy, a sealed plan and its archives into one file, signed where a key is named.
///
/// # Errors
/// Nothing can be planned here, an archive cannot be had, or the file cannot be written.
pub fn create(
    context: &Context<'_>,
    file: &Path,
    sign_with: Option<&str>,
) -> Result<BundleDocument, Failure> {
    context.require_power_over_host("bundle create")?;
    let inventory = survey::inventory(context)?;
    kept_lists(context, &inventory)?;
    let _lock = runs::take_lock(context, "bundle create")?;
    lists::refresh(context, &inventory.distribution)?;
    let wish = Wish {
        selection: Selection::default(),
        removals: Removals::AsConfigured,
        accept_no_rollback: Vec::new(),
        overrides: None,
    };
    let planned = plan::make(context, &wish)?;
    let sources = context.sources(&inventory.distribution);
    let scratch = context.layout.bundle().join("outgoing");
    let payload = gather(context, &planned, &scratch)?;
    let exported = export_bundle(&request(context, &inventory, &sources), file, &payload).map_err(|error| {
        Failure::new(FailureKind::Host, format!("{} is not written", file.display())).caused_by(error)
    });
    // Copies of what went into it; what stays is replaced by the next bundle.
    let _ = storage::remove_folder(&scratch);
    let exported = exported?;
    if let Some(key) = sign_with {
        signature::sign(file, key)?;
    }
    let contents = Contents {
        made: context.now(),
        signed_by: sign_with.map(str::to_owned),
        feeds: exported.feeds,
        payload: payload.into_iter().map(|member| member.name).collect(),
    };
    Ok(document(context, (BundleAction::Create, file), contents))
}

/// Proves a bundle and tells what is in it.
///
/// # Errors
/// It is damaged, or not signed by a key that is configured.
pub fn verify(context: &Context<'_>, file: &Path) -> Result<BundleDocument, Failure> {
    let inventory = survey::inventory(context)?;
    let file = &storage::canonical(file).unwrap_or_else(|_| file.to_owned());
    let key = context.settings.feeds.bundle_key.as_deref();
    let bundle = BundleRequest { file, key, only: None, payload: None };
    let contents = verify_bundle(&request(context, &inventory, &[]), bundle).map_err(|error| {
        Failure::new(FailureKind::Signature, format!("{} is not to be believed", file.display()))
            .caused_by(error)
            .hint("make it anew: patchctl bundle create BUNDLE")
    })?;
    Ok(document(context, (BundleAction::Verify, file), contents))
}

/// Takes a bundle in, so that an `apply` after it needs no network; returns the sealed plan in it that is for this host.
///
/// # Errors
/// No key says who may sign it, or it is refused: nothing of it was taken. Feeds that failed a step keep their last content.
pub fn take_in(context: &Context<'_>, file: &Path) -> Result<Option<PathBuf>, Failure> {
    context.require_power_over_host("apply --bundle")?;
    if context.settings.feeds.bundle_key.is_none() {
        let message = "apply --bundle needs feeds.bundle_key: a bundle says what repositories offer, so its maker must be known";
        return Err(Failure::new(FailureKind::Configuration, message).hint(
            "[feeds] bundle_key = \"/etc/patchctl/bundle-key.asc\"; sign with: bundle create --sign-with KEY",
        ));
    }
    let inventory = survey::inventory(context)?;
    let manager = context.package_manager(&inventory.distribution)?;
    let sources = context.sources(&inventory.distribution);
    let file = &storage::canonical(file).unwrap_or_else(|_| file.to_owned());
    let folder = context.layout.bundle().join("payload");
    let host: Host<'_, '_> = (context, &inventory, &sources);
    let import = Import { file, name: None, accept_older: false };
    let imported = bundle::take(host, &import, Some(&folder))?;
    let members = |kind: &str| members(&imported, kind, &folder);
    let lists = kept_lists(context, &inventory)?;
    storage::create_folder(&lists.folder, 0o755).map_err(unstored)?;
    {
        let _lock = runs::take_lists_lock(context, manager.records())?;
        copy(&members("lists/"), &lists.folder).map_err(unstored)?;
        lists.derived.iter().try_for_each(|derived| storage::remove_folder(derived)).map_err(unstored)?;
    }
    let archives = members("archives/");
    copy(&archives, &context.layout.downloads()).map_err(unstored)?;
    take_policy(context, &members("policy/"))?;
    let note = |text| context.observer.event(&Event::Note(text));
    note(format!(
        "{} holds {} archives and {}",
        file.display(),
        archives.iter().filter(|(name, _)| !is_signature(name)).count(),
        imported.taken.join(", ")
    ));
    let plan = folder.join(PLAN);
    if !imported.payload.iter().any(|name| name == PLAN) {
        return Ok(None);
    }
    let sealed = plan::load(&plan)?;
    if sealed.host != context.plan_host(&inventory.distribution) {
        note(format!("its plan is for {}: one is made here, from what it holds", sealed.host.name));
        return Ok(None);
    }
    Ok((!is_done(&sealed, &inventory)).then_some(plan))
}

/// The lists of this host's repositories.
fn kept_lists(context: &Context<'_>, inventory: &Inventory) -> Result<KeptLists, Failure> {
    KeptLists::of(&context.layout, &inventory.distribution).map_err(unstored)?.ok_or_else(|| {
        let message = format!("no bundle can carry the repositories' lists of {}", inventory.distribution.id);
        Failure::new(FailureKind::Host, message).hint("feeds alone: patchctl feeds export BUNDLE")
    })
}

/// Signatures of archives lie beside them (makepkg(8), `--sign`).
fn is_signature(name: &str) -> bool {
    name.ends_with(".sig")
}

/// A bundle that is applied once more finds nothing to do, and is not refused for that.
fn is_done(plan: &PatchPlan, inventory: &Inventory) -> bool {
    let found = |action: &Action| inventory.find(&action.key()).map(|package| &package.version);
    plan.actions().all(|action| found(action) == action.to.as_ref())
}

/// Lays out what goes into a bundle beside the feeds.
fn gather(context: &Context<'_>, planned: &Planned, scratch: &Path) -> Result<Vec<Payload>, Failure> {
    storage::remove_folder(scratch)
        .and_then(|()| storage::create_folder(scratch, 0o700))
        .map_err(unstored)?;
    let mut payload = archives(context, planned)?;
    let lists = kept_lists(context, &planned.survey.inventory)?;
    payload.extend(lists.files.iter().map(|(name, path)| Payload::named("lists", name, path)));
    let mut lay_out = |name: String, bytes: &[u8]| {
        let path = scratch.join(name.replace('/', "-"));
        payload.push(Payload { name, path: path.clone() });
        storage::replace(&path, bytes, storage::PRIVATE).map_err(unstored)
    };
    if !planned.plan.is_empty() {
        lay_out(PLAN.to_owned(), seal::to_json(&planned.plan).as_bytes())?;
    }
    if let Some(policy) = &context.central.policy {
        lay_out(format!("policy/{}.toml", policy.group), policy.text.as_bytes())?;
        lay_out(format!("policy/{}.toml.sig", policy.group), &policy.signature)?;
    }
    Ok(payload)
}

/// The archives that a plan installs, and those of the way back that nobody can rebuild; each with its signature, where that is a
/// file of its own.
fn archives(context: &Context<'_>, planned: &Planned) -> Result<Vec<Payload>, Failure> {
    let wanted = fetch::new_archives(&planned.plan);
    runs::with_tools(context, (&planned.survey.inventory, &[]), |tools| {
        let folder = fetch::fetch(tools, &wanted).map_err(|error| {
            Failure::new(FailureKind::Host, "the archives of the plan cannot be fetched").caused_by(error)
        })?;
        let names = wanted.iter().map(|archive| archive.file_name(tools.manager.archives()));
        let new = names.map(|name| (name.clone(), folder.join(name)));
        let old = stage::irreplaceable(tools, &planned.survey.view, &planned.plan);
        let beside = |(name, path): (String, PathBuf)| {
            let signature = (format!("{name}.sig"), PathBuf::from(format!("{}.sig", path.display())));
            [(name, path), signature]
        };
        let all = new.chain(old).flat_map(beside).filter(|(_, path)| storage::exists(path));
        Ok(all.map(|(name, path)| Payload::named("archives", Path::new(&name), &path)).collect())
    })
}

/// The unpacked files of one folder of the bundle, each with its path below it.
fn members<'i>(imported: &'i BundleImport, kind: &str, folder: &Path) -> Vec<(&'i str, PathBuf)> {
    let of_kind = |name: &'i String| Some((name.strip_prefix(kind)?, folder.join(name)));
    imported.payload.iter().filter_map(of_kind).collect()
}

/// Copies files with their dates, which tell how old a list is.
fn copy(files: &[(&str, PathBuf)], folder: &Path) -> Result<(), StorageError> {
    storage::create_folder(folder, 0o755)?;
    for (name, file) in files {
        let target = folder.join(name);
        storage::create_folder(target.parent().unwrap_or(folder), 0o755)?;
        copies::synced(file, &target, storage::PUBLIC)?;
        storage::set_date(&target, storage::stamp(file).seconds)?;
        storage::sync_folder_of(&target)?;
    }
    Ok(())
}

/// Takes the central policy for the group of this host through the same steps as one from the network.
fn take_policy(context: &Context<'_>, brought: &[(&str, PathBuf)]) -> Result<(), Failure> {
    let Some(settings) = &context.settings.central else { return Ok(()) };
    let name = format!("{}.toml", settings.group);
    let Some((_, path)) = brought.iter().find(|(brought, _)| *brought == name) else { return Ok(()) };
    let pull = Pull {
        layout: &context.layout,
        clock: &context.clock,
        environment: &context.environment,
        file: context.invocation.configuration.as_deref(),
        brought: Some(path),
    };
    pull.take_brought(settings)
}

fn unstored(error: StorageError) -> Failure {
    let kind = if error.is_no_space() { FailureKind::Space } else { FailureKind::Host };
    Failure::new(kind, "the content of a bundle cannot be laid out").caused_by(error)
}

fn document(
    context: &Context<'_>,
    (action, file): (BundleAction, &Path),
    contents: Contents,
) -> BundleDocument {
    let of = |kind: &str| {
        let names = contents.payload.iter().filter_map(|name| name.strip_prefix(kind));
        names.map(str::to_owned).collect::<Vec<_>>()
    };
    BundleDocument {
        identity: Identity::of(BUNDLE_SCHEMA, context.now()),
        action,
        file: file.display().to_string(),
        made: contents.made,
        signed_by: contents.signed_by.clone(),
        feeds: contents.feeds.clone(),
        archives: of("archives/").into_iter().filter(|name| !is_signature(name)).collect(),
        lists: of("lists/").len() as u64,
        has_plan: contents.payload.iter().any(|name| name == PLAN),
        policy: of("policy/").into_iter().find(|name| name.ends_with(".toml")),
    }
}
