//! Feeds: what vendors and repositories say about packages.

pub mod repository;
