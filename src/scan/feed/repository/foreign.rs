//! Which installed packages the distribution's advisories do not speak about.

use std::collections::HashSet;

use super::stamps::{host_of, is_distribution};
use crate::model::finding::{NotCovered, Origin};
use crate::model::offer::{Offer, RepositoryView};
use crate::model::package::{InstalledPackage, Inventory};

/// Returns the packages that did not come from the distribution, with where they seem to come from.
///
/// A package is the distribution's own when its installed version is offered there; or when nobody offers the version
/// now (superseded) but the distribution offers the name with a newer one; or when the name is gone from everywhere
/// but another package of the same source is the distribution's (old kernels, old libraries). An installed version
/// newer than all that the distribution offers is not its own.
///
/// Without any offer of a distribution nothing can be told: the answer is empty, and the caller must say so.
pub fn foreign(inventory: &Inventory, view: &RepositoryView) -> Vec<NotCovered> {
    let mut offers = view.offers.values().flatten();
    if !offers.any(|offer| is_distribution(&offer.origin.vendor)) {
        return Vec::new();
    }
    let judged: Vec<(&InstalledPackage, Standing)> =
        inventory.packages.iter().map(|package| (package, standing(package, view))).collect();
    let is_own = |judged: &&(&InstalledPackage, Standing)| matches!(judged.1, Standing::Own);
    let own_sources: HashSet<&str> =
        judged.iter().filter(is_own).map(|(package, _)| package.source.name.as_str()).collect();
    let judge = |(package, standing): &(&InstalledPackage, Standing)| match standing {
        Standing::Own => None,
        Standing::Gone if own_sources.contains(package.source.name.as_str()) => None,
        Standing::Gone => Some(NotCovered::of(package, "local")),
        Standing::Foreign(origin) => Some(NotCovered::of(package, origin)),
    };
    judged.iter().filter_map(judge).collect()
}

/// How a package stands to the distribution.
enum Standing {
    /// From the distribution.
    Own,
    /// From somewhere else.
    Foreign(String),
    /// No repository has the name.
    Gone,
}

fn standing(package: &InstalledPackage, view: &RepositoryView) -> Standing {
    let offers = view.offers.get(&package.key()).map(Vec::as_slice).unwrap_or_default();
    let (own, others): (Vec<&Offer>, Vec<&Offer>) =
        offers.iter().partition(|offer| is_distribution(&offer.origin.vendor));
    let same_version =
        |offers: &[&Offer]| offers.iter().find(|o| o.version == package.version).copied().cloned();
    if same_version(&own).is_some() {
        return Standing::Own;
    }
    if let Some(offer) = same_version(&others) {
        return Standing::Foreign(vendor_name(&offer.origin));
    }
    let is_superseded = own.iter().any(|offer| package.version.is_older_than(&offer.version));
    match (is_superseded, own.is_empty(), others.first()) {
        (true, _, _) => Standing::Own,
        (false, _, Some(offer)) => Standing::Foreign(vendor_name(&offer.origin)),
        (false, false, None) => Standing::Foreign("local".to_owned()),
        (false, true, None) => Standing::Gone,
    }
}

/// The vendor's own name, or the host where that says nothing (reprepro writes `. nodistro`).
fn vendor_name(origin: &Origin) -> String {
    let names_itself = |name: &&String| name.starts_with(|c: char| c.is_ascii_alphanumeric());
    let name = [&origin.vendor, &origin.label].into_iter().find(names_itself);
    name.cloned().unwrap_or_else(|| host_of(&origin.site).to_owned())
}
