//! The table of package managers, one line each.

use super::PackageManager;
use super::apk::Apk;
use super::apt::Apt;
use super::dnf::Dnf;
use super::pacman::Pacman;
use super::zypper::Zypper;
use crate::config::layout::Layout;
use crate::model::distro::{APK, DNF, Distribution, PACMAN, ZYPPER};

/// A row: which distributions it serves, and how it is made.
type Row = (&'static [&'static str], fn(&Layout) -> Box<dyn PackageManager>);

/// Every package manager that patchctl can drive.
const BACK_ENDS: &[Row] = &[
    (&["debian", "ubuntu"], |layout| Box::new(Apt::new(layout))),
    (APK, |layout| Box::new(Apk::new(layout))),
    (DNF, |layout| Box::new(Dnf::new(layout))),
    (PACMAN, |layout| Box::new(Pacman::new(layout))),
    (ZYPPER, |layout| Box::new(Zypper::new(layout))),
];

/// Returns the package manager of a distribution, or nothing when there is none for it.
pub fn for_distribution(distribution: &Distribution, layout: &Layout) -> Option<Box<dyn PackageManager>> {
    let (_, make) = BACK_ENDS.iter().find(|(ids, _)| ids.contains(&distribution.id.as_str()))?;
    Some(make(layout))
}

/// Returns the ids of every distribution that is served, for messages.
pub fn distributions() -> Vec<&'static str> {
    BACK_ENDS.iter().flat_map(|(ids, _)| ids.iter().copied()).collect()
}
