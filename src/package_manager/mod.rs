//! The package managers of the supported families, and the archive formats they install from.

pub mod deb;
