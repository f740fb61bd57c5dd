//! dnf 4 or 5, and rpm: resolving by dnf's own solver over cached metadata, applying by dnf on staged archives.

mod commands;
mod five;
mod four;
mod problems;
mod records;
mod script;
mod transaction;

pub use commands::Dnf;
