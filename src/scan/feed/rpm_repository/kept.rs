//! What repositories list of packages by their names, kept until their metadata changes or another name is asked about.
//!
//! An update changes the versions that are installed and hardly ever the names, and the lists of a large distribution have
//! a hundred megabytes: after a run they need not be read again. A copy that cannot be read or written costs time and
//! nothing else, as with [`super::super::repository::cache`].

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::configuration::Repository;
use super::error::RpmRepositoryError;
use super::metadata::Metadata;
use super::primary::Entry;
use crate::config::layout::Layout;
use crate::host::storage;
use crate::model::digest::Sha256;
use crate::scan::feed::repository::cache::add_stamp;

/// Changes whenever the content below does.
const SCHEMA: &str = "patchctl.rpm-lists/1";

/// A package of a repository, with what the vendor's notices say of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Listed {
    pub(super) entry: Entry,
    /// It closes holes.
    pub(super) security: bool,
    /// It takes effect with the next boot.
    pub(super) reboot: bool,
    /// The package manager is to be run anew after it.
    pub(super) restart: bool,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    schema: String,
    /// Of the metadata that it was read from.
    metadata: Sha256,
    /// Every name that was asked about.
    names: BTreeSet<String>,
    /// In the order of the repositories.
    lists: Vec<Vec<Listed>>,
}

/// Returns for each repository what it lists of some packages, and perhaps of others.
///
/// # Errors
/// Metadata that was fetched cannot be read, or is not what its repository lists.
pub(super) fn lists(
    layout: &Layout,
    repositories: &[Repository],
    mut names: BTreeSet<String>,
) -> Result<Vec<Vec<Listed>>, RpmRepositoryError> {
    let metadata = fingerprint(repositories);
    if let Some(kept) = load(layout, metadata) {
        if names.is_subset(&kept.names) {
            return Ok(kept.lists);
        }
        names.extend(kept.names);
    }
    let lists = repositories.iter().map(|repository| read(repository, &names)).collect::<Result<_, _>>()?;
    let kept = Kept { schema: SCHEMA.to_owned(), metadata, names, lists };
    save(layout, &kept);
    Ok(kept.lists)
}

/// Digests the state of all metadata: a list of a repository names the digests of everything else.
fn fingerprint(repositories: &[Repository]) -> Sha256 {
    let mut text = String::new();
    for repository in repositories {
        text.extend([&repository.id, "\n"]);
        if let Some(list) = &repository.list {
            add_stamp(&mut text, list);
        }
    }
    Sha256::of(text.as_bytes())
}

/// Reads what one repository lists; nothing where it was never fetched. What no SHA-256 vouches for cannot be had.
fn read(repository: &Repository, names: &BTreeSet<String>) -> Result<Vec<Listed>, RpmRepositoryError> {
    let Some(list) = &repository.list else { return Ok(Vec::new()) };
    let metadata = Metadata::open(list)?;
    let notices = metadata.notices()?;
    let mut found = Vec::new();
    metadata.packages(&|name| names.contains(name), &mut |entry| {
        let build = (entry.name.clone(), entry.architecture.clone(), entry.version.to_string());
        let [security, reboot, restart] =
            [&notices.security, &notices.reboot, &notices.restart].map(|builds| builds.contains(&build));
        if entry.sha256.is_some() {
            found.push(Listed { entry, security, reboot, restart });
        }
    })?;
    Ok(found)
}

fn load(layout: &Layout, metadata: Sha256) -> Option<Kept> {
    let kept: Kept = serde_json::from_slice(&storage::read(&layout.rpm_lists()).ok()?).ok()?;
    (kept.schema == SCHEMA && kept.metadata == metadata).then_some(kept)
}

fn save(layout: &Layout, kept: &Kept) {
    if let Ok(bytes) = serde_json::to_vec(kept) {
        let _ = storage::create_folder(layout.cache(), 0o755)
            .and_then(|()| storage::replace(&layout.rpm_lists(), &bytes, storage::PRIVATE));
    }
}
