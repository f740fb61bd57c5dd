//! What the enabled repositories offer now, and which of it the package manager would take.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::feed::{FeedStamp, FeedState};
use super::finding::{Candidate, Origin};
use super::package::{PackageKey, PackageName, SourcePackage};
use super::plan::Artifact;
use super::version::Version;

/// One version of a package in one repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The version offered.
    pub version: Version,
    /// The source package it was built from, whose version advisories speak about.
    pub source: SourcePackage,
    /// The repository.
    pub origin: Arc<Origin>,
    /// Its archive, as the index describes it.
    pub artifact: Artifact,
    /// What the vendor's notice of it asks for beside the new files.
    pub asks: Asks,
}

/// What the vendor's notice of an update asks for beside the new files (updateinfo).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asks {
    /// It takes effect with the next boot (`reboot_suggested`).
    pub reboot: bool,
    /// The package manager is to be run anew before anything else is updated (`restart_suggested`, SUSE's).
    pub restart: bool,
}

/// What the repositories of one root offer for its installed packages.
#[derive(Clone, Debug, Default)]
pub struct RepositoryView {
    /// Every version offered, by installed package; best version first.
    pub offers: HashMap<PackageKey, Vec<Offer>>,
    /// What the package manager would install, by installed package; packages without a candidate are absent.
    pub candidates: HashMap<PackageKey, Arc<Candidate>>,
    /// What it would take as well between the installed version and its candidate, lowest first: a plan for a hole that is
    /// named takes the lowest that closes it. Only where the package manager has a verb for that (dnf(8),
    /// `upgrade-minimal`); packages without such a choice are absent.
    pub lower: HashMap<PackageKey, Vec<Arc<Candidate>>>,
    /// One stamp for each repository.
    pub stamps: Vec<FeedStamp>,
    /// Pins, holds and phasing were evaluated by the package manager itself.
    pub pins_evaluated: bool,
}

/// What the vendor's notices of some updates ask for beside the new files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suggestions {
    /// The packages that take effect with the next boot (updateinfo, `reboot_suggested`).
    pub reboot: BTreeSet<PackageName>,
    /// The packages of the package manager itself, which is to be run anew before anything else is updated (SUSE's
    /// `restart_suggested`; zypper(8), exit code 103).
    pub of_package_manager: BTreeSet<PackageName>,
}

impl RepositoryView {
    /// Tells whether no repository lists were there at all.
    pub fn is_empty(&self) -> bool {
        self.stamps.iter().all(|stamp| stamp.state == FeedState::Missing)
    }

    /// Returns the offer of exactly this version.
    pub fn offer(&self, key: &PackageKey, version: &Version) -> Option<&Offer> {
        self.offers.get(key)?.iter().find(|offer| offer.version == *version)
    }
}
