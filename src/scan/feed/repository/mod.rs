//! The `repository` feed: what the host's own, enabled apt repositories offer, from the lists that apt fetched and
//! verified.
//!
//! It tells which versions can be had (so whether a fix is installable), what apt itself would take, how old the
//! lists are, and which installed packages no distribution speaks about. Nothing is fetched here.

pub(in crate::scan::feed) mod cache;
mod candidates;
mod foreign;
mod index;
mod list_name;
mod lists;
mod offers;
mod policy;
mod proof;
mod release;
mod sources;
mod stamps;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use crate::config::layout::Layout;
use crate::host::clock::Clock;
use crate::host::runner::RunError;
use crate::host::storage::StorageError;
use crate::model::offer::{Offer, RepositoryView};
use crate::model::package::{Architecture, Inventory, PackageKey};
use crate::model::version::{Version, VersionError, VersionOrderError};
use cache::DatedView;
use stamps::DatedStamp;

pub use foreign::foreign;
pub use index::IndexError;
pub use lists::kept_lists;
pub(in crate::scan::feed) use proof::signed_by_any;
pub use proof::{ListsError, ListsProof, prove};
pub use sources::SourcesError;

/// Why it cannot be told what the repositories offer.
#[derive(Debug, thiserror::Error)]
pub enum RepositoryError {
    /// The enabled sources cannot be told.
    #[error("cannot tell which repositories are enabled")]
    Sources {
        /// File and line.
        #[source]
        source: SourcesError,
    },
    /// A list cannot be read.
    #[error("cannot read apt's list {path}")]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system answered.
        #[source]
        source: StorageError,
    },
    /// A release file is broken.
    #[error("{path}, line {line}: {reason}")]
    Release {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A list has a compression that is not supported.
    #[error("the compression of {path} is not supported (plain, gz, lz4, xz and zst are)")]
    Compression {
        /// The list.
        path: PathBuf,
    },
    /// An index of packages is broken.
    #[error("cannot understand the index {path}")]
    Index {
        /// The index.
        path: PathBuf,
        /// Line and field.
        #[source]
        source: IndexError,
    },
    /// apt names a candidate that is no version.
    #[error("apt names a candidate for {package} that is no version")]
    Candidate {
        /// The package.
        package: PackageKey,
        /// What is wrong with it.
        #[source]
        source: VersionError,
    },
    /// Versions of two package families met.
    #[error("cannot order the versions offered for {package}")]
    Order {
        /// The package.
        package: PackageKey,
        /// The two versions.
        #[source]
        source: VersionOrderError,
    },
    /// apt cannot be run.
    #[error("cannot ask apt for its candidates")]
    Ask {
        /// Why.
        #[source]
        source: RunError,
    },
    /// apt ran and refused.
    #[error("{command} failed: {words}")]
    Refused {
        /// The command's beginning.
        command: String,
        /// What it said last.
        words: String,
    },
}

/// Returns what the enabled repositories of a root offer for its installed packages, and what apt would take of it.
///
/// For the running system apt itself is asked, once for each change of lists, packages or configuration; for another
/// root none of its tools is run, the highest version counts, and pins are not evaluated. Needs no privilege.
///
/// # Errors
/// Sources or lists are broken, or apt refuses. Missing lists are no error: see [`RepositoryView::is_empty`].
pub fn view(
    layout: &Layout,
    inventory: &Inventory,
    clock: &Clock,
) -> Result<RepositoryView, RepositoryError> {
    let fingerprint = cache::fingerprint(layout, inventory);
    let mut dated = match cache::load(&layout.candidates(), fingerprint, inventory) {
        Some(dated) => dated,
        None => {
            let dated = read(layout, inventory)?;
            cache::save(layout, fingerprint, inventory, &dated);
            dated
        }
    };
    let now = clock.now();
    dated.view.stamps = stamps::at(&dated.stamps, now);
    Ok(dated.view)
}

fn read(layout: &Layout, inventory: &Inventory) -> Result<DatedView, RepositoryError> {
    let native = native_architecture(inventory.packages.iter().map(|package| &package.architecture));
    let repositories = lists::find(layout.root(), &native)?;
    let found = offers::of_installed(&repositories, inventory, &native)?;
    let ask_apt = layout.is_live() && repositories.iter().any(lists::Repository::has_lists);
    let ignores_expiry = ask_apt && policy::ignores_expiry()?;
    let candidates = if ask_apt {
        candidates::of_apt(inventory, &found, &native)?
    } else {
        candidates::highest(inventory, &found)
    };
    let stamp = |(repository, left_out): (&lists::Repository, &usize)| {
        DatedStamp::new(repository, ignores_expiry, *left_out)
    };
    let stamps = repositories.iter().zip(&found.left_out).map(stamp).collect();
    let view = RepositoryView {
        offers: found.into_offers(),
        candidates,
        stamps: Vec::new(),
        pins_evaluated: ask_apt,
        lower: Default::default(),
    };
    Ok(DatedView { view, stamps })
}

/// Returns where exact versions of packages that need not be installed can be had, in the order asked; one pass over
/// the lists for all of them.
///
/// # Errors
/// Sources or lists are broken.
pub fn lookup(
    layout: &Layout,
    wanted: &[(PackageKey, Version)],
) -> Result<Vec<Option<Offer>>, RepositoryError> {
    let native = native_architecture(wanted.iter().map(|(key, _)| &key.architecture));
    let repositories = lists::find(layout.root(), &native)?;
    offers::of_versions(&repositories, wanted)
}

/// The architecture that most packages have, `all` aside; empty when there is none.
fn native_architecture<'a>(architectures: impl Iterator<Item = &'a Architecture>) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for name in architectures.map(Architecture::as_str).filter(|name| *name != "all") {
        match counts.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += 1,
            None => counts.push((name, 1)),
        }
    }
    counts.iter().max_by_key(|(_, count)| *count).map(|(name, _)| (*name).to_owned()).unwrap_or_default()
}
