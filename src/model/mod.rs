//! The nouns of the field as values: no input or output, no clock, nothing imported from the rest of patchctl.

pub mod advisory;
pub mod assessment;
pub mod decision;
pub mod digest;
pub mod distro;
pub mod duration;
pub mod exit_code;
pub mod explanation;
pub mod failure;
pub mod feed;
pub mod finding;
pub mod first_seen;
pub mod kernel;
pub mod offer;
pub mod outcome;
pub mod package;
pub mod plan;
pub mod run;
pub mod severity;
pub mod snapshot;
pub mod summary;
pub mod transaction;
pub mod version;
pub mod vulnerability;
