//! Protects `/etc` for one run: what it was, what the run left, and the way back that loses no one's edits.
//!
//! Equal package versions are not equal files: maintainer scripts change files that no package owns, and installing
//! the old version again does not undo that. So the content of `/etc` is saved before the first change
//! ([`save::save`]), listed when the run has done its work ([`manifest::Manifest::capture`]), and on the way back
//! every file that still is what the run left is made what it was ([`restore::restore`]).

pub mod aside;
mod attributes;
pub mod cut_off;
pub mod decide;
pub mod effects;
mod escaped;
pub mod exclusions;
pub mod manifest;
pub mod restore;
pub mod save;
