//! zypper and rpm: resolving by zypp's own solver over cached metadata, applying by zypper on staged archives.

mod answer;
mod arguments;
mod commands;
mod problems;
mod records;

pub use commands::Zypper;
