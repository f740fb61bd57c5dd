//! pacman: whole upgrades planned in databases of patchctl's own, applied by pacman from staged archives.
//!
//! The live databases of the repositories are left as they are, before, during and after a run. They must not be newer
//! than what is installed without an upgrade: the next `pacman -S` would then be a partial upgrade, which the
//! distribution does not support. Older ones only make it look for archives that are gone; the next `pacman -Syu` brings
//! them up to date.

mod answers;
mod archive;
mod commands;
mod complaints;
mod configuration;
mod databases;
mod format;
mod keyring;
mod local;
mod lock;
mod records;
mod scripts;
mod signature;
mod transaction;

pub use commands::Pacman;
