//! apt and dpkg: resolving by apt's own simulation, applying by apt under the lock that patchctl holds.

mod binary_cache;
mod blame;
mod commands;
mod dpkg;
mod marks;
mod records;
mod simulation;
mod update;

pub use commands::Apt;
pub use simulation::parse_simulation;
