//! What the repositories of this host offer, whichever package manager reads them.

use std::collections::HashMap;

use super::context::Context;
use crate::model::distro::{Distribution, PackageFamily};
use crate::model::failure::{Failure, FailureKind};
use crate::model::offer::{Offer, RepositoryView, Suggestions};
use crate::model::package::{Inventory, PackageKey};
use crate::model::version::Version;
use crate::scan::feed::apk_repository::{self, ApkRepositoryError};
use crate::scan::feed::pacman_repository::{self, PacmanRepositoryError};
use crate::scan::feed::repository::{self, RepositoryError};
use crate::scan::feed::rpm_repository::{self, RpmRepositoryError};

/// What the repositories offer, as apt's lists, the metadata of dnf or zypp, pacman's databases or apk's indexes have it;
/// nothing is known of a distribution that is not known by name.
///
/// # Errors
/// The lists or the metadata cannot be read.
pub(super) fn view(context: &Context<'_>, inventory: &Inventory) -> Result<RepositoryView, Failure> {
    let distribution = &inventory.distribution;
    match distribution.family() {
        Some(PackageFamily::Rpm) => rpm_repository::view(&context.layout, inventory, &context.clock)
            .map_err(|error| metadata_unreadable(distribution, error)),
        Some(PackageFamily::Dpkg) => {
            repository::view(&context.layout, inventory, &context.clock).map_err(lists_unreadable)
        }
        Some(PackageFamily::Pacman) => {
            pacman_repository::view(&context.layout, inventory, &context.clock).map_err(databases_unreadable)
        }
        Some(PackageFamily::Apk) => {
            apk_repository::view(&context.layout, inventory, &context.clock).map_err(indexes_unreadable)
        }
        None => Ok(RepositoryView::default()),
    }
}

/// Returns where exact versions of packages can be had that need not be installed, in the order asked.
///
/// # Errors
/// The lists or metadata cannot be read.
pub(super) fn lookup(
    context: &Context<'_>,
    distribution: &Distribution,
    wanted: &[(PackageKey, Version)],
) -> Result<Vec<Option<Offer>>, Failure> {
    if distribution.family() == Some(PackageFamily::Rpm) {
        let found = rpm_repository::lookup(&context.layout, distribution, wanted);
        return found.map_err(|error| metadata_unreadable(distribution, error));
    }
    if distribution.family() == Some(PackageFamily::Pacman) {
        return pacman_repository::lookup(&context.layout, wanted).map_err(databases_unreadable);
    }
    if distribution.family() == Some(PackageFamily::Apk) {
        return apk_repository::lookup(&context.layout, wanted).map_err(indexes_unreadable);
    }
    repository::lookup(&context.layout, wanted).map_err(lists_unreadable)
}

/// Returns what the vendor's notices of some versions ask for beside the new files; only rpm's repositories tell that.
pub(super) fn suggestions(
    distribution: &Distribution,
    (view, additions): (&RepositoryView, &HashMap<PackageKey, Offer>),
    brought: &[(PackageKey, Version)],
) -> Suggestions {
    let mut found = Suggestions::default();
    for (key, version) in brought {
        let installed = view.offers.get(key).into_iter().flatten();
        for offer in installed.chain(additions.get(key)).filter(|offer| offer.version == *version) {
            if offer.asks.reboot {
                found.reboot.insert(key.name.clone());
            }
            if offer.asks.restart && distribution.uses_zypper() {
                found.of_package_manager.insert(key.name.clone());
            }
        }
    }
    found
}

fn metadata_unreadable(distribution: &Distribution, error: RpmRepositoryError) -> Failure {
    Failure::new(FailureKind::MalformedFeed, "what the repositories offer cannot be read")
        .caused_by(error)
        .hint(format!("fetch it anew: {}", distribution.advice().refetch))
}

fn databases_unreadable(error: PacmanRepositoryError) -> Failure {
    Failure::new(FailureKind::MalformedFeed, "what the repositories offer cannot be read")
        .caused_by(error)
        .hint("a database below /var/cache/patchctl can be deleted; patchctl feeds refresh fetches it anew")
}

fn indexes_unreadable(error: ApkRepositoryError) -> Failure {
    Failure::new(FailureKind::MalformedFeed, "what the repositories offer cannot be read")
        .caused_by(error)
        .hint("apk update -U fetches the indexes anew")
}

fn lists_unreadable(error: RepositoryError) -> Failure {
    let hint = match error {
        RepositoryError::Sources { .. } => "apt-get update names what apt itself cannot read in its sources",
        _ => "apt-get update fetches the lists anew",
    };
    Failure::new(FailureKind::MalformedFeed, "what the repositories offer cannot be read")
        .caused_by(error)
        .hint(hint)
}
