//! dnf 4 and rpm: resolving by dnf's own solver over cached metadata, applying by dnf on staged archives.

mod commands;
mod problems;
mod records;
mod script;
mod transaction;

pub use commands::Dnf;
