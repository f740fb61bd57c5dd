//! `block`, `unblock` and `waive`: rules written as files of their own, whole or not at all.

use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use super::context::Context;
use super::request::{BlockRequest, RuleTarget, WaiveRequest};
use super::{offers, rules, survey};
use crate::config::error::ConfigurationError;
use crate::config::rules as files;
use crate::host::storage;
use crate::model::failure::{Failure, FailureKind};
use crate::model::package::{InstalledPackage, PackageName};
use crate::model::rule::{Block, BlockSubject, RulePlace, Until, Waiver, WaiverScope};
use crate::report::documents::Identity;
use crate::report::rules::{Change, RULE_CHANGE_SCHEMA, RuleChange, RuleEntry};

/// Writes a block.
///
/// # Errors
/// It could never hold, there is one like it, or its file cannot be written; nothing was changed.
pub fn block(context: &Context<'_>, request: &BlockRequest) -> Result<RuleChange, Failure> {
    context.require_power_over_host("block")?;
    let today = context.now().date_naive();
    if let Until::Date(last) = request.until {
        refuse_past("--until", last, today)?;
    }
    let (subject, remarks) = subject_of(context, request)?;
    let name = file_name(&subject.to_string());
    let path = context.layout.blocks().join(format!("{name}.toml"));
    let place = RulePlace { key: String::new(), file: path.display().to_string(), line: 1 };
    let block = Block {
        name,
        subject,
        until: request.until,
        reason: request.reason.clone(),
        owner: request.owner.clone(),
        review: request.review,
        place,
    };
    let text = files::block_text(&block);
    write(&path, &text, |bytes| files::parse_block(&path, bytes).map(drop))?;
    Ok(changed(context, Change::Added, vec![rules::block_entry(&block, today)], remarks))
}

/// A block until a newer version needs the version that it is to be newer than: the one that would come.
fn subject_of(context: &Context<'_>, request: &BlockRequest) -> Result<(BlockSubject, Vec<String>), Failure> {
    let (name, version) = match &request.subject {
        RuleTarget::Advisory(_) if request.until == Until::Newer => {
            return Err(Failure::new(
                FailureKind::Usage,
                "a block of an advisory needs a last day: --until DATE",
            ));
        }
        RuleTarget::Advisory(id) | RuleTarget::Finding(id) => {
            return Ok((BlockSubject::Advisory(id.clone()), Vec::new()));
        }
        RuleTarget::Package { name, version } => (name, version.clone()),
    };
    let inventory = survey::inventory(context)?;
    let is_named = |package: &&InstalledPackage| package.name == *name || package.source.name == *name;
    let Some(package) = inventory.packages.iter().find(is_named) else {
        let remark = format!("{name} is not installed: the block holds as soon as it is");
        return match (request.until, &version) {
            (Until::Newer, None) => Err(unknown_version(name)),
            _ => Ok((BlockSubject::Package { name: name.clone(), version }, vec![remark])),
        };
    };
    let version = match (request.until, version) {
        (Until::Newer, None) => {
            let view = offers::view(context, &inventory).unwrap_or_default();
            let candidate = view.candidates.get(&package.key()).map(|candidate| candidate.version.clone());
            Some(candidate.unwrap_or_else(|| package.version.clone()).as_str().to_owned())
        }
        (_, version) => version,
    };
    Ok((BlockSubject::Package { name: name.clone(), version }, Vec::new()))
}

fn unknown_version(name: &PackageName) -> Failure {
    Failure::new(
        FailureKind::Usage,
        format!("{name} is not installed, so nobody knows which version is meant"),
    )
    .hint(format!("name it: patchctl block {name}=VERSION"))
}

/// Removes blocks by their name, or by what they are about.
///
/// # Errors
/// There is none like that, or a file cannot be removed.
pub fn unblock(context: &Context<'_>, name: &str) -> Result<RuleChange, Failure> {
    context.require_power_over_host("unblock")?;
    let today = context.now().date_naive();
    let is_meant = |block: &&Block| {
        block.name == name
            || match &block.subject {
                BlockSubject::Package { name: package, .. } => package.as_str() == name,
                BlockSubject::Advisory(id) => id == name,
            }
    };
    let meant: Vec<&Block> = context.rules.blocks.iter().filter(is_meant).collect();
    if meant.is_empty() {
        let known: Vec<&str> = context.rules.blocks.iter().map(|block| block.name.as_str()).collect();
        let known = if known.is_empty() { "there are no blocks".to_owned() } else { known.join(", ") };
        return Err(Failure::new(FailureKind::Usage, format!("no block is named {name} or about it"))
            .hint(format!("blocks: {known}")));
    }
    for block in &meant {
        storage::remove_file(Path::new(&block.place.file)).map_err(unwritable)?;
    }
    let entries = meant.into_iter().map(|block| rules::block_entry(block, today)).collect();
    Ok(changed(context, Change::Removed, entries, Vec::new()))
}

/// Writes a waiver.
///
/// # Errors
/// It would be over already, there is one like it, or its file cannot be written; nothing was changed.
pub fn waive(context: &Context<'_>, request: &WaiveRequest) -> Result<RuleChange, Failure> {
    context.require_power_over_host("waive")?;
    let today = context.now().date_naive();
    refuse_past("--expires", request.expires, today)?;
    let scope = scope_of(request)?;
    let parts = [&scope.finding, &scope.advisory];
    let parts = parts
        .into_iter()
        .flatten()
        .map(String::as_str)
        .chain(scope.package.as_ref().map(PackageName::as_str));
    let name = file_name(&parts.collect::<Vec<_>>().join(" "));
    let path = context.layout.waivers().join(format!("{name}.toml"));
    let place = RulePlace { key: String::new(), file: path.display().to_string(), line: 1 };
    let waiver = Waiver {
        name,
        kind: request.kind,
        scope,
        reason: request.reason.clone(),
        approved_by: request.approved_by.clone(),
        expires: request.expires,
        place,
    };
    let text = files::waiver_text(&waiver);
    write(&path, &text, |bytes| files::parse_waiver(&path, bytes).map(drop))?;
    Ok(changed(context, Change::Added, vec![rules::waiver_entry(&waiver, today)], Vec::new()))
}

fn scope_of(request: &WaiveRequest) -> Result<WaiverScope, Failure> {
    let mut scope = WaiverScope { package: request.package.clone(), ..WaiverScope::default() };
    match &request.subject {
        RuleTarget::Advisory(id) => scope.advisory = Some(id.clone()),
        RuleTarget::Finding(id) => scope.finding = Some(id.clone()),
        RuleTarget::Package { name, .. } if request.package.is_none() => scope.package = Some(name.clone()),
        RuleTarget::Package { .. } => {
            return Err(Failure::new(FailureKind::Usage, "--package stands beside a CVE or an advisory"));
        }
    }
    Ok(scope)
}

fn refuse_past(flag: &str, last: NaiveDate, today: NaiveDate) -> Result<(), Failure> {
    if last >= today {
        return Ok(());
    }
    Err(Failure::new(FailureKind::Usage, format!("{flag} {last} has passed; nothing was written")))
}

/// The name of a file from what the rule is about: nothing but letters, digits, `.`, `+` and `-`.
fn file_name(subject: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || ".+-".contains(c) { c } else { '_' };
    let name: String = subject.chars().take(100).map(plain).collect();
    name.trim_start_matches('.').to_owned()
}

/// Writes the file of a rule that is not there yet, after it was read back from the text.
fn write(
    path: &Path,
    text: &str,
    check: impl FnOnce(&[u8]) -> Result<(), ConfigurationError>,
) -> Result<(), Failure> {
    check(text.as_bytes()).map_err(|error| {
        Failure::new(FailureKind::Usage, "the rule would not be read again; nothing was written")
            .caused_by(error)
    })?;
    if storage::exists(path) {
        let message = format!("{} is there already; nothing was written", path.display());
        return Err(Failure::new(FailureKind::Usage, message)
            .hint("edit that file, or remove it first (a block: patchctl unblock NAME)"));
    }
    let folder = path.parent().map(PathBuf::from).unwrap_or_default();
    storage::create_folder(&folder, 0o755)
        .and_then(|()| storage::replace(path, text.as_bytes(), storage::PUBLIC))
        .map_err(unwritable)
}

fn unwritable(error: storage::StorageError) -> Failure {
    let kind = if error.is_no_space() { FailureKind::Space } else { FailureKind::Host };
    Failure::new(kind, "the rule cannot be changed").caused_by(error)
}

fn changed(context: &Context<'_>, change: Change, rules: Vec<RuleEntry>, remarks: Vec<String>) -> RuleChange {
    RuleChange { identity: Identity::of(RULE_CHANGE_SCHEMA, context.now()), change, rules, remarks }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_subject_leaves_the_folder() {
        assert_eq!(file_name("openssl 3.0.22-1~deb12u2"), "openssl_3.0.22-1_deb12u2");
        assert_eq!(file_name("../../etc/passwd"), "_.._etc_passwd");
    }
}
